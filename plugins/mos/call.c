/* call, i2c-scan, reboot: RPC methods by name. */
#include "mos.h"

#include "base/text.h"
#include "codec/frame.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* --- methods the firmware lacks ------------------------------------------------------------------------- */

static const struct {
    const char *prefix, *library;
} libraries[] = {
    {"ATCA.",    "rpc-service-atca"   },
    {"Config.",  "rpc-service-config" },
    {"FS.",      "rpc-service-fs"     },
    {"GPIO.",    "rpc-service-gpio"   },
    {"I2C.",     "rpc-service-i2c"    },
    {"OTA.",     "rpc-service-ota"    },
    {"Wifi.",    "rpc-service-wifi"   },
    {"PWM.",     "rpc-service-pwm"    },
    {"Cron.",    "rpc-service-cron"   },
    {"OneWire.", "rpc-service-onewire"},
};

static const char *library_of(const char *method)
{
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
        if (strncasecmp(method, libraries[i].prefix, strlen(libraries[i].prefix)) == 0)
            return libraries[i].library;
    return NULL;
}

/* Nearest of the methods the device has; whether it has any of the same library. */
static bool offer_methods(struct op_call *call, const char *method, struct nearest *near)
{
    const cJSON *methods = NULL, *item;
    struct error ignored = {0};
    bool related = false;
    if (device_methods(op_device(call), &methods, &ignored) != 0)
        return false;
    cJSON_ArrayForEach(item, methods)
    {
        related = related || strncasecmp(item->valuestring, method, strcspn(method, ".") + 1) == 0;
        nearest_offer(near, item->valuestring);
    }
    return related;
}

int mos_offer(const struct nearest *near, const char *otherwise, struct error *e)
{
    char words[NEAREST_WORDS_SIZE];
    if (near->count == 0)
        return error_next(e, "%s", otherwise);
    return error_next(e, "Did you mean %s?", nearest_words(near, "", words));
}

/* Firmware offers the ATCA methods only with a chip: true when the device says why there is none. */
static bool explain_chip(struct op_call *call, struct error *e)
{
    struct atecc_config config;
    struct error why = {0};
    int remote = e->remote, code = device_chip(op_device(call), true, &config, &why);
    if (code == 0)
        return false;
    *e = why;
    if (code == ERR_REFUSED)
        e->remote = remote;
    return true;
}

int mos_explain(struct op_call *call, const char *method, struct error *e)
{
    enum { CODE_NOT_FOUND = 404 };
    char safe[96];
    struct nearest near = {.word = method, .dotted = true};
    if (e == NULL || e->remote != CODE_NOT_FOUND || strstr(e->message, "No handler") == NULL)
        return e != NULL ? e->code : ERR_REFUSED;
    const char *library = library_of(method);
    bool related = offer_methods(call, method, &near);
    if (!related && strncasecmp(method, "ATCA.", 5) == 0 && explain_chip(call, e))
        return e->code;
    text_safe(method, safe, sizeof safe);
    if (library == NULL || related) {
        error_set(e, ERR_REFUSED, "the device has no method %s", safe);
        mos_offer(&near, "call RPC.List shows the methods it has.", e);
    } else {
        error_set(e, ERR_REFUSED,
                  "the device has no method %s: its firmware was built without the %s library", safe,
                  library);
        error_next(e,
                   "Add that library to the firmware's libs, build it and flash it; call RPC.List shows the "
                   "methods there are.");
    }
    e->remote = CODE_NOT_FOUND;
    return e->code;
}

int mos_call(struct op_call *call, const char *method, cJSON *args, cJSON **result, struct error *e)
{
    struct error own = {0};
    if (e == NULL)
        e = &own;
    int code = device_call(op_device(call), method, args, result, e);
    return code != 0 ? mos_explain(call, method, e) : 0;
}

/* --- call ----------------------------------------------------------------------------------------------- */

/* What cannot be undone goes through the gate, under the command that has a plan for it. */
static const struct {
    const char *method, *command;
} gated[] = {
    {"ATCA.SetConfig", "atca-set-config FILE"           },
    {"ATCA.LockZone",  "atca-lock-zone config (or data)"},
    {"ATCA.SetKey",    "atca-set-key SLOT FILE"         },
    {"ATCA.GenKey",    "atca-gen-key SLOT"              },
};

static int check_call(struct op_call *call, struct error *e)
{
    const char *method = op_arg_value(call, "METHOD"), *text = op_arg_value(call, "JSON");
    for (size_t i = 0; i < sizeof gated / sizeof *gated; i++)
        if (strcasecmp(method, gated[i].method) == 0) {
            error_set(e, ERR_REFUSED, "%s cannot be undone, so it is not called directly; nothing was sent",
                      gated[i].method);
            return error_next(e, "%s shows the plan first and asks.", gated[i].command);
        }
    if (text == NULL)
        return 0;
    struct error why = {0};
    cJSON *args = frame_json_parse(text, strlen(text), &why);
    cJSON_Delete(args);
    if (args != NULL)
        return 0;
    const char *reason = strstr(why.message, ": "); /* the reason alone, without the full stop */
    reason = reason == NULL ? why.message : reason + 2;
    error_set(e, ERR_USAGE, "nothing was sent, the arguments of %s cannot be read: %.*s", method,
              (int)strcspn(reason, "."), reason);
    return error_next(e, "They are one word of JSON, as call FS.List '{\"path\": \"/\"}'.");
}

static int run_call(struct op_call *call, size_t step, struct error *e)
{
    const char *method = op_arg_value(call, "METHOD"), *text = op_arg_value(call, "JSON");
    cJSON *args = text != NULL ? frame_json_parse(text, strlen(text), NULL) : NULL, *result = NULL;
    (void)step;
    int code = mos_call(call, method, args, &result, e);
    device_config_forget(op_device(call)); /* whatever the method did, what was remembered may be old */
    device_chip_forget(op_device(call));
    if (code != 0)
        return code;
    struct buf pretty = BUF_INIT;
    mos_json_pretty(result, false, &pretty);
    op_say(call, "%s", buf_text(&pretty));
    buf_free(&pretty);
    op_json(call, NULL, result != NULL ? result : cJSON_CreateNull());
    return 0;
}

static const struct op_arg call_args[] = {
    {.name = "METHOD",                      .type = TYPE_METHOD, .help = "RPC method, as Sys.GetInfo"},
    {.name = "JSON",
     .type = TYPE_JSON,
     .flags = ARG_OPTIONAL,
     .help = "its arguments, quoted: '{\"pin\": 2}'"},
    {0                       },
};

const struct op mos_op_call = {
    .name = "call",
    .summary = "call an RPC method and print its result",
    .help = "Prints the result as JSON, keys in the device's order. The methods that cannot be undone are "
            "refused "
            "here: they have commands with a plan.",
    .example = "call Sys.GetInfo\ncall FS.List '{\"path\": \"/\"}'",
    .args = call_args,
    .needs = NEED_RPC,
    .hazard = HAZARD_WRITES,
    .check = check_call,
    .run = run_call,
};

/* --- i2c-scan ------------------------------------------------------------------------------------------- */

static const struct {
    int address;
    const char *what;
} known_chips[] = {
    {0x60, "an ATECC508A or ATECC608A at its usual address"},
};

static void hint(struct op_call *call, int address)
{
    const char *what = "";
    for (size_t i = 0; i < sizeof known_chips / sizeof *known_chips; i++)
        if (known_chips[i].address == address)
            what = known_chips[i].what;
    op_note(call, "%d is bus address 0x%02x%s%s", address, (unsigned)address, *what ? ": " : "", what);
}

/* "[ 96 ]", as the documents show it. */
static void show_addresses(struct op_call *call, const cJSON *addresses)
{
    struct buf line = BUF_INIT;
    const cJSON *item;
    cJSON_ArrayForEach(item, addresses) buf_printf(&line, "%s%d", line.len ? ", " : "", item->valueint);
    op_say(call, line.len ? "[ %s ]" : "[%s]", buf_text(&line));
    buf_free(&line);
    cJSON_ArrayForEach(item, addresses) hint(call, item->valueint);
    if (cJSON_GetArraySize(addresses) == 0)
        op_note(call, "Nothing answers on the bus: check SDA, SCL, pull-ups and supply, and i2c.enable.");
}

static int run_scan(struct op_call *call, size_t step, struct error *e)
{
    cJSON *args = NULL, *result = NULL;
    (void)step;
    if (op_arg_given(call, "bus")) {
        args = cJSON_CreateObject();
        cJSON_AddNumberToObject(args, "bus", (double)op_arg_number(call, "bus"));
    }
    int code = mos_call(call, "I2C.Scan", args, &result, e);
    if (code == 0 && !cJSON_IsArray(result)) {
        cJSON_Delete(result);
        return error_set(e, ERR_REFUSED, "the device's answer to I2C.Scan is not a list of addresses");
    }
    if (code != 0)
        return code;
    show_addresses(call, result);
    op_json(call, "addresses", result);
    return 0;
}

static const struct op_arg scan_options[] = {
    {.name = "bus", .type = TYPE_NUMBER, .max = 7, .help = "I2C bus; the firmware's first when left out"},
    {0    },
};

const struct op mos_op_i2c_scan = {
    .name = "i2c-scan",
    .summary = "show which addresses answer on the I2C bus",
    .help = "An ATECC508A or ATECC608A answers at 96 (0x60) unless its configuration says otherwise.",
    .example = "i2c-scan",
    .options = scan_options,
    .needs = NEED_RPC,
    .hazard = HAZARD_NONE,
    .run = run_scan,
};

/* --- reboot --------------------------------------------------------------------------------------------- */

static int run_reboot(struct op_call *call, size_t step, struct error *e)
{
    (void)step;
    op_note(call, "Rebooting...");
    int code = device_reboot(op_device(call), e);
    if (code == 0)
        op_say(call, "The device rebooted and answers again.");
    return code;
}

const struct op mos_op_reboot = {
    .name = "reboot",
    .summary = "reboot the device and wait until it is back",
    .help = "Ends when the same device answers again: its id and MAC are compared.",
    .example = "reboot",
    .needs = NEED_RPC,
    .hazard = HAZARD_RESETS,
    .run = run_reboot,
};
