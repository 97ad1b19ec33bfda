/* A non-blocking descriptor in the loop, with a queue for what the kernel has not taken yet. It belongs to
 * one link; whoever reacts to its events is told by the watch's callback. */
#ifndef LINK_WIRE_H
#define LINK_WIRE_H

#include "base/buf.h"
#include "base/error.h"
#include "base/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct tls_conn;

struct wire {
    int fd; /* -1: closed */
    struct loop_watch *watch;
    struct buf out; /* queued bytes; the first `taken` are with the kernel already */
    size_t taken;
    bool hold;
    bool socket;          /* written with send(2): no SIGPIPE */
    struct tls_conn *tls; /* NULL: plain */
};

/* Takes the descriptor (it is closed by wire_stop) and makes it non-blocking. */
void wire_start(struct wire *w, struct loop *loop, int fd, loop_watch_fn *fn, void *ctx);
/* What is queued leaves through TLS from now on, once the handshake is over; what is read came through it.
 * Takes the connection. */
void wire_secure(struct wire *w, struct tls_conn *tls);
/* Closes, forgets the queue. Safe inside the watch's own callback, and twice. */
void wire_stop(struct wire *w);

void wire_queue(struct wire *w, const void *bytes, size_t len);
/* Writes what the kernel takes now and asks for POLLOUT while something is left. Returns 0, or -1 with errno.
 */
int wire_flush(struct wire *w);
size_t wire_pending(const struct wire *w);
void wire_hold(struct wire *w, bool hold);

/* As read(2), through EINTR; EAGAIN is left in errno. */
ssize_t wire_read(struct wire *w, void *bytes, size_t max);

/* What TLS has to say about EPROTO, a whole sentence; NULL for other errors and plain wires. */
const struct error *wire_why(const struct wire *w, int code);

#endif
