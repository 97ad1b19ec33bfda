/* Readings of a device that answers when the test says so: ages, failures, hostile answers, and endings in
 * the middle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/text.h"
#include "device/snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the client, in place of the real one --------------------------------------------------------------- */

enum { CALLS_MAX = 64 };

static struct {
    struct {
        rpc_done_fn *fn;
        void *ctx;
        char method[32];
        int slot;     /* args.slot, or -1 */
        char path[8]; /* args.path */
    } call[CALLS_MAX];
    size_t count, next;
    int code; /* of rpc_call_start */
    enum rpc_state state;
} rpc;

struct rpc_client *device_rpc(struct device *device)
{
    return (struct rpc_client *)device;
}

enum rpc_state rpc_state(const struct rpc_client *client)
{
    (void)client;
    return rpc.state;
}

int rpc_call_start(struct rpc_client *client, const char *method, const cJSON *args, int64_t timeout_ms,
                   rpc_done_fn *fn, void *ctx, struct error *e)
{
    (void)client, (void)timeout_ms;
    if (rpc.code != 0)
        return error_set(e, rpc.code, "%s was not sent", method);
    const cJSON *slot = cJSON_GetObjectItem(args, "slot");
    const char *path = cJSON_GetStringValue(cJSON_GetObjectItem(args, "path"));
    assert_true(rpc.count < CALLS_MAX);
    rpc.call[rpc.count].fn = fn;
    rpc.call[rpc.count].ctx = ctx;
    rpc.call[rpc.count].slot = slot != NULL ? slot->valueint : -1;
    snprintf(rpc.call[rpc.count].method, sizeof rpc.call[0].method, "%s", method);
    snprintf(rpc.call[rpc.count].path, sizeof rpc.call[0].path, "%s", path ? path : "");
    rpc.count++;
    return 0;
}

/* Ends the oldest call that waits, which must be `method`. */
static void answer_with(const char *method, const char *json, const struct error *why)
{
    assert_true(rpc.next < rpc.count);
    size_t i = rpc.next++;
    assert_string_equal(rpc.call[i].method, method);
    cJSON *result = json != NULL ? cJSON_Parse(json) : NULL;
    assert_true(json == NULL || result != NULL);
    rpc.call[i].fn(rpc.call[i].ctx, result, why);
    cJSON_Delete(result);
}

static void answer(const char *method, const char *json)
{
    answer_with(method, json, NULL);
}

static void refuse(const char *method, int code, int remote, const char *message)
{
    struct error why = {.code = code, .remote = remote};
    snprintf(why.message, sizeof why.message, "%s", message);
    answer_with(method, NULL, &why);
}

static size_t waiting(void)
{
    return rpc.count - rpc.next;
}

/* --- the reader under test ------------------------------------------------------------------------------ */

static struct loop *loop;
static struct snapshot snapshot;
static struct snapshot_reader *reader;
static int changes;
static bool close_when_changed;

static void on_change(void *ctx)
{
    assert_ptr_equal(ctx, &snapshot);
    changes++;
    if (close_when_changed) {
        snapshot_close(reader);
        reader = NULL;
    }
}

static int setup(void **state)
{
    (void)state;
    memset(&rpc, 0, sizeof rpc);
    memset(&snapshot, 0x5a, sizeof snapshot); /* zeroed by opening */
    changes = 0;
    close_when_changed = false;
    reader = snapshot_open(loop, (struct device *)&rpc, &snapshot, on_change, &snapshot);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    snapshot_close(reader);
    reader = NULL;
    while (waiting() > 0) { /* as rpc_close does */
        struct error why = {.code = ERR_CONNECTION};
        size_t i = rpc.next++;
        rpc.call[i].fn(rpc.call[i].ctx, NULL, &why);
    }
    return 0;
}

/* Changes told since the last time. */
static int told(void)
{
    changes = 0;
    loop_turn(loop, 20);
    return changes;
}

/* An ATCA.GetConfig answer: private P-256 keys in slots 0 and 1, and in 2 without PubInfo; slot 3 holds data.
 */
static const char *chip_answer(size_t len, uint8_t lock_config, uint8_t serial)
{
    static char json[512];
    uint8_t raw[256] = {0x01, 0x23, 0x52, 0xaa, 0x00, 0x00, 0x50, 0x00, 0xd1, 0xbb, 0xf3, serial, 0xee};
    struct buf text = BUF_INIT;
    raw[86] = 0x55;
    raw[87] = lock_config;
    raw[88] = raw[89] = 0xff;
    for (unsigned slot = 0; slot < ATECC_SLOTS; slot++)
        raw[96 + 2 * slot] = slot < 2 ? 0x13 : slot == 2 ? 0x11 : 0x1c;
    text_base64(raw, len, &text);
    snprintf(json, sizeof json, "{\"config\":\"%s\"}", buf_text(&text));
    buf_free(&text);
    return json;
}

static const char *key_answer(uint8_t fill, size_t len)
{
    static char json[256];
    uint8_t key[128];
    struct buf text = BUF_INIT;
    memset(key, fill, sizeof key);
    text_base64(key, len, &text);
    snprintf(json, sizeof json, "{\"pubkey\":\"%s\"}", buf_text(&text));
    buf_free(&text);
    return json;
}

/* --- tests ---------------------------------------------------------------------------------------------- */

static void test_opened(void **state)
{
    (void)state;
    assert_int_equal(snapshot.generation, 0);
    assert_int_equal(waiting(), 0);
    for (unsigned i = 0; i < SNAPSHOT_PARTS; i++) {
        assert_false(snapshot.part[i].have);
        assert_true(strlen(snapshot_part_name((enum snapshot_part)i)) > 0);
        assert_true(strlen(snapshot_part_command((enum snapshot_part)i)) > 0);
    }
    snapshot_close(NULL);
}

static void test_a_reading(void **state)
{
    (void)state;
    const struct snapshot_state *info = &snapshot.part[SNAPSHOT_INFO];
    int64_t began = clock_ms();
    snapshot_ask(reader, SNAPSHOT_INFO);
    assert_true(info->asking);
    assert_true(info->asked_ms >= began);
    assert_false(info->have);
    snapshot_ask(reader, SNAPSHOT_INFO); /* under way */
    assert_int_equal(waiting(), 1);
    answer("Sys.GetInfo", "{\"id\":\"a\",\"mac\":\"1\"}");
    assert_false(info->asking);
    assert_true(info->have);
    assert_true(info->read_ms >= began);
    assert_int_equal(changes, 0); /* told from the loop, not from inside the call */
    assert_int_equal(told(), 1);
    assert_int_equal(told(), 0);
    assert_int_equal(snapshot.generation, 1);
    assert_string_equal(cJSON_GetObjectItem(snapshot.info, "id")->valuestring, "a");
}

static void test_a_failure_keeps_the_data(void **state)
{
    (void)state;
    const struct snapshot_state *info = &snapshot.part[SNAPSHOT_INFO];
    snapshot_ask(reader, SNAPSHOT_INFO);
    answer("Sys.GetInfo", "{\"id\":\"a\"}");
    int64_t read = info->read_ms;
    snapshot_ask(reader, SNAPSHOT_INFO);
    refuse("Sys.GetInfo", ERR_CONNECTION, 0, "no answer");
    assert_true(info->have);
    assert_int_equal(info->read_ms, read);
    assert_int_equal(info->why.code, ERR_CONNECTION);
    assert_string_equal(info->why.message, "no answer");
    assert_non_null(snapshot.info);
    snapshot_ask(reader, SNAPSHOT_INFO);
    answer("Sys.GetInfo", "{\"id\":\"b\"}");
    assert_int_equal(info->why.code, 0);
    assert_string_equal(info->why.message, "");
}

static void test_not_sent(void **state)
{
    (void)state;
    rpc.code = ERR_CONNECTION;
    for (unsigned i = 0; i < SNAPSHOT_PARTS; i++) {
        snapshot_ask(reader, (enum snapshot_part)i);
        assert_false(snapshot.part[i].asking);
        assert_int_equal(snapshot.part[i].why.code, ERR_CONNECTION);
    }
    assert_int_equal(changes, 0);
    assert_int_equal(told(), 1); /* all at once */
}

static void test_ages(void **state)
{
    (void)state;
    unsigned mask = 1u << SNAPSHOT_INFO | 1u << SNAPSHOT_FILES;
    snapshot_ask_old(reader, mask, 60000);
    assert_int_equal(waiting(), 2); /* never read */
    answer("Sys.GetInfo", "{}");
    assert_string_equal(rpc.call[1].path, "/");
    refuse("FS.ListExt", ERR_CONNECTION, 0, "no answer");
    snapshot_ask_old(reader, mask, 60000);
    assert_int_equal(waiting(), 0); /* the one is young, the other was tried a moment ago */
    snapshot_ask_old(reader, mask, -1);
    assert_int_equal(waiting(), 2);
}

static void test_wrong_shapes(void **state)
{
    (void)state;
    static const struct {
        enum snapshot_part part;
        const char *method, *json;
    } cases[] = {
        {SNAPSHOT_INFO,    "Sys.GetInfo",    "[]"                 },
        {SNAPSHOT_INFO,    "Sys.GetInfo",    "\"text\""           },
        {SNAPSHOT_CONFIG,  "Config.Get",     "5"                  },
        {SNAPSHOT_FILES,   "FS.ListExt",     "{}"                 },
        {SNAPSHOT_METHODS, "RPC.List",       "\"Sys.GetInfo\""    },
        {SNAPSHOT_CHIP,    "ATCA.GetConfig", "{\"config\":5}"     },
        {SNAPSHOT_CHIP,    "ATCA.GetConfig", "{\"config\":\"!!\"}"},
        {SNAPSHOT_CHIP,    "ATCA.GetConfig", "{\"config\":\"\"}"  },
        {SNAPSHOT_CHIP,    "ATCA.GetConfig", "[]"                 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snapshot_ask(reader, cases[i].part);
        answer(cases[i].method, cases[i].json);
        assert_false(snapshot.part[cases[i].part].have);
        assert_int_equal(snapshot.part[cases[i].part].why.code, ERR_REFUSED);
        assert_non_null(strstr(snapshot.part[cases[i].part].why.message, cases[i].method));
    }
    snapshot_ask(reader, SNAPSHOT_INFO);
    answer_with("Sys.GetInfo", NULL, NULL); /* null */
    assert_false(snapshot.part[SNAPSHOT_INFO].have);
    static const size_t sizes[] = {127, 129, 256};
    for (size_t i = 0; i < 3; i++) {
        snapshot_ask(reader, SNAPSHOT_CHIP);
        answer("ATCA.GetConfig", chip_answer(sizes[i], 0, 0));
        assert_false(snapshot.part[SNAPSHOT_CHIP].have);
    }
}

static void test_lists_are_bounded(void **state)
{
    (void)state;
    struct buf json = BUF_INIT;
    buf_add_text(&json, "[1,null,{},{\"name\":7},{\"name\":\"first\",\"size\":1}");
    for (int i = 0; i < 6000; i++)
        buf_add_text(&json, ",{\"name\":\"n\"}");
    buf_add_text(&json, "]");
    snapshot_ask(reader, SNAPSHOT_FILES);
    answer("FS.ListExt", buf_text(&json));
    assert_int_equal(cJSON_GetArraySize(snapshot.files), 4096);
    assert_string_equal(cJSON_GetObjectItem(cJSON_GetArrayItem(snapshot.files, 0), "name")->valuestring,
                        "first");
    buf_free(&json);
    snapshot_ask(reader, SNAPSHOT_METHODS);
    answer("RPC.List", "[\"A\",5,{},\"B\"]");
    assert_int_equal(cJSON_GetArraySize(snapshot.methods), 2);
}

static void test_keys_slot_by_slot(void **state)
{
    (void)state;
    const struct snapshot_state *keys = &snapshot.part[SNAPSHOT_KEYS];
    snapshot_ask(reader, SNAPSHOT_KEYS);
    assert_true(keys->asking);
    assert_true(snapshot.part[SNAPSHOT_CHIP].asking); /* read first */
    answer("ATCA.GetConfig", chip_answer(128, 0x00, 0x78));
    assert_int_equal(waiting(), 1); /* one slot at a time */
    assert_int_equal(rpc.call[1].slot, 0);
    answer("ATCA.GetPubKey", key_answer(0x42, 64));
    assert_false(snapshot.key_there[0]); /* not before all were asked */
    assert_int_equal(rpc.call[2].slot, 1);
    refuse("ATCA.GetPubKey", ERR_REFUSED, 500, "Failed get public key for slot 1: 0xf4");
    assert_int_equal(waiting(), 0); /* slot 2 gives none out, 3 and up hold none */
    assert_true(keys->have);
    assert_false(keys->asking);
    assert_true(snapshot.key_there[0]);
    assert_int_equal(snapshot.key[0][63], 0x42);
    assert_false(snapshot.key_there[1]);

    /* A key less the next time. */
    snapshot_ask(reader, SNAPSHOT_KEYS);
    refuse("ATCA.GetPubKey", ERR_REFUSED, 500, "Failed get public key for slot 0: 0xd6");
    answer("ATCA.GetPubKey", key_answer(0x17, 64));
    assert_false(snapshot.key_there[0]);
    assert_true(snapshot.key_there[1]);
}

static void test_no_keys_while_config_is_open(void **state)
{
    (void)state;
    snapshot_ask(reader, SNAPSHOT_CHIP);
    answer("ATCA.GetConfig", chip_answer(128, 0x55, 0x78));
    snapshot_ask(reader, SNAPSHOT_KEYS);
    assert_int_equal(waiting(), 0);
    assert_true(snapshot.part[SNAPSHOT_KEYS].have);
    assert_int_equal(told(), 1);
}

/* What says nothing of a key is a failure, and keeps what is known. */
static void test_keys_that_fail(void **state)
{
    (void)state;
    static const struct {
        int code, remote;
        const char *message;
    } cases[] = {
        {ERR_CONNECTION, 0,   "no answer"                             },
        {ERR_REFUSED,    403, "unauthorized"                          },
        {ERR_REFUSED,    404, "No handler for ATCA.GetPubKey"         },
        {ERR_REFUSED,    500, "Failed get public key for slot 0: 0xd0"},
        {ERR_REFUSED,    500, "Failed get public key for slot 0: 0xf0"},
    };
    const struct snapshot_state *keys = &snapshot.part[SNAPSHOT_KEYS];
    snapshot_ask(reader, SNAPSHOT_KEYS);
    answer("ATCA.GetConfig", chip_answer(128, 0x00, 0x78));
    answer("ATCA.GetPubKey", key_answer(1, 64));
    answer("ATCA.GetPubKey", key_answer(2, 64));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snapshot_ask(reader, SNAPSHOT_KEYS);
        refuse("ATCA.GetPubKey", cases[i].code, cases[i].remote, cases[i].message);
        assert_int_equal(waiting(), 0);
        assert_false(keys->asking);
        assert_string_equal(keys->why.message, cases[i].message);
        assert_true(keys->have && snapshot.key_there[0] && snapshot.key_there[1]);
    }
    static const size_t sizes[] = {0, 63, 65, 128};
    for (size_t i = 0; i < 4; i++) {
        snapshot_ask(reader, SNAPSHOT_KEYS);
        answer("ATCA.GetPubKey", key_answer(9, sizes[i]));
        assert_int_equal(keys->why.code, ERR_REFUSED);
        assert_int_equal(snapshot.key[0][0], 1);
    }
}

static void test_keys_without_chip(void **state)
{
    (void)state;
    snapshot_ask(reader, SNAPSHOT_KEYS);
    refuse("ATCA.GetConfig", ERR_CONNECTION, 0, "no answer");
    assert_int_equal(waiting(), 0);
    assert_false(snapshot.part[SNAPSHOT_KEYS].asking);
    assert_string_equal(snapshot.part[SNAPSHOT_KEYS].why.message, "no answer");
}

/* A chip that could not be read again is not asked for keys by its old policies. */
static void test_keys_read_the_chip_again(void **state)
{
    (void)state;
    snapshot_ask(reader, SNAPSHOT_CHIP);
    answer("ATCA.GetConfig", chip_answer(128, 0x00, 0x78));
    snapshot_ask(reader, SNAPSHOT_CHIP);
    snapshot_ask(reader, SNAPSHOT_KEYS); /* waits for the reading under way */
    assert_int_equal(waiting(), 1);
    refuse("ATCA.GetConfig", ERR_CONNECTION, 0, "no answer");
    assert_int_equal(snapshot.part[SNAPSHOT_KEYS].why.code, ERR_CONNECTION);
    snapshot_ask(reader, SNAPSHOT_KEYS);
    answer("ATCA.GetConfig", chip_answer(128, 0x55, 0x78));
    assert_true(snapshot.part[SNAPSHOT_KEYS].have);
}

static void test_why_there_is_no_chip(void **state)
{
    (void)state;
    static const struct {
        const char *config, *message, *next;
    } cases[] = {
        {"{\"sys\":{\"atca\":{\"enable\":false}}}",                           "sys.atca.enable is false",
         "config-set sys.atca.enable=true"                                                                                                       },
        {"{\"sys\":{\"atca\":{\"enable\":true}},\"i2c\":{\"enable\":false}}", "i2c.enable is false",
         "config-set i2c.enable=true"                                                                                                            },
        {"{\"sys\":{\"atca\":{\"enable\":true}},\"i2c\":{\"enable\":true}}",  "no chip answered",                         "i2c-scan"             },
        {"{\"sys\":{}}",                                                      "without the atca library",                 "build it and flash it"},
        {"{\"sys\":5}",                                                       "without the atca library",                 ""                     },
        {NULL,                                                                "why cannot be read from it: unauthorized", "sys.atca.enable"      },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct snapshot_state *chip = &snapshot.part[SNAPSHOT_CHIP];
        snapshot_ask(reader, SNAPSHOT_KEYS);
        refuse("ATCA.GetConfig", ERR_REFUSED, 404, "No handler for ATCA.GetConfig");
        assert_true(chip->asking); /* until the configuration is there */
        if (cases[i].config != NULL)
            answer("Config.Get", cases[i].config);
        else
            refuse("Config.Get", ERR_REFUSED, 403, "unauthorized");
        if (chip->asking || !strstr(chip->why.message, cases[i].message) ||
            !strstr(chip->why.next, cases[i].next))
            fail_msg("case %zu: %s / %s", i, chip->why.message, chip->why.next);
        assert_string_equal(snapshot.part[SNAPSHOT_KEYS].why.message, chip->why.message);
        assert_int_equal(waiting(), 0);
    }
}

/* Nothing of one device or chip passes for another's. */
static void test_another_device(void **state)
{
    (void)state;
    static const enum snapshot_part parts[] = {SNAPSHOT_INFO, SNAPSHOT_CONFIG, SNAPSHOT_FILES, SNAPSHOT_CHIP};
    for (size_t i = 0; i < 4; i++)
        snapshot_ask(reader, parts[i]);
    answer("Sys.GetInfo", "{\"id\":\"a\",\"mac\":\"1\"}");
    answer("Config.Get", "{}");
    answer("FS.ListExt", "[]");
    answer("ATCA.GetConfig", chip_answer(128, 0x00, 0x78));
    snapshot_ask(reader, SNAPSHOT_INFO);
    answer("Sys.GetInfo", "{\"id\":\"renamed\",\"mac\":\"1\"}");
    assert_true(snapshot.part[SNAPSHOT_CHIP].have && snapshot.part[SNAPSHOT_CONFIG].have);
    snapshot_ask(reader, SNAPSHOT_INFO);
    answer("Sys.GetInfo", "{\"id\":\"a\",\"mac\":\"2\"}");
    assert_true(snapshot.part[SNAPSHOT_INFO].have);
    assert_false(snapshot.part[SNAPSHOT_CHIP].have || snapshot.part[SNAPSHOT_CONFIG].have ||
                 snapshot.part[SNAPSHOT_FILES].have);
    assert_null(snapshot.config);
    snapshot_ask_old(reader, 1u << SNAPSHOT_CHIP, 60000); /* is read anew at once */
    assert_int_equal(waiting(), 1);
}

static void test_another_chip(void **state)
{
    (void)state;
    snapshot_ask(reader, SNAPSHOT_KEYS);
    answer("ATCA.GetConfig", chip_answer(128, 0x00, 0x78));
    answer("ATCA.GetPubKey", key_answer(1, 64));
    answer("ATCA.GetPubKey", key_answer(2, 64));
    snapshot_ask(reader, SNAPSHOT_CHIP);
    answer("ATCA.GetConfig", chip_answer(128, 0x00, 0x78));
    assert_true(snapshot.part[SNAPSHOT_KEYS].have);
    snapshot_ask(reader, SNAPSHOT_CHIP);
    answer("ATCA.GetConfig", chip_answer(128, 0x00, 0x79));
    assert_false(snapshot.part[SNAPSHOT_KEYS].have);
    assert_false(snapshot.key_there[0]);
}

static void test_link(void **state)
{
    (void)state;
    struct error why = {0};
    error_set(&why, ERR_CONNECTION, "the cable is out");
    snapshot_ask(reader, SNAPSHOT_INFO);
    answer("Sys.GetInfo", "{}");
    snapshot_link(reader, RPC_LOST, &why);
    assert_int_equal(snapshot.link, RPC_LOST);
    assert_string_equal(snapshot.link_why.message, "the cable is out");
    assert_true(snapshot.part[SNAPSHOT_INFO].have);
    snapshot_link(reader, RPC_RECONNECTING, NULL);
    assert_string_equal(snapshot.link_why.message, "the cable is out");
    snapshot_link(reader, RPC_UP, NULL);
    assert_int_equal(snapshot.link_why.code, 0);
    assert_int_equal(told(), 1);
}

/* Calls end after the reader did, one in the middle of the keys; teardown ends them. */
static void test_closed_in_the_middle(void **state)
{
    (void)state;
    snapshot_ask(reader, SNAPSHOT_INFO);
    snapshot_ask(reader, SNAPSHOT_KEYS);
    snapshot_ask(reader, SNAPSHOT_CONFIG);
    answer("Sys.GetInfo", "{\"id\":\"a\"}");
    answer("ATCA.GetConfig", chip_answer(128, 0x00, 0x78));
    assert_int_equal(waiting(), 2);
    snapshot_close(reader);
    reader = NULL;
    assert_null(snapshot.info);
    assert_false(snapshot.part[SNAPSHOT_INFO].have);
    answer("Config.Get", "{}");
    answer("ATCA.GetPubKey", key_answer(1, 64));
    assert_null(snapshot.config);
    assert_int_equal(told(), 0);
}

static void test_closed_by_whoever_is_told(void **state)
{
    (void)state;
    close_when_changed = true;
    snapshot_ask(reader, SNAPSHOT_INFO);
    snapshot_ask(reader, SNAPSHOT_FILES);
    answer("Sys.GetInfo", "{}");
    assert_int_equal(told(), 1);
    assert_null(reader);
    answer("FS.ListExt", "[]");
    assert_int_equal(told(), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_opened),
        TEST(test_a_reading),
        TEST(test_a_failure_keeps_the_data),
        TEST(test_not_sent),
        TEST(test_ages),
        TEST(test_wrong_shapes),
        TEST(test_lists_are_bounded),
        TEST(test_keys_slot_by_slot),
        TEST(test_no_keys_while_config_is_open),
        TEST(test_keys_that_fail),
        TEST(test_keys_without_chip),
        TEST(test_keys_read_the_chip_again),
        TEST(test_why_there_is_no_chip),
        TEST(test_another_device),
        TEST(test_another_chip),
        TEST(test_link),
        TEST(test_closed_in_the_middle),
        TEST(test_closed_by_whoever_is_told),
    };
    loop = loop_new();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    loop_free(loop);
    return failed;
}
