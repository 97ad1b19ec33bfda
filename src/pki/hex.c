/* Hex text: see hex.h. */
#include "pki/hex.h"
#include "pki/key.h"
#include "pki/pem.h"

#include <ctype.h>
#include <string.h>

bool pki_is_text(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!isprint((unsigned char)text[i]) && !isspace((unsigned char)text[i]))
            return false;
    return true;
}

static unsigned value_of(char digit)
{
    return digit <= '9' ? (unsigned)digit - '0' : ((unsigned)digit | 0x20) - 'a' + 10;
}

static bool is_0x(const char *p, const char *end)
{
    return end - p >= 2 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X');
}

/* Returns the line of the first character that does not belong, 0 if there is none. A byte's two digits stand
 * together: "a b" is two halves. */
static size_t collect(const char *p, const char *end, struct secret *bytes, bool *half)
{
    size_t line = 1;
    bytes->len = 0;
    *half = false;
    while (p < end && !*half) {
        if (isspace((unsigned char)*p)) {
            line += *p++ == '\n';
        } else if (is_0x(p, end)) {
            p += 2;
            *half = p == end || !isxdigit((unsigned char)*p);
        } else if (!isxdigit((unsigned char)*p)) {
            return line;
        } else {
            *half = end - p < 2 || isspace((unsigned char)p[1]);
            if (!*half && !isxdigit((unsigned char)p[1]))
                return line;
            if (!*half)
                bytes->data[bytes->len++] = (uint8_t)(value_of(p[0]) << 4 | value_of(p[1]));
            p += 2;
        }
    }
    return *half ? line : 0;
}

int pki_hex_read(const char *text, size_t len, const char *name, struct secret *bytes, struct error *e)
{
    if (pem_is(text, len))
        return error_set(e, ERR_REFUSED, "%s: it is a PEM file, where hex digits belong", name);
    bool half;
    secret_new(bytes, len / 2 + 1);
    size_t line = collect(text, text + len, bytes, &half);
    if (line == 0 && bytes->len > 0)
        return 0;
    bool empty = line == 0;
    secret_free(bytes);
    if (empty)
        return error_set(e, ERR_REFUSED, "%s: the file is empty", name);
    if (half)
        return error_set(e, ERR_REFUSED, "%s, line %zu: half a byte: hex digits come in pairs", name, line);
    return error_set(e, ERR_REFUSED, "%s, line %zu: not a hex digit: the text is no key in hex", name, line);
}

int pki_symmetric_read(const char *text, size_t len, const char *name, size_t max, struct secret *key,
                       struct error *e)
{
    enum { BLOCK = 32 };
    struct secret bytes = SECRET_INIT;
    int code = pki_hex_read(text, len, name, &bytes, e);
    if (code == 0 && bytes.len % BLOCK != 0) {
        code = error_set(e, ERR_REFUSED, "%s: the key has %zu bytes, and must have a multiple of %d", name,
                         bytes.len, BLOCK);
        error_next(e, "make one: openssl rand -hex %d > FILE.", BLOCK);
    } else if (code == 0 && bytes.len > max) {
        code = error_set(e, ERR_REFUSED, "%s: the key has %zu bytes, there is room for %zu", name, bytes.len,
                         max);
    }
    if (code == 0)
        secret_set(key, bytes.data, bytes.len);
    secret_free(&bytes);
    return code;
}
