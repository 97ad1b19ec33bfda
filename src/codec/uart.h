/* RPC frames on a UART that also carries the log: bytes <-> events. Pure.
 * Source: mos and the rpc-uart library's wire behaviour (doc/protocols.md, "UART").
 *
 * Host to device: "\n" JSON CRC32-as-8-hex "\n". Device to host: "\n{…}[crc]\n", or between """ delimiters;
 * log lines anywhere around it, XON 0x11 and XOFF 0x13 anywhere in it. */
#ifndef CODEC_UART_H
#define CODEC_UART_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum uart_event_kind {
    UART_FRAME,     /* text/len: the JSON, CRC already checked and cut off */
    UART_BAD_FRAME, /* text/len: what looked like a frame; `why` says what was wrong */
    UART_LOG,       /* text/len: one log line, raw bytes, no line end */
    UART_XOFF,
    UART_XON,
    UART_HANDSHAKE, /* a lone 0x04 frame: the device answers mos's handshake */
};

struct uart_event {
    enum uart_event_kind kind;
    const char *text; /* valid during the callback only; not NUL-terminated */
    size_t len;
    const char *why;
};

typedef void uart_event_fn(void *ctx, const struct uart_event *event);

struct uart_decoder;

/* Same events however the bytes are cut into feeds. fn must neither feed nor free the decoder.
 *
 * A line that begins with '{' is a frame when its checksum holds, or when it has none (none was seen so far)
 * and is JSON with an id or a method; with a checksum that does not hold it is a UART_BAD_FRAME; anything
 * else is a log line. A frame right behind log text on one line is taken only with a checksum that holds, so
 * that a log line that quotes a frame stays one.
 *
 * max_line bounds what one line may hold (bytes; the rest of a longer one is dropped and told once as a
 * UART_BAD_FRAME or cut UART_LOG), so memory stays bounded whatever the device sends. */
struct uart_decoder *uart_decoder_new(size_t max_line, uart_event_fn *fn, void *ctx);
void uart_decoder_free(struct uart_decoder *d);
void uart_decoder_feed(struct uart_decoder *d, const uint8_t *bytes, size_t len);

/* Ends a partial line (a quiet wire after "log text without newline"): it becomes a UART_LOG if it is no
 * frame start. */
void uart_decoder_flush(struct uart_decoder *d);

/* Bytes of the unfinished line; 0 when there is nothing to flush. */
size_t uart_decoder_held(const struct uart_decoder *d);

/* True once a valid CRC was seen: from then on a frame without one is a UART_BAD_FRAME. */
bool uart_decoder_wants_crc(const struct uart_decoder *d);

/* Wraps one frame for the wire. */
void uart_encode(const char *json, size_t len, struct buf *to);

/* CRC-32 (IEEE 802.3, as zlib's crc32). */
uint32_t uart_crc32(const void *bytes, size_t len);

#endif
