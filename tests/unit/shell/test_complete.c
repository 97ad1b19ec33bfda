/* Completion without a device: commands, options, values. And what a device would add to a terminal: nothing
 * raw. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "shell/call.h"
#include "shell/complete.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

static int run_nothing(struct op_call *call, size_t step, struct error *e)
{
    (void)call;
    (void)step;
    (void)e;
    return 0;
}

static const struct op_arg key_args[] = {
    {"SLOT", TYPE_SLOT, 0, "slot", NULL, 0, NULL},
    {"FILE",     TYPE_FILE, 0, "file", NULL, 0, NULL},
    {"ZONE",  TYPE_CHOICE, ARG_OPTIONAL, "zone", "config|data", 0, NULL},
    {0 },
};
static const struct op_arg key_options[] = {
    {"format",         TYPE_CHOICE, 0, "format", "yaml|json|hex", 0, NULL},
    {"force",               TYPE_FLAG, 0, "force", NULL, 0, NULL},
    {0},
};
static const struct op key_op = {
    .name = "test-key", .summary = "a key", .args = key_args, .options = key_options, .run = run_nothing};
static const struct op *const ops[] = {&key_op, NULL};
static const struct plugin plugin = {.abi = PLUGIN_ABI, .name = "test", .ops = ops};

static void test_candidates(void **state)
{
    (void)state;
    static const struct {
        const char *line, *wanted;
        bool files;
    } cases[] = {
        {"test",                  "test-key",                                 false},
        {"expect",                "expect expect-error expect-json",          false},
        {"mos test",              "test-key",                                 false},
        {"help test",             "test-key",                                 false},
        {"nonsense",              "",                                         false},
        {"nonsense ",             "",                                         false},
        {"test-key 1",            "1 10 11 12 13 14 15",                      false},
        {"test-key 1 ",           "",                                         true },
        {"test-key --force 1 f ", "config data",                              false},
        {"test-key 1 f d",        "data",                                     false},
        {"test-key --fo",         "--format= --force",                        false},
        {"test-key --format=",    "--format=yaml --format=json --format=hex", false},
        {"test-key --format=j",   "--format=json",                            false},
        {"test-key --format ",    "yaml json hex",                            false},
        {"test-key --force=",     "--force=true --force=false",               false},
        {"--dry",                 "--dry-run",                                false},
        {"test-key --va",         "",                                         false}, /* --var belongs to the program's start */
        {"on-error c",            "continue",                                 false},
        {"run ",                  "",                                         true },
        {"test-key 'open",        "",                                         false},
    };
    struct loop *loop = loop_new();
    struct session session;
    session_init(&session, loop);
    assert_int_equal(registry_add_plugin(&session.registry, &plugin, NULL, NULL), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct complete_list list;
        struct buf got = BUF_INIT;
        size_t point = strlen(cases[i].line), start = point;
        while (start > 0 && cases[i].line[start - 1] != ' ')
            start--;
        complete_line(&session, cases[i].line, start, point, &list);
        for (size_t k = 0; k < list.count; k++)
            buf_printf(&got, "%s%s", k ? " " : "", list.text[k]);
        assert_string_equal(buf_text(&got), cases[i].wanted);
        assert_int_equal(list.files, cases[i].files);
        complete_free(&list);
        buf_free(&got);
    }
    session_free(&session);
    loop_free(loop);
}

static void test_safe_json(void **state)
{
    (void)state;
    static const struct {
        const char *raw, *safe;
    } cases[] = {
        {"{\"a\":\"b\"}",              "{\"a\":\"b\"}"             },
        {"\"gr\xc3\xb6\xc3\x9f\x65\"", "\"gr\xc3\xb6\xc3\x9f\x65\""},
        {"\"\x7f\"",                   "\"\\u007f\""               },
        {"\"\xc2\x9b"
         "31m\"",             "\"\\u009b31m\""            },
        {"\"\xe2\x80\xae\"",           "\"\\u202e\""               },
        {"\"\xf3\xa0\x80\x81\"",       "\"\\udb40\\udc01\""        },
        {"\"\xe9\"",                   "\"\\ufffd\""               },
        {"\"\xe9"
         "abc\"",             "\"\\ufffd"
         "abc\""                         },
        {"\"\xff\xfe\"",               "\"\\ufffd\\ufffd\""        },
        {"\"\xe2\x82",                 "\"\\ufffd\\ufffd"          },
        {"\"\xc3\"",                   "\"\\ufffd\""               },
        {"\"\xf0\x9f\x94\x92\"",       "\"\xf0\x9f\x94\x92\""      },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf safe = BUF_INIT;
        report_safe_json(cases[i].raw, &safe);
        assert_string_equal(buf_text(&safe), cases[i].safe);
        buf_free(&safe);
    }
}

static void test_width(void **state)
{
    (void)state;
    assert_non_null(setlocale(LC_ALL, "C.UTF-8"));
    assert_int_equal(report_width(""), 0);
    assert_int_equal(report_width("abc"), 3);
    assert_int_equal(report_width("gr\xc3\xb6\xc3\x9f\x65"), 5);
    assert_int_equal(report_width("\xe6\xbc\xa2"), 2);
    assert_int_equal(report_width("e\xcc\x81"), 1);
    assert_int_equal(report_width("a\xff"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_candidates),
        cmocka_unit_test(test_safe_json),
        cmocka_unit_test(test_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
