/* Coming back after a reboot: what counts as having been away, who counts as the same device. Time is the
 * test's own: each pause of the code under test moves it on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "device/device.h"

#include "fake_rpc.h"

int64_t clock_ms(void)
{
    return 1000000 + fake.waited;
}

#define IT(up) "{\"id\":\"esp32_0A1B2C\",\"mac\":\"240AC40A1B2C\",\"uptime\":" up "}"

static struct loop *loop;

#define ASK(up)                                                                                              \
    {                                                                                                        \
        .method = "Sys.GetInfo", .result = IT(up)                                                            \
    }
#define REBOOT                                                                                               \
    {                                                                                                        \
        .method = "Sys.Reboot"                                                                               \
    }
#define GOING                                                                                                \
    {                                                                                                        \
        .method = "Sys.GetInfo", .code = ERR_REFUSED, .remote = 418, .message = "shutting down in 80 ms"     \
    }
#define SILENT                                                                                               \
    {                                                                                                        \
        .method = "Sys.GetInfo", .code = ERR_CONNECTION, .message = "no bytes at all"                        \
    }
#define DROP                                                                                                 \
    {                                                                                                        \
        .method = "Sys.GetInfo", .code = ERR_CONNECTION, .message = "closed", .drops = 1                     \
    }
#define OTHER                                                                                                \
    {                                                                                                        \
        .method = "Sys.GetInfo", .result = "{\"id\":\"esp32_0A1B2C\",\"mac\":\"240AC4000000\",\"uptime\":0}" \
    }
#define RENAMED                                                                                              \
    {                                                                                                        \
        .method = "Sys.GetInfo", .result = "{\"id\":\"howdy\",\"mac\":\"240AC40A1B2C\",\"uptime\":0}"        \
    }
#define DENIED                                                                                               \
    {                                                                                                        \
        .method = "Sys.GetInfo", .code = ERR_REFUSED, .remote = 401, .message = "wrong user or password"     \
    }

static void test_ways_of_coming_back(void **state)
{
    (void)state;
    static const struct {
        struct fake_answer answers[8];
        int reconnect_code, code, calls; /* calls: made in all */
        const char *message;
    } cases[] = {
  /* serial: a smaller uptime */
        {{ASK("100"), REBOOT, ASK("100"), ASK("100"), ASK("0")},                                             0,               0,               5,  ""                                       },
 /* serial, a board that was up for less than a second: 418 tells */
        {{ASK("0"), REBOOT, GOING, GOING, ASK("0")},                                                         0,               0,               5,  ""                                       },
 /* a time-out alone is no reboot while the uptime goes on */
        {{ASK("100"), REBOOT, SILENT, ASK("100"), ASK("101"), ASK("3")},                                     0,               0,               6,  ""                                       },
 /* sockets */
        {{ASK("100"), REBOOT, DROP, ASK("0")},                                                               0,               0,               4,  ""                                       },
        {{ASK("100"), {.method = "Sys.Reboot", .code = ERR_CONNECTION, .drops = 1}, ASK("0")},               0,               0,               3,  ""                                       },
        {{ASK("100"), REBOOT, DROP, GOING, ASK("0")},                                                        0,               0,               5,  ""                                       },
 /* a new device.id comes into force with the reboot */
        {{ASK("100"), REBOOT, GOING, RENAMED},                                                               0,               0,               4,  ""                                       },
 /* refusals */
        {{ASK("100"), REBOOT, DROP, OTHER},                                                                  0,               ERR_REFUSED,     4,  "another device answers at /dev/ttyFAKE" },
        {{ASK("100"), REBOOT, DROP, DENIED},                                                                 0,               ERR_REFUSED,     4,  "wrong user"                             },
        {{ASK("100"), REBOOT, DROP},
         ERR_CONNECTION,                                                                                                      ERR_CONNECTION,
         -1,
         "did not come back within 30 s: connection refused"                                                                                                                                },
        {{ASK("100"), REBOOT, DROP},                                                                         ERR_INTERRUPTED, ERR_INTERRUPTED, 3,  ""                                       },
        {{ASK("100"), REBOOT, SILENT},                                                                       0,               ERR_CONNECTION,  -1, "did not come back within 30 s: no bytes"},
        {{ASK("100"), REBOOT, ASK("100")},                                                                   0,               ERR_CONNECTION,  -1, "still answers as before"                },
        {{ASK("100"),
          {.method = "Sys.Reboot", .code = ERR_REFUSED, .remote = 403, .message = "unauthorized"}},
         0,                                                                                                                   ERR_REFUSED,
         2,                                                                                                                                        "unauthorized"                           },
        {{ASK("100"), {.method = "Sys.Reboot", .code = ERR_CONNECTION, .message = "no answer"}},
         0,                                                                                                                   ERR_CONNECTION,
         2,                                                                                                                                        "no answer"                              },
        {{SILENT},                                                                                           0,               ERR_CONNECTION,  1,  "no bytes"                               },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct device *device = fake_attach(loop);
        struct error e = {0};
        size_t count = 0;
        while (count < 8 && cases[i].answers[count].method != NULL)
            count++;
        fake_script(cases[i].answers, count);
        fake.reconnect_code = cases[i].reconnect_code;
        int code = device_reboot(device, &e);
        int calls = fake.calls;
        if (code != cases[i].code || !strstr(e.message, cases[i].message) ||
            (cases[i].calls >= 0 && calls != cases[i].calls))
            fail_msg("case %zu: %d after %d calls: %s", i, code, calls, e.message);
        if (cases[i].calls < 0) /* gave up for lack of time, and not before */
            assert_in_range(fake.waited, 30000, 30100);
        device_detach(device);
    }
}

static void test_everything_is_forgotten(void **state)
{
    (void)state;
    struct device *device = fake_attach(loop);
    const cJSON *info, *config;
    SCRIPT({.method = "Config.Get", .result = "{}"}, ASK("50"), REBOOT, GOING, ASK("0"),
           {.method = "Config.Get", .result = "{}"});
    assert_int_equal(device_config(device, &config, NULL), 0);
    assert_int_equal(device_reboot(device, NULL), 0);
    assert_int_equal(device_config(device, &config, NULL), 0);
    assert_int_equal(device_info(device, false, &info, NULL), 0); /* just read: not asked again */
    assert_string_equal(fake.trace, "Config.Get Sys.GetInfo Sys.Reboot Sys.GetInfo Sys.GetInfo Config.Get ");
    device_detach(device);
}

static void test_wait_alone(void **state)
{
    (void)state;
    struct device *device = fake_attach(loop);
    struct error e = {0};
    SCRIPT(SILENT, ASK("0")); /* nothing known before: silence, then an answer */
    assert_int_equal(device_wait_reboot(device, &e), 0);
    assert_string_equal(device_id_known(device), "esp32_0A1B2C");
    SCRIPT(GOING, OTHER);
    assert_int_equal(device_wait_reboot(device, &e), ERR_REFUSED);
    assert_non_null(strstr(e.message, "instead of esp32_0A1B2C (240AC40A1B2C)"));
    device_detach(device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ways_of_coming_back),
        cmocka_unit_test(test_everything_is_forgotten),
        cmocka_unit_test(test_wait_alone),
    };
    loop = loop_new();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    loop_free(loop);
    return failed;
}
