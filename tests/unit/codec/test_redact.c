/* Names whose values are secrets, and names that only sound alike. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/redact.h"

static void test_paths(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        bool secret;
    } cases[] = {
        {"wifi.sta.pass",     true },
        {"WIFI.STA.PASS",     true },
        {"pass",              true },
        {"mqtt.ssl_psk_key",  true },
        {"azure.sas",         true },
        {"my_password",       true },
        {"device.license",    true },
        {"key",               true },
        {"gcp.key",           true },
        {"http.ssl_key",      false},
        {"device.public_key", false},
        {"wifi.sta.ssid",     false},
        {"pass.word",         false},
        {"passes",            false},
        {"my_license",        false},
        {"ass",               false},
        {".",                 false},
        {"",                  false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (redact_is_secret(cases[i].path) != cases[i].secret)
            fail_msg("%s", cases[i].path);
    assert_true(redact_is_secret("wifi.sta.pass=x.y"));
    assert_false(redact_is_secret("wifi.sta.ssid=my.pass"));
}

static void test_json(void **state)
{
    (void)state;
    assert_true(redact_holds_secret("{\"config\":{\"wifi\":{\"sta\":{\"pass\":\"x\"}}}}"));
    assert_true(redact_holds_secret("{\"wkey\":\"x\"}")); /* ATCA.SetKey's */
    assert_true(redact_holds_secret("{\"Password\" : 1}"));
    assert_true(redact_holds_secret("{\"license\":\"x\"}"));
    assert_false(redact_holds_secret("{\"filename\":\"pass.txt\"}"));
    assert_false(redact_holds_secret("{}"));
    assert_false(redact_holds_secret(""));
}

static void test_log_lines(void **state)
{
    (void)state;
    static const struct {
        const char *line, *shown; /* shown NULL: all of it */
        bool open, opens;
    } cases[] = {
        {"GOT FRAME (126): {\"id\":1,\"method\":\"ATCA.SetKey\",\"args\":{\"key\":\"Bx4j\"}}",
         "GOT FRAME (126): ",                                                                                     false, false},
        {"GOT FRAME (9): {\"i",                                                                "GOT FRAME (9): ", false, true }, /* a pause in mid-line */
        {"d\":1,\"key\":\"Bx",                                                                 "",                true,  true },
        {"4jSECRET",                                                                           "",                true,  true },
        {"end=\"}}",                                                                           "",                true,  false},
        {"[Nov 20] main.c:12 all is well",                                                     NULL,              true,  false},
        {"4jSECRET",                                                                           NULL,              false, false},
        {"sent {\"wkey\" : \"x\"}",                                                            "sent ",           false, false},
        {"sent {\"pass\":\"}\"}",                                                              "sent ",           false, false},
        {"sent {\"Data\":\"x\\\"}",                                                            "sent ",           false, true },
        {"sent {\"auth\":{}}",                                                                 "sent ",           false, false},
        {"told \"{\\\"key\\\":\\\"x\\\"}\"",                                                   "told ",           false, false},
        {"half of it \"key\":\"x\"}}",                                                         "half of it ",     false, false},
        {"{two}",                                                                              NULL,              false, false},
        {"{\"uptime\":7}",                                                                     NULL,              false, false},
        {"the \"key\" is there",                                                               NULL,              false, false},
        {"Invalid FRAME (9)",                                                                  NULL,              false, false},
        {"",                                                                                   NULL,              false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool open = cases[i].open;
        size_t shown = redact_log_line(cases[i].line, strlen(cases[i].line), &open);
        size_t want = strlen(cases[i].shown == NULL ? cases[i].line : cases[i].shown);
        if (shown != want || open != cases[i].opens)
            fail_msg("%s: %zu, %d", cases[i].line, shown, open);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_log_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
