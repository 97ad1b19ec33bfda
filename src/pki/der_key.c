/* Private keys in DER: see der_key.h. */
#include "pki/der_key.h"
#include "pki/key.h"

#include <mbedtls/asn1.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
    SEQUENCE = MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE,
    TAGGED = MBEDTLS_ASN1_CONTEXT_SPECIFIC | MBEDTLS_ASN1_CONSTRUCTED,
    CURVE_TAG = TAGGED | 0, /* RFC 5915: parameters [0], publicKey [1] */
    POINT_TAG = TAGGED | 1,
};

/* n of P-256, FIPS 186-4 D.1.2.3. */
static const uint8_t order[PKI_SCALAR_SIZE] = {
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};

/* What is left of a structure. */
struct der {
    unsigned char *p;
    const unsigned char *end;
};

/* Enters the next element if it has this tag: body is its contents, and d moves behind it. */
static bool take(struct der *d, int tag, struct der *body)
{
    size_t len;
    if (mbedtls_asn1_get_tag(&d->p, d->end, &len, tag) != 0)
        return false;
    *body = (struct der){d->p, d->p + len};
    d->p += len;
    return true;
}

static size_t left(const struct der *d)
{
    return (size_t)(d->end - d->p);
}

int pki_scalar_take(const uint8_t *bytes, size_t len, const char *name, struct secret *scalar,
                    struct error *e)
{
    uint8_t padded[PKI_SCALAR_SIZE] = {0}, any = 0;
    if (len > sizeof padded) {
        error_set(e, ERR_REFUSED, "%s: the key has %zu bytes, a P-256 private key has %d", name, len,
                  PKI_SCALAR_SIZE);
        return ERR_REFUSED;
    }
    if (len > 0)
        memcpy(padded + sizeof padded - len, bytes, len);
    for (size_t i = 0; i < sizeof padded; i++)
        any |= padded[i];
    int code = 0;
    if (any == 0)
        code = error_set(e, ERR_REFUSED, "%s: the key is zero, which is no private key", name);
    else if (memcmp(padded, order, sizeof padded) >= 0)
        code = error_set(e, ERR_REFUSED,
                         "%s: the number is not below the order of P-256, so it is no private key", name);
    else
        secret_set(scalar, padded, sizeof padded);
    secret_wipe(padded, sizeof padded);
    return code;
}

static int refuse_kind(const struct pki_key_kind *kind, const char *name, struct error *e)
{
    static const struct {
        const char *before, *after, *next;
    } sentences[] = {
        [PKI_OTHER] = {"is ",                                                    ", and must be P-256",
                       "make one: openssl ecparam -name prime256v1 -genkey -noout -out key.pem."},
        [PKI_EXPLICIT_CURVE] = {"spells its curve out in numbers instead of naming it: ", "",
                       "convert it: openssl ec -in OLD -param_enc named_curve -out NEW."        },
        [PKI_NO_CURVE] = {"does not say which curve it is on: ",                    "",
                       "take the file it came from, or give the key as 64 hex digits."          },
    };
    error_set(e, ERR_REFUSED, "%s: the key %s%s%s", name, sentences[kind->algorithm].before, kind->name,
              sentences[kind->algorithm].after);
    error_next(e, "%s", sentences[kind->algorithm].next);
    return ERR_REFUSED;
}

static int refuse_damaged(const char *name, struct error *e)
{
    return error_set(e, ERR_REFUSED, "%s: the key's DER structure is damaged", name);
}

/* A public key inside must belong to the private one: a file put together from two keys is caught here. */
static int check_point(const struct der *bits, const struct secret *scalar, const char *name, struct error *e)
{
    uint8_t point[PKI_POINT_SIZE];
    int code = pki_key_point(scalar->data, point, e);
    /* 00: no unused bits; 04: uncompressed (SEC 1 section 2.3.3). A compressed one is not compared. */
    if (code != 0 || left(bits) != 2 + sizeof point || bits->p[1] != 0x04)
        return code;
    if (memcmp(bits->p + 2, point, sizeof point) == 0)
        return 0;
    return error_set(e, ERR_REFUSED, "%s: the public key inside does not belong to the private key", name);
}

/* ECPrivateKey: version 1, octets, [0] curve, [1] point. */
static int read_sec1(struct der body, const struct pki_key_kind *curve, const char *name,
                     struct secret *scalar, struct error *e)
{
    struct der version, octets, tagged, bits = {0};
    struct pki_key_kind kind = {.algorithm = PKI_NO_CURVE, .name = "EC"};
    if (!take(&body, MBEDTLS_ASN1_INTEGER, &version) || !take(&body, MBEDTLS_ASN1_OCTET_STRING, &octets))
        return refuse_damaged(name, e);
    if (take(&body, CURVE_TAG, &tagged))
        pki_curve_read(tagged.p, left(&tagged), &kind);
    else if (curve != NULL)
        kind = *curve;
    if (kind.algorithm != PKI_P256)
        return refuse_kind(&kind, name, e);
    if (take(&body, POINT_TAG, &tagged) && !take(&tagged, MBEDTLS_ASN1_BIT_STRING, &bits))
        return refuse_damaged(name, e);
    if (left(&body) != 0)
        return refuse_damaged(name, e);
    int code = pki_scalar_take(octets.p, left(&octets), name, scalar, e);
    if (code == 0 && bits.p != NULL)
        code = check_point(&bits, scalar, name, e);
    if (code != 0)
        secret_free(scalar);
    return code;
}

/* PrivateKeyInfo: version, algorithm, octets that hold an ECPrivateKey, maybe attributes. */
static int read_pkcs8(struct der body, const char *name, struct secret *scalar, struct error *e)
{
    struct der version, algorithm, octets, inner;
    struct pki_key_kind kind;
    if (!take(&body, MBEDTLS_ASN1_INTEGER, &version) || !take(&body, SEQUENCE, &algorithm))
        return refuse_damaged(name, e);
    pki_algorithm_read(algorithm.p, left(&algorithm), &kind);
    if (kind.algorithm != PKI_P256)
        return refuse_kind(&kind, name, e);
    if (!take(&body, MBEDTLS_ASN1_OCTET_STRING, &octets) || !take(&octets, SEQUENCE, &inner))
        return refuse_damaged(name, e);
    return read_sec1(inner, &kind, name, scalar, e);
}

/* Structures told apart by the tags of their first elements; 0 ends a row early and matches anything. */
enum shape { SHAPE_SEC1, SHAPE_PKCS8, SHAPE_OTHER };
static const struct {
    int tags[3];
    enum shape shape;
    const char *what; /* mos's name of a form, or what else it is */
} shapes[] = {
    {{MBEDTLS_ASN1_INTEGER, MBEDTLS_ASN1_OCTET_STRING, 0},               SHAPE_SEC1,  "EC PRIVATE KEY"            },
    {{MBEDTLS_ASN1_INTEGER, SEQUENCE, MBEDTLS_ASN1_OCTET_STRING},        SHAPE_PKCS8, "PRIVATE KEY"               },
    {{MBEDTLS_ASN1_INTEGER, MBEDTLS_ASN1_INTEGER, MBEDTLS_ASN1_INTEGER},
     SHAPE_OTHER,                                                                     "an RSA or DSA private key" },
    {{SEQUENCE, MBEDTLS_ASN1_BIT_STRING, 0},                             SHAPE_OTHER, "a public key"              },
    {{SEQUENCE, MBEDTLS_ASN1_OCTET_STRING, 0},                           SHAPE_OTHER, "an encrypted private key"  },
    {{SEQUENCE, SEQUENCE, MBEDTLS_ASN1_BIT_STRING},                      SHAPE_OTHER, "a certificate or a request"},
};

static bool has_shape(struct der d, const int tags[3])
{
    for (size_t i = 0; i < 3 && tags[i] != 0; i++) {
        struct der skipped;
        if (!take(&d, tags[i], &skipped))
            return false;
    }
    return true;
}

int pki_der_key_read(const uint8_t *der, size_t len, const struct pki_key_kind *curve, const char *name,
                     struct secret *scalar, char form[32], struct error *e)
{
    struct der all = {(unsigned char *)der, der + len}, body;
    if (!take(&all, SEQUENCE, &body) || left(&all) != 0)
        return refuse_damaged(name, e);
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        if (!has_shape(body, shapes[i].tags))
            continue;
        if (shapes[i].shape == SHAPE_OTHER) {
            error_set(e, ERR_REFUSED, "%s: it holds %s, not a P-256 private key in the clear", name,
                      shapes[i].what);
            return ERR_REFUSED;
        }
        int code = shapes[i].shape == SHAPE_SEC1 ? read_sec1(body, curve, name, scalar, e)
                                                 : read_pkcs8(body, name, scalar, e);
        if (code == 0)
            snprintf(form, 32, "%s", shapes[i].what);
        return code;
    }
    return refuse_damaged(name, e);
}
