/* The reasons why there is no secure element: see inside.h.
 *
 * Firmware offers the ATCA.* methods only when it was built with the atca library, sys.atca.enable is true,
 * and a chip answered at boot: an answer 404 can mean each of these, and the configuration tells them apart.
 */
#include "device/inside.h"

#include <stdio.h>
#include <string.h>

enum { CODE_NOT_FOUND = 404 };

const char device_wire_hint[] = "check the chip's SDA, SCL, 3V3 and GND, then reboot the board";

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
    return error_next(e, "%s; i2c-scan shows which addresses answer.", device_wire_hint);
}

static bool is_false(const cJSON *object, const char *key)
{
    return cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(object, key));
}

int device_say_no_chip(const cJSON *atca, const cJSON *i2c, struct error *e)
{
    char pins[96];
    if (atca == NULL)
        return say_no_library(e);
    board_pins(i2c, pins, sizeof pins);
    if (is_false(atca, "enable"))
        return say_switched_off("sys.atca.enable", pins, e);
    if (is_false(i2c, "enable"))
        return say_switched_off("i2c.enable", pins, e);
    return say_not_answering(atca, pins, e);
}

int device_say_no_settings(const struct error *why, struct error *e)
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
    return error_next(e,
                      "check that its firmware has the atca library, that sys.atca.enable is true, and %s.",
                      device_wire_hint);
}
