/* Connecting with TLS: see tls_link.h. */
#include "link/tls_link.h"
#include "link/tcp.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

struct shaking {
    struct tls_conn *conn;
    struct loop_watch *watch;
    bool done, failed;
};

static void on_event(void *ctx, short revents)
{
    (void)revents;
    struct shaking *s = ctx;
    s->done = tls_conn_shake(s->conn) == 0;
    s->failed = !s->done && errno != EAGAIN;
    loop_watch_events(s->watch, POLLIN | (s->conn->blocked ? POLLOUT : 0));
}

static bool is_over(void *ctx)
{
    struct shaking *s = ctx;
    return s->done || s->failed;
}

static int shake_hands(struct link *link, struct tls_conn *conn, int fd, struct error *e)
{
    struct shaking s = {.conn = conn};
    s.watch = loop_watch_start(link->loop, fd, POLLOUT, on_event, &s);
    enum loop_result r = loop_run_until(link->loop, is_over, &s, link->deadline);
    loop_watch_stop(s.watch);
    if (r == LOOP_INTERRUPTED)
        return error_set(e, ERR_INTERRUPTED, "The TLS handshake with %s was interrupted.", link->url.text);
    if (r == LOOP_TIMEOUT) {
        link_timed_out(link, "The TLS handshake", e);
        return error_next(
            e, "The device may be short of memory, or a firewall swallows what it says: try again.");
    }
    if (s.failed && e != NULL)
        *e = conn->why;
    return s.failed ? conn->why.code : 0;
}

static int connect_once(struct link *link, struct tls_conn **conn, struct sockaddr_storage *used,
                        socklen_t *used_len, struct error *e)
{
    int fd = tcp_connect(link, used, used_len, e);
    *conn = NULL;
    if (fd < 0 || link->tls == NULL)
        return fd;
    *conn = tls_conn_new(link->tls, fd, e);
    if (*conn != NULL && shake_hands(link, *conn, fd, e) == 0)
        return fd;
    tls_conn_free(*conn);
    *conn = NULL;
    close(fd);
    return -1;
}

int tls_connect(struct link *link, struct tls_conn **conn, struct sockaddr_storage *used, socklen_t *used_len,
                struct error *e)
{
    bool whole = link->tls != NULL && link->tls->whole;
    int fd = connect_once(link, conn, used, used_len, e);
    /* The chain did not fit the fragment that we asked for: once more without asking. */
    if (fd < 0 && link->tls != NULL && link->tls->whole && !whole)
        fd = connect_once(link, conn, used, used_len, e);
    return fd;
}
