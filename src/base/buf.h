/* A growable run of bytes, always followed by a NUL that is not counted, so `data` can be used as a string.
 *
 * Ownership: buf_free releases the bytes; a buf marked secret is wiped on every growth and on free.
 * Running out of memory ends the program (mem_alloc): nothing of ours can go on meaningfully without it. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
    uint8_t *data; /* NULL while empty and never grown; else data[len] == 0 */
    size_t len, cap;
    bool secret; /* wipe before giving memory back */
};

#define BUF_INIT ((struct buf){0})

void *mem_alloc(size_t size);           /* zeroed; never NULL */
void *mem_grow(void *old, size_t size); /* realloc; never NULL */
char *mem_string(const char *s);        /* strdup; never NULL; s == NULL gives "" */
char *mem_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_add_byte(struct buf *b, uint8_t byte);
void buf_add_text(struct buf *b, const char *text);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *format, va_list ap);
void buf_drop_front(struct buf *b, size_t len); /* forgets the first len bytes (at most all) */
void buf_clear(struct buf *b);                  /* length 0, memory kept; wiped if secret */
void buf_free(struct buf *b);                   /* back to BUF_INIT (secret is kept) */
const char *buf_text(const struct buf *b);      /* never NULL */
char *buf_take(struct buf *b); /* hands the string to the caller, who frees it; b is empty after */

#endif
