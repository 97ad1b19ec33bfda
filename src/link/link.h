/* A link carries bytes (serial, pty, tcp) or whole messages (WebSocket, HTTP) to and from a device. One
 * interface.
 *
 * Everything is driven by the loop: bytes arrive by callback, sends are queued and leave when the wire takes
 * them. Callbacks may call link_send and link_close. After `closed` no callback comes any more. */
#ifndef LINK_LINK_H
#define LINK_LINK_H

#include "base/error.h"
#include "base/loop.h"
#include "link/tls.h"
#include "link/url.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct link;

struct link_events {
    /* A chunk of the stream, or one whole message. Never more than 64 KiB at once for streams; messages are
     * bounded by options.max_message. */
    void (*data)(void *ctx, const uint8_t *bytes, size_t len);
    /* The wire is gone: why->message says how (peer closed, reset, cable pulled, bad WebSocket frame). */
    void (*closed)(void *ctx, const struct error *why);
};

struct link_options {
    int64_t open_timeout_ms; /* connect and handshake; 0: 10 000. HTTP: a request silent for twice as long
                              * gives way to the next one */
    unsigned baud;           /* serial; 0: 115200 */
    bool keep_lines;         /* leave DTR and RTS as they are (--set-control-lines=false) */
    bool inverted_lines;     /* --inverted-control-lines: both asserted on open, else both released */
    bool hw_flow;            /* --hw-flow-control: RTS/CTS */
    const struct link_tls
        *tls;           /* wss, https: trust, client certificate, name; NULL: the defaults of link/tls.h */
    size_t max_message; /* largest message taken from the peer; 0: 8 MiB */
};

/* Opens and waits (turning the loop) until the link is ready. On failure ERR_CONNECTION, or ERR_INTERRUPTED;
 * the message tells apart: no such port, no permission (which group), port busy (by whom, if /proc tells),
 * host unknown, connection refused, no answer, handshake refused (HTTP status, wrong Sec-WebSocket-Accept),
 * and all that can be wrong with a certificate. Of the TLS options: ERR_USAGE when they contradict or are
 * malformed, ERR_REFUSED when a file of ours cannot be used or its password is wrong. */
int link_open(struct loop *loop, const struct link_url *url, const struct link_options *options,
              const struct link_events *events, void *ctx, struct link **link, struct error *e);

/* Queues bytes, or one message. ERR_CONNECTION when the link is closed; ERR_REFUSED when a message is over
 * the device's limit for this kind of link (codec/frame.h). */
int link_send(struct link *link, const void *bytes, size_t len, struct error *e);

size_t link_pending(const struct link *link);     /* bytes queued and not yet taken by the kernel */
bool link_is_message(const struct link *link);    /* true: ws, http */
bool link_is_serial(const struct link *link);     /* true: serial, pty, rfc2217 */
size_t link_frame_limit(const struct link *link); /* largest frame the device's side takes, bytes */
const char *link_name(const struct link *link);   /* as in the URL, printable */

/* Serial ports, here (serial) and elsewhere (rfc2217: waits for the port server's confirmation); others
 * ERR_REFUSED. A pty has no modem lines: ERR_REFUSED with that said. */
int link_set_lines(struct link *link, bool dtr, bool rts, struct error *e);
int link_set_baud(struct link *link, unsigned baud, struct error *e);
int link_drop_input(struct link *link, struct error *e); /* forgets what was received and not yet read */
/* Holds back writing (XOFF) or lets it go on (XON). */
void link_hold(struct link *link, bool hold);

void link_close(struct link *link); /* NULL is fine; no callback comes */

/* Serial ports of this machine, for `ports` and the default of --port. Free with link_ports_free. */
struct link_port {
    char *path;
    char *description; /* "CP2102 USB to UART", may be "" */
    int vid, pid;      /* USB ids, -1 when not USB */
};
size_t link_ports(struct link_port **ports);
void link_ports_free(struct link_port *ports, size_t count);

#endif
