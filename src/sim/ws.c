/* WebSocket channels: see ws.h. */
#include "sim/ws.h"
#include "base/text.h"
#include "sim/config.h"
#include "sim/http.h"
#include "sim/journal.h"

#include <mbedtls/md.h>
#include <stdlib.h>
#include <string.h>
#include <wslay/wslay.h>

enum {
    MESSAGE_MAX = 1024 * 1024
}; /* what is buffered of a message at all; over FRAME_LIMIT_WS it is ignored */

struct sim_ws {
    wslay_event_context_ptr ctx;
    struct sim_conn *conn;
    bool drop; /* the socket goes once wslay has returned */
};

/* Sec-WebSocket-Accept: RFC 6455 section 4.2.2. */
static void accept_value(struct sim_span key, struct buf *to)
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    struct buf text = BUF_INIT;
    uint8_t sum[20];
    buf_add(&text, key.at, key.len);
    buf_add_text(&text, guid);
    mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA1), text.data, text.len, sum);
    text_base64(sum, sizeof sum, to);
    buf_free(&text);
}

static ssize_t on_recv(wslay_event_context_ptr ctx, uint8_t *bytes, size_t len, int flags, void *user)
{
    (void)flags;
    struct sim_ws *ws = user;
    struct buf *in = &ws->conn->in;
    if (in->len == 0) {
        wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    size_t n = len < in->len ? len : in->len;
    memcpy(bytes, in->data, n);
    buf_drop_front(in, n);
    return (ssize_t)n;
}

static ssize_t on_send(wslay_event_context_ptr ctx, const uint8_t *bytes, size_t len, int flags, void *user)
{
    (void)ctx, (void)flags;
    struct sim_ws *ws = user;
    buf_add(&ws->conn->out, bytes, len);
    return (ssize_t)len;
}

static void on_message(wslay_event_context_ptr ctx, const struct wslay_event_on_msg_recv_arg *msg, void *user)
{
    (void)ctx;
    struct sim_ws *ws = user;
    struct board *b = ws->conn->board;
    if (wslay_is_ctrl_frame(msg->opcode) || ws->drop || ws->conn->gone)
        return;
    if (msg->msg_length > FRAME_LIMIT_WS)
        sim_journal_event(b->journal, "drop", "a WebSocket frame over the limit");
    else if (msg->msg_length == 0)
        ws->drop = true;
    else if (!sim_rpc_receive(b, &ws->conn->channel, (const char *)msg->msg, msg->msg_length))
        ws->drop = true;
}

static void send_frame(struct sim_channel *channel, const char *json, size_t len)
{
    struct sim_conn *c = channel->ctx;
    struct wslay_event_msg msg = {WSLAY_TEXT_FRAME, (const uint8_t *)json, len};
    if (c->gone || wslay_event_queue_msg(c->ws->ctx, &msg) != 0)
        return;
    wslay_event_send(c->ws->ctx);
    sim_conn_flush(c);
}

void sim_ws_receive(struct sim_conn *c)
{
    struct sim_ws *ws = c->ws;
    bool bad = wslay_event_recv(ws->ctx) != 0;
    if (!bad && !c->gone)
        wslay_event_send(ws->ctx);
    if (c->gone)
        return;
    if (bad || ws->drop || (!wslay_event_want_read(ws->ctx) && !wslay_event_want_write(ws->ctx))) {
        c->finish = !ws->drop && !bad; /* a close frame in answer to one still leaves */
        if (c->finish)
            sim_conn_flush(c);
        else
            sim_conn_drop(c, SIM_SOCK_DROP);
        return;
    }
    sim_conn_flush(c);
}

static bool is_served(const struct sim_conn *c, const struct sim_request *r)
{
    return r->path.len >= 4 && memcmp(r->path.at, "/rpc", 4) == 0 &&
           sim_config_flag(c->board->config, "rpc.enable") &&
           sim_config_flag(c->board->config, "rpc.ws.enable");
}

void sim_ws_accept(struct sim_conn *c, const struct sim_request *r)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = on_recv, .send_callback = on_send, .on_msg_recv_callback = on_message};
    struct buf value = BUF_INIT;
    struct sim_span key = sim_request_header(r, "Sec-WebSocket-Key");
    accept_value(key.at ? key : (struct sim_span){"", 0}, &value);
    buf_printf(&c->out,
               "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               "Sec-WebSocket-Accept: %s\r\n\r\n",
               buf_text(&value));
    buf_free(&value);
    c->state = SIM_CONN_MUTE;
    if (is_served(c, r)) {
        c->state = SIM_CONN_WS;
        c->ws = mem_alloc(sizeof *c->ws);
        c->ws->conn = c;
        wslay_event_context_server_init(&c->ws->ctx, &callbacks, c->ws);
        wslay_event_config_set_max_recv_msg_length(c->ws->ctx, MESSAGE_MAX);
        c->channel.reply = NULL;
        c->channel.frame = send_frame;
        sim_conn_open_channel(c, "WS_in");
        sim_http_evict(c->board->http);
    }
    sim_conn_flush(c);
}

void sim_ws_free(struct sim_ws *ws)
{
    if (ws == NULL)
        return;
    wslay_event_context_free(ws->ctx);
    free(ws);
}
