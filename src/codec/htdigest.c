/* Password files: see htdigest.h. */
#include "codec/htdigest.h"
#include "base/secret.h"
#include "base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void free_wiped(char *text)
{
    if (text != NULL)
        secret_wipe(text, strlen(text));
    free(text);
}

static void clear_line(struct htdigest_line *line)
{
    free_wiped(line->text);
    free_wiped(line->user);
    free_wiped(line->realm);
    free_wiped(line->ha1);
    *line = (struct htdigest_line){0};
}

static char *cut(const char *from, size_t len)
{
    char *text = mem_alloc(len + 1);
    memcpy(text, from, len);
    return text;
}

/* user:realm:HA1; a carriage return at the end belongs to no part. */
static void take_apart(struct htdigest_line *line)
{
    const char *user = line->text, *realm = strchr(user, ':');
    const char *ha1 = realm != NULL ? strchr(realm + 1, ':') : NULL;
    if (*user == '#' || ha1 == NULL || realm == user || ha1 == realm + 1)
        return;
    char *hash = cut(ha1 + 1, strcspn(ha1 + 1, "\r"));
    if (!digest_of_ha1(hash, &line->algorithm)) {
        free_wiped(hash);
        return;
    }
    line->user = cut(user, (size_t)(realm - user));
    line->realm = cut(realm + 1, (size_t)(ha1 - realm - 1));
    line->ha1 = hash;
}

static struct htdigest_line *add_line(struct htdigest *file, const char *text, size_t len)
{
    file->lines = mem_grow(file->lines, (file->count + 1) * sizeof *file->lines);
    struct htdigest_line *line = &file->lines[file->count++];
    *line = (struct htdigest_line){.text = cut(text, len)};
    take_apart(line);
    return line;
}

void htdigest_parse(const char *text, size_t len, struct htdigest *file)
{
    *file = HTDIGEST_INIT;
    for (size_t at = 0; at < len;) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t n = end != NULL ? (size_t)(end - text) - at : len - at;
        add_line(file, text + at, n);
        at += n + 1;
    }
}

void htdigest_free(struct htdigest *file)
{
    for (size_t i = 0; i < file->count; i++)
        clear_line(&file->lines[i]);
    free(file->lines);
    *file = HTDIGEST_INIT;
}

void htdigest_text(const struct htdigest *file, struct buf *to)
{
    to->secret = true;
    for (size_t i = 0; i < file->count; i++) {
        buf_add_text(to, file->lines[i].text);
        buf_add_byte(to, '\n');
    }
}

static bool is_of(const struct htdigest_line *line, const char *user, const char *realm)
{
    return line->user != NULL && strcmp(line->user, user) == 0 && strcmp(line->realm, realm) == 0;
}

const struct htdigest_line *htdigest_find(const struct htdigest *file, const char *user, const char *realm)
{
    for (size_t i = 0; i < file->count; i++)
        if (is_of(&file->lines[i], user, realm))
            return &file->lines[i];
    return NULL;
}

static int check_name(const char *what, const char *name, struct error *e)
{
    char safe[96];
    if (*name == '\0')
        return error_set(e, ERR_USAGE, "the %s is empty", what);
    for (const char *c = name; *c != '\0'; c++)
        if (*c == ':' || iscntrl((unsigned char)*c))
            return error_set(
                e, ERR_USAGE,
                "the %s \"%s\" cannot stand in a password file: a colon or a control character is in it",
                what, text_safe(name, safe, sizeof safe));
    if (*name == '#')
        return error_set(e, ERR_USAGE, "the %s \"%s\" begins with #, which makes its line a comment", what,
                         text_safe(name, safe, sizeof safe));
    return 0;
}

int htdigest_check(const char *user, const char *realm, enum digest_algorithm algorithm, struct error *e)
{
    size_t hex = algorithm == DIGEST_MD5 ? 32 : 64, most = HTDIGEST_LINE_MAX - hex - 2;
    int code = check_name("user", user, e);
    if (code == 0)
        code = check_name("realm", realm, e);
    if (code != 0)
        return code;
    if (strlen(user) + strlen(realm) <= most)
        return 0;
    error_set(e, ERR_USAGE, "user and realm have %zu characters, and a device reads at most %zu of them (%s)",
              strlen(user) + strlen(realm), most, digest_name(algorithm));
    return error_next(e, "Choose shorter names.");
}

static bool remove_from(struct htdigest *file, size_t first, const char *user, const char *realm)
{
    size_t to = first;
    for (size_t i = first; i < file->count; i++) {
        if (is_of(&file->lines[i], user, realm))
            clear_line(&file->lines[i]);
        else
            file->lines[to++] = file->lines[i];
    }
    bool removed = to != file->count;
    file->count = to;
    return removed;
}

int htdigest_set(struct htdigest *file, const char *user, const char *realm, enum digest_algorithm algorithm,
                 const void *password, size_t len, bool *changed, struct error *e)
{
    int code = htdigest_check(user, realm, algorithm, e);
    if (code != 0)
        return code;
    char ha1[DIGEST_HEX];
    digest_ha1(algorithm, user, realm, password, len, ha1);
    struct buf text = {.secret = true};
    buf_printf(&text, "%s:%s:%s", user, realm, ha1);
    secret_wipe(ha1, sizeof ha1);

    size_t at = 0;
    while (at < file->count && !is_of(&file->lines[at], user, realm))
        at++;
    *changed = at < file->count;
    if (*changed) {
        clear_line(&file->lines[at]);
        file->lines[at].text = cut(buf_text(&text), text.len);
        take_apart(&file->lines[at]);
        remove_from(file, at + 1, user, realm);
    } else {
        add_line(file, buf_text(&text), text.len);
    }
    buf_free(&text);
    return 0;
}

bool htdigest_delete(struct htdigest *file, const char *user, const char *realm)
{
    return remove_from(file, 0, user, realm);
}
