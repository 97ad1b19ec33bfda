/* Attaching, calling, detaching: see device.h. */
#include "device/device.h"
#include "base/buf.h"
#include "base/secret.h"
#include "device/inside.h"

#include <stdlib.h>
#include <string.h>

enum { RECONNECT_MS = 5000 }; /* for a command that finds the link lost */

static void on_log(void *ctx, const char *line, size_t len)
{
    struct device *device = ctx;
    if (device->events.log != NULL)
        device->events.log(device->ctx, line, len);
}

static void on_state(void *ctx, enum rpc_state state, const struct error *why)
{
    struct device *device = ctx;
    if (state != RPC_UP) /* whoever answers next may be another device, or the same after a change */
        device_forget(device);
    if (device->events.state != NULL)
        device->events.state(device->ctx, state, why);
}

/* The port to open: the one given, or the pty of a virtual device started for it. */
static int resolve(struct device *device, struct link_url *url, struct error *e)
{
    if (url->scheme != LINK_SIM)
        return 0;
    int code = practice_start(device->loop, url, &device->practice, e);
    if (code == 0)
        code = link_url_parse(practice_uart(device->practice), url, e);
    return code;
}

static int attach(struct device *device, struct link_url *url, const struct rpc_options *options,
                  struct error *e)
{
    static const struct rpc_events events = {.log = on_log, .state = on_state};
    int code = resolve(device, url, e);
    if (code == 0)
        code = rpc_open(device->loop, url, options, &events, device, &device->rpc, e);
    return code;
}

int device_attach(struct loop *loop, const char *port, const struct rpc_options *options,
                  const struct device_events *events, void *ctx, struct device **device, struct error *e)
{
    struct link_url url;
    *device = NULL;
    int code = link_url_parse(port, &url, e);
    if (code != 0)
        return code;
    struct device *d = mem_alloc(sizeof *d);
    d->loop = loop;
    d->port = mem_string(url.text);
    d->ctx = ctx;
    if (events != NULL)
        d->events = *events;
    code = attach(d, &url, options, e);
    secret_wipe(url.user, sizeof url.user);
    if (code != 0) {
        device_detach(d);
        return code;
    }
    *device = d;
    return 0;
}

void device_detach(struct device *device)
{
    if (device == NULL)
        return;
    rpc_close(device->rpc);
    practice_stop(device->practice);
    cJSON_Delete(device->info);
    cJSON_Delete(device->methods);
    cJSON_Delete(device->config);
    free(device->port);
    free(device);
}

const char *device_port(const struct device *device)
{
    return device->port;
}

struct rpc_client *device_rpc(struct device *device)
{
    return device->rpc;
}

/* Calls after which something remembered is no longer true, whoever makes them. */
static const struct {
    const char *method;
    size_t flag; /* offset of the `*_fresh` member */
} changes[] = {
    {"Config.Set",     offsetof(struct device, config_fresh)},
    {"Config.Save",    offsetof(struct device, config_fresh)},
    {"ATCA.SetConfig", offsetof(struct device, chip_fresh)  },
    {"ATCA.LockZone",  offsetof(struct device, chip_fresh)  },
};

static void forget_what_changes(struct device *device, const char *method)
{
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++)
        if (strcmp(changes[i].method, method) == 0)
            *(bool *)((char *)device + changes[i].flag) = false;
}

/* Arguments may hold keys and passwords. */
static void wipe_strings(cJSON *value)
{
    if (cJSON_IsString(value) && !(value->type & cJSON_IsReference))
        secret_wipe(value->valuestring, strlen(value->valuestring));
    for (cJSON *child = value ? value->child : NULL; child != NULL; child = child->next)
        wipe_strings(child);
}

int device_call(struct device *device, const char *method, cJSON *args, cJSON **result, struct error *e)
{
    if (result != NULL)
        *result = NULL;
    int code = rpc_call(device->rpc, method, args, 0, result, e);
    wipe_strings(args);
    cJSON_Delete(args);
    forget_what_changes(device, method); /* after a lost answer too: it may have been done */
    return code;
}

int device_require(struct device *device, unsigned needs, struct error *e)
{
    struct atecc_config chip;
    int code = 0;
    if (needs != NEED_NOTHING && rpc_state(device->rpc) != RPC_UP)
        code = rpc_reconnect(device->rpc, RECONNECT_MS, e);
    if (code == 0 && (needs & NEED_ATCA))
        code = device_chip(device, false, &chip, e);
    return code;
}
