/* A parsed line as text again: usage lines, and lines without their secrets (parser.h). */
#include "base/buf.h"
#include "codec/redact.h"
#include "shell/parser.h"

#include <ctype.h>
#include <string.h>

/* `set NAME VALUE`: a variable may hold anything, a setting holds nothing secret. */
static bool sets_option(const struct parse *parse)
{
    return parse->count > 0 && strcmp(parse->op->name, "set") == 0 &&
           option_find_setting(parse->item[0].value) != OPTION_NONE;
}

bool parse_item_is_secret(const struct parse *parse, const struct parse_item *item)
{
    const struct op_arg *arg = item->arg ? item->arg : &option_table()[item->global].arg;
    if (arg->type == TYPE_ASSIGNMENT && redact_is_secret(item->value))
        return true;
    if (arg->type == TYPE_JSON && redact_holds_secret(item->value))
        return true;
    return arg->flags & ARG_SECRET && !(item->arg != NULL && sets_option(parse));
}

bool parse_has_secret(const struct parse *parse)
{
    for (size_t i = 0; i < parse->count; i++)
        if (parse_item_is_secret(parse, &parse->item[i]))
            return true;
    return false;
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
        lexer_quote(item->value, expand, to);
    } else if (expand && strncmp(item->value, "${", 2) == 0 &&
               item->value[strcspn(item->value, "}")] == '}') {
        lexer_quote(item->value, true, to); /* already a variable's name */
    } else if (arg->type == TYPE_ASSIGNMENT) {
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
    if (item->global == OPTION_X || (item->global == OPTION_DRY_RUN && flags & PARSE_LINE_REAL) ||
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
        lexer_quote(port, false, to);
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
                lexer_quote(item->value, flags & PARSE_LINE_EXPAND, to);
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
