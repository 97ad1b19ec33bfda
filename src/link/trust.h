/* Trust store found on demand. A bundle of roots is read through once, a block at a time, and only those
 * certificates and CRLs are parsed and kept whose name some certificate of the chain gives as its issuer.
 * What is kept is a trust anchor whatever its own issuer is, as everywhere in mbedTLS, so one reading is
 * enough. */
#ifndef LINK_TRUST_H
#define LINK_TRUST_H

#include "base/error.h"

#include <mbedtls/x509_crl.h>
#include <mbedtls/x509_crt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Debian's, where --ca-cert-file names none. */
#define TRUST_SYSTEM_BUNDLE "/etc/ssl/certs/ca-certificates.crt"

struct trust {
    const char *path;       /* borrowed */
    mbedtls_x509_crt roots; /* the anchors; the list may hold none, and certificates that are no CA */
    mbedtls_x509_crl lists;
    size_t certificates; /* in the whole bundle */
    size_t kept, kept_lists;
    size_t broken; /* blocks that are no certificate or CRL */
};

/* Finds the anchors that `chain` (a certificate and those behind it) can need. ERR_REFUSED when the bundle
 * cannot be read or holds no certificate. `t` is fresh from trust_init; trust_free in every case. */
void trust_init(struct trust *t);
int trust_find(const char *path, const mbedtls_x509_crt *chain, struct trust *t, struct error *e);
void trust_free(struct trust *t);

/* Are two DER-encoded names the same? As in RFC 5280 section 7.1 as far as mbedTLS goes: letters' case in
 * PrintableString and UTF8String, and which of these two it is, do not count. */
bool trust_same_name(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);

#endif
