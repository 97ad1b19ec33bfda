/* Encrypted private keys as `openssl genpkey -aes256` writes them: PKCS#8 with PBES2 (RFC 8018: PBKDF2 and a
 * block cipher in CBC). mbedTLS 2.28 opens such a key only where the cipher is DES. */
#include "link/tls_impl.h"

#include <mbedtls/asn1.h>
#include <mbedtls/cipher.h>
#include <string.h>

struct oid_row {
    const char *oid; /* contents of the OBJECT IDENTIFIER */
    size_t len;
    int value;
    uint32_t key_bytes; /* ciphers */
};

/* Sources: RFC 8018 appendix C; NIST's registry of algorithms for AES. */
#define RSA_DSI "\x2a\x86\x48\x86\xf7\x0d"
#define NIST_AES "\x60\x86\x48\x01\x65\x03\x04\x01"
#define ROW(oid, value, key_bytes)                                                                           \
    {                                                                                                        \
        oid, sizeof oid - 1, value, key_bytes                                                                \
    }

static const struct oid_row schemes[] = {ROW(RSA_DSI "\x01\x05\x0d", 1, 0)};     /* PBES2 */
static const struct oid_row derivations[] = {ROW(RSA_DSI "\x01\x05\x0c", 1, 0)}; /* PBKDF2 */
static const struct oid_row prfs[] = {
    ROW(RSA_DSI "\x02\x07", MBEDTLS_MD_SHA1, 0),
    ROW(RSA_DSI "\x02\x09", MBEDTLS_MD_SHA256, 0),
    ROW(RSA_DSI "\x02\x0a", MBEDTLS_MD_SHA384, 0),
    ROW(RSA_DSI "\x02\x0b", MBEDTLS_MD_SHA512, 0),
};
static const struct oid_row ciphers[] = {
    ROW(NIST_AES "\x02", MBEDTLS_CIPHER_AES_128_CBC, 16),
    ROW(NIST_AES "\x16", MBEDTLS_CIPHER_AES_192_CBC, 24),
    ROW(NIST_AES "\x2a", MBEDTLS_CIPHER_AES_256_CBC, 32),
    ROW(RSA_DSI "\x03\x07", MBEDTLS_CIPHER_DES_EDE3_CBC, 24),
};
#define FIND(rows, at, end, value, bytes) find(rows, sizeof rows / sizeof rows[0], at, end, value, bytes)

enum { SEQUENCE = MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE };
/* The iterations are work that the file asks of us: a bound far above what tools write (2048 to 600 000). */
enum { ROUNDS_MAX = 10000000, KEY_MAX = 32 };

struct pbes2 {
    const uint8_t *salt, *iv, *data;
    size_t salt_len, iv_len, data_len;
    int rounds, prf, cipher;
    uint32_t key_bytes;
};

/* Takes an OID and looks it up. */
static int find(const struct oid_row *rows, size_t count, unsigned char **at, const unsigned char *end,
                int *value, uint32_t *key_bytes)
{
    size_t len;
    int code = mbedtls_asn1_get_tag(at, end, &len, MBEDTLS_ASN1_OID);
    if (code != 0)
        return code;
    for (size_t i = 0; i < count; i++)
        if (rows[i].len == len && memcmp(rows[i].oid, *at, len) == 0) {
            *value = rows[i].value;
            *key_bytes = rows[i].key_bytes;
            *at += len;
            return 0;
        }
    return MBEDTLS_ERR_PKCS5_FEATURE_UNAVAILABLE;
}

static int enter(unsigned char **at, const unsigned char **end)
{
    size_t len;
    int code = mbedtls_asn1_get_tag(at, *end, &len, SEQUENCE);
    if (code == 0)
        *end = *at + len;
    return code;
}

static int octets(unsigned char **at, const unsigned char *end, const uint8_t **bytes, size_t *len)
{
    int code = mbedtls_asn1_get_tag(at, end, len, MBEDTLS_ASN1_OCTET_STRING);
    *bytes = *at;
    if (code == 0)
        *at += *len;
    return code;
}

/* SEQUENCE { salt, iterations, keyLength OPTIONAL, prf DEFAULT hmacWithSHA1 } */
static int parse_pbkdf2(unsigned char **at, const unsigned char *end, struct pbes2 *p)
{
    int ignored, code;
    p->prf = MBEDTLS_MD_SHA1;
    if ((code = enter(at, &end)) != 0 || (code = octets(at, end, &p->salt, &p->salt_len)) != 0 ||
        (code = mbedtls_asn1_get_int(at, end, &p->rounds)) != 0)
        return code;
    if (*at < end && **at == MBEDTLS_ASN1_INTEGER && (code = mbedtls_asn1_get_int(at, end, &ignored)) != 0)
        return code;
    if (*at < end &&
        ((code = enter(at, &end)) != 0 || (code = FIND(prfs, at, end, &p->prf, &p->key_bytes)) != 0))
        return code;
    *at = (unsigned char *)end;
    return p->rounds > 0 && p->rounds <= ROUNDS_MAX ? 0 : MBEDTLS_ERR_PKCS5_BAD_INPUT_DATA;
}

/* SEQUENCE { SEQUENCE { PBES2, SEQUENCE { SEQUENCE { PBKDF2, … }, SEQUENCE { cipher, iv } } }, data } */
static int parse(const struct buf *der, struct pbes2 *p)
{
    unsigned char *at = der->data;
    const unsigned char *end = at + der->len, *outer, *scheme, *derivation;
    int one, code;
    if ((code = enter(&at, &end)) != 0)
        return code;
    outer = end;
    if ((code = enter(&at, &end)) != 0 || (code = FIND(schemes, &at, end, &one, &p->key_bytes)) != 0 ||
        (code = enter(&at, &end)) != 0)
        return code;
    scheme = derivation = end;
    if ((code = enter(&at, &derivation)) != 0 ||
        (code = FIND(derivations, &at, derivation, &one, &p->key_bytes)) != 0 ||
        (code = parse_pbkdf2(&at, derivation, p)) != 0)
        return code;
    at = (unsigned char *)derivation;
    if ((code = enter(&at, &end)) != 0 || (code = FIND(ciphers, &at, end, &p->cipher, &p->key_bytes)) != 0 ||
        (code = octets(&at, end, &p->iv, &p->iv_len)) != 0)
        return code;
    at = (unsigned char *)scheme;
    return octets(&at, outer, &p->data, &p->data_len);
}

static int decrypt(const struct pbes2 *p, const uint8_t *key, struct buf *to)
{
    const mbedtls_cipher_info_t *info = mbedtls_cipher_info_from_type((mbedtls_cipher_type_t)p->cipher);
    mbedtls_cipher_context_t ctx;
    struct secret plain;
    size_t len = 0;
    mbedtls_cipher_init(&ctx);
    secret_new(&plain, p->data_len + 16);
    int code = mbedtls_cipher_setup(&ctx, info);
    if (code == 0 && p->iv_len != (size_t)mbedtls_cipher_get_iv_size(&ctx))
        code = MBEDTLS_ERR_PKCS5_BAD_INPUT_DATA;
    if (code == 0)
        code = mbedtls_cipher_set_padding_mode(&ctx, MBEDTLS_PADDING_PKCS7);
    if (code == 0)
        code = mbedtls_cipher_setkey(&ctx, key, mbedtls_cipher_get_key_bitlen(&ctx), MBEDTLS_DECRYPT);
    if (code == 0)
        code = mbedtls_cipher_crypt(&ctx, p->iv, p->iv_len, p->data, p->data_len, plain.data, &len);
    if (code == 0)
        buf_add(to, plain.data, len);
    secret_free(&plain);
    mbedtls_cipher_free(&ctx);
    return code;
}

int tls_pbes2_open(const struct buf *der, const struct secret *password, struct buf *to)
{
    struct pbes2 p = {0};
    uint8_t key[KEY_MAX];
    int code = parse(der, &p);
    if (code != 0)
        return code;
    code = tls_mbed_pbkdf2((mbedtls_md_type_t)p.prf, password, p.salt, p.salt_len, (unsigned)p.rounds, key,
                           p.key_bytes);
    if (code == 0)
        code = decrypt(&p, key, to);
    secret_wipe(key, sizeof key);
    return code;
}
