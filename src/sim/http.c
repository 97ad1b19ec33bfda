/* The HTTP server's listener and its connections: see http.h. */
#include "sim/http.h"
#include "base/text.h"
#include "sim/config.h"
#include "sim/conn.h"
#include "sim/journal.h"
#include "sim/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct sim_http {
    struct board *board;
    int listener;        /* -1: none */
    struct sim_tls *tls; /* NULL: plain */
    struct loop_watch *watch;
    struct sim_conn *conns; /* the newest first */
    uint16_t free_port;     /* the one that port 0 became */
    uint16_t announced;     /* the one printed last */
    bool booted;
    uint64_t sent;
};

struct sim_http *sim_http_new(struct board *b)
{
    struct sim_http *h = mem_alloc(sizeof *h);
    h->board = b;
    h->listener = -1;
    return h;
}

/* --- connections ---------------------------------------------------------------------------------------- */

void sim_http_sweep(struct sim_http *http)
{
    for (struct sim_conn **at = &http->conns; *at != NULL;) {
        struct sim_conn *c = *at;
        if (c->gone) {
            *at = c->next;
            sim_conn_free(c);
        } else {
            at = &c->next;
        }
    }
}

void sim_http_evict(struct sim_http *http)
{
    int most = sim_config_number(http->board->config, "rpc.max_non_persistent_channels");
    int count = 0;
    for (struct sim_conn *c = http->conns; c != NULL; c = c->next)
        if (c->state == SIM_CONN_WS && !c->gone && ++count > most) {
            sim_journal_event(http->board->journal, "evict", c->channel.info);
            sim_conn_drop(c, SIM_SOCK_DROP);
        }
}

size_t sim_http_allowance(const struct sim_http *http, size_t len)
{
    uint64_t cut = http->board->options->faults.cut_tx;
    return cut > http->sent && len > cut - http->sent ? (size_t)(cut - http->sent) : len;
}

static void drop_all(struct sim_http *http)
{
    for (struct sim_conn *c = http->conns; c != NULL; c = c->next)
        sim_conn_drop(c, SIM_SOCK_RESET);
}

bool sim_http_sent(struct sim_http *http, size_t len)
{
    uint64_t cut = http->board->options->faults.cut_tx;
    bool before = http->sent < cut;
    http->sent += len;
    if (!before || http->sent < cut)
        return false;
    sim_journal_event(http->board->journal, "cable", "pulled");
    drop_all(http);
    return true;
}

static void on_listener(void *ctx, short revents)
{
    (void)revents;
    struct sim_http *h = ctx;
    struct sockaddr_in peer;
    socklen_t size = sizeof peer;
    int fd = accept4(h->listener, (struct sockaddr *)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    char address[INET_ADDRSTRLEN] = "", name[48];
    inet_ntop(AF_INET, &peer.sin_addr, address, sizeof address);
    snprintf(name, sizeof name, "%s:%u", address, ntohs(peer.sin_port));
    struct sim_tls_session *session = h->tls ? sim_tls_open(h->tls, fd) : NULL;
    if (h->tls != NULL && session == NULL) {
        close(fd);
        return;
    }
    struct sim_conn *c = sim_conn_new(h->board, fd, session, name);
    c->next = h->conns;
    h->conns = c;
}

/* --- listening ------------------------------------------------------------------------------------------ */

/* The port of "80", ":443", "0.0.0.0:80"; 0 when it is none. */
static uint16_t port_of(const char *listen_addr)
{
    const char *colon = strrchr(listen_addr, ':');
    uint64_t port;
    return text_number(colon ? colon + 1 : listen_addr, UINT16_MAX, &port) == 0 ? (uint16_t)port : 0;
}

static bool is_fresh(const char *listen_addr)
{
    return strcmp(listen_addr, "80") == 0; /* the default of http.listen_addr */
}

/* A fresh device's address stands for --http; one that was configured for itself, moved by --map. */
static uint16_t wanted_port(const struct sim_http *h, const char *listen_addr)
{
    if (!is_fresh(listen_addr))
        return board_map_port(h->board, port_of(listen_addr));
    return h->board->options->http_port ? h->board->options->http_port : h->free_port;
}

static int open_listener(struct sim_http *h, uint16_t port, struct error *e)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t size = sizeof address;
    int one = 1;
    inet_pton(AF_INET, h->board->options->bind, &address.sin_addr);
    h->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(h->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (h->listener < 0 || bind(h->listener, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(h->listener, 64) < 0 || getsockname(h->listener, (struct sockaddr *)&address, &size) < 0) {
        error_set_errno(e, ERR_REFUSED, "Listening on %s:%u was not possible", h->board->options->bind, port);
        if (h->listener >= 0)
            close(h->listener);
        h->listener = -1;
        return error_next(e, "Take another port: --http 0 finds a free one, --map %u:PORT moves this one.",
                          port);
    }
    h->watch = loop_watch_start(h->board->loop, h->listener, POLLIN, on_listener, h);
    uint16_t real = ntohs(address.sin_port);
    if (port == 0)
        h->free_port = real;
    if (real != h->announced)
        printf("http %s:%u\n", h->board->options->bind, real);
    fflush(stdout);
    h->announced = real;
    return 0;
}

int sim_http_boot(struct sim_http *http, struct error *e)
{
    struct board *b = http->board;
    bool first = !http->booted;
    http->booted = true;
    if (!b->options->http || !sim_config_flag(b->config, "http.enable"))
        return 0;
    const char *listen_addr = sim_config_text(b->config, "http.listen_addr");
    struct error why = {0};
    bool secure = *sim_config_text(b->config, "http.ssl_cert") != '\0';
    if (secure && sim_tls_new(b, &http->tls, &why) < 0) {
        board_log(b, LOG_ERROR, "mgos_http_server.c:361", "HTTP server on [%s] (SSL) not started: %s",
                  listen_addr, why.message);
        return 0; /* never in the clear where TLS is configured */
    }
    if (!is_fresh(listen_addr) && port_of(listen_addr) == 0) {
        board_log(b, LOG_ERROR, "mgos_http_server.c:361", "Error binding to [%s]", listen_addr);
        return 0;
    }
    if (open_listener(http, wanted_port(http, listen_addr), &why) < 0) {
        board_log(b, LOG_ERROR, "mgos_http_server.c:361", "Error binding to [%s]", listen_addr);
        if (first && is_fresh(listen_addr)) {
            *e = why;
            return why.code;
        }
        fprintf(stderr, "lockstep-sim: %s\n  %s\n", why.message, why.next);
        return 0;
    }
    board_log(b, LOG_INFO, "mgos_http_server.c:370", "HTTP server started on [%s]%s", listen_addr,
              secure ? " (SSL)" : "");
    return 0;
}

void sim_http_halt(struct sim_http *http)
{
    loop_watch_stop(http->watch);
    http->watch = NULL;
    if (http->listener >= 0)
        close(http->listener);
    http->listener = -1;
    for (struct sim_conn *c = http->conns; c != NULL; c = c->next)
        sim_conn_drop(c, SIM_SOCK_DROP);
    sim_http_sweep(http);
    sim_tls_free(http->tls);
    http->tls = NULL;
}

void sim_http_free(struct sim_http *http)
{
    if (http == NULL)
        return;
    sim_http_halt(http);
    free(http);
}
