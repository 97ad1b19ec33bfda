/* The outer structure of requests and certificates: SEQUENCE {to-be-signed, algorithm, BIT STRING signature}
 * (RFC 5280 section 4.1, RFC 2986 section 4.2), and the key that mbedTLS writes it with for a signer whose
 * private key nobody has. */
#ifndef PKI_OUTER_H
#define PKI_OUTER_H

#include "base/buf.h"
#include "pki/mbed.h"
#include "pki/signer.h"

/* A key with the signer's public point and a throwaway private one. Free with mbedtls_pk_free in every case.
 */
int pki_stand_in(const struct pki_signer *signer, mbedtls_pk_context *key, struct error *e);

/* The same to-be-signed bytes with the signer's own signature (ecdsa-with-SHA256), checked before it is given
 * out. */
int pki_sign_again(const uint8_t *der, size_t len, const struct pki_signer *signer, struct buf *to,
                   struct error *e);

#endif
