/* Session: see session.h. */
#include "shell/session.h"
#include "base/text.h"
#include "gate/ledger.h"
#include "link/link.h"
#include "shell/core.h"
#include "shell/front.h"
#include "shell/parser.h"
#include "shell/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void session_init(struct session *session, struct loop *loop)
{
    memset(session, 0, sizeof *session);
    session->loop = loop;
    struct error e = {0};
    if (registry_add_plugin(&session->registry, core_plugin(), NULL, &e) < 0)
        fprintf(stderr, "lockstep: the built-in commands are not usable: %s.\n", e.message);
}

void session_forget_last(struct session *session)
{
    free(session->last.command);
    buf_free(&session->last.text);
    cJSON_Delete(session->last.result);
    session->last = (struct session_last){0};
}

void session_free(struct session *session)
{
    session_detach(session);
    session_forget_last(session);
    connect_free(&session->connect);
    ledger_close(session->ledger);
    registry_free(&session->registry);
    options_free(&session->options);
    vars_free(&session->vars);
    free(session->let_go);
    for (size_t i = 0; i < SESSION_LOG_LINES; i++)
        free(session->log[i]);
}

static void on_log(void *ctx, const char *line, size_t len)
{
    struct session *session = ctx;
    struct buf text = BUF_INIT;
    text_printable_log(line, len, 4096, &text);
    char **place = &session->log[session->log_count++ % SESSION_LOG_LINES];
    free(*place);
    *place = buf_take(&text);
    if (session->watcher.log != NULL)
        session->watcher.log(session->watcher.ctx, line, len);
    else if (session->front == NULL && options_flag(&session->options, OPTION_LOG))
        fprintf(stderr, "%s\n", *place);
}

static void on_state(void *ctx, enum rpc_state state, const struct error *why)
{
    struct session *session = ctx;
    if (state != RPC_LOST || session->watcher.notice == NULL)
        return;
    char *sentence =
        mem_printf("the link is lost: %s", why && *why->message ? why->message : "no reason was given");
    session->watcher.notice(session->watcher.ctx, sentence);
    free(sentence);
}

static void put_note(struct session *session, const char *prefix, const char *sentence)
{
    char *line = mem_printf("%s%s\n", prefix, sentence);
    if (session->front != NULL && session->front->write != NULL)
        session->front->write(session->front->ctx, true, false, line, strlen(line));
    else
        fputs(line, stderr);
    free(line);
}

void session_warn(struct session *session, const char *sentence)
{
    put_note(session, "lockstep: ", sentence);
}

void session_note(struct session *session, const char *sentence)
{
    put_note(session, "", sentence);
}

static int say_let_go(const struct session *session, struct error *e)
{
    char shown[200];
    struct buf port = BUF_INIT;
    parse_mask_logins(session->let_go, &port);
    text_safe(buf_text(&port), shown, sizeof shown);
    buf_free(&port);
    if (session->let_go_failed)
        error_set(e, ERR_CONNECTION, "no device is attached: the last attach%s%s did not succeed",
                  *shown ? " to " : "", shown);
    else
        error_set(e, ERR_CONNECTION, "no device is attached: detach closed the port");
    return error_next(e, "attach %s, or give the line a --port of its own.",
                      *shown ? "tries it again, attach PORT another one" : "PORT opens one");
}

/* The port to open: asked for, or the only serial port of this machine. */
static int choose_port(struct session *session, const struct options *options, char **port, struct error *e)
{
    const char *asked = options_value(options, OPTION_PORT);
    if (asked != NULL) {
        *port = mem_string(asked);
        return 0;
    }
    if (session->let_go != NULL)
        return say_let_go(session, e);
    struct link_port *ports;
    size_t count = link_ports(&ports);
    struct buf list = BUF_INIT;
    for (size_t i = 0; i < count; i++)
        buf_printf(&list, "%s%s", i ? ", " : "", ports[i].path);
    int rc = 0;
    if (count == 1) {
        *port = mem_string(ports[0].path);
        char *note = mem_printf("Using port %s", ports[0].path);
        if (!options_flag(options, OPTION_JSON))
            session_note(session, note);
        free(note);
    } else {
        rc = count == 0
                 ? error_set(e, ERR_USAGE, "no port was given and this machine has no serial port")
                 : error_set(e, ERR_USAGE, "no port was given and there are %zu: %s", count, buf_text(&list));
        error_next(e, "Give --port, for example --port %s; --port sim: is a virtual device.",
                   count ? ports[0].path : "ws://HOST/rpc");
    }
    buf_free(&list);
    link_ports_free(ports, count);
    return rc;
}

/* What a device is known by: its MAC, or its id where it has none. False while it was not asked. */
static bool known_name(struct device *device, char to[SESSION_NAME_SIZE])
{
    const cJSON *info;
    if (device_id_known(device) == NULL || device_info(device, false, &info, NULL) < 0)
        return false;
    const char *mac = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(info, "mac"));
    text_safe(mac && *mac ? mac : device_id_known(device), to, SESSION_NAME_SIZE);
    return true;
}

void session_note_device(struct session *session)
{
    if (session->device != NULL)
        known_name(session->device, session->name);
}

/* After a loss: the same port again, and the same device behind it. */
static int reopen(struct session *session, const struct options *options, struct error *e)
{
    struct device *device = session->device;
    char now[SESSION_NAME_SIZE] = "";
    int rc = rpc_reconnect(device_rpc(device), option_duration_ms(options_value(options, OPTION_TIMEOUT)), e);
    if (rc < 0 || session->name[0] == '\0')
        return rc;
    const cJSON *info;
    rc = device_info(device, true, &info, e);
    if (rc < 0)
        return rc;
    if (known_name(device, now) && strcmp(session->name, now) == 0)
        return 0;
    error_set(e, ERR_REFUSED, "another device answers at this port now: %s, it was %s before", now,
              session->name);
    session_detach(session);
    return error_next(e, "The port is closed; the next command opens it with the new device.");
}

int session_attach(struct session *session, const struct options *options, struct error *e)
{
    static const struct device_events events = {.log = on_log, .state = on_state};
    const char *asked = options_value(options, OPTION_PORT);
    if (session->device != NULL && (asked == NULL || strcmp(asked, session->attached) == 0))
        return rpc_state(device_rpc(session->device)) == RPC_UP ? 0 : reopen(session, options, e);
    char *port = NULL;
    int rc = choose_port(session, options, &port, e);
    if (rc < 0)
        return rc;
    session_detach(session);
    struct rpc_options rpc;
    rc = connect_options(session, options, &rpc, e);
    if (rc == 0)
        rc = device_attach(session->loop, port, &rpc, &events, session, &session->device, e);
    if (rc < 0) {
        free(port);
        return rc;
    }
    session->attached = port;
    free(session->let_go);
    session->let_go = NULL;
    return 0;
}

static void forget_port(struct session *session)
{
    free(session->options.value[OPTION_PORT]);
    session->options.value[OPTION_PORT] = NULL;
}

void session_let_go(struct session *session, const char *port, bool failed)
{
    char *copy = mem_string(port ? port : ""); /* port may be what is forgotten here */
    session_detach(session);
    free(session->let_go);
    session->let_go = copy;
    session->let_go_failed = failed;
    forget_port(session);
}

void session_detach(struct session *session)
{
    const struct front *front = session->front;
    if (session->device != NULL && front != NULL && front->request != NULL)
        front->request(front->ctx, "detaching", "", NULL); /* what it keeps of the device */
    device_detach(session->device);
    session->device = NULL;
    session->name[0] = '\0';
    free(session->attached);
    session->attached = NULL;
    session->armed[0] = '\0';
}

const char *session_lookup(void *ctx, const char *name)
{
    const struct session *session = ctx;
    const char *value = vars_get(&session->vars, name);
    for (const struct script *s = session->script; value == NULL && s != NULL; s = s->outer)
        if (s->folder != NULL && strcmp(name, "HERE") == 0)
            value = s->folder;
    return value;
}

void session_scope_save(const struct session *session, struct session_scope *scope)
{
    options_copy(&session->options, &scope->options);
    vars_copy(&session->vars, &scope->vars);
}

void session_scope_restore(struct session *session, struct session_scope *scope)
{
    options_free(&session->options);
    vars_free(&session->vars);
    session->options = scope->options;
    session->vars = scope->vars;
    if (session->let_go != NULL) /* a file has let go of the device: that holds after it too */
        forget_port(session);
}
