/* Links: dispatch over the kinds, and what they share. See link.h and impl.h. */
#include "link/link.h"
#include "base/clock.h"
#include "base/text.h"
#include "link/impl.h"
#include "link/tls_impl.h"
#include "link/tty.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Defaults of link_options: mos's baud rate; a message bound that holds the largest answers seen (200 KB)
 * many times over. */
enum { OPEN_TIMEOUT_MS = 10000, BAUD = 115200, MAX_MESSAGE = 8 << 20 };

/* What a device takes in one frame on a UART: rpc.max_frame_size (wire facts: doc/protocols.md). */
enum { UART_FRAME_LIMIT = 4096 };

static const struct {
    const struct link_ops *ops; /* NULL: this build cannot open it */
    const char *what, *instead;
} kinds[] = {
    [LINK_SERIAL] = {&link_serial_ops,  NULL,                                       NULL                                             },
    [LINK_TCP] = {&link_tcp_ops,     NULL,                                       NULL                                             },
    [LINK_WS] = {&link_ws_ops,      NULL,                                       NULL                                             },
    [LINK_HTTP] = {&link_http_ops,    NULL,                                       NULL                                             },
    [LINK_WSS] = {&link_ws_ops,      NULL,                                       NULL                                             },
    [LINK_HTTPS] = {&link_http_ops,    NULL,                                       NULL                                             },
    [LINK_RFC2217] = {&link_rfc2217_ops, NULL,                                       NULL                                             },
    [LINK_MQTT] = {NULL,              "RPC over MQTT",                            "Use ws://HOST/rpc, or the device's serial port."},
    [LINK_MQTTS] = {NULL,              "RPC over MQTT with TLS",                   "Use ws://HOST/rpc, or the device's serial port."},
    [LINK_UDP] = {NULL,              "RPC over UDP",                             "Use ws://HOST/rpc, or the device's serial port."},
    [LINK_SIM] = {NULL,              "A virtual device that is not running yet",
                     "Start lockstep-sim and give the pty or the address that it prints."                                            },
};

static const struct link_ops *find_ops(const struct link_url *url)
{
    if (url->scheme == LINK_SERIAL && tty_is_pty(url->path))
        return &link_pty_ops;
    return kinds[url->scheme].ops;
}

void link_enter(struct link *link)
{
    link->depth++;
}

static void release(struct link *link)
{
    if (link->ops->release != NULL)
        link->ops->release(link);
    tls_client_drop(link->tls);
    explicit_bzero(&link->url, sizeof link->url);
    free(link);
}

void link_leave(struct link *link)
{
    if (--link->depth == 0 && link->state == LINK_CLOSED)
        release(link);
}

bool link_deliver(struct link *link, const void *bytes, size_t len)
{
    if (link->state == LINK_READY && link->events.data != NULL)
        link->events.data(link->ctx, bytes, len);
    return link->state == LINK_READY;
}

static void stop(struct link *link)
{
    if (link->ops->stop != NULL)
        link->ops->stop(link);
    wire_stop(&link->wire);
}

void link_down(struct link *link, const struct error *why)
{
    if (link->state == LINK_DOWN || link->state == LINK_CLOSED)
        return;
    bool tell = link->state == LINK_READY && link->events.closed != NULL;
    link->why = *why;
    link->state = LINK_DOWN;
    link_enter(link);
    stop(link);
    if (tell) {
        struct error copy = link->why; /* `why` may be gone with the wire */
        link->events.closed(link->ctx, &copy);
    }
    link_leave(link);
}

bool link_down_by_tls(struct link *link, int code)
{
    const struct error *why = wire_why(&link->wire, code);
    if (why != NULL)
        link_down(link, why);
    return why != NULL;
}

void link_down_because(struct link *link, const char *format, ...)
{
    char text[sizeof((struct error *)0)->message];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    struct error why;
    error_set(&why, ERR_CONNECTION, "%s", text);
    link_down(link, &why);
}

int link_timed_out(const struct link *link, const char *doing, struct error *e)
{
    char limit[32];
    clock_words(link->options.open_timeout_ms, limit, sizeof limit);
    return error_set(e, ERR_CONNECTION, "%s: no answer from %s within %s.", doing, link->url.text, limit);
}

struct waiting {
    struct link *link;
    bool (*done)(void *link);
};

static bool wait_is_over(void *ctx)
{
    struct waiting *w = ctx;
    return w->link->state == LINK_DOWN || w->done(w->link);
}

int link_wait(struct link *link, bool (*done)(void *link), const char *doing, struct error *e)
{
    struct waiting w = {link, done};
    enum loop_result r = loop_run_until(link->loop, wait_is_over, &w, link->deadline);
    if (r == LOOP_INTERRUPTED)
        return error_set(e, ERR_INTERRUPTED, "%s was interrupted.", doing);
    if (r == LOOP_TIMEOUT)
        return link_timed_out(link, doing, e);
    if (link->state != LINK_DOWN)
        return 0;
    if (e != NULL)
        *e = link->why;
    return link->why.code;
}

int link_open(struct loop *loop, const struct link_url *url, const struct link_options *options,
              const struct link_events *events, void *ctx, struct link **to, struct error *e)
{
    *to = NULL;
    const struct link_ops *ops = find_ops(url);
    if (ops == NULL) {
        error_set(e, ERR_USAGE, "%s cannot be opened by this build of lockstep (%s:).",
                  kinds[url->scheme].what, link_scheme_name(url->scheme));
        return error_next(e, "%s", kinds[url->scheme].instead), ERR_USAGE;
    }
    struct link *link = mem_alloc(sizeof *link);
    *link = (struct link){.ops = ops, .loop = loop, .url = *url, .ctx = ctx, .wire.fd = -1};
    if (options != NULL)
        link->options = *options;
    if (events != NULL)
        link->events = *events;
    struct link_options *o = &link->options;
    o->open_timeout_ms = o->open_timeout_ms ? o->open_timeout_ms : OPEN_TIMEOUT_MS;
    o->baud = o->baud ? o->baud : BAUD;
    o->max_message = o->max_message ? o->max_message : MAX_MESSAGE;
    link_enter(link);
    bool secure = url->scheme == LINK_WSS || url->scheme == LINK_HTTPS;
    int code = secure ? tls_client_get(url, o->tls, &link->tls, e) : 0;
    link->deadline = clock_ms() + o->open_timeout_ms; /* asking for a password does not count */
    if (code == 0)
        code = ops->open(link, e);
    if (code == 0 && link->state == LINK_OPENING)
        link->state = LINK_READY;
    if (code != 0) {
        stop(link);
        link->state = LINK_CLOSED;
    } else {
        *to = link;
    }
    link_leave(link);
    return code;
}

int link_send(struct link *link, const void *bytes, size_t len, struct error *e)
{
    if (link->state != LINK_READY) {
        const char *why = link->why.message;
        return error_set(e, ERR_CONNECTION, "Nothing can be sent to %s any more%s%s", link->url.text,
                         why[0] ? ": " : ".", why);
    }
    size_t limit = link_frame_limit(link);
    if (link->ops->message && len > limit)
        return error_set(e, ERR_REFUSED,
                         "A message of %zu bytes is over what a device takes over %s://: %zu bytes.", len,
                         link_scheme_name(link->url.scheme), limit);
    return link->ops->send(link, bytes, len, e);
}

size_t link_pending(const struct link *link)
{
    return link->ops->pending != NULL ? link->ops->pending(link) : wire_pending(&link->wire);
}

bool link_is_message(const struct link *link)
{
    return link->ops->message;
}

bool link_is_serial(const struct link *link)
{
    return link->ops->serial;
}

size_t link_frame_limit(const struct link *link)
{
    return link->ops->frame_limit != NULL ? link->ops->frame_limit(link) : UART_FRAME_LIMIT;
}

const char *link_name(const struct link *link)
{
    return link->url.text;
}

const struct link_tls_info *link_tls_info(const struct link *link)
{
    return link->tls != NULL && link->tls->info.chain != NULL ? &link->tls->info : NULL;
}

/* The serial-only calls: refused when the link is down or is of a kind that has no such thing. */
static int check_serial(const struct link *link, bool has, const char *what, struct error *e)
{
    if (link->state != LINK_READY)
        return error_set(e, ERR_CONNECTION, "%s is not open any more.", link->url.text);
    if (!has)
        return error_set(e, ERR_REFUSED, "%s has no %s: it is not a serial port.", link->url.text, what);
    return 0;
}

int link_set_lines(struct link *link, bool dtr, bool rts, struct error *e)
{
    int code = check_serial(link, link->ops->set_lines != NULL, "DTR and RTS lines", e);
    return code != 0 ? code : link->ops->set_lines(link, dtr, rts, e);
}

int link_set_baud(struct link *link, unsigned baud, struct error *e)
{
    int code = check_serial(link, link->ops->set_baud != NULL, "baud rate", e);
    return code != 0 ? code : link->ops->set_baud(link, baud, e);
}

int link_drop_input(struct link *link, struct error *e)
{
    int code = check_serial(link, link->ops->drop_input != NULL, "input buffer to empty", e);
    return code != 0 ? code : link->ops->drop_input(link, e);
}

void link_hold(struct link *link, bool hold)
{
    if (link->state == LINK_READY && !link->ops->message)
        wire_hold(&link->wire, hold);
}

void link_close(struct link *link)
{
    if (link == NULL || link->state == LINK_CLOSED)
        return;
    link_enter(link);
    if (link->state == LINK_READY && link->ops->farewell != NULL)
        link->ops->farewell(link);
    if (link->state == LINK_READY)
        stop(link);
    link->state = LINK_CLOSED;
    link_leave(link);
}
