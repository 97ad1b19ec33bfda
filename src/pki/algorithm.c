/* Kinds of keys: see algorithm.h. Sources of the OIDs: RFC 5480 (P curves), RFC 8410 (Ed, X), RFC 8017 (RSA),
 * RFC 5639 (brainpool), SEC 2 (secp256k1), RFC 3279 (DSA). */
#include "pki/algorithm.h"

#include <mbedtls/asn1.h>
#include <mbedtls/oid.h>

#include <stdio.h>
#include <string.h>

struct oid_name {
    const char *name;
    const char *oid;
    size_t len;
};
#define OID(name, bytes)                                                                                     \
    {                                                                                                        \
        name, bytes, sizeof(bytes) - 1                                                                       \
    }

static const struct oid_name curves[] = {
    OID("P-256", "\x2a\x86\x48\xce\x3d\x03\x01\x07"),
    OID("P-192", "\x2a\x86\x48\xce\x3d\x03\x01\x01"),
    OID("P-224", "\x2b\x81\x04\x00\x21"),
    OID("P-384", "\x2b\x81\x04\x00\x22"),
    OID("P-521", "\x2b\x81\x04\x00\x23"),
    OID("secp256k1", "\x2b\x81\x04\x00\x0a"),
    OID("brainpoolP256r1", "\x2b\x24\x03\x03\x02\x08\x01\x01\x07"),
    OID("brainpoolP384r1", "\x2b\x24\x03\x03\x02\x08\x01\x01\x0b"),
    OID("brainpoolP512r1", "\x2b\x24\x03\x03\x02\x08\x01\x01\x0d"),
};

static const char ec_public_key[] = "\x2a\x86\x48\xce\x3d\x02\x01";

static const struct oid_name algorithms[] = {
    OID("RSA", "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"),
    OID("RSA-PSS", "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"),
    OID("DSA", "\x2a\x86\x48\xce\x38\x04\x01"),
    OID("X25519", "\x2b\x65\x6e"),
    OID("X448", "\x2b\x65\x6f"),
    OID("Ed25519", "\x2b\x65\x70"),
    OID("Ed448", "\x2b\x65\x71"),
};

static void set_name(struct pki_key_kind *kind, const struct oid_name *table, size_t count,
                     const uint8_t *oid, size_t len)
{
    for (size_t i = 0; i < count; i++) {
        if (table[i].len == len && memcmp(table[i].oid, oid, len) == 0) {
            snprintf(kind->name, sizeof kind->name, "%s", table[i].name);
            return;
        }
    }
    char dotted[48] = "?";
    mbedtls_asn1_buf buf = {.tag = MBEDTLS_ASN1_OID, .len = len, .p = (unsigned char *)oid};
    mbedtls_oid_get_numeric_string(dotted, sizeof dotted, &buf);
    snprintf(kind->name, sizeof kind->name, "of kind %s", dotted);
}

void pki_curve_read(const uint8_t *der, size_t len, struct pki_key_kind *kind)
{
    unsigned char *p = (unsigned char *)der;
    const unsigned char *end = der + len;
    size_t n = 0;
    *kind = (struct pki_key_kind){.algorithm = PKI_NO_CURVE, .name = "EC"};
    if (len > 0 && *p == (MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE)) {
        kind->algorithm = PKI_EXPLICIT_CURVE;
    } else if (mbedtls_asn1_get_tag(&p, end, &n, MBEDTLS_ASN1_OID) == 0) {
        set_name(kind, curves, sizeof curves / sizeof curves[0], p, n);
        kind->algorithm = strcmp(kind->name, curves[0].name) == 0 ? PKI_P256 : PKI_OTHER;
    }
}

void pki_algorithm_read(const uint8_t *der, size_t len, struct pki_key_kind *kind)
{
    unsigned char *p = (unsigned char *)der;
    const unsigned char *end = der + len;
    size_t n = 0;
    *kind = (struct pki_key_kind){.algorithm = PKI_OTHER, .name = "of an unreadable kind"};
    if (mbedtls_asn1_get_tag(&p, end, &n, MBEDTLS_ASN1_OID) != 0)
        return;
    if (n == sizeof ec_public_key - 1 && memcmp(p, ec_public_key, n) == 0)
        pki_curve_read(p + n, (size_t)(end - p) - n, kind);
    else
        set_name(kind, algorithms, sizeof algorithms / sizeof algorithms[0], p, n);
}
