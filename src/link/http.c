/* HTTP link: each message is one POST of the frame to the URL's path, the answer's body is the message that
 * comes back. One connection a request and one request at a time, in the order they were sent: a device has
 * few sockets, and chunks of a file must not overtake each other. */
#include "base/clock.h"
#include "base/text.h"
#include "link/http_message.h"
#include "link/impl.h"
#include "link/tcp.h"
#include "link/tls_link.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Bytes of a whole request, header block included, over which a device resets the connection (wire facts:
 * doc/protocols.md). */
enum { HTTP_REQUEST_LIMIT = 3072 };

enum { CHUNK = 16384 };

struct request {
    struct request *next;
    struct buf text; /* header block and body; secret */
};

struct http {
    struct sockaddr_storage address; /* the one that answered when the link was opened */
    socklen_t address_len;
    struct request *queue; /* in order; the first one is on the wire when `busy` */
    bool busy, connected;
    bool silent; /* the one on the wire got no byte for as long as it may */
    struct http_reply reply;
    struct loop_timer *timer; /* busy: patience since the last byte; else: begin the next request now */
};

static void write_head(const struct link_url *url, size_t body, struct buf *to)
{
    buf_printf(to, "POST %s HTTP/1.1\r\nHost: ", url->path);
    http_host_text(url, to);
    buf_printf(to, "\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
               body);
}

static void drop_first(struct http *h)
{
    struct request *r = h->queue;
    h->queue = r->next;
    buf_free(&r->text);
    free(r);
}

/* How long a request may be silent before it gives way to one that waits behind it: 20 s, mos's default
 * time-out, unless options say otherwise. With none behind it, how long to wait is the caller's decision. */
static int64_t patience_ms(const struct link *link)
{
    return 2 * link->options.open_timeout_ms;
}

static void on_timer(void *ctx);

static void set_timer(struct link *link, int64_t ms)
{
    struct http *h = link->own;
    loop_timer_stop(h->timer);
    h->timer = loop_timer_start(link->loop, ms, on_timer, link);
}

/* The request on the wire is done with, answered or not; the loop begins the next one. */
static void finish(struct link *link)
{
    struct http *h = link->own;
    wire_stop(&link->wire);
    http_reply_free(&h->reply);
    drop_first(h);
    h->busy = false;
    loop_timer_stop(h->timer);
    h->timer = NULL;
    if (h->queue != NULL)
        set_timer(link, 0);
}

static void lose(struct link *link, const char *what)
{
    link_down_because(link, "%s: the request was not answered: %s.", link->url.text, what);
}

/* An answer with an error status may still be a frame: an object with an id or a method. */
static bool is_frame(int status, const struct buf *body)
{
    const char *text = buf_text(body) + strspn(buf_text(body), " \t\r\n");
    if (status == 200 || *text != '{')
        return *text == '{';
    cJSON *json = cJSON_ParseWithLength(text, body->len - (size_t)(text - buf_text(body)));
    bool frame = cJSON_HasObjectItem(json, "id") || cJSON_HasObjectItem(json, "method");
    cJSON_Delete(json);
    return frame;
}

static void explain_status(struct link *link, int status, const struct buf *body)
{
    static const struct {
        int status;
        const char *means, *next;
    } known[] = {
        {200, "its answer is not an RPC frame",
         "Check the address and the path: Mongoose OS serves RPC at /rpc."                                                                       },
        {401, "it wants a login over HTTP (http.auth_domain)",
         "Use ws:// or the serial port, where --rpc-creds serves."                                                                               },
        {403, "it denies access",                                            "Check the device's access rules (rpc.acl), or use the serial port."},
        {404, "this firmware has no RPC over HTTP, or the path is not /rpc",
         "Check the path, and that rpc.http.enable is on."                                                                                       },
    };
    const char *means = "it did not run the call", *next = "Look at the device's log.";
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].status == status) {
            means = known[i].means;
            next = known[i].next;
        }
    char words[64];
    struct buf shown = BUF_INIT;
    if (body->len > 0 && body->data[0] != '<')
        text_printable(buf_text(body), body->len, false, 120, &shown);
    struct error why;
    error_set(&why, ERR_CONNECTION, "%s: the device answered HTTP %s: %s%s%s%s.", link->url.text,
              http_status_words(status, words, sizeof words), means, shown.len ? " (" : "", buf_text(&shown),
              shown.len ? ")" : "");
    error_next(&why, "%s", next);
    buf_free(&shown);
    link_down(link, &why);
}

/* A whole answer. The next request is set going first: the owner may wait for it inside the callback. */
static void serve_reply(struct link *link)
{
    struct http *h = link->own;
    struct buf body = h->reply.body;
    int status = h->reply.status;
    h->reply.body = BUF_INIT;
    finish(link);
    if (is_frame(status, &body))
        link_deliver(link, buf_text(&body), body.len);
    else
        explain_status(link, status, &body);
    buf_free(&body);
}

static void read_chunk(struct link *link)
{
    struct http *h = link->own;
    struct error e = {0};
    uint8_t chunk[CHUNK];
    ssize_t n = wire_read(&link->wire, chunk, sizeof chunk);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n < 0) {
        if (!link_down_by_tls(link, errno))
            lose(link, link_loss_words(link, errno));
        return;
    }
    h->silent = false;
    set_timer(link, patience_ms(link));
    enum http_progress p =
        n > 0 ? http_reply_feed(&h->reply, chunk, (size_t)n, &e) : http_reply_end(&h->reply, &e);
    if (p == HTTP_DONE)
        serve_reply(link);
    else if (p == HTTP_BAD)
        lose(link, e.message);
}

/* False when the connection could not be made. */
static bool check_connected(struct link *link)
{
    struct http *h = link->own;
    struct error why;
    int code = h->connected ? 0 : tcp_result(link->wire.fd);
    h->connected = code == 0;
    if (code != 0) {
        tcp_error(link, code, &why);
        link_down(link, &why);
    }
    return h->connected;
}

static void on_event(void *ctx, short revents)
{
    struct link *link = ctx;
    link_enter(link);
    /* Writing first: a device that answers before it has read everything is heard all the same. */
    if (check_connected(link)) {
        if (revents & POLLOUT && wire_flush(&link->wire) != 0)
            link_down_by_tls(link, errno); /* what else is wrong with the wire, reading tells */
        if (link->state == LINK_READY && revents & (POLLIN | POLLHUP | POLLERR | POLLNVAL))
            read_chunk(link);
    }
    link_leave(link);
}

static void begin(struct link *link)
{
    struct http *h = link->own;
    int fd = tcp_start((struct sockaddr *)&h->address, h->address_len);
    if (fd < 0) {
        struct error why;
        tcp_error(link, errno, &why);
        link_down(link, &why);
        return;
    }
    struct tls_conn *tls = NULL;
    struct error why;
    if (link->tls != NULL && (tls = tls_conn_new(link->tls, fd, &why)) == NULL) {
        close(fd);
        link_down(link, &why);
        return;
    }
    h->busy = true;
    h->connected = h->silent = false;
    http_reply_init(&h->reply, link->options.max_message);
    wire_start(&link->wire, link->loop, fd, on_event, link);
    if (tls != NULL)
        wire_secure(&link->wire, tls);
    wire_queue(&link->wire, h->queue->text.data, h->queue->text.len);
    set_timer(link, patience_ms(link));
}

static void on_timer(void *ctx)
{
    struct link *link = ctx;
    struct http *h = link->own;
    link_enter(link);
    h->timer = NULL;
    if (!h->busy)
        begin(link);
    else if (h->queue->next != NULL)
        finish(link);
    else
        h->silent = true;
    link_leave(link);
}

/* Finds the address that answers; each request connects to it anew. With TLS the device is checked here
 * already, and the requests resume that session if it lets them. */
static int http_open(struct link *link, struct error *e)
{
    struct http *h = mem_alloc(sizeof *h);
    struct error why = {0};
    link->own = h;
    struct tls_conn *tls;
    int fd = tls_connect(link, &tls, &h->address, &h->address_len, &why);
    if (fd >= 0) {
        tls_conn_free(tls);
        close(fd);
        return 0;
    }
    if (e != NULL)
        *e = why;
    return why.code;
}

static int http_send(struct link *link, const void *bytes, size_t len, struct error *e)
{
    (void)e;
    struct http *h = link->own;
    struct request *r = mem_alloc(sizeof *r), **end = &h->queue;
    r->text.secret = true;
    write_head(&link->url, len, &r->text);
    buf_add(&r->text, bytes, len);
    while (*end != NULL)
        end = &(*end)->next;
    *end = r;
    if (h->busy && h->silent)
        finish(link);
    else if (!h->busy && h->timer == NULL)
        set_timer(link, 0);
    return 0;
}

static size_t http_pending(const struct link *link)
{
    const struct http *h = link->own;
    size_t sum = wire_pending(&link->wire);
    for (const struct request *r = h->queue; r != NULL; r = r->next)
        if (!h->busy || r != h->queue)
            sum += r->text.len;
    return sum;
}

static size_t http_limit(const struct link *link)
{
    struct buf head = BUF_INIT;
    write_head(&link->url, HTTP_REQUEST_LIMIT, &head);
    size_t len = head.len;
    buf_free(&head);
    return len < HTTP_REQUEST_LIMIT ? HTTP_REQUEST_LIMIT - len : 0;
}

static void http_stop(struct link *link)
{
    struct http *h = link->own;
    if (h == NULL)
        return;
    loop_timer_stop(h->timer);
    h->timer = NULL;
    http_reply_free(&h->reply);
    while (h->queue != NULL)
        drop_first(h);
    h->busy = false;
}

static void http_release(struct link *link)
{
    free(link->own);
}

const struct link_ops link_http_ops = {
    .message = true,
    .open = http_open,
    .send = http_send,
    .stop = http_stop,
    .release = http_release,
    .pending = http_pending,
    .frame_limit = http_limit,
};
