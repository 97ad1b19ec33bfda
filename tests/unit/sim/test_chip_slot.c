/* The chip model's data slots: who may write, write keys into, and read them, in every lock state. */
#include "test_chip_kit.h"

/* One row: '+' the state allows it, '-' 0xf4. Columns are WriteConfig 0-15. */
struct by_write_config {
    enum lock_state state;
    const char *clear, *encrypted;
};

static void write_both_ways(const struct by_write_config *row, unsigned wc)
{
    int clear = row->clear[wc] == '+' ? CHIP_OK : CHIP_EXECUTION_ERROR;
    int encrypted = row->encrypted[wc] == '+' ? CHIP_OK : CHIP_EXECUTION_ERROR;
    struct chip *chip =
        chip_in(row->state, CHIP_ATECC508A, SLOT_CONFIG(0u, SECRET, KEY_SLOT, wc), KEY_OTHER, NULL);
    assert_int_equal(chip_write_slot(chip, SLOT, 0, some_data, NULL, 0), clear);
    assert_int_equal(chip_write_slot(chip, SLOT, 0, some_data, right_key, KEY_SLOT), encrypted);
    /* The same write with a key that is not the write key's, and with another slot that holds the same key.
     */
    assert_int_equal(chip_write_slot(chip, SLOT, 0, some_data, wrong_key, KEY_SLOT),
                     encrypted == CHIP_OK ? CHIP_CHECKMAC_FAILED : CHIP_EXECUTION_ERROR);
    assert_int_equal(chip_write_slot(chip, SLOT, 0, some_data, right_key, WRONG_KEY_SLOT),
                     CHIP_EXECUTION_ERROR);
    chip_free(chip);
}

static void test_write(void **state)
{
    (void)state;
    static const struct by_write_config rows[] = {
        {BLANK,         "----------------", "----------------"},
        {CONFIG_LOCKED, "++++++++++++++++", "----------------"},
        {BOTH_LOCKED,   "++--------------", "----++++----++++"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        for (unsigned wc = 0; wc < 16; wc++)
            write_both_ways(&rows[i], wc);
}

static void test_priv_write(void **state)
{
    (void)state;
    static const struct by_write_config rows[] = {
        {BLANK,         "----------------", "----------------"},
        {CONFIG_LOCKED, "++++++++++++++++", "----------------"},
        {BOTH_LOCKED,   "----------------", "----++++----++++"},
    };
    uint8_t scalar[32];
    unhex(rfc_scalar, scalar, sizeof scalar);
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (unsigned wc = 0; wc < 16; wc++) {
            int clear = rows[i].clear[wc] == '+' ? CHIP_OK : CHIP_EXECUTION_ERROR;
            int encrypted = rows[i].encrypted[wc] == '+' ? CHIP_OK : CHIP_EXECUTION_ERROR;
            struct chip *chip =
                chip_in(rows[i].state, CHIP_ATECC608A, SLOT_CONFIG(0u, SECRET, KEY_SLOT, wc), KEY_P256, NULL);
            assert_int_equal(chip_priv_write(chip, SLOT, scalar, NULL, 0), clear);
            assert_int_equal(chip_priv_write(chip, SLOT, scalar, wrong_key, KEY_SLOT),
                             encrypted == CHIP_OK ? CHIP_CHECKMAC_FAILED : CHIP_EXECUTION_ERROR);
            assert_int_equal(chip_priv_write(chip, SLOT, scalar, right_key, WRONG_KEY_SLOT),
                             CHIP_EXECUTION_ERROR);
            assert_int_equal(chip_priv_write(chip, SLOT, scalar, right_key, KEY_SLOT), encrypted);
            chip_free(chip);
        }
    }
}

/* A key written in either way is the key that the slot then has; a refused one changes nothing. */
static void test_priv_write_takes(void **state)
{
    (void)state;
    uint8_t scalar[32], point[64], got[64];
    unhex(rfc_scalar, scalar, sizeof scalar);
    unhex(rfc_point, point, sizeof point);
    struct chip *chip =
        chip_in(BOTH_LOCKED, CHIP_ATECC508A, SLOT_CONFIG(0u, SECRET, KEY_SLOT, 4u), KEY_P256, NULL);
    assert_int_equal(chip_get_pub_key(chip, SLOT, got), CHIP_EXECUTION_ERROR); /* no key there yet */
    assert_int_equal(chip_priv_write(chip, SLOT, scalar, right_key, KEY_SLOT), CHIP_OK);
    assert_int_equal(chip_get_pub_key(chip, SLOT, got), CHIP_OK);
    assert_memory_equal(got, point, sizeof got);
    scalar[0] ^= 1;
    assert_int_equal(chip_priv_write(chip, SLOT, scalar, wrong_key, KEY_SLOT), CHIP_CHECKMAC_FAILED);
    assert_int_equal(chip_get_pub_key(chip, SLOT, got), CHIP_OK);
    assert_memory_equal(got, point, sizeof got);
    chip_free(chip);
}

/* 0, the order, and what lies beyond it are no keys; the order less one is. */
static void test_priv_write_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *scalar;
        int status;
    } cases[] = {
        {"0000000000000000000000000000000000000000000000000000000000000000", CHIP_EXECUTION_ERROR},
        {"0000000000000000000000000000000000000000000000000000000000000001", CHIP_OK             },
        {"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550", CHIP_OK             },
        {"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", CHIP_EXECUTION_ERROR},
        {"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", CHIP_EXECUTION_ERROR},
    };
    struct chip *chip =
        chip_in(CONFIG_LOCKED, CHIP_ATECC508A, SLOT_CONFIG(0u, SECRET, 0u, 0u), KEY_P256, NULL);
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t scalar[32];
        unhex(cases[i].scalar, scalar, sizeof scalar);
        assert_int_equal(chip_priv_write(chip, SLOT, scalar, NULL, 0), cases[i].status);
    }
    chip_free(chip);
}

/* Write is for data, PrivWrite for P-256 private keys that are marked secret; neither takes the other's slot.
 */
static void test_kinds_of_slot(void **state)
{
    (void)state;
    static const struct {
        unsigned flags, key_config;
        int write, priv_write;
    } cases[] = {
        {SECRET, KEY_OTHER,               CHIP_OK,              CHIP_EXECUTION_ERROR},
        {SECRET, KEY_AES,                 CHIP_OK,              CHIP_EXECUTION_ERROR},
        {SECRET, KEY_ECC,                 CHIP_OK,              CHIP_EXECUTION_ERROR},
        {SECRET, KEY_P256,                CHIP_EXECUTION_ERROR, CHIP_OK             },
        {SECRET, KEY_PRIVATE | KEY_ECC,   CHIP_EXECUTION_ERROR, CHIP_OK             },
        {SECRET, KEY_PRIVATE | KEY_OTHER, CHIP_EXECUTION_ERROR, CHIP_EXECUTION_ERROR},
        {0,      KEY_P256,                CHIP_EXECUTION_ERROR, CHIP_EXECUTION_ERROR},
    };
    uint8_t scalar[32];
    unhex(rfc_scalar, scalar, sizeof scalar);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct chip *chip = chip_in(CONFIG_LOCKED, CHIP_ATECC508A, SLOT_CONFIG(0u, cases[i].flags, 0u, 0u),
                                    cases[i].key_config, NULL);
        assert_int_equal(chip_write_slot(chip, SLOT, 0, some_data, NULL, 0), cases[i].write);
        assert_int_equal(chip_priv_write(chip, SLOT, scalar, NULL, 0), cases[i].priv_write);
        chip_free(chip);
    }
}

/* What may serve as a write key. */
static void test_write_key_slot(void **state)
{
    (void)state;
    static const struct {
        unsigned key_config;
        int status;
    } cases[] = {
        {KEY_OTHER,                 CHIP_OK             },
        {KEY_OTHER | KEY_REQ_AUTH,  CHIP_EXECUTION_ERROR},
        {KEY_OTHER | KEY_INTRUSION, CHIP_EXECUTION_ERROR},
        {KEY_P256,                  CHIP_EXECUTION_ERROR},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t raw[128];
        struct chip *chip = chip_new(CHIP_ATECC508A, NULL);
        chip_read_config(chip, raw);
        config_set(raw, SLOT, SLOT_CONFIG(0u, SECRET, KEY_SLOT, 4u), KEY_OTHER);
        config_set(raw, KEY_SLOT, SLOT_CONFIG(0u, SECRET, 0u, 0u), cases[i].key_config);
        assert_int_equal(chip_write_config(chip, raw), CHIP_OK);
        lock_config(chip);
        int put = chip_write_slot(chip, KEY_SLOT, 0, right_key, NULL, 0);
        assert_int_equal(put, cases[i].key_config & KEY_PRIVATE ? CHIP_EXECUTION_ERROR : CHIP_OK);
        lock_data(chip);
        assert_int_equal(chip_write_slot(chip, SLOT, 0, some_data, right_key, KEY_SLOT), cases[i].status);
        assert_int_equal(chip_write_slot(chip, SLOT, 0, some_data, right_key, 16), CHIP_PARSE_ERROR);
        assert_int_equal(chip_write_slot(chip, SLOT, 0, some_data, right_key, -1), CHIP_PARSE_ERROR);
        chip_free(chip);
    }
}

/* PubInvalid lets a public key be replaced only while it is not validated (first nibble 5). */
static void test_pub_invalid(void **state)
{
    (void)state;
    static const uint8_t validated[32] = {0x50};
    for (int valid = 0; valid < 2; valid++) {
        struct chip *chip =
            chip_in(CONFIG_LOCKED, CHIP_ATECC508A, SLOT_CONFIG(0u, 0u, 0u, 1u), KEY_ECC | KEY_PUB_INFO, NULL);
        assert_int_equal(chip_write_slot(chip, SLOT, 0, valid ? validated : some_data, NULL, 0), CHIP_OK);
        lock_data(chip);
        assert_int_equal(chip_write_slot(chip, SLOT, 0, validated, NULL, 0),
                         valid ? CHIP_EXECUTION_ERROR : CHIP_OK);
        chip_free(chip);
    }
}

/* Slots 0-7 have 36 bytes, 8 has 416, 9-15 have 72: the last block is short and drops the rest. */
static void test_blocks(void **state)
{
    (void)state;
    static const struct {
        int slot, blocks;
        size_t last;
    } cases[] = {
        {7,  2,  4 },
        {8,  13, 32},
        {10, 3,  8 },
        {13, 3,  8 },
    };
    uint8_t raw[128], got[32];
    static const uint8_t zero[32];
    struct chip *chip = chip_new(CHIP_ATECC508A, NULL);
    chip_read_config(chip, raw);
    for (size_t i = 0; i < COUNT(cases); i++)
        config_set(raw, cases[i].slot, 0, KEY_OTHER);
    assert_int_equal(chip_write_config(chip, raw), CHIP_OK);
    lock_config(chip);
    lock_data(chip);
    for (size_t i = 0; i < COUNT(cases); i++) {
        int slot = cases[i].slot, last = cases[i].blocks - 1;
        assert_int_equal(chip_write_slot(chip, slot, 0, right_key, NULL, 0), CHIP_OK);
        assert_int_equal(chip_write_slot(chip, slot, last, some_data, NULL, 0), CHIP_OK);
        assert_int_equal(chip_read_slot(chip, slot, last, got), CHIP_OK);
        assert_memory_equal(got, some_data, cases[i].last);
        assert_memory_equal(got + cases[i].last, zero, 32 - cases[i].last);
        assert_int_equal(chip_read_slot(chip, slot, 0, got), CHIP_OK);
        assert_memory_equal(got, last == 0 ? some_data : right_key, 32);
        assert_int_equal(chip_write_slot(chip, slot, last + 1, some_data, NULL, 0), CHIP_PARSE_ERROR);
        assert_int_equal(chip_write_slot(chip, slot, -1, some_data, NULL, 0), CHIP_PARSE_ERROR);
        assert_int_equal(chip_read_slot(chip, slot, last + 1, got), CHIP_PARSE_ERROR);
    }
    chip_free(chip);
}

static void test_read(void **state)
{
    (void)state;
    static const struct {
        unsigned flags, key_config;
        int status; /* once both zones are locked */
    } cases[] = {
        {0,                     KEY_OTHER, CHIP_OK             },
        {ENCRYPT_READ,          KEY_OTHER, CHIP_EXECUTION_ERROR},
        {SECRET,                KEY_OTHER, CHIP_EXECUTION_ERROR},
        {SECRET | ENCRYPT_READ, KEY_OTHER, CHIP_EXECUTION_ERROR},
        {0,                     KEY_P256,  CHIP_EXECUTION_ERROR},
        {0,                     KEY_ECC,   CHIP_OK             },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (enum lock_state locks = BLANK; locks < LOCK_STATES; locks++) {
            uint8_t got[32];
            struct chip *chip = chip_in(locks, CHIP_ATECC608A, SLOT_CONFIG(0u, cases[i].flags, 0u, 0u),
                                        cases[i].key_config, NULL);
            assert_int_equal(chip_read_slot(chip, SLOT, 0, got),
                             locks == BOTH_LOCKED ? cases[i].status : CHIP_EXECUTION_ERROR);
            chip_free(chip);
        }
    }
}

/* A slot whose SlotLocked bit is 0 never changes again, in the data-unlocked state as little as later. */
static void test_slot_locked(void **state)
{
    (void)state;
    uint8_t scalar[32], point[64], raw[128];
    unhex(rfc_scalar, scalar, sizeof scalar);
    for (int slot = 0; slot < 16; slot++) {
        for (int both = 0; both < 2; both++) {
            struct chip *chip = chip_new(CHIP_ATECC508A, NULL);
            chip_read_config(chip, raw);
            raw[88 + slot / 8] &= (uint8_t) ~(1u << slot % 8);
            for (int i = 0; i < 16; i++)
                config_set(raw, i, SLOT_CONFIG(0u, SECRET, 0u, i % 2 ? 6u : 0u),
                           i % 2 ? KEY_P256 : KEY_OTHER);
            assert_int_equal(chip_write_config(chip, raw), CHIP_OK);
            lock_config(chip);
            assert_int_equal(chip_write_slot(chip, slot == 0 ? 2 : 0, 0, right_key, NULL, 0), CHIP_OK);
            if (both)
                lock_data(chip);
            assert_int_equal(chip_write_slot(chip, slot, 0, some_data, NULL, 0), CHIP_EXECUTION_ERROR);
            assert_int_equal(chip_priv_write(chip, slot, scalar, NULL, 0), CHIP_EXECUTION_ERROR);
            assert_int_equal(chip_priv_write(chip, slot, scalar, right_key, 0), CHIP_EXECUTION_ERROR);
            assert_int_equal(chip_gen_key(chip, slot, point), CHIP_EXECUTION_ERROR);
            int other = (slot + 2) % 16; /* its neighbour of the same kind is free */
            assert_int_equal(other % 2 ? chip_gen_key(chip, other, point)
                                       : chip_write_slot(chip, other, 0, some_data, NULL, 0),
                             CHIP_OK);
            chip_free(chip);
        }
    }
}

static void test_no_such_slot(void **state)
{
    (void)state;
    static const int slots[] = {-1, 16, 255, INT32_MAX, INT32_MIN};
    uint8_t buffer[64], scalar[32];
    unhex(rfc_scalar, scalar, sizeof scalar);
    struct chip *chip = chip_in(BOTH_LOCKED, CHIP_ATECC608A, 0, KEY_OTHER, NULL);
    for (size_t i = 0; i < COUNT(slots); i++) {
        assert_int_equal(chip_write_slot(chip, slots[i], 0, some_data, NULL, 0), CHIP_PARSE_ERROR);
        assert_int_equal(chip_read_slot(chip, slots[i], 0, buffer), CHIP_PARSE_ERROR);
        assert_int_equal(chip_priv_write(chip, slots[i], scalar, NULL, 0), CHIP_PARSE_ERROR);
        assert_int_equal(chip_gen_key(chip, slots[i], buffer), CHIP_PARSE_ERROR);
        assert_int_equal(chip_get_pub_key(chip, slots[i], buffer), CHIP_PARSE_ERROR);
        assert_int_equal(chip_sign(chip, slots[i], some_data, buffer), CHIP_PARSE_ERROR);
        assert_int_equal(chip_aes(chip, slots[i], 0, false, some_data, 16, buffer), CHIP_PARSE_ERROR);
        assert_int_equal(chip_private(chip, slots[i], buffer), CHIP_PARSE_ERROR);
    }
    assert_int_equal(chip_read_slot(chip, SLOT, INT32_MAX, buffer), CHIP_PARSE_ERROR);
    assert_int_equal(chip_read_slot(chip, SLOT, INT32_MIN, buffer), CHIP_PARSE_ERROR);
    chip_free(chip);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_priv_write),
        cmocka_unit_test(test_priv_write_takes),
        cmocka_unit_test(test_priv_write_numbers),
        cmocka_unit_test(test_kinds_of_slot),
        cmocka_unit_test(test_write_key_slot),
        cmocka_unit_test(test_pub_invalid),
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_slot_locked),
        cmocka_unit_test(test_no_such_slot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
