#include "sim/chip_ecc.h"

#include "base/secret.h"

#include <mbedtls/ecdsa.h>
#include <mbedtls/ecp.h>
#include <string.h>

/* One curve and the numbers of one operation; wiped as a whole by mbedTLS. */
struct curve {
    mbedtls_ecp_group group;
    mbedtls_mpi scalar, r, s;
    mbedtls_ecp_point point;
};

static int random_bytes(void *ctx, unsigned char *to, size_t len)
{
    (void)ctx;
    secret_random(to, len);
    return 0;
}

static int curve_open(struct curve *c)
{
    mbedtls_ecp_group_init(&c->group);
    mbedtls_mpi_init(&c->scalar);
    mbedtls_mpi_init(&c->r);
    mbedtls_mpi_init(&c->s);
    mbedtls_ecp_point_init(&c->point);
    return mbedtls_ecp_group_load(&c->group, MBEDTLS_ECP_DP_SECP256R1);
}

static int curve_close(struct curve *c, int result)
{
    mbedtls_ecp_point_free(&c->point);
    mbedtls_mpi_free(&c->s);
    mbedtls_mpi_free(&c->r);
    mbedtls_mpi_free(&c->scalar);
    mbedtls_ecp_group_free(&c->group);
    return result == 0 ? 0 : -1;
}

static int curve_open_with(struct curve *c, const uint8_t scalar[CHIP_SCALAR_SIZE])
{
    int result = curve_open(c);
    if (result == 0)
        result = mbedtls_mpi_read_binary(&c->scalar, scalar, CHIP_SCALAR_SIZE);
    return result != 0 ? result : mbedtls_ecp_check_privkey(&c->group, &c->scalar);
}

bool chip_ecc_is_scalar(const uint8_t scalar[CHIP_SCALAR_SIZE])
{
    struct curve c;
    return curve_close(&c, curve_open_with(&c, scalar)) == 0;
}

int chip_ecc_generate(uint8_t scalar[CHIP_SCALAR_SIZE])
{
    struct curve c;
    int result = curve_open(&c);
    if (result == 0)
        result = mbedtls_ecp_gen_privkey(&c.group, &c.scalar, random_bytes, NULL);
    if (result == 0)
        result = mbedtls_mpi_write_binary(&c.scalar, scalar, CHIP_SCALAR_SIZE);
    return curve_close(&c, result);
}

int chip_ecc_point(const uint8_t scalar[CHIP_SCALAR_SIZE], uint8_t point[CHIP_POINT_SIZE])
{
    struct curve c;
    uint8_t binary[1 + CHIP_POINT_SIZE]; /* 04 || X || Y (SEC 1, uncompressed) */
    size_t len = 0;
    int result = curve_open_with(&c, scalar);
    if (result == 0)
        result = mbedtls_ecp_mul(&c.group, &c.point, &c.scalar, &c.group.G, random_bytes, NULL);
    if (result == 0) {
        result = mbedtls_ecp_point_write_binary(&c.group, &c.point, MBEDTLS_ECP_PF_UNCOMPRESSED, &len, binary,
                                                sizeof binary);
    }
    if (result == 0)
        memcpy(point, binary + 1, CHIP_POINT_SIZE);
    return curve_close(&c, result);
}

int chip_ecc_sign(const uint8_t scalar[CHIP_SCALAR_SIZE], const uint8_t digest[32],
                  uint8_t signature[CHIP_SIGNATURE_SIZE])
{
    struct curve c;
    int result = curve_open_with(&c, scalar);
    if (result == 0)
        result = mbedtls_ecdsa_sign(&c.group, &c.r, &c.s, &c.scalar, digest, 32, random_bytes, NULL);
    if (result == 0)
        result = mbedtls_mpi_write_binary(&c.r, signature, 32);
    if (result == 0)
        result = mbedtls_mpi_write_binary(&c.s, signature + 32, 32);
    return curve_close(&c, result);
}
