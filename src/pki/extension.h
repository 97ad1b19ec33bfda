/* Extensions of a certificate (RFC 5280 section 4.2), as bytes. */
#ifndef PKI_EXTENSION_H
#define PKI_EXTENSION_H

#include "base/error.h"
#include "pki/mbed.h"

#include <stdbool.h>

struct pki_oid {
    const char *bytes;
    size_t len;
};

extern const struct pki_oid PKI_OID_SUBJECT_KEY, PKI_OID_AUTHORITY_KEY, PKI_OID_KEY_USAGE,
    PKI_OID_EXTENDED_KEY_USAGE, PKI_OID_ALTERNATIVE_NAME;

struct pki_extension {
    bool critical;
    const uint8_t *value; /* contents of its OCTET STRING, inside the certificate */
    size_t len;
};

/* Finds one by its OID; false when the certificate has none. */
bool pki_extension_find(const mbedtls_x509_crt *cert, const struct pki_oid *oid,
                        struct pki_extension *extension);

#endif
