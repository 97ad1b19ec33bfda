/* The differences between mbedTLS 2.28 and 3.6, for this room. Elsewhere code is written as if there were
 * none. */
#ifndef PKI_MBED_H
#define PKI_MBED_H

#include "base/error.h"

#include <mbedtls/ecp.h>
#include <mbedtls/pk.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>
#include <mbedtls/x509_csr.h>

#include <stddef.h>
#include <stdint.h>

#if MBEDTLS_VERSION_NUMBER < 0x03000000
#define MBEDTLS_PRIVATE(member) member
#endif

/* A random source in mbedTLS's form; never fails. */
int mbed_random(void *ctx, unsigned char *to, size_t len);

/* ERR_REFUSED: "<what>: <mbedTLS's own words for its code>". */
int mbed_error(int code, const char *what, struct error *e);

static inline int mbed_parse_key(mbedtls_pk_context *key, const unsigned char *text, size_t size)
{
#if MBEDTLS_VERSION_NUMBER < 0x03000000
    return mbedtls_pk_parse_key(key, text, size, NULL, 0);
#else
    return mbedtls_pk_parse_key(key, text, size, NULL, 0, mbed_random, NULL);
#endif
}

static inline int mbed_check_pair(const mbedtls_pk_context *public_key, const mbedtls_pk_context *private_key)
{
#if MBEDTLS_VERSION_NUMBER < 0x03000000
    return mbedtls_pk_check_pair(public_key, private_key);
#else
    return mbedtls_pk_check_pair(public_key, private_key, mbed_random, NULL);
#endif
}

/* Big-endian, positive, without leading zero bytes. */
static inline int mbed_set_serial(mbedtls_x509write_cert *cert, unsigned char *serial, size_t len)
{
#if MBEDTLS_VERSION_NUMBER < 0x03040000
    mbedtls_mpi number;
    mbedtls_mpi_init(&number);
    int code = mbedtls_mpi_read_binary(&number, serial, len);
    if (code == 0)
        code = mbedtls_x509write_crt_set_serial(cert, &number);
    mbedtls_mpi_free(&number);
    return code;
#else
    return mbedtls_x509write_crt_set_serial_raw(cert, serial, len);
#endif
}

static inline int mbed_is_ca(const mbedtls_x509_crt *cert)
{
    return cert->MBEDTLS_PRIVATE(ca_istrue);
}

#endif
