/* RPC framing on the UART, the board's end: see framing.h. */
#include "sim/framing.h"
#include "base/text.h"

#include <ctype.h>
#include <string.h>
#include <zlib.h>

static const char quotes[] = "\"\"\"";
enum { QUOTES = 3, HANDSHAKE = 0x04, XON = 0x11, XOFF = 0x13, CRC_DIGITS = 8 };

void sim_framing_start(struct sim_framing *f, size_t limit)
{
    sim_framing_end(f);
    *f = (struct sim_framing){.limit = limit, .rx = {.secret = true}}; /* frames may carry keys */
}

void sim_framing_end(struct sim_framing *f)
{
    buf_free(&f->rx);
}

static uint32_t crc_of(const void *bytes, size_t len)
{
    return (uint32_t)crc32(crc32(0, NULL, 0), bytes, (uInt)len);
}

/* What stands behind the last brace: eight hex digits and maybe ",more". False: not the CRC of the text. */
static bool check_crc(struct sim_framing *f, const uint8_t *json, size_t len, const uint8_t *meta,
                      size_t meta_len)
{
    while (meta_len > 0 && isspace(meta[meta_len - 1]))
        meta_len--;
    if (meta_len < CRC_DIGITS)
        return true;
    uint8_t sum[CRC_DIGITS / 2];
    if (text_unhex((const char *)meta, CRC_DIGITS, false, sum, sizeof sum) != (int)sizeof sum)
        return false;
    uint32_t crc = crc_of(json, len);
    for (size_t i = 0; i < sizeof sum; i++)
        if (sum[i] != (uint8_t)(crc >> (24 - 8 * i)))
            return false;
    f->crc = true;
    return true;
}

static void take_frame(struct sim_framing *f, size_t len, const struct sim_framing_events *events, void *ctx)
{
    const uint8_t *rx = f->rx.data;
    if (len == 0) {
        f->owes_newline = true;
        return;
    }
    if (len == 1 && rx[0] == HANDSHAKE) {
        events->handshake(ctx);
        return;
    }
    const uint8_t *start = memchr(rx, '{', len);
    if (start == NULL)
        return; /* typed at the console, not meant for RPC */
    const uint8_t *end = memrchr(start, '}', (size_t)(rx + len - start));
    if (end == NULL) {
        events->dropped(ctx, "a frame without its end");
        return;
    }
    end++;
    size_t json_len = (size_t)(end - start);
    if (check_crc(f, start, json_len, end, (size_t)(rx + len - end)))
        events->frame(ctx, (const char *)start, json_len);
    else
        events->dropped(ctx, "a frame with a wrong CRC");
}

/* One byte in; a delimiter ends the frame before it. */
static void take_byte(struct sim_framing *f, uint8_t byte, const struct sim_framing_events *events, void *ctx)
{
    if (byte == XON || byte == XOFF)
        return; /* flow control never reaches the buffer */
    if (byte >= 0x80) {
        if (f->rx.len > 0)
            events->dropped(ctx, "a byte over 0x7f cleared the buffer");
        buf_clear(&f->rx);
        return;
    }
    buf_add_byte(&f->rx, byte);
    size_t len = f->rx.len;
    if (len >= QUOTES && memcmp(f->rx.data + len - QUOTES, quotes, QUOTES) == 0) {
        f->legacy = true;
        take_frame(f, len - QUOTES, events, ctx);
        buf_clear(&f->rx);
    } else if (byte == '\n') {
        take_frame(f, len - 1, events, ctx);
        buf_clear(&f->rx);
    } else if (len > f->limit + 2 * QUOTES) {
        events->dropped(ctx, "a frame over the limit");
        buf_clear(&f->rx);
    }
}

void sim_framing_feed(struct sim_framing *f, const uint8_t *bytes, size_t len,
                      const struct sim_framing_events *events, void *ctx)
{
    for (size_t i = 0; i < len; i++)
        take_byte(f, bytes[i], events, ctx);
}

void sim_framing_wrap(struct sim_framing *f, const char *json, size_t len, struct buf *to)
{
    if (f->owes_newline)
        buf_add_text(to, "\n");
    f->owes_newline = false;
    buf_printf(to, "\n%s", f->legacy ? quotes : "");
    buf_add(to, json, len);
    if (f->crc)
        buf_printf(to, "%08x", (unsigned)crc_of(json, len));
    buf_printf(to, "%s\n", f->legacy ? quotes : "");
}

void sim_framing_wrap_handshake(struct buf *to)
{
    buf_printf(to, "%s%c%s", quotes, HANDSHAKE, quotes);
}
