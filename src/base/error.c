/* Error type: see error.h. */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    int code, status;
    const char *name;
} codes[] = {
    {ERR_NONE,        0,   "ok"           },
    {ERR_REFUSED,     1,   "refused"      },
    {ERR_USAGE,       2,   "usage"        },
    {ERR_CONNECTION,  3,   "no-connection"},
    {ERR_CONSENT,     4,   "no-consent"   },
    {ERR_READBACK,    5,   "readback"     },
    {ERR_EXPECT,      6,   "expect"       },
    {ERR_INTERRUPTED, 130, "interrupted"  },
};

/* Cuts a half UTF-8 character that vsnprintf left at the end of a full buffer. */
static void trim_utf8(char *s, size_t size)
{
    size_t n = strlen(s);
    if (n + 1 < size)
        return;
    size_t i = n;
    while (i > 0 && ((unsigned char)s[i - 1] & 0xC0) == 0x80)
        i--;
    if (i > 0 && (unsigned char)s[i - 1] >= 0xC0)
        s[i - 1] = '\0';
}

static void put_text(char *to, size_t size, const char *format, va_list ap)
{
    vsnprintf(to, size, format, ap);
    trim_utf8(to, size);
}

static void begin(struct error *e, int code, const char *format, va_list ap)
{
    error_clear(e);
    e->code = code;
    put_text(e->message, sizeof e->message, format, ap);
}

int error_set(struct error *e, int code, const char *format, ...)
{
    if (e == NULL)
        return code;
    va_list ap;
    va_start(ap, format);
    begin(e, code, format, ap);
    va_end(ap);
    return code;
}

int error_set_errno(struct error *e, int code, const char *format, ...)
{
    int saved = errno;
    if (e == NULL)
        return code;
    va_list ap;
    va_start(ap, format);
    begin(e, code, format, ap);
    va_end(ap);
    size_t n = strlen(e->message);
    snprintf(e->message + n, sizeof e->message - n, ": %s", strerror(saved));
    return code;
}

int error_next(struct error *e, const char *format, ...)
{
    if (e == NULL)
        return ERR_REFUSED;
    va_list ap;
    va_start(ap, format);
    put_text(e->next, sizeof e->next, format, ap);
    va_end(ap);
    return e->code;
}

int error_prefix(struct error *e, const char *format, ...)
{
    if (e == NULL)
        return ERR_REFUSED;
    char old[sizeof e->message];
    memcpy(old, e->message, sizeof old);
    va_list ap;
    va_start(ap, format);
    put_text(e->message, sizeof e->message, format, ap);
    va_end(ap);
    size_t n = strlen(e->message);
    snprintf(e->message + n, sizeof e->message - n, ": %s", old);
    trim_utf8(e->message, sizeof e->message);
    return e->code;
}

void error_clear(struct error *e)
{
    if (e != NULL)
        memset(e, 0, sizeof *e);
}

int error_exit_status(int code)
{
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i].code == code)
            return codes[i].status;
    return 1;
}

const char *error_name(int code)
{
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i].code == code)
            return codes[i].name;
    return "refused";
}
