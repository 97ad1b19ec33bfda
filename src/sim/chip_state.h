/* Inside the chip model: the EEPROM as it is, and the questions that every command asks of it.
 * Offsets: Microchip DS20005927A, section 2.2 (configuration zone). */
#ifndef SIM_CHIP_STATE_H
#define SIM_CHIP_STATE_H

#include "sim/chip.h"

#include <stddef.h>

enum {
    CHIP_SLOTS = 16,
    CHIP_BLOCK = 32, /* what one 32-byte Write or Read carries */
    CHIP_WORD = 4,
    CHIP_CONFIG_SIZE = 128,
    CHIP_OTP_SIZE = 64,
    CHIP_SLOT_MAX = 416,
    CHIP_KEY_PAD = 4, /* an ECC private key's slot: 4 bytes of padding, then the scalar */

    CHIP_AT_SERIAL = 0, /* 0-3, and on at 8-12 */
    CHIP_AT_REVISION = 4,
    CHIP_AT_SERIAL_REST = 8,
    CHIP_AT_AES_ENABLE = 13, /* bit 0, ATECC608A */
    CHIP_AT_I2C_ENABLE = 14, /* bit 0 */
    CHIP_AT_I2C_ADDRESS = 16,
    CHIP_AT_OTP_MODE = 18,
    CHIP_AT_CHIP_MODE = 19,
    CHIP_AT_SLOT_CONFIG = 20,
    CHIP_AT_LAST_KEY_USE = 68,
    CHIP_AT_USER_EXTRA = 84,
    CHIP_AT_SELECTOR = 85,
    CHIP_AT_LOCK_VALUE = 86,
    CHIP_AT_LOCK_CONFIG = 87,
    CHIP_AT_SLOT_LOCKED = 88,
    CHIP_AT_KEY_CONFIG = 96,

    CHIP_UNLOCKED = 0x55,
    CHIP_LOCKED = 0x00,
};

struct chip {
    enum chip_model model;
    uint8_t config[CHIP_CONFIG_SIZE];
    uint8_t otp[CHIP_OTP_SIZE];
    uint8_t slot[CHIP_SLOTS][CHIP_SLOT_MAX]; /* chip_slot_size bytes of each are real */
    uint8_t address;                         /* 7 bits; what the chip listens to until the next wake */
    bool dirty;
    chip_power_fn *power;
    void *power_ctx;
};

/* SlotConfig and KeyConfig of one slot, bit fields of sections 2.2.1 and 2.2.2. */
struct chip_slot {
    uint8_t read_key;
    bool encrypt_read, is_secret;
    uint8_t write_key, write_config;
    bool is_private, pub_info;
    uint8_t key_type;
    bool authorized; /* false: the key wants an authorization or a latch that no call of the firmware can give
                      */
    bool locked;     /* individually */
};

enum { CHIP_KEY_TYPE_P256 = 4, CHIP_KEY_TYPE_AES = 6 };

/* One EEPROM write: asks the power supply, then stores. CHIP_OK or CHIP_POWER_LOST. */
int chip_cell_write(struct chip *chip, uint8_t *cell, const void *bytes, size_t len);

bool chip_config_locked(const struct chip *chip);
bool chip_data_locked(const struct chip *chip);
size_t chip_slot_size(int slot);
bool chip_slot_known(int slot); /* 0-15 */
struct chip_slot chip_slot_rules(const struct chip *chip, int slot);
bool chip_slot_is_ecc_private(const struct chip_slot *rules);

#endif
