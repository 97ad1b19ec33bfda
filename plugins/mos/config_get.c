/* config-get: the device's configuration, printed as mos does. */
#include "mos.h"

#include "base/text.h"

#include <string.h>

static int fetch(struct op_call *call, cJSON **own, const cJSON **config, struct error *e)
{
    if (!op_arg_given(call, "level")) {
        device_config_forget(op_device(call));
        return device_config(op_device(call), config, e);
    }
    cJSON *args = cJSON_CreateObject();
    cJSON_AddNumberToObject(args, "level", (double)op_arg_number(call, "level"));
    int code = mos_call(call, "Config.Get", args, own, e);
    *config = *own;
    return code;
}

static void show(struct op_call *call, const cJSON *value)
{
    struct buf text = BUF_INIT;
    if (cJSON_IsString(value))
        text_printable(value->valuestring, strlen(value->valuestring), true, 0, &text);
    else
        mos_json_pretty(value, true, &text);
    op_say(call, "%s", buf_text(&text));
    op_json(call, NULL, cJSON_Duplicate(value, true));
    buf_free(&text);
}

static int run(struct op_call *call, size_t step, struct error *e)
{
    const char *path = op_arg_value(call, "PATH");
    const cJSON *config = NULL, *value;
    cJSON *own = NULL;
    (void)step;
    int code = fetch(call, &own, &config, e);
    if (code != 0) {
        mos_explain(call, "Config.Get", e);
    } else if ((value = mos_config_find(config, path != NULL ? path : "")) == NULL) {
        code = mos_config_missing(config, path != NULL ? path : "", e);
    } else {
        show(call, value);
    }
    cJSON_Delete(own);
    return code;
}

static const struct op_arg args[] = {
    {.name = "PATH",
     .type = TYPE_CONFIG_KEY,
     .flags = ARG_OPTIONAL,
     .help = "key or section, as http.ssl_key or http; everything when left out"},
    {0},
};

static const struct op_arg options[] = {
    {.name = "level", .type = TYPE_NUMBER, .max = 255, .help = "only what levels up to this one say"},
    {0    },
};

const struct op mos_op_config_get = {
    .name = "config-get",
    .summary = "show the device's configuration",
    .help = "Strings, numbers and booleans are printed bare, sections as JSON with sorted keys.",
    .example = "config-get http\nconfig-get sys.atca.enable",
    .args = args,
    .options = options,
    .needs = NEED_RPC,
    .hazard = HAZARD_NONE,
    .run = run,
};
