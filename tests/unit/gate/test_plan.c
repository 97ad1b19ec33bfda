/* Plans: what they hold, how they read, what they never show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gate/plan.h"

#include <stdlib.h>
#include <string.h>

static void make(struct plan *plan)
{
    plan_init(plan, "atca-lock-zone");
    plan_title(plan, "lock the configuration zone of %s on %s", "ATECC508A", "esp32_0A1B2C");
    plan_identity_chip(plan, "012352AAD1BBF378EE");
    memset(plan->state, 0xab, sizeof plan->state);
    plan_step_add(plan, "lock the configuration zone");
    plan_change_add(plan, "byte 87  LockConfig", "0x55", "0x00", "the zone can never be written again");
    plan_change_add(plan, "byte 16", "0xc0", "0xb0", NULL);
    plan_freeze_add(plan, "%d slot policies", 16);
    plan_freeze_add(plan, "I²C address 0x60");
    plan_check_add(plan, "chip read %s alike", "three times");
    plan_check_add(plan, "link clean for %d frames", 200);
    plan_warning_add(plan, "slot %d stays writable in the clear", 4);
    plan_trap_add(plan, "i2c-address", "0xb0", "Type the new bus address",
                  "the chip will answer at another address");
}

static void test_text(void **state)
{
    (void)state;
    struct plan plan;
    make(&plan);
    struct buf text = BUF_INIT;
    plan_text(&plan, 1, &text);
    assert_string_equal(
        buf_text(&text),
        "plan (nothing sent): lock the configuration zone of ATECC508A on esp32_0A1B2C\n"
        "  byte 87  LockConfig   0x55 → 0x00      the zone can never be written again\n"
        "  byte 16               0xc0 → 0xb0\n"
        "  What becomes permanent: 16 slot policies; I²C address 0x60\n"
        "  Warning: slot 4 stays writable in the clear\n"
        "  Trap i2c-address: the chip will answer at another address (wants a consent of its own: --accept "
        "i2c-address)\n"
        "  checked: chip read three times alike · link clean for 200 frames\n");
    buf_clear(&text);
    plan_text(&plan, 0, &text);
    assert_non_null(strstr(buf_text(&text), "about to do: lock the configuration zone"));
    assert_null(strstr(buf_text(&text), "nothing sent"));
    assert_null(strstr(buf_text(&text), "f378"));
    buf_free(&text);
    plan_free(&plan);
}

static void test_steps_are_counted(void **state)
{
    (void)state;
    struct plan plan;
    plan_init(&plan, "x");
    assert_int_equal(plan_step_add(&plan, "write block %d", 0), 0);
    plan_change_add(&plan, "slot 4", "", "32 bytes of key.hex", "");
    assert_int_equal(plan_step_add(&plan, "lock"), 1);
    struct buf text = BUF_INIT;
    plan_text(&plan, 0, &text);
    assert_non_null(
        strstr(buf_text(&text), "  step 1 of 2: write block 0\n  slot 4   32 bytes of key.hex\n"));
    assert_non_null(strstr(buf_text(&text), "  step 2 of 2: lock\n"));
    buf_free(&text);
    plan_free(&plan);
}

static void test_identity(void **state)
{
    (void)state;
    static const struct {
        int mac;
        const char *given, *identity, *digits, *where;
    } cases[] = {
        {0, "012352aad1bbf378ee",   "012352aad1bbf378ee", "f378",
         "the four digits before \"ee\" of this chip's"                                                     },
        {0, "0x012352AAD1BBF378EE", "012352aad1bbf378ee", "f378",
         "the four digits before \"ee\" of this chip's"                                                     },
        {0, "012352aad1bbf378",     "",                   "",     "the four digits"                         },
        {0, "012352aad1bbf378eeee", "",                   "",     "the four digits"                         },
        {0, "012352aad1bbf378eg",   "",                   "",     "the four digits"                         },
        {0, "",                     "",                   "",     "the four digits"                         },
        {1, "24:0A:C4:0A:1B:2C",    "240ac40a1b2c",       "1b2c", "the last four digits of this board's MAC"},
        {1, "240ac40a1b2c",         "240ac40a1b2c",       "1b2c", "the last four digits of this board's MAC"},
        {1, "240ac40a1b",           "",                   "",     "the last four digits of this board's MAC"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct plan plan;
        plan_init(&plan, "x");
        (cases[i].mac ? plan_identity_mac : plan_identity_chip)(&plan, cases[i].given);
        assert_string_equal(plan.identity, cases[i].identity);
        assert_string_equal(plan.digits, cases[i].digits);
        assert_ptr_equal(strstr(plan.where, cases[i].where), plan.where);
        plan_free(&plan);
    }
}

static void test_device_text_is_made_harmless(void **state)
{
    (void)state;
    struct plan plan;
    plan_init(&plan, "x");
    plan_title(&plan, "lock %s", "evil\033[2J\ndone");
    plan_change_add(&plan, "a\033b", "c\rd", "e\x7f", "f\xff");
    plan_trap_add(&plan, "n", "a", "q\033", "s\033");
    struct buf text = BUF_INIT;
    plan_text(&plan, 1, &text);
    for (size_t i = 0; i < text.len; i++)
        assert_true(text.data[i] >= 0x20 || text.data[i] == '\n');
    assert_non_null(
        strstr(buf_text(&text), "\\x0a")); /* a line break inside the title does not break the line */
    buf_free(&text);
    plan_free(&plan);
}

static void test_json(void **state)
{
    (void)state;
    struct plan plan;
    make(&plan);
    cJSON *json = plan_json(&plan);
    char *text = cJSON_PrintUnformatted(json);
    static const char wanted[] =
        "{\"title\":\"lock the configuration zone of ATECC508A on "
        "esp32_0A1B2C\",\"operation\":\"atca-lock-zone\","
        "\"identity\":\"012352aad1bbf378ee\",\"state\":"
        "\"abababababababababababababababababababababababababababababababab\",\"words\":[],\"files\":[],"
        "\"steps\":[{\"title\":\"lock "
        "the "
        "configuration zone\",\"changes\":[{\"what\":\"byte 87  "
        "LockConfig\",\"before\":\"0x55\",\"after\":\"0x00\","
        "\"note\":\"the zone can never be written again\"},{\"what\":\"byte "
        "16\",\"before\":\"0xc0\",\"after\":\"0xb0\",\"note\":\"\"}]}],\"freezes\":[\"16 slot "
        "policies\",\"I²C address "
        "0x60\"],\"checks\":[\"chip read three times alike\",\"link clean for 200 "
        "frames\"],\"warnings\":[\"slot 4 "
        "stays writable in the clear\"],\"traps\":[{\"name\":\"i2c-address\",\"sentence\":\"the chip will "
        "answer at "
        "another address\"}]}";
    assert_string_equal(text, wanted);
    free(text);
    cJSON_Delete(json);
    plan_free(&plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),     cmocka_unit_test(test_steps_are_counted),
        cmocka_unit_test(test_identity), cmocka_unit_test(test_device_text_is_made_harmless),
        cmocka_unit_test(test_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
