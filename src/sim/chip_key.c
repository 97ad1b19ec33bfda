/* What the chip does with its keys: GenKey, Sign and the ATECC608A's AES (doc/chips.md). */
#include "base/secret.h"
#include "sim/chip_ecc.h"
#include "sim/chip_state.h"

#include <mbedtls/aes.h>
#include <string.h>

enum {
    GEN_KEY_ALLOWED = 0x2, /* WriteConfig xx1x */
    SIGN_EXTERNAL = 0x1,   /* ReadKey bit 0 of an ECC private key's slot */
    AES_BLOCK = 16,        /* one AES command */
    AES_KEY_PLACE = 3,     /* the library keeps two bits of the key's place in its slot */
};

static const uint8_t *scalar_of(const struct chip *chip, int slot)
{
    return chip->slot[slot] + CHIP_KEY_PAD;
}

int chip_private(const struct chip *chip, int slot, uint8_t scalar[32])
{
    if (!chip_slot_known(slot))
        return CHIP_PARSE_ERROR;
    struct chip_slot rules = chip_slot_rules(chip, slot);
    if (!chip_config_locked(chip) || !chip_slot_is_ecc_private(&rules) ||
        !chip_ecc_is_scalar(scalar_of(chip, slot))) {
        return CHIP_EXECUTION_ERROR;
    }
    memcpy(scalar, scalar_of(chip, slot), CHIP_SCALAR_SIZE);
    return CHIP_OK;
}

int chip_gen_key(struct chip *chip, int slot, uint8_t point[64])
{
    if (!chip_slot_known(slot))
        return CHIP_PARSE_ERROR;
    struct chip_slot rules = chip_slot_rules(chip, slot);
    if (!chip_config_locked(chip) || !chip_slot_is_ecc_private(&rules) || rules.locked || !rules.authorized ||
        (chip_data_locked(chip) && (rules.write_config & GEN_KEY_ALLOWED) == 0)) {
        return CHIP_EXECUTION_ERROR;
    }
    uint8_t cell[CHIP_KEY_PAD + CHIP_SCALAR_SIZE] = {0};
    int status = CHIP_ECC_FAULT;
    if (chip_ecc_generate(cell + CHIP_KEY_PAD) == 0 && chip_ecc_point(cell + CHIP_KEY_PAD, point) == 0)
        status = chip_cell_write(chip, chip->slot[slot], cell, sizeof cell);
    secret_wipe(cell, sizeof cell);
    return status;
}

int chip_get_pub_key(struct chip *chip, int slot, uint8_t point[64])
{
    if (!chip_slot_known(slot))
        return CHIP_PARSE_ERROR;
    struct chip_slot rules = chip_slot_rules(chip, slot);
    if (!chip_config_locked(chip) || !chip_slot_is_ecc_private(&rules) || !rules.pub_info ||
        !rules.authorized || !chip_ecc_is_scalar(scalar_of(chip, slot))) {
        return CHIP_EXECUTION_ERROR;
    }
    return chip_ecc_point(scalar_of(chip, slot), point) == 0 ? CHIP_OK : CHIP_ECC_FAULT;
}

int chip_sign(struct chip *chip, int slot, const uint8_t digest[32], uint8_t signature[64])
{
    if (!chip_slot_known(slot))
        return CHIP_PARSE_ERROR;
    struct chip_slot rules = chip_slot_rules(chip, slot);
    if (!chip_config_locked(chip) || !chip_data_locked(chip) || !chip_slot_is_ecc_private(&rules) ||
        (rules.read_key & SIGN_EXTERNAL) == 0 || !rules.authorized ||
        !chip_ecc_is_scalar(scalar_of(chip, slot))) {
        return CHIP_EXECUTION_ERROR;
    }
    return chip_ecc_sign(scalar_of(chip, slot), digest, signature) == 0 ? CHIP_OK : CHIP_ECC_FAULT;
}

static int may_use_aes(const struct chip *chip, int slot, int place)
{
    if (chip->model != CHIP_ATECC608A || (chip->config[CHIP_AT_AES_ENABLE] & 1) == 0 ||
        !chip_slot_known(slot) || (size_t)(place + 1) * AES_BLOCK > chip_slot_size(slot)) {
        return CHIP_PARSE_ERROR;
    }
    struct chip_slot rules = chip_slot_rules(chip, slot);
    if (!chip_config_locked(chip) || !chip_data_locked(chip) || rules.is_private ||
        rules.key_type != CHIP_KEY_TYPE_AES || !rules.authorized) {
        return CHIP_EXECUTION_ERROR;
    }
    return CHIP_OK;
}

int chip_aes(struct chip *chip, int slot, int block, bool decrypt, const uint8_t *in, int len, uint8_t *out)
{
    if (len < 0 || len % AES_BLOCK != 0)
        return CHIP_PARSE_ERROR;
    int place = block & AES_KEY_PLACE;
    int status = may_use_aes(chip, slot, place);
    if (status != CHIP_OK)
        return status;
    const uint8_t *key = chip->slot[slot] + (size_t)place * AES_BLOCK;
    mbedtls_aes_context aes;
    mbedtls_aes_init(&aes);
    int result = decrypt ? mbedtls_aes_setkey_dec(&aes, key, 128) : mbedtls_aes_setkey_enc(&aes, key, 128);
    for (int at = 0; result == 0 && at < len; at += AES_BLOCK) {
        result = mbedtls_aes_crypt_ecb(&aes, decrypt ? MBEDTLS_AES_DECRYPT : MBEDTLS_AES_ENCRYPT, in + at,
                                       out + at);
    }
    mbedtls_aes_free(&aes);
    return result == 0 ? CHIP_OK : CHIP_EXECUTION_ERROR;
}
