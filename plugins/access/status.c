/* access-status: users, rules, channels, and what is open to whom. */
#include "access.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct view {
    struct op_call *call;
    const cJSON *config, *methods; /* methods NULL: the device does not say which it has */
    struct access_rules rules;
    const char **users;
    size_t user_count;
};

static const char *shown(const char *text, char *to, size_t size)
{
    return *text != '\0' ? text_safe(text, to, size) : "none";
}

static void show_users(struct view *v)
{
    char realm[96], file[96];
    struct buf names = BUF_INIT;
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < v->user_count; i++) {
        buf_add_text(&names, i > 0 ? ", " : "");
        text_printable(v->users[i], strlen(v->users[i]), false, 64, &names);
        cJSON_AddItemToArray(list, cJSON_CreateString(v->users[i]));
    }
    op_field(v->call, "realm", "Realm", "%s", shown(v->rules.realm, realm, sizeof realm));
    op_field(v->call, "password_file", "Passwords", "%s%s%s", shown(v->rules.auth_file, file, sizeof file),
             *v->rules.auth_file ? ", " : "", *v->rules.auth_file ? digest_name(v->rules.algorithm) : "");
    op_field(v->call, NULL, "Users", "%s", names.len > 0 ? buf_text(&names) : "none");
    op_json(v->call, "users", list);
    op_field(v->call, "rules", "Access rules", "%s",
             v->rules.acl_source != NULL ? v->rules.acl_source : "none");
    buf_free(&names);
}

static void show_rules(struct view *v)
{
    static const struct op_column columns[] = {
        {"entry",   "#"      },
        {"method",  "Method" },
        {"ch_type", "Channel"},
        {"acl",     "Users"  },
    };
    if (v->rules.acl.count == 0)
        return;
    op_say(v->call, "%s", "");
    op_table_begin(v->call, "entries", columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < v->rules.acl.count; i++) {
        const struct acl_entry *one = &v->rules.acl.entries[i];
        char number[24], safe[3][300];
        snprintf(number, sizeof number, "%zu", i + 1);
        const char *const cells[] = {
            number, text_safe(one->method != NULL ? one->method : "*", safe[0], sizeof safe[0]),
            text_safe(one->ch_type != NULL ? one->ch_type : "any", safe[1], sizeof safe[1]),
            text_safe(one->list, safe[2], sizeof safe[2])};
        op_table_row(v->call, cells);
    }
    op_table_end(v->call);
}

/* How many of the device's methods this user may call over that channel. */
static size_t count_open(const struct view *v, const char *user, const char *type, size_t *all)
{
    size_t open = 0;
    const cJSON *method;
    *all = 0;
    cJSON_ArrayForEach(method, v->methods)
    {
        ++*all;
        open += access_decide(&v->rules, method->valuestring, user, type, NULL) == ACL_ALLOWED;
    }
    return open;
}

static void open_words(const struct view *v, const char *user, const char *type, struct buf *to)
{
    size_t all, open = count_open(v, user, type, &all);
    if (v->rules.acl_why.code != 0)
        buf_add_text(to, "?");
    else if (v->rules.acl_source == NULL)
        buf_add_text(to, "everything");
    else if (v->methods == NULL)
        buf_add_text(to, "as the rules say");
    else
        buf_printf(to,
                   open == all ? "all %zu"
                   : open == 0 ? "nothing"
                               : "%zu of %zu",
                   open == all ? all : open, all);
}

static void show_channel(struct view *v, const struct access_channel *channel)
{
    if (access_channel_key(channel, v->config) == NULL)
        return;
    bool on = access_channel_is_on(channel, v->config);
    const char *where = channel->where != NULL ? access_config_text(v->config, channel->where) : "";
    bool tls = channel->where != NULL && strcmp(channel->where, "http.listen_addr") == 0 &&
               *access_config_text(v->config, "http.ssl_cert") != '\0';
    char safe[80];
    struct buf state = BUF_INIT, nobody = BUF_INIT, users = BUF_INIT;
    buf_printf(&state, "%s%s%s%s", on ? "on" : "off", on && *where ? ", " : "",
               on && *where ? text_safe(where, safe, sizeof safe) : "", on && tls ? " (TLS)" : "");
    if (on) {
        open_words(v, NULL, channel->type, &nobody);
        for (size_t i = 0; i < v->user_count; i++) {
            buf_add_text(&users, i > 0 ? ", " : "");
            text_printable(v->users[i], strlen(v->users[i]), false, 64, &users);
            buf_add_text(&users, ": ");
            open_words(v, v->users[i], channel->type, &users);
        }
    }
    const char *const cells[] = {channel->name, channel->type, buf_text(&state), buf_text(&nobody),
                                 buf_text(&users)};
    op_table_row(v->call, cells);
    buf_free(&state);
    buf_free(&nobody);
    buf_free(&users);
}

static void show_channels(struct view *v)
{
    static const struct op_column columns[] = {
        {"channel", "Channel"           },
        {"type",    "Type"              },
        {"state",   "State"             },
        {"nobody",  "Open without login"},
        {"users",   "Open with login"   },
    };
    op_say(v->call, "%s", "");
    op_table_begin(v->call, "channels", columns, sizeof columns / sizeof columns[0]);
    for (const struct access_channel *one = access_channels; one->name != NULL; one++)
        show_channel(v, one);
    op_table_end(v->call);
}

/* METHOD x USER for one channel. */
static void show_matrix(struct view *v, const char *type)
{
    enum { MOST = 12 }; /* users that a screen has room for */
    size_t n = (v->user_count < MOST ? v->user_count : MOST) + 2;
    struct op_column columns[MOST + 2] = {
        {"method", "Method"},
        {"nobody", "nobody"}
    };
    const char *cells[MOST + 2];
    char names[MOST][64];
    const cJSON *method;
    for (size_t i = 2; i < n; i++)
        columns[i].key = columns[i].title = text_safe(v->users[i - 2], names[i - 2], sizeof names[0]);
    op_say(v->call, "\nOver %s:", type);
    op_table_begin(v->call, "matrix", columns, n);
    cJSON_ArrayForEach(method, v->methods)
    {
        char safe[96];
        cells[0] = text_safe(method->valuestring, safe, sizeof safe);
        for (size_t i = 1; i < n; i++) {
            const char *user = i == 1 ? NULL : v->users[i - 2];
            cells[i] = acl_verdict_word(access_decide(&v->rules, method->valuestring, user, type, NULL));
        }
        op_table_row(v->call, cells);
    }
    op_table_end(v->call);
}

/* --- what is not as it looks ---------------------------------------------------------------------------- */

static void note(struct view *v, cJSON *notes, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void note(struct view *v, cJSON *notes, const char *format, ...)
{
    struct buf text = BUF_INIT;
    va_list ap;
    va_start(ap, format);
    buf_vprintf(&text, format, ap);
    va_end(ap);
    op_say(v->call, "%s! %s", cJSON_GetArraySize(notes) == 0 ? "\n" : "", buf_text(&text));
    cJSON_AddItemToArray(notes, cJSON_CreateString(buf_text(&text)));
    buf_free(&text);
}

static void note_lines(struct view *v, cJSON *notes)
{
    for (size_t i = 0; i < v->rules.users.count; i++) {
        const struct htdigest_line *line = &v->rules.users.lines[i];
        char safe[96];
        if (line->user == NULL)
            continue;
        text_safe(line->user, safe, sizeof safe);
        if (strcmp(line->realm, v->rules.realm) != 0)
            note(v, notes, "User %s cannot log in: the line is for another realm than rpc.auth_domain.",
                 safe);
        else if (line->algorithm != v->rules.algorithm)
            note(v, notes, "User %s cannot log in: the line is %s, and rpc.auth_algo says %s.", safe,
                 digest_name(line->algorithm), digest_name(v->rules.algorithm));
        else if (strlen(line->text) > HTDIGEST_LINE_MAX)
            note(v, notes, "User %s cannot log in: the line is longer than the %d bytes a device reads.",
                 safe, HTDIGEST_LINE_MAX);
    }
}

static void show_notes(struct view *v)
{
    cJSON *notes = cJSON_CreateArray();
    const struct access_rules *r = &v->rules;
    if (r->users_why.code != 0)
        note(v, notes, "%s: nobody can log in.", r->users_why.message);
    if (r->acl_why.code != 0)
        note(v, notes, "%s. A device that cannot read its rules answers no call at all.", r->acl_why.message);
    if (r->acl_source == NULL)
        note(v, notes,
             "Everybody may call everything: without access rules a device asks nobody for a login%s.",
             *r->auth_file ? ", password file or not" : "");
    else if (r->acl_why.code == 0 && !access_rules_have_users(r))
        note(v, notes, "Rules that name users let nobody in: there is no usable password file.");
    for (size_t i = 0; i < r->acl.count; i++)
        if (acl_shadowed_by(&r->acl, i) != ACL_NONE)
            note(v, notes, "Entry %zu of %s is never reached: entry %zu decides before it.", i + 1,
                 r->acl_source, acl_shadowed_by(&r->acl, i) + 1);
    note_lines(v, notes);
    op_json(v->call, "notes", notes);
}

static int run_status(struct op_call *call, size_t step, struct error *e)
{
    struct view v = {.call = call};
    struct error ignored = {0};
    (void)step;
    device_config_forget(op_device(call));
    int code = device_config(op_device(call), &v.config, e);
    if (code == 0)
        code = access_rules_read(call, v.config, &v.rules, e);
    if (code == 0) {
        if (device_methods(op_device(call), &v.methods, &ignored) != 0)
            v.methods = NULL;
        v.user_count = access_users(&v.rules, &v.users);
        show_users(&v);
        show_rules(&v);
        show_channels(&v);
        if (op_arg_given(call, "matrix"))
            show_matrix(&v, op_arg_value(call, "matrix"));
        show_notes(&v);
    }
    free(v.users);
    access_rules_free(&v.rules);
    return code;
}

static const struct op_arg status_options[] = {
    {.name = "matrix",
     .type = TYPE_CHOICE,
     .choices = "UART|WS_in|HTTP|MQTT",
     .help = "show for each method and user what the rules decide over this channel"},
    {0},
};

const struct op access_op_status = {
    .name = "access-status",
    .summary = "show users, access rules and channels of the device, and what is open to whom",
    .example = "access-status\naccess-status --matrix WS_in",
    .options = status_options,
    .needs = NEED_RPC,
    .hazard = HAZARD_NONE,
    .run = run_status,
};
