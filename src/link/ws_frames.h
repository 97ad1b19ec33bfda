/* WebSocket frames to and from bytes, over wslay's frame layer. Pure but for the random masks: no I/O.
 *
 * Not wslay's event layer, for one reason: it closes a connection (1007) whose text message is not valid
 * UTF-8, and devices send such text (a JSON string's "\u00e9" comes back as the single byte 0xE9:
 * doc/protocols.md). So the rules that the event layer would keep are kept here: order of fragments, no mask
 * and no reserved bits from a server, control frames answered, a bound on messages. Source: RFC 6455. */
#ifndef LINK_WS_FRAMES_H
#define LINK_WS_FRAMES_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ws_frames;

enum ws_event_kind {
    WS_NOTHING, /* more bytes are needed */
    WS_MESSAGE, /* one whole message: take it with ws_frames_message */
    WS_CLOSED,  /* the other side closed in order; e says with what status */
    WS_BROKEN,  /* it broke the rules; e says which; a close frame with the fitting status is in `out` */
};

/* Encoded frames (messages, pongs, closes) are appended to `out`, which the caller empties towards the wire.
 */
struct ws_frames *ws_frames_new(size_t max_message, void (*out)(void *ctx, const void *bytes, size_t len),
                                void *ctx);
void ws_frames_free(struct ws_frames *f);

void ws_frames_feed(struct ws_frames *f, const void *bytes, size_t len);
/* The next thing that the fed bytes hold. After WS_CLOSED and WS_BROKEN nothing more comes. Answers pings on
 * the way if `pong` (off while the wire is clogged: a flood of pings must not fill the memory). */
enum ws_event_kind ws_frames_next(struct ws_frames *f, bool pong, struct error *e);
struct buf ws_frames_message(struct ws_frames *f); /* the caller frees it */

void ws_frames_send_text(struct ws_frames *f, const void *bytes, size_t len);
void ws_frames_send_close(struct ws_frames *f, uint16_t status); /* only the first one is sent */

/* "1001 (going away)". `to` holds at least 64. */
const char *ws_close_words(unsigned status, char *to, size_t size);

#endif
