/* Host names: see resolve.h. */
#include "link/resolve.h"
#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct answer {
    int code; /* of getaddrinfo */
    struct addrinfo *list;
};

struct question { /* the thread's own */
    char host[256], port[8];
    int to;
};

static int ask(const char *host, const char *port, int flags, struct addrinfo **list)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV};
    *list = NULL;
    return getaddrinfo(host, port, &hints, list);
}

static void *thread_main(void *ctx)
{
    struct question *q = ctx;
    struct answer a = {0};
    a.code = ask(q->host, q->port, AI_ADDRCONFIG, &a.list);
    if (send(q->to, &a, sizeof a, MSG_NOSIGNAL) != (ssize_t)sizeof a && a.list != NULL)
        freeaddrinfo(a.list); /* nobody waits any more */
    close(q->to);
    free(q);
    return NULL;
}

/* Signals stay with the program's own thread. */
static int start_thread(struct question *q)
{
    sigset_t all, before;
    pthread_attr_t attributes;
    pthread_t thread;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    int code = pthread_create(&thread, &attributes, thread_main, q);
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code;
}

static void on_readable(void *ctx, short revents)
{
    (void)revents;
    *(bool *)ctx = true;
}

static bool is_set(void *ctx)
{
    return *(bool *)ctx;
}

/* Ownership of the list passes with the message: once it was sent, taking it from the socket is our duty. */
static int wait_answer(struct link *link, int fd, struct answer *a, struct error *e)
{
    bool there = false;
    struct loop_watch *watch = loop_watch_start(link->loop, fd, POLLIN, on_readable, &there);
    enum loop_result r = loop_run_until(link->loop, is_set, &there, link->deadline);
    loop_watch_stop(watch);
    shutdown(fd, SHUT_RD); /* from here on the thread's send fails, and what it sent before is still read */
    bool got = recv(fd, a, sizeof *a, MSG_DONTWAIT) == (ssize_t)sizeof *a;
    close(fd);
    if (r == LOOP_DONE && got)
        return 0;
    if (got && a->list != NULL)
        freeaddrinfo(a->list);
    if (r == LOOP_INTERRUPTED)
        return error_set(e, ERR_INTERRUPTED, "Looking up %s was interrupted.", link->url.host);
    char limit[32];
    clock_words(link->options.open_timeout_ms, limit, sizeof limit);
    error_set(e, ERR_CONNECTION, "Looking up the name %s took more than %s.", link->url.host, limit);
    error_next(e, "Check this machine's network, or give the device's IP address.");
    return ERR_CONNECTION;
}

static int explain(const struct link *link, int code, struct error *e)
{
    if (code == EAI_NONAME || code == EAI_ADDRFAMILY || code == EAI_NODATA)
        error_set(e, ERR_CONNECTION, "No host is called %s.", link->url.host);
    else if (code == EAI_AGAIN)
        error_set(e, ERR_CONNECTION, "The name %s could not be looked up: no name server answered.",
                  link->url.host);
    else
        error_set(e, ERR_CONNECTION, "The name %s could not be looked up: %s.", link->url.host,
                  gai_strerror(code));
    error_next(e, "Check the spelling and this machine's network, or give the device's IP address.");
    return ERR_CONNECTION;
}

int resolve_host(struct link *link, struct addrinfo **list, struct error *e)
{
    char port[8];
    int ends[2];
    snprintf(port, sizeof port, "%u", link->url.port);
    if (ask(link->url.host, port, AI_NUMERICHOST, list) == 0)
        return 0; /* an address needs no look-up */
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return error_set_errno(e, ERR_CONNECTION, "Looking up %s could not be started", link->url.host);
    struct question *q = mem_alloc(sizeof *q);
    memcpy(q->host, link->url.host, sizeof q->host);
    memcpy(q->port, port, sizeof q->port);
    q->to = ends[1];
    int code = start_thread(q);
    if (code != 0) {
        close(ends[0]);
        close(ends[1]);
        free(q);
        errno = code;
        return error_set_errno(e, ERR_CONNECTION, "Looking up %s could not be started", link->url.host);
    }
    struct answer a = {0};
    if ((code = wait_answer(link, ends[0], &a, e)) != 0)
        return code;
    *list = a.list;
    return a.code == 0 ? 0 : explain(link, a.code, e);
}
