/* The chip model's keys at work: GenKey, public keys, signatures, AES; and both sample configurations. */
#include "test_chip_kit.h"

#include <mbedtls/ecdsa.h>
#include <mbedtls/ecp.h>

/* Judged by mbedTLS alone: r || s over the digest, by X || Y. */
static bool verified(const uint8_t point[64], const uint8_t digest[32], const uint8_t signature[64])
{
    mbedtls_ecp_group group;
    mbedtls_ecp_point q;
    mbedtls_mpi r, s;
    uint8_t binary[65] = {0x04};
    memcpy(binary + 1, point, 64);
    mbedtls_ecp_group_init(&group);
    mbedtls_ecp_point_init(&q);
    mbedtls_mpi_init(&r);
    mbedtls_mpi_init(&s);
    bool good = mbedtls_ecp_group_load(&group, MBEDTLS_ECP_DP_SECP256R1) == 0 &&
                mbedtls_ecp_point_read_binary(&group, &q, binary, sizeof binary) == 0 &&
                mbedtls_ecp_check_pubkey(&group, &q) == 0 &&
                mbedtls_mpi_read_binary(&r, signature, 32) == 0 &&
                mbedtls_mpi_read_binary(&s, signature + 32, 32) == 0 &&
                mbedtls_ecdsa_verify(&group, digest, 32, &q, &r, &s) == 0;
    mbedtls_mpi_free(&s);
    mbedtls_mpi_free(&r);
    mbedtls_ecp_point_free(&q);
    mbedtls_ecp_group_free(&group);
    return good;
}

static void test_gen_key(void **state)
{
    (void)state;
    static const struct {
        enum lock_state state;
        const char *by_write_config; /* '+' allowed, '-' 0xf4 */
    } rows[] = {
        {BLANK,         "----------------"},
        {CONFIG_LOCKED, "++++++++++++++++"},
        {BOTH_LOCKED,   "--++--++--++--++"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (unsigned wc = 0; wc < 16; wc++) {
            uint8_t point[64];
            struct chip *chip =
                chip_in(rows[i].state, CHIP_ATECC508A, SLOT_CONFIG(0u, SECRET, KEY_SLOT, wc), KEY_P256, NULL);
            assert_int_equal(chip_gen_key(chip, SLOT, point),
                             rows[i].by_write_config[wc] == '+' ? CHIP_OK : CHIP_EXECUTION_ERROR);
            chip_free(chip);
        }
    }
}

/* Each key is new, takes the old one's place, and signs what its public key verifies. */
static void test_gen_key_replaces(void **state)
{
    (void)state;
    uint8_t first[64], second[64], got[64], signature[64];
    struct chip *chip =
        chip_in(BOTH_LOCKED, CHIP_ATECC608A, SLOT_CONFIG(1u, SECRET, KEY_SLOT, 2u), KEY_P256, NULL);
    assert_int_equal(chip_gen_key(chip, SLOT, first), CHIP_OK);
    assert_int_equal(chip_gen_key(chip, SLOT, second), CHIP_OK);
    assert_memory_not_equal(first, second, sizeof first);
    assert_int_equal(chip_get_pub_key(chip, SLOT, got), CHIP_OK);
    assert_memory_equal(got, second, sizeof got);
    assert_int_equal(chip_sign(chip, SLOT, some_data, signature), CHIP_OK);
    assert_true(verified(second, some_data, signature));
    assert_false(verified(first, some_data, signature));
    assert_false(verified(second, right_key, signature));
    chip_free(chip);
}

static void test_kinds_of_key(void **state)
{
    (void)state;
    static const struct {
        unsigned key_config;
        int gen_key, get_pub_key;
    } cases[] = {
        {KEY_P256,                 CHIP_OK,              CHIP_OK             },
        {KEY_PRIVATE | KEY_ECC,    CHIP_OK,              CHIP_EXECUTION_ERROR},
        {KEY_ECC | KEY_PUB_INFO,   CHIP_EXECUTION_ERROR, CHIP_EXECUTION_ERROR},
        {KEY_OTHER | KEY_PRIVATE,  CHIP_EXECUTION_ERROR, CHIP_EXECUTION_ERROR},
        {KEY_OTHER,                CHIP_EXECUTION_ERROR, CHIP_EXECUTION_ERROR},
        {KEY_P256 | KEY_REQ_AUTH,  CHIP_EXECUTION_ERROR, CHIP_EXECUTION_ERROR},
        {KEY_P256 | KEY_INTRUSION, CHIP_EXECUTION_ERROR, CHIP_EXECUTION_ERROR},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t point[64];
        struct chip *chip = chip_in(CONFIG_LOCKED, CHIP_ATECC508A, SLOT_CONFIG(0u, SECRET, 0u, 2u),
                                    cases[i].key_config, NULL);
        assert_int_equal(chip_gen_key(chip, SLOT, point), cases[i].gen_key);
        assert_int_equal(chip_get_pub_key(chip, SLOT, point), cases[i].get_pub_key);
        chip_free(chip);
    }
}

static void test_get_pub_key(void **state)
{
    (void)state;
    uint8_t scalar[32], point[64], got[64];
    unhex(rfc_scalar, scalar, sizeof scalar);
    unhex(rfc_point, point, sizeof point);
    struct chip *blank = chip_in(BLANK, CHIP_ATECC508A, SLOT_CONFIG(0u, SECRET, 0u, 0u), KEY_P256, NULL);
    assert_int_equal(chip_get_pub_key(blank, SLOT, got), CHIP_EXECUTION_ERROR);
    chip_free(blank);
    for (enum lock_state locks = CONFIG_LOCKED; locks < LOCK_STATES; locks++) {
        struct chip *chip = chip_in(locks, CHIP_ATECC508A, SLOT_CONFIG(0u, SECRET, 0u, 0u), KEY_P256, scalar);
        assert_int_equal(chip_get_pub_key(chip, SLOT, got), CHIP_OK);
        assert_memory_equal(got, point, sizeof got);
        assert_int_equal(chip_private(chip, SLOT, got), CHIP_OK);
        assert_memory_equal(got, scalar, sizeof scalar);
        assert_int_equal(chip_private(chip, KEY_SLOT, got), CHIP_EXECUTION_ERROR);
        chip_free(chip);
        chip = chip_in(locks, CHIP_ATECC508A, SLOT_CONFIG(0u, SECRET, 0u, 0u), KEY_P256, NULL);
        assert_int_equal(chip_get_pub_key(chip, SLOT, got), CHIP_EXECUTION_ERROR);
        assert_int_equal(chip_private(chip, SLOT, got), CHIP_EXECUTION_ERROR);
        chip_free(chip);
    }
}

static void test_sign(void **state)
{
    (void)state;
    uint8_t scalar[32], point[64];
    unhex(rfc_scalar, scalar, sizeof scalar);
    unhex(rfc_point, point, sizeof point);
    for (enum lock_state locks = CONFIG_LOCKED; locks < LOCK_STATES; locks++) {
        for (unsigned read_key = 0; read_key < 16; read_key++) {
            uint8_t signature[64];
            struct chip *chip =
                chip_in(locks, CHIP_ATECC508A, SLOT_CONFIG(read_key, SECRET, 0u, 0u), KEY_P256, scalar);
            bool allowed = locks == BOTH_LOCKED && read_key % 2 == 1;
            assert_int_equal(chip_sign(chip, SLOT, some_data, signature),
                             allowed ? CHIP_OK : CHIP_EXECUTION_ERROR);
            if (allowed)
                assert_true(verified(point, some_data, signature));
            chip_free(chip);
        }
    }
}

static void test_sign_refused(void **state)
{
    (void)state;
    static const struct {
        unsigned key_config;
        bool with_key;
    } cases[] = {
        {KEY_P256,                 false},
        {KEY_P256 | KEY_REQ_AUTH,  true },
        {KEY_P256 | KEY_INTRUSION, true },
        {KEY_OTHER,                false},
        {KEY_ECC,                  false},
    };
    uint8_t scalar[32], signature[64];
    unhex(rfc_scalar, scalar, sizeof scalar);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct chip *chip = chip_in(BOTH_LOCKED, CHIP_ATECC508A, SLOT_CONFIG(15u, SECRET, 0u, 0u),
                                    cases[i].key_config, cases[i].with_key ? scalar : NULL);
        assert_int_equal(chip_sign(chip, SLOT, some_data, signature), CHIP_EXECUTION_ERROR);
        chip_free(chip);
    }
    struct chip *blank = chip_new(CHIP_ATECC508A, NULL);
    assert_int_equal(chip_sign(blank, 0, some_data, signature), CHIP_EXECUTION_ERROR);
    chip_free(blank);
}

/* FIPS 197, appendix C.1, with the key in either half of a 32-byte block. */
static void test_aes(void **state)
{
    (void)state;
    uint8_t keys[32] = {0}, plain[32], cipher[16], got[32];
    unhex("000102030405060708090a0b0c0d0e0f", keys + 16, 16);
    unhex("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", plain, 32);
    unhex("69c4e0d86a7b0430d8cdb78070b4c55a", cipher, 16);
    struct chip *chip =
        chip_in(CONFIG_LOCKED, CHIP_ATECC608A, SLOT_CONFIG(0u, SECRET, 0u, 0u), KEY_AES, NULL);
    assert_int_equal(chip_write_slot(chip, SLOT, 0, keys, NULL, 0), CHIP_OK);
    assert_int_equal(chip_aes(chip, SLOT, 1, false, plain, 16, got), CHIP_EXECUTION_ERROR);
    lock_data(chip);
    assert_int_equal(chip_aes(chip, SLOT, 1, false, plain, 32, got), CHIP_OK);
    assert_memory_equal(got, cipher, 16);
    assert_memory_equal(got + 16, cipher, 16); /* each 16 bytes are one command: no chaining */
    assert_int_equal(chip_aes(chip, SLOT, 1, true, got, 32, got), CHIP_OK);
    assert_memory_equal(got, plain, 32);
    assert_int_equal(chip_aes(chip, SLOT, 0, false, plain, 16, got), CHIP_OK);
    assert_memory_not_equal(got, cipher, 16);
    assert_int_equal(chip_aes(chip, SLOT, 5, false, plain, 16, got), CHIP_OK); /* 5 is 1 in two bits */
    assert_memory_equal(got, cipher, 16);
    assert_int_equal(chip_aes(chip, SLOT, 0, false, plain, 0, got), CHIP_OK);
    assert_int_equal(chip_aes(chip, SLOT, 0, false, plain, 15, got), CHIP_PARSE_ERROR);
    assert_int_equal(chip_aes(chip, SLOT, 0, false, plain, -16, got), CHIP_PARSE_ERROR);
    assert_int_equal(chip_aes(chip, SLOT, 2, false, plain, 16, got), CHIP_PARSE_ERROR); /* 36-byte slot */
    chip_free(chip);
}

static void test_aes_refused(void **state)
{
    (void)state;
    static const struct {
        enum chip_model model;
        enum lock_state locks;
        unsigned key_config;
        int status;
    } cases[] = {
        {CHIP_ATECC508A, BOTH_LOCKED,   KEY_AES,                 CHIP_PARSE_ERROR    },
        {CHIP_ATECC608A, BOTH_LOCKED,   KEY_OTHER,               CHIP_EXECUTION_ERROR},
        {CHIP_ATECC608A, BOTH_LOCKED,   KEY_P256,                CHIP_EXECUTION_ERROR},
        {CHIP_ATECC608A, BOTH_LOCKED,   KEY_AES | KEY_PRIVATE,   CHIP_EXECUTION_ERROR},
        {CHIP_ATECC608A, BOTH_LOCKED,   KEY_AES | KEY_REQ_AUTH,  CHIP_EXECUTION_ERROR},
        {CHIP_ATECC608A, BOTH_LOCKED,   KEY_AES | KEY_INTRUSION, CHIP_EXECUTION_ERROR},
        {CHIP_ATECC608A, CONFIG_LOCKED, KEY_AES,                 CHIP_EXECUTION_ERROR},
        {CHIP_ATECC608A, BLANK,         KEY_AES,                 CHIP_EXECUTION_ERROR},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t got[16];
        struct chip *chip = chip_in(cases[i].locks, cases[i].model, SLOT_CONFIG(0u, SECRET, 0u, 0u),
                                    cases[i].key_config, NULL);
        assert_int_equal(chip_aes(chip, SLOT, 0, false, some_data, 16, got), cases[i].status);
        chip_free(chip);
    }
}

/* The 128 bytes of scripts/atca-test-config.yaml and atca-test-config-608a.yaml. */
static const char sample_508a[] = "012352aa00006002d1bbf378ee010100c000550087648764876487648f0f8f8f"
                                  "9f8f8220c444c4440f0f0f0f0f0f0f0f834f0f0fffffffff00000000ffffffff"
                                  "00000000ffffffffffffffffffffffffffffffff00005555ffff000000000000"
                                  "33003300330033003c001c001c0033001c001c003c003c003c003c0013003c00";
static const char sample_608a[] = "012352aa00006002d1bbf378ee010100c000550087648764876487648000c444"
                                  "9f8f8220c444c4440f0f0f0f0f0f0f0f836f0f00ffffffff00000000ffffffff"
                                  "00000000ffffffffffffffffffffffffffffffff00005555ffff000000000000"
                                  "33003300330033003c0038001c0033001c001c003c003c003c003c0013003800";

/* The tutorials' walk: configuration, both locks, slot 4's key in the clear, slot 0's encrypted, then its
 * use. */
static void walk(enum chip_model model, const char *hex)
{
    uint8_t raw[128], after[128], scalar[32], point[64], got[64], signature[64];
    unhex(hex, raw, sizeof raw);
    unhex(rfc_scalar, scalar, sizeof scalar);
    unhex(rfc_point, point, sizeof point);
    struct chip *chip = chip_new(model, NULL);
    assert_int_equal(chip_write_config(chip, raw), CHIP_OK);
    chip_read_config(chip, after);
    assert_memory_equal(after + 16, raw + 16, 112); /* the samples leave 84-87 as the factory does */
    lock_config(chip);
    lock_data(chip);
    assert_int_equal(chip_priv_write(chip, 0, scalar, NULL, 0), CHIP_EXECUTION_ERROR);
    assert_int_equal(chip_priv_write(chip, 0, scalar, right_key, 4), CHIP_CHECKMAC_FAILED);
    assert_int_equal(chip_write_slot(chip, 4, 0, right_key, NULL, 0), CHIP_OK);
    assert_int_equal(chip_priv_write(chip, 0, scalar, right_key, 4), CHIP_OK);
    assert_int_equal(chip_get_pub_key(chip, 0, got), CHIP_OK);
    assert_memory_equal(got, point, sizeof got);
    assert_int_equal(chip_sign(chip, 0, some_data, signature), CHIP_OK);
    assert_true(verified(point, some_data, signature));
    assert_int_equal(chip_gen_key(chip, 1, got), CHIP_OK);                            /* WriteConfig 6 */
    assert_int_equal(chip_gen_key(chip, 7, got), CHIP_OK);                            /* WriteConfig 2 */
    assert_int_equal(chip_sign(chip, 7, some_data, signature), CHIP_EXECUTION_ERROR); /* internal only */
    assert_int_equal(chip_priv_write(chip, 7, scalar, right_key, 0), CHIP_EXECUTION_ERROR);
    assert_int_equal(chip_gen_key(chip, 4, got), CHIP_EXECUTION_ERROR);
    assert_int_equal(chip_write_slot(chip, 0, 0, some_data, right_key, 4), CHIP_EXECUTION_ERROR);
    assert_int_equal(chip_write_slot(chip, 8, 12, some_data, right_key, 4), CHIP_OK);
    assert_int_equal(chip_write_slot(chip, 6, 0, some_data, NULL, 0), CHIP_EXECUTION_ERROR);
    assert_int_equal(chip_write_slot(chip, 10, 2, some_data, NULL, 0), CHIP_OK);
    assert_int_equal(chip_read_slot(chip, 10, 2, got), CHIP_OK);
    assert_memory_equal(got, some_data, 8);
    assert_int_equal(chip_read_slot(chip, 4, 0, got), CHIP_EXECUTION_ERROR);
    assert_int_equal(chip_read_slot(chip, 8, 0, got), CHIP_EXECUTION_ERROR);
    /* Slot 5 is AES with the 608A's sample, and never written with the other's. */
    bool aes = model == CHIP_ATECC608A;
    assert_int_equal(chip_write_slot(chip, 5, 0, some_data, right_key, 4),
                     aes ? CHIP_OK : CHIP_EXECUTION_ERROR);
    assert_int_equal(chip_aes(chip, 5, 0, false, some_data, 16, got), aes ? CHIP_OK : CHIP_PARSE_ERROR);
    /* Slot 14's WriteConfig is 4 in the one sample and 6 in the other: only 6 has GenKey's bit. */
    assert_int_equal(chip_gen_key(chip, 14, got), aes ? CHIP_OK : CHIP_EXECUTION_ERROR);
    chip_free(chip);
}

static void test_sample_508a(void **state)
{
    (void)state;
    walk(CHIP_ATECC508A, sample_508a);
}

static void test_sample_608a(void **state)
{
    (void)state;
    walk(CHIP_ATECC608A, sample_608a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gen_key),      cmocka_unit_test(test_gen_key_replaces),
        cmocka_unit_test(test_kinds_of_key), cmocka_unit_test(test_get_pub_key),
        cmocka_unit_test(test_sign),         cmocka_unit_test(test_sign_refused),
        cmocka_unit_test(test_aes),          cmocka_unit_test(test_aes_refused),
        cmocka_unit_test(test_sample_508a),  cmocka_unit_test(test_sample_608a),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
