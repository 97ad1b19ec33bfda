/* Predictions, words, status sentences and findings about a chip's configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "codec/atecc_policy.h"
#include "codec/atecc_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum state { OPEN, DATA_OPEN, LOCKED };

/* The sample configuration with its zones in a state. */
static struct atecc_config sample(const char *name, enum state state)
{
    const char *root = getenv("LOCKSTEP_ROOT");
    char path[512];
    struct buf text = BUF_INIT;
    struct error e = {0};
    uint8_t raw[ATECC_CONFIG_SIZE];
    snprintf(path, sizeof path, "%s/tests/data/atecc/%s.hex", root != NULL ? root : ".", name);
    if (file_read(path, 1 << 16, &text, &e) != 0 ||
        atecc_text_read(buf_text(&text), text.len, ATECC_HEX, path, raw, &e) != 0)
        fail_msg("%s", e.message);
    buf_free(&text);
    raw[87] = state == OPEN ? ATECC_UNLOCKED : ATECC_LOCKED;
    raw[86] = state == LOCKED ? ATECC_LOCKED : ATECC_UNLOCKED;
    struct atecc_config config;
    atecc_config_decode(raw, &config);
    return config;
}

static struct atecc_config with(const struct atecc_config *config, unsigned byte, uint8_t value)
{
    struct atecc_config made;
    uint8_t raw[ATECC_CONFIG_SIZE];
    memcpy(raw, config->raw, sizeof raw);
    raw[byte] = value;
    atecc_config_decode(raw, &made);
    return made;
}

static void refused(const struct atecc_config *config, enum atecc_operation operation, unsigned slot,
                    const char *why, const char *next)
{
    struct error e = {0};
    int rc = atecc_predict(config, operation, slot, &e);
    static const char prefix[] = "the chip would refuse (0xf4): ";
    const char *said = strncmp(e.message, prefix, strlen(prefix)) ? e.message : e.message + strlen(prefix);
    if (rc != ERR_REFUSED || strcmp(said, why) != 0 || strcmp(e.next, next) != 0)
        fail_msg("operation %d slot %u: %d\n%s\n%s\nwanted\n%s\n%s", (int)operation, slot, rc, e.message,
                 e.next, why, next);
    assert_int_equal(atecc_predict(config, operation, slot, NULL), ERR_REFUSED);
}

static void allowed(const struct atecc_config *config, enum atecc_operation operation, unsigned slot)
{
    struct error e = {0};
    if (atecc_predict(config, operation, slot, &e) != 0)
        fail_msg("operation %d slot %u: %s", (int)operation, slot, e.message);
}

static const char lock_config_first[] = "lockstep atca-lock-zone config (dry run first).";
static const char other_slot[] = "Use another slot: lockstep atca-slots shows what each one allows.";

static void test_predicts_config_open(void **state)
{
    (void)state;
    struct atecc_config config = sample("sample-508", OPEN);
    static const char *const why[] = {
        [ATECC_LOCK_DATA] = "the data zone can't be locked while the configuration zone is open",
        [ATECC_WRITE_CLEAR] = "slots can't be written while the configuration zone is open",
        [ATECC_WRITE_ENCRYPTED] = "slots can't be written while the configuration zone is open",
        [ATECC_PRIV_WRITE] = "keys can't be set while the configuration zone is open",
        [ATECC_PRIV_WRITE_ENCRYPTED] = "keys can't be set while the configuration zone is open",
        [ATECC_GEN_KEY] = "keys can't be made while the configuration zone is open",
        [ATECC_GET_PUB_KEY] = "public keys can't be computed while the configuration zone is open",
        [ATECC_SIGN] = "nothing can be signed while the configuration zone is open",
    };
    allowed(&config, ATECC_WRITE_CONFIG, 0);
    allowed(&config, ATECC_LOCK_CONFIG, 99);
    for (int operation = ATECC_LOCK_DATA; operation <= ATECC_SIGN; operation++)
        refused(&config, (enum atecc_operation)operation, 4, why[operation], lock_config_first);
}

static void test_predicts_zones(void **state)
{
    (void)state;
    struct atecc_config half = sample("sample-508", DATA_OPEN), full = sample("sample-508", LOCKED);
    static const char cannot_write[] = "the configuration zone is locked, and nothing can write it again";
    static const char write_next[] =
        "lockstep atca-get-config shows what is locked in; another configuration needs another chip.";
    static const char done[] = "Both zones are locked; nothing is left to do.";
    refused(&half, ATECC_WRITE_CONFIG, 0, cannot_write, write_next);
    refused(&full, ATECC_WRITE_CONFIG, 0, cannot_write, write_next);
    refused(&half, ATECC_LOCK_CONFIG, 0, "the configuration zone is locked already",
            "What is left to lock is the data zone: lockstep atca-lock-zone data (dry run first).");
    refused(&full, ATECC_LOCK_CONFIG, 0, "the configuration zone is locked already", done);
    allowed(&half, ATECC_LOCK_DATA, 0);
    refused(&full, ATECC_LOCK_DATA, 0, "the data zone is locked already", done);
    struct atecc_config odd = with(&half, 87, 0x12); /* any byte but 0x55 is a lock */
    refused(&odd, ATECC_WRITE_CONFIG, 0, cannot_write, write_next);
}

static void test_predicts_data_open(void **state)
{
    (void)state;
    struct atecc_config config = sample("sample-508", DATA_OPEN);
    for (unsigned slot = 0; slot < ATECC_SLOTS; slot++) {
        bool ecc = config.slot[slot].is_private;
        if (!ecc) {
            allowed(&config, ATECC_WRITE_CLEAR, slot);
            continue;
        }
        allowed(&config, ATECC_PRIV_WRITE, slot);
        allowed(&config, ATECC_GEN_KEY, slot);
        allowed(&config, ATECC_GET_PUB_KEY, slot);
        refused(&config, ATECC_SIGN, slot, "nothing can be signed while the data zone is open",
                "lockstep atca-lock-zone data (dry run first).");
        struct atecc_config not_secret = with(&config, 20 + 2 * slot, 0x07);
        char why[128];
        snprintf(why, sizeof why,
                 "slot %u is not secret (IsSecret 0), and private keys can only be set in slots that are",
                 slot);
        refused(&not_secret, ATECC_PRIV_WRITE, slot, why, other_slot);
    }
    refused(&config, ATECC_GEN_KEY, 4,
            "slot 4 does not hold an ECC P-256 private key (KeyConfig: Private 0, KeyType 7)", other_slot);
    refused(&config, ATECC_WRITE_CLEAR, 0, "slot 0 holds a private key, which data can't be written over",
            "An ECC private key is set with lockstep atca-set-key 0 and a PEM file.");
    refused(
        &config, ATECC_WRITE_ENCRYPTED, 8,
        "encrypted writes work only once the data zone is locked; until then slot 8 is written in the clear",
        "Leave --write-key out.");
    refused(
        &config, ATECC_PRIV_WRITE_ENCRYPTED, 0,
        "encrypted writes work only once the data zone is locked; until then slot 0 is written in the clear",
        "Leave --write-key out.");
    refused(&config, ATECC_SIGN, 16, "there is no slot 16: a chip has slots 0 to 15",
            "lockstep atca-slots shows what each slot allows.");
}

static void test_predicts_locked(void **state)
{
    (void)state;
    struct atecc_config config = sample("sample-508", LOCKED);
    allowed(&config, ATECC_PRIV_WRITE_ENCRYPTED, 0);
    allowed(&config, ATECC_GEN_KEY, 0);
    allowed(&config, ATECC_GET_PUB_KEY, 0);
    allowed(&config, ATECC_SIGN, 0);
    allowed(&config, ATECC_WRITE_CLEAR, 4);
    allowed(&config, ATECC_WRITE_ENCRYPTED, 8);
    refused(&config, ATECC_PRIV_WRITE, 0, "slot 0 takes only encrypted keys now that the data zone is locked",
            "Give --write-key with the key of slot 4.");
    refused(&config, ATECC_PRIV_WRITE, 7,
            "the key of slot 7 can't be set now that the data zone is locked (WriteConfig 0010)", other_slot);
    refused(&config, ATECC_PRIV_WRITE_ENCRYPTED, 7,
            "the key of slot 7 can't be set now that the data zone is locked (WriteConfig 0010)", other_slot);
    refused(&config, ATECC_SIGN, 7,
            "the key of slot 7 does not sign what comes from outside (ReadKey bit 0 is 0)", other_slot);
    refused(&config, ATECC_WRITE_CLEAR, 8,
            "slot 8 takes only encrypted writes now that the data zone is locked",
            "Give --write-key with the key of slot 4.");
    refused(&config, ATECC_WRITE_ENCRYPTED, 4,
            "slot 4 has no write key: it is written in the clear (WriteConfig 0000)",
            "Leave --write-key out.");
    refused(&config, ATECC_WRITE_CLEAR, 5,
            "slot 5 takes no writes now that the data zone is locked (WriteConfig 1000)", other_slot);
    refused(&config, ATECC_WRITE_ENCRYPTED, 5,
            "slot 5 takes no writes now that the data zone is locked (WriteConfig 1000)", other_slot);
    refused(&config, ATECC_GEN_KEY, 14,
            "keys can't be made in slot 14 now that the data zone is locked (WriteConfig 0100)", other_slot);
}

static void test_predicts_slot_bits(void **state)
{
    (void)state;
    struct atecc_config locked = sample("sample-508", LOCKED);
    struct atecc_config config = with(&locked, 88, 0xEE); /* slots 0 and 4 */
    static const char held_0[] = "slot 0 is locked for itself, and what it holds can never change again";
    static const char held_4[] = "slot 4 is locked for itself, and what it holds can never change again";
    refused(&config, ATECC_GEN_KEY, 0, held_0, other_slot);
    refused(&config, ATECC_PRIV_WRITE_ENCRYPTED, 0, held_0, other_slot);
    refused(&config, ATECC_WRITE_CLEAR, 4, held_4, other_slot);
    allowed(&config, ATECC_SIGN, 0);
    allowed(&config, ATECC_GET_PUB_KEY, 0);
    config = with(&locked, 96, 0x31);
    refused(&config, ATECC_GET_PUB_KEY, 0, "the public key of slot 0 is not given out (PubInfo 0)",
            other_slot);
    config = with(&locked, 96, 0xB3);
    config = with(&config, 97, 0x05);
    static const char auth[] = "the key of slot 0 works only after an authorization with the key of slot 5 "
                               "(ReqAuth), which the firmware does not offer";
    refused(&config, ATECC_SIGN, 0, auth, other_slot);
    refused(&config, ATECC_GEN_KEY, 0, auth, other_slot);
    config = with(&locked, 97, 0x10);
    refused(
        &config, ATECC_SIGN, 0,
        "the key of slot 0 works only while the chip's latch is set (IntrusionDisable), which the firmware "
        "does not do",
        other_slot);
    config = with(&locked, 104, 0x33); /* slot 4 becomes a private key: no write key any more */
    refused(&config, ATECC_PRIV_WRITE_ENCRYPTED, 0,
            "writes to slot 0 are guarded by slot 4, whose policy does not let its key be used for that",
            other_slot);
}

/* --- words ------------------------------------------------------------------------------------------ */

typedef void words_fn(const struct atecc_config *config, unsigned slot, struct buf *to);

static void says(words_fn *fn, const struct atecc_config *config, unsigned slot, const char *wanted)
{
    struct buf words = BUF_INIT;
    fn(config, slot, &words);
    assert_string_equal(buf_text(&words), wanted);
    buf_free(&words);
}

static void test_slot_words(void **state)
{
    (void)state;
    static const struct {
        unsigned slot;
        const char *holds, *use, *write, *read;
    } rows[] = {
        {0,  "ECC P-256 private", "sign, ECDH",                                "encrypted, key of slot 4; gen", "never"                   },
        {4,  "secret 32 B",       "write key of 0 1 2 3 8 9, read key of 8 9", "always, in the clear",          "never"                   },
        {5,  "secret 32 B",       "–",                                       "never",                         "never"                   },
        {7,  "ECC P-256 private", "sign internally only",                      "gen only",                      "never"                   },
        {8,  "secret 416 B",      "–",                                       "encrypted, key of slot 4",      "encrypted, key of slot 4"},
        {10, "data 72 B",         "–",                                       "always, in the clear",          "always"                  },
        {14, "ECC P-256 private", "sign",                                      "encrypted, key of slot 15",     "never"                   },
        {15, "data 72 B",         "write key of 14",                           "always, in the clear",          "always"                  },
    };
    struct atecc_config config = sample("sample-508", LOCKED);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        says(atecc_words_holds, &config, rows[i].slot, rows[i].holds);
        says(atecc_words_use, &config, rows[i].slot, rows[i].use);
        says(atecc_words_write, &config, rows[i].slot, rows[i].write);
        says(atecc_words_read, &config, rows[i].slot, rows[i].read);
    }
    says(atecc_words_slot, &config, 0, "Slot 0 is a ECC private key slot");
    says(atecc_words_slot, &config, 4, "Slot 4 is a non-ECC private key slot");
}

static void test_odd_slot_words(void **state)
{
    (void)state;
    struct atecc_config sane = sample("sample-608", LOCKED), config;
    says(atecc_words_holds, &sane, 5, "AES-128");
    says(atecc_words_use, &sane, 5, "AES");
    config = with(&sane, 104, 0x10);
    says(atecc_words_holds, &config, 4, "ECC P-256 public");
    config = with(&sane, 104, 0x1D);
    says(atecc_words_holds, &config, 4, "private, unusable type 7");
    config = with(&sane, 104, 0x08);
    says(atecc_words_holds, &config, 4, "reserved type 2");
    config = with(&sane, 20, 0x8F);
    says(atecc_words_use, &config, 0, "sign, ECDH into slot 1");
    config = with(&sane, 20, 0x80);
    says(atecc_words_use, &config, 0, "–");
    config = with(&sane, 21, 0x40);
    says(atecc_words_write, &config, 0, "encrypted, key of slot 0");
    config = with(&sane, 21, 0x00);
    says(atecc_words_write, &config, 0, "never");
    config = with(&sane, 41, 0x10);
    says(atecc_words_write, &config, 10, "in the clear while not validated");
    config = with(&sane, 40, 0x4F);
    says(atecc_words_read, &config, 10, "never");
    config = with(&sane, 88, 0xFE);
    says(atecc_words_write, &config, 0, "never, the slot is locked");
    config = with(&sane, 96, 0xB3);
    config = with(&config, 97, 0x05);
    says(atecc_words_use, &config, 0, "sign, ECDH; after authorization with slot 5");
    says(atecc_words_use, &config, 5, "AES, authorizes 0");
}

static void test_chip_words(void **state)
{
    (void)state;
    struct atecc_config config = sample("board-508", DATA_OPEN);
    struct buf words = BUF_INIT;
    atecc_words_chip(&config, &words);
    assert_string_equal(buf_text(&words),
                        "ATECC508A rev 0x5000 S/N 0x012352aad1bbf378ee, config is locked, data is unlocked");
    buf_clear(&words);
    config = with(&config, 87, 0x31);
    atecc_words_chip(&config, &words);
    assert_string_equal(buf_text(&words),
                        "ATECC508A rev 0x5000 S/N 0x012352aad1bbf378ee, config is locked with "
                        "the unknown value 0x31, data is unlocked");
    buf_free(&words);
}

static void status_says(uint8_t status, const struct atecc_config *config, const char *part)
{
    struct buf words = BUF_INIT;
    char code[8];
    snprintf(code, sizeof code, "0x%02x", status);
    atecc_words_status(status, config, &words);
    if (strstr(buf_text(&words), part) == NULL || strstr(buf_text(&words), code) == NULL ||
        strpbrk(buf_text(&words), "{}") != NULL)
        fail_msg("%s: %s", code, buf_text(&words));
    buf_free(&words);
}

static void test_status_words(void **state)
{
    (void)state;
    struct atecc_config open = sample("board-508", OPEN), half = sample("board-508", DATA_OPEN);
    struct atecc_config full = sample("board-508", LOCKED), newer = sample("sample-608", LOCKED);
    struct atecc_config no_aes = with(&newer, 13, 0), moved = with(&newer, 16, 0xB0);
    status_says(0xF4, &open, "its configuration zone is open");
    status_says(0xF4, &half, "its data zone is open");
    status_says(0xF4, &full, "both zones are locked");
    status_says(0xF4, NULL, "the lock state of its zones or the policy");
    status_says(0xD2, &full, "an ATECC508A has no AES");
    status_says(0xD2, &no_aes, "AES is off");
    status_says(0xD2, &newer, "slot, block or mode");
    status_says(0xD2, NULL, "slot, block or mode");
    status_says(0xD1, &full, "the write key given is not the one in the slot");
    status_says(0xD0, &full, "did not wake up");
    status_says(0xD0, &moved, "address byte 0xb0, bus address 0x58");
    status_says(0xD6, NULL, "elliptic curve");
    status_says(0xE7, &full, "did not answer");
    status_says(0xF0, &full, "did not answer");
    status_says(0xF1, NULL, "did not answer");
    status_says(0x77, &full, "no meaning is known");
    for (unsigned status = 0; status < 256; status++)
        status_says((uint8_t)status, &full, "");
}

static void test_status_in(void **state)
{
    (void)state;
    static const struct {
        const char *message;
        int status;
    } rows[] = {
        {"Failed to lock zone 0: 0xf4",                 0xF4},
        {"Failed to read config zone block 0xd0: 0xE7", 0xE7},
        {"0xd2",                                        0xD2},
        {"Failed to set key: 0xf4 (slot 3)",            0xF4},
        {"",                                            -1  },
        {"Invalid slot",                                -1  },
        {"Expected 32 bytes, got 31",                   -1  },
        {"at 0xf4f4",                                   -1  },
        {"at 0xf",                                      -1  },
        {"at 0x",                                       -1  },
        {"10xf4",                                       -1  },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(atecc_status_in(rows[i].message), rows[i].status);
}

static void weak_says(const struct atecc_config *config, unsigned lines, const char *wanted)
{
    struct buf words = BUF_INIT;
    unsigned count = atecc_words_weak(config, &words);
    assert_string_equal(buf_text(&words), wanted);
    assert_int_equal(count, lines);
    buf_free(&words);
}

#define SLOT_FINDINGS                                                                                        \
    "slot 4, which guards writes to 0 1 2 3 8 9, can be overwritten by anyone\n"                             \
    "slot 15, which guards writes to 14, can be overwritten by anyone\n"                                     \
    "slot 4, which guards reads of 8 9, can be overwritten by anyone\n"                                      \
    "slot 15, which guards writes to 14, can be read by anyone\n"                                            \
    "ECC private key of slot 0 1 2 3: can be replaced by whoever knows the key of slot 4\n"                  \
    "ECC private key of slot 14: can be replaced by whoever knows the key of slot 15\n"                      \
    "ECC private key of slot 0 1 2 3 7: anyone can have the chip make a new one, which destroys the old\n"   \
    "data of slot 10 11 12 13: can be overwritten by anyone\n"

static void test_weak(void **state)
{
    (void)state;
    struct atecc_config config = sample("sample-508", LOCKED);
    weak_says(&config, 8, SLOT_FINDINGS);
    config = sample("sample-508", DATA_OPEN);
    weak_says(&config, 9,
              "the data zone is open: every slot can be written in the clear, whatever its policy "
              "says\n" SLOT_FINDINGS);
    config = sample("sample-508", OPEN);
    weak_says(&config, 9,
              "the configuration zone is open: whoever reaches the chip can change every slot's "
              "policy\n" SLOT_FINDINGS);

    /* What is locked for itself needs no guard; what can't be read gives nothing away. */
    config = sample("sample-508", LOCKED);
    config = with(&config, 89, 0xBF); /* slot 14 */
    says(atecc_words_use, &config, 15, "–");
    config = sample("sample-508", LOCKED);
    config = with(&config, 50, 0x4F); /* slot 15: EncryptRead without IsSecret */
    struct buf words = BUF_INIT;
    assert_int_equal(atecc_words_weak(&config, &words), 7);
    assert_null(strstr(buf_text(&words), "can be read"));
    buf_free(&words);

    /* Nothing to find: secrets that nobody writes or reads. */
    uint8_t strict[ATECC_CONFIG_SIZE] = {0};
    for (unsigned n = 0; n < ATECC_SLOTS; n++) {
        strict[20 + 2 * n] = 0x80;
        strict[21 + 2 * n] = 0x80;
        strict[96 + 2 * n] = 0x1C;
    }
    memset(strict + 88, 0xFF, 2);
    atecc_config_decode(strict, &config);
    weak_says(&config, 0, "");
    config = with(&config, 21 + 2 * 6, 0x00);
    weak_says(&config, 1, "secret of slot 6: can be overwritten by anyone\n");
    config = with(&config, 88, 0xBF); /* locked for itself */
    weak_says(&config, 0, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_predicts_config_open),
        cmocka_unit_test(test_predicts_zones),
        cmocka_unit_test(test_predicts_data_open),
        cmocka_unit_test(test_predicts_locked),
        cmocka_unit_test(test_predicts_slot_bits),
        cmocka_unit_test(test_slot_words),
        cmocka_unit_test(test_odd_slot_words),
        cmocka_unit_test(test_chip_words),
        cmocka_unit_test(test_status_words),
        cmocka_unit_test(test_status_in),
        cmocka_unit_test(test_weak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
