/* Names of secrets: see redact.h. */
#include "codec/redact.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What names of Mongoose OS's configuration end in when their value is a secret. `whole`: only as the entire
 * last part, for http.ssl_key and its like hold a file's name or ATCA:SLOT. */
static const struct {
    const char *name;
    bool whole;
} names[] = {
    {"pass",     false},
    {"passwd",   false},
    {"password", false},
    {"psk",      false},
    {"psk_key",  false},
    {"secret",   false},
    {"token",    false},
    {"sas",      false},
    {"key",      true },
    {"license",  true },
};

enum { NAMES = sizeof names / sizeof names[0] };

bool redact_is_secret(const char *path)
{
    size_t len = strcspn(path, "=");
    const char *dot = memrchr(path, '.', len);
    const char *last = dot != NULL ? dot + 1 : path;
    size_t n = len - (size_t)(last - path);
    for (size_t i = 0; i < NAMES; i++) {
        size_t m = strlen(names[i].name);
        if ((names[i].whole ? n == m : n >= m) && strncasecmp(last + n - m, names[i].name, m) == 0)
            return true;
    }
    return false;
}

bool redact_holds_secret(const char *json)
{
    for (size_t i = 0; i < NAMES; i++) {
        char member[16];
        snprintf(member, sizeof member, "%s\"", names[i].name);
        if (strcasestr(json, member) != NULL)
            return true;
    }
    return false;
}

/* --- log lines ------------------------------------------------------------------------------------------ */

/* Members of frames that tell one, or hold a file or a login. Not only "key", also what ends in it: wkey. */
static const char *const frame_members[] = {"method", "args", "data", "auth", "config", "key"};

static bool name_ends_at(const char *line, size_t at, const char *name)
{
    size_t n = strlen(name);
    return at >= n && strncasecmp(line + at - n, name, n) == 0;
}

/* Whether the quote at line[at] ends a member's name, "key": or \"key\": in a text, that tells a frame. */
static bool is_member(const char *line, size_t len, size_t at)
{
    size_t colon = at + 1;
    while (colon < len && line[colon] == ' ')
        colon++;
    if (colon == len || line[colon] != ':')
        return false;
    while (at > 0 && line[at - 1] == '\\')
        at--;
    for (size_t i = 0; i < NAMES; i++)
        if (name_ends_at(line, at, names[i].name))
            return true;
    for (size_t i = 0; i < sizeof frame_members / sizeof frame_members[0]; i++)
        if (name_ends_at(line, at, frame_members[i]))
            return true;
    return false;
}

static bool quotes_frame(const char *line, size_t len)
{
    static const char said[] = "FRAME"; /* the firmware's RPC log: GOT FRAME, SEND FRAME */
    const char *frame = memmem(line, len, said, sizeof said - 1);
    if (frame != NULL && memchr(frame, '{', len - (size_t)(frame - line)) != NULL)
        return true;
    for (size_t i = 0; i < len; i++)
        if (line[i] == '"' && is_member(line, len, i))
            return true;
    return false;
}

/* Whether the piece of JSON ends before its last bracket or inside a text. */
static bool is_unfinished(const char *json, size_t len)
{
    bool text = false;
    long depth = 0;
    for (size_t i = 0; i < len; i++) {
        if (text && json[i] == '\\')
            i++;
        else if (json[i] == '"')
            text = !text;
        else if (!text)
            depth += (json[i] == '{') - (json[i] == '}');
    }
    return text || depth > 0;
}

/* A log line of its own has words; the middle of a frame has quotes, brackets or no space at all. */
static bool goes_on(const char *line, size_t len)
{
    return memchr(line, '"', len) != NULL || memchr(line, '}', len) != NULL || memchr(line, ' ', len) == NULL;
}

size_t redact_log_line(const char *line, size_t len, bool *open)
{
    if (*open && goes_on(line, len)) {
        *open = memchr(line, '}', len) == NULL;
        return 0;
    }
    *open = false;
    if (!quotes_frame(line, len))
        return len;
    size_t at = 0;
    while (line[at] != '{' && line[at] != '"')
        at++;
    *open = is_unfinished(line + at, len - at);
    return at;
}
