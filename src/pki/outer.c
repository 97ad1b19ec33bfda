/* See outer.h. */
#include "pki/outer.h"
#include "base/secret.h"
#include "pki/key.h"

#include <mbedtls/asn1.h>

#include <string.h>

/* ECPrivateKey on P-256 (RFC 5915) around a scalar and a point. mbedTLS takes the point as it is. */
static const uint8_t sec1_head[] = {0x30, 0x77, 0x02, 0x01, 0x01, 0x04, 0x20};
static const uint8_t sec1_middle[] = {0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
                                      0x03, 0x01, 0x07, 0xa1, 0x44, 0x03, 0x42, 0x00, 0x04};

int pki_stand_in(const struct pki_signer *signer, mbedtls_pk_context *key, struct error *e)
{
    struct buf der = BUF_INIT, checked = BUF_INIT;
    uint8_t scalar[PKI_SCALAR_SIZE];
    int code = pki_point_pem(signer->point, &checked, e); /* is it on the curve? */
    buf_free(&checked);
    if (code != 0)
        return code;
    secret_random(scalar, sizeof scalar);
    scalar[0] = 0x01; /* not zero, below the order */
    buf_add(&der, sec1_head, sizeof sec1_head);
    buf_add(&der, scalar, sizeof scalar);
    buf_add(&der, sec1_middle, sizeof sec1_middle);
    buf_add(&der, signer->point, sizeof signer->point);
    code = mbed_parse_key(key, der.data, der.len);
    buf_free(&der);
    return code == 0 ? 0 : mbed_error(code, "preparing a key for the structure to be signed", e);
}

static void add_length(struct buf *to, size_t len)
{
    if (len >= 0x80)
        buf_add_byte(to, len > 0xff ? 0x82 : 0x81);
    if (len > 0xff)
        buf_add_byte(to, (uint8_t)(len >> 8));
    buf_add_byte(to, (uint8_t)len);
}

static void add_element(struct buf *to, uint8_t tag, const struct buf *body)
{
    buf_add_byte(to, tag);
    add_length(to, body->len);
    buf_add(to, body->data, body->len);
}

/* A positive INTEGER: no leading zero bytes but the one that keeps it positive. */
static void add_number(struct buf *to, const uint8_t *bytes, size_t len)
{
    struct buf body = BUF_INIT;
    while (len > 1 && *bytes == 0)
        bytes++, len--;
    if (*bytes & 0x80)
        buf_add_byte(&body, 0);
    buf_add(&body, bytes, len);
    add_element(to, MBEDTLS_ASN1_INTEGER, &body);
    buf_free(&body);
}

/* BIT STRING {00, SEQUENCE {r, s}} (RFC 3279 section 2.2.3). */
static void add_signature(struct buf *to, const uint8_t signature[64])
{
    struct buf numbers = BUF_INIT, bits = BUF_INIT;
    add_number(&numbers, signature, 32);
    add_number(&numbers, signature + 32, 32);
    buf_add_byte(&bits, 0);
    add_element(&bits, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE, &numbers);
    add_element(to, MBEDTLS_ASN1_BIT_STRING, &bits);
    buf_free(&numbers);
    buf_free(&bits);
}

/* The end of the SEQUENCE that begins at p; NULL when there is none. */
static unsigned char *skip_sequence(unsigned char *p, const unsigned char *end)
{
    size_t len;
    if (mbedtls_asn1_get_tag(&p, end, &len, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE) != 0)
        return NULL;
    return p + len;
}

int pki_sign_again(const uint8_t *der, size_t len, const struct pki_signer *signer, struct buf *to,
                   struct error *e)
{
    unsigned char *p = (unsigned char *)der;
    const unsigned char *end = der + len;
    uint8_t digest[32], signature[64];
    size_t body_len;
    if (mbedtls_asn1_get_tag(&p, end, &body_len, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE) != 0)
        return error_set(e, ERR_REFUSED, "the structure to be signed is not a SEQUENCE");
    unsigned char *signed_end = skip_sequence(p, end);
    unsigned char *algorithm_end = signed_end ? skip_sequence(signed_end, end) : NULL;
    if (algorithm_end == NULL)
        return error_set(e, ERR_REFUSED, "the structure to be signed has no body or no algorithm");
    pki_sha256(p, (size_t)(signed_end - p), digest);
    int code = signer->sign(signer->ctx, digest, signature, e);
    if (code != 0)
        return code;
    code = pki_verify(signer->point, digest, signature, e);
    if (code != 0) {
        error_prefix(e, "the signature was checked with the public key before use");
        error_next(e, "read the public key again: the key may have been replaced since.");
        return code;
    }
    struct buf body = BUF_INIT;
    buf_add(&body, p, (size_t)(algorithm_end - p));
    add_signature(&body, signature);
    add_element(to, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE, &body);
    buf_free(&body);
    return 0;
}
