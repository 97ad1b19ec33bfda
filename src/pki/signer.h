/* Whoever can sign with a P-256 key: a chip's slot or a key in memory. Requests and certificates take one of
 * these. */
#ifndef PKI_SIGNER_H
#define PKI_SIGNER_H

#include "base/error.h"

#include <stdint.h>

struct pki_signer {
    uint8_t point[64]; /* X || Y of the key that signs */
    /* Signs a SHA-256 digest into raw r || s. */
    int (*sign)(void *ctx, const uint8_t digest[32], uint8_t signature[64], struct error *e);
    void *ctx;
};

#endif
