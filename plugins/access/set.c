/* access-set: users, rules and channels of the device, changed so that nobody locks himself out. */
#include "set.h"

#include "base/text.h"
#include "codec/frame.h"

#include <stdlib.h>
#include <string.h>

static void value_words(const cJSON *value, struct buf *to)
{
    struct buf json = BUF_INIT;
    frame_json(&json, value);
    text_printable(buf_text(&json), json.len, false, 120, to);
    buf_free(&json);
}

static void show_change(const struct set_work *work)
{
    static const struct op_column columns[] = {
        {"key",    "Key"   },
        {"before", "Before"},
        {"after",  "After" },
    };
    op_table_begin(work->call, "changes", columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < work->key_count; i++) {
        struct buf before = BUF_INIT, after = BUF_INIT;
        value_words(work->keys[i].before, &before);
        value_words(work->keys[i].after, &after);
        const char *const cells[] = {work->keys[i].key, buf_text(&before), buf_text(&after)};
        op_table_row(work->call, cells);
        buf_free(&before);
        buf_free(&after);
    }
    op_table_end(work->call);
}

static void say_hints(const struct set_work *work)
{
    if (work->next.acl_source == NULL && *work->next.auth_file != '\0')
        op_note(work->call,
                "A device without access rules asks nobody for a login: access-set acl FILE is next.");
    if (work->next.acl_source != NULL && !access_rules_have_users(&work->next))
        op_note(work->call, "There is no usable password file: rules that name users let nobody in.");
}

static int attack(struct set_work *work, struct error *e)
{
    size_t wrong = 0;
    if (op_arg_flag(work->call, "no-attack"))
        return 0;
    int code = access_attack(work->call, &work->next, &wrong, e);
    if (code == 0 && wrong > 0) {
        error_set(e, ERR_READBACK,
                  "%zu call%s ended otherwise than the rules say (marked !); the new settings are kept",
                  wrong, wrong == 1 ? "" : "s");
        code = error_next(e, "Look at the marked lines: this firmware does not do what its rules say there.");
    }
    return code;
}

/* The attack comes before the settings are made to last: a device that dies of it starts with the old ones.
 */
static int change_it(struct set_work *work, struct error *e)
{
    struct error found = {0};
    int code = set_apply(work, e);
    if (code != 0)
        return code;
    int attacked = attack(work, &found);
    if (attacked == ERR_CONNECTION || attacked == ERR_INTERRUPTED) {
        *e = found;
        error_prefix(
            e, "the new settings are in force until the device's next start, and were not made to last");
        error_next(e, "Run the same command again; with a restart the device has its old settings.");
        return attacked;
    }
    code = set_keep(work, e);
    if (code == 0) {
        op_note(work->call, "The new settings work and are kept.");
        say_hints(work);
    }
    if (code == 0 && attacked != 0)
        *e = found;
    return code != 0 ? code : attacked;
}

static int run(struct op_call *call, size_t step, struct error *e)
{
    struct set_work work = {.call = call};
    (void)step;
    int code = set_prepare(&work, e);
    if (code == 0)
        code = set_check_lockout(&work, e);
    if (code == 0 && work.key_count == 0) { /* a file in use that differs gets another name: a key changes */
        op_note(call, "The device is set like that already.");
        code = attack(&work, e);
    } else if (code == 0) {
        show_change(&work);
        code = change_it(&work, e);
    }
    set_free(&work);
    return code;
}

static const struct op_arg args[] = {
    {.name = "WHAT",                     .type = TYPE_CHOICE, .choices = "auth|acl|channel|off", .help = "what to set"},
    {.name = "VALUE",
     .type = TYPE_FILE,
     .flags = ARG_OPTIONAL,
     .help = "password file (auth), rules (acl), or uart, ws, http, mqtt (channel)"},
    {.name = "STATE",
     .type = TYPE_CHOICE,
     .flags = ARG_OPTIONAL,
     .choices = "on|off",
     .help = "of the channel"},
    {0                 },
};

static const struct op_arg options[] = {
    {.name = "user",
     .type = TYPE_WORD,
     .help = "who makes the calls from then on; --rpc-creds or login do as well"},
    {.name = "password-file",
     .type = TYPE_FILE,
     .help = "his password, in the first line; - is standard input"},
    {.name = "realm",                                                     .type = TYPE_WORD, .help = "of the password file's lines; when they have several"},
    {.name = "name",              .type = TYPE_DEVICE_FILE, .help = "what the file is called on the device"},
    {.name = "no-attack",                                                             .type = TYPE_FLAG, .help = "do not try the new settings out from outside"},
    {0            },
};

const struct op access_op_set = {
    .name = "access-set",
    .summary = "set users, access rules or channels of the device, tried out before they last",
    .help =
        "Reads the file strictly, checks that whoever does it can still call what it takes to change it "
        "back, "
        "uploads beside what is in use, and sets it for one start of the device. When the device comes back "
        "and "
        "answers, the new settings are attacked: methods as nobody and as each user, false and replayed "
        "logins; "
        "the tables show what happened. Then they are saved for good. When it does not come back, a restart "
        "brings the old settings, which lockstep asks for by itself where it can.",
    .example =
        "access-set auth rpc_auth.txt --user joe --password-file joe.password\n"
        "access-set acl rpc_acl.json --user joe --password-file joe.password\naccess-set channel http off\n"
        "access-set off",
    .args = args,
    .options = options,
    .needs = NEED_RPC,
    .hazard = HAZARD_RESETS,
    .run = run,
};
