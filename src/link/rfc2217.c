/* A serial port behind a network port server (rfc2217://host:port, RFC 2217). The stream is the UART's; baud
 * rate, DTR and RTS, flow control and the emptying of buffers go in telnet sub-negotiations, each of which
 * the server confirms. */
#include "base/clock.h"
#include "base/text.h"
#include "link/rfc2217_codec.h"
#include "link/tcp.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 16384, CONFIRMATIONS = 16 };

struct port {
    struct telnet telnet;
    uint8_t ours[256], theirs[256];  /* options: ON, OFF, ASKED; 0: never spoken of */
    bool refused;                    /* the server does not do COM port control */
    unsigned waiting[CONFIRMATIONS]; /* confirmations expected, by command */
    uint32_t baud;                   /* as the server confirmed it */
    struct buf held;                 /* received before the owner had the link */
    struct loop_timer *early;
};

enum { ON = 1, OFF = 2, ASKED = 3 };

/* Options that both sides switch on: bytes as they are, no go-aheads, and COM port control from our side. */
static bool is_wanted(uint8_t option)
{
    return option == TELNET_BINARY || option == TELNET_SGA || option == TELNET_COM_PORT;
}

static void put_command(struct link *link, enum telnet_command command, uint8_t option)
{
    struct buf b = BUF_INIT;
    telnet_put_command(&b, command, option);
    wire_queue(&link->wire, b.data, b.len);
    buf_free(&b);
}

static void put_com(struct link *link, enum com_port command, const void *value, size_t len)
{
    struct port *port = link->own;
    struct buf b = BUF_INIT;
    telnet_put_com(&b, command, value, len);
    wire_queue(&link->wire, b.data, b.len);
    buf_free(&b);
    port->waiting[command]++;
}

static void put_byte(struct link *link, enum com_port command, uint8_t value)
{
    put_com(link, command, &value, 1);
}

/* The server's WILL, WONT, DO, DONT. Each option is answered when its state changes, and only then (RFC 854:
 * no loops). */
static void take_request(struct link *link, uint8_t command, uint8_t option)
{
    struct port *port = link->own;
    bool about_us = command == TELNET_DO || command == TELNET_DONT;
    bool on = command == TELNET_DO || command == TELNET_WILL;
    uint8_t *state = about_us ? &port->ours[option] : &port->theirs[option];
    bool agree = on && is_wanted(option);
    uint8_t next = agree ? ON : OFF;
    if (option == TELNET_COM_PORT && about_us && !on)
        port->refused = true;
    /* What we asked for is not confirmed again; a refusal of what is off already needs no words. */
    bool answer = *state != next && *state != ASKED && (on || *state == ON);
    if (answer && about_us)
        put_command(link, agree ? TELNET_WILL : TELNET_WONT, option);
    else if (answer)
        put_command(link, agree ? TELNET_DO : TELNET_DONT, option);
    *state = next;
}

static void take_sub(struct link *link)
{
    struct port *port = link->own;
    const struct telnet *t = &port->telnet;
    if (t->sb_len < 2 || t->sb[0] != TELNET_COM_PORT)
        return;
    uint8_t command = t->sb[1];
    if (command == COM_SUSPEND || command == COM_RESUME) {
        wire_hold(&link->wire, command == COM_SUSPEND);
        return;
    }
    if (command < COM_CONFIRMED || command >= COM_CONFIRMED + CONFIRMATIONS)
        return; /* line and modem states */
    command -= COM_CONFIRMED;
    if (command == COM_SET_BAUD && t->sb_len >= 6)
        port->baud = (uint32_t)t->sb[2] << 24 | (uint32_t)t->sb[3] << 16 | (uint32_t)t->sb[4] << 8 | t->sb[5];
    if (port->waiting[command] > 0)
        port->waiting[command]--;
}

static void take_data(struct link *link, const uint8_t *run, size_t len)
{
    struct port *port = link->own;
    if (link->state == LINK_OPENING || port->early != NULL)
        buf_add(&port->held, run, len);
    else
        link_deliver(link, run, len);
}

static void take_bytes(struct link *link, const uint8_t *at, size_t len)
{
    struct port *port = link->own;
    const uint8_t *end = at + len, *run;
    size_t run_len;
    uint8_t option;
    enum telnet_event event;
    while (link->state <= LINK_READY &&
           (event = telnet_take(&port->telnet, &at, end, &run, &run_len, &option)) != TELNET_MORE) {
        if (event == TELNET_DATA)
            take_data(link, run, run_len);
        else if (event == TELNET_ASKED)
            take_request(link, port->telnet.command, option);
        else
            take_sub(link);
    }
}

static void lose(struct link *link, int code)
{
    link_down_because(link, "%s: %s.", link->url.text,
                      code == 0 ? "the port server closed the connection" : link_loss_words(link, code));
}

static void on_event(void *ctx, short revents)
{
    struct link *link = ctx;
    uint8_t chunk[CHUNK];
    link_enter(link);
    if (revents & (POLLIN | POLLHUP | POLLERR | POLLNVAL)) {
        ssize_t n = wire_read(&link->wire, chunk, sizeof chunk);
        if (n > 0)
            take_bytes(link, chunk, (size_t)n);
        else if (n == 0 || errno != EAGAIN)
            lose(link, n == 0 ? 0 : errno);
    }
    if (link->state <= LINK_READY && wire_flush(&link->wire) != 0)
        lose(link, errno);
    link_leave(link);
}

/* --- waiting for confirmations -------------------------------------------------------------------------- */

static bool is_agreed(void *ctx)
{
    struct port *port = ((struct link *)ctx)->own;
    return port->refused || port->ours[TELNET_COM_PORT] == ON;
}

static bool is_confirmed(void *ctx)
{
    const struct port *port = ((struct link *)ctx)->own;
    for (int i = 0; i < CONFIRMATIONS; i++)
        if (port->waiting[i] > 0)
            return false;
    return true;
}

static int wait_confirmed(struct link *link, const char *doing, struct error *e)
{
    wire_flush(&link->wire);
    link->deadline = clock_ms() + link->options.open_timeout_ms;
    return link_wait(link, is_confirmed, doing, e);
}

static void put_lines(struct link *link, bool dtr, bool rts)
{
    put_byte(link, COM_SET_CONTROL, dtr ? COM_DTR_ON : COM_DTR_OFF);
    if (!link->options.hw_flow) /* RTS is the port's own then */
        put_byte(link, COM_SET_CONTROL, rts ? COM_RTS_ON : COM_RTS_OFF);
}

static void put_baud(struct link *link, unsigned baud)
{
    const uint8_t value[4] = {(uint8_t)(baud >> 24), (uint8_t)(baud >> 16), (uint8_t)(baud >> 8),
                              (uint8_t)baud};
    ((struct port *)link->own)->baud = 0;
    put_com(link, COM_SET_BAUD, value, sizeof value);
}

static int check_baud(struct link *link, unsigned baud, struct error *e)
{
    const struct port *port = link->own;
    if (port->baud == baud)
        return 0;
    error_set(e, ERR_REFUSED, "The port server at %s does not set %u baud: the port stays at %u.",
              link->url.text, baud, (unsigned)port->baud);
    return error_next(e, "Choose a speed that the port has.");
}

static int rfc2217_set_baud(struct link *link, unsigned baud, struct error *e)
{
    put_baud(link, baud);
    int code = wait_confirmed(link, "Setting the baud rate", e);
    return code != 0 ? code : check_baud(link, baud, e);
}

static int rfc2217_set_lines(struct link *link, bool dtr, bool rts, struct error *e)
{
    put_lines(link, dtr, rts);
    return wait_confirmed(link, "Setting DTR and RTS", e);
}

static int rfc2217_drop_input(struct link *link, struct error *e)
{
    put_byte(link, COM_PURGE, COM_PURGE_RECEIVED);
    return wait_confirmed(link, "Emptying the receive buffer", e);
}

/* --- opening -------------------------------------------------------------------------------------------- */

static void serve_early(void *ctx)
{
    struct link *link = ctx;
    struct port *port = link->own;
    struct buf held = port->held;
    port->held = BUF_INIT;
    port->early = NULL;
    link_enter(link);
    if (held.len > 0)
        link_deliver(link, held.data, held.len);
    buf_free(&held);
    link_leave(link);
}

static int negotiate(struct link *link, struct error *e)
{
    struct port *port = link->own;
    static const struct {
        enum telnet_command command;
        uint8_t option;
    } asked[] = {
        {TELNET_WILL, TELNET_COM_PORT},
        {TELNET_WILL, TELNET_BINARY  },
        {TELNET_DO,   TELNET_BINARY  },
        {TELNET_WILL, TELNET_SGA     },
        {TELNET_DO,   TELNET_SGA     },
    };
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        uint8_t *state = asked[i].command == TELNET_WILL ? port->ours : port->theirs;
        state[asked[i].option] = ASKED;
        put_command(link, asked[i].command, asked[i].option);
    }
    wire_flush(&link->wire);
    int code = link_wait(link, is_agreed, "Agreeing on COM port control", e);
    if (code == ERR_CONNECTION && link->state == LINK_OPENING)
        error_next(e, "If the port server offers a raw socket instead of RFC 2217, use tcp://HOST:PORT.");
    if (code != 0 || !port->refused)
        return code;
    error_set(e, ERR_CONNECTION, "The server at %s speaks telnet but not COM port control (RFC 2217).",
              link->url.text);
    error_next(e, "Use tcp://HOST:PORT if the baud rate is already right and DTR and RTS are not needed.");
    return ERR_CONNECTION;
}

static int set_up(struct link *link, struct error *e)
{
    const struct link_options *o = &link->options;
    put_baud(link, o->baud);
    put_byte(link, COM_SET_DATASIZE, 8);
    put_byte(link, COM_SET_PARITY, COM_PARITY_NONE);
    put_byte(link, COM_SET_STOPSIZE, COM_ONE_STOP_BIT);
    put_byte(link, COM_SET_CONTROL, o->hw_flow ? COM_HARDWARE_FLOW : COM_NO_FLOW);
    if (!o->keep_lines)
        put_lines(link, o->inverted_lines, o->inverted_lines);
    int code = wait_confirmed(link, "Setting up the port", e);
    if (code == 0 && check_baud(link, o->baud, e) != 0)
        code = ERR_CONNECTION;
    if (code == ERR_CONNECTION && e != NULL)
        e->code = code;
    return code;
}

static int rfc2217_open(struct link *link, struct error *e)
{
    struct error why = {0};
    int fd = tcp_connect(link, NULL, NULL, &why);
    int code = fd < 0 ? why.code : 0;
    if (code == 0) {
        struct port *port = mem_alloc(sizeof *port);
        link->own = port;
        wire_start(&link->wire, link->loop, fd, on_event, link);
        code = negotiate(link, &why);
        if (code == 0)
            code = set_up(link, &why);
        if (code == 0)
            port->early = loop_timer_start(link->loop, 0, serve_early, link);
    }
    if (code != 0 && e != NULL)
        *e = why;
    return code;
}

static int rfc2217_send(struct link *link, const void *bytes, size_t len, struct error *e)
{
    struct buf b = {.secret = true};
    telnet_put_data(&b, bytes, len);
    int code = link_stream_send(link, b.data, b.len, e);
    buf_free(&b);
    return code;
}

static void rfc2217_stop(struct link *link)
{
    struct port *port = link->own;
    if (port == NULL)
        return;
    loop_timer_stop(port->early);
    port->early = NULL;
}

static void rfc2217_release(struct link *link)
{
    struct port *port = link->own;
    if (port != NULL)
        buf_free(&port->held);
    free(port);
}

const struct link_ops link_rfc2217_ops = {
    .serial = true,
    .open = rfc2217_open,
    .send = rfc2217_send,
    .stop = rfc2217_stop,
    .release = rfc2217_release,
    .set_lines = rfc2217_set_lines,
    .set_baud = rfc2217_set_baud,
    .drop_input = rfc2217_drop_input,
};
