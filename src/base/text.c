/* Text codecs: see text.h. */
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void text_hex(const uint8_t *bytes, size_t len, char *to)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        *to++ = digits[bytes[i] >> 4];
        *to++ = digits[bytes[i] & 15];
    }
    *to = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int text_unhex(const char *s, size_t n, bool loose, uint8_t *to, size_t max)
{
    size_t count = 0;
    for (size_t i = 0; i < n;) {
        if (loose && isspace((unsigned char)s[i])) {
            i++;
            continue;
        }
        if (loose && s[i] == '0' && i + 1 < n && (s[i + 1] == 'x' || s[i + 1] == 'X')) {
            i += 2;
            continue;
        }
        int high = hex_digit(s[i]), low = i + 1 < n ? hex_digit(s[i + 1]) : -1;
        if (high < 0 || low < 0 || count == max)
            return -1;
        to[count++] = (uint8_t)(high << 4 | low);
        i += 2;
    }
    return (int)count;
}

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void text_base64(const void *bytes, size_t len, struct buf *to)
{
    const uint8_t *p = bytes;
    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        uint32_t v =
            (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) | (left > 2 ? p[i + 2] : 0);
        char quad[4] = {base64_digits[v >> 18], base64_digits[v >> 12 & 63],
                        left > 1 ? base64_digits[v >> 6 & 63] : '=', left > 2 ? base64_digits[v & 63] : '='};
        buf_add(to, quad, 4);
    }
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int text_unbase64(const char *s, size_t n, struct buf *to)
{
    if (n % 4 != 0)
        return -1;
    size_t start = to->len;
    for (size_t i = 0; i < n; i += 4) {
        bool last = i + 4 == n;
        int pad = last && s[i + 3] == '=' ? (s[i + 2] == '=' ? 2 : 1) : 0;
        int v = 0;
        for (int k = 0; k < 4; k++) {
            int d = k >= 4 - pad ? 0 : base64_value(s[i + k]);
            if (d < 0) {
                to->len = start;
                return -1;
            }
            v = v << 6 | d;
        }
        uint8_t out[3] = {(uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
        buf_add(to, out, (size_t)(3 - pad));
    }
    return 0;
}

/* One character of well-formed UTF-8 (RFC 3629) at s; returns its length and sets *cp, or 0. */
static size_t utf8_char(const unsigned char *s, size_t n, uint32_t *cp)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = s[0] < 0x80                   ? 1
                 : s[0] >= 0xC2 && s[0] < 0xE0 ? 2
                 : s[0] >= 0xE0 && s[0] < 0xF0 ? 3
                 : s[0] >= 0xF0 && s[0] < 0xF5 ? 4
                                               : 0;
    if (len == 0 || len > n)
        return 0;
    uint32_t v = len == 1 ? s[0] : s[0] & (0x7Fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((s[i] & 0xC0) != 0x80)
            return 0;
        v = v << 6 | (s[i] & 0x3F);
    }
    if (v < least[len] || v > 0x10FFFF || (v >= 0xD800 && v <= 0xDFFF))
        return 0;
    *cp = v;
    return len;
}

/* Characters that draw nothing or reorder what is around them (Unicode: bidi controls, zero width, tags,
 * variation selectors, interlinear marks, soft hyphen, line and paragraph separators). */
static bool is_invisible(uint32_t cp)
{
    static const struct {
        uint32_t from, to;
    } ranges[] = {
        {0x00AD,  0x00AD  },
        {0x034F,  0x034F  },
        {0x061C,  0x061C  },
        {0x115F,  0x1160  },
        {0x17B4,  0x17B5  },
        {0x180B,  0x180F  },
        {0x200B,  0x200F  },
        {0x2028,  0x202E  },
        {0x2060,  0x206F  },
        {0x3164,  0x3164  },
        {0xFE00,  0xFE0F  },
        {0xFEFF,  0xFEFF  },
        {0xFFA0,  0xFFA0  },
        {0xFFF0,  0xFFFB  },
        {0x1BCA0, 0x1BCA3 },
        {0x1D173, 0x1D17A },
        {0xE0000, 0xE0FFF },
        {0xE000,  0xF8FF  },
        {0xF0000, 0x10FFFF},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (cp >= ranges[i].from && cp <= ranges[i].to)
            return true;
    return false;
}

void text_printable(const char *s, size_t n, bool newlines, size_t max, struct buf *to)
{
    const unsigned char *p = (const unsigned char *)s;
    size_t end = max && n > max ? max : n;
    for (size_t i = 0; i < end;) {
        uint32_t cp;
        size_t len = utf8_char(p + i, n - i, &cp);
        if (len == 0) {
            buf_printf(to, "\\x%02x", p[i]);
            i++;
            continue;
        }
        if (cp == '\t' || (cp == '\n' && newlines) ||
            (cp >= 0x20 && cp != 0x7F && (cp < 0x80 || cp >= 0xA0) && !is_invisible(cp)))
            buf_add(to, p + i, len);
        else if (cp < 0x100)
            buf_printf(to, "\\x%02x", (unsigned)cp);
        else
            buf_printf(to, "\\u{%04x}", (unsigned)cp);
        i += len;
    }
    if (end < n)
        buf_add_text(to, "…");
}

/* Length of the sequence "ESC [ digits ; … m" at s, 0 for anything else (ECMA-48 section 8.3.117, SGR). */
static size_t colour_sequence(const char *s, size_t n)
{
    size_t i = 2;
    if (n < 3 || s[0] != '\033' || s[1] != '[')
        return 0;
    while (i < n && ((s[i] >= '0' && s[i] <= '9') || s[i] == ';'))
        i++;
    return i < n && s[i] == 'm' ? i + 1 : 0;
}

void text_printable_log(const char *s, size_t n, size_t max, struct buf *to)
{
    struct buf plain = BUF_INIT;
    for (size_t i = 0; i < n;) {
        size_t skip = colour_sequence(s + i, n - i);
        if (skip == 0)
            buf_add_byte(&plain, (uint8_t)s[i]);
        i += skip ? skip : 1;
    }
    text_printable(buf_text(&plain), plain.len, false, max, to);
    buf_free(&plain);
}

const char *text_safe(const char *s, char *to, size_t size)
{
    struct buf b = BUF_INIT;
    size_t n = strlen(s);
    text_printable(s, n, false, size, &b);
    size_t keep = b.len < size ? b.len : size - 1;
    while (keep < b.len && keep > 0 && (b.data[keep] & 0xC0) == 0x80)
        keep--;
    memcpy(to, buf_text(&b), keep);
    to[keep] = '\0';
    buf_free(&b);
    return to;
}

unsigned text_distance(const char *a, const char *b)
{
    size_t na = strlen(a), nb = strlen(b);
    if (na > 63 || nb > 63)
        return 64;
    unsigned row[64];
    for (size_t j = 0; j <= nb; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= na; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= nb; j++) {
            unsigned same = tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]) ? 0 : 1;
            unsigned best = diagonal + same;
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[nb];
}

int text_number(const char *s, uint64_t max, uint64_t *value)
{
    if (!isdigit((unsigned char)s[0]))
        return -1;
    bool hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
    if (hex && !isxdigit((unsigned char)s[2]))
        return -1;
    char *end;
    errno = 0;
    unsigned long long v = strtoull(hex ? s + 2 : s, &end, hex ? 16 : 10);
    if (errno != 0 || *end != '\0' || v > max)
        return -1;
    *value = v;
    return 0;
}

bool text_starts(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *s, const char *suffix)
{
    size_t n = strlen(s), m = strlen(suffix);
    return n >= m && strcasecmp(s + n - m, suffix) == 0;
}
