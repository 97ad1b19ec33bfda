/* Byte streams: what the descriptor gives goes to the owner, what the owner sends goes to the descriptor. */
#include "link/impl.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

enum { CHUNK = 16384 };

const char *link_loss_words(const struct link *link, int code)
{
    /* 0 stands for the end of the stream. A pulled USB adapter shows as ENODEV, ENXIO, EIO or a hang-up; a
     * pty whose master is gone as EIO or a hang-up. */
    bool pty = link->ops == &link_pty_ops, tty = link->ops->serial && !link->wire.socket;
    static const struct {
        int code;
        const char *net;
    } words[] = {
        {0,            "the device closed the connection"                                    },
        {ECONNRESET,   "the device reset the connection"                                     },
        {EPIPE,        "the device closed the connection"                                    },
        {ETIMEDOUT,    "the device stopped answering: the network or its power may be gone"  },
        {EHOSTUNREACH, "the device cannot be reached any more: the network may be gone"      },
        {ENETUNREACH,  "the device cannot be reached any more: this machine's network is off"},
    };
    if (tty)
        return pty ? "the program at the other end of the pty is gone"
                   : "the port vanished: cable pulled or board reset";
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (words[i].code == code)
            return words[i].net;
    return strerror(code);
}

static void lose(struct link *link, int code)
{
    link_down_because(link, "%s: %s.", link->url.text, link_loss_words(link, code));
}

static void read_chunk(struct link *link, short revents)
{
    uint8_t chunk[CHUNK];
    ssize_t n = wire_read(&link->wire, chunk, sizeof chunk);
    if (n > 0) {
        link_deliver(link, chunk, (size_t)n);
        return;
    }
    if (n < 0 && errno != EAGAIN)
        lose(link, errno);
    else if (n == 0 || (revents & (POLLHUP | POLLERR)))
        lose(link, 0);
}

static void on_event(void *ctx, short revents)
{
    struct link *link = ctx;
    link_enter(link);
    if (revents & (POLLIN | POLLHUP | POLLERR | POLLNVAL))
        read_chunk(link, revents);
    if (link->state == LINK_READY && (revents & POLLOUT) && wire_flush(&link->wire) != 0)
        lose(link, errno);
    link_leave(link);
}

void link_stream_start(struct link *link, int fd)
{
    wire_start(&link->wire, link->loop, fd, on_event, link);
}

int link_stream_send(struct link *link, const void *bytes, size_t len, struct error *e)
{
    (void)e; /* a write that fails stays queued: the loop meets the same error and reports it */
    wire_queue(&link->wire, bytes, len);
    wire_flush(&link->wire);
    return 0;
}
