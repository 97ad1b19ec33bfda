/* Rebooting a device and knowing that it came back, and that it is the same one.
 *
 * Sockets drop; a serial line stays, and the device keeps answering, for its last 100 ms with 418 "shutting
 * down". So Sys.GetInfo is asked over and over, and an answer counts when something shows that the device was
 * away: the link dropped, a 418 came before, or its uptime is shorter than it would be by now. */
#include "base/clock.h"
#include "device/inside.h"

#include <string.h>

enum {
    COME_BACK_MS = 30000,
    ASK_MS = 1000, /* wait for one answer: a booting device stays silent */
    PAUSE_MS = 50, /* between two questions */
    SLACK_S = 1,   /* uptimes are whole seconds on some firmware */
    CODE_SHUTTING_DOWN = 418,
};

struct absence {
    double uptime;     /* before, or negative: not known */
    int64_t uptime_at; /* clock_ms() of it */
    char id[DEVICE_ID_SIZE], mac[DEVICE_MAC_SIZE];
    bool dropped, shutting_down, silent;
};

static struct absence before(const struct device *device)
{
    struct absence a = {.uptime = device->id[0] || device->mac[0] ? device->uptime : -1,
                        .uptime_at = device->uptime_at};
    memcpy(a.id, device->id, sizeof a.id);
    memcpy(a.mac, device->mac, sizeof a.mac);
    return a;
}

static bool was_away(const struct device *device, const struct absence *a)
{
    if (a->dropped || a->shutting_down)
        return true;
    if (a->uptime < 0 || device->uptime < 0)
        return a->silent;
    double by_now = a->uptime + (double)(device->uptime_at - a->uptime_at) / 1000;
    return device->uptime < a->uptime || (a->silent && device->uptime < by_now - SLACK_S);
}

/* The MAC address decides: a new device.id in the configuration comes into force with just this reboot.
 * Without one the id must do. */
static int check_same(const struct device *device, const struct absence *a, struct error *e)
{
    bool same =
        a->mac[0] ? strcmp(a->mac, device->mac) == 0 : a->id[0] == '\0' || strcmp(a->id, device->id) == 0;
    if (same)
        return 0;
    error_set(e, ERR_REFUSED, "after the reboot another device answers at %s: %s (%s) instead of %s (%s)",
              device->port, device->id, device->mac, a->id, a->mac);
    return error_next(e, "attach to the one you mean; nothing more was sent.");
}

/* One question. 1: asked in vain, go on; 0: it is back; negative: give up. */
static int ask(struct device *device, struct absence *a, int64_t left, struct error *e)
{
    struct error why = {0};
    int code;
    if (rpc_state(device->rpc) != RPC_UP) {
        a->dropped = true;
        code = rpc_reconnect(device->rpc, left, &why);
    } else {
        code = device_ask_info(device, left < ASK_MS ? left : ASK_MS, &why);
        if (code == 0)
            return was_away(device, a) ? 0 : 1;
    }
    a->shutting_down = a->shutting_down || why.remote == CODE_SHUTTING_DOWN;
    a->silent = a->silent || code == ERR_CONNECTION;
    bool give_up = code == ERR_INTERRUPTED || (why.remote != 0 && why.remote != CODE_SHUTTING_DOWN);
    if (e != NULL && code != 0)
        *e = why;
    return give_up ? code : 1;
}

static int say_late(const struct device *device, const struct absence *a, struct error *e)
{
    if (a->dropped || a->shutting_down || a->silent) {
        struct error last = {0};
        if (e != NULL)
            last = *e;
        error_set(e, ERR_CONNECTION, "%s went down and did not come back within %d s%s%s", device->port,
                  COME_BACK_MS / 1000, last.message[0] ? ": " : "", last.message);
        error_next(e, "look at the board's log and supply, then attach again.");
    } else {
        error_set(e, ERR_CONNECTION, "%s was told to reboot, but still answers as before after %d s",
                  device->port, COME_BACK_MS / 1000);
        error_next(e, "reset the board by hand.");
    }
    return ERR_CONNECTION;
}

static int wait_back(struct device *device, struct absence *a, struct error *e)
{
    int64_t deadline = clock_ms() + COME_BACK_MS, left;
    error_clear(e);
    while ((left = deadline - clock_ms()) > 0) {
        int code = ask(device, a, left, e);
        if (code < 0)
            return code;
        if (code == 0) {
            device_forget(device);
            device->info_fresh = true; /* the answer just read */
            error_clear(e);
            return check_same(device, a, e);
        }
        rpc_wait_lost(device->rpc, PAUSE_MS);
    }
    return say_late(device, a, e);
}

int device_wait_reboot(struct device *device, struct error *e)
{
    struct absence a = before(device);
    return wait_back(device, &a, e);
}

int device_reboot(struct device *device, struct error *e)
{
    const cJSON *info;
    int code = device_info(device, true, &info, e);
    if (code != 0)
        return code;
    struct absence a = before(device);
    code = device_call(device, "Sys.Reboot", NULL, NULL, e);
    if (code == ERR_CONNECTION && rpc_state(device->rpc) != RPC_UP)
        code = 0; /* the drop was faster than the answer */
    return code != 0 ? code : wait_back(device, &a, e);
}
