/* See extension.h. */
#include "pki/extension.h"

#include <mbedtls/asn1.h>

#include <string.h>

#define OID(bytes)                                                                                           \
    {                                                                                                        \
        bytes, sizeof(bytes) - 1                                                                             \
    }

/* id-ce (2.5.29) and the number of each: RFC 5280 section 4.2.1. */
const struct pki_oid PKI_OID_SUBJECT_KEY = OID("\x55\x1d\x0e"), PKI_OID_AUTHORITY_KEY = OID("\x55\x1d\x23"),
                     PKI_OID_KEY_USAGE = OID("\x55\x1d\x0f"),
                     PKI_OID_EXTENDED_KEY_USAGE = OID("\x55\x1d\x25"),
                     PKI_OID_ALTERNATIVE_NAME = OID("\x55\x1d\x11");

enum { SEQUENCE = MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE };

/* One Extension: OID, maybe BOOLEAN critical, OCTET STRING. */
static bool read_one(unsigned char *p, const unsigned char *end, const struct pki_oid *oid,
                     struct pki_extension *extension)
{
    size_t len;
    int critical = 0;
    if (mbedtls_asn1_get_tag(&p, end, &len, MBEDTLS_ASN1_OID) != 0 || len != oid->len ||
        memcmp(p, oid->bytes, len) != 0)
        return false;
    p += len;
    mbedtls_asn1_get_bool(&p, end, &critical); /* absent: false */
    if (mbedtls_asn1_get_tag(&p, end, &len, MBEDTLS_ASN1_OCTET_STRING) != 0)
        return false;
    *extension = (struct pki_extension){critical != 0, p, len};
    return true;
}

bool pki_extension_find(const mbedtls_x509_crt *cert, const struct pki_oid *oid,
                        struct pki_extension *extension)
{
    unsigned char *p = cert->v3_ext.p;
    size_t len;
    if (p == NULL || mbedtls_asn1_get_tag(&p, p + cert->v3_ext.len, &len, SEQUENCE) != 0)
        return false;
    const unsigned char *end = p + len;
    while (p < end && mbedtls_asn1_get_tag(&p, end, &len, SEQUENCE) == 0) {
        if (read_one(p, p + len, oid, extension))
            return true;
        p += len;
    }
    return false;
}
