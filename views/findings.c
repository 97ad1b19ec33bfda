/* Weak points that the device's configuration and its chip prove: see findings.h. */
#include "views/findings.h"

#include "codec/atecc_policy.h"
#include "views/words.h"

#include <stdio.h>
#include <string.h>

enum { DEBUG_SHOWS_FRAMES = 3 }; /* debug.level from which the firmware logs the frames it gets */

enum is { UNSET, EMPTY, GIVEN, ON, IN_FLASH, TALKATIVE };

static bool is_empty(const cJSON *value)
{
    const char *text = cJSON_GetStringValue(value);
    return text != NULL && text[0] == '\0';
}

static bool is_given(const cJSON *value)
{
    const char *text = cJSON_GetStringValue(value);
    return text != NULL && text[0] != '\0';
}

/* Empty, or a setting that this firmware does not have. */
static bool is_unset(const cJSON *value)
{
    return value == NULL || is_empty(value);
}

static bool is_on(const cJSON *value)
{
    return cJSON_IsTrue(value);
}

/* A key named "ATCA:0" stays in the chip; any other name is a file. */
static bool is_in_flash(const cJSON *value)
{
    return is_given(value) && strncmp(cJSON_GetStringValue(value), "ATCA:", 5) != 0;
}

static bool is_talkative(const cJSON *value)
{
    return cJSON_IsNumber(value) && value->valuedouble >= DEBUG_SHOWS_FRAMES;
}

static bool (*const tests[])(const cJSON *value) = {
    [UNSET] = is_unset, [EMPTY] = is_empty,       [GIVEN] = is_given,
    [ON] = is_on,       [IN_FLASH] = is_in_flash, [TALKATIVE] = is_talkative,
};

enum { IF_MAX = 8 };

static const struct rule {
    enum view_style style;
    const char *text, *why, *help;
    struct {
        const char *path;
        enum is is;
    } when[IF_MAX]; /* all of them */
} rules[] = {
  /* clang-format off */
    {
        .style = VIEW_BAD,
        .text = "RPC is open to anyone over HTTP and WebSocket",
        .why = "rpc.auth_file is empty and no access list is set: no caller is asked for a password. "
               "The password file must lie on the device before the setting names it.",
        .help = "config-set rpc.auth_file=FILE",
        .when = {{"rpc.enable", ON}, {"rpc.http_enable", ON}, {"http.enable", ON},
                 {"rpc.auth_file", UNSET}, {"rpc.acl", UNSET}, {"rpc.acl_file", UNSET},
                 {"http.auth_file", UNSET}, {"http.ssl_ca_cert", UNSET}},
    },
    {
        .style = VIEW_BAD,
        .text = "the WiFi access point has no password",
        .why = "wifi.ap.pass is empty.",
        .help = "config-set wifi.ap.pass=PASSWORD",
        .when = {{"wifi.ap.enable", ON}, {"wifi.ap.pass", EMPTY}},
    },
    {
        .style = VIEW_WARN,
        .text = "HTTP and WebSocket go in the clear",
        .why = "http.ssl_cert is empty: the server does not speak TLS. A certificate for a key in the chip "
               "comes from atca-gen-cert.",
        .help = "config-set http.ssl_cert=FILE http.ssl_key=ATCA:0",
        .when = {{"http.enable", ON}, {"http.ssl_cert", EMPTY}},
    },
    {
        .style = VIEW_WARN,
        .text = "the web server's private key is a file in flash",
        .why = "http.ssl_key names a file, not a slot of the chip (ATCA:SLOT). Set the key in a slot first: "
               "atca-set-key.",
        .help = "config-set http.ssl_key=ATCA:0",
        .when = {{"http.enable", ON}, {"http.ssl_cert", GIVEN}, {"http.ssl_key", IN_FLASH}},
    },
    {
        .style = VIEW_WARN,
        .text = "MQTT goes in the clear",
        .why = "mqtt.ssl_ca_cert and mqtt.ssl_cert are empty: the client does not speak TLS.",
        .help = "config-set mqtt.ssl_ca_cert=ca.pem",
        .when = {{"mqtt.enable", ON}, {"mqtt.ssl_ca_cert", EMPTY}, {"mqtt.ssl_cert", EMPTY}},
    },
    {
        .style = VIEW_WARN,
        .text = "MQTT's private key is a file in flash",
        .why = "mqtt.ssl_key names a file, not a slot of the chip (ATCA:SLOT). Set the key in a slot first: "
               "atca-set-key.",
        .help = "config-set mqtt.ssl_key=ATCA:0",
        .when = {{"mqtt.enable", ON}, {"mqtt.ssl_cert", GIVEN}, {"mqtt.ssl_key", IN_FLASH}},
    },
    {
        .style = VIEW_WARN,
        .text = "keys sent to the device show in its log",
        .why = "debug.level is 3 or more: the firmware logs the frames it receives.",
        .help = "config-set debug.level=2",
        .when = {{"debug.level", TALKATIVE}},
    },
  /* clang-format on */
};

static bool applies(const struct rule *rule, const cJSON *config)
{
    for (size_t i = 0; i < IF_MAX && rule->when[i].path != NULL; i++)
        if (!tests[rule->when[i].is](view_json_at(config, rule->when[i].path)))
            return false;
    return true;
}

static void add(struct findings *to, const struct finding *finding, const char *text, size_t len)
{
    if (to->count == FINDING_MAX)
        return;
    struct finding *item = &to->item[to->count++];
    *item = *finding;
    snprintf(item->text, sizeof item->text, "%.*s", (int)len, text);
    to->high += item->style == VIEW_BAD;
}

static void add_rule(const struct rule *rule, struct findings *to)
{
    const struct finding finding = {.style = rule->style, .why = rule->why, .help = rule->help};
    add(to, &finding, rule->text, strlen(rule->text));
}

/* The first line of a chip with an open zone is about that zone: locking it helps. The others are policies.
 */
static void add_chip(const struct atecc_config *chip, struct findings *to)
{
    struct buf weak = BUF_INIT;
    const char *help = chip->lock_config == ATECC_UNLOCKED  ? "atca-lock-zone config"
                       : chip->lock_value == ATECC_UNLOCKED ? "atca-lock-zone data"
                                                            : "atca-slots";
    atecc_words_weak(chip, &weak);
    for (const char *line = buf_text(&weak); *line != '\0';) {
        size_t len = strcspn(line, "\n");
        add(to, &(struct finding){.style = VIEW_WARN, .help = help}, line, len);
        help = "atca-slots";
        line += len + (line[len] == '\n');
    }
    buf_free(&weak);
}

void findings_of(const struct snapshot *snapshot, struct findings *to)
{
    *to = (struct findings){.count = 0};
    for (size_t i = 0; i < COUNT(rules) && snapshot->part[SNAPSHOT_CONFIG].have; i++)
        if (applies(&rules[i], snapshot->config))
            add_rule(&rules[i], to);
    if (snapshot->part[SNAPSHOT_CHIP].have)
        add_chip(&snapshot->chip, to);
}
