/* chip.json: a chip comes back as it was saved, and a damaged file becomes no chip. */
#include "test_chip_kit.h"

#include "base/buf.h"
#include "base/file.h"

#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/lockstep-chip-XXXXXX";
static char path[sizeof folder + 16];

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/chip.json", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static struct chip *used_chip(uint8_t point[64])
{
    uint8_t scalar[32];
    unhex(rfc_scalar, scalar, sizeof scalar);
    struct chip *chip =
        chip_in(BOTH_LOCKED, CHIP_ATECC608A, SLOT_CONFIG(1u, SECRET, KEY_SLOT, 6u), KEY_P256, scalar);
    assert_int_equal(chip_get_pub_key(chip, SLOT, point), CHIP_OK);
    return chip;
}

static void test_round_trip(void **state)
{
    (void)state;
    struct error e = {0};
    struct stat st;
    uint8_t point[64], got[64], before[128], after[128];
    struct chip *chip = used_chip(point), *back = NULL;
    assert_true(chip_dirty(chip));
    assert_int_equal(chip_save(chip, path, &e), 0);
    assert_false(chip_dirty(chip));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);

    assert_int_equal(chip_load(path, &back, &e), 0);
    assert_false(chip_dirty(back));
    assert_int_equal(chip_model(back), CHIP_ATECC608A);
    chip_read_config(chip, before);
    chip_read_config(back, after);
    assert_memory_equal(after, before, sizeof after);
    assert_int_equal(chip_bus_address(back), 0x60);
    assert_int_equal(chip_get_pub_key(back, SLOT, got), CHIP_OK);
    assert_memory_equal(got, point, sizeof got);
    assert_int_equal(chip_priv_write(back, SLOT, some_data, right_key, KEY_SLOT), CHIP_OK);
    assert_true(chip_dirty(back));

    /* Saving what was loaded gives the same file again. */
    struct buf first = BUF_INIT, second = BUF_INIT;
    chip_free(back);
    assert_int_equal(file_read(path, 1 << 16, &first, &e), 0);
    assert_int_equal(chip_load(path, &back, &e), 0);
    assert_int_equal(chip_save(back, path, &e), 0);
    assert_int_equal(file_read(path, 1 << 16, &second, &e), 0);
    assert_int_equal(first.len, second.len);
    assert_memory_equal(first.data, second.data, first.len);
    buf_free(&first);
    buf_free(&second);
    chip_free(back);
    chip_free(chip);
}

static void test_address_after_load(void **state)
{
    (void)state;
    uint8_t raw[128];
    struct error e = {0};
    struct chip *chip = chip_new(CHIP_ATECC508A, NULL), *back = NULL;
    chip_read_config(chip, raw);
    raw[16] = 0x6A;
    assert_int_equal(chip_write_config(chip, raw), CHIP_OK);
    assert_int_equal(chip_bus_address(chip), 0x60);
    assert_int_equal(chip_save(chip, path, &e), 0);
    assert_int_equal(chip_load(path, &back, &e), 0);
    assert_int_equal(chip_bus_address(back), 0x35);
    chip_free(back);
    chip_free(chip);
}

static void test_unwritable(void **state)
{
    (void)state;
    struct error e = {0};
    struct chip *chip = chip_new(CHIP_ATECC508A, NULL);
    assert_int_equal(chip_save(chip, "/nowhere/at/all/chip.json", &e), ERR_REFUSED);
    assert_non_null(strstr(e.message, "/nowhere/at/all"));
    assert_true(chip_dirty(chip));
    chip_free(chip);
}

/* The file with `old` (its first) made `new`; NULL old: the whole file is `new`. */
static void damage(const struct buf *good, const char *old, const char *new)
{
    struct buf bad = BUF_INIT;
    struct error e = {0};
    const char *text = buf_text(good), *at = old ? strstr(text, old) : NULL;
    if (old) {
        assert_non_null(at);
        buf_add(&bad, text, (size_t)(at - text));
        buf_add_text(&bad, new);
        buf_add_text(&bad, at + strlen(old));
    } else {
        buf_add_text(&bad, new);
    }
    assert_int_equal(file_replace(path, 0600, bad.len ? (const void *)bad.data : "", bad.len, &e), 0);
    buf_free(&bad);
}

static void refused_with(const char *words)
{
    struct error e = {0};
    struct chip *chip = (struct chip *)&e; /* anything but NULL: the refusal must clear it */
    assert_int_equal(chip_load(path, &chip, &e), ERR_REFUSED);
    assert_null(chip);
    assert_non_null(strstr(e.message, path));
    if (!strstr(e.message, words))
        fail_msg("\"%s\" does not say \"%s\"", e.message, words);
}

static void test_damaged(void **state)
{
    (void)state;
    static const struct {
        const char *old, *new, *words;
    } cases[] = {
        {NULL,                   "",                       "stops being JSON at byte 0 of 0"                     },
        {NULL,                   "{",                      "stops being JSON"                                    },
        {NULL,                   "[]",                     "not one JSON object"                                 },
        {NULL,                   "null",                   "not one JSON object"                                 },
        {NULL,                   "{}",                     "lacks the member \"format\""                         },
        {"\n}\n",                "\n}\nx",                 "stops being JSON"                                    },
        {"\n}\n",                "\n",                     "stops being JSON"                                    },
        {"lockstep-chip-1",      "lockstep-chip-2",        "format is not"                                       },
        {"\"lockstep-chip-1\"",  "1",                      "format is not"                                       },
        {"atecc608a",            "atecc108a",              "neither \"atecc508a\" nor"                           },
        {"atecc608a",            "atecc508a",              "not the revision of an atecc508a"                    },
        {"\"otp\"",              "\"opt\"",                "member \"opt\" that does not belong"                 },
        {"\"otp\"",              "\"o\\u001b[2J\"",        "member \"o\\x1b[2J\" that does not belong"           },
        {"\"otp\"",              "\"format\"",             "member \"format\" twice"                             },
        {"012352aa",             "012352a",                "configuration zone has 255 hex digits instead of 256"},
        {"012352aa",             "012352aaa",              "configuration zone has 257 hex digits"               },
        {"012352aa",             "012352ag",               "configuration zone holds characters that are not hex"},
        {"012352aa",             "012452aa",               "serial number"                                       },
        {"78eec1",               "78efc1",                 "serial number"                                       },
        {"00006002",             "00006003",               "not the revision of an atecc608a"                    },
        {"0000"
         "0000"
         "ffff0000",    "0000"
         "aa00"
         "ffff0000",          "lock byte"                                           },
        {"0000"
         "0000"
         "ffff0000",    "0000"
         "0055"
         "ffff0000",          "which no chip can be"                                },
        {"\"slots\": [",         "\"slots\": [0, ",        "array of 16"                                         },
        {"\"slots\": [\n    \"", "\"slots\": [\n    \"00", "slot 0 has 74 hex digits instead of 72"              },
    };
    uint8_t point[64];
    struct error e = {0};
    struct buf good = BUF_INIT;
    struct chip *chip = used_chip(point);
    assert_int_equal(chip_save(chip, path, &e), 0);
    assert_int_equal(file_read(path, 1 << 16, &good, &e), 0);
    for (size_t i = 0; i < COUNT(cases); i++) {
        damage(&good, cases[i].old, cases[i].new);
        refused_with(cases[i].words);
    }
    buf_free(&good);
    chip_free(chip);
}

/* Byte 13 comes from the factory alone: AES wants its bit 0, and an ATECC608A. */
static void test_aes_enable(void **state)
{
    (void)state;
    static const struct {
        enum chip_model model;
        const char *old, *new;
        int status;
    } cases[] = {
        {CHIP_ATECC608A, "78eec1", "78eec1", CHIP_OK         },
        {CHIP_ATECC608A, "78eec1", "78eec0", CHIP_PARSE_ERROR},
        {CHIP_ATECC508A, "78eec0", "78eec1", CHIP_PARSE_ERROR},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t got[16];
        struct error e = {0};
        struct buf good = BUF_INIT;
        struct chip *chip =
            chip_in(BOTH_LOCKED, cases[i].model, SLOT_CONFIG(0u, SECRET, 0u, 0u), KEY_AES, NULL);
        assert_int_equal(chip_save(chip, path, &e), 0);
        chip_free(chip);
        assert_int_equal(file_read(path, 1 << 16, &good, &e), 0);
        damage(&good, cases[i].old, cases[i].new);
        assert_int_equal(chip_load(path, &chip, &e), 0);
        assert_int_equal(chip_aes(chip, SLOT, 0, false, some_data, 16, got), cases[i].status);
        chip_free(chip);
        buf_free(&good);
    }
}

/* Every shortening of a good file is refused, and none is read beyond its end. */
static void test_cut_short(void **state)
{
    (void)state;
    struct error e = {0};
    struct buf good = BUF_INIT;
    struct chip *chip = chip_new(CHIP_ATECC508A, NULL), *back;
    assert_int_equal(chip_save(chip, path, &e), 0);
    assert_int_equal(file_read(path, 1 << 16, &good, &e), 0);
    for (size_t len = 0; len + 1 < good.len; len += len < 64 ? 1 : 97) {
        FILE *f = fopen(path, "wb");
        assert_non_null(f);
        assert_int_equal(fwrite(good.data, 1, len, f), len);
        fclose(f);
        assert_int_equal(chip_load(path, &back, &e), ERR_REFUSED);
        assert_null(back);
    }
    buf_free(&good);
    chip_free(chip);
}

static void test_strange_files(void **state)
{
    (void)state;
    struct error e = {0};
    struct chip *chip;
    struct buf text = BUF_INIT;
    unlink(path);
    refused_with("chip's state");
    assert_int_equal(chip_load(folder, &chip, &e), ERR_REFUSED);
    assert_null(chip);

    buf_add(&text, "{\0}", 3);
    assert_int_equal(file_replace(path, 0600, text.data, text.len, &e), 0);
    refused_with("NUL byte");
    buf_clear(&text);
    for (int i = 0; i < 5000; i++)
        buf_add_text(&text, "[");
    assert_int_equal(file_replace(path, 0600, text.data, text.len, &e), 0);
    refused_with("stops being JSON");
    for (int i = 0; i < 20000; i++)
        buf_add_byte(&text, ' ');
    assert_int_equal(file_replace(path, 0600, text.data, text.len, &e), 0);
    refused_with("larger than");
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),    cmocka_unit_test(test_address_after_load),
        cmocka_unit_test(test_unwritable),    cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_aes_enable),    cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_strange_files),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
