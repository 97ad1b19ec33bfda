/* PEM (RFC 7468): blocks in a text, in order; whatever stands between them is skipped. */
#ifndef PKI_PEM_H
#define PKI_PEM_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum { PEM_LABEL_SIZE = 64 };

struct pem_block {
    char label[PEM_LABEL_SIZE]; /* "EC PRIVATE KEY" */
    bool encrypted;             /* has "Proc-Type: 4,ENCRYPTED" (RFC 1421): der is empty then */
    struct buf der;             /* secret */
};

/* The next block from *at on, which moves behind it. 1: found; 0: none left; ERR_REFUSED: a block without
 * end, or whose base64 is damaged; `name` stands in the message. Free with pem_block_free after 1. */
int pem_next(const char **at, const char *end, const char *name, struct pem_block *block, struct error *e);
void pem_block_free(struct pem_block *block);

bool pem_is(const char *text, size_t len); /* holds the beginning of a block */

void pem_write(const char *label, const uint8_t *der, size_t len, struct buf *to);

#endif
