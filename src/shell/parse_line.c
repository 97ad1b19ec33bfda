/* A parsed line as text again: usage lines, and lines without their secrets (parser.h). */
#include "base/buf.h"
#include "base/secret.h"
#include "codec/frame.h"
#include "codec/redact.h"
#include "shell/parser.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* `set NAME VALUE`: a variable may hold anything, most settings hold nothing secret. */
static bool sets_plain_option(const struct parse *parse)
{
    if (parse->count == 0 || strcmp(parse->op->name, "set") != 0)
        return false;
    enum option_id id = option_find_setting(parse->item[0].value);
    return id != OPTION_NONE && !(option_table()[id].arg.flags & ARG_SECRET);
}

/* A variable in place of the whole value. */
static bool is_variable(const char *value)
{
    size_t n = strcspn(value, "}");
    return strncmp(value, "${", 2) == 0 && value[n] == '}' && value[n + 1] == '\0';
}

bool parse_is_whole(const struct parse *parse)
{
    for (size_t i = 0; i < parse->count; i++) {
        const struct parse_item *item = &parse->item[i];
        if (item->arg != NULL && item->arg->type == TYPE_ASSIGNMENT && !is_variable(item->value) &&
            strcspn(item->value, "=") % strlen(item->value) == 0)
            return false;
    }
    return true;
}

/* What a file is to hold may be a key; what is no JSON cannot be searched for the names of secrets. */
static bool json_is_secret(const struct parse *parse, const char *text)
{
    for (size_t i = 0; i < parse->count; i++)
        if (parse->item[i].arg != NULL && parse->item[i].arg->type == TYPE_METHOD &&
            strcasecmp(parse->item[i].value, "FS.Put") == 0)
            return true;
    cJSON *json = frame_json_parse(text, strlen(text), NULL);
    char *plain = cJSON_PrintUnformatted(json); /* names without escapes */
    bool secret = plain == NULL || redact_holds_secret(plain);
    if (plain != NULL)
        secret_wipe(plain, strlen(plain));
    cJSON_free(plain);
    cJSON_Delete(json);
    return secret;
}

bool parse_item_is_secret(const struct parse *parse, const struct parse_item *item)
{
    const struct op_arg *arg = item->arg ? item->arg : &option_table()[item->global].arg;
    if (arg->type == TYPE_ASSIGNMENT && (redact_is_secret(item->value) || !parse_is_whole(parse)))
        return true;
    if (arg->type == TYPE_JSON && json_is_secret(parse, item->value))
        return true;
    return arg->flags & ARG_SECRET && !(item->arg != NULL && sets_plain_option(parse));
}

/* The login in the URL that begins in s: from behind its "://" to its last @. False when there is none. */
static bool find_login(const char *s, const char **from, const char **to)
{
    while ((s = strstr(s, "://")) != NULL) {
        size_t n = strcspn(s += 3, " \t\r\n\"'");
        const char *at = memrchr(s, '@', n);
        *from = s;
        *to = at;
        if (at != NULL && !(strncmp(s, "${", 2) == 0 && strcspn(s, "}") + 1 == (size_t)(at - s)))
            return true;
    }
    return false;
}

bool parse_mask_logins(const char *text, struct buf *to)
{
    const char *from, *end, *at = text;
    while (find_login(at, &from, &end)) {
        buf_add(to, at, (size_t)(from - at));
        buf_add_text(to, "${LOGIN}");
        at = end;
    }
    buf_add_text(to, at);
    return at != text;
}

bool parse_has_secret(const struct parse *parse)
{
    const char *from, *to;
    for (size_t i = 0; i < parse->count; i++)
        if (parse_item_is_secret(parse, &parse->item[i]) || find_login(parse->item[i].value, &from, &to))
            return true;
    return false;
}

/* Quoted, without logins in it. */
static void put_word(const char *word, bool expand, struct buf *to)
{
    struct buf masked = BUF_INIT;
    bool has_login = parse_mask_logins(word, &masked);
    lexer_quote(buf_text(&masked), expand || has_login, to);
    buf_free(&masked);
}

/* A variable's name made of letters only: "write-key" -> "WRITE_KEY", "wifi.sta.pass" -> "WIFI_STA_PASS". */
static void put_variable(const char *name, size_t n, struct buf *to)
{
    buf_add_text(to, "${");
    for (size_t i = 0; i < n && i < 60; i++)
        buf_add_byte(to, isalnum((unsigned char)name[i]) ? (uint8_t)toupper((unsigned char)name[i]) : '_');
    buf_add_text(to, "}");
}

static void put_value(const struct parse *parse, const struct parse_item *item, bool expand, struct buf *to)
{
    const struct op_arg *arg = item->arg ? item->arg : &option_table()[item->global].arg;
    if (!parse_item_is_secret(parse, item)) {
        put_word(item->value, expand, to);
    } else if (expand && is_variable(item->value)) {
        lexer_quote(item->value, true, to);
    } else if (arg->type == TYPE_ASSIGNMENT && parse_is_whole(parse)) {
        size_t n = strcspn(item->value, "=");
        buf_add(to, item->value, n);
        buf_add_byte(to, '=');
        put_variable(item->value, n, to);
    } else {
        put_variable(arg->name, strlen(arg->name), to);
    }
}

static void put_option(const struct parse *parse, const struct parse_item *item, unsigned flags,
                       const char *port, struct buf *to)
{
    const struct op_arg *arg = item->arg ? item->arg : &option_table()[item->global].arg;
    if (item->global == OPTION_X || item->global == OPTION_E /* a line of its own */ ||
        (item->global == OPTION_DRY_RUN && flags & PARSE_LINE_REAL) ||
        (item->global == OPTION_PORT && port != NULL))
        return;
    bool is_short = arg->name[1] == '\0';
    buf_printf(to, " %s%s", is_short ? "-" : "--", arg->name);
    if (arg->type == TYPE_FLAG && strcmp(item->value, "true") == 0)
        return;
    buf_add_byte(to, is_short ? ' ' : '=');
    put_value(parse, item, flags & PARSE_LINE_EXPAND, to);
}

/* An argument that would be taken for an option wants "--" in front of all of them. */
static bool wants_end_of_options(const struct parse *parse)
{
    for (size_t i = 0; i < parse->count; i++) {
        const struct parse_item *item = &parse->item[i];
        if (!item->is_option && item->arg->type != TYPE_TEXT && item->value[0] == '-' &&
            item->value[1] != '\0' && strcmp(item->value, "--") != 0)
            return true;
    }
    return false;
}

void parse_line(const struct parse *parse, unsigned flags, const char *port, struct buf *to)
{
    bool ends = wants_end_of_options(parse);
    if (flags & PARSE_LINE_PROGRAM)
        buf_add_text(to, "lockstep ");
    if (port != NULL) {
        buf_add_text(to, "--port ");
        put_word(port, false, to);
        buf_add_byte(to, ' ');
    }
    buf_add_text(to, parse->command ? parse->command : "");
    for (int round = 0; round < 2; round++) {
        bool options = (round == 0) == ends;
        if (ends && !options)
            buf_printf(to, "%s --", flags & PARSE_LINE_REAL ? " --dry-run=false" : "");
        for (size_t i = 0; i < parse->count; i++) {
            const struct parse_item *item = &parse->item[i];
            if (item->is_option && options)
                put_option(parse, item, flags, port, to);
            if (item->is_option || options)
                continue;
            buf_add_byte(to, ' ');
            if (item->shown != NULL)
                buf_add_text(to, item->shown);
            else if (item->arg->type == TYPE_TEXT && !parse_item_is_secret(parse, item))
                put_word(item->value, flags & PARSE_LINE_EXPAND, to);
            else
                put_value(parse, item, flags & PARSE_LINE_EXPAND, to);
        }
    }
    if (!ends && flags & PARSE_LINE_REAL)
        buf_add_text(to, " --dry-run=false");
}

void parser_usage(const struct op *op, struct buf *to)
{
    buf_printf(to, "usage: %s", op->name);
    for (const struct op_arg *a = op->args; a != NULL && a->name != NULL; a++)
        buf_printf(to, a->flags & ARG_OPTIONAL ? " [%s%s]" : " %s%s", a->name,
                   a->flags & ARG_REPEAT ? "…" : "");
    for (const struct op_arg *a = op->options; a != NULL && a->name != NULL; a++) {
        const char *dashes = a->name[1] ? "--" : "-";
        if (a->type == TYPE_FLAG)
            buf_printf(to, " [%s%s]", dashes, a->name);
        else
            buf_printf(to, " [%s%s=%s]", dashes, a->name, a->type == TYPE_CHOICE ? a->choices : "…");
    }
    if (op->hazard == HAZARD_IRREVERSIBLE)
        buf_add_text(to, " [--dry-run=false]");
}
