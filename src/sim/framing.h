/* The board's end of RPC on a UART: bytes from the host -> frames, frames -> bytes for the host. Pure;
 * written without codec/uart.c, so that the two ends judge each other. Source: the rpc-uart library's
 * behaviour (doc/protocols.md, "UART"). */
#ifndef SIM_FRAMING_H
#define SIM_FRAMING_H

#include "base/buf.h"

#include <stdbool.h>

struct sim_framing {
    struct buf rx;
    size_t limit;      /* largest frame; a longer one is forgotten */
    bool crc;          /* a valid CRC was seen: answers carry one */
    bool legacy;       /* a triple quote was seen: answers are wrapped in them */
    bool owes_newline; /* an empty frame is answered by a line end, with the next output */
};

struct sim_framing_events {
    void (*frame)(void *ctx, const char *json, size_t len);
    void (*handshake)(void *ctx);                /* a frame that is the single byte 0x04 */
    void (*dropped)(void *ctx, const char *why); /* for the journal; the host is told nothing */
};

void sim_framing_start(struct sim_framing *f, size_t limit); /* as after power-up; f was zeroed or started */
void sim_framing_end(struct sim_framing *f);
void sim_framing_feed(struct sim_framing *f, const uint8_t *bytes, size_t len,
                      const struct sim_framing_events *events, void *ctx);

/* Wraps an answer for the wire. */
void sim_framing_wrap(struct sim_framing *f, const char *json, size_t len, struct buf *to);

/* The answer to the handshake. */
void sim_framing_wrap_handshake(struct buf *to);

#endif
