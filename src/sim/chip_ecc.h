/* P-256 for the chip model: everything in 32-byte big-endian numbers, mbedTLS behind it (public calls only,
 * the same in 2.28 and 3.6). Functions return 0, or -1 when the numbers are no key or the library gave up. */
#ifndef SIM_CHIP_ECC_H
#define SIM_CHIP_ECC_H

#include <stdbool.h>
#include <stdint.h>

enum { CHIP_SCALAR_SIZE = 32, CHIP_POINT_SIZE = 64, CHIP_SIGNATURE_SIZE = 64 };

/* 1 <= scalar < order of the curve. */
bool chip_ecc_is_scalar(const uint8_t scalar[CHIP_SCALAR_SIZE]);

int chip_ecc_generate(uint8_t scalar[CHIP_SCALAR_SIZE]);
int chip_ecc_point(const uint8_t scalar[CHIP_SCALAR_SIZE], uint8_t point[CHIP_POINT_SIZE]);

/* ECDSA over a 32-byte digest with a fresh random nonce; r || s. */
int chip_ecc_sign(const uint8_t scalar[CHIP_SCALAR_SIZE], const uint8_t digest[32],
                  uint8_t signature[CHIP_SIGNATURE_SIZE]);

#endif
