/* Sockets: see sock.h. */
#include "sim/sock.h"
#include "sim/tls.h"

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
    return s->tls ? sim_tls_read(s->tls, bytes, len) : result(recv(s->fd, bytes, len, 0));
}

ssize_t sim_sock_write(struct sim_sock *s, const void *bytes, size_t len)
{
    return s->tls ? sim_tls_write(s->tls, bytes, len) : result(send(s->fd, bytes, len, MSG_NOSIGNAL));
}

void sim_sock_close(struct sim_sock *s, enum sim_sock_end how)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    sim_tls_close(s->tls, how == SIM_SOCK_FINISH);
    s->tls = NULL;
    if (how == SIM_SOCK_RESET)
        setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(s->fd);
    s->fd = -1;
}
