/* A serial port through libserialport: opened exclusively, 8N1, DTR and RTS released (mos's settings), then
 * its descriptor goes into the loop.
 *
 * Three things are done on the descriptor itself. Both lines change in one TIOCMSET: on boards with the usual
 * two-transistor reset circuit DTR released with RTS asserted resets the chip, and libserialport sets one
 * line after the other. RTS/CTS flow control: libserialport 0.1.1 puts CRTSCTS into c_iflag, where it has no
 * effect. And VMIN = 1, so that an empty buffer reads as EAGAIN and 0 bytes mean a hang-up. */
#include "link/impl.h"
#include "link/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <libserialport.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>

static int serial_error(const struct link *link, const char *doing, struct error *e)
{
    char *text = sp_last_error_message();
    error_set(e, ERR_CONNECTION, "%s %s was not possible: %s.", doing, link->url.text,
              text ? text : "no reason given");
    sp_free_error_message(text);
    return ERR_CONNECTION;
}

/* flock(2) tells programs that take the same lock (picocom, tio, esptool's pyserial); TIOCEXCL makes the
 * kernel answer EBUSY to all others but root. */
static int lock_port(int fd, const char *device, struct error *e)
{
    if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
        return tty_busy(device, e);
    ioctl(fd, TIOCEXCL);
    return 0;
}

static int set_lines(int fd, bool dtr, bool rts, bool keep_rts)
{
    int bits;
    if (ioctl(fd, TIOCMGET, &bits) < 0)
        return -1;
    bits = dtr ? bits | TIOCM_DTR : bits & ~TIOCM_DTR;
    if (!keep_rts)
        bits = rts ? bits | TIOCM_RTS : bits & ~TIOCM_RTS;
    return ioctl(fd, TIOCMSET, &bits);
}

static int serial_set_lines(struct link *link, bool dtr, bool rts, struct error *e)
{
    /* Under RTS/CTS flow control RTS is the kernel's. */
    if (set_lines(link->wire.fd, dtr, rts, link->options.hw_flow) == 0)
        return 0;
    return error_set_errno(e, ERR_CONNECTION, "DTR and RTS of %s could not be set", link->url.text);
}

static int set_termios(int fd, const struct link_options *o)
{
    struct termios t;
    if (tcgetattr(fd, &t) < 0)
        return -1;
    t.c_cflag = o->hw_flow ? t.c_cflag | CRTSCTS : t.c_cflag & ~CRTSCTS;
    if (o->keep_lines)
        t.c_cflag &= ~HUPCL; /* else the kernel drops both lines on close */
    t.c_cc[VMIN] = 1;
    t.c_cc[VTIME] = 0;
    return tcsetattr(fd, TCSANOW, &t);
}

/* Only what is set here changes: -1, a new configuration's value, means "as it is". */
static int set_baud(struct sp_port *port, unsigned baud)
{
    struct sp_port_config *config;
    if (sp_new_config(&config) != SP_OK)
        return -1;
    sp_set_config_baudrate(config, (int)baud);
    sp_set_config_bits(config, 8);
    sp_set_config_parity(config, SP_PARITY_NONE);
    sp_set_config_stopbits(config, 1);
    /* XON and XOFF are part of the stream: who decodes it obeys them. */
    sp_set_config_xon_xoff(config, SP_XONXOFF_DISABLED);
    int code = sp_set_config(port, config);
    sp_free_config(config);
    return code == SP_OK ? 0 : -1;
}

static int serial_set_baud(struct link *link, unsigned baud, struct error *e)
{
    if (baud > INT_MAX)
        return error_set(e, ERR_REFUSED, "%u baud is not a speed that a serial port has.", baud);
    if (set_baud(link->own, baud) == 0)
        return 0;
    char doing[64];
    snprintf(doing, sizeof doing, "Setting %u baud on", baud);
    return serial_error(link, doing, e);
}

static int serial_drop_input(struct link *link, struct error *e)
{
    return sp_flush(link->own, SP_BUF_INPUT) == SP_OK ? 0 : serial_error(link, "Dropping the input of", e);
}

static void serial_stop(struct link *link)
{
    struct sp_port *port = link->own;
    int fd;
    if (port == NULL)
        return;
    if (sp_get_port_handle(port, &fd) == SP_OK && fd >= 0) {
        ioctl(fd, TIOCNXCL);
        sp_close(port);
    }
    sp_free_port(port);
    link->own = NULL;
}

static int open_port(struct sp_port *port, const char *device, struct error *e)
{
    if (sp_open(port, SP_MODE_READ_WRITE) == SP_OK)
        return 0;
    return tty_open_error(device, sp_last_error_code(), e);
}

static int serial_setup(struct link *link, const char *device, int *to, struct error *e)
{
    const struct link_options *o = &link->options;
    struct sp_port *port = link->own;
    if (open_port(port, device, e) != 0)
        return ERR_CONNECTION;
    int fd;
    if (sp_get_port_handle(port, &fd) != SP_OK)
        return serial_error(link, "Using", e);
    fcntl(fd, F_SETFD, FD_CLOEXEC); /* libserialport leaves it open to child processes */
    if (lock_port(fd, device, e) != 0)
        return ERR_CONNECTION;
    if (!o->keep_lines && set_lines(fd, o->inverted_lines, o->inverted_lines, o->hw_flow) < 0)
        return error_set_errno(e, ERR_CONNECTION, "DTR and RTS of %s could not be set", device);
    if (serial_set_baud(link, o->baud, e) != 0)
        return ERR_CONNECTION;
    if (set_termios(fd, o) < 0)
        return error_set_errno(e, ERR_CONNECTION, "The settings of %s could not be made", device);
    *to = fd;
    return 0;
}

static int serial_open(struct link *link, struct error *e)
{
    char device[PATH_MAX];
    if (tty_resolve(link->url.path, device, e) != 0)
        return ERR_CONNECTION;
    struct sp_port *port;
    if (sp_get_port_by_name(device, &port) != SP_OK) {
        error_set(e, ERR_CONNECTION,
                  "%s is not a serial port: the kernel does not list it in /sys/class/tty.", device);
        error_next(e, "Look with the ports command which ones there are.");
        return ERR_CONNECTION;
    }
    link->own = port;
    int fd = -1;
    if (serial_setup(link, device, &fd, e) != 0)
        return ERR_CONNECTION;
    fd = fcntl(fd, F_DUPFD_CLOEXEC, 0); /* the wire's own: libserialport closes its one with the port */
    if (fd < 0)
        return error_set_errno(e, ERR_CONNECTION, "The port %s could not be opened", device);
    link_stream_start(link, fd);
    return 0;
}

const struct link_ops link_serial_ops = {
    .serial = true,
    .open = serial_open,
    .send = link_stream_send,
    .stop = serial_stop,
    .set_lines = serial_set_lines,
    .set_baud = serial_set_baud,
    .drop_input = serial_drop_input,
};
