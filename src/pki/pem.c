/* PEM: see pem.h. */
#include "pki/pem.h"
#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char begin[] = "-----BEGIN ", dashes[] = "-----";
enum { BASE64_LINE = 64 };

static const char *find(const char *from, const char *end, const char *what)
{
    return memmem(from, (size_t)(end - from), what, strlen(what));
}

bool pem_is(const char *text, size_t len)
{
    return find(text, text + len, begin) != NULL;
}

/* Decodes what stands between the lines of dashes. Header lines "Name: value" (RFC 1421) end with an empty
 * line. */
static bool decode(const char *body, const char *end, struct pem_block *block)
{
    struct buf packed = {.secret = true};
    const char *blank = find(body, end, ":") ? find(body, end, "\n\n") : NULL;
    if (blank == NULL && find(body, end, ":"))
        blank = find(body, end, "\r\n\r\n");
    if (blank != NULL) {
        block->encrypted = find(body, blank, "ENCRYPTED") != NULL;
        body = blank;
    }
    for (; body < end; body++)
        if (!isspace((unsigned char)*body))
            buf_add_byte(&packed, (uint8_t)*body);
    bool good = block->encrypted ||
                (packed.len > 0 && text_unbase64(buf_text(&packed), packed.len, &block->der) == 0);
    buf_free(&packed);
    return good;
}

static int read_block(const char *label, const char *label_end, const char **at, const char *end,
                      const char *name, struct pem_block *block, struct error *e)
{
    snprintf(block->label, sizeof block->label, "%.*s", (int)(label_end - label), label);
    char *last = mem_printf("-----END %s-----", block->label);
    const char *stop = find(label_end, end, last);
    char safe[PEM_LABEL_SIZE * 4];
    text_safe(block->label, safe, sizeof safe);
    int code = 1;
    if (stop == NULL)
        code = error_set(e, ERR_REFUSED, "%s: its block \"%s\" has no END line: the file is cut off", name,
                         safe);
    else if (!decode(label_end + strlen(dashes), stop, block))
        code = error_set(e, ERR_REFUSED, "%s: the base64 text of its block \"%s\" is damaged", name, safe);
    *at = stop ? stop + strlen(last) : end;
    free(last);
    return code;
}

int pem_next(const char **at, const char *end, const char *name, struct pem_block *block, struct error *e)
{
    *block = (struct pem_block){.der = {.secret = true}};
    const char *label = find(*at, end, begin);
    if (label == NULL) {
        *at = end;
        return 0;
    }
    label += strlen(begin);
    const char *label_end = find(label, end, dashes);
    if (label_end == NULL || label_end - label >= PEM_LABEL_SIZE) {
        *at = end;
        return error_set(e, ERR_REFUSED, "%s: its line \"-----BEGIN …\" is damaged", name);
    }
    int code = read_block(label, label_end, at, end, name, block, e);
    if (code != 1)
        pem_block_free(block);
    return code;
}

void pem_block_free(struct pem_block *block)
{
    buf_free(&block->der);
}

void pem_write(const char *label, const uint8_t *der, size_t len, struct buf *to)
{
    struct buf text = BUF_INIT;
    text_base64(der, len, &text);
    buf_printf(to, "-----BEGIN %s-----\n", label);
    for (size_t i = 0; i < text.len; i += BASE64_LINE)
        buf_printf(to, "%.*s\n", BASE64_LINE, buf_text(&text) + i);
    buf_printf(to, "-----END %s-----\n", label);
    buf_free(&text);
}
