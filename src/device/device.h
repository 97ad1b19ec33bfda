/* The attached device: what it is and what it can do, asked once and remembered; calls to it; its log.
 * One device per struct; the shell holds one at a time. */
#ifndef DEVICE_DEVICE_H
#define DEVICE_DEVICE_H

#include "base/error.h"
#include "base/loop.h"
#include "codec/atecc.h"
#include "rpc/client.h"

#include <cjson/cJSON.h>

struct device;

enum device_need { /* bits: what an operation needs of the device */
                   NEED_NOTHING = 0,
                   NEED_RPC = 1,
                   NEED_ATCA = 2, /* implies RPC: sys.atca enabled and a chip that answers */
};

struct device_events {
    void (*log)(void *ctx, const char *line, size_t len); /* raw bytes of one log line */
    void (*state)(void *ctx, enum rpc_state state, const struct error *why);
};

/* Attaches to a port (any form of link/url.h; "sim:" starts a virtual device that ends with the detach).
 * Opens the link and sends nothing yet. */
int device_attach(struct loop *loop, const char *port, const struct rpc_options *options,
                  const struct device_events *events, void *ctx, struct device **device, struct error *e);
void device_detach(struct device *device); /* NULL is fine */

const char *device_port(const struct device *device); /* as given, credentials cut out */
struct rpc_client *device_rpc(struct device *device);

/* rpc_call; result may be NULL. args are consumed (freed) whatever happens; NULL is fine. */
int device_call(struct device *device, const char *method, cJSON *args, cJSON **result, struct error *e);

/* Sys.GetInfo, asked once (fresh = true asks again). The JSON is the device's and stays valid until asked
 * again. */
int device_info(struct device *device, bool fresh, const cJSON **info, struct error *e);
/* "id" of Sys.GetInfo when known already, else NULL: never asks. */
const char *device_id_known(const struct device *device);

/* RPC.List as a sorted array of strings, asked once. */
int device_methods(struct device *device, const cJSON **methods, struct error *e);

/* Config.Get of everything, asked once; device_config_forget after a change. */
int device_config(struct device *device, const cJSON **config, struct error *e);
void device_config_forget(struct device *device);

/* The chip's configuration zone. fresh = false gives the remembered one. ERR_REFUSED when there is no chip:
 * the message names sys.atca.enable and the wiring (SDA/SCL of the board) and tells apart "switched off",
 * "not answering" and "firmware without the atca library". */
int device_chip(struct device *device, bool fresh, struct atecc_config *config, struct error *e);
bool device_chip_known(const struct device *device, struct atecc_config *config);
void device_chip_forget(struct device *device);

/* Checks what an operation needs, asking the device as little as that takes. */
int device_require(struct device *device, unsigned needs, struct error *e);

/* Reboots and comes back: Sys.Reboot, waits for the drop (sockets) or the answers (serial), reconnects,
 * checks by Sys.GetInfo that it is the same device (its mac, as the id may change with just this reboot; its
 * id where it has no mac), forgets what was remembered. ERR_CONNECTION if it does not come back within 30 s,
 * ERR_REFUSED if another device answers. */
int device_reboot(struct device *device, struct error *e);
/* Same wait after a call that reboots the device by itself (Config.Save with reboot). */
int device_wait_reboot(struct device *device, struct error *e);

#endif
