/* The configuration zone as text: known answers, round trips, and every refusal with its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/text.h"
#include "codec/atecc.h"
#include "codec/atecc_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const format_names[] = {"yaml", "json", "hex"};

/* A file of the source tree: tests run from its root, or find it in LOCKSTEP_ROOT. */
static struct buf load(const char *path)
{
    const char *root = getenv("LOCKSTEP_ROOT");
    char full[512];
    struct buf text = BUF_INIT;
    struct error e = {0};
    snprintf(full, sizeof full, "%s/%s", root != NULL ? root : ".", path);
    if (file_read(full, 1 << 20, &text, &e) != 0)
        fail_msg("%s", e.message);
    return text;
}

static void read_good(const char *text, size_t len, enum atecc_format format, const char *name, uint8_t *raw)
{
    struct error e = {0};
    memset(raw, 0xA5, ATECC_CONFIG_SIZE);
    if (atecc_text_read(text, len, format, name, raw, &e) != 0)
        fail_msg("%s", e.message);
}

/* The expected bytes, found without the reader under test. */
static void bytes_of_hex(const struct buf *text, uint8_t *raw)
{
    const char *p = buf_text(text);
    for (int i = 0; i < ATECC_CONFIG_SIZE; i++) {
        p = strstr(p, "0x");
        assert_non_null(p);
        raw[i] = (uint8_t)strtoul(p, NULL, 16);
        p += 2;
    }
    assert_null(strstr(p, "0x"));
}

static void assert_same_text(const struct buf *a, const struct buf *b)
{
    assert_string_equal(buf_text(a), buf_text(b));
    assert_int_equal(a->len, b->len);
}

static void golden(const char *name)
{
    struct buf text[3];
    uint8_t expected[ATECC_CONFIG_SIZE], raw[ATECC_CONFIG_SIZE];
    for (int f = 0; f < 3; f++) {
        char path[96];
        snprintf(path, sizeof path, "tests/data/atecc/%s.%s", name, format_names[f]);
        assert_int_equal(atecc_format_by_file(path), f);
        text[f] = load(path);
    }
    bytes_of_hex(&text[ATECC_HEX], expected);
    for (int f = 0; f < 3; f++) {
        struct buf printed = BUF_INIT;
        atecc_text_write(expected, (enum atecc_format)f, &printed);
        assert_same_text(&printed, &text[f]);
        read_good(buf_text(&text[f]), text[f].len, (enum atecc_format)f, name, raw);
        assert_memory_equal(raw, expected, sizeof raw);
        buf_free(&printed);
        buf_free(&text[f]);
    }
}

static void test_prints_and_reads_what_mos_prints(void **state)
{
    (void)state;
    static const char *const names[] = {"sample-508", "sample-608", "board-508",
                                        "random-1",   "random-2",   "random-3"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        golden(names[i]);
}

static void test_samples_with_comments(void **state)
{
    (void)state;
    static const char *const files[][2] = {
        {"scripts/atca-test-config.yaml",      "tests/data/atecc/sample-508.hex"},
        {"scripts/atca-test-config-608a.yaml", "tests/data/atecc/sample-608.hex"},
    };
    for (int i = 0; i < 2; i++) {
        uint8_t raw[ATECC_CONFIG_SIZE], expected[ATECC_CONFIG_SIZE], again[ATECC_CONFIG_SIZE];
        struct buf text = load(files[i][0]), hex = load(files[i][1]), printed = BUF_INIT;
        bytes_of_hex(&hex, expected);
        read_good(buf_text(&text), text.len, ATECC_YAML, files[i][0], raw);
        assert_memory_equal(raw, expected, sizeof raw);
        atecc_text_write(raw, ATECC_YAML, &printed);
        read_good(buf_text(&printed), printed.len, ATECC_YAML, "printed", again);
        assert_memory_equal(again, expected, sizeof again);
        buf_free(&text);
        buf_free(&hex);
        buf_free(&printed);
    }
}

/* Any 128 bytes survive every form, those included for which mos has no words. */
static void test_any_bytes_survive(void **state)
{
    (void)state;
    uint32_t seed = 20261120;
    for (int round = 0; round < 3000; round++) {
        uint8_t raw[ATECC_CONFIG_SIZE], again[ATECC_CONFIG_SIZE];
        for (int i = 0; i < ATECC_CONFIG_SIZE; i++) {
            seed = seed * 1664525 + 1013904223;
            raw[i] = (uint8_t)(seed >> 24);
        }
        enum atecc_format format = (enum atecc_format)(round % 3);
        if (format != ATECC_HEX)
            raw[14] &= 1; /* the factory's other bits stand in hex only */
        struct buf text = BUF_INIT;
        atecc_text_write(raw, format, &text);
        read_good(buf_text(&text), text.len, format, "random", again);
        assert_memory_equal(again, raw, sizeof raw);
        buf_free(&text);
    }
}

/* --- changed samples -------------------------------------------------------------------------------- */

/* sample-508 in one form, the first `from` behind `after` replaced by `to`. */
static struct buf changed(enum atecc_format format, const char *after, const char *from, const char *to)
{
    char path[96];
    snprintf(path, sizeof path, "tests/data/atecc/sample-508.%s", format_names[format]);
    struct buf text = load(path), made = BUF_INIT;
    const char *start = buf_text(&text), *p = strstr(start, after);
    if (p == NULL || (p = strstr(p, from)) == NULL)
        fail_msg("the sample has no %s behind %s", from, after);
    buf_add(&made, start, (size_t)(p - start));
    buf_add_text(&made, to);
    buf_add_text(&made, p + strlen(from));
    buf_free(&text);
    return made;
}

static bool is_refused(const struct buf *text, enum atecc_format format, const char *sentence,
                       const char *next)
{
    struct error e = {0};
    uint8_t raw[ATECC_CONFIG_SIZE], before[ATECC_CONFIG_SIZE];
    memset(raw, 0x5A, sizeof raw);
    memcpy(before, raw, sizeof raw);
    int rc = atecc_text_read(buf_text(text), text->len, format, "chip", raw, &e);
    assert_memory_equal(raw, before, sizeof raw);
    assert_int_equal(atecc_text_read(buf_text(text), text->len, format, "chip", raw, NULL), rc);
    if (rc == ERR_REFUSED && strcmp(e.message, sentence) == 0 && strcmp(e.next, next) == 0)
        return true;
    print_error("wanted: %s\n        %s\ngot %d: %s\n        %s\n", sentence, next, rc, e.message, e.next);
    return false;
}

static void refuse(const struct buf *text, enum atecc_format format, const char *sentence, const char *next)
{
    assert_true(is_refused(text, format, sentence, next));
}

struct change {
    const char *after, *from, *to, *sentence, *next;
};

static void refuse_all(enum atecc_format format, const struct change *change, size_t count)
{
    bool all = true;
    for (size_t i = 0; i < count; i++) {
        struct buf text = changed(format, change[i].after, change[i].from, change[i].to);
        const char *next = change[i].next != NULL ? change[i].next : "";
        all = is_refused(&text, format, change[i].sentence, next) && all;
        buf_free(&text);
    }
    assert_true(all);
}

static void accept(enum atecc_format format, const char *after, const char *from, const char *to,
                   unsigned byte, uint8_t value)
{
    struct buf text = changed(format, after, from, to);
    struct buf hex = load("tests/data/atecc/sample-508.hex");
    uint8_t raw[ATECC_CONFIG_SIZE], expected[ATECC_CONFIG_SIZE];
    bytes_of_hex(&hex, expected);
    expected[byte] = value;
    read_good(buf_text(&text), text.len, format, "chip", raw);
    assert_memory_equal(raw, expected, sizeof raw);
    buf_free(&text);
    buf_free(&hex);
}

static void test_accepts(void **state)
{
    (void)state;
    accept(ATECC_YAML, "i2caddress", "192", "0xB0 # bus address 0x58", 16, 0xB0);
    accept(ATECC_YAML, "num: 4", "Other", "NonECC", 104, 0x3C);
    accept(ATECC_YAML, "num: 4", "Other", "AES", 104, 0x38);
    accept(ATECC_YAML, "num: 4", "Other", "0x03", 104, 0x2C);
    accept(ATECC_YAML, "lockconfig", "Unlocked", "'Locked'", 87, 0x00);
    accept(ATECC_YAML, "lockvalue", "Unlocked", "0x12", 86, 0x12);
    accept(ATECC_JSON, "LockValue", "Unlocked", "0x12", 86, 0x12);
    accept(ATECC_JSON, "I2CAddress", "192", "\t\r\n 176", 16, 0xB0);
    accept(ATECC_HEX, "0xc0", "0xc0, 0x00, 0x55, 0x00", "B0\t0X00,,0x55\r\n00", 16, 0xB0);
}

/* Keys of factory bytes may be missing; the bytes are 0 then. */
static void test_factory_keys_may_be_missing(void **state)
{
    (void)state;
    struct buf text = load("tests/data/atecc/sample-508.yaml"), hex = load("tests/data/atecc/sample-508.hex");
    uint8_t raw[ATECC_CONFIG_SIZE], expected[ATECC_CONFIG_SIZE];
    bytes_of_hex(&hex, expected);
    memset(expected, 0, 16);
    const char *rest = strstr(buf_text(&text), "i2caddress");
    assert_non_null(rest);
    read_good(rest, strlen(rest), ATECC_YAML, "chip", raw);
    assert_memory_equal(raw, expected, sizeof raw);
    buf_free(&text);
    buf_free(&hex);
}

/* What mos's form has no words for is printed under keys of our own, and only then. */
static void test_extra_keys(void **state)
{
    (void)state;
    static const struct {
        unsigned byte;
        uint8_t value;
        const char *yaml, *json;
    } rows[] = {
        {19,  0x6C, "  watchdogduration: 10s\n  clockdivider: 13\n",                         "\"ClockDivider\": 13\n"     },
        {97,  0x20, "    intrusiondisable: false\n    reservedbit13: true\n    x509id: 0\n",
         "\"ReservedBit13\": true,\n"                                                                                     },
        {87,  0xAB, "\nlockconfig: 0xab\n",                                                  "\"LockConfig\": \"0xab\",\n"},
        {104, 0x20, "    keytype: 0x00\n",                                                   "\"KeyType\": \"0x00\",\n"   },
    };
    struct buf hex = load("tests/data/atecc/sample-508.hex");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t raw[ATECC_CONFIG_SIZE], again[ATECC_CONFIG_SIZE];
        bytes_of_hex(&hex, raw);
        raw[rows[i].byte] = rows[i].value;
        for (int f = ATECC_YAML; f <= ATECC_JSON; f++) {
            const char *wanted = f == ATECC_YAML ? rows[i].yaml : rows[i].json;
            struct buf text = BUF_INIT;
            atecc_text_write(raw, (enum atecc_format)f, &text);
            if (strstr(buf_text(&text), wanted) == NULL)
                fail_msg("not printed: %s", wanted);
            read_good(buf_text(&text), text.len, (enum atecc_format)f, "extra", again);
            assert_memory_equal(again, raw, sizeof raw);
            buf_free(&text);
        }
    }
    buf_free(&hex);
}

#define AT "reading chip:"

static void test_refuses_yaml_keys(void **state)
{
    (void)state;
    static const struct change changes[] = {
        {"num: 0",   "writekey",                         "writekeyy",
         AT "34:5: slotinfo[0].slotconfig has a key that a chip configuration does not know: writekeyy",
         "The nearest key there is writekey."                                                                                                           },
        {"otpmode",  "otpmode",                          "OTPMode",
         AT "17:1: the text has a key that a chip configuration does not know: OTPMode",
         "The nearest key there is otpmode."                                                                                                            },
        {"otpmode",  "otpmode",                          "\"a\\0b\"",
         AT "17:1: the text has a key that a chip configuration does not know: \"a\"",                                                              NULL},
        {"otpmode",  "otpmode",                          "[1]",
         AT "17:1: the text has a key that a chip configuration does not know: a list",                                                             NULL},
        {"otpmode",  "otpmode",                          "<<",
         AT "17:1: the text has a key that a chip configuration does not know: <<",                                                                 NULL},
        {"counter0", "counter0: ",                       "otpmode: 85\ncounter0: ",    AT "351:1: otpmode stands here a second time",
         NULL                                                                                                                                           },
        {"num: 3",   "    writeconfig: 6\n",             "",                           AT "94:5: slotinfo[3].slotconfig lacks the key writeconfig",
         NULL                                                                                                                                           },
        {"counter1", "counter1: 18446744069414584320\n", "",                           AT "1:1: the text lacks the key counter1",                   NULL},
        {"num: 4",   "private: false",                   "private: true",
         AT "115:3: slotinfo[4] is a slot with private true: its slot configuration wants the key "
            "privatekeyslotconfig, and not readkey",                                                                                                NULL},
        {"num: 0",   "private: true",                    "private: false",
         AT "23:3: slotinfo[0] is a slot with private false: its slot configuration wants the key readkey, "
            "and not privatekeyslotconfig",                                                                                                         NULL},
        {"num: 4",   "readkey: 15",
         "privatekeyslotconfig:\n      extsignenable: true\n      intsignenable: "
         "true\n      ecdhenable: true\n      ecdhtonextslot: false\n    readkey: 15", AT "115:3: slotinfo[4] is a slot with private false: its slot configuration wants the key readkey, "
            "and not privatekeyslotconfig",                   NULL},
    };
    refuse_all(ATECC_YAML, changes, sizeof changes / sizeof changes[0]);
}

static void test_refuses_yaml_values(void **state)
{
    (void)state;
    static const struct change changes[] = {
        {"i2caddress", "192",                                        "256",
         AT "15:13: i2caddress wants a whole number from 0 to 255; here stands 256",                                                                                    NULL},
        {"i2caddress", "192",                                        "-1",                   AT "15:13: i2caddress wants a whole number from 0 to 255; here stands -1",
         NULL                                                                                                                                                               },
        {"i2caddress", "192",                                        "1.0",
         AT "15:13: i2caddress wants a whole number from 0 to 255; here stands 1.0",                                                                                    NULL},
        {"i2caddress", "192",                                        "0300",
         AT "15:13: i2caddress wants a whole number from 0 to 255; here stands 0300",                                                                                   NULL},
        {"i2caddress", "192",                                        "\"192\"",
         AT "15:13: i2caddress wants a whole number from 0 to 255; here stands \"192\"",                                                                                NULL},
        {"i2caddress", "192",                                        "\"\\e[2J\"",
         AT "15:13: i2caddress wants a whole number from 0 to 255; here stands \"\\x1b[2J\"",                                                                           NULL},
        {"i2caddress", "192",                                        "",
         AT "15:12: i2caddress wants a whole number from 0 to 255; here stands nothing",                                                                                NULL},
        {"i2caddress", "192",                                        "{a: 1}",
         AT "15:13: i2caddress wants a whole number from 0 to 255; here stands a group of keys",                                                                        NULL},
        {"num: 0",     "writeconfig: 6",                             "writeconfig: 16",
         AT "35:18: slotinfo[0].slotconfig.writeconfig wants a whole number from 0 to 15; here stands 16",
         NULL                                                                                                                                                               },
        {"num: 0",     "nomac: false",                               "nomac: no",
         AT "30:12: slotinfo[0].slotconfig.nomac wants true or false; here stands no",                                                                                  NULL},
        {"num: 0",     "nomac: false",                               "nomac: \"false\"",
         AT "30:12: slotinfo[0].slotconfig.nomac wants true or false; here stands \"false\"",                                                                           NULL},
        {"num: 4",     "Other",                                      "other",
         AT "127:14: slotinfo[4].keyconfig.keytype wants ECC, AES, Other, NonECC, or 0x00 to 0x07; here "
            "stands other",                                                                                                                                             NULL},
        {"num: 4",     "Other",                                      "0x08",
         AT "127:14: slotinfo[4].keyconfig.keytype wants ECC, AES, Other, NonECC, or 0x00 to 0x07; here "
            "stands 0x08",                                                                                                                                              NULL},
        {"chipmode",   "1s",                                         "5s",
         AT "21:21: chipmode.watchdogduration wants 1s, 10s, or 0x00 to 0x01; here stands 5s",                                                                          NULL},
        {"counter0",   "18446744069414584320",                       "18446744073709551616",
         AT "351:11: counter0 wants a whole number from 0 to 18446744073709551615; here stands "
            "18446744073709551616",                                                                                                                                     NULL},
        {"slotinfo",   "num: 3",                                     "num: 4",
         AT "92:8: slotinfo[3].num is 4, but this is element 3 of the list: slots stand in order from 0",
         NULL                                                                                                                                                               },
        {"serialnum",  "- 0\n",                                      "",                     AT "10:1: serialnum has fewer than 9 byte values",                         NULL},
        {"serialnum",  "- 0\n",                                      "- 0\n- 0\n",           AT "11:3: serialnum has more than 9 byte values",                          NULL},
        {"serialnum",  "- 0\n",                                      "- 300\n",
         AT "2:3: serialnum wants a whole number from 0 to 255; here stands 300",                                                                                       NULL},
        {"x509format", "- publicposition: 0\n  templatelength: 0\n", "",
         AT "369:1: x509format has 3 elements where 4 are wanted",                                                                                                      NULL},
        {"x509format", "- publicposition: 0\n",
         "- publicposition: 0\n  templatelength: 0\n- "
         "publicposition: 0\n",                                                              AT "371:3: x509format has more than 4 elements",                           NULL},
        {"x509format", "- publicposition: 0\n  templatelength: 0\n", "- 7\n",
         AT "363:3: x509format[0] wants a group of keys; here stands 7",                                                                                                NULL},
    };
    refuse_all(ATECC_YAML, changes, sizeof changes / sizeof changes[0]);
}

static void test_refuses_yaml_forms(void **state)
{
    (void)state;
    static const struct change changes[] = {
        {"i2caddress", "192",        "&a 192",
         AT "15:13: i2caddress holds a YAML anchor (&), which is not taken here: write values out",   NULL},
        {"i2caddress", "192",        "*a",
         AT "15:13: i2caddress holds a YAML alias (*), which is not taken here: write the value out", NULL},
        {"i2caddress", "192",        "!!int 192",
         AT "15:13: i2caddress holds a YAML tag (!), which is not taken here",                        NULL},
        {"chipmode",   "chipmode:",  "chipmode: &m",
         AT "18:11: chipmode holds a YAML anchor (&), which is not taken here: write values out",     NULL},
        {"i2caddress", "192",        "[",
         AT "15:13: i2caddress wants a whole number from 0 to 255; here stands a list",               NULL},
        {"x509format", "x509format", "---\nx509format", AT "1:1: the text lacks the key x509format",  NULL},
    };
    refuse_all(ATECC_YAML, changes, sizeof changes / sizeof changes[0]);

    struct buf text = changed(ATECC_YAML, "i2caddress", "192", "192\n\tx: 1");
    refuse(&text, ATECC_YAML,
           AT "16:1: the text is not well-formed YAML: found a tab character that violates indentation", "");
    buf_free(&text);
    text = load("tests/data/atecc/sample-508.yaml");
    buf_add_text(&text, "---\nmore: 1\n");
    refuse(&text, ATECC_YAML, AT "371:1: the text holds a second YAML document; one configuration is wanted",
           "");
    buf_clear(&text);
    refuse(&text, ATECC_YAML, AT "1:1: the text holds no chip configuration", "");
    buf_add_text(&text, "# nothing\n");
    refuse(&text, ATECC_YAML, AT "2:1: the text holds no chip configuration", "");
    buf_clear(&text);
    buf_add_text(&text, "word");
    refuse(&text, ATECC_YAML, AT "1:1: the text is not a chip configuration: here stands word", "");
    buf_clear(&text);
    buf_add(&text, "\xff\xfe", 2);
    refuse(&text, ATECC_YAML, AT "1:1: the text is not well-formed YAML: invalid leading UTF-8 octet", "");
    buf_free(&text);
}

static void test_refuses_json(void **state)
{
    (void)state;
    static const struct change changes[] = {
        {"SerialNum", "AAAAAAAAAAAA",         "AAAAAAAAAAA=",
         AT "2:16: SerialNum wants the base64 text of 9 bytes; here stands \"AAAAAAAAAAA=\"",                                                   NULL},
        {"SerialNum", "\"AAAAAAAAAAAA\"",     "[0,0,0,0,0,0,0,0,0]",
         AT "2:16: SerialNum wants the base64 text of 9 bytes; here stands a list",                                                             NULL},
        {"OTPMode",   "OTPMode",              "otpmode",
         AT "9:3: the text has a key that a chip configuration does not know: \"otpmode\"",
         "The nearest key there is OTPMode."                                                                                                        },
        {"OTPMode",   "85",                   "0x55",                AT "9:15: the text is not well-formed JSON from here on",                  NULL},
        {"OTPMode",   "85",                   "85, \"OTPMode\": 85", AT "9:18: OTPMode stands here a second time",                              NULL},
        {"OTPMode",   "85",                   "\"85\"",              AT "9:14: OTPMode wants a whole number from 0 to 255; here stands \"85\"",
         NULL                                                                                                                                       },
        {"OTPMode",   "85",                   "null",                AT "9:14: OTPMode wants a whole number from 0 to 255; here stands null",
         NULL                                                                                                                                       },
        {"OTPMode",   "85",                   "8.5e1",               AT "9:14: OTPMode wants a whole number from 0 to 255; here stands 8.5e1",
         NULL                                                                                                                                       },
        {"SlotInfo",  "\"KeyType\": \"ECC\"", "\"KeyType\": 4",
         AT "35:20: SlotInfo[0].KeyConfig.KeyType wants ECC, AES, Other, NonECC, or 0x00 to 0x07; here "
            "stands 4",                                                                                                                         NULL},
        {"SlotInfo",  "\"NoMAC\": false",     "\"NoMAC\": 0",
         AT "25:18: SlotInfo[0].SlotConfig.NoMAC wants true or false; here stands 0",                                                           NULL},
        {"SlotInfo",  "\"Private\": true",    "\"Private\": false",
         AT "16:5: SlotInfo[0] is a slot with Private false: its slot configuration wants the key ReadKey, "
            "and not PrivateKeySlotConfig",                                                                                                     NULL},
    };
    refuse_all(ATECC_JSON, changes, sizeof changes / sizeof changes[0]);

    struct buf text = load("tests/data/atecc/sample-508.json");
    buf_add_text(&text, "\n# comment");
    refuse(&text, ATECC_JSON, AT "445:1: the text is not well-formed JSON from here on", "");
    buf_clear(&text);
    refuse(&text, ATECC_JSON, AT "1:1: the text is not well-formed JSON from here on", "");
    for (int i = 0; i < 10000; i++)
        buf_add_byte(&text, '[');
    struct error e = {0};
    uint8_t raw[ATECC_CONFIG_SIZE];
    assert_int_equal(atecc_text_read(buf_text(&text), text.len, ATECC_JSON, "chip", raw, &e), ERR_REFUSED);
    assert_int_equal(atecc_text_read(buf_text(&text), text.len, ATECC_YAML, "chip", raw, &e), ERR_REFUSED);
    buf_free(&text);
}

static void test_refuses_hex(void **state)
{
    (void)state;
    static const struct change changes[] = {
        {"0xc0", "0xc0",   "0xcg",
         AT "5:1: \"0xcg\" is not a byte in hex (two digits, 0x before them if you like)",                                NULL},
        {"0xc0", "0xc0, ", "0xc, ",
         AT "5:1: \"0xc\" is not a byte in hex (two digits, 0x before them if you like)",                                 NULL},
        {"0xc0", ", ",     "; ",           AT "5:5: \";\" is not a byte in hex (two digits, 0x before them if you like)",
         NULL                                                                                                                 },
        {"0xc0", "0xc0",   "0x0xc0",
         AT "5:1: \"0x0xc0\" is not a byte in hex (two digits, 0x before them if you like)",                              NULL},
        {"0xc0", "0xc0, ", "",             "reading chip: it holds 127 bytes; a chip configuration is 128",               NULL},
        {"0xc0", "0xc0, ", "0xc0, 0xc0, ", "reading chip: it holds 129 bytes; a chip configuration is 128",
         NULL                                                                                                                 },
    };
    refuse_all(ATECC_HEX, changes, sizeof changes / sizeof changes[0]);

    struct buf text = BUF_INIT;
    refuse(&text, ATECC_HEX, "reading chip: it holds 0 bytes; a chip configuration is 128", "");
    buf_add(&text, "00\0", 3);
    refuse(&text, ATECC_HEX,
           AT "1:3: \"\\x00\" is not a byte in hex (two digits, 0x before them if you like)", "");
    buf_clear(&text);
    buf_add_text(&text, "0");
    refuse(&text, ATECC_HEX, AT "1:1: \"0\" is not a byte in hex (two digits, 0x before them if you like)",
           "");
    buf_clear(&text);
    for (int i = 0; i <= 256 * 1024; i++)
        buf_add_byte(&text, ' ');
    for (int f = 0; f < 3; f++)
        refuse(&text, (enum atecc_format)f,
               "reading chip: it holds 262145 bytes; a chip configuration has at most 262144", "");
    buf_free(&text);
}

static void test_formats(void **state)
{
    (void)state;
    assert_int_equal(atecc_format_by_name("yaml"), ATECC_YAML);
    assert_int_equal(atecc_format_by_name("JSON"), ATECC_JSON);
    assert_int_equal(atecc_format_by_name("hex"), ATECC_HEX);
    assert_int_equal(atecc_format_by_name("yml"), -1);
    assert_int_equal(atecc_format_by_name(""), -1);
    assert_int_equal(atecc_format_by_file("a/b.YML"), ATECC_YAML);
    assert_int_equal(atecc_format_by_file("yaml"), ATECC_HEX);
    assert_int_equal(atecc_format_by_file("x.json.txt"), ATECC_HEX);
    assert_int_equal(atecc_format_by_file("x.Json"), ATECC_JSON);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prints_and_reads_what_mos_prints),
        cmocka_unit_test(test_samples_with_comments),
        cmocka_unit_test(test_any_bytes_survive),
        cmocka_unit_test(test_accepts),
        cmocka_unit_test(test_factory_keys_may_be_missing),
        cmocka_unit_test(test_extra_keys),
        cmocka_unit_test(test_refuses_yaml_keys),
        cmocka_unit_test(test_refuses_yaml_values),
        cmocka_unit_test(test_refuses_yaml_forms),
        cmocka_unit_test(test_refuses_json),
        cmocka_unit_test(test_refuses_hex),
        cmocka_unit_test(test_formats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
