/* For the link tests: a listener of what a link says, and small scripted servers in child processes. */
#ifndef TEST_LINK_PEER_H
#define TEST_LINK_PEER_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/loop.h"
#include "link/link.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAYBE_UNUSED __attribute__((unused))

/* --- what a link said ----------------------------------------------------------------------------------- */

struct heard {
    struct loop *loop;
    struct link *link;
    struct buf all;  /* every byte */
    struct buf last; /* the last chunk or message */
    int count, closed;
    struct error why;
    bool close_on_data, echo_once;
    size_t want_bytes;
    int want_count;
};

static void heard_data(void *ctx, const uint8_t *bytes, size_t len)
{
    struct heard *h = ctx;
    buf_add(&h->all, bytes, len);
    buf_clear(&h->last);
    buf_add(&h->last, bytes, len);
    h->count++;
    if (h->close_on_data) {
        link_close(h->link);
        h->link = NULL;
    }
}

static void heard_closed(void *ctx, const struct error *why)
{
    struct heard *h = ctx;
    h->closed++;
    h->why = *why;
}

static MAYBE_UNUSED int heard_open(struct heard *h, const char *text, const struct link_options *options,
                                   struct error *e)
{
    static const struct link_events events = {heard_data, heard_closed};
    struct link_url url;
    if (h->loop == NULL)
        h->loop = loop_new();
    int code = link_url_parse(text, &url, e);
    return code != 0 ? code : link_open(h->loop, &url, options, &events, h, &h->link, e);
}

static MAYBE_UNUSED void heard_end(struct heard *h)
{
    link_close(h->link);
    loop_free(h->loop);
    buf_free(&h->all);
    buf_free(&h->last);
    *h = (struct heard){0};
}

static bool heard_enough(void *ctx)
{
    const struct heard *h = ctx;
    return h->closed || (h->want_bytes && h->all.len >= h->want_bytes) ||
           (h->want_count && h->count >= h->want_count);
}

/* All three are false when 5 s were not enough. */
static MAYBE_UNUSED bool heard_wait_bytes(struct heard *h, size_t bytes)
{
    h->want_bytes = bytes;
    h->want_count = 0;
    loop_run_until(h->loop, heard_enough, h, clock_ms() + 5000);
    return h->all.len >= bytes;
}

static MAYBE_UNUSED bool heard_wait_count(struct heard *h, int count)
{
    h->want_bytes = 0;
    h->want_count = count;
    loop_run_until(h->loop, heard_enough, h, clock_ms() + 5000);
    return h->count >= count;
}

static MAYBE_UNUSED bool heard_wait_closed(struct heard *h)
{
    h->want_bytes = 0;
    h->want_count = 0;
    loop_run_until(h->loop, heard_enough, h, clock_ms() + 5000);
    return h->closed == 1;
}

/* --- scripted servers ----------------------------------------------------------------------------------- */

struct peer {
    pid_t pid;
    uint16_t port;
    char url[64];
};

typedef void peer_fn(int listener, const void *arg);

/* The child runs fn and ends; the parent gets its port. family AF_INET or AF_INET6, on the loopback. */
static MAYBE_UNUSED struct peer peer_start_family(int family, const char *scheme, peer_fn *fn,
                                                  const void *arg)
{
    struct peer p = {0};
    struct sockaddr_storage ss = {.ss_family = (sa_family_t)family};
    socklen_t len = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    if (family == AF_INET)
        ((struct sockaddr_in *)&ss)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else
        ((struct sockaddr_in6 *)&ss)->sin6_addr = in6addr_loopback;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)&ss, len) < 0 || listen(fd, 8) < 0 ||
        getsockname(fd, (struct sockaddr *)&ss, &len) < 0) {
        close(fd);
        return p;
    }
    p.port = ntohs(((struct sockaddr_in *)&ss)->sin_port); /* at the same place in both families */
    snprintf(p.url, sizeof p.url, "%s://%s:%u", scheme, family == AF_INET ? "127.0.0.1" : "[::1]", p.port);
    p.pid = fork();
    if (p.pid == 0) {
        alarm(20); /* never outlive the test */
        fn(fd, arg);
        _exit(0);
    }
    close(fd);
    return p;
}

static MAYBE_UNUSED struct peer peer_start(const char *scheme, peer_fn *fn, const void *arg)
{
    return peer_start_family(AF_INET, scheme, fn, arg);
}

/* Returns the child's exit status, or -1 when it had to be ended by a signal. */
static MAYBE_UNUSED int peer_end(struct peer *p)
{
    int status = 0;
    if (p->pid > 0) {
        kill(p->pid, SIGTERM);
        waitpid(p->pid, &status, 0);
    }
    p->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Waits for the child to end by itself. */
static MAYBE_UNUSED int peer_wait(struct peer *p)
{
    int status = 0;
    waitpid(p->pid, &status, 0);
    p->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Blocking helpers for the child. They end it when the connection does. */
static MAYBE_UNUSED int peer_accept(int listener)
{
    int fd = accept(listener, NULL, NULL);
    if (fd < 0)
        _exit(2);
    return fd;
}

static MAYBE_UNUSED void peer_write(int fd, const void *bytes, size_t len)
{
    const char *p = bytes;
    while (len > 0) {
        ssize_t n = send(fd, p, len, MSG_NOSIGNAL);
        if (n <= 0)
            _exit(3);
        p += n;
        len -= (size_t)n;
    }
}

static MAYBE_UNUSED void peer_say(int fd, const char *text)
{
    peer_write(fd, text, strlen(text));
}

static MAYBE_UNUSED void peer_read(int fd, void *to, size_t len)
{
    char *p = to;
    while (len > 0) {
        ssize_t n = read(fd, p, len);
        if (n <= 0)
            _exit(4);
        p += n;
        len -= (size_t)n;
    }
}

/* Until the other side closes. */
static MAYBE_UNUSED void peer_drain(int fd)
{
    char drop[4096];
    while (read(fd, drop, sizeof drop) > 0)
        continue;
}

/* Reads a header block byte by byte, nothing behind it. */
static MAYBE_UNUSED void peer_read_head(int fd, char *to, size_t size)
{
    size_t n = 0;
    while (n + 1 < size && (n < 4 || memcmp(to + n - 4, "\r\n\r\n", 4) != 0))
        peer_read(fd, to + n++, 1);
    to[n] = '\0';
}

#endif
