/* A signer as a chip's slot is one: it signs when asked and never shows its private key to the code under
 * test. */
#ifndef TEST_PKI_CHIP_H
#define TEST_PKI_CHIP_H

#include "pki/key.h"
#include "pki/signer.h"

#include "bench.h"

#include <mbedtls/ecdsa.h>

#include <base/secret.h>

struct chip {
    uint8_t scalar[32];
    int calls;
    int code;   /* refuses with this */
    int damage; /* spoils the signature */
};

static inline int chip_random(void *ctx, unsigned char *to, size_t len)
{
    (void)ctx;
    secret_random(to, len);
    return 0;
}

static inline int chip_sign(void *ctx, const uint8_t digest[32], uint8_t signature[64], struct error *e)
{
    struct chip *chip = ctx;
    mbedtls_ecp_group group;
    mbedtls_mpi d, r, s;
    chip->calls++;
    if (chip->code)
        return error_set(e, chip->code, "the chip refused to sign");
    mbedtls_ecp_group_init(&group);
    mbedtls_mpi_init(&d);
    mbedtls_mpi_init(&r);
    mbedtls_mpi_init(&s);
    assert_int_equal(mbedtls_ecp_group_load(&group, MBEDTLS_ECP_DP_SECP256R1), 0);
    assert_int_equal(mbedtls_mpi_read_binary(&d, chip->scalar, 32), 0);
    assert_int_equal(mbedtls_ecdsa_sign(&group, &r, &s, &d, digest, 32, chip_random, NULL), 0);
    assert_int_equal(mbedtls_mpi_write_binary(&r, signature, 32), 0);
    assert_int_equal(mbedtls_mpi_write_binary(&s, signature + 32, 32), 0);
    mbedtls_mpi_free(&s);
    mbedtls_mpi_free(&r);
    mbedtls_mpi_free(&d);
    mbedtls_ecp_group_free(&group);
    signature[40] ^= chip->damage;
    return 0;
}

static inline struct pki_signer chip_signer(struct chip *chip)
{
    struct pki_signer signer = {.sign = chip_sign, .ctx = chip};
    *chip = (struct chip){.calls = 0};
    secret_random(chip->scalar, 32);
    chip->scalar[0] = 0x22;
    assert_int_equal(pki_key_point(chip->scalar, signer.point, NULL), 0);
    return signer;
}

#endif
