/* What a device says about itself, asked once and remembered. */
#include "base/clock.h"
#include "base/text.h"
#include "device/inside.h"

#include <stdlib.h>
#include <string.h>

void device_forget(struct device *device)
{
    device->info_fresh = device->methods_fresh = device->config_fresh = device->chip_fresh = false;
}

void device_config_forget(struct device *device)
{
    device->config_fresh = false;
}

/* Replaces what was remembered by an answer, which is kept. */
static void keep(cJSON **place, bool *fresh, cJSON *answer)
{
    cJSON_Delete(*place);
    *place = answer;
    *fresh = true;
}

static int refuse_shape(const char *method, const char *wanted, cJSON *answer, struct error *e)
{
    cJSON_Delete(answer);
    error_set(e, ERR_REFUSED, "the device's answer to %s is not %s", method, wanted);
    return error_next(e, "check that it runs Mongoose OS firmware: call %s shows what it answers.", method);
}

static void copy_text(const cJSON *object, const char *key, char *to, size_t size)
{
    const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    text_safe(s ? s : "", to, size);
}

int device_ask_info(struct device *device, int64_t timeout_ms, struct error *e)
{
    cJSON *answer = NULL;
    int code = rpc_call(device->rpc, "Sys.GetInfo", NULL, timeout_ms, &answer, e);
    if (code != 0)
        return code;
    if (!cJSON_IsObject(answer))
        return refuse_shape("Sys.GetInfo", "an object", answer, e);
    keep(&device->info, &device->info_fresh, answer);
    copy_text(answer, "id", device->id, sizeof device->id);
    copy_text(answer, "mac", device->mac, sizeof device->mac);
    const cJSON *uptime = cJSON_GetObjectItemCaseSensitive(answer, "uptime");
    device->uptime = cJSON_IsNumber(uptime) ? uptime->valuedouble : -1;
    device->uptime_at = clock_ms();
    return 0;
}

int device_info(struct device *device, bool fresh, const cJSON **info, struct error *e)
{
    int code = 0;
    if (fresh || !device->info_fresh)
        code = device_ask_info(device, 0, e);
    if (code == 0)
        *info = device->info;
    return code;
}

const char *device_id_known(const struct device *device)
{
    return device->id[0] ? device->id : NULL;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The strings of an array, sorted; anything else in it is left out. */
static cJSON *sorted_strings(const cJSON *array)
{
    const char **names = mem_alloc(((size_t)cJSON_GetArraySize(array) + 1) * sizeof *names);
    size_t n = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, array) if (cJSON_IsString(item)) names[n++] = item->valuestring;
    qsort(names, n, sizeof *names, by_name);
    cJSON *sorted = cJSON_CreateArray();
    for (size_t i = 0; i < n; i++)
        cJSON_AddItemToArray(sorted, cJSON_CreateString(names[i]));
    free(names);
    return sorted;
}

int device_methods(struct device *device, const cJSON **methods, struct error *e)
{
    if (!device->methods_fresh) {
        cJSON *answer = NULL;
        int code = rpc_call(device->rpc, "RPC.List", NULL, 0, &answer, e);
        if (code != 0)
            return code;
        if (!cJSON_IsArray(answer))
            return refuse_shape("RPC.List", "a list", answer, e);
        keep(&device->methods, &device->methods_fresh, sorted_strings(answer));
        cJSON_Delete(answer);
    }
    *methods = device->methods;
    return 0;
}

int device_config(struct device *device, const cJSON **config, struct error *e)
{
    if (!device->config_fresh) {
        cJSON *answer = NULL;
        int code = rpc_call(device->rpc, "Config.Get", NULL, 0, &answer, e);
        if (code != 0)
            return code;
        if (!cJSON_IsObject(answer))
            return refuse_shape("Config.Get", "an object", answer, e);
        keep(&device->config, &device->config_fresh, answer);
    }
    *config = device->config;
    return 0;
}
