/* The device's configuration as a tree of keys a.b.c: see mos.h. */
#include "mos.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

const cJSON *mos_config_find(const cJSON *config, const char *path)
{
    char part[128];
    while (config != NULL && *path != '\0') {
        size_t n = strcspn(path, ".");
        if (n == 0 || n >= sizeof part)
            return NULL;
        memcpy(part, path, n);
        part[n] = '\0';
        config = cJSON_IsObject(config) ? cJSON_GetObjectItemCaseSensitive(config, part) : NULL;
        path += n + (path[n] == '.' && path[n + 1] != '\0');
    }
    return config;
}

static void offer_all(const cJSON *config, const char *prefix, struct nearest *near)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, config)
    {
        if (item->string == NULL)
            continue;
        char *path = mem_printf("%s%s%s", prefix, *prefix ? "." : "", item->string);
        nearest_offer(near, path);
        if (cJSON_IsObject(item))
            offer_all(item, path, near);
        free(path);
    }
}

int mos_config_missing(const cJSON *config, const char *path, struct error *e)
{
    struct nearest near = {.word = path, .dotted = true};
    char safe[160];
    offer_all(config, "", &near);
    error_set(e, ERR_REFUSED, "the device's configuration has no key \"%s\"",
              text_safe(path, safe, sizeof safe));
    return mos_offer(&near, "config-get shows all keys.", e);
}
