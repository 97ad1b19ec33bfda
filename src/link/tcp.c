/* TCP: see tcp.h; and the link of that name, a UART's stream behind a socket. */
#include "link/tcp.h"
#include "base/clock.h"
#include "link/resolve.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

int tcp_start(const struct sockaddr *address, socklen_t len)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* frames are small and answered one by one */
    if (connect(fd, address, len) == 0 || errno == EINPROGRESS)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

int tcp_result(int fd)
{
    int code = 0;
    socklen_t len = sizeof code;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len) < 0 ? errno : code;
}

int tcp_error(const struct link *link, int code, struct error *e)
{
    static const struct {
        int code;
        const char *what, *next;
    } words[] = {
        {ECONNREFUSED, "the connection was refused: nothing listens on that port",
         "Check the port number, and that the device's server is switched on (http.enable)."                                       },
        {EHOSTUNREACH, "the host cannot be reached: no such machine on the network, or it is off",
         "Check the address and the device's power and network."                                                                   },
        {ENETUNREACH,  "this machine has no network that leads there",                             "Check this machine's network." },
        {ETIMEDOUT,    "the host does not answer",
         "Check the address, the device's power, and that no firewall is between."                                                 },
        {ECONNRESET,   "the connection was reset before anything was said",
         "The device may be out of connections: try again."                                                                        },
        {EACCES,       "this machine does not allow connections there",                            "Check this machine's firewall."},
    };
    const struct link_url *url = &link->url;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (words[i].code == code) {
            error_set(e, ERR_CONNECTION, "Connecting to %s port %u: %s.", url->host, url->port,
                      words[i].what);
            error_next(e, "%s", words[i].next);
            return ERR_CONNECTION;
        }
    errno = code;
    return error_set_errno(e, ERR_CONNECTION, "Connecting to %s port %u", url->host, url->port);
}

static void on_writable(void *ctx, short revents)
{
    (void)revents;
    *(bool *)ctx = true;
}

static bool is_set(void *ctx)
{
    return *(bool *)ctx;
}

/* One address: the descriptor, or -1 and *code an errno, or ERR_INTERRUPTED. */
static int try_address(struct link *link, const struct addrinfo *a, int64_t deadline, int *code)
{
    int fd = tcp_start(a->ai_addr, a->ai_addrlen);
    if (fd < 0) {
        *code = errno;
        return -1;
    }
    bool ready = false;
    struct loop_watch *watch = loop_watch_start(link->loop, fd, POLLOUT, on_writable, &ready);
    enum loop_result r = loop_run_until(link->loop, is_set, &ready, deadline);
    loop_watch_stop(watch);
    *code = r == LOOP_DONE ? tcp_result(fd) : r == LOOP_TIMEOUT ? ETIMEDOUT : ERR_INTERRUPTED;
    if (*code == 0)
        return fd;
    close(fd);
    return -1;
}

int tcp_connect(struct link *link, struct sockaddr_storage *used, socklen_t *used_len, struct error *e)
{
    struct addrinfo *list;
    if (resolve_host(link, &list, e) != 0)
        return -1;
    int left = 0, fd = -1, code = ENETUNREACH;
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next)
        left++;
    for (const struct addrinfo *a = list; a != NULL && fd < 0 && code != ERR_INTERRUPTED; a = a->ai_next) {
        /* An address that never answers must not use up the time of the ones behind it. */
        int64_t now = clock_ms(), share = (link->deadline - now) / left--;
        fd = try_address(link, a, now + (share > 0 ? share : 0), &code);
        if (fd >= 0 && used != NULL) {
            memcpy(used, a->ai_addr, a->ai_addrlen);
            *used_len = a->ai_addrlen;
        }
    }
    freeaddrinfo(list);
    if (fd >= 0)
        return fd;
    if (code == ERR_INTERRUPTED)
        error_set(e, ERR_INTERRUPTED, "Connecting to %s was interrupted.", link->url.text);
    else
        tcp_error(link, code, e);
    return -1;
}

static int tcp_open(struct link *link, struct error *e)
{
    struct error why = {0};
    int fd = tcp_connect(link, NULL, NULL, &why);
    if (fd >= 0) {
        link_stream_start(link, fd);
        return 0;
    }
    if (e != NULL)
        *e = why;
    return why.code;
}

const struct link_ops link_tcp_ops = {.open = tcp_open, .send = link_stream_send};
