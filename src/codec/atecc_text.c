/* The configuration zone as text: see atecc_text.h. YAML and JSON are in atecc_print.c and atecc_parse.c. */
#include "codec/atecc_text.h"

#include "base/text.h"
#include "codec/atecc_parse.h"
#include "codec/atecc_print.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Far above any configuration with comments (mos prints 7 to 10 KB). */
enum { TEXT_MAX = 256 * 1024 };

static void print_hex(const uint8_t *raw, struct buf *to)
{
    for (unsigned i = 0; i < ATECC_CONFIG_SIZE; i++) {
        bool last = i == ATECC_CONFIG_SIZE - 1;
        buf_printf(to, "0x%02x%s%s", raw[i], last ? "" : ", ", i % 4 == 3 ? "\n" : "");
    }
}

static bool is_between(char c)
{
    return c != '\0' && strchr(" \t\r\n,", c) != NULL;
}

static int hex_error(const char *text, size_t len, size_t at, const char *name, struct error *e)
{
    struct buf shown = BUF_INIT;
    size_t line, column;
    atecc_text_place(text, at, &line, &column);
    size_t n = 1;
    while (n < 8 && at + n < len && !is_between(text[at + n]))
        n++;
    text_printable(text + at, n, false, 0, &shown);
    error_set(e, ERR_REFUSED,
              "reading %s:%zu:%zu: \"%s\" is not a byte in hex (two digits, 0x before them if you like)",
              name, line, column, buf_text(&shown));
    buf_free(&shown);
    return ERR_REFUSED;
}

/* Bytes as pairs of hex digits, each with 0x before it or not, commas and white space between. */
static int parse_hex(const char *text, size_t len, const char *name, uint8_t *raw, struct error *e)
{
    uint8_t bytes[ATECC_CONFIG_SIZE], byte;
    size_t count = 0;
    for (size_t i = 0; i < len;) {
        if (is_between(text[i])) {
            i++;
            continue;
        }
        size_t digits = i + (len - i >= 2 && strncasecmp(text + i, "0x", 2) == 0 ? 2 : 0);
        if (len - digits < 2 || text_unhex(text + digits, 2, false, &byte, 1) != 1)
            return hex_error(text, len, i, name, e);
        if (count < sizeof bytes)
            bytes[count] = byte;
        count++;
        i = digits + 2;
    }
    if (count != sizeof bytes)
        return error_set(e, ERR_REFUSED, "reading %s: it holds %zu bytes; a chip configuration is %d", name,
                         count, ATECC_CONFIG_SIZE);
    memcpy(raw, bytes, sizeof bytes);
    return 0;
}

static int parse_yaml(const char *text, size_t len, const char *name, uint8_t *raw, struct error *e)
{
    return atecc_parse(text, len, false, name, raw, e);
}

static int parse_json(const char *text, size_t len, const char *name, uint8_t *raw, struct error *e)
{
    return atecc_parse(text, len, true, name, raw, e);
}

static const struct {
    const char *name;
    const char *endings[2];
    void (*print)(const uint8_t *raw, struct buf *to);
    int (*parse)(const char *text, size_t len, const char *name, uint8_t *raw, struct error *e);
} formats[] = {
    [ATECC_YAML] = {"yaml", {".yaml", ".yml"}, atecc_print_yaml, parse_yaml},
    [ATECC_JSON] = {"json", {".json"},         atecc_print_json, parse_json},
    [ATECC_HEX] = {"hex",  {NULL},            print_hex,        parse_hex },
};

enum { FORMATS = sizeof formats / sizeof formats[0] };

int atecc_format_by_name(const char *name)
{
    for (int i = 0; i < FORMATS; i++)
        if (strcasecmp(name, formats[i].name) == 0)
            return i;
    return -1;
}

enum atecc_format atecc_format_by_file(const char *path)
{
    for (int i = 0; i < FORMATS; i++)
        for (int k = 0; k < 2 && formats[i].endings[k] != NULL; k++)
            if (text_ends(path, formats[i].endings[k]))
                return (enum atecc_format)i;
    return ATECC_HEX;
}

void atecc_text_write(const uint8_t raw[ATECC_CONFIG_SIZE], enum atecc_format format, struct buf *to)
{
    formats[format].print(raw, to);
}

int atecc_text_read(const char *text, size_t len, enum atecc_format format, const char *name,
                    uint8_t raw[ATECC_CONFIG_SIZE], struct error *e)
{
    if (len > TEXT_MAX)
        return error_set(e, ERR_REFUSED,
                         "reading %s: it holds %zu bytes; a chip configuration has at most %d", name, len,
                         TEXT_MAX);
    return formats[format].parse(text, len, name, raw, e);
}
