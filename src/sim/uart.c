/* The UART on a pty: see uart.h. */
#include "sim/uart.h"
#include "base/buf.h"
#include "base/clock.h"
#include "sim/framing.h"
#include "sim/journal.h"
#include "sim/outq.h"
#include "sim/pace.h"
#include "sim/rpc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

enum {
    QUEUE_BOUND = 512 * 1024, /* the longest answer seen on a device has 200 KB */
    LOG_BOUND = 8192,         /* what a driver buffers of the log */
    UNREAD_BOUND = 1024,      /* log is held back while the host leaves this much unread */
    LOG_AGE_MS = 1000,        /* a UART does not keep what nobody reads */
    STALL_MS = 5000,          /* nobody reads: the rest of an answer is lost too */
    HOLD_MS = 5,
    REPLUG_MS = 1000,
};

struct sim_uart {
    struct board *board;
    int master, slave; /* -1 while the cable is out */
    char *path;        /* of the pty */
    struct loop_watch *watch;
    struct loop_timer *timer; /* pace, or log held back */
    struct loop_timer *replug;
    struct sim_outq out;
    struct sim_pace rx_pace, tx_pace;
    struct sim_framing framing;
    struct sim_channel channel;
    bool listening;
    int64_t moved_ms; /* when the wire last took a byte, or had nothing to take */
    uint64_t rx_count, tx_count, flip_count, cut_count;
};

static void pump(struct sim_uart *u);
static void read_some(struct sim_uart *u);

/* --- the pty -------------------------------------------------------------------------------------------- */

static int make_link(const struct sim_uart *u, struct error *e)
{
    const char *link = u->board->options->pty;
    if (link == NULL)
        return 0;
    struct stat st;
    if (lstat(link, &st) == 0 && !S_ISLNK(st.st_mode)) {
        error_set(e, ERR_REFUSED, "The link %s to the pty cannot be made: something else has that name.",
                  link);
        return error_next(e, "Give --pty a path that is free.");
    }
    char *beside = mem_printf("%s.%ld", link, (long)getpid());
    int rc = symlink(u->path, beside) == 0 && rename(beside, link) == 0
                 ? 0
                 : error_set_errno(e, ERR_REFUSED, "The link %s to the pty cannot be made", link);
    if (rc < 0)
        unlink(beside);
    free(beside);
    return rc;
}

/* Only a link that still leads here is taken away. */
static void remove_link(const struct sim_uart *u)
{
    char target[128];
    const char *link = u->board->options->pty;
    ssize_t n = link ? readlink(link, target, sizeof target - 1) : -1;
    if (n < 0)
        return;
    target[n] = '\0';
    if (u->path != NULL && strcmp(target, u->path) == 0)
        unlink(link);
}

static void set_raw(int fd)
{
    struct termios t;
    if (tcgetattr(fd, &t) < 0)
        return;
    cfmakeraw(&t);
    cfsetspeed(&t, B115200);
    tcsetattr(fd, TCSANOW, &t);
}

static void on_pty(void *ctx, short revents)
{
    struct sim_uart *u = ctx;
    if (revents & POLLIN)
        read_some(u);
    if (u->master >= 0 && revents & POLLOUT)
        pump(u);
}

static int open_pty(struct sim_uart *u, struct error *e)
{
    char name[64];
    u->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (u->master < 0 || grantpt(u->master) < 0 || unlockpt(u->master) < 0 ||
        ptsname_r(u->master, name, sizeof name) != 0)
        return error_set_errno(e, ERR_REFUSED, "No pty could be opened for the UART");
    u->slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (u->slave < 0)
        return error_set_errno(e, ERR_REFUSED, "The far end of the pty, %s, could not be opened", name);
    set_raw(u->slave);
    free(u->path);
    u->path = mem_string(name);
    u->watch = loop_watch_start(u->board->loop, u->master, POLLIN, on_pty, u);
    return make_link(u, e);
}

static void close_pty(struct sim_uart *u)
{
    loop_watch_stop(u->watch);
    loop_timer_stop(u->timer);
    u->watch = NULL;
    u->timer = NULL;
    remove_link(u);
    if (u->master >= 0)
        close(u->master);
    if (u->slave >= 0)
        close(u->slave);
    u->master = u->slave = -1;
    sim_outq_clear(&u->out);
    sim_pace_idle(&u->rx_pace);
    sim_pace_idle(&u->tx_pace);
}

/* --- the cable is pulled (--fault cut-tx) --------------------------------------------------------------- */

static void plug_in(void *ctx)
{
    struct sim_uart *u = ctx;
    u->replug = NULL;
    if (open_pty(u, &u->board->failure) < 0) {
        u->board->stop = true;
        return;
    }
    sim_journal_event(u->board->journal, "cable", "plugged in");
    printf("uart %s\n", sim_uart_path(u));
    fflush(stdout);
}

static void pull_cable(struct sim_uart *u)
{
    sim_journal_event(u->board->journal, "cable", "pulled");
    close_pty(u);
    u->replug = loop_timer_start(u->board->loop, REPLUG_MS, plug_in, u);
}

/* --- out ------------------------------------------------------------------------------------------------ */

static const struct {
    speed_t code;
    unsigned baud;
} speeds[] = {
    {B1200,    1200   },
    {B2400,    2400   },
    {B4800,    4800   },
    {B9600,    9600   },
    {B19200,   19200  },
    {B38400,   38400  },
    {B57600,   57600  },
    {B115200,  115200 },
    {B230400,  230400 },
    {B460800,  460800 },
    {B500000,  500000 },
    {B576000,  576000 },
    {B921600,  921600 },
    {B1000000, 1000000},
    {B1152000, 1152000},
    {B1500000, 1500000},
    {B2000000, 2000000},
    {B2500000, 2500000},
    {B3000000, 3000000},
    {B3500000, 3500000},
    {B4000000, 4000000}
};

/* What the host set last. */
static unsigned line_baud(const struct sim_uart *u)
{
    struct termios t;
    if (tcgetattr(u->slave, &t) == 0)
        for (size_t i = 0; i < sizeof speeds / sizeof speeds[0]; i++)
            if (speeds[i].code == cfgetospeed(&t))
                return speeds[i].baud;
    return 115200;
}

static void on_timer(void *ctx)
{
    struct sim_uart *u = ctx;
    u->timer = NULL;
    if (u->rx_pace.busy)
        read_some(u);
    if (u->master >= 0)
        pump(u);
}

static void wake_in(struct sim_uart *u, int64_t ms)
{
    if (u->timer == NULL && u->master >= 0)
        u->timer = loop_timer_start(u->board->loop, ms, on_timer, u);
}

static void watch_events(struct sim_uart *u, bool out)
{
    loop_watch_events(u->watch, (short)((u->rx_pace.busy ? 0 : POLLIN) | (out ? POLLOUT : 0)));
}

/* Log waits while the host does not read, so that a host that comes later finds no hour-old lines. */
static bool held_back(const struct sim_uart *u)
{
    int unread = 0;
    return u->out.head->log && u->out.head->sent == 0 && ioctl(u->slave, FIONREAD, &unread) == 0 &&
           unread > UNREAD_BOUND;
}

/* How much of the head may leave now: all, what the baud rate allows, what is left until the cable is pulled.
 */
static size_t allowance(struct sim_uart *u)
{
    size_t len = u->out.head->bytes.len - u->out.head->sent;
    uint64_t cut = u->board->options->faults.cut_tx;
    if (cut != 0 && u->cut_count < cut && len > cut - u->cut_count)
        len = (size_t)(cut - u->cut_count);
    if (!u->board->options->pace)
        return len;
    sim_pace_begin(&u->tx_pace, clock_us());
    size_t allowed = sim_pace_bytes(&u->tx_pace, line_baud(u), clock_us());
    return len < allowed ? len : allowed;
}

/* Writes what leaves now; false when the wire takes no more at the moment (a timer or POLLOUT goes on). */
static bool write_head(struct sim_uart *u)
{
    if (held_back(u)) {
        wake_in(u, HOLD_MS);
        watch_events(u, false);
        return false;
    }
    size_t len = allowance(u);
    ssize_t n = len == 0 ? 0 : write(u->master, u->out.head->bytes.data + u->out.head->sent, len);
    if (n > 0) {
        u->moved_ms = clock_ms();
        sim_pace_use(&u->tx_pace, (size_t)n);
        sim_outq_sent(&u->out, (size_t)n);
        u->cut_count += (uint64_t)n;
        return true;
    }
    if (u->board->options->pace)
        wake_in(u, SIM_PACE_TICK_MS);
    else
        wake_in(u, HOLD_MS); /* POLLOUT wakes sooner; this one finds out that nobody reads */
    watch_events(u, len > 0 && !u->board->options->pace);
    return false;
}

static void pump(struct sim_uart *u)
{
    uint64_t cut = u->board->options->faults.cut_tx;
    int64_t now = clock_ms();
    sim_outq_expire(&u->out, now - LOG_AGE_MS);
    if (u->out.head != NULL && now - u->moved_ms > STALL_MS)
        sim_outq_clear(&u->out);
    while (u->out.head != NULL) {
        if (!write_head(u))
            return;
        if (cut != 0 && u->cut_count == cut) {
            u->cut_count++; /* once is enough */
            pull_cable(u);
            return;
        }
    }
    u->moved_ms = now;
    sim_pace_idle(&u->tx_pace);
    watch_events(u, false);
}

static void queue(struct sim_uart *u, struct buf *b, bool log)
{
    const struct sim_faults *f = &u->board->options->faults;
    if (b->len > 0) {
        sim_fault_flip(b->data, b->len, f->flip_tx, &u->flip_count);
        b->len = sim_fault_drop(b->data, b->len, f->drop_tx, &u->tx_count);
    }
    if (u->master < 0) {
        buf_free(b);
        return;
    }
    if (u->out.head == NULL)
        u->moved_ms = clock_ms();
    sim_outq_add(&u->out, b, log, clock_ms());
    pump(u);
}

void sim_uart_log(struct sim_uart *uart, const void *text, size_t len)
{
    struct buf b = BUF_INIT;
    buf_add(&b, text, len);
    queue(uart, &b, true);
}

static void send_frame(struct sim_channel *channel, const char *json, size_t len)
{
    struct sim_uart *u = channel->ctx;
    struct buf b = BUF_INIT;
    if (u->board->options->faults.noise)
        sim_fault_noise(&b);
    sim_framing_wrap(&u->framing, json, len, &b);
    queue(u, &b, false);
}

/* --- in ------------------------------------------------------------------------------------------------- */

static void on_frame(void *ctx, const char *json, size_t len)
{
    struct sim_uart *u = ctx;
    if (u->listening)
        sim_rpc_receive(u->board, &u->channel, json, len);
}

static void on_handshake(void *ctx)
{
    struct buf b = BUF_INIT;
    sim_framing_wrap_handshake(&b);
    queue(ctx, &b, false);
}

static void on_dropped(void *ctx, const char *why)
{
    struct sim_uart *u = ctx;
    sim_journal_event(u->board->journal, "drop", why);
}

static void read_some(struct sim_uart *u)
{
    static const struct sim_framing_events events = {on_frame, on_handshake, on_dropped};
    uint8_t bytes[4096];
    size_t want = sizeof bytes;
    if (u->board->options->pace) {
        sim_pace_begin(&u->rx_pace, clock_us());
        size_t allowed = sim_pace_bytes(&u->rx_pace, line_baud(u), clock_us());
        want = want < allowed ? want : allowed;
    }
    ssize_t n = want == 0 ? 0 : read(u->master, bytes, want);
    if (u->board->options->pace && (want == 0 || n == (ssize_t)want)) {
        sim_pace_use(&u->rx_pace, (size_t)n); /* more may wait: the line stays busy */
        wake_in(u, SIM_PACE_TICK_MS);
    } else {
        sim_pace_idle(&u->rx_pace);
    }
    watch_events(u, u->out.head != NULL && !u->board->options->pace);
    if (n <= 0 || !u->listening)
        return;
    size_t len = sim_fault_drop(bytes, (size_t)n, u->board->options->faults.drop_rx, &u->rx_count);
    sim_framing_feed(&u->framing, bytes, len, &events, u);
}

/* --- life ----------------------------------------------------------------------------------------------- */

int sim_uart_open(struct board *b, struct sim_uart **uart, struct error *e)
{
    struct sim_uart *u = *uart = mem_alloc(sizeof *u);
    u->board = b;
    u->master = u->slave = -1;
    u->out.bound = QUEUE_BOUND;
    u->out.log_bound = LOG_BOUND;
    u->channel = (struct sim_channel){.type = "UART", .frame = send_frame, .ctx = u};
    snprintf(u->channel.info, sizeof u->channel.info, "UART0");
    return open_pty(u, e);
}

void sim_uart_close(struct sim_uart *uart)
{
    if (uart == NULL)
        return;
    loop_timer_stop(uart->replug);
    close_pty(uart);
    sim_framing_end(&uart->framing);
    free(uart->path);
    free(uart);
}

void sim_uart_boot(struct sim_uart *uart, bool rpc, size_t limit)
{
    sim_framing_start(&uart->framing, limit);
    uart->listening = rpc;
    if (rpc)
        sim_rpc_add(uart->board, &uart->channel);
}

void sim_uart_halt(struct sim_uart *uart)
{
    if (uart->listening)
        sim_rpc_remove(uart->board, &uart->channel);
    uart->listening = false;
}

const char *sim_uart_path(const struct sim_uart *uart)
{
    const char *link = uart->board->options->pty;
    return link ? link : uart->path;
}
