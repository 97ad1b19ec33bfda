/* Names whose values are secrets, and names that only sound alike. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
