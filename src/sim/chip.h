/* A model of one ATECC508A or ATECC608A at the level of the library calls that the firmware's RPC service
 * makes. Source: Microchip DS20005927A sections 2 and 9, cryptoauthlib's behaviour (CRC, word order) as in
 * doc/chips.md. Written from the data sheet alone: it shares no rule with codec/atecc_policy, so that the two
 * can judge each other.
 *
 * Every function that changes a cell asks the power supply first, cell by cell, so that a power cut can fall
 * between any two writes; what was written until then stays. */
#ifndef SIM_CHIP_H
#define SIM_CHIP_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct chip;

enum chip_model { CHIP_ATECC508A, CHIP_ATECC608A };

enum chip_status { /* cryptoauthlib's status codes as the firmware prints them */
                   CHIP_OK = 0x00,
                   CHIP_CHECKMAC_FAILED = 0xD1,
                   CHIP_PARSE_ERROR = 0xD2,
                   CHIP_ECC_FAULT = 0xD6,
                   CHIP_WAKE_FAILED = 0xD0,
                   CHIP_NO_ANSWER = 0xE7,
                   CHIP_EXECUTION_ERROR = 0xF4,
                   CHIP_POWER_LOST = 0x1FF, /* not a status: the caller must die as the board does */
};

enum chip_zone { CHIP_ZONE_CONFIG = 0, CHIP_ZONE_DATA = 1 };

/* Called before each non-volatile write; false means the power is gone now. */
typedef bool chip_power_fn(void *ctx);

/* Factory-fresh chip. serial NULL: 012352aad1bbf378ee. */
struct chip *chip_new(enum chip_model model, const uint8_t serial[9]);
void chip_free(struct chip *chip);
void chip_power(struct chip *chip, chip_power_fn *fn, void *ctx);

/* State file (JSON, 0600, replaced in one step, at a moment of the caller's choice). It holds every key in
 * the clear. chip_load refuses a file with anything missing, extra, doubled or impossible; *chip is NULL
 * then. A loaded chip has just got its power: chip_bus_address is what the configuration zone says. */
int chip_load(const char *path, struct chip **chip, struct error *e);
int chip_save(struct chip *chip, const char *path, struct error *e);
bool chip_dirty(const struct chip *chip); /* changed since the last save or load; a new chip is */

enum chip_model chip_model(const struct chip *chip);
uint8_t chip_bus_address(const struct chip *chip); /* 7-bit; follows byte 16 from the next wake */
void chip_wake(struct chip *chip);                 /* power-up or wake: a written I2C address takes effect */

/* The library's calls; each returns an enum chip_status. Nothing is changed unless it is CHIP_OK, but for
 * chip_write_config: what it wrote before a refusal of UpdateExtra or a power cut stays written. write_key
 * NULL means in the clear; a slot number the chip does not have is CHIP_PARSE_ERROR. Rules: doc/chips.md. */
int chip_read_config(struct chip *chip, uint8_t raw[128]);
int chip_write_config(struct chip *chip,
                      const uint8_t raw[128]); /* bytes 16-127 less 84-87, then UpdateExtra 84, 85 */
int chip_lock_zone(struct chip *chip, int zone);
int chip_write_slot(struct chip *chip, int slot, int block, const uint8_t data[32], const uint8_t *write_key,
                    int write_key_slot);
int chip_read_slot(struct chip *chip, int slot, int block, uint8_t data[32]);
int chip_priv_write(struct chip *chip, int slot, const uint8_t scalar[32], const uint8_t *write_key,
                    int write_key_slot);
int chip_gen_key(struct chip *chip, int slot, uint8_t point[64]);
int chip_get_pub_key(struct chip *chip, int slot, uint8_t point[64]);
int chip_sign(struct chip *chip, int slot, const uint8_t digest[32], uint8_t signature[64]);
int chip_aes(struct chip *chip, int slot, int block, bool decrypt, const uint8_t *in, int len,
             uint8_t *out); /* 608A; len: a multiple of 16; of block the library keeps two bits */

/* The private scalar, for the board's TLS server, which signs inside the chip on real hardware. No policy bit
 * is asked; CHIP_EXECUTION_ERROR when the slot holds no ECC private key. The caller wipes it. */
int chip_private(const struct chip *chip, int slot, uint8_t scalar[32]);

#endif
