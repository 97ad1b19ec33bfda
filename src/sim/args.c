/* Arguments as the firmware's scanner reads them: see rpc.h. */
#include "sim/base64.h"
#include "sim/rpc.h"

static const cJSON *find(const cJSON *args, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(args, name);
}

const char *sim_args_text(const cJSON *args, const char *name)
{
    const cJSON *value = find(args, name);
    return cJSON_IsString(value) ? value->valuestring : NULL;
}

int64_t sim_args_number(const cJSON *args, const char *name, int64_t fallback)
{
    const cJSON *value = find(args, name);
    return cJSON_IsNumber(value) ? (int64_t)value->valuedouble : fallback;
}

bool sim_args_flag(const cJSON *args, const char *name)
{
    return cJSON_IsTrue(find(args, name));
}

void sim_args_bytes(const cJSON *args, const char *name, struct buf *to)
{
    const char *text = sim_args_text(args, name);
    if (text != NULL)
        sim_base64_decode(text, to);
}
