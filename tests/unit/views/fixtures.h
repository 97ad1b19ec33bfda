/* Fixed snapshots for the tests of views: boards in each lock state, with parts missing, and hostile ones. */
#ifndef TESTS_VIEWS_FIXTURES_H
#define TESTS_VIEWS_FIXTURES_H

#include "base/file.h"
#include "base/text.h"
#include "views/views.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIXTURE_NOW = 10000000, BYTE_LOCK_VALUE = 86, BYTE_LOCK_CONFIG = 87 };

static const char fixture_info[] =
    "{\"id\":\"esp32_0A1B2C\",\"app\":\"demo-js\",\"fw_version\":\"1.0\",\"fw_id\":\"20261120-101010/"
    "g1234567\","
    "\"mac\":\"240AC40A1B2C\",\"arch\":\"esp32\",\"uptime\":8040,\"ram_size\":297000,\"ram_free\":223300,"
    "\"ram_min_free\":175200,\"fs_size\":262144,\"fs_free\":236544}";

static const char fixture_config[] =
    "{\"debug\":{\"level\":3,\"stdout_uart\":0},\"device\":{\"id\":\"esp32_0A1B2C\",\"license\":\"L-1234\"},"
    "\"sys\":{\"tz_spec\":\"\",\"wdt_timeout\":30,\"atca\":{\"enable\":true,\"i2c_addr\":96}},\"conf_acl\":"
    "\"*\","
    "\"i2c\":{\"enable\":true,\"sda_gpio\":32,\"scl_gpio\":33},"
    "\"http\":{\"enable\":true,\"listen_addr\":\"443\",\"ssl_cert\":\"ecc.crt.pem\",\"ssl_key\":\"server."
    "key\","
    "\"ssl_ca_cert\":\"\",\"auth_file\":\"\"},"
    "\"wifi\":{\"ap\":{\"enable\":true,\"ssid\":\"Mongoose_??????\",\"pass\":\"\"},"
    "\"sta\":{\"enable\":true,\"ssid\":\"bench\",\"pass\":\"correct horse\"}},"
    "\"mqtt\":{\"enable\":true,\"server\":\"broker:1883\",\"pass\":\"geheim\",\"ssl_cert\":\"\",\"ssl_key\":"
    "\"\","
    "\"ssl_ca_cert\":\"\"},"
    "\"rpc\":{\"enable\":true,\"http_enable\":true,\"max_frame_size\":4096,\"acl\":\"\",\"acl_file\":\"\","
    "\"auth_domain\":\"RPC\",\"auth_file\":\"\",\"ratio\":1.5,\"ws\":{\"enable\":true,\"server_address\":"
    "\"\"}}}";

static const char fixture_files[] =
    "[{\"name\":\"init.js\",\"size\":1204},{\"name\":\"conf9.json\",\"size\":388},{\"name\":\"server.key\","
    "\"size\":227},"
    "{\"name\":\"ecc.crt.pem\",\"size\":692},{\"name\":\"index.html\",\"size\":10240}]";

static inline void fixture_have(struct snapshot *snapshot, enum snapshot_part part)
{
    snapshot->part[part] = (struct snapshot_state){.have = true, .read_ms = FIXTURE_NOW - 3000};
}

static inline void fixture_path(const char *file, char *to, size_t size)
{
    const char *root = getenv("LOCKSTEP_ROOT");
    snprintf(to, size, "%s/tests/data/%s", root != NULL ? root : ".", file);
}

static inline void fixture_chip(struct snapshot *snapshot, const char *name, int lock_config, int lock_value)
{
    char file[96], path[512];
    uint8_t raw[ATECC_CONFIG_SIZE];
    struct buf hex = BUF_INIT;
    snprintf(file, sizeof file, "atecc/%s.hex", name);
    fixture_path(file, path, sizeof path);
    if (file_read(path, 4096, &hex, NULL) != 0)
        fail_msg("%s can't be read", path);
    for (size_t i = 0; i < hex.len; i++)
        hex.data[i] = hex.data[i] == ',' ? ' ' : hex.data[i];
    assert_int_equal(text_unhex(buf_text(&hex), hex.len, true, raw, sizeof raw), ATECC_CONFIG_SIZE);
    buf_free(&hex);
    raw[BYTE_LOCK_CONFIG] = (uint8_t)lock_config;
    raw[BYTE_LOCK_VALUE] = (uint8_t)lock_value;
    raw[6] = strstr(name, "608") != NULL ? 0x60 : 0x50;
    raw[7] = strstr(name, "608") != NULL ? 0x02 : 0x00;
    memcpy(raw, (const uint8_t[]){0x01, 0x23, 0x52, 0xaa}, 4); /* the samples have no serial number */
    memcpy(raw + 8, (const uint8_t[]){0xd1, 0xbb, 0xf3, 0x78, 0xee}, 5);
    atecc_config_decode(raw, &snapshot->chip);
    fixture_have(snapshot, SNAPSHOT_CHIP);
}

static inline void fixture_keys(struct snapshot *snapshot)
{
    for (unsigned i = 0; i < sizeof snapshot->key[0]; i++)
        snapshot->key[0][i] = (uint8_t)(i * 7 + 3);
    snapshot->key_there[0] = true;
    fixture_have(snapshot, SNAPSHOT_KEYS);
}

static inline void fixture_device(struct snapshot *snapshot)
{
    memset(snapshot, 0, sizeof *snapshot);
    snapshot->info = cJSON_Parse(fixture_info);
    snapshot->config = cJSON_Parse(fixture_config);
    snapshot->files = cJSON_Parse(fixture_files);
    assert_non_null(snapshot->info);
    assert_non_null(snapshot->config);
    assert_non_null(snapshot->files);
    fixture_have(snapshot, SNAPSHOT_INFO);
    fixture_have(snapshot, SNAPSHOT_CONFIG);
    fixture_have(snapshot, SNAPSHOT_FILES);
}

static inline void fixture_fail(struct snapshot *snapshot, enum snapshot_part part, const char *why,
                                const char *next)
{
    struct snapshot_state *state = &snapshot->part[part];
    error_set(&state->why, ERR_REFUSED, "%s", why);
    error_next(&state->why, "%s", next);
}

static inline void fixture_free(struct snapshot *snapshot)
{
    cJSON_Delete(snapshot->info);
    cJSON_Delete(snapshot->config);
    cJSON_Delete(snapshot->files);
    cJSON_Delete(snapshot->methods);
    memset(snapshot, 0, sizeof *snapshot);
}

static inline struct view_context fixture_context(const struct snapshot *snapshot, const char *selected,
                                                  bool ascii)
{
    return (struct view_context){.snapshot = snapshot,
                                 .now_ms = FIXTURE_NOW,
                                 .port = "/dev/ttyUSB0",
                                 .selected = selected,
                                 .ascii = ascii};
}

#endif
