/* codec/acl: the strict reader with its places, the firmware's patterns, who decides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "codec/acl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static void refuses(const char *text, const char *says)
{
    struct acl acl;
    struct error e = {0};
    if (acl_parse(text, strlen(text), &acl, &e) != ERR_REFUSED)
        fail_msg("taken: %s", text);
    if (strstr(e.message, says) == NULL)
        fail_msg("%s: \"%s\" is missing in: %s", text, says, e.message);
    assert_true(acl.count == 0 && acl.entries == NULL);
}

static void takes(const char *text, struct acl *acl)
{
    struct error e = {0};
    if (acl_parse(text, strlen(text), acl, &e) != 0)
        fail_msg("%s: %s", text, e.message);
}

/* The sample of the tutorial as it stands there: its first entry has no comma behind it. */
#define SAMPLE(comma)                                                                                        \
    "[\n  {\"method\": \"FS.*\", \"ch_type\": \"GCP\", \"acl\":\"*\"}" comma                                 \
    "\n  {\"method\": \"SYS.*\", \"ch_type\": \"WS_in\", \"acl\":\"*\"},"                                    \
    "\n  {\"method\": \"FS.*\", \"acl\": \"+user1,-user2\"},\n  {\"method\": \"*\", \"acl\": \"-*\"}\n]\n"

static void test_sample_of_the_tutorial(void **state)
{
    (void)state;
    refuses(SAMPLE(""), "line 3, column 3: a comma is missing before this entry");
    struct acl acl;
    takes(SAMPLE(","), &acl);
    assert_int_equal(acl.count, 4);
    assert_string_equal(acl.entries[1].ch_type, "WS_in");
    assert_null(acl.entries[2].ch_type);
    assert_int_equal(acl.entries[2].line, 4);
    assert_int_equal(acl.entries[2].column, 3);

    static const struct {
        const char *method, *user, *channel;
        enum acl_verdict verdict;
        size_t entry;
    } rows[] = {
        {"FS.List",     NULL,    "GCP",   ACL_ALLOWED, 0},
        {"FS.List",     NULL,    "gcp",   ACL_LOGIN,   2}, /* channel types are compared letter by letter */
        {"Sys.GetInfo", NULL,    "WS_in", ACL_ALLOWED, 1}, /* patterns are not */
        {"Sys.GetInfo", NULL,    "UART",  ACL_DENIED,  3},
        {"FS.Get",      "user1", "UART",  ACL_ALLOWED, 2},
        {"FS.Get",      "user2", "UART",  ACL_DENIED,  2},
        {"FS.Get",      "user3", "UART",  ACL_DENIED,  2},
        {"FS.",         "user1", "UART",  ACL_DENIED,  3}, /* a star at the end takes at least one character */
        {"Config.Get",  "user1", "WS_in", ACL_DENIED,  3},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t entry = 77;
        enum acl_verdict v = acl_decide(&acl, rows[i].method, rows[i].user, rows[i].channel, &entry);
        if (v != rows[i].verdict || entry != rows[i].entry)
            fail_msg("%s: %s by entry %zu", rows[i].method, acl_verdict_word(v), entry);
    }
    acl_free(&acl);
}

static void test_nothing_fits_means_no(void **state)
{
    (void)state;
    struct acl acl;
    size_t entry;
    takes("[]", &acl);
    assert_int_equal(acl_decide(&acl, "RPC.List", "root", "UART", &entry), ACL_DENIED);
    assert_true(entry == ACL_NONE);
    acl_free(&acl);
    takes("[{\"method\":\"RPC.*\",\"acl\":\"+*\"}]", &acl);
    assert_int_equal(acl_decide(&acl, "RPC.List", NULL, "UART", NULL), ACL_ALLOWED);
    assert_int_equal(acl_decide(&acl, "Sys.Reboot", "root", "UART", &entry), ACL_DENIED);
    assert_true(entry == ACL_NONE);
    acl_free(&acl);
}

/* "**" is no "*": it fits everybody, but asks who it is. */
static void test_any_user_that_logs_in(void **state)
{
    (void)state;
    struct acl acl;
    assert_int_equal(acl_from_list("-eve,**", &acl, NULL), 0);
    assert_int_equal(acl_decide(&acl, "X", NULL, "UART", NULL), ACL_LOGIN);
    assert_int_equal(acl_decide(&acl, "X", "a", "UART", NULL), ACL_ALLOWED);
    assert_int_equal(acl_decide(&acl, "X", "EVE", "UART", NULL), ACL_DENIED);
    acl_free(&acl);
    assert_int_equal(acl_from_list("", &acl, NULL), ERR_REFUSED);
    assert_int_equal(acl_from_list("+a,,b", &acl, NULL), ERR_REFUSED);
}

static void test_patterns(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *text;
        bool fits;
    } rows[] = {
        {"FS.Get",     "FS.Get",      true },
        {"fs.get",     "FS.Get",      true },
        {"FS.Get",     "FS.GetX",     false},
        {"FS.Get",     "FS.Ge",       false},
        {"FS.*",       "FS.Get",      true },
        {"*",          "FS.Get",      true },
        {"*",          "a/b",         false},
        {"**",         "a/b",         true },
        {"*/b",        "a/b",         true },
        {"*.Get",      "FS.Get",      true },
        {"*.Get*",     "Config.GetX", true },
        {"*.Get*",     "Config.Get",  false}, /* the last star wants a character */
        {"F?.Get",     "FS.Get",      true },
        {"?*",         "ab",          true },
        {"?*",         "a",           false},
        {"FS.Get$",    "FS.Get",      true },
        {"FS|FS.Get",  "FS.Get",      false}, /* the first alternative fits the beginning, and that ends it */
        {"FS.Get|FS",  "FS.Get",      true },
        {"A,B|FS.Get", "FS.Get",      true },
        {"FS.Get,A|B", "FS.Get",      true },
        {"A|B,FS.Get", "FS.Get",      true },
        {"",           "x",           false},
        {"a*b*c",      "aXbYc",       true },
        {"a*b*c",      "aXbYd",       false},
        {"a*b*c$",     "abbcc",       true },
        {"[a]",        "[a]",         true },
        {"a.c",        "abc",         false},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (acl_match(rows[i].pattern, rows[i].text) != rows[i].fits)
            fail_msg("%s against %s", rows[i].pattern, rows[i].text);
}

static void test_patterns_take_no_long(void **state)
{
    (void)state;
    char text[512];
    memset(text, 'a', sizeof text);
    text[255] = '\0';
    int64_t start = clock_ms();
    assert_false(acl_match("*a*a*a*a*a*a*a*b", text));
    assert_true(acl_match("*a*a*a*a*a*a*a*", text));
    assert_true(clock_ms() - start < 1000);
    assert_false(acl_match("*a*a*a*a*a*a*a*a*a*a", text)); /* more stars than are read */
    text[255] = 'a';
    text[256] = '\0';
    assert_false(acl_match("*", text)); /* longer than anything is called */
}

static void test_lists(void **state)
{
    (void)state;
    static const struct {
        const char *list, *user;
        bool allows;
    } rows[] = {
        {"+user1,-user2", "user1", true },
        {"+user1,-user2", "user2", false},
        {"+user1,-user2", "user3", false},
        {"user1",         "USER1", true },
        {"-user1,*",      "user1", false},
        {"-user1,*",      "other", true },
        {"*,-user1",      "user1", true },
        {"+adm*",         "admin", true },
        {"+adm*",         "adm",   false},
        {"",              "x",     false},
        {"+",             "x",     false},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (acl_list_allows(rows[i].list, rows[i].user) != rows[i].allows)
            fail_msg("%s for %s", rows[i].list, rows[i].user);
}

static void test_refusals_and_their_places(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"",                                                    "line 1, column 1: access rules are"            },
        {"{}",                                                  "line 1, column 1: access rules are"            },
        {"null",                                                "array"                                         },
        {"[",                                                   "line 1, column 2: an entry"                    },
        {"[{",                                                  "a name must be text"                           },
        {"[{}]",                                                "line 1, column 2: this entry is empty"         },
        {"[\n1]",                                               "line 2, column 1: an entry"                    },
        {"[\"x\"]",                                             "an entry"                                      },
        {"[{\"method\":\"a\"}]",                                "no \"acl\""                                    },
        {"[{\"acl\":\"*\"}]",                                   "neither \"method\" nor \"ch_type\""            },
        {"[{\"method\":\"a\" \"acl\":\"*\"}]",                  "column 16: a comma is missing before this name"},
        {"[{\"method\":\"a\",\"acl\":\"*\",}]",                 "nothing follows this comma"                    },
        {"[{\"method\":\"a\",\"acl\":\"*\"},]",                 "nothing follows this comma"                    },
        {"[{\"method\":\"a\",\"acl\":\"*\"}",                   "\"]\" is missing"                              },
        {"[{\"method\":\"a\",\"acl\":\"*\"",                    "\"}\" is missing"                              },
        {"[{\"method\":\"a\",\"acl\":\"*\"}] x",                "column 28: there is more"                      },
        {"[{\"method\":\"a\",\"acl\":\"*\"}][]",                "there is more"                                 },
        {"[{\"methods\":\"a\",\"acl\":\"*\"}]",                 "\"methods\" is not known"                      },
        {"[{\"Method\":\"a\",\"acl\":\"*\"}]",                  "\"Method\" is not known"                       },
        {"[{\"method\":\"a\",\"method\":\"b\",\"acl\":\"*\"}]", "twice"                                         },
        {"[{\"method\" \"a\"}]",                                "colon is missing"                              },
        {"[{\"method\":1,\"acl\":\"*\"}]",                      "column 12: method must be text"                },
        {"[{\"method\":null,\"acl\":\"*\"}]",                   "method must be text"                           },
        {"[{\"method\":\"\",\"acl\":\"*\"}]",                   "method is empty"                               },
        {"[{\"method\":\"a\",\"acl\":\"\"}]",                   "acl is empty"                                  },
        {"[{\"method\":\"a b\",\"acl\":\"*\"}]",                "blank"                                         },
        {"[{\"method\":\"a\",\"acl\":\"+x, -y\"}]",             "blank"                                         },
        {"[{\"method\":\"a\",\"acl\":\"+x,,y\"}]",              "empty place"                                   },
        {"[{\"method\":\"a\",\"acl\":\"+x,\"}]",                "empty place"                                   },
        {"[{\"method\":\"a\",\"acl\":\"-\"}]",                  "empty place"                                   },
        {"[{\"ch_type\":\"WS*\",\"acl\":\"*\"}]",               "letter by letter"                              },
        {"[{\"method\":\"F\\u0053.*\",\"acl\":\"*\"}]",         "does not decode"                               },
        {"[{\"method\":\"a\nb\",\"acl\":\"*\"}]",               "not closed"                                    },
        {"[{\"method\":\"a",                                    "no closing quote"                              },
        {"[{\"method\":\"*********\",\"acl\":\"*\"}]",          "9 stars"                                       },
        {"// rules\n[]",                                        "line 1, column 1"                              },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        refuses(rows[i].text, rows[i].says);
    struct acl acl;
    struct error e = {0};
    assert_int_equal(acl_parse("[]\0x", 4, &acl, &e), ERR_REFUSED); /* a zero byte is no blank */
    char *large = mem_alloc(ACL_FILE_MAX + 2);
    memset(large, ' ', ACL_FILE_MAX + 1);
    assert_int_equal(acl_parse(large, ACL_FILE_MAX + 1, &acl, &e), ERR_REFUSED);
    free(large);
}

/* Every cut of a good file is refused, and none of them crashes. */
static void test_cut_anywhere(void **state)
{
    (void)state;
    const char *whole = SAMPLE(",");
    struct acl acl;
    for (size_t n = 0; n + 2 < strlen(whole); n++) {
        char *cut = mem_alloc(n + 1);
        memcpy(cut, whole, n);
        if (acl_parse(cut, n, &acl, NULL) == 0)
            fail_msg("%zu bytes were taken", n);
        free(cut);
    }
}

static void test_shadowed(void **state)
{
    (void)state;
    struct acl acl;
    takes(
        "[{\"method\":\"FS.*\",\"ch_type\":\"UART\",\"acl\":\"*\"},{\"method\":\"fs.*\",\"ch_type\":\"UART\","
        "\"acl\":\"-*\"},{\"method\":\"FS.*\",\"acl\":\"+a\"},{\"method\":\"*\",\"acl\":\"-*\"},"
        "{\"ch_type\":\"HTTP\",\"acl\":\"*\"}]",
        &acl);
    static const size_t by[] = {ACL_NONE, 0, ACL_NONE, ACL_NONE, 3};
    for (size_t i = 0; i < COUNT(by); i++)
        assert_true(acl_shadowed_by(&acl, i) == by[i]);
    acl_free(&acl);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sample_of_the_tutorial),
        cmocka_unit_test(test_nothing_fits_means_no),
        cmocka_unit_test(test_any_user_that_logs_in),
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_patterns_take_no_long),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_refusals_and_their_places),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_shadowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
