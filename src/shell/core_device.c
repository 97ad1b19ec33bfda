/* attach, detach, ports, status. */
#include "base/clock.h"
#include "base/text.h"
#include "link/link.h"
#include "shell/call.h"
#include "shell/core.h"
#include "shell/recover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int run_attach(struct op_call *call, size_t step, struct error *e)
{
    (void)step;
    struct options options;
    struct session *session = call->session;
    const char *port = op_arg_value(call, "PORT");
    options_copy(call->options, &options);
    if (port == NULL && options_value(&options, OPTION_PORT) == NULL && session->let_go && *session->let_go)
        port = session->let_go;
    if (port != NULL)
        options_set(&options, OPTION_PORT, port, NULL);
    port = options_value(&options, OPTION_PORT);
    free(session->let_go);
    session->let_go = NULL; /* with no port named, the only one of this machine is taken */
    session_detach(session);
    int rc = session_attach(session, &options, e);
    if (rc < 0)
        session_let_go(session, port, true);
    else if (port != NULL) /* later commands use this port */
        rc = options_set(&session->options, OPTION_PORT, port, e);
    options_free(&options);
    if (rc < 0)
        return rc;
    op_say(call, "attached to %s", device_port(call->session->device));
    op_json(call, "port", cJSON_CreateString(device_port(call->session->device)));
    recover_announce(call);
    return 0;
}

static int run_detach(struct op_call *call, size_t step, struct error *e)
{
    (void)step;
    if (call->session->device == NULL)
        return error_set(e, ERR_USAGE, "no device is attached");
    op_say(call, "detached from %s", device_port(call->session->device));
    op_json(call, "port", cJSON_CreateString(device_port(call->session->device)));
    session_let_go(call->session, call->session->attached, false);
    return 0;
}

static int run_ports(struct op_call *call, size_t step, struct error *e)
{
    (void)step;
    (void)e;
    static const struct op_column columns[] = {
        {"path",        "PORT"       },
        {"usb",         "USB"        },
        {"description", "DESCRIPTION"}
    };
    struct link_port *ports;
    size_t count = link_ports(&ports);
    op_table_begin(call, "ports", columns, 3);
    for (size_t i = 0; i < count; i++) {
        char usb[32] = "", path[300], description[300];
        if (ports[i].vid >= 0)
            snprintf(usb, sizeof usb, "%04x:%04x", (unsigned)ports[i].vid, (unsigned)ports[i].pid);
        text_safe(ports[i].path, path, sizeof path);
        text_safe(ports[i].description, description, sizeof description);
        op_table_row(call, (const char *[]){path, usb, description});
    }
    op_table_end(call);
    if (count == 0)
        op_note(call, "This machine has no serial port. --port sim: is a virtual device.");
    link_ports_free(ports, count);
    return 0;
}

/* --- status --------------------------------------------------------------------------------------------- */

/* A member's text made printable, "" when it is missing. */
static const char *member(const cJSON *object, const char *name, char *to, size_t size)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (cJSON_IsString(item))
        return text_safe(item->valuestring, to, size);
    *to = '\0';
    return to;
}

static double number(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsNumber(item) && item->valuedouble >= 0 && item->valuedouble < 9e15 ? item->valuedouble
                                                                                      : -1;
}

static void show_text(struct op_call *call, const cJSON *info, const char *name, const char *label)
{
    char text[200];
    if (*member(info, name, text, sizeof text) != '\0')
        op_field(call, name, label, "%s", text);
}

static void show_firmware(struct op_call *call, const cJSON *info)
{
    char version[100], id[100];
    member(info, "fw_version", version, sizeof version);
    member(info, "fw_id", id, sizeof id);
    if (*version || *id)
        op_field(call, "firmware", "Firmware", "%s%s%s%s", version, *version && *id ? " (" : "", id,
                 *version && *id ? ")" : "");
}

static void show_memory(struct op_call *call, const cJSON *info, const char *prefix, const char *key,
                        const char *label)
{
    char name[32];
    snprintf(name, sizeof name, "%s_size", prefix);
    double size = number(info, name);
    snprintf(name, sizeof name, "%s_free", prefix);
    double left = number(info, name);
    snprintf(name, sizeof name, "%s_min_free", prefix);
    double lowest = number(info, name);
    if (size < 0 || left < 0)
        return;
    char low[48] = "";
    if (lowest >= 0)
        snprintf(low, sizeof low, " (lowest %.0f KB)", lowest / 1024);
    op_field(call, key, label, "%.0f of %.0f KB free%s", left / 1024, size / 1024, low);
}

static void show_link(struct op_call *call, struct device *device)
{
    const struct rpc_counters *c = rpc_counters(device_rpc(device));
    char trip[32];
    if (c->last_round_trip_us < 10000)
        snprintf(trip, sizeof trip, "%.1f ms", (double)c->last_round_trip_us / 1000);
    else
        clock_words(c->last_round_trip_us / 1000, trip, sizeof trip);
    op_field(call, "link", "Link",
             "%s, %lu frames sent, %lu received, %lu bad, %lu time-outs, last answer in %s",
             device_port(device), c->sent, c->received, c->bad_frames, c->timeouts, trip);
    cJSON *counters = cJSON_CreateObject();
    cJSON_AddNumberToObject(counters, "sent", (double)c->sent);
    cJSON_AddNumberToObject(counters, "received", (double)c->received);
    cJSON_AddNumberToObject(counters, "bad_frames", (double)c->bad_frames);
    cJSON_AddNumberToObject(counters, "unmatched", (double)c->unmatched);
    cJSON_AddNumberToObject(counters, "notifications", (double)c->notifications);
    cJSON_AddNumberToObject(counters, "timeouts", (double)c->timeouts);
    cJSON_AddNumberToObject(counters, "reconnects", (double)c->reconnects);
    cJSON_AddNumberToObject(counters, "log_lines", (double)c->log_lines);
    op_json(call, "counters", counters);
}

/* A section that can't be shown is a note; without the device there is none left to show. */
static int show_plugins(struct op_call *call, struct error *e)
{
    const struct registry *registry = &call->session->registry;
    for (size_t i = 0; i < registry->plugin_count; i++) {
        struct error why = {0};
        int rc = registry->plugin[i]->status != NULL ? registry->plugin[i]->status(call, &why) : 0;
        if (rc == ERR_CONNECTION || rc == ERR_INTERRUPTED) {
            *e = why;
            return error_prefix(e, "%s", registry->plugin[i]->name);
        }
        if (rc < 0)
            op_note(call, "%s: %s", registry->plugin[i]->name, why.message);
    }
    return 0;
}

static int run_status(struct op_call *call, size_t step, struct error *e)
{
    (void)step;
    struct device *device = op_device(call);
    const cJSON *info;
    int rc = device_info(device, true, &info, e);
    if (rc < 0)
        return rc;
    show_text(call, info, "id", "Device");
    show_text(call, info, "arch", "Platform");
    show_text(call, info, "mac", "MAC");
    show_text(call, info, "app", "Application");
    show_firmware(call, info);
    double uptime = number(info, "uptime");
    if (uptime >= 0) {
        char words[48];
        clock_words((int64_t)(uptime * 1000), words, sizeof words);
        op_field(call, "up", "Up", "%s", words);
    }
    show_memory(call, info, "ram", "ram", "Memory");
    show_memory(call, info, "fs", "fs", "File system");
    show_link(call, device);
    op_json(call, "info", cJSON_Duplicate(info, true)); /* a section may ask anew */
    rc = show_plugins(call, e);
    if (rc == 0)
        recover_announce(call);
    return rc;
}

static const struct op_arg attach_args[] = {
    {"PORT",        TYPE_WORD, ARG_OPTIONAL, "as --port; without it, --port or the only serial port", NULL, 0, NULL},
    {0},
};

const struct op core_attach = {
    .name = "attach",
    .summary = "open a port",
    .help =
        "Commands that need the device open the port by themselves; attach changes to another one. When it "
        "does not succeed nothing is attached: later commands end with status 3, until attach succeeds or a "
        "line gives --port. Without PORT the port that was tried or detached last is opened again.",
    .example = "attach /dev/ttyUSB0\nattach ws://192.168.4.1/rpc\nattach sim:bench",
    .args = attach_args,
    .run = run_attach,
};
const struct op core_detach = {
    .name = "detach",
    .summary = "close the port",
    .help = "The port is not opened again by itself: later commands end with status 3, until attach opens "
            "one or a "
            "line gives --port.",
    .run = run_detach,
};
const struct op core_ports = {
    .name = "ports",
    .summary = "list the serial ports of this machine",
    .run = run_ports,
};
const struct op core_status = {
    .name = "status",
    .summary = "what the device is and how it is doing",
    .needs = NEED_RPC,
    .run = run_status,
};
