/* A private key's DER, whatever kind of structure it is. */
#ifndef PKI_DER_KEY_H
#define PKI_DER_KEY_H

#include "base/error.h"
#include "base/secret.h"
#include "pki/algorithm.h"

/* Reads SEC 1 ECPrivateKey (RFC 5915) or PKCS#8 PrivateKeyInfo (RFC 5208); anything else that is a known
 * structure is refused by its name. `curve` is the one of an EC PARAMETERS block before it, or NULL. form
 * gets mos's name of the structure. */
int pki_der_key_read(const uint8_t *der, size_t len, const struct pki_key_kind *curve, const char *name,
                     struct secret *scalar, char form[32], struct error *e);

/* Scalar from big-endian bytes, left-padded to 32; refuses more than 32, zero, and the order or more. */
int pki_scalar_take(const uint8_t *bytes, size_t len, const char *name, struct secret *scalar,
                    struct error *e);

#endif
