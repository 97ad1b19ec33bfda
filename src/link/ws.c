/* WebSocket link: the HTTP upgrade over TCP, then one RPC frame in each text message. */
#include "base/clock.h"
#include "base/secret.h"
#include "base/text.h"
#include "link/impl.h"
#include "link/tls_link.h"
#include "link/ws_frames.h"
#include "link/ws_handshake.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Payload bytes of one frame that a device takes; a longer one is never answered (wire facts:
 * doc/protocols.md). */
enum { WS_FRAME_LIMIT = 3064 };

/* Pings are left unanswered while more than this waits to be sent. */
enum { PONG_ROOM = 65536, CHUNK = 16384 };

struct ws {
    struct ws_frames *frames;
    struct buf head; /* the answer to the upgrade, until it is whole */
    uint8_t key[WS_KEY_BYTES];
    bool upgraded;
    struct loop_timer *early; /* serves frames that came right behind the handshake's answer */
};

static void put_frame(void *ctx, const void *bytes, size_t len)
{
    struct link *link = ctx;
    wire_queue(&link->wire, bytes, len);
}

/* What a server of TLS does to a request in plain HTTP, among others. */
static void lose_unanswered(struct link *link, int code)
{
    struct error why;
    error_set(&why, ERR_CONNECTION, "Opening %s: %s before it answered.", link->url.text,
              link_loss_words(link, code));
    if (link->tls == NULL)
        error_next(&why, "If the device serves TLS on that port, use wss:// instead of ws://.");
    link_down(link, &why);
}

static void lose(struct link *link, int code)
{
    struct ws *ws = link->own;
    if (link_down_by_tls(link, code))
        return;
    if (ws->upgraded)
        link_down_because(link, "%s: %s, without closing the WebSocket.", link->url.text,
                          link_loss_words(link, code));
    else
        lose_unanswered(link, code);
}

/* Hands on what the fed bytes hold. The owner may turn the loop inside, so this may run inside itself. */
static void serve_frames(struct link *link)
{
    struct ws *ws = link->own;
    while (link->state == LINK_READY) {
        struct error e;
        enum ws_event_kind kind = ws_frames_next(ws->frames, wire_pending(&link->wire) < PONG_ROOM, &e);
        if (kind == WS_NOTHING)
            break;
        if (kind == WS_MESSAGE) {
            struct buf message = ws_frames_message(ws->frames);
            link_deliver(link, buf_text(&message), message.len);
            buf_free(&message);
            continue;
        }
        wire_flush(&link->wire); /* our close frame, if the wire takes it at once */
        link_down_because(link, "%s: %s.", link->url.text, e.message);
    }
    if (link->state == LINK_READY)
        wire_flush(&link->wire); /* pongs */
}

static void serve_early(void *ctx)
{
    struct link *link = ctx;
    ((struct ws *)link->own)->early = NULL;
    link_enter(link);
    serve_frames(link);
    link_leave(link);
}

/* What comes before the upgrade is done. The frames behind the head wait until the owner has the link. */
static void take_head(struct link *link, const uint8_t *bytes, size_t len)
{
    struct ws *ws = link->own;
    struct http_head head;
    struct error e = {0};
    buf_add(&ws->head, bytes, len);
    enum http_progress p = http_head_parse(buf_text(&ws->head), ws->head.len, &head, &e);
    if (p == HTTP_MORE)
        return;
    if (p == HTTP_BAD) {
        link_down_because(link, "Opening %s: this is no WebSocket server: %s.", link->url.text, e.message);
    } else if (ws_handshake_check(&link->url, &head, ws->key, &e) != 0) {
        link_down(link, &e);
    } else {
        ws->upgraded = true;
        ws_frames_feed(ws->frames, ws->head.data + head.len, ws->head.len - head.len);
        buf_free(&ws->head);
    }
}

static void read_chunk(struct link *link)
{
    struct ws *ws = link->own;
    uint8_t chunk[CHUNK];
    ssize_t n = wire_read(&link->wire, chunk, sizeof chunk);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        lose(link, n < 0 ? errno : 0);
    } else if (!ws->upgraded) {
        take_head(link, chunk, (size_t)n);
    } else {
        ws_frames_feed(ws->frames, chunk, (size_t)n);
        serve_frames(link);
    }
}

static void on_event(void *ctx, short revents)
{
    struct link *link = ctx;
    link_enter(link);
    if (revents & (POLLIN | POLLHUP | POLLERR | POLLNVAL))
        read_chunk(link);
    bool up = link->state == LINK_READY || link->state == LINK_OPENING;
    if (up && (revents & POLLOUT) && wire_flush(&link->wire) != 0)
        lose(link, errno);
    link_leave(link);
}

static bool is_upgraded(void *ctx)
{
    return ((struct ws *)((struct link *)ctx)->own)->upgraded;
}

static int ws_open(struct link *link, struct error *e)
{
    struct error why = {0};
    struct tls_conn *tls;
    int fd = tls_connect(link, &tls, NULL, NULL, &why);
    if (fd < 0) {
        if (e != NULL)
            *e = why;
        return why.code;
    }
    struct ws *ws = mem_alloc(sizeof *ws);
    link->own = ws;
    ws->frames = ws_frames_new(link->options.max_message, put_frame, link);
    secret_random(ws->key, sizeof ws->key);
    wire_start(&link->wire, link->loop, fd, on_event, link);
    if (tls != NULL)
        wire_secure(&link->wire, tls);
    struct buf request = BUF_INIT;
    ws_handshake_request(&link->url, ws->key, &request);
    wire_queue(&link->wire, request.data, request.len);
    buf_free(&request);
    wire_flush(&link->wire);
    int code = link_wait(link, is_upgraded, "Opening the WebSocket", e);
    if (code == 0)
        ws->early = loop_timer_start(link->loop, 0, serve_early, link);
    return code;
}

static int ws_send(struct link *link, const void *bytes, size_t len, struct error *e)
{
    (void)e;
    ws_frames_send_text(((struct ws *)link->own)->frames, bytes, len);
    wire_flush(&link->wire);
    return 0;
}

static void ws_farewell(struct link *link)
{
    ws_frames_send_close(((struct ws *)link->own)->frames, 1000);
    wire_flush(&link->wire);
}

static void ws_stop(struct link *link)
{
    struct ws *ws = link->own;
    if (ws == NULL)
        return;
    loop_timer_stop(ws->early);
    ws->early = NULL;
}

static void ws_release(struct link *link)
{
    struct ws *ws = link->own;
    if (ws == NULL)
        return;
    ws_frames_free(ws->frames);
    buf_free(&ws->head);
    free(ws);
}

static size_t ws_limit(const struct link *link)
{
    (void)link;
    return WS_FRAME_LIMIT;
}

const struct link_ops link_ws_ops = {
    .message = true,
    .open = ws_open,
    .send = ws_send,
    .farewell = ws_farewell,
    .stop = ws_stop,
    .release = ws_release,
    .frame_limit = ws_limit,
};
