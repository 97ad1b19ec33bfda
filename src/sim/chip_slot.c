/* Data slots: Write in the clear and encrypted, PrivWrite, Read (DS20005927A 2.2.1, 9.14; doc/chips.md). */
#include "base/secret.h"
#include "sim/chip_ecc.h"
#include "sim/chip_state.h"

#include <string.h>

/* SlotConfig.WriteConfig for Write, once the data zone is locked. */
enum write_rule { WRITE_ALWAYS, WRITE_PUB_INVALID, WRITE_NEVER, WRITE_ENCRYPTED };

static const uint8_t write_rules[16] = {
    WRITE_ALWAYS,    WRITE_PUB_INVALID, WRITE_NEVER,     WRITE_NEVER,     /* 0000, 0001, 001x */
    WRITE_ENCRYPTED, WRITE_ENCRYPTED,   WRITE_ENCRYPTED, WRITE_ENCRYPTED, /* 01xx */
    WRITE_NEVER,     WRITE_NEVER,       WRITE_NEVER,     WRITE_NEVER,     /* 10xx */
    WRITE_ENCRYPTED, WRITE_ENCRYPTED,   WRITE_ENCRYPTED, WRITE_ENCRYPTED, /* 11xx */
};

/* PrivWrite looks at this bit of WriteConfig alone. */
enum { PRIV_WRITE_ENCRYPTED = 0x4 };

/* First byte of a public key's slot: its high nibble is 5 while the key is validated. */
static bool public_key_valid(const struct chip *chip, int slot)
{
    return chip->slot[slot][0] >> 4 == 0x5;
}

/* Nonce, GenDig with the host's slot number, then the command with its MAC. GenDig reads the slot that the
 * host named; the command then compares that number with the slot's WriteKey, and its MAC with its own. */
static int check_write_key(const struct chip *chip, const struct chip_slot *rules, const uint8_t key[32],
                           int key_slot)
{
    if (!chip_slot_known(key_slot))
        return CHIP_PARSE_ERROR;
    struct chip_slot named = chip_slot_rules(chip, key_slot);
    if (named.is_private || !named.authorized) {
        return CHIP_EXECUTION_ERROR; /* GenDig's */
    }
    if (key_slot != rules->write_key)
        return CHIP_EXECUTION_ERROR;
    return secret_equal(chip->slot[key_slot], key, 32) ? CHIP_OK : CHIP_CHECKMAC_FAILED;
}

static bool slot_has_block(int slot, int block)
{
    return chip_slot_known(slot) && block >= 0 && (size_t)block * CHIP_BLOCK < chip_slot_size(slot);
}

/* The last block of a slot is shorter than 32 bytes: the rest of what is sent is dropped. */
static size_t block_size(int slot, int block)
{
    size_t left = chip_slot_size(slot) - (size_t)block * CHIP_BLOCK;
    return left < CHIP_BLOCK ? left : CHIP_BLOCK;
}

static int may_write(const struct chip *chip, int slot, const struct chip_slot *rules, const uint8_t *key,
                     int key_slot)
{
    if (!chip_config_locked(chip) || rules->is_private || rules->locked)
        return CHIP_EXECUTION_ERROR;
    if (!chip_data_locked(chip)) {
        return key ? CHIP_EXECUTION_ERROR : CHIP_OK; /* in the clear, whatever WriteConfig says */
    }
    enum write_rule rule = write_rules[rules->write_config];
    if (key)
        return rule == WRITE_ENCRYPTED ? check_write_key(chip, rules, key, key_slot) : CHIP_EXECUTION_ERROR;
    bool clear = rule == WRITE_ALWAYS || (rule == WRITE_PUB_INVALID && !public_key_valid(chip, slot));
    return clear ? CHIP_OK : CHIP_EXECUTION_ERROR;
}

int chip_write_slot(struct chip *chip, int slot, int block, const uint8_t data[32], const uint8_t *write_key,
                    int write_key_slot)
{
    if (!slot_has_block(slot, block))
        return CHIP_PARSE_ERROR;
    struct chip_slot rules = chip_slot_rules(chip, slot);
    int status = may_write(chip, slot, &rules, write_key, write_key_slot);
    if (status != CHIP_OK)
        return status;
    return chip_cell_write(chip, chip->slot[slot] + (size_t)block * CHIP_BLOCK, data,
                           block_size(slot, block));
}

int chip_read_slot(struct chip *chip, int slot, int block, uint8_t data[32])
{
    if (!slot_has_block(slot, block))
        return CHIP_PARSE_ERROR;
    struct chip_slot rules = chip_slot_rules(chip, slot);
    if (!chip_config_locked(chip) || !chip_data_locked(chip) || rules.is_private || rules.is_secret ||
        rules.encrypt_read) {
        return CHIP_EXECUTION_ERROR;
    }
    memset(data, 0, CHIP_BLOCK);
    memcpy(data, chip->slot[slot] + (size_t)block * CHIP_BLOCK, block_size(slot, block));
    return CHIP_OK;
}

static int may_priv_write(const struct chip *chip, const struct chip_slot *rules, const uint8_t *key,
                          int key_slot)
{
    if (!chip_config_locked(chip) || !chip_slot_is_ecc_private(rules) || !rules->is_secret || rules->locked)
        return CHIP_EXECUTION_ERROR;
    if (!chip_data_locked(chip))
        return key ? CHIP_EXECUTION_ERROR : CHIP_OK;
    if (!key || (rules->write_config & PRIV_WRITE_ENCRYPTED) == 0)
        return CHIP_EXECUTION_ERROR;
    return check_write_key(chip, rules, key, key_slot);
}

int chip_priv_write(struct chip *chip, int slot, const uint8_t scalar[32], const uint8_t *write_key,
                    int write_key_slot)
{
    if (!chip_slot_known(slot))
        return CHIP_PARSE_ERROR;
    struct chip_slot rules = chip_slot_rules(chip, slot);
    int status = may_priv_write(chip, &rules, write_key, write_key_slot);
    if (status == CHIP_OK && !chip_ecc_is_scalar(scalar))
        status = CHIP_EXECUTION_ERROR;
    if (status != CHIP_OK)
        return status;
    uint8_t cell[CHIP_KEY_PAD + CHIP_SCALAR_SIZE] = {0};
    memcpy(cell + CHIP_KEY_PAD, scalar, CHIP_SCALAR_SIZE);
    status = chip_cell_write(chip, chip->slot[slot], cell, sizeof cell);
    secret_wipe(cell, sizeof cell);
    return status;
}
