/* acl: access rules in a file here. access-check: what the device's rules say to one call. */
#include "access.h"

#include "base/file.h"
#include "base/text.h"
#include "codec/frame.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- shown ---------------------------------------------------------------------------------------------- */

static void show(struct op_call *call, const struct acl *acl)
{
    static const struct op_column columns[] = {
        {"entry",   "#"      },
        {"line",    "Line"   },
        {"method",  "Method" },
        {"ch_type", "Channel"},
        {"acl",     "Users"  },
        {"note",    ""       },
    };
    op_table_begin(call, "entries", columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < acl->count; i++) {
        const struct acl_entry *one = &acl->entries[i];
        size_t by = acl_shadowed_by(acl, i);
        char safe[3][ACL_TEXT_MAX * 4 + 1], *number = mem_printf("%zu", i + 1),
                                            *line = mem_printf("%zu", one->line);
        char *note =
            by == ACL_NONE ? mem_string("") : mem_printf("never reached: entry %zu decides before", by + 1);
        const char *const cells[] = {
            number,
            line,
            text_safe(one->method != NULL ? one->method : "*", safe[0], sizeof safe[0]),
            text_safe(one->ch_type != NULL ? one->ch_type : "any", safe[1], sizeof safe[1]),
            text_safe(one->list, safe[2], sizeof safe[2]),
            note,
        };
        op_table_row(call, cells);
        free(number);
        free(line);
        free(note);
    }
    op_table_end(call);
    op_say(call, "What no entry fits is refused.");
}

static void say_verdict(struct op_call *call, const struct access_rules *rules, const char *method,
                        const char *user, const char *type)
{
    size_t entry;
    enum acl_verdict verdict = access_decide(rules, method, user, type, &entry);
    struct buf why = BUF_INIT;
    access_entry_words(rules, entry, &why);
    op_say(call, "%s by %s over %s: %s", method, user != NULL ? user : "nobody", type,
           verdict == ACL_LOGIN ? "a login is asked for" : acl_verdict_word(verdict));
    op_say(call, "  %s", buf_text(&why));
    op_json(call, "method", cJSON_CreateString(method));
    op_json(call, "user", user != NULL ? cJSON_CreateString(user) : cJSON_CreateNull());
    op_json(call, "channel", cJSON_CreateString(type));
    op_json(call, "verdict", cJSON_CreateString(acl_verdict_word(verdict)));
    op_json(call, "entry", entry == ACL_NONE ? cJSON_CreateNull() : cJSON_CreateNumber((double)entry + 1));
    op_json(call, "because", cJSON_CreateString(buf_text(&why)));
    buf_free(&why);
}

/* "-" and a missing name are nobody. */
static const char *user_of(const char *text)
{
    return text == NULL || strcmp(text, "-") == 0 ? NULL : text;
}

/* --- acl ------------------------------------------------------------------------------------------------ */

struct file {
    const char *path;
    struct acl acl;
    struct buf text;
};

static int need(struct op_call *call, const char *name, const char *what, struct error *e)
{
    if (op_arg_given(call, name))
        return 0;
    error_set(e, ERR_USAGE, "acl %s wants %s", op_arg_value(call, "ACTION"), what);
    return error_next(e, "help acl shows how each of them is written.");
}

static int act_show(struct op_call *call, struct file *file, struct error *e)
{
    (void)e;
    show(call, &file->acl);
    return 0;
}

static int act_check(struct op_call *call, struct file *file, struct error *e)
{
    int code = need(call, "WHAT", "a method behind the file", e);
    const char *type = op_arg_value(call, "CHANNEL");
    if (code != 0)
        return code;
    struct access_rules rules = {.acl = file->acl, .acl_source = (char *)file->path};
    say_verdict(call, &rules, op_arg_value(call, "WHAT"), user_of(op_arg_value(call, "WHO")),
                type != NULL ? type : "UART");
    return 0;
}

/* The file as it is written by lockstep: an entry a line. Strings need no escapes: the reader takes none. */
static void write_text(const struct acl *acl, struct buf *to)
{
    buf_add_text(to, "[\n");
    for (size_t i = 0; i < acl->count; i++) {
        const struct acl_entry *one = &acl->entries[i];
        buf_add_text(to, "  {");
        if (one->method != NULL)
            buf_printf(to, "\"method\": \"%s\", ", one->method);
        if (one->ch_type != NULL)
            buf_printf(to, "\"ch_type\": \"%s\", ", one->ch_type);
        buf_printf(to, "\"acl\": \"%s\"}%s\n", one->list, i + 1 < acl->count ? "," : "");
    }
    buf_add_text(to, "]\n");
}

/* Read back before it is written: what cannot be read again is refused with its reason. */
static int save(struct op_call *call, struct file *file, const char *did, size_t at, struct error *e)
{
    struct buf text = BUF_INIT;
    struct acl again = ACL_INIT;
    write_text(&file->acl, &text);
    int code = acl_parse(buf_text(&text), text.len, &again, e);
    if (code != 0)
        error_prefix(e, "this would make a file that cannot be read");
    if (code == 0)
        code = file_replace(file->path, 0644, text.data, text.len, e);
    if (code == 0) {
        op_note(call, "%s: entry %zu %s", file->path, at, did);
        show(call, &again);
    }
    acl_free(&again);
    buf_free(&text);
    return code;
}

static bool is_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* The entry that is just like this, or ACL_NONE. */
static size_t find_entry(const struct acl *acl, const char *method, const char *channel, const char *list)
{
    for (size_t i = 0; i < acl->count; i++)
        if (is_text(acl->entries[i].method, method) && is_text(acl->entries[i].ch_type, channel) &&
            is_text(acl->entries[i].list, list))
            return i;
    return ACL_NONE;
}

/* Before the first entry that would keep it from ever being reached, else at the end. */
static size_t place_of(const struct acl *acl, const struct acl_entry *new)
{
    struct acl with = {.entries = mem_alloc((acl->count + 1) * sizeof *with.entries),
                       .count = acl->count + 1};
    if (acl->count > 0)
        memcpy(with.entries, acl->entries, acl->count * sizeof *with.entries);
    with.entries[acl->count] = *new;
    size_t by = acl_shadowed_by(&with, acl->count);
    free(with.entries);
    return by == ACL_NONE ? acl->count : by;
}

static void insert(struct acl *acl, size_t at, const struct acl_entry *new)
{
    acl->entries = mem_grow(acl->entries, (acl->count + 1) * sizeof *acl->entries);
    memmove(acl->entries + at + 1, acl->entries + at, (acl->count - at) * sizeof *acl->entries);
    acl->count++;
    acl->entries[at] = (struct acl_entry){.method = mem_string(new->method),
                                          .list = mem_string(new->list),
                                          .ch_type = new->ch_type ? mem_string(new->ch_type) : NULL};
}

static int act_add(struct op_call *call, struct file *file, struct error *e)
{
    struct acl *acl = &file->acl;
    size_t given = (size_t)op_arg_number(call, "at");
    int code = need(call, "WHO", "a method pattern and a list behind the file: acl add FILE FS.* +joe", e);
    if (code == 0 && given > acl->count + 1)
        code = error_set(e, ERR_USAGE, "--at %zu: the file has %zu entries", given, acl->count);
    if (code != 0)
        return code;
    struct acl_entry new = {.method = (char *)op_arg_value(call, "WHAT"),
                            .list = (char *)op_arg_value(call, "WHO"),
                            .ch_type = (char *)op_arg_value(call, "CHANNEL")};
    size_t same = find_entry(acl, new.method, new.ch_type, new.list);
    if (same != ACL_NONE) {
        op_note(call, "%s: entry %zu says so already", file->path, same + 1);
        show(call, acl);
        return 0;
    }
    size_t at = given > 0 ? given - 1 : place_of(acl, &new);
    insert(acl, at, &new);
    return save(call, file, "added", at + 1, e);
}

static int act_remove(struct op_call *call, struct file *file, struct error *e)
{
    uint64_t n = 0;
    struct acl *acl = &file->acl;
    int code = need(call, "WHAT", "the number of an entry behind the file", e);
    if (code == 0 && (text_number(op_arg_value(call, "WHAT"), acl->count, &n) != 0 || n == 0))
        code = error_set(e, ERR_USAGE, "%s has no entry %s: they are 1 to %zu", file->path,
                         op_arg_value(call, "WHAT"), acl->count);
    if (code != 0)
        return code;
    struct acl gone = {.entries = mem_alloc(sizeof *gone.entries), .count = 1};
    gone.entries[0] = acl->entries[n - 1];
    memmove(acl->entries + n - 1, acl->entries + n, (acl->count - n) * sizeof *acl->entries);
    acl->count--;
    acl_free(&gone);
    return save(call, file, "removed", n, e);
}

static const struct {
    const char *name;
    int (*act)(struct op_call *call, struct file *file, struct error *e);
} actions[] = {
    {"show",   act_show  },
    {"check",  act_check },
    {"add",    act_add   },
    {"remove", act_remove},
};

static int run_acl(struct op_call *call, size_t step, struct error *e)
{
    struct file file = {.path = op_arg_value(call, "FILE")};
    const char *action = op_arg_value(call, "ACTION");
    (void)step;
    bool fresh = strcmp(action, "add") == 0 && access(file.path, F_OK) != 0;
    int code = fresh ? 0 : access_acl_load(file.path, &file.acl, &file.text, e);
    for (size_t i = 0; code == 0 && i < sizeof actions / sizeof actions[0]; i++)
        if (strcmp(actions[i].name, action) == 0) {
            code = actions[i].act(call, &file, e);
            break;
        }
    acl_free(&file.acl);
    buf_free(&file.text);
    return code;
}

static const struct op_arg acl_args[] = {
    {.name = "ACTION",                    .type = TYPE_CHOICE, .choices = "show|check|add|remove", .help = "what to do"},
    {.name = "FILE", .type = TYPE_FILE, .help = "access rules, JSON"},
    {.name = "WHAT",
     .type = TYPE_WORD,
     .flags = ARG_OPTIONAL,
     .help = "method (check, add), number of an entry (remove)"},
    {.name = "WHO",
     .type = TYPE_WORD,
     .flags = ARG_OPTIONAL,
     .help = "user, - for nobody (check); list like +joe,-ann (add)"},
    {.name = "CHANNEL",
     .type = TYPE_WORD,
     .flags = ARG_OPTIONAL,
     .help = "UART, WS_in, HTTP, MQTT … ; check: UART when left out"},
    {0                  },
};

static const struct op_arg acl_options[] = {
    {.name = "at",
     .type = TYPE_NUMBER,
     .max = ACL_ENTRIES_MAX,
     .help = "add: becomes this entry; else the last, or before one that would decide in its place"},
    {0},
};

const struct op access_op_acl = {
    .name = "acl",
    .summary = "show, check and edit access rules in a file here",
    .help =
        "The file is a JSON array of {\"method\", \"ch_type\", \"acl\"}; the first entry that fits decides, "
        "and "
        "what none fits is refused. It is read strictly: what a device takes in silence, such as a missing "
        "comma or a misspelt name, is an error with its line and column. add makes a file that is missing.",
    .example =
        "acl show rpc_acl.json\nacl check rpc_acl.json FS.Get joe WS_in\nacl add rpc_acl.json FS.* +joe\n"
        "acl remove rpc_acl.json 2",
    .args = acl_args,
    .options = acl_options,
    .needs = NEED_NOTHING,
    .hazard = HAZARD_WRITES,
    .run = run_acl,
};

/* --- access-check --------------------------------------------------------------------------------------- */

static int run_check(struct op_call *call, size_t step, struct error *e)
{
    const char *type = op_arg_value(call, "CHANNEL");
    const cJSON *config;
    struct access_rules rules = {0};
    (void)step;
    int code = device_config(op_device(call), &config, e);
    if (code == 0)
        code = access_rules_read(call, config, &rules, e);
    if (code == 0 && rules.acl_why.code != 0) {
        *e = rules.acl_why;
        code = e->code;
    }
    if (code == 0)
        say_verdict(call, &rules, op_arg_value(call, "METHOD"), user_of(op_arg_value(call, "USER")),
                    type != NULL ? type : access_own_type(call));
    access_rules_free(&rules);
    return code;
}

static const struct op_arg check_args[] = {
    {.name = "METHOD",      .type = TYPE_METHOD, .help = "RPC method"},
    {.name = "USER",
     .type = TYPE_WORD,
     .flags = ARG_OPTIONAL,
     .help = "user; - or nothing: nobody is logged in"},
    {.name = "CHANNEL",
     .type = TYPE_WORD,
     .flags = ARG_OPTIONAL,
     .help = "UART, WS_in, HTTP, MQTT …; the one in use when left out"},
    {0},
};

const struct op access_op_check = {
    .name = "access-check",
    .summary = "say what the device's access rules decide about a call, and which entry does",
    .example = "access-check FS.Get joe WS_in\naccess-check Sys.Reboot",
    .args = check_args,
    .needs = NEED_RPC,
    .hazard = HAZARD_NONE,
    .run = run_check,
};
