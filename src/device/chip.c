/* The secure element behind a device, and the reasons why there is none.
 *
 * Firmware offers the ATCA.* methods only when it was built with the atca library, sys.atca.enable is true,
 * and a chip answered at boot: an answer 404 can mean each of these, and the configuration tells them apart.
 */
#include "base/text.h"
#include "codec/atecc_policy.h"
#include "device/inside.h"

#include <stdio.h>
#include <string.h>

enum { CODE_NOT_FOUND = 404 };

static const char wire_hint[] = "check the chip's SDA, SCL, 3V3 and GND, then reboot the board";

/* "SDA on GPIO 32, SCL on GPIO 33" as the board's configuration has them; else without numbers. */
static void board_pins(const cJSON *i2c, char *to, size_t size)
{
    const cJSON *sda = cJSON_GetObjectItemCaseSensitive(i2c, "sda_gpio");
    const cJSON *scl = cJSON_GetObjectItemCaseSensitive(i2c, "scl_gpio");
    if (cJSON_IsNumber(sda) && cJSON_IsNumber(scl))
        snprintf(to, size, "SDA on GPIO %d, SCL on GPIO %d", sda->valueint, scl->valueint);
    else
        snprintf(to, size, "SDA and SCL on the board's I2C pins");
}

static int say_no_library(struct error *e)
{
    error_set(
        e, ERR_REFUSED,
        "no secure element: this firmware was built without the atca library (it has no sys.atca settings)");
    return error_next(e, "add the atca library to the firmware's libs, build it and flash it.");
}

static int say_switched_off(const char *key, const char *pins, struct error *e)
{
    error_set(e, ERR_REFUSED, "no secure element: it is switched off, %s is false", key);
    return error_next(
        e, "config-set %s=true, which takes effect after the reboot; the chip is wired with %s.", key, pins);
}

static int say_not_answering(const cJSON *atca, const char *pins, struct error *e)
{
    const cJSON *address = cJSON_GetObjectItemCaseSensitive(atca, "i2c_addr");
    unsigned at = cJSON_IsNumber(address) ? (unsigned)address->valueint & 0x7f : 0x60;
    error_set(
        e, ERR_REFUSED,
        "no secure element: sys.atca.enable is true, but no chip answered at boot at I2C address 0x%02x (%s)",
        at, pins);
    return error_next(e, "%s; i2c-scan shows which addresses answer.", wire_hint);
}

static bool is_false(const cJSON *object, const char *key)
{
    return cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(object, key));
}

static int say_why(const cJSON *atca, const cJSON *i2c, struct error *e)
{
    char pins[96];
    board_pins(i2c, pins, sizeof pins);
    if (is_false(atca, "enable"))
        return say_switched_off("sys.atca.enable", pins, e);
    if (is_false(i2c, "enable"))
        return say_switched_off("i2c.enable", pins, e);
    return say_not_answering(atca, pins, e);
}

static int get_subtree(struct device *device, const char *key, cJSON **subtree, struct error *e)
{
    cJSON *args = cJSON_CreateObject();
    cJSON_AddStringToObject(args, "key", key);
    return device_call(device, "Config.Get", args, subtree, e);
}

/* Why the settings could not be read either. */
static int say_no_settings(const struct error *why, struct error *e)
{
    if (why->remote == CODE_NOT_FOUND && strstr(why->message, "No handler") == NULL)
        return say_no_library(e);
    if (why->remote == 0) { /* no answer: that is the news, not the chip */
        if (e != NULL)
            *e = *why;
        return why->code;
    }
    error_set(e, ERR_REFUSED,
              "no secure element: the device has no ATCA methods, and why cannot be read from it: %s",
              why->message);
    return error_next(
        e, "check that its firmware has the atca library, that sys.atca.enable is true, and %s.", wire_hint);
}

int device_explain_no_chip(struct device *device, struct error *e)
{
    cJSON *atca = NULL, *i2c = NULL;
    struct error why = {0};
    int code = get_subtree(device, "sys.atca", &atca, &why);
    if (code != 0)
        return say_no_settings(&why, e);
    code = get_subtree(device, "i2c", &i2c, &why);
    if (code != 0 && why.remote == 0)
        code = say_no_settings(&why, e);
    else
        code = say_why(atca, i2c, e);
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
    return error_next(e, "%s.", wire_hint);
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
        error_next(e, "%s; call ATCA.GetConfig shows what it answers.", wire_hint);
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
