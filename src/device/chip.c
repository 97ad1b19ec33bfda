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

/* A chip that was there at boot and does not answer now: the firmware's message ends in its status. */
static int say_status(const char *said, struct error *e)
{
    struct buf words = BUF_INIT;
    int status = atecc_status_in(said);
    if (status >= 0)
        atecc_words_status((uint8_t)status, NULL, &words);
    char message[256];
    text_safe(said, message, sizeof message);
    error_set(e, ERR_REFUSED, "the secure element's configuration could not be read: %s%s%s", message,
              words.len ? ": " : "", buf_text(&words));
    buf_free(&words);
    return error_next(e, "%s.", device_wire_hint);
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
