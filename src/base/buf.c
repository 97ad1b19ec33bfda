/* Growable bytes: see buf.h. */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void die_no_memory(void)
{
    static const char text[] = "lockstep: out of memory\n";
    fwrite(text, 1, sizeof text - 1, stderr);
    abort();
}

void *mem_alloc(size_t size)
{
    void *p = calloc(1, size ? size : 1);
    if (p == NULL)
        die_no_memory();
    return p;
}

void *mem_grow(void *old, size_t size)
{
    void *p = realloc(old, size ? size : 1);
    if (p == NULL)
        die_no_memory();
    return p;
}

char *mem_string(const char *s)
{
    if (s == NULL)
        s = "";
    size_t n = strlen(s) + 1;
    return memcpy(mem_alloc(n), s, n);
}

char *mem_printf(const char *format, ...)
{
    struct buf b = BUF_INIT;
    va_list ap;
    va_start(ap, format);
    buf_vprintf(&b, format, ap);
    va_end(ap);
    return buf_take(&b);
}

static void reserve(struct buf *b, size_t more)
{
    if (more > SIZE_MAX / 2 - b->len - 1)
        die_no_memory();
    size_t need = b->len + more + 1;
    if (need <= b->cap)
        return;
    size_t cap = b->cap ? b->cap : 64;
    while (cap < need)
        cap *= 2;
    if (b->secret) { /* realloc could leave a copy behind */
        uint8_t *fresh = mem_alloc(cap);
        if (b->data != NULL) {
            memcpy(fresh, b->data, b->len);
            explicit_bzero(b->data, b->cap);
            free(b->data);
        }
        b->data = fresh;
    } else {
        b->data = mem_grow(b->data, cap);
    }
    b->cap = cap;
}

void buf_add(struct buf *b, const void *bytes, size_t len)
{
    reserve(b, len);
    if (len)
        memcpy(b->data + b->len, bytes, len);
    b->len += len;
    b->data[b->len] = 0;
}

void buf_add_byte(struct buf *b, uint8_t byte)
{
    buf_add(b, &byte, 1);
}

void buf_add_text(struct buf *b, const char *text)
{
    buf_add(b, text, strlen(text));
}

void buf_vprintf(struct buf *b, const char *format, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, format, ap);
    if (n > 0) {
        reserve(b, (size_t)n);
        vsnprintf((char *)b->data + b->len, (size_t)n + 1, format, again);
        b->len += (size_t)n;
    }
    va_end(again);
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    buf_vprintf(b, format, ap);
    va_end(ap);
}

void buf_drop_front(struct buf *b, size_t len)
{
    if (len >= b->len) {
        buf_clear(b);
        return;
    }
    memmove(b->data, b->data + len, b->len - len);
    if (b->secret)
        explicit_bzero(b->data + b->len - len, len);
    b->len -= len;
    b->data[b->len] = 0;
}

void buf_clear(struct buf *b)
{
    if (b->data != NULL) {
        if (b->secret)
            explicit_bzero(b->data, b->cap);
        b->data[0] = 0;
    }
    b->len = 0;
}

void buf_free(struct buf *b)
{
    buf_clear(b);
    free(b->data);
    b->data = NULL;
    b->cap = 0;
}

const char *buf_text(const struct buf *b)
{
    return b->data ? (const char *)b->data : "";
}

char *buf_take(struct buf *b)
{
    char *s = b->data ? (char *)b->data : mem_string("");
    b->data = NULL;
    b->len = b->cap = 0;
    return s;
}
