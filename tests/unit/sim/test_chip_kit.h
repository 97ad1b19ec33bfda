/* What the chip's tests share: chips in a wanted state, and the library's calls against an expected status.
 */
#ifndef TEST_CHIP_KIT_H
#define TEST_CHIP_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "sim/chip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum lock_state { BLANK, CONFIG_LOCKED, BOTH_LOCKED, LOCK_STATES };
enum { SLOT = 3, KEY_SLOT = 4, WRONG_KEY_SLOT = 5 }; /* what most tests play with */

/* SlotConfig: read key, flags, write key and WriteConfig; KeyConfig of a P-256 private key with a public key
 * that may be asked for, and of other data. */
#define SECRET 0x80u
#define ENCRYPT_READ 0x40u
#define SLOT_CONFIG(read_key, flags, write_key, write_config)                                                \
    ((read_key) | (flags) | (write_key) << 8 | (write_config) << 12)
enum {
    KEY_PRIVATE = 0x01,
    KEY_PUB_INFO = 0x02,
    KEY_ECC = 4 << 2,
    KEY_AES = 6 << 2,
    KEY_OTHER = 7 << 2,
    KEY_REQ_AUTH = 0x80,
    KEY_INTRUSION = 0x1000,
    KEY_P256 = KEY_PRIVATE | KEY_PUB_INFO | KEY_ECC,
};

static const uint8_t right_key[32] = "the write key of these tests, 32";
static const uint8_t wrong_key[32] = "another key, of as many bytes...";
static const uint8_t some_data[32] = "thirty-two bytes of any old data";

/* RFC 6979, A.2.5: a P-256 key pair. */
static const char rfc_scalar[] = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
static const char rfc_point[] = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
                                "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";

static inline void unhex(const char *hex, uint8_t *to, size_t len)
{
    assert_int_equal(text_unhex(hex, strlen(hex), true, to, len), (int)len);
}

static inline void config_set(uint8_t raw[128], int slot, unsigned slot_config, unsigned key_config)
{
    raw[20 + 2 * slot] = slot_config & 0xFF;
    raw[21 + 2 * slot] = slot_config >> 8 & 0xFF;
    raw[96 + 2 * slot] = key_config & 0xFF;
    raw[97 + 2 * slot] = key_config >> 8 & 0xFF;
}

static inline void lock_config(struct chip *chip)
{
    assert_int_equal(chip_lock_zone(chip, CHIP_ZONE_CONFIG), CHIP_OK);
}

static inline void lock_data(struct chip *chip)
{
    assert_int_equal(chip_lock_zone(chip, CHIP_ZONE_DATA), CHIP_OK);
}

/* A chip whose SLOT is configured so, whose KEY_SLOT and WRONG_KEY_SLOT hold right_key and are open for
 * writing, in a lock state. scalar, if any, is put into SLOT on the way. */
static inline struct chip *chip_in(enum lock_state state, enum chip_model model, unsigned slot_config,
                                   unsigned key_config, const uint8_t *scalar)
{
    uint8_t raw[128];
    struct chip *chip = chip_new(model, NULL);
    assert_int_equal(chip_read_config(chip, raw), CHIP_OK);
    config_set(raw, SLOT, slot_config, key_config);
    config_set(raw, KEY_SLOT, SLOT_CONFIG(0u, SECRET, 0u, 0u), KEY_OTHER);
    config_set(raw, WRONG_KEY_SLOT, SLOT_CONFIG(0u, SECRET, 0u, 0u), KEY_OTHER);
    assert_int_equal(chip_write_config(chip, raw), CHIP_OK);
    if (state == BLANK)
        return chip;
    lock_config(chip);
    assert_int_equal(chip_write_slot(chip, KEY_SLOT, 0, right_key, NULL, 0), CHIP_OK);
    assert_int_equal(chip_write_slot(chip, WRONG_KEY_SLOT, 0, right_key, NULL, 0), CHIP_OK);
    if (scalar)
        assert_int_equal(chip_priv_write(chip, SLOT, scalar, NULL, 0), CHIP_OK);
    if (state == BOTH_LOCKED)
        lock_data(chip);
    return chip;
}

/* Power that lasts for a number of writes. */
struct supply {
    int left, asked;
};

static inline bool supply_power(void *ctx)
{
    struct supply *supply = ctx;
    supply->asked++;
    return supply->left-- > 0;
}

#endif
