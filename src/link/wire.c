/* Descriptor and send queue: see wire.h. */
#include "link/wire.h"
#include "link/tls_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

void wire_start(struct wire *w, struct loop *loop, int fd, loop_watch_fn *fn, void *ctx)
{
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    struct stat st;
    *w = (struct wire){.fd = fd, .socket = fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode)};
    w->out.secret = true; /* frames may hold keys and passwords */
    w->watch = loop_watch_start(loop, fd, POLLIN, fn, ctx);
}

static void want_events(struct wire *w)
{
    /* TLS knows best: while it shakes hands, bytes that wait do not wait for the kernel. */
    bool out = w->tls != NULL ? w->tls->blocked : wire_pending(w) > 0;
    if (w->watch != NULL)
        loop_watch_events(w->watch, POLLIN | (out && !w->hold ? POLLOUT : 0));
}

void wire_secure(struct wire *w, struct tls_conn *tls)
{
    w->tls = tls;
    want_events(w);
}

void wire_stop(struct wire *w)
{
    loop_watch_stop(w->watch);
    w->watch = NULL;
    tls_conn_free(w->tls);
    w->tls = NULL;
    if (w->fd >= 0)
        close(w->fd);
    w->fd = -1;
    w->taken = 0;
    buf_free(&w->out);
}

void wire_queue(struct wire *w, const void *bytes, size_t len)
{
    buf_add(&w->out, bytes, len);
    want_events(w);
}

static ssize_t write_some(struct wire *w, const uint8_t *from, size_t len)
{
    if (w->tls != NULL)
        return tls_conn_write(w->tls, from, len);
    return w->socket ? send(w->fd, from, len, MSG_NOSIGNAL) : write(w->fd, from, len);
}

int wire_flush(struct wire *w)
{
    int result = 0;
    while (w->fd >= 0 && !w->hold && wire_pending(w) > 0) {
        const uint8_t *from = w->out.data + w->taken;
        size_t len = wire_pending(w);
        ssize_t n = write_some(w, from, len);
        if (n > 0) {
            w->taken += (size_t)n;
            continue;
        }
        if (n < 0 && errno == EINTR)
            continue;
        result = n < 0 && errno != EAGAIN ? -1 : 0;
        break;
    }
    /* The front is given back when it is most of the queue, so that a long queue is not moved for each write.
     */
    if (w->taken > w->out.len / 2) {
        buf_drop_front(&w->out, w->taken);
        w->taken = 0;
    }
    int saved = errno;
    want_events(w);
    errno = saved;
    return result;
}

size_t wire_pending(const struct wire *w)
{
    return w->out.len - w->taken;
}

void wire_hold(struct wire *w, bool hold)
{
    w->hold = hold;
    want_events(w);
}

static ssize_t read_secure(struct wire *w, void *bytes, size_t max)
{
    ssize_t n = tls_conn_read(w->tls, bytes, max);
    int code = errno;
    /* The handshake may just have ended: what waited for it leaves. */
    if (n < 0 && code == EAGAIN && wire_flush(w) != 0)
        code = errno;
    want_events(w);
    errno = code;
    return n;
}

ssize_t wire_read(struct wire *w, void *bytes, size_t max)
{
    ssize_t n;
    if (w->tls != NULL)
        return read_secure(w, bytes, max);
    do
        n = read(w->fd, bytes, max);
    while (n < 0 && errno == EINTR);
    return n;
}

const struct error *wire_why(const struct wire *w, int code)
{
    return w->tls != NULL && code == EPROTO ? &w->tls->why : NULL;
}
