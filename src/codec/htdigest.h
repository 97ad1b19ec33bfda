/* Password files for digest authentication: lines user:realm:HA1, as Apache's htdigest writes them. Pure.
 * Source: Apache's htdigest; the device's own limit on a line from the public mongoose sources
 * (doc/protocols.md, "Authentication").
 *
 * Whatever is no such line (comments, empty lines, what nobody knows) is kept as it is. An HA1 is as good as
 * the password for its realm: text is kept in memory that is wiped. */
#ifndef CODEC_HTDIGEST_H
#define CODEC_HTDIGEST_H

#include "base/buf.h"
#include "base/error.h"
#include "codec/digest.h"

#include <stdbool.h>
#include <stddef.h>

/* A device reads lines into 128 bytes, with newline and zero: longer ones fall apart there. */
enum { HTDIGEST_LINE_MAX = 126, HTDIGEST_FILE_MAX = 1 << 20 };

struct htdigest_line {
    char *text;                      /* the whole line without its newline */
    char *user, *realm, *ha1;        /* NULL: not an entry */
    enum digest_algorithm algorithm; /* by the HA1's length */
};

struct htdigest {
    struct htdigest_line *lines;
    size_t count;
};

#define HTDIGEST_INIT ((struct htdigest){0})

/* Never fails: what is not understood is kept. */
void htdigest_parse(const char *text, size_t len, struct htdigest *file);
void htdigest_free(struct htdigest *file);                       /* wipes */
void htdigest_text(const struct htdigest *file, struct buf *to); /* to->secret is set */

/* The line that a device takes for this user: the first of that user and realm. NULL: none. */
const struct htdigest_line *htdigest_find(const struct htdigest *file, const char *user, const char *realm);

/* A user or realm that cannot stand in such a file (empty, ':', control characters), or a line that no device
 * reads. ERR_USAGE. */
int htdigest_check(const char *user, const char *realm, enum digest_algorithm algorithm, struct error *e);

/* Adds the user, or changes his password; further lines of the same user and realm go. *changed says which.
 * ERR_USAGE as htdigest_check. */
int htdigest_set(struct htdigest *file, const char *user, const char *realm, enum digest_algorithm algorithm,
                 const void *password, size_t len, bool *changed, struct error *e);
/* False when there was none. */
bool htdigest_delete(struct htdigest *file, const char *user, const char *realm);

#endif
