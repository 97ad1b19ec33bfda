/* Predictions against the simulated chip, which was written from the data sheet alone and shares no rule with
 * them: random configurations, every operation in every lock state. Where they differ one of them is wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/atecc_policy.h"
#include "sim/chip.h"

#include <stdio.h>
#include <string.h>

static const uint8_t key[32] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
static const uint8_t scalar[32] = {[31] = 7};

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 16;
}

/* Any policy, but half of the slots are ECC private keys and few ask for an authorization or a latch. */
static void random_config(uint32_t *seed, uint8_t *raw)
{
    for (unsigned i = 16; i < ATECC_CONFIG_SIZE; i++)
        raw[i] = (uint8_t)next_random(seed);
    for (unsigned n = 0; n < ATECC_SLOTS; n++) {
        uint8_t *at = raw + 96 + 2 * n;
        if (next_random(seed) & 1)
            at[0] = (uint8_t)((at[0] & 0x62) | 0x11);
        if (next_random(seed) & 7) {
            at[0] &= 0x7F;
            at[1] &= 0xEF;
        }
        if (next_random(seed) & 3)
            raw[20 + 2 * n] |= 0x80;
    }
    raw[16] = 0xC0;
    raw[84] = raw[85] = 0; /* UpdateExtra writes them once */
    raw[88] = (uint8_t)(next_random(seed) | next_random(seed));
    raw[89] = 0xFF;
}

static int attempt(struct chip *chip, const struct atecc_config *config, enum atecc_operation operation,
                   unsigned slot)
{
    uint8_t out[64];
    int n = (int)slot, guard = config->slot[slot].write_key;
    switch (operation) {
    case ATECC_WRITE_CLEAR:
        return chip_write_slot(chip, n, 0, key, NULL, 0);
    case ATECC_WRITE_ENCRYPTED:
        return chip_write_slot(chip, n, 0, key, key, guard);
    case ATECC_PRIV_WRITE:
        return chip_priv_write(chip, n, scalar, NULL, 0);
    case ATECC_PRIV_WRITE_ENCRYPTED:
        return chip_priv_write(chip, n, scalar, key, guard);
    case ATECC_GEN_KEY:
        return chip_gen_key(chip, n, out);
    case ATECC_GET_PUB_KEY:
        return chip_get_pub_key(chip, n, out);
    default:
        return chip_sign(chip, n, key, out);
    }
}

static struct atecc_config config_of(struct chip *chip)
{
    uint8_t raw[ATECC_CONFIG_SIZE];
    struct atecc_config config;
    assert_int_equal(chip_read_config(chip, raw), CHIP_OK);
    atecc_config_decode(raw, &config);
    return config;
}

/* What no prediction can know: that the slot is empty, or that its write key is another one. */
static bool depends_on_content(struct chip *chip, enum atecc_operation operation, unsigned slot, int status)
{
    uint8_t found[32];
    bool uses_key = operation == ATECC_GET_PUB_KEY || operation == ATECC_SIGN;
    return status == CHIP_CHECKMAC_FAILED || (uses_key && chip_private(chip, (int)slot, found) != CHIP_OK);
}

/* Every operation on every slot; counts what both allow and what both refuse. */
static void judge(struct chip *chip, unsigned count[2])
{
    struct atecc_config config = config_of(chip);
    for (unsigned slot = 0; slot < ATECC_SLOTS; slot++)
        for (int op = ATECC_WRITE_CLEAR; op <= ATECC_SIGN; op++) {
            enum atecc_operation operation = (enum atecc_operation)op;
            struct error e = {0};
            bool predicted = atecc_predict(&config, operation, slot, &e) == 0;
            int status = attempt(chip, &config, operation, slot);
            if (predicted && depends_on_content(chip, operation, slot, status))
                continue;
            if (predicted != (status == CHIP_OK))
                fail_msg("operation %d slot %u SlotConfig %04x KeyConfig %04x: the chip says 0x%02x, "
                         "predicted: %s",
                         op, slot, config.slot[slot].slot_config, config.slot[slot].key_config,
                         (unsigned)status, predicted ? "it works" : e.message);
            count[predicted]++;
        }
}

/* Keys wherever they can be set, so that refusals are the policy's. */
static void fill_slots(struct chip *chip)
{
    uint8_t point[64];
    for (int slot = 0; slot < ATECC_SLOTS; slot++)
        if (chip_write_slot(chip, slot, 0, key, NULL, 0) != CHIP_OK &&
            chip_priv_write(chip, slot, scalar, NULL, 0) != CHIP_OK)
            (void)chip_gen_key(chip, slot, point);
}

static void judge_zone(struct chip *chip, enum atecc_operation operation, bool works)
{
    struct atecc_config config = config_of(chip);
    assert_int_equal(atecc_predict(&config, operation, 0, NULL) == 0, works);
    int status = operation == ATECC_WRITE_CONFIG ? chip_write_config(chip, config.raw)
                                                 : chip_lock_zone(chip, operation == ATECC_LOCK_DATA);
    assert_int_equal(status == CHIP_OK, works);
}

static void test_predictions_and_chip_agree(void **state)
{
    (void)state;
    uint32_t seed = 508608;
    unsigned count[2] = {0, 0};
    for (int round = 0; round < 40; round++) {
        struct chip *chip = chip_new(round & 1 ? CHIP_ATECC608A : CHIP_ATECC508A, NULL);
        uint8_t raw[ATECC_CONFIG_SIZE] = {0};
        random_config(&seed, raw);
        assert_int_equal(chip_write_config(chip, raw), CHIP_OK);
        judge(chip, count);
        judge_zone(chip, ATECC_WRITE_CONFIG, true);
        judge_zone(chip, ATECC_LOCK_DATA, false);
        judge_zone(chip, ATECC_LOCK_CONFIG, true);
        judge_zone(chip, ATECC_LOCK_CONFIG, false);
        judge_zone(chip, ATECC_WRITE_CONFIG, false);
        fill_slots(chip);
        judge(chip, count);
        judge_zone(chip, ATECC_LOCK_DATA, true);
        judge_zone(chip, ATECC_LOCK_DATA, false);
        judge(chip, count);
        chip_free(chip);
    }
    /* Both answers must really have been met. */
    assert_true(count[0] > 5000);
    assert_true(count[1] > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_predictions_and_chip_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
