/* HTTP connections: see conn.h. */
#include "sim/conn.h"
#include "base/file.h"
#include "base/text.h"
#include "sim/auth.h"
#include "sim/config.h"
#include "sim/http.h"
#include "sim/journal.h"
#include "sim/rpc_methods.h"
#include "sim/ws.h"

#include <fnmatch.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    int status;
    const char *words;
} statuses[] = {
    {200, "OK"                   },
    {400, "Bad Request"          },
    {401, "Unauthorized"         },
    {403, "Forbidden"            },
    {404, "Not Found"            },
    {405, "Method Not Allowed"   },
    {500, "Internal Server Error"}
};

static const char *status_words(int status)
{
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
        if (statuses[i].status == status)
            return statuses[i].words;
    return "";
}

/* --- out ------------------------------------------------------------------------------------------------ */

void sim_conn_flush(struct sim_conn *c)
{
    while (!c->gone && c->out.len > 0) {
        size_t allowed = sim_http_allowance(c->board->http, c->out.len);
        ssize_t n = sim_sock_write(&c->sock, c->out.data, allowed);
        if (n == SIM_SOCK_AGAIN)
            break;
        if (n < 0) {
            sim_conn_drop(c, SIM_SOCK_DROP);
            return;
        }
        buf_drop_front(&c->out, (size_t)n);
        if (sim_http_sent(c->board->http, (size_t)n))
            return; /* the cable was pulled: c is gone */
    }
    if (c->gone)
        return;
    if (c->out.len == 0 && c->finish)
        sim_conn_drop(c, SIM_SOCK_FINISH);
    else
        loop_watch_events(c->watch, (short)(POLLIN | (c->out.len > 0 ? POLLOUT : 0)));
}

void sim_conn_answer(struct sim_conn *c, int status, const char *type, const void *body, size_t len)
{
    buf_printf(&c->out,
               "HTTP/1.1 %d %s\r\nServer: Mongoose/6.18\r\nContent-Type: %s\r\nContent-Length: %zu\r\n",
               status, status_words(status), type, len);
    if (status == 401)
        sim_auth_http_challenge(c->board, c->added ? "rpc" : "http", &c->out);
    buf_add_text(&c->out, "Connection: close\r\n\r\n");
    buf_add(&c->out, body, len);
    c->finish = true;
    sim_conn_flush(c);
}

static void answer_text(struct sim_conn *c, int status)
{
    sim_conn_answer(c, status, "text/plain", status_words(status), strlen(status_words(status)));
}

static const struct {
    int code, status;
} error_statuses[] = {
    {403, 403},
    {404, 404},
    {401, 401}
}; /* any other is a 500 */

static void send_reply(struct sim_channel *channel, const struct sim_reply *reply)
{
    struct sim_conn *c = channel->ctx;
    struct buf json = BUF_INIT;
    int status = reply->failed && reply->code == 401 ? 401 : 200; /* both ways: HTTP has its own challenge */
    if (c->bare && reply->failed && reply->code != 0) {
        status = 500;
        for (size_t i = 0; i < sizeof error_statuses / sizeof error_statuses[0]; i++)
            if (error_statuses[i].code == reply->code)
                status = error_statuses[i].status;
    }
    if (c->bare)
        sim_rpc_bare(reply, &json);
    else
        sim_rpc_text(c->board, reply, &json);
    sim_conn_answer(c, status, "application/json", json.data, json.len);
    buf_free(&json);
}

/* --- requests ------------------------------------------------------------------------------------------- */

void sim_conn_open_channel(struct sim_conn *c, const char *type)
{
    c->channel.type = type;
    c->added = true;
    sim_rpc_add(c->board, &c->channel);
}

/* The whole frame is the body. A frame that no answer belongs to leaves the connection waiting, as the
 * firmware does. */
static void post_frame(struct sim_conn *c, const struct sim_request *r)
{
    c->state = SIM_CONN_WAITING;
    sim_conn_open_channel(c, "HTTP");
    if (!sim_rpc_receive(c->board, &c->channel, r->body.at, r->body.len))
        sim_conn_drop(c, SIM_SOCK_DROP);
}

/* The method is in the path, its arguments are the body. */
static void post_method(struct sim_conn *c, const struct sim_request *r, const char *name, size_t len)
{
    struct error e = {0};
    cJSON *args = r->body.len ? frame_json_parse(r->body.at, r->body.len, &e) : NULL;
    if (r->body.len > 0 && args == NULL) {
        sim_journal_event(c->board->journal, "drop", e.message);
        sim_conn_drop(c, SIM_SOCK_DROP);
        return;
    }
    char *method = mem_printf("%.*s", (int)len, name);
    struct frame f = {.kind = FRAME_REQUEST, .id = 1, .method = method, .args = args};
    c->bare = true;
    c->state = SIM_CONN_WAITING;
    sim_conn_open_channel(c, "HTTP");
    board_log(c->board, LOG_DEBUG, "mg_rpc.c:293", "%s GOT FRAME (%zu): %s %.*s", c->channel.info,
              r->body.len, method, (int)r->body.len, r->body.at);
    sim_rpc_request(c->board, &c->channel, &f);
    cJSON_Delete(args);
    free(method);
}

/* http.hidden_files: patterns between bars, "$" at an end as the firmware's matcher wants it. */
static bool is_hidden(const struct board *b, const char *name)
{
    char pattern[128];
    while (*name == '/')
        name++;
    for (const char *p = sim_config_text(b->config, "http.hidden_files"); *p != '\0';) {
        size_t n = strcspn(p, "|");
        snprintf(pattern, sizeof pattern, "%.*s", (int)(n > 0 && p[n - 1] == '$' ? n - 1 : n), p);
        if (fnmatch(pattern, name, FNM_CASEFOLD) == 0)
            return true;
        p += n;
        p += *p == '|';
    }
    return false;
}

static void get_file(struct sim_conn *c, const struct sim_request *r)
{
    char *name = mem_printf("%s/%.*s", sim_config_text(c->board->config, "http.document_root"),
                            (int)r->path.len, r->path.at);
    char *path = is_hidden(c->board, name) ? NULL : sim_fs_path(c->board, name);
    struct buf bytes = BUF_INIT;
    if (path != NULL && file_read(path, SIM_FS_SIZE, &bytes, NULL) == 0)
        sim_conn_answer(c, 200, text_ends(name, ".html") ? "text/html" : "text/plain", bytes.data, bytes.len);
    else
        answer_text(c, 404);
    buf_free(&bytes);
    free(path);
    free(name);
}

static bool rpc_over_http(const struct board *b)
{
    return sim_config_flag(b->config, "rpc.enable") && sim_config_flag(b->config, "rpc.http_enable") &&
           sim_config_flag(b->config, "rpc.http.enable");
}

static void route(struct sim_conn *c, const struct sim_request *r)
{
    static const char rpc[] = "/rpc";
    size_t n = sizeof rpc - 1;
    char user[sizeof c->channel.user];
    if (*sim_config_text(c->board->config, "http.auth_file") &&
        !sim_auth_http(c->board, r, "http", user, sizeof user)) {
        answer_text(c, 401);
        return;
    }
    sim_auth_http(c->board, r, "rpc", c->channel.user, sizeof c->channel.user);
    bool is_rpc = r->path.len >= n && memcmp(r->path.at, rpc, n) == 0 &&
                  (r->path.len == n || r->path.at[n] == '/') && rpc_over_http(c->board);
    if (sim_span_has(sim_request_header(r, "Upgrade"), "websocket")) {
        sim_ws_accept(c, r);
    } else if (is_rpc && r->path.len > n + 1) {
        post_method(c, r, r->path.at + n + 1, r->path.len - n - 1);
    } else if (is_rpc && sim_span_is(r->method, "POST")) {
        post_frame(c, r);
    } else if (sim_span_is(r->method, "GET")) {
        get_file(c, r);
    } else {
        answer_text(c, 405);
    }
}

static void take_request(struct sim_conn *c)
{
    struct sim_request r;
    switch (sim_request_parse(buf_text(&c->in), c->in.len, FRAME_LIMIT_HTTP, &r)) {
    case SIM_REQUEST_PARTIAL:
        return;
    case SIM_REQUEST_WHOLE:
        route(c, &r);
        if (!c->gone)
            buf_drop_front(&c->in, r.length);
        return;
    case SIM_REQUEST_TOO_LONG:
        sim_journal_event(c->board->journal, "drop", "an HTTP request over the limit");
        sim_conn_drop(c, SIM_SOCK_RESET);
        return;
    case SIM_REQUEST_BAD:
        answer_text(c, 400);
        return;
    }
}

/* --- events --------------------------------------------------------------------------------------------- */

static void read_all(struct sim_conn *c)
{
    uint8_t bytes[4096];
    for (;;) {
        ssize_t n = sim_sock_read(&c->sock, bytes, sizeof bytes);
        if (n == SIM_SOCK_AGAIN)
            return;
        if (n <= 0) {
            sim_conn_drop(c, SIM_SOCK_DROP);
            return;
        }
        if (c->state == SIM_CONN_WAITING || c->state == SIM_CONN_MUTE)
            continue; /* nobody listens */
        buf_add(&c->in, bytes, (size_t)n);
        if (c->state == SIM_CONN_REQUEST)
            take_request(c);
        if (!c->gone && c->state == SIM_CONN_WS)
            sim_ws_receive(c);
        if (c->gone)
            return;
    }
}

static void on_socket(void *ctx, short revents)
{
    struct sim_conn *c = ctx;
    if (revents & (POLLIN | POLLHUP | POLLERR))
        read_all(c);
    if (!c->gone && revents & POLLOUT)
        sim_conn_flush(c);
    sim_http_sweep(c->board->http);
}

/* --- life ----------------------------------------------------------------------------------------------- */

struct sim_conn *sim_conn_new(struct board *b, int fd, struct sim_tls_session *tls, const char *peer)
{
    struct sim_conn *c = mem_alloc(sizeof *c);
    c->board = b;
    c->sock = (struct sim_sock){.fd = fd, .tls = tls};
    c->in.secret = true; /* frames may carry keys */
    c->channel = (struct sim_channel){.type = "HTTP", .ctx = c, .reply = send_reply};
    snprintf(c->channel.info, sizeof c->channel.info, "%s", peer);
    c->watch = loop_watch_start(b->loop, fd, POLLIN, on_socket, c);
    return c;
}

void sim_conn_drop(struct sim_conn *c, enum sim_sock_end how)
{
    if (c->gone)
        return;
    c->gone = true;
    if (c->added)
        sim_rpc_remove(c->board, &c->channel);
    loop_watch_stop(c->watch);
    sim_sock_close(&c->sock, how);
}

void sim_conn_free(struct sim_conn *c)
{
    sim_conn_drop(c, SIM_SOCK_DROP);
    sim_ws_free(c->ws);
    buf_free(&c->in);
    buf_free(&c->out);
    free(c);
}
