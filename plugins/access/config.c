/* The device's configuration: keys a.b.c, and the channels that it switches. */
#include "access.h"

#include "base/text.h"

#include <string.h>

const cJSON *access_config_find(const cJSON *config, const char *path)
{
    char part[64];
    while (config != NULL && *path != '\0') {
        size_t n = strcspn(path, ".");
        if (n >= sizeof part)
            return NULL;
        memcpy(part, path, n);
        part[n] = '\0';
        config = cJSON_GetObjectItemCaseSensitive(config, part);
        path += n + (path[n] == '.');
    }
    return config;
}

const char *access_config_text(const cJSON *config, const char *path)
{
    const char *text = cJSON_GetStringValue(access_config_find(config, path));
    return text != NULL ? text : "";
}

void access_config_put(cJSON *tree, const char *path, const cJSON *value)
{
    char part[64];
    const char *dot;
    for (; (dot = strchr(path, '.')) != NULL; path = dot + 1) {
        size_t n = (size_t)(dot - path);
        memcpy(part, path, n < sizeof part ? n : sizeof part - 1);
        part[n < sizeof part ? n : sizeof part - 1] = '\0';
        cJSON *next = cJSON_GetObjectItemCaseSensitive(tree, part);
        tree = next != NULL ? next : cJSON_AddObjectToObject(tree, part);
    }
    cJSON_DeleteItemFromObjectCaseSensitive(tree, path);
    cJSON_AddItemToObject(tree, path, cJSON_Duplicate(value, true));
}

/* --- channels ------------------------------------------------------------------------------------------- */

static bool is_true(const cJSON *value)
{
    return cJSON_IsTrue(value);
}

static bool is_number(const cJSON *value) /* of a UART; -1 is none */
{
    return cJSON_IsNumber(value) && value->valuedouble >= 0;
}

static bool is_text(const cJSON *value)
{
    const char *text = cJSON_GetStringValue(value);
    return text != NULL && *text != '\0';
}

/* Types as the firmware's libraries name them (doc/protocols.md, "Authentication"). */
const struct access_channel access_channels[] = {
    {.name = "uart",             .type = "UART", .key = "rpc.uart.uart_no", .is_on = is_number, .on = 0, .off = -1},
    {.name = "ws",
     .type = "WS_in",
     .key = "rpc.ws.enable",
     .needs = "http.enable",
     .is_on = is_true,
     .on = 1,
     .is_flag = true,
     .where = "http.listen_addr"},
    {.name = "http",
     .type = "HTTP",
     .key = "rpc.http.enable",
     .old_key = "rpc.http_enable",
     .needs = "http.enable",
     .is_on = is_true,
     .on = 1,
     .is_flag = true,
     .where = "http.listen_addr"},
    {.name = "mqtt",
     .type = "MQTT",
     .key = "rpc.mqtt.enable",
     .needs = "mqtt.enable",
     .is_on = is_true,
     .on = 1,
     .is_flag = true,
     .where = "mqtt.server"},
    {.name = "ws-out",
     .type = "WS_out",
     .key = "rpc.ws.server_address",
     .needs = "rpc.ws.enable",
     .is_on = is_text,
     .where = "rpc.ws.server_address"},
    {.name = "udp",
     .type = "UDP",
     .key = "rpc.udp.listen_addr",
     .is_on = is_text,
     .where = "rpc.udp.listen_addr"},
    {0                   },
};

const char *access_channel_key(const struct access_channel *channel, const cJSON *config)
{
    if (access_config_find(config, channel->key) != NULL)
        return channel->key;
    return channel->old_key != NULL && access_config_find(config, channel->old_key) != NULL ? channel->old_key
                                                                                            : NULL;
}

/* Every key that the configuration has must say so: some firmware has two for HTTP. */
bool access_channel_is_on(const struct access_channel *channel, const cJSON *config)
{
    const char *const keys[] = {channel->key, channel->old_key};
    const cJSON *enable = access_config_find(config, "rpc.enable");
    bool known = false;
    if (enable != NULL && !cJSON_IsTrue(enable))
        return false;
    for (size_t i = 0; i < 2; i++) {
        const cJSON *value = keys[i] != NULL ? access_config_find(config, keys[i]) : NULL;
        if (value != NULL && !channel->is_on(value))
            return false;
        known = known || value != NULL;
    }
    return known && (channel->needs == NULL || cJSON_IsTrue(access_config_find(config, channel->needs)));
}

const char *access_own_type(struct op_call *call)
{
    static const struct {
        const char *scheme, *type;
    } types[] = {
        {"ws:",    "WS_in"},
        {"wss:",   "WS_in"},
        {"http:",  "HTTP" },
        {"https:", "HTTP" },
        {"mqtt",   "MQTT" },
    };
    const char *port = device_port(op_device(call));
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (text_starts(port, types[i].scheme))
            return types[i].type;
    return "UART"; /* a serial port, whatever carries it */
}
