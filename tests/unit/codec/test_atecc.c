/* The configuration zone's bytes as fields: every bit where the data sheet has it, every byte with a name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/atecc.h"

#include <string.h>

static struct atecc_config decode(const uint8_t *raw)
{
    struct atecc_config config;
    atecc_config_decode(raw, &config);
    return config;
}

static void test_decodes(void **state)
{
    (void)state;
    uint8_t raw[ATECC_CONFIG_SIZE] = {0x01, 0x23, 0x52, 0xaa, 0x00, 0x00, 0x50,
                                      0x00, 0xd1, 0xbb, 0xf3, 0x78, 0xee};
    raw[16] = 0xC0;
    raw[18] = 0x55;
    raw[19] = 0x07;
    raw[52] = 0x12;
    raw[59] = 0x34;
    raw[67] = 0x01;
    raw[86] = 0x55;
    raw[87] = 0xAB;
    memset(raw + 88, 0xFF, 2);
    raw[89] = 0xBF; /* slot 14 */
    struct atecc_config config = decode(raw);
    char serial[19];
    atecc_serial_hex(&config, serial);
    assert_string_equal(serial, "012352aad1bbf378ee");
    assert_int_equal(config.revision, 0x5000);
    assert_int_equal(config.i2c_address, 0xC0);
    assert_int_equal(config.otp_mode, 0x55);
    assert_int_equal(config.chip_mode, 7);
    assert_true(config.counter[0] == UINT64_C(0x1200000000000034));
    assert_true(config.counter[1] == 1);
    assert_int_equal(config.lock_value, ATECC_UNLOCKED);
    assert_int_equal(config.lock_config, 0xAB);
    assert_memory_equal(config.raw, raw, sizeof raw);
    for (unsigned n = 0; n < ATECC_SLOTS; n++)
        assert_int_equal(config.slot[n].locked, n == 14);
}

/* Each bit of SlotConfig and KeyConfig of slot 5 alone, and what it must show up as. */
static void test_decodes_slot_bits(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 32; bit++) {
        uint8_t raw[ATECC_CONFIG_SIZE] = {0};
        unsigned at = bit < 16 ? 30 : 106, b = bit % 16;
        raw[at + b / 8] = (uint8_t)(1u << b % 8);
        struct atecc_config config = decode(raw);
        struct atecc_slot s = config.slot[5];
        const unsigned found[32] = {
            s.read_key & 1,     s.read_key & 2,  s.read_key & 4,     s.read_key & 8,      s.no_mac,
            s.limited_use,      s.encrypt_read,  s.is_secret,        s.write_key & 1,     s.write_key & 2,
            s.write_key & 4,    s.write_key & 8, s.write_config & 1, s.write_config & 2,  s.write_config & 4,
            s.write_config & 8, s.is_private,    s.pub_info,         s.key_type & 1,      s.key_type & 2,
            s.key_type & 4,     s.lockable,      s.req_random,       s.req_auth,          s.auth_key & 1,
            s.auth_key & 2,     s.auth_key & 4,  s.auth_key & 8,     s.intrusion_disable, s.reserved13,
            s.x509_id & 1,      s.x509_id & 2,
        };
        for (unsigned i = 0; i < 32; i++)
            assert_int_equal(found[i] != 0, i == bit);
        assert_int_equal(s.slot_config, bit < 16 ? 1u << b : 0);
        assert_int_equal(s.key_config, bit < 16 ? 0 : 1u << b);
        assert_int_equal(config.slot[4].slot_config | config.slot[6].key_config, 0);
    }
}

static void test_models(void **state)
{
    (void)state;
    static const struct {
        uint8_t revision[2];
        const char *model;
        bool is_608;
    } rows[] = {
        {{0x50, 0x00}, "ATECC508A", false},
        {{0x5F, 0xFF}, "ATECC508A", false},
        {{0x60, 0x00}, "ATECC608A", true },
        {{0x60, 0x02}, "ATECC608A", true },
        {{0x60, 0x03}, "ATECC608B", true },
        {{0x00, 0x00}, "ATECC508A", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t raw[ATECC_CONFIG_SIZE] = {0};
        memcpy(raw + 6, rows[i].revision, 2);
        struct atecc_config config = decode(raw);
        assert_string_equal(atecc_model(&config), rows[i].model);
        assert_int_equal(atecc_is_608(&config), rows[i].is_608);
    }
}

static void test_sizes_and_writable(void **state)
{
    (void)state;
    unsigned total = 0, writable = 0;
    for (unsigned n = 0; n < ATECC_SLOTS; n++)
        total += atecc_slot_size(n);
    assert_int_equal(total, 1208); /* the data zone */
    assert_int_equal(atecc_slot_size(7), 36);
    assert_int_equal(atecc_slot_size(8), 416);
    assert_int_equal(atecc_slot_size(9), 72);
    for (unsigned i = 0; i < 256; i++)
        writable += atecc_byte_is_writable(i);
    assert_int_equal(writable, 128 - 16 - 4);
    static const uint8_t never[] = {0, 4, 13, 14, 15, 84, 85, 86, 87, 128};
    for (size_t i = 0; i < sizeof never; i++)
        assert_false(atecc_byte_is_writable(never[i]));
    assert_true(atecc_byte_is_writable(16));
    assert_true(atecc_byte_is_writable(83));
    assert_true(atecc_byte_is_writable(88));
    assert_true(atecc_byte_is_writable(127));
}

/* For either model every byte belongs to exactly one field. */
static void test_fields_cover_the_zone(void **state)
{
    (void)state;
    size_t count;
    const struct atecc_field *fields = atecc_fields(&count);
    for (int is_608 = 0; is_608 < 2; is_608++)
        for (unsigned byte = 0; byte < ATECC_CONFIG_SIZE; byte++) {
            unsigned owners = 0;
            for (size_t i = 0; i < count; i++)
                owners += byte >= fields[i].first && byte <= fields[i].last &&
                          !(is_608 ? fields[i].only_508 : fields[i].only_608);
            assert_int_equal(owners, 1);
        }
    for (size_t i = 0; i < count; i++) {
        bool written = atecc_byte_is_writable(fields[i].first);
        assert_int_equal(strcmp(fields[i].writer, "Write") == 0, written);
        assert_int_equal(atecc_byte_is_writable(fields[i].last), written);
        assert_true(fields[i].meaning != NULL && strlen(fields[i].name) < 24);
        assert_true(fields[i].each == 0 || (fields[i].last - fields[i].first + 1) % fields[i].each == 0);
    }
}

static void test_field_names(void **state)
{
    (void)state;
    static const struct {
        unsigned byte;
        const char *on_508, *on_608, *writer;
        bool trap_508, trap_608;
    } rows[] = {
        {0,   "SN[0:3]",        "SN[0:3]",               "never",       false, false},
        {12,  "SN[4:8]",        "SN[4:8]",               "never",       false, false},
        {13,  "Reserved13",     "AES_Enable",            "never",       false, false},
        {14,  "I2C_Enable",     "I2C_Enable",            "never",       false, false},
        {16,  "I2C_Address",    "I2C_Address",           "Write",       true,  true },
        {18,  "OTPmode",        "CountMatch",            "Write",       false, false},
        {19,  "ChipMode",       "ChipMode",              "Write",       true,  true },
        {20,  "SlotConfig[0]",  "SlotConfig[0]",         "Write",       false, false},
        {27,  "SlotConfig[3]",  "SlotConfig[3]",         "Write",       false, false},
        {51,  "SlotConfig[15]", "SlotConfig[15]",        "Write",       false, false},
        {59,  "Counter[0]",     "Counter[0]",            "Write",       false, false},
        {60,  "Counter[1]",     "Counter[1]",            "Write",       false, false},
        {68,  "LastKeyUse[0]",  "UseLock",               "Write",       false, false},
        {69,  "LastKeyUse[1]",  "VolatileKeyPermission", "Write",       false, false},
        {71,  "LastKeyUse[3]",  "SecureBoot",            "Write",       false, false},
        {72,  "LastKeyUse[4]",  "KdfIvLoc",              "Write",       false, false},
        {74,  "LastKeyUse[6]",  "KdfIvStr",              "Write",       false, false},
        {83,  "LastKeyUse[15]", "Reserved75",            "Write",       false, false},
        {84,  "UserExtra",      "UserExtra",             "UpdateExtra", false, false},
        {85,  "Selector",       "UserExtraAdd",          "UpdateExtra", false, true },
        {86,  "LockValue",      "LockValue",             "Lock",        false, false},
        {87,  "LockConfig",     "LockConfig",            "Lock",        false, false},
        {89,  "SlotLocked",     "SlotLocked",            "Write",       false, false},
        {90,  "Reserved90",     "ChipOptions",           "Write",       false, false},
        {95,  "X509format[3]",  "X509format[3]",         "Write",       false, false},
        {96,  "KeyConfig[0]",   "KeyConfig[0]",          "Write",       false, false},
        {127, "KeyConfig[15]",  "KeyConfig[15]",         "Write",       false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (int is_608 = 0; is_608 < 2; is_608++) {
            struct atecc_config config = {.revision = is_608 ? 0x6002 : 0x5000};
            char name[32];
            const struct atecc_field *field = atecc_field_at(&config, rows[i].byte, name);
            assert_non_null(field);
            assert_string_equal(name, is_608 ? rows[i].on_608 : rows[i].on_508);
            assert_string_equal(field->writer, rows[i].writer);
            assert_int_equal(field->trap != NULL, is_608 ? rows[i].trap_608 : rows[i].trap_508);
        }
    char name[32] = "x";
    assert_null(atecc_field_at(&(struct atecc_config){0}, 128, name));
    assert_string_equal(name, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decodes),
        cmocka_unit_test(test_decodes_slot_bits),
        cmocka_unit_test(test_models),
        cmocka_unit_test(test_sizes_and_writable),
        cmocka_unit_test(test_fields_cover_the_zone),
        cmocka_unit_test(test_field_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
