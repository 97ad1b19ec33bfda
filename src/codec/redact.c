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
