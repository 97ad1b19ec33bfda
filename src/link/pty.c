/* A pty: a terminal without a wire. libserialport wants modem lines and an entry in /sys/class/tty, and a pty
 * has neither, so termios is used directly. A pty has one program at its other end and is not locked:
 * lockstep-sim's may be watched by others on purpose. */
#include "link/impl.h"
#include "link/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

/* The speeds termios has names for. A pty carries any speed at once, but keeps the figure: a virtual device
 * may pace itself by it. */
static const struct {
    unsigned baud;
    speed_t code;
} speeds[] = {
    {1200,    B1200   },
    {2400,    B2400   },
    {4800,    B4800   },
    {9600,    B9600   },
    {19200,   B19200  },
    {38400,   B38400  },
    {57600,   B57600  },
    {115200,  B115200 },
    {230400,  B230400 },
    {460800,  B460800 },
    {500000,  B500000 },
    {576000,  B576000 },
    {921600,  B921600 },
    {1000000, B1000000},
    {1152000, B1152000},
    {1500000, B1500000},
    {2000000, B2000000},
    {2500000, B2500000},
    {3000000, B3000000},
    {3500000, B3500000},
    {4000000, B4000000},
};

static int pty_set_baud(struct link *link, unsigned baud, struct error *e)
{
    for (size_t i = 0; i < sizeof speeds / sizeof speeds[0]; i++) {
        struct termios t;
        if (speeds[i].baud != baud)
            continue;
        if (tcgetattr(link->wire.fd, &t) == 0 && cfsetspeed(&t, speeds[i].code) == 0 &&
            tcsetattr(link->wire.fd, TCSANOW, &t) == 0)
            return 0;
        return error_set_errno(e, ERR_CONNECTION, "Setting %s to %u baud was not possible", link->url.text,
                               baud);
    }
    return error_set(e, ERR_REFUSED, "%u baud is not a speed that a pty has.", baud);
}

static int pty_open(struct link *link, struct error *e)
{
    char device[PATH_MAX];
    if (tty_resolve(link->url.path, device, e) != 0)
        return ERR_CONNECTION;
    int fd = open(device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return tty_open_error(device, errno, e);
    struct termios t;
    if (tcgetattr(fd, &t) < 0) {
        int code = errno;
        close(fd);
        return tty_open_error(device, code, e);
    }
    cfmakeraw(&t);
    t.c_cflag |= CLOCAL | CREAD;
    t.c_cc[VMIN] = 1; /* an empty buffer reads as EAGAIN, so that 0 bytes mean the end */
    t.c_cc[VTIME] = 0;
    tcsetattr(fd, TCSANOW, &t);
    link_stream_start(link, fd);
    return pty_set_baud(link, link->options.baud, e);
}

static int pty_set_lines(struct link *link, bool dtr, bool rts, struct error *e)
{
    (void)dtr;
    (void)rts;
    return error_set(e, ERR_REFUSED, "%s is a pty: it has no modem lines, so DTR and RTS cannot be set.",
                     link->url.text);
}

static int pty_drop_input(struct link *link, struct error *e)
{
    if (tcflush(link->wire.fd, TCIFLUSH) == 0)
        return 0;
    return error_set_errno(e, ERR_CONNECTION, "The input of %s could not be dropped", link->url.text);
}

const struct link_ops link_pty_ops = {
    .serial = true,
    .open = pty_open,
    .send = link_stream_send,
    .set_lines = pty_set_lines,
    .set_baud = pty_set_baud,
    .drop_input = pty_drop_input,
};
