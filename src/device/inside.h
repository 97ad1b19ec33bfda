/* What a device holds; for the files of this room. */
#ifndef DEVICE_INSIDE_H
#define DEVICE_INSIDE_H

#include "device/device.h"
#include "device/practice.h"

enum { DEVICE_ID_SIZE = 128, DEVICE_MAC_SIZE = 32 };

struct device {
    struct loop *loop;
    struct rpc_client *rpc;
    struct practice *practice; /* the virtual device behind a sim: port, or NULL */
    char *port;
    struct device_events events;
    void *ctx;

    /* Answers asked once. `*_fresh` goes false when they may no longer be true; the memory stays until the
     * next answer, for callers that hold it. */
    cJSON *info, *methods, *config;
    bool info_fresh, methods_fresh, config_fresh, chip_fresh;
    struct atecc_config chip;

    /* Who it is: from the last Sys.GetInfo, made printable; "" when not known. */
    char id[DEVICE_ID_SIZE], mac[DEVICE_MAC_SIZE];
    double uptime;     /* seconds, as it said */
    int64_t uptime_at; /* clock_ms() when it said so */
};

/* Marks everything remembered as no longer sure. */
void device_forget(struct device *device);

/* Sys.GetInfo with a time-out of its own (0: the client's). Fills info, id, mac and uptime. */
int device_ask_info(struct device *device, int64_t timeout_ms, struct error *e);

/* Why a device that has no ATCA methods has no chip: by its settings sys.atca and i2c (NULL: it has none);
 * and when these could not be read, which `why` says. They return the code in e. */
int device_say_no_chip(const cJSON *atca, const cJSON *i2c, struct error *e);
int device_say_no_settings(const struct error *why, struct error *e);
extern const char device_wire_hint[]; /* what to look after when a chip does not answer */

/* Turns an answer 404 to ATCA.GetConfig into the reason why there is no chip; returns the code in e. */
int device_explain_no_chip(struct device *device, struct error *e);

#endif
