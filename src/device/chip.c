/* The secure element behind a device. */
#include "base/text.h"
#include "codec/atecc_policy.h"
#include "device/inside.h"

#include <string.h>

enum { CODE_NOT_FOUND = 404 };

static int get_subtree(struct device *device, const char *key, cJSON **subtree, struct error *e)
{
    cJSON *args = cJSON_CreateObject();
    cJSON_AddStringToObject(args, "key", key);
    return device_call(device, "Config.Get", args, subtree, e);
}

int device_explain_no_chip(struct device *device, struct error *e)
{
    cJSON *atca = NULL, *i2c = NULL;
    struct error why = {0};
    int code = get_subtree(device, "sys.atca", &atca, &why);
    if (code != 0)
        return device_say_no_settings(&why, e);
    code = get_subtree(device, "i2c", &i2c, &why);
    if (code != 0 && why.remote == 0)
        code = device_say_no_settings(&why, e);
    else
        code = device_say_no_chip(atca, i2c, e);
    cJSON_Delete(atca);
    cJSON_Delete(i2c);
    return code;
}

/* What to do by status; a chip gives its configuration out in every state, so that a refusal is none of its
 * policy. Source of the codes: cryptoauthlib's atca_status.h. */
static const char *next_for(int status)
{
    static const char bus[] =
        "check the pull-ups and the length of the I2C wires, or lower i2c.freq, and try again";
    static const char power[] =
        "take the board's power away for some seconds, for a reboot does not reset the chip, and try again";
    static const struct {
        int status;
        const char *next;
    } rows[] = {
        {0xD0, device_wire_hint},
        {0xE7, device_wire_hint},
        {0xEC, device_wire_hint},
        {0xF0, device_wire_hint},
        {0xF1, device_wire_hint},
        {0xD4, bus             },
        {0xE5, bus             },
        {0xE6, bus             },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].status == status)
            return rows[i].next;
    return power;
}

/* A chip that was there at boot and does not answer now: the firmware's message ends in its status. */
static int say_status(const char *said, struct error *e)
{
    struct buf words = BUF_INIT;
    int status = atecc_status_in(said);
    atecc_words_status((uint8_t)status, NULL, &words);
    char message[256];
    text_safe(said, message, sizeof message);
    size_t len = strlen(message);
    while (len > 0 && message[len - 1] == '.')
        len--;
    error_set(e, ERR_REFUSED, "the secure element's configuration could not be read: %.*s: %s", (int)len,
              message, buf_text(&words));
    buf_free(&words);
    return error_next(e, "%s.", next_for(status));
}

static int decode(struct device *device, const cJSON *answer, struct error *e)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(answer, "config"));
    struct buf raw = BUF_INIT;
    bool good = text != NULL && text_unbase64(text, strlen(text), &raw) == 0 && raw.len == ATECC_CONFIG_SIZE;
    if (good) {
        atecc_config_decode(raw.data, &device->chip);
        device->chip_fresh = true;
    } else {
        error_set(e, ERR_REFUSED,
                  "the device's answer to ATCA.GetConfig does not hold the %d bytes of a configuration zone",
                  ATECC_CONFIG_SIZE);
        error_next(e, "%s; call ATCA.GetConfig shows what it answers.", device_wire_hint);
    }
    buf_free(&raw);
    return good ? 0 : ERR_REFUSED;
}

static int read_chip(struct device *device, struct error *e)
{
    cJSON *answer = NULL;
    struct error why = {0};
    int code = rpc_call(device->rpc, "ATCA.GetConfig", NULL, 0, &answer, &why);
    if (code == 0) {
        code = decode(device, answer, e);
        cJSON_Delete(answer);
        return code;
    }
    if (why.remote == CODE_NOT_FOUND)
        return device_explain_no_chip(device, e);
    if (atecc_status_in(why.message) >= 0)
        return say_status(why.message, e);
    if (e != NULL)
        *e = why;
    return code;
}

int device_chip(struct device *device, bool fresh, struct atecc_config *config, struct error *e)
{
    int code = 0;
    if (fresh || !device->chip_fresh)
        code = read_chip(device, e);
    if (code == 0)
        *config = device->chip;
    return code;
}

bool device_chip_known(const struct device *device, struct atecc_config *config)
{
    if (device->chip_fresh)
        *config = device->chip;
    return device->chip_fresh;
}

void device_chip_forget(struct device *device)
{
    device->chip_fresh = false;
}
