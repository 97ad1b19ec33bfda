/* What the kinds of link share, inside this room only.
 *
 * A link lives through OPENING (inside link_open), READY, DOWN (closed was told, or the open was given up)
 * and CLOSED (the owner let go). Its memory stays until the last of its callbacks has returned: link_enter
 * and link_leave bracket every entry from the loop. After any call of link_deliver or link_down the state
 * must be looked at again, for the owner may have closed the link in the callback. */
#ifndef LINK_IMPL_H
#define LINK_IMPL_H

#include "link/link.h"
#include "link/wire.h"

enum link_state { LINK_OPENING, LINK_READY, LINK_DOWN, LINK_CLOSED };

struct link_ops {
    bool message, serial;
    /* Blocks (turning the loop) until the link can be used or the deadline passes. May leave things half open
     * on failure: link_open calls stop and release then. */
    int (*open)(struct link *link, struct error *e);
    int (*send)(struct link *link, const void *bytes, size_t len, struct error *e);
    /* The rest may be NULL. */
    void (*farewell)(struct link *link); /* the owner closes a link in order: last words */
    void (*stop)(
        struct link *link); /* timers, watches of its own, device state; the wire is stopped after it */
    void (*release)(struct link *link); /* memory */
    size_t (*pending)(const struct link *link);
    size_t (*frame_limit)(const struct link *link); /* NULL: a UART's */
    int (*set_lines)(struct link *link, bool dtr, bool rts, struct error *e);
    int (*set_baud)(struct link *link, unsigned baud, struct error *e);
    int (*drop_input)(struct link *link, struct error *e);
};

struct link {
    const struct link_ops *ops;
    struct loop *loop;
    struct link_url url;
    struct link_options options; /* defaults filled in */
    struct link_events events;
    void *ctx;
    enum link_state state;
    int depth;              /* entries from the loop under way */
    int64_t deadline;       /* of the open, clock_ms */
    struct error why;       /* what ended it */
    struct wire wire;       /* fd -1 while there is none */
    struct tls_client *tls; /* NULL: plain */
    void *own;              /* what this kind of link keeps */
};

/* One for each kind, in the file named after it. */
extern const struct link_ops link_serial_ops, link_pty_ops, link_tcp_ops, link_ws_ops, link_http_ops,
    link_rfc2217_ops;

void link_enter(struct link *link);
void link_leave(struct link *link); /* link may be gone after it */

/* Hands bytes to the owner; false when the link is not READY any more. */
bool link_deliver(struct link *link, const void *bytes, size_t len);
/* The wire is gone: stops everything; tells the owner if the link was READY, else keeps the reason for the
 * opener. Only the first call counts. */
void link_down(struct link *link, const struct error *why);
/* The same with a sentence. */
void link_down_because(struct link *link, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Turns the loop until done(link), the link is DOWN, the deadline or an interrupt. 0, or the error: what
 * link_down kept, or "…: no answer within N s" with `doing` as its subject. */
int link_wait(struct link *link, bool (*done)(void *link), const char *doing, struct error *e);

/* "no answer within 10 s" in the words every kind uses. */
int link_timed_out(const struct link *link, const char *doing, struct error *e);

/* Byte streams (serial, pty, tcp): the descriptor's bytes go to the owner as they come. stream.c */
void link_stream_start(struct link *link, int fd);
int link_stream_send(struct link *link, const void *bytes, size_t len, struct error *e);

/* A read or a write failed with TLS at fault: the link is taken down with its sentence. False: something
 * else. */
bool link_down_by_tls(struct link *link, int code);

/* How a read or a write failed, as a sentence about the other side. */
const char *link_loss_words(const struct link *link, int code);

#endif
