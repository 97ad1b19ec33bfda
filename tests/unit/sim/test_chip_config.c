/* The chip model's configuration zone: factory state, what a write reaches, locks, power cuts. */
#include "test_chip_kit.h"

static void test_factory(void **state)
{
    (void)state;
    static const struct {
        enum chip_model model;
        const char *config;
    } cases[] = {
        {CHIP_ATECC508A, "012352aa00005000d1bbf378eec05900c0005500832087208f20c48f8f8f8f8f"
                         "9f8faf8f0000000000000000000000000000af8fffffffff00000000ffffffff"
                         "00000000ffffffffffffffffffffffffffffffff00005555ffff000000000000"
                         "3300330033001c001c001c001c001c003c003c003c003c003c003c003c001c00"},
        {CHIP_ATECC608A, "012352aa00006002d1bbf378eec16100c0000000832087208f20c48f8f8f8f8f"
                         "9f8faf8f0000000000000000000000000000af8fffffffff00000000ffffffff"
                         "000000000000000000000000000000000000000000005555ffff000000000000"
                         "3300330033001c001c001c001c001c003c003c003c003c003c003c003c001c00"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t want[128], raw[128];
        unhex(cases[i].config, want, sizeof want);
        struct chip *chip = chip_new(cases[i].model, NULL);
        assert_int_equal(chip_read_config(chip, raw), CHIP_OK);
        assert_memory_equal(raw, want, sizeof raw);
        assert_int_equal(chip_model(chip), cases[i].model);
        assert_int_equal(chip_bus_address(chip), 0x60);
        assert_true(chip_dirty(chip));
        chip_free(chip);
    }
    chip_free(NULL);
}

static void test_own_serial(void **state)
{
    (void)state;
    static const uint8_t serial[9] = {0x01, 0x23, 1, 2, 3, 4, 5, 6, 0xEE};
    uint8_t raw[128];
    struct chip *chip = chip_new(CHIP_ATECC608A, serial);
    chip_read_config(chip, raw);
    assert_memory_equal(raw, serial, 4);
    assert_memory_equal(raw + 8, serial + 4, 5);
    chip_free(chip);
}

/* Every byte changed at once: 16-83, 84, 85 and 88-127 follow, the others never. */
static void test_write_reaches(void **state)
{
    (void)state;
    uint8_t before[128], wanted[128], after[128];
    struct chip *chip = chip_new(CHIP_ATECC508A, NULL);
    chip_read_config(chip, before);
    for (size_t i = 0; i < sizeof wanted; i++)
        wanted[i] = before[i] ^ 0xA5;
    assert_int_equal(chip_write_config(chip, wanted), CHIP_OK);
    chip_read_config(chip, after);
    for (size_t i = 0; i < sizeof after; i++) {
        bool written = i >= 16 && i != 86 && i != 87;
        assert_int_equal(after[i], written ? wanted[i] : before[i]);
    }
    chip_free(chip);
}

static void test_address_at_wake(void **state)
{
    (void)state;
    uint8_t raw[128];
    struct chip *chip = chip_new(CHIP_ATECC508A, NULL);
    chip_read_config(chip, raw);
    raw[16] = 0xB0;
    assert_int_equal(chip_write_config(chip, raw), CHIP_OK);
    assert_int_equal(chip_bus_address(chip), 0x60);
    chip_wake(chip);
    assert_int_equal(chip_bus_address(chip), 0x58);
    chip_free(chip);
}

/* ATECC608A: ChipMode bit 0 moves the address to byte 85, if that is not zero; the 508A has no such thing. */
static void test_address_moved(void **state)
{
    (void)state;
    static const struct {
        enum chip_model model;
        uint8_t chip_mode, extra, address;
    } cases[] = {
        {CHIP_ATECC608A, 0, 0xB0, 0x60},
        {CHIP_ATECC608A, 1, 0x00, 0x60},
        {CHIP_ATECC608A, 1, 0xB0, 0x58},
        {CHIP_ATECC508A, 1, 0xB0, 0x60},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t raw[128];
        struct chip *chip = chip_new(cases[i].model, NULL);
        chip_read_config(chip, raw);
        raw[19] = cases[i].chip_mode;
        raw[85] = cases[i].extra;
        assert_int_equal(chip_write_config(chip, raw), CHIP_OK);
        chip_wake(chip);
        assert_int_equal(chip_bus_address(chip), cases[i].address);
        chip_free(chip);
    }
}

/* UpdateExtra: what may be changed a second time. */
static void test_update_extra(void **state)
{
    (void)state;
    static const struct {
        enum chip_model model;
        uint8_t chip_mode;
        int at;
        int again; /* status of the second write */
    } cases[] = {
        {CHIP_ATECC508A, 0, 84, CHIP_EXECUTION_ERROR},
        {CHIP_ATECC508A, 0, 85, CHIP_OK             },
        {CHIP_ATECC508A, 1, 85, CHIP_EXECUTION_ERROR},
        {CHIP_ATECC608A, 0, 84, CHIP_EXECUTION_ERROR},
        {CHIP_ATECC608A, 0, 85, CHIP_EXECUTION_ERROR},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t raw[128], after[128];
        struct chip *chip = chip_new(cases[i].model, NULL);
        chip_read_config(chip, raw);
        raw[19] = cases[i].chip_mode;
        assert_int_equal(chip_write_config(chip, raw), CHIP_OK); /* zero over zero is no change */
        raw[cases[i].at] = 7;
        assert_int_equal(chip_write_config(chip, raw), CHIP_OK);
        raw[cases[i].at] = 8;
        raw[127] = 0x5A; /* the zone itself is written before UpdateExtra has its say */
        assert_int_equal(chip_write_config(chip, raw), cases[i].again);
        chip_read_config(chip, after);
        assert_int_equal(after[cases[i].at], cases[i].again == CHIP_OK ? 8 : 7);
        assert_int_equal(after[127], 0x5A);
        chip_free(chip);
    }
}

static void test_write_locked(void **state)
{
    (void)state;
    for (enum lock_state locks = CONFIG_LOCKED; locks < LOCK_STATES; locks++) {
        uint8_t before[128], raw[128], after[128];
        struct chip *chip = chip_in(locks, CHIP_ATECC508A, 0, KEY_OTHER, NULL);
        chip_read_config(chip, before);
        memset(raw, 0x11, sizeof raw);
        assert_int_equal(chip_write_config(chip, raw), CHIP_EXECUTION_ERROR);
        chip_read_config(chip, after);
        assert_memory_equal(after, before, sizeof after);
        chip_free(chip);
    }
}

static void test_locks(void **state)
{
    (void)state;
    static const struct {
        enum lock_state before;
        int zone, status;
        uint8_t lock_value, lock_config;
    } cases[] = {
        {BLANK,         0,  CHIP_OK,              0x55, 0x00},
        {BLANK,         1,  CHIP_EXECUTION_ERROR, 0x55, 0x55},
        {CONFIG_LOCKED, 0,  CHIP_EXECUTION_ERROR, 0x55, 0x00},
        {CONFIG_LOCKED, 1,  CHIP_OK,              0x00, 0x00},
        {BOTH_LOCKED,   0,  CHIP_EXECUTION_ERROR, 0x00, 0x00},
        {BOTH_LOCKED,   1,  CHIP_EXECUTION_ERROR, 0x00, 0x00},
        {BLANK,         2,  CHIP_PARSE_ERROR,     0x55, 0x55},
        {CONFIG_LOCKED, -1, CHIP_PARSE_ERROR,     0x55, 0x00},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t raw[128];
        struct chip *chip = chip_in(cases[i].before, CHIP_ATECC608A, 0, KEY_OTHER, NULL);
        assert_int_equal(chip_lock_zone(chip, cases[i].zone), cases[i].status);
        chip_read_config(chip, raw);
        assert_int_equal(raw[86], cases[i].lock_value);
        assert_int_equal(raw[87], cases[i].lock_config);
        chip_free(chip);
    }
}

/* The library's writes, in order: where each one starts and how long it is. A cut before the kth leaves the
 * k before it written and nothing else. */
static void test_power_cut_in_write(void **state)
{
    (void)state;
    static const uint8_t writes[][2] = {
        {16, 4 },
        {20, 4 },
        {24, 4 },
        {28, 4 },
        {32, 32},
        {64, 4 },
        {68, 4 },
        {72, 4 },
        {76, 4 },
        {80, 4 },
        {88, 4 },
        {92, 4 },
        {96, 32},
        {84, 1 },
        {85, 1 },
    };
    for (size_t cut = 0; cut <= COUNT(writes); cut++) {
        uint8_t before[128], raw[128], want[128], after[128];
        struct supply supply = {.left = (int)cut};
        struct chip *chip = chip_new(CHIP_ATECC508A, NULL);
        chip_read_config(chip, before);
        for (size_t i = 0; i < sizeof raw; i++)
            raw[i] = before[i] ^ 0x3C;
        memcpy(want, before, sizeof want);
        for (size_t i = 0; i < cut; i++)
            memcpy(want + writes[i][0], raw + writes[i][0], writes[i][1]);
        chip_power(chip, supply_power, &supply);
        bool whole = cut == COUNT(writes);
        assert_int_equal(chip_write_config(chip, raw), whole ? CHIP_OK : CHIP_POWER_LOST);
        assert_int_equal(supply.asked, (int)(whole ? cut : cut + 1));
        chip_read_config(chip, after);
        assert_memory_equal(after, want, sizeof after);
        chip_free(chip);
    }
}

/* Every other operation is one write, and asks before it. */
static void test_power_cut_elsewhere(void **state)
{
    (void)state;
    struct supply dead = {0};
    uint8_t scalar[32], point[64], before[64], raw[128], got[32];
    unhex(rfc_scalar, scalar, sizeof scalar);
    struct chip *chip =
        chip_in(CONFIG_LOCKED, CHIP_ATECC508A, SLOT_CONFIG(0u, SECRET, 4u, 6u), KEY_P256, scalar);
    assert_int_equal(chip_get_pub_key(chip, SLOT, before), CHIP_OK);
    chip_power(chip, supply_power, &dead);
    assert_int_equal(chip_gen_key(chip, SLOT, point), CHIP_POWER_LOST);
    scalar[31] ^= 1;
    assert_int_equal(chip_priv_write(chip, SLOT, scalar, NULL, 0), CHIP_POWER_LOST);
    assert_int_equal(chip_write_slot(chip, 10, 0, some_data, NULL, 0), CHIP_POWER_LOST);
    assert_int_equal(chip_lock_zone(chip, CHIP_ZONE_DATA), CHIP_POWER_LOST);
    assert_int_equal(dead.asked, 4);
    chip_power(chip, NULL, NULL);
    assert_int_equal(chip_get_pub_key(chip, SLOT, point), CHIP_OK);
    assert_memory_equal(point, before, sizeof point);
    chip_read_config(chip, raw);
    assert_int_equal(raw[86], 0x55);
    lock_data(chip);
    assert_int_equal(chip_read_slot(chip, 10, 0, got), CHIP_OK);
    assert_int_equal(got[0], 0xFF);
    /* A refusal asks for no power. */
    chip_power(chip, supply_power, &dead);
    assert_int_equal(chip_lock_zone(chip, CHIP_ZONE_DATA), CHIP_EXECUTION_ERROR);
    assert_int_equal(dead.asked, 4);
    chip_free(chip);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_factory),
        cmocka_unit_test(test_own_serial),
        cmocka_unit_test(test_write_reaches),
        cmocka_unit_test(test_address_at_wake),
        cmocka_unit_test(test_address_moved),
        cmocka_unit_test(test_update_extra),
        cmocka_unit_test(test_write_locked),
        cmocka_unit_test(test_locks),
        cmocka_unit_test(test_power_cut_in_write),
        cmocka_unit_test(test_power_cut_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
