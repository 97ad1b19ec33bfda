/* Near names: which are offered, in which order, and which are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/nearest.h"

#include <string.h>

static void test_offers(void **state)
{
    (void)state;
    static const struct {
        const char *word, *names[6], *words;
        bool dotted;
    } cases[] = {
        {"atca-set-kye", {"atca-get-config", "atca-set-key", "ls"},     "atca-set-key",               false},
        {"pu",           {"put", "rm", "get"},                          "put",                        false},
        {"ls",           {"rm", "a", "b"},                              "",                           false},
        {"atca-",
         {"atca-set-key", "xatca", "atca-lock-zone"},
         "atca-set-key, atca-lock-zone or xatca",                                                     false},
        {"abcd",         {"abxx", "abcx", "abxd", "abcdx", "abcdd"},    "abcx, abxd or abcdx",        false}, /* first come */
        {"abcd",         {"abxx", "abcx", "abcc", "abxy"},              "abcx, abcc or abxx",         false},
        {"wifi.pass",    {"wifi.sta.pass", "mqtt.pass", "wifi.enable"}, "wifi.sta.pass or mqtt.pass", true },
        {"wifi.pass",    {"wifi.sta.pass", "mqtt.pass", "wifi.enable"}, "",                           false},
        {"ab",           {"a", "b"},                                    "",                           false}, /* nothing would be left of it */
        {"conf",         {"co\x1bnf"},                                  "co\\x1bnf",                  false},
    };
    char words[NEAREST_WORDS_SIZE];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct nearest nearest = {.word = cases[i].word, .dotted = cases[i].dotted};
        for (size_t k = 0; k < 6 && cases[i].names[k] != NULL; k++)
            nearest_offer(&nearest, cases[i].names[k]);
        if (strcmp(nearest_words(&nearest, "", words), cases[i].words) != 0)
            fail_msg("%s: \"%s\"", cases[i].word, words);
    }
}

/* Text that came from a device: long, and longer when it is made printable. */
static void test_long_names(void **state)
{
    (void)state;
    char name[200], words[NEAREST_WORDS_SIZE];
    memset(name, 'a', sizeof name);
    name[199] = '\0';
    struct nearest nearest = {.word = "aaaa"};
    nearest_offer(&nearest, name);
    assert_int_equal(nearest.count, 0);
    name[NEAREST_NAME_SIZE] = '\0';
    nearest_offer(&nearest, name);
    assert_int_equal(nearest.count, 0);
    memset(name + 4, 0x1b, NEAREST_NAME_SIZE - 5);
    name[NEAREST_NAME_SIZE - 1] = '\0';
    for (int i = 0; i < 5; i++)
        nearest_offer(&nearest, name);
    assert_int_equal(nearest.count, 3);
    nearest_words(&nearest, "--a-long-prefix-before-each-of-them-", words);
    assert_true(strlen(words) < sizeof words);
    assert_null(strchr(words, 0x1b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offers),
        cmocka_unit_test(test_long_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
