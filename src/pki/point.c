/* Public points: from scalars, to PEM, out of certificates; signatures checked. See key.h. */
#include "base/text.h"
#include "pki/key.h"
#include "pki/mbed.h"
#include "pki/pem.h"

#include <mbedtls/ecdsa.h>
#include <mbedtls/md.h>

#include <string.h>

/* SubjectPublicKeyInfo of a P-256 key up to the point: AlgorithmIdentifier {ecPublicKey, prime256v1}, BIT
 * STRING, uncompressed (RFC 5480). */
static const uint8_t spki_head[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                    0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                    0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
enum { SPKI_SIZE = sizeof spki_head + PKI_POINT_SIZE, HALF = PKI_POINT_SIZE / 2 };

/* The curve and the numbers of one operation. */
struct curve {
    mbedtls_ecp_group group;
    mbedtls_ecp_point point;
    mbedtls_mpi a, b;
};

static int curve_open(struct curve *c)
{
    mbedtls_ecp_group_init(&c->group);
    mbedtls_ecp_point_init(&c->point);
    mbedtls_mpi_init(&c->a);
    mbedtls_mpi_init(&c->b);
    return mbedtls_ecp_group_load(&c->group, MBEDTLS_ECP_DP_SECP256R1);
}

static void curve_close(struct curve *c)
{
    mbedtls_mpi_free(&c->b);
    mbedtls_mpi_free(&c->a);
    mbedtls_ecp_point_free(&c->point);
    mbedtls_ecp_group_free(&c->group);
}

static int curve_load_point(struct curve *c, const uint8_t point[PKI_POINT_SIZE])
{
    uint8_t binary[1 + PKI_POINT_SIZE] = {0x04}; /* uncompressed, SEC 1 section 2.3.3 */
    memcpy(binary + 1, point, PKI_POINT_SIZE);
    int code = mbedtls_ecp_point_read_binary(&c->group, &c->point, binary, sizeof binary);
    return code != 0 ? code : mbedtls_ecp_check_pubkey(&c->group, &c->point);
}

int pki_key_point(const uint8_t scalar[PKI_SCALAR_SIZE], uint8_t point[PKI_POINT_SIZE], struct error *e)
{
    struct curve c;
    uint8_t binary[1 + PKI_POINT_SIZE];
    size_t len = 0;
    int code = curve_open(&c);
    if (code == 0)
        code = mbedtls_mpi_read_binary(&c.a, scalar, PKI_SCALAR_SIZE);
    if (code == 0)
        code = mbedtls_ecp_check_privkey(&c.group, &c.a);
    if (code == 0)
        code = mbedtls_ecp_mul(&c.group, &c.point, &c.a, &c.group.G, mbed_random, NULL);
    if (code == 0)
        code = mbedtls_ecp_point_write_binary(&c.group, &c.point, MBEDTLS_ECP_PF_UNCOMPRESSED, &len, binary,
                                              sizeof binary);
    curve_close(&c);
    if (code != 0)
        return mbed_error(code, "computing the public key of a private key", e);
    memcpy(point, binary + 1, PKI_POINT_SIZE);
    return 0;
}

static void spki(const uint8_t point[PKI_POINT_SIZE], uint8_t der[SPKI_SIZE])
{
    memcpy(der, spki_head, sizeof spki_head);
    memcpy(der + sizeof spki_head, point, PKI_POINT_SIZE);
}

int pki_point_pem(const uint8_t point[PKI_POINT_SIZE], struct buf *to, struct error *e)
{
    struct curve c;
    uint8_t der[SPKI_SIZE];
    int code = curve_open(&c);
    if (code == 0)
        code = curve_load_point(&c, point);
    curve_close(&c);
    if (code != 0)
        return error_set(e, ERR_REFUSED, "the public key is not a point of the curve P-256");
    spki(point, der);
    pem_write("PUBLIC KEY", der, sizeof der, to);
    return 0;
}

void pki_fingerprint(const uint8_t point[PKI_POINT_SIZE], char to[PKI_FINGERPRINT_SIZE])
{
    uint8_t der[SPKI_SIZE], digest[32];
    spki(point, der);
    pki_sha256(der, sizeof der, digest);
    text_hex(digest, sizeof digest, to);
}

static int point_of_key(const mbedtls_pk_context *key, const char *what, const char *name,
                        uint8_t point[PKI_POINT_SIZE], struct error *e)
{
    uint8_t der[4096];
    int len =
        mbedtls_pk_write_pubkey_der((mbedtls_pk_context *)key, der, sizeof der); /* at the array's end */
    if (len == SPKI_SIZE && memcmp(der + sizeof der - len, spki_head, sizeof spki_head) == 0) {
        memcpy(point, der + sizeof der - PKI_POINT_SIZE, PKI_POINT_SIZE);
        return 0;
    }
    return error_set(e, ERR_REFUSED, "%s: the key of its %s is %s of %zu bits, not P-256", name, what,
                     mbedtls_pk_get_name(key), mbedtls_pk_get_bitlen(key));
}

static int point_of_public_key(const struct buf *der, const char *name, uint8_t *point, struct error *e)
{
    mbedtls_pk_context key;
    mbedtls_pk_init(&key);
    int code = mbedtls_pk_parse_public_key(&key, der->data, der->len);
    code = code != 0 ? mbed_error(code, name, e) : point_of_key(&key, "public key", name, point, e);
    mbedtls_pk_free(&key);
    return code;
}

static int point_of_certificate(const struct buf *der, const char *name, uint8_t *point, struct error *e)
{
    mbedtls_x509_crt cert;
    mbedtls_x509_crt_init(&cert);
    int code = mbedtls_x509_crt_parse_der(&cert, der->data, der->len);
    code = code != 0 ? mbed_error(code, name, e) : point_of_key(&cert.pk, "certificate", name, point, e);
    mbedtls_x509_crt_free(&cert);
    return code;
}

static int point_of_request(const struct buf *der, const char *name, uint8_t *point, struct error *e)
{
    mbedtls_x509_csr request;
    mbedtls_x509_csr_init(&request);
    int code = mbedtls_x509_csr_parse_der(&request, der->data, der->len);
    code = code != 0 ? mbed_error(code, name, e) : point_of_key(&request.pk, "request", name, point, e);
    mbedtls_x509_csr_free(&request);
    return code;
}

static const struct {
    const char *label;
    int (*read)(const struct buf *der, const char *name, uint8_t *point, struct error *e);
} sources[] = {
    {"PUBLIC KEY",          point_of_public_key },
    {"CERTIFICATE",         point_of_certificate},
    {"CERTIFICATE REQUEST", point_of_request    },
};

int pki_point_read(const char *text, size_t len, const char *name, uint8_t point[PKI_POINT_SIZE],
                   struct error *e)
{
    const char *at = text, *end = text + len;
    struct pem_block block;
    int code;
    while ((code = pem_next(&at, end, name, &block, e)) == 1) {
        for (size_t i = 0; i < sizeof sources / sizeof sources[0] && code == 1; i++)
            if (strcmp(sources[i].label, block.label) == 0)
                code = sources[i].read(&block.der, name, point, e);
        pem_block_free(&block);
        if (code != 1)
            return code;
    }
    if (code < 0)
        return code;
    return error_set(e, ERR_REFUSED, "%s: it holds no public key, certificate or request in PEM", name);
}

void pki_sha256(const void *bytes, size_t len, uint8_t digest[32])
{
    mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), bytes, len, digest);
}

int pki_verify(const uint8_t point[PKI_POINT_SIZE], const uint8_t digest[32], const uint8_t signature[64],
               struct error *e)
{
    struct curve c;
    int code = curve_open(&c);
    if (code == 0)
        code = curve_load_point(&c, point);
    if (code == 0)
        code = mbedtls_mpi_read_binary(&c.a, signature, HALF);
    if (code == 0)
        code = mbedtls_mpi_read_binary(&c.b, signature + HALF, HALF);
    if (code == 0)
        code = mbedtls_ecdsa_verify(&c.group, digest, 32, &c.point, &c.a, &c.b);
    curve_close(&c);
    return code == 0 ? 0 : error_set(e, ERR_REFUSED, "the signature does not belong to this key and text");
}
