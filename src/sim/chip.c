#include "sim/chip.h"

#include "base/buf.h"
#include "base/secret.h"
#include "sim/chip_state.h"

#include <stdlib.h>
#include <string.h>

/* What leaves the factory, bytes 16-127; doc/chips.md names the sources. Both models share SlotConfig,
 * KeyConfig, counters and lock bytes. */
static const uint8_t factory_config[CHIP_CONFIG_SIZE - 16] = {
    0xC0, 0x00, 0x55, 0x00, 0x83, 0x20, 0x87, 0x20, 0x8F, 0x20, 0xC4, 0x8F, 0x8F, 0x8F, 0x8F, 0x8F, /* 16 */
    0x9F, 0x8F, 0xAF, 0x8F, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* 32 */
    0x00, 0x00, 0xAF, 0x8F, 0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, /* 48 */
    0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, /* 64 */
    0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x55, 0x55, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* 80 */
    0x33, 0x00, 0x33, 0x00, 0x33, 0x00, 0x1C, 0x00, 0x1C, 0x00, 0x1C, 0x00, 0x1C, 0x00, 0x1C, 0x00, /* 96 */
    0x3C, 0x00, 0x3C, 0x00, 0x3C, 0x00, 0x3C, 0x00, 0x3C, 0x00, 0x3C, 0x00, 0x3C, 0x00, 0x1C, 0x00, /* 112 */
};

static const uint8_t factory_serial[9] = {0x01, 0x23, 0x52, 0xAA, 0xD1, 0xBB, 0xF3, 0x78, 0xEE};

/* Where the two models differ when new. */
static const struct {
    uint8_t revision[4], aes_enable, i2c_enable, otp_mode, last_key_use;
} factory_model[] = {
    [CHIP_ATECC508A] = {{0x00, 0x00, 0x50, 0x00}, 0xC0, 0x59, 0x55, 0xFF},
    [CHIP_ATECC608A] = {{0x00, 0x00, 0x60, 0x02}, 0xC1, 0x61, 0x00, 0x00},
};

struct chip *chip_new(enum chip_model model, const uint8_t serial[9])
{
    struct chip *chip = mem_alloc(sizeof *chip);
    const uint8_t *number = serial ? serial : factory_serial;
    uint8_t *config = chip->config;
    chip->model = model;
    memcpy(config + 16, factory_config, sizeof factory_config);
    memcpy(config + CHIP_AT_SERIAL, number, 4);
    memcpy(config + CHIP_AT_SERIAL_REST, number + 4, 5);
    memcpy(config + CHIP_AT_REVISION, factory_model[model].revision, 4);
    config[CHIP_AT_AES_ENABLE] = factory_model[model].aes_enable;
    config[CHIP_AT_I2C_ENABLE] = factory_model[model].i2c_enable;
    config[CHIP_AT_OTP_MODE] = factory_model[model].otp_mode;
    memset(config + CHIP_AT_LAST_KEY_USE, factory_model[model].last_key_use, 16);
    memset(chip->otp, 0xFF, sizeof chip->otp);
    memset(chip->slot, 0xFF, sizeof chip->slot);
    chip->dirty = true;
    chip_wake(chip);
    return chip;
}

void chip_free(struct chip *chip)
{
    if (chip) {
        secret_wipe(chip, sizeof *chip);
        free(chip);
    }
}

void chip_power(struct chip *chip, chip_power_fn *fn, void *ctx)
{
    chip->power = fn;
    chip->power_ctx = ctx;
}

bool chip_dirty(const struct chip *chip)
{
    return chip->dirty;
}

enum chip_model chip_model(const struct chip *chip)
{
    return chip->model;
}

uint8_t chip_bus_address(const struct chip *chip)
{
    return chip->address;
}

void chip_wake(struct chip *chip)
{
    const uint8_t *config = chip->config;
    /* ATECC608A: ChipMode bit 0 moves the address to UserExtraAdd, once that byte is set. */
    bool moved = chip->model == CHIP_ATECC608A && (config[CHIP_AT_CHIP_MODE] & 1) != 0 &&
                 config[CHIP_AT_SELECTOR] != 0;
    chip->address = config[moved ? CHIP_AT_SELECTOR : CHIP_AT_I2C_ADDRESS] >> 1;
}

int chip_cell_write(struct chip *chip, uint8_t *cell, const void *bytes, size_t len)
{
    if (chip->power && !chip->power(chip->power_ctx))
        return CHIP_POWER_LOST;
    memcpy(cell, bytes, len);
    chip->dirty = true;
    return CHIP_OK;
}

bool chip_config_locked(const struct chip *chip)
{
    return chip->config[CHIP_AT_LOCK_CONFIG] != CHIP_UNLOCKED;
}

bool chip_data_locked(const struct chip *chip)
{
    return chip->config[CHIP_AT_LOCK_VALUE] != CHIP_UNLOCKED;
}

/* Section 2.1: slots 0-7 hold keys, slot 8 data, slots 9-15 public keys, signatures and certificates. */
size_t chip_slot_size(int slot)
{
    return slot < 8 ? 36 : slot == 8 ? CHIP_SLOT_MAX : 72;
}

bool chip_slot_known(int slot)
{
    return slot >= 0 && slot < CHIP_SLOTS;
}

struct chip_slot chip_slot_rules(const struct chip *chip, int slot)
{
    const uint8_t *sc = chip->config + CHIP_AT_SLOT_CONFIG + 2 * slot; /* little-endian */
    const uint8_t *kc = chip->config + CHIP_AT_KEY_CONFIG + 2 * slot;
    return (struct chip_slot){
        .read_key = sc[0] & 0x0F,
        .encrypt_read = (sc[0] & 0x40) != 0,
        .is_secret = (sc[0] & 0x80) != 0,
        .write_key = sc[1] & 0x0F,
        .write_config = sc[1] >> 4,
        .is_private = (kc[0] & 0x01) != 0,
        .pub_info = (kc[0] & 0x02) != 0,
        .key_type = (kc[0] >> 2) & 7,
        .authorized = (kc[0] & 0x80) == 0 && (kc[1] & 0x10) == 0, /* ReqAuth, IntrusionDisable */
        .locked = (chip->config[CHIP_AT_SLOT_LOCKED + slot / 8] >> (slot % 8) & 1) == 0,
    };
}

bool chip_slot_is_ecc_private(const struct chip_slot *rules)
{
    return rules->is_private && rules->key_type == CHIP_KEY_TYPE_P256;
}
