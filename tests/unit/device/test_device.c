/* What is asked of a device, how often, and what becomes of answers that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "device/device.h"

#include "fake_rpc.h"

#define INFO "{\"id\":\"esp32_0A1B2C\",\"mac\":\"240AC40A1B2C\",\"uptime\":7}"

static struct loop *loop;

static void test_attach_sends_nothing(void **state)
{
    (void)state;
    struct device *device = fake_attach(loop);
    struct atecc_config chip;
    assert_string_equal(fake.trace, "");
    assert_int_equal(fake.opened, 1);
    assert_string_equal(fake.url.path, "/dev/ttyFAKE");
    assert_string_equal(device_port(device), "/dev/ttyFAKE");
    assert_ptr_equal(device_rpc(device), &fake);
    assert_null(device_id_known(device));
    assert_false(device_chip_known(device, &chip));
    assert_int_equal(device_require(device, NEED_NOTHING, NULL), 0);
    assert_int_equal(device_require(device, NEED_RPC, NULL), 0);
    assert_string_equal(fake.trace, "");
    device_detach(device);
    assert_int_equal(fake.closed, 1);
    device_detach(NULL);
}

static void test_attach_refused(void **state)
{
    (void)state;
    struct device *device = (struct device *)1;
    struct error e = {0};
    assert_int_equal(device_attach(loop, "/dev/none", NULL, NULL, NULL, &device, &e), ERR_CONNECTION);
    assert_null(device);
    assert_string_equal(e.message, "no such port");
    assert_int_equal(device_attach(loop, "bogus://x", NULL, NULL, NULL, &device, &e), ERR_USAGE);
    assert_null(device);
}

static void test_info_is_asked_once(void **state)
{
    (void)state;
    struct device *device = fake_attach(loop);
    const cJSON *info = NULL;
    SCRIPT({"Sys.GetInfo", INFO, .code = 0});
    assert_int_equal(device_info(device, false, &info, NULL), 0);
    assert_int_equal(device_info(device, false, &info, NULL), 0);
    assert_string_equal(fake.trace, "Sys.GetInfo ");
    assert_string_equal(device_id_known(device), "esp32_0A1B2C");
    assert_int_equal(device_info(device, true, &info, NULL), 0);
    assert_string_equal(fake.trace, "Sys.GetInfo Sys.GetInfo ");
    assert_string_equal(cJSON_GetObjectItem(info, "id")->valuestring, "esp32_0A1B2C");
    fake_state(RPC_LOST, NULL); /* who answers after a loss is not known */
    assert_string_equal(cJSON_GetObjectItem(info, "id")->valuestring, "esp32_0A1B2C"); /* still readable */
    fake_state(RPC_UP, NULL);
    assert_int_equal(device_info(device, false, &info, NULL), 0);
    assert_string_equal(fake.trace, "Sys.GetInfo Sys.GetInfo Sys.GetInfo ");
    device_detach(device);
}

static void test_hostile_id(void **state)
{
    (void)state;
    struct device *device = fake_attach(loop);
    const cJSON *info = NULL;
    SCRIPT({"Sys.GetInfo", "{\"id\":\"a\\u001b[2Jb\",\"mac\":7,\"uptime\":\"x\"}", .code = 0});
    assert_int_equal(device_info(device, false, &info, NULL), 0);
    assert_string_equal(device_id_known(device), "a\\x1b[2Jb");
    device_detach(device);
}

static void test_answers_of_the_wrong_shape(void **state)
{
    (void)state;
    static const char *const shapes[] = {NULL, "null", "7", "\"x\"", "true"};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        struct device *device = fake_attach(loop);
        const cJSON *json = NULL;
        struct error e = {0};
        SCRIPT({"Sys.GetInfo", shapes[i], .code = 0});
        assert_int_equal(device_info(device, false, &json, &e), ERR_REFUSED);
        assert_non_null(strstr(e.message, "Sys.GetInfo"));
        SCRIPT({"RPC.List", shapes[i], .code = 0});
        assert_int_equal(device_methods(device, &json, &e), ERR_REFUSED);
        SCRIPT({"Config.Get", shapes[i], .code = 0});
        assert_int_equal(device_config(device, &json, &e), ERR_REFUSED);
        SCRIPT({"ATCA.GetConfig", shapes[i], .code = 0});
        struct atecc_config chip;
        assert_int_equal(device_chip(device, false, &chip, &e), ERR_REFUSED);
        assert_null(json);
        device_detach(device);
    }
}

static void test_methods_are_sorted(void **state)
{
    (void)state;
    struct device *device = fake_attach(loop);
    const cJSON *methods = NULL;
    SCRIPT({"RPC.List", "[\"Sys.Reboot\",7,\"ATCA.Sign\",null,\"RPC.List\",{}]", .code = 0});
    assert_int_equal(device_methods(device, &methods, NULL), 0);
    assert_int_equal(device_methods(device, &methods, NULL), 0);
    assert_string_equal(fake.trace, "RPC.List ");
    char *text = cJSON_PrintUnformatted(methods);
    assert_string_equal(text, "[\"ATCA.Sign\",\"RPC.List\",\"Sys.Reboot\"]");
    free(text);
    device_detach(device);
}

static void test_config_until_a_change(void **state)
{
    (void)state;
    struct device *device = fake_attach(loop);
    const cJSON *config = NULL;
    SCRIPT({"Config.Get", "{\"a\":1}", .code = 0}, {"Config.Set", "{\"saved\":true}", .code = 0},
           {"Config.Get", "{\"a\":2}", .code = 0});
    assert_int_equal(device_config(device, &config, NULL), 0);
    assert_int_equal(device_config(device, &config, NULL), 0);
    assert_int_equal(device_call(device, "Config.Set", NULL, NULL, NULL), 0);
    assert_int_equal(device_config(device, &config, NULL), 0);
    assert_int_equal(cJSON_GetObjectItem(config, "a")->valueint, 2);
    assert_string_equal(fake.trace, "Config.Get Config.Set Config.Get ");
    device_config_forget(device);
    assert_int_equal(device_config(device, &config, NULL), 0);
    assert_string_equal(fake.trace, "Config.Get Config.Set Config.Get Config.Get ");
    device_detach(device);
}

static void test_call(void **state)
{
    (void)state;
    struct device *device = fake_attach(loop);
    cJSON *args = cJSON_CreateObject(), *result = (cJSON *)1;
    struct error e = {0};
    cJSON_AddStringToObject(args, "key", "a.b");
    cJSON_AddItemToObject(args, "ref", cJSON_CreateStringReference("a literal stays"));
    SCRIPT({"FS.Get", "{\"left\":0}", .key = "a.b", .code = 0},
           {"FS.Get", .code = ERR_REFUSED, .remote = 400});
    assert_int_equal(device_call(device, "FS.Get", args, &result, &e), 0);
    assert_int_equal(cJSON_GetObjectItem(result, "left")->valueint, 0);
    cJSON_Delete(result);
    assert_int_equal(device_call(device, "FS.Get", NULL, &result, &e), ERR_REFUSED);
    assert_null(result);
    assert_int_equal(e.remote, 400);
    device_detach(device);
}

static void test_require_reconnects(void **state)
{
    (void)state;
    struct device *device = fake_attach(loop);
    struct error e = {0};
    fake_state(RPC_LOST, NULL);
    fake.reconnect_code = ERR_CONNECTION;
    assert_int_equal(device_require(device, NEED_RPC, &e), ERR_CONNECTION);
    assert_int_equal(device_require(device, NEED_ATCA, &e), ERR_CONNECTION);
    assert_int_equal(device_require(device, NEED_NOTHING, &e), 0);
    fake.reconnect_code = 0;
    assert_int_equal(device_require(device, NEED_RPC, &e), 0);
    assert_int_equal(fake.reconnects, 3);
    assert_string_equal(fake.trace, "");
    device_detach(device);
}

static size_t lines, states;

static void on_log(void *ctx, const char *line, size_t len)
{
    assert_ptr_equal(ctx, &lines);
    assert_memory_equal(line, "boot", len);
    lines++;
}

static void on_state(void *ctx, enum rpc_state state, const struct error *why)
{
    assert_ptr_equal(ctx, &lines);
    assert_int_equal(state, RPC_LOST);
    assert_string_equal(why->message, "cable");
    states++;
}

static void test_events_are_handed_on(void **state)
{
    (void)state;
    struct device *device = NULL;
    struct device_events events = {.log = on_log, .state = on_state};
    struct error why = {0};
    memset(&fake, 0, sizeof fake);
    assert_int_equal(device_attach(loop, "/dev/ttyFAKE", NULL, &events, &lines, &device, NULL), 0);
    fake.events->log(fake.ctx, "boot", 4);
    error_set(&why, ERR_CONNECTION, "cable");
    fake_state(RPC_LOST, &why);
    assert_int_equal(lines, 1);
    assert_int_equal(states, 1);
    device_detach(device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attach_sends_nothing),       cmocka_unit_test(test_attach_refused),
        cmocka_unit_test(test_info_is_asked_once),         cmocka_unit_test(test_hostile_id),
        cmocka_unit_test(test_answers_of_the_wrong_shape), cmocka_unit_test(test_methods_are_sorted),
        cmocka_unit_test(test_config_until_a_change),      cmocka_unit_test(test_call),
        cmocka_unit_test(test_require_reconnects),         cmocka_unit_test(test_events_are_handed_on),
    };
    loop = loop_new();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    loop_free(loop);
    return failed;
}
