/* The chip's configuration and the sentences for each way of having none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "device/device.h"

#include "fake_rpc.h"

static struct loop *loop;

/* An ATCA.GetConfig answer of len bytes with the serial number at its place. */
static const char *config_answer(size_t len, uint8_t lock)
{
    static char json[512];
    uint8_t raw[256] = {0x01, 0x23, 0x52, 0xaa, 0x00, 0x00, 0x50, 0x00, 0xd1, 0xbb, 0xf3, 0x78, 0xee};
    struct buf text = BUF_INIT;
    raw[87] = lock;
    text_base64(raw, len, &text);
    snprintf(json, sizeof json, "{\"config\":\"%s\"}", buf_text(&text));
    buf_free(&text);
    return json;
}

static void test_asked_once(void **state)
{
    (void)state;
    struct device *device = fake_attach(loop);
    struct atecc_config chip;
    char serial[19];
    SCRIPT({"ATCA.GetConfig", config_answer(128, 0x55), .code = 0});
    assert_int_equal(device_require(device, NEED_ATCA, NULL), 0);
    assert_int_equal(device_chip(device, false, &chip, NULL), 0);
    assert_string_equal(fake.trace, "ATCA.GetConfig ");
    assert_true(device_chip_known(device, &chip));
    atecc_serial_hex(&chip, serial);
    assert_string_equal(serial, "012352aad1bbf378ee");
    assert_int_equal(chip.lock_config, 0x55);
    SCRIPT({"ATCA.LockZone", NULL, .code = ERR_CONNECTION},
           {"ATCA.GetConfig", config_answer(128, 0), .code = 0});
    assert_int_equal(device_call(device, "ATCA.LockZone", NULL, NULL, NULL), ERR_CONNECTION);
    assert_false(device_chip_known(device, &chip)); /* the answer was lost: it may be locked */
    assert_int_equal(device_chip(device, false, &chip, NULL), 0);
    assert_int_equal(chip.lock_config, 0);
    assert_int_equal(device_chip(device, true, &chip, NULL), 0);
    assert_string_equal(fake.trace, "ATCA.LockZone ATCA.GetConfig ATCA.GetConfig ");
    device_chip_forget(device);
    assert_false(device_chip_known(device, &chip));
    device_detach(device);
}

static void test_not_128_bytes(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 127, 129, 256};
    struct atecc_config chip;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct device *device = fake_attach(loop);
        struct error e = {0};
        SCRIPT({"ATCA.GetConfig", config_answer(sizes[i], 0), .code = 0});
        assert_int_equal(device_chip(device, false, &chip, &e), ERR_REFUSED);
        assert_non_null(strstr(e.message, "128 bytes"));
        assert_false(device_chip_known(device, &chip));
        device_detach(device);
    }
    struct device *device = fake_attach(loop);
    SCRIPT({"ATCA.GetConfig", "{\"config\":\"!!!!\"}", .code = 0});
    assert_int_equal(device_chip(device, false, &chip, NULL), ERR_REFUSED);
    device_detach(device);
}

#define GONE                                                                                                 \
    {                                                                                                        \
        "ATCA.GetConfig", .code = ERR_REFUSED, .remote = 404, .message = "No handler for ATCA.GetConfig"     \
    }
#define NO_KEY .code = ERR_REFUSED, .remote = 404, .message = "invalid config key"

static void test_why_there_is_none(void **state)
{
    (void)state;
    static const struct {
        struct fake_answer atca, i2c;
        int code;
        const char *message, *next;
    } cases[] = {
        {{"Config.Get", "{\"enable\":false,\"i2c_addr\":96}", .key = "sys.atca"},
         {"Config.Get", "{\"enable\":true,\"sda_gpio\":32,\"scl_gpio\":33}", .key = "i2c"},
         ERR_REFUSED,    "sys.atca.enable is false",
         "config-set sys.atca.enable=true, which takes effect after the reboot; the chip is wired with SDA "
         "on GPIO "
         "32, SCL on GPIO 33"        },
        {{"Config.Get", "{\"enable\":true,\"i2c_addr\":96}", .key = "sys.atca"},
         {"Config.Get", "{\"enable\":false}", .key = "i2c"},
         ERR_REFUSED,    "i2c.enable is false",
         "config-set i2c.enable=true"},
        {{"Config.Get", "{\"enable\":true,\"i2c_addr\":96}", .key = "sys.atca"},
         {"Config.Get", "{\"enable\":true,\"sda_gpio\":32,\"scl_gpio\":33}", .key = "i2c"},
         ERR_REFUSED,    "no chip answered at boot at I2C address 0x60 (SDA on GPIO 32, SCL on GPIO 33)",
         "i2c-scan"                  },
        {{"Config.Get", "{\"enable\":true,\"i2c_addr\":53}", .key = "sys.atca"},
         {"Config.Get", NO_KEY},
         ERR_REFUSED,    "I2C address 0x35 (SDA and SCL on the board's I2C pins)",
         "SDA, SCL, 3V3 and GND"     },
        {{"Config.Get", NO_KEY},
         {.method = NULL},
         ERR_REFUSED,    "without the atca library",
         "build it and flash it"     },
        {{"Config.Get", .code = ERR_REFUSED, .remote = 404, .message = "No handler for Config.Get"},
         {.method = NULL},
         ERR_REFUSED,    "why cannot be read from it: No handler for Config.Get",
         "sys.atca.enable is true"   },
        {{"Config.Get", .code = ERR_REFUSED, .remote = 403, .message = "unauthorized"},
         {.method = NULL},
         ERR_REFUSED,    "why cannot be read from it: unauthorized",
         "SDA"                       },
        {{"Config.Get", .code = ERR_CONNECTION, .message = "cable pulled"},
         {.method = NULL},
         ERR_CONNECTION, "cable pulled",
         ""                          },
        {{"Config.Get", "{\"enable\":true}", .key = "sys.atca"},
         {"Config.Get", .code = ERR_CONNECTION, .message = "cable pulled"},
         ERR_CONNECTION, "cable pulled",
         ""                          },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct device *device = fake_attach(loop);
        struct atecc_config chip;
        struct error e = {0};
        SCRIPT(GONE, cases[i].atca, cases[i].i2c);
        int code = device_require(device, NEED_ATCA, &e);
        if (code != cases[i].code || !strstr(e.message, cases[i].message) || !strstr(e.next, cases[i].next))
            fail_msg("case %zu: %d %s / %s", i, code, e.message, e.next);
        assert_false(device_chip_known(device, &chip));
        device_detach(device);
    }
}

static void test_other_refusals(void **state)
{
    (void)state;
    struct device *device = fake_attach(loop);
    struct atecc_config chip;
    struct error e = {0};
    SCRIPT({"ATCA.GetConfig", .code = ERR_REFUSED, .remote = 500,
            .message = "Failed to read config zone block 0: 0xf0"});
    assert_int_equal(device_chip(device, false, &chip, &e), ERR_REFUSED);
    assert_non_null(strstr(e.message, "block 0: 0xf0"));
    assert_non_null(strstr(e.next, "SDA"));
    SCRIPT({"ATCA.GetConfig", .code = ERR_REFUSED, .remote = 500,
            .message = "Failed to read config zone block 0: 0xf4 (error 500)."});
    assert_int_equal(device_chip(device, false, &chip, &e), ERR_REFUSED);
    assert_non_null(strstr(e.message, "0xf4 (error 500): the chip refused"));
    assert_null(strstr(e.next, "SDA"));
    assert_non_null(strstr(e.next, "power"));
    SCRIPT({"ATCA.GetConfig", .code = ERR_REFUSED, .remote = 500,
            .message = "Failed to read config zone block 0: 0xe5"});
    assert_int_equal(device_chip(device, false, &chip, &e), ERR_REFUSED);
    assert_non_null(strstr(e.next, "i2c.freq"));
    SCRIPT({"ATCA.GetConfig", .code = ERR_REFUSED, .remote = 403, .message = "unauthorized"});
    assert_int_equal(device_chip(device, false, &chip, &e), ERR_REFUSED);
    assert_string_equal(e.message, "unauthorized");
    assert_int_equal(e.remote, 403);
    SCRIPT({"ATCA.GetConfig", .code = ERR_CONNECTION, .message = "no answer"});
    assert_int_equal(device_chip(device, false, &chip, &e), ERR_CONNECTION);
    assert_string_equal(fake.trace, "ATCA.GetConfig ");
    device_detach(device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_asked_once),
        cmocka_unit_test(test_not_128_bytes),
        cmocka_unit_test(test_why_there_is_none),
        cmocka_unit_test(test_other_refusals),
    };
    loop = loop_new();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    loop_free(loop);
    return failed;
}
