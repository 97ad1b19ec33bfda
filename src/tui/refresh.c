/* What the views show stays fresh: parts are read when a view needs them, again when they are old or a
 * command changed something, and after a lost link came back. */
#include "base/clock.h"
#include "base/text.h"
#include "tui/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    RETRY_FIRST_MS = 1000, /* after a loss; then twice as long each time */
    RETRY_MOST_MS = 30000,
    RETRY_TIMEOUT_MS = 3000,
};

/* How old a part may be while it is shown. Reading keys makes the chip work for a second: rarely. */
static const int64_t ages_ms[SNAPSHOT_PARTS] = {
    [SNAPSHOT_INFO] = 10000,   [SNAPSHOT_CONFIG] = 60000, [SNAPSHOT_CHIP] = 60000,
    [SNAPSHOT_KEYS] = 1800000, [SNAPSHOT_FILES] = 60000,  [SNAPSHOT_METHODS] = 1800000,
};

static void on_changed(void *ctx)
{
    tui_dirty(ctx);
}

void refresh_drop(struct tui *tui)
{
    snapshot_close(tui->reader);
    memset(&tui->snapshot, 0, sizeof tui->snapshot);
    tui->snapshot.link = RPC_LOST;
    tui->reader = NULL;
    tui->device = NULL;
}

void refresh_device(struct tui *tui)
{
    struct device *device = tui->session->device;
    if (device == tui->device)
        return;
    refresh_drop(tui);
    tui->device = device;
    tui->other_device = false;
    tui->named_ms = 0;
    tui->retry_wait_ms = RETRY_FIRST_MS;
    if (device != NULL)
        tui->reader = snapshot_open(tui->loop, device, &tui->snapshot, on_changed, tui);
    refresh_tick(tui);
}

/* Parts that the screen shows now: those of the view, and the header's. */
static unsigned wanted(struct tui *tui)
{
    const struct view *view = panes_now(tui)->view;
    return (view ? view->parts : 0) | 1u << SNAPSHOT_INFO | 1u << SNAPSHOT_CHIP;
}

static bool is_due(const struct tui *tui, int part, int64_t now)
{
    const struct snapshot_state *state = &tui->snapshot.part[part];
    int64_t last = state->asked_ms > state->read_ms ? state->asked_ms : state->read_ms;
    return last == 0 || last < tui->changed_ms || now - last >= ages_ms[part];
}

static void follow_link(struct tui *tui)
{
    enum rpc_state state = rpc_state(device_rpc(tui->device));
    if (state != tui->snapshot.link)
        snapshot_link(tui->reader, state, state == RPC_LOST ? &tui->snapshot.link_why : NULL);
}

void refresh_tick(struct tui *tui)
{
    int64_t now = clock_ms();
    if (tui->reader == NULL)
        return;
    follow_link(tui);
    if (tui->snapshot.link != RPC_UP || tui->work.running || tui->panel.state != PANEL_CLOSED)
        return;
    for (int part = 0; part < SNAPSHOT_PARTS; part++)
        if (wanted(tui) & 1u << part && !tui->snapshot.part[part].asking && is_due(tui, part, now))
            snapshot_ask(tui->reader, (enum snapshot_part)part);
}

void refresh_ask(struct tui *tui)
{
    if (tui->reader == NULL || tui->snapshot.link != RPC_UP) {
        tui_message(tui, "%s",
                    tui->reader ? "The link is lost: nothing can be read until it is back."
                                : "No device is attached; attach PORT does that.");
        return;
    }
    for (int part = 0; part < SNAPSHOT_PARTS; part++)
        if (wanted(tui) & 1u << part)
            snapshot_ask(tui->reader, (enum snapshot_part)part);
}

void refresh_changed(struct tui *tui)
{
    tui->changed_ms = clock_ms();
    refresh_tick(tui);
}

/* --- a lost link ---------------------------------------------------------------------------------------- */

void refresh_lost(struct tui *tui, const char *sentence)
{
    static const char prefix[] = "the link is lost: ";
    struct error why = {0};
    bool known = strncmp(sentence, prefix, strlen(prefix)) == 0;
    error_set(&why, ERR_CONNECTION, "%s", sentence + (known ? strlen(prefix) : 0));
    output_line(tui->output, STYLE_ERROR, "%s", sentence);
    if (tui->reader != NULL)
        snapshot_link(tui->reader, RPC_LOST, &why);
    tui->retry_wait_ms = RETRY_FIRST_MS;
    tui->retry_ms = clock_ms() + tui->retry_wait_ms;
    tui_dirty(tui);
}

bool refresh_reconnect_due(const struct tui *tui)
{
    return tui->device != NULL && !tui->other_device && rpc_state(device_rpc(tui->device)) == RPC_LOST &&
           clock_ms() >= tui->retry_ms;
}

/* The link is there again; is the device? What the screen showed before is compared with what answers now. */
static void tell_back(struct tui *tui, const char *before)
{
    const cJSON *info = NULL;
    struct error e = {0};
    char now[96] = "", was[96];
    if (device_info(tui->device, true, &info, &e) == 0)
        text_safe(view_json_text(info, "id", ""), now, sizeof now);
    text_safe(before, was, sizeof was);
    tui->retry_wait_ms = RETRY_FIRST_MS;
    if (e.code != 0) {
        output_line(tui->output, STYLE_ERROR, "The link is back, but the device does not say who it is: %s.",
                    e.message);
    } else if (*was == '\0' || strcmp(now, was) == 0) {
        output_line(tui->output, STYLE_NOTE, "The link is back%s%s.",
                    *was ? ": the same device, " : "; the device is ", now);
        follow_link(tui);
        refresh_changed(tui);
        return;
    } else {
        output_line(tui->output, STYLE_ERROR,
                    "Another device answers at this port now: %s; it was %s before.", now, was);
    }
    refresh_drop(tui); /* nothing of the one before may stand for this one */
    refresh_device(tui);
}

/* An errand of the console's own, which waits for the device and gives way to any command. */
static void errand_begin(struct tui *tui, char *what)
{
    tui->work.running = tui->work.own = true;
    tui->work.line = what;
    tui->work.begun_ms = clock_ms();
    tui->work.progress[0] = '\0';
}

static void errand_end(struct tui *tui)
{
    tui->work.running = tui->work.own = false;
    tui->work.line = NULL;
    loop_interrupt_clear(tui->loop);
}

/* The snapshot's readings are the console's. The session asks once for itself, when nothing else is to be
 * done: without that a loss before the first command could not be told from a change of devices. */
bool refresh_name_due(const struct tui *tui)
{
    const struct snapshot_state *info = &tui->snapshot.part[SNAPSHOT_INFO];
    return tui->device != NULL && tui->device == tui->session->device && tui->session->name[0] == '\0' &&
           tui->snapshot.link == RPC_UP && info->have && info->read_ms != tui->named_ms &&
           tui->panel.state == PANEL_CLOSED;
}

void refresh_name(struct tui *tui)
{
    const cJSON *info;
    struct error e = {0};
    errand_begin(tui, "asking the device who it is");
    int rc = device_info(tui->device, false, &info, &e);
    if (rc != ERR_INTERRUPTED) /* else it is asked again when the command that came first has ended */
        tui->named_ms = tui->snapshot.part[SNAPSHOT_INFO].read_ms;
    session_note_device(tui->session);
    errand_end(tui);
    refresh_tick(tui);
}

/* One try. session_attach opens the same port and checks that the same device is behind it. */
void refresh_reconnect(struct tui *tui)
{
    struct options options;
    struct error e = {0};
    char timeout[16], *before = mem_string(view_json_text(tui->snapshot.info, "id", ""));
    snprintf(timeout, sizeof timeout, "%dms", RETRY_TIMEOUT_MS);
    options_copy(&tui->session->options, &options);
    options_set(&options, OPTION_PORT, tui->session->attached, NULL);
    options_set(&options, OPTION_TIMEOUT, timeout, NULL);
    errand_begin(tui, "the link is lost; trying to reconnect");
    int rc = session_attach(tui->session, &options, &e);
    if (rc == 0)
        tell_back(tui, before);
    errand_end(tui);
    options_free(&options);
    tui->retry_wait_ms = tui->retry_wait_ms * 2 < RETRY_MOST_MS ? tui->retry_wait_ms * 2 : RETRY_MOST_MS;
    tui->retry_ms = clock_ms() + tui->retry_wait_ms;
    free(before);
    if (rc == ERR_REFUSED) {
        tui->other_device = true;
        output_line(tui->output, STYLE_ERROR, "%s. %s", e.message, e.next);
    }
    refresh_device(tui); /* the session lets go of a device that is another one */
    tui_dirty(tui);
}
