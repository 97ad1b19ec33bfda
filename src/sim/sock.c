/* Sockets: see sock.h. */
#include "sim/sock.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static ssize_t result(ssize_t n)
{
    if (n > 0)
        return n;
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) ? SIM_SOCK_AGAIN
                                                                                : SIM_SOCK_GONE;
}

ssize_t sim_sock_read(struct sim_sock *s, void *bytes, size_t len)
{
    return result(recv(s->fd, bytes, len, 0));
}

ssize_t sim_sock_write(struct sim_sock *s, const void *bytes, size_t len)
{
    return len == 0 ? 0 : result(send(s->fd, bytes, len, MSG_NOSIGNAL));
}

void sim_sock_close(struct sim_sock *s, bool reset)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    if (reset)
        setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(s->fd);
    s->fd = -1;
}
