/* Access rules: the strict reader. See acl.h.
 *
 * It has its own, for JSON of just this shape, because it must say where something is wrong, and because the
 * device's reader takes the text between quotes as it stands. */
#include "codec/acl.h"
#include "base/buf.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    const char *text;
    size_t len, at;
    struct error *e;
};

static size_t line_of(const struct reader *r, size_t at, size_t *column)
{
    size_t line = 1, start = 0;
    for (size_t i = 0; i < at; i++) {
        if (r->text[i] == '\n') {
            line++;
            start = i + 1;
        }
    }
    *column = at - start + 1;
    return line;
}

static int wrong(struct reader *r, size_t at, const char *format, ...) __attribute__((format(printf, 3, 4)));
static int wrong(struct reader *r, size_t at, const char *format, ...)
{
    char what[400];
    size_t column, line = line_of(r, at, &column);
    va_list ap;
    va_start(ap, format);
    vsnprintf(what, sizeof what, format, ap);
    va_end(ap);
    return error_set(r->e, ERR_REFUSED, "line %zu, column %zu: %s", line, column, what);
}

static void skip_blanks(struct reader *r)
{
    while (r->at < r->len && strchr(" \t\r\n", r->text[r->at]) != NULL && r->text[r->at] != '\0')
        r->at++;
}

/* The next character that is no blank; 0 at the end. */
static char next(struct reader *r)
{
    skip_blanks(r);
    return r->at < r->len ? r->text[r->at] : '\0';
}

/* "text" into a new string. The device takes what stands between the quotes without decoding it. */
static int read_string(struct reader *r, const char *what, char **to)
{
    if (next(r) != '"')
        return wrong(r, r->at, "%s must be text in double quotes", what);
    size_t start = ++r->at;
    for (; r->at < r->len && r->text[r->at] != '"'; r->at++) {
        unsigned char c = (unsigned char)r->text[r->at];
        if (c == '\\')
            return wrong(r, r->at, "a device does not decode \\ in %s: write the text without it", what);
        if (c < 0x20 || c == 0x7F)
            return wrong(r, r->at, "%s is not closed on its line, or holds a control character", what);
    }
    if (r->at >= r->len)
        return wrong(r, start - 1, "%s has no closing quote", what);
    size_t n = r->at++ - start;
    if (n == 0 || n > ACL_TEXT_MAX)
        return wrong(r, start - 1, "%s is %s", what, n == 0 ? "empty" : "longer than 255 characters");
    *to = mem_printf("%.*s", (int)n, r->text + start);
    return 0;
}

/* --- what may stand in a value -------------------------------------------------------------------------- */

static int check_stars(struct reader *r, size_t at, const char *what, const char *text)
{
    size_t stars = 0;
    for (const char *c = text; *c != '\0'; c++)
        stars += *c == '*';
    return stars <= ACL_STARS_MAX
               ? 0
               : wrong(r, at, "%s has %zu stars; %d are the most", what, stars, ACL_STARS_MAX);
}

static int check_pattern(struct reader *r, size_t at, const char *text)
{
    size_t n = strcspn(text, " \t");
    if (text[n] != '\0')
        return wrong(r, at, "the method pattern holds a blank, which no method's name does");
    return check_stars(r, at, "the method pattern", text);
}

static int check_channel(struct reader *r, size_t at, const char *text)
{
    return strpbrk(text, " \t*?,|") == NULL
               ? 0
               : wrong(r, at, "ch_type is compared letter by letter: blanks and patterns do not work in it");
}

static int check_list(struct reader *r, size_t at, const char *text)
{
    if (strpbrk(text, " \t") != NULL)
        return wrong(r, at, "the list holds a blank, and a device takes it for a part of the user's name");
    for (const char *one = text;; one++) {
        size_t n = strcspn(one, ","), sign = *one == '+' || *one == '-';
        if (n == sign)
            return wrong(r, at, "the list has an empty place; it reads like \"+user1,-user2\"");
        one += n;
        if (*one == '\0')
            break;
    }
    return check_stars(r, at, "the list", text);
}

static const struct member {
    const char *name, *what;
    size_t offset;
    int (*check)(struct reader *r, size_t at, const char *text);
} members[] = {
    {"method",  "method",  offsetof(struct acl_entry, method),  check_pattern},
    {"ch_type", "ch_type", offsetof(struct acl_entry, ch_type), check_channel},
    {"acl",     "acl",     offsetof(struct acl_entry, list),    check_list   },
};

static const struct member *find_member(const char *name)
{
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (strcmp(members[i].name, name) == 0)
            return &members[i];
    return NULL;
}

/* --- entries -------------------------------------------------------------------------------------------- */

static void clear_entry(struct acl_entry *entry)
{
    free(entry->method);
    free(entry->ch_type);
    free(entry->list);
}

static int read_member(struct reader *r, struct acl_entry *entry)
{
    char *name = NULL, safe[96];
    next(r);
    size_t at = r->at;
    int code = read_string(r, "a name", &name);
    if (code != 0)
        return code;
    const struct member *member = find_member(name);
    text_safe(name, safe, sizeof safe);
    free(name);
    if (member == NULL)
        return wrong(r, at, "\"%s\" is not known here: an entry has \"method\", \"ch_type\" and \"acl\"",
                     safe);
    char **to = (char **)(void *)((char *)entry + member->offset);
    if (*to != NULL)
        return wrong(r, at, "\"%s\" stands twice in this entry", member->name);
    if (next(r) != ':')
        return wrong(r, r->at, "a colon is missing behind \"%s\"", member->name);
    r->at++;
    next(r);
    at = r->at;
    code = read_string(r, member->what, to);
    return code != 0 ? code : member->check(r, at, *to);
}

/* Behind a value: a comma goes on, `close` ends. 1: goes on. */
static int read_end(struct reader *r, char close, const char *what)
{
    char c = next(r);
    if (c == close) {
        r->at++;
        return 0;
    }
    if (c == ',') {
        size_t comma = r->at++;
        return next(r) == close ? wrong(r, comma, "nothing follows this comma") : 1;
    }
    if (c == '"' || c == '{')
        return wrong(r, r->at, "a comma is missing before this %s", what);
    return c == '\0' ? wrong(r, r->at, "the text ends too early: \"%c\" is missing", close)
                     : wrong(r, r->at, "a comma or \"%c\" belongs here", close);
}

static int read_entry(struct reader *r, struct acl_entry *entry)
{
    size_t start = r->at;
    entry->line = line_of(r, start, &entry->column);
    r->at++; /* the brace */
    int code = 1;
    if (next(r) == '}')
        return wrong(r, start, "this entry is empty");
    while (code == 1) {
        code = read_member(r, entry);
        if (code == 0)
            code = read_end(r, '}', "name");
    }
    if (code == 0 && entry->list == NULL)
        return wrong(r, start, "this entry has no \"acl\"");
    if (code == 0 && entry->method == NULL && entry->ch_type == NULL)
        return wrong(r, start, "this entry has neither \"method\" nor \"ch_type\": a device skips it");
    return code;
}

static int read_entries(struct reader *r, struct acl *acl)
{
    int code = 1;
    while (code == 1) {
        if (next(r) != '{')
            return wrong(r, r->at, "an entry {\"method\": …, \"acl\": …} belongs here");
        if (acl->count == ACL_ENTRIES_MAX)
            return wrong(r, r->at, "more than %d entries", ACL_ENTRIES_MAX);
        acl->entries = mem_grow(acl->entries, (acl->count + 1) * sizeof *acl->entries);
        acl->entries[acl->count++] = (struct acl_entry){0};
        code = read_entry(r, &acl->entries[acl->count - 1]);
        if (code == 0)
            code = read_end(r, ']', "entry");
    }
    return code;
}

static int read_all(struct reader *r, struct acl *acl)
{
    if (r->len > ACL_FILE_MAX)
        return error_set(r->e, ERR_REFUSED, "it has %zu bytes, more than %d", r->len, ACL_FILE_MAX);
    if (next(r) != '[')
        return wrong(r, r->at, "access rules are a JSON array: [ … ]");
    r->at++;
    int code = 0;
    if (next(r) == ']')
        r->at++;
    else
        code = read_entries(r, acl);
    skip_blanks(r);
    if (code == 0 && r->at < r->len)
        code = wrong(r, r->at, "there is more behind the closing ]");
    return code;
}

int acl_parse(const char *text, size_t len, struct acl *acl, struct error *e)
{
    struct reader r = {.text = text, .len = len, .e = e};
    *acl = ACL_INIT;
    int code = read_all(&r, acl);
    if (code != 0)
        acl_free(acl);
    return code;
}

int acl_from_list(const char *list, struct acl *acl, struct error *e)
{
    struct reader r = {.text = list, .len = strlen(list), .e = e};
    *acl = ACL_INIT;
    if (*list == '\0' || strlen(list) > ACL_TEXT_MAX)
        return error_set(e, ERR_REFUSED, "a list of users is like \"+user1,-user2\", \"*\" or \"-*\"");
    int code = check_list(&r, 0, list);
    if (code != 0)
        return code;
    acl->entries = mem_alloc(sizeof *acl->entries);
    acl->count = 1;
    acl->entries[0] = (struct acl_entry){.list = mem_string(list), .line = 1, .column = 1};
    return 0;
}

void acl_free(struct acl *acl)
{
    for (size_t i = 0; i < acl->count; i++)
        clear_entry(&acl->entries[i]);
    free(acl->entries);
    *acl = ACL_INIT;
}
