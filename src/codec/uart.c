/* UART framing: see uart.h. The unit is the line; the legacy delimiter cuts a line into pieces. */
#include "codec/uart.h"
#include "codec/frame.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { XON = 0x11, XOFF = 0x13, HANDSHAKE = 0x04 };
enum { CRC_DIGITS = 8 };
static const char delimiter[] = "\"\"\"";
enum { DELIMITER_LEN = 3 };

/* Places in a log line where a frame may begin that are tried: each costs a checksum over the rest. */
enum { MAX_STARTS = 4 };

/* A line buffer that grew over this is given back after the line. */
enum { KEEP_BYTES = 64 * 1024 };

struct uart_decoder {
    uart_event_fn *fn;
    void *ctx;
    size_t max_line;
    struct buf line;
    bool skipping; /* inside the dropped rest of a line that was too long */
    bool crc_seen;
    char too_long[80];
};

uint32_t uart_crc32(const void *bytes, size_t len)
{
    return (uint32_t)crc32_z(0, bytes, len);
}

void uart_encode(const char *json, size_t len, struct buf *to)
{
    buf_add_byte(to, '\n'); /* ends whatever half line the device still holds */
    buf_add(to, json, len);
    buf_printf(to, "%08" PRIx32 "\n", uart_crc32(json, len));
}

struct uart_decoder *uart_decoder_new(size_t max_line, uart_event_fn *fn, void *ctx)
{
    struct uart_decoder *d = mem_alloc(sizeof *d);
    *d = (struct uart_decoder){.fn = fn, .ctx = ctx, .max_line = max_line};
    snprintf(d->too_long, sizeof d->too_long, "it is longer than %zu bytes", max_line);
    return d;
}

void uart_decoder_free(struct uart_decoder *d)
{
    if (d == NULL)
        return;
    buf_free(&d->line);
    free(d);
}

bool uart_decoder_wants_crc(const struct uart_decoder *d)
{
    return d->crc_seen;
}

size_t uart_decoder_held(const struct uart_decoder *d)
{
    return d->line.len;
}

static void emit(struct uart_decoder *d, enum uart_event_kind kind, const char *text, size_t len,
                 const char *why)
{
    struct uart_event event = {.kind = kind, .text = text, .len = len, .why = why};
    d->fn(d->ctx, &event);
}

static void emit_log(struct uart_decoder *d, const char *text, size_t len)
{
    if (len > 0)
        emit(d, UART_LOG, text, len, NULL);
}

enum crc_state { CRC_NONE, CRC_HOLDS, CRC_FAILS, CRC_OTHER };

/* What stands between the frame's closing brace and the line's end: "", "b4595d92", "b4595d92,more", ",more".
 */
static enum crc_state read_trailer(const char *json, size_t json_len, const char *trailer, size_t len)
{
    const char *comma = memchr(trailer, ',', len);
    size_t n = comma == NULL ? len : (size_t)(comma - trailer);
    if (n == 0)
        return CRC_NONE;
    char digits[CRC_DIGITS + 1] = "";
    if (n != CRC_DIGITS)
        return CRC_OTHER;
    memcpy(digits, trailer, CRC_DIGITS);
    for (size_t i = 0; i < CRC_DIGITS; i++)
        if (!isxdigit((unsigned char)digits[i]))
            return CRC_OTHER;
    return strtoul(digits, NULL, 16) == uart_crc32(json, json_len) ? CRC_HOLDS : CRC_FAILS;
}

static bool is_frame(const char *json, size_t len)
{
    struct frame f;
    bool is = frame_parse(json, len, &f, NULL) == 0;
    frame_free(&f);
    return is;
}

/* A line without a checksum that holds: returns what is wrong with it as a frame, "" when it is one, NULL
 * when it is log text. */
static const char *judge_unchecked(const struct uart_decoder *d, const char *json, size_t len,
                                   enum crc_state crc)
{
    if (crc == CRC_FAILS)
        return "its checksum does not fit: bytes were lost or changed on the way";
    enum frame_shape shape = frame_scan(json, len);
    if (shape == FRAME_SHAPE_DEEP || shape == FRAME_SHAPE_MANY)
        return frame_shape_words(shape);
    if (shape != FRAME_SHAPE_FITS || !is_frame(json, len))
        return NULL;
    if (crc == CRC_OTHER)
        return "what follows it is no checksum";
    return d->crc_seen ? "it has no checksum, though earlier frames had one" : "";
}

/* A piece that begins with '{'. */
static void take_frame(struct uart_decoder *d, const char *text, size_t len)
{
    const char *brace = memrchr(text, '}', len);
    if (brace == NULL) {
        emit_log(d, text, len);
        return;
    }
    size_t json_len = (size_t)(brace - text) + 1;
    enum crc_state crc = read_trailer(text, json_len, brace + 1, len - json_len);
    if (crc == CRC_HOLDS) {
        d->crc_seen = true;
        emit(d, UART_FRAME, text, json_len, NULL);
        return;
    }
    const char *wrong = judge_unchecked(d, text, json_len, crc);
    if (wrong == NULL)
        emit_log(d, text, len);
    else if (*wrong == '\0')
        emit(d, UART_FRAME, text, json_len, NULL);
    else
        emit(d, UART_BAD_FRAME, text, len, wrong);
}

/* Log text, perhaps with a whole checked frame at its end: a log line that was cut short by an answer. */
static void take_text(struct uart_decoder *d, const char *text, size_t len)
{
    const char *brace = memrchr(text, '}', len), *end = text + len;
    const char *start = brace == NULL ? NULL : memmem(text, len, "{\"", 2);
    for (int i = 0; start != NULL && start < brace && i < MAX_STARTS; i++) {
        enum crc_state crc =
            read_trailer(start, (size_t)(brace - start) + 1, brace + 1, (size_t)(end - brace) - 1);
        if (crc == CRC_HOLDS) {
            emit_log(d, text, (size_t)(start - text));
            take_frame(d, start, (size_t)(end - start));
            return;
        }
        if (crc != CRC_FAILS)
            break;
        start = memmem(start + 1, (size_t)(end - start) - 1, "{\"", 2);
    }
    emit_log(d, text, len);
}

static void take_piece(struct uart_decoder *d, const char *text, size_t len)
{
    if (len == 1 && text[0] == HANDSHAKE)
        emit(d, UART_HANDSHAKE, text, len, NULL);
    else if (len > 0 && text[0] == '{')
        take_frame(d, text, len);
    else
        take_text(d, text, len);
}

/* Length of the piece at text: up to the next delimiter or the end. (JSON never holds three quotes in a row.)
 */
static size_t piece_len(const char *text, size_t len)
{
    const char *at = len < DELIMITER_LEN ? NULL : memmem(text, len, delimiter, DELIMITER_LEN);
    return at == NULL ? len : (size_t)(at - text);
}

static bool is_frame_start(const char *text, size_t len)
{
    return len > 0 && (text[0] == '{' || text[0] == HANDSHAKE);
}

/* A log line may hold three quotes as well: it is cut only if that lays a frame bare. */
static bool has_frame_piece(const char *text, size_t len)
{
    for (;;) {
        size_t n = piece_len(text, len);
        if (is_frame_start(text, n))
            return true;
        if (n == len)
            return false;
        text += n + DELIMITER_LEN;
        len -= n + DELIMITER_LEN;
    }
}

static void take_line(struct uart_decoder *d, const char *text, size_t len)
{
    while (len > 0 && text[len - 1] == '\r')
        len--;
    while (len > 0 && text[0] == '\r')
        text++, len--;
    if (len == 0 || (len == DELIMITER_LEN && memcmp(text, delimiter, DELIMITER_LEN) == 0))
        return;
    if (!has_frame_piece(text, len)) {
        take_text(d, text, len);
        return;
    }
    for (;;) {
        size_t n = piece_len(text, len);
        take_piece(d, text, n);
        if (n == len)
            return;
        text += n + DELIMITER_LEN;
        len -= n + DELIMITER_LEN;
    }
}

static void end_line(struct uart_decoder *d)
{
    d->skipping = false;
    if (d->line.len == 0)
        return;
    take_line(d, buf_text(&d->line), d->line.len);
    if (d->line.cap > KEEP_BYTES)
        buf_free(&d->line);
    else
        buf_clear(&d->line);
}

static bool line_starts_frame(const struct uart_decoder *d)
{
    const char *text = buf_text(&d->line);
    size_t n = d->line.len < DELIMITER_LEN ? d->line.len : DELIMITER_LEN;
    return is_frame_start(text, d->line.len) || (n > 0 && memcmp(text, delimiter, n) == 0);
}

static void add_run(struct uart_decoder *d, const uint8_t *bytes, size_t len)
{
    if (d->skipping || len == 0)
        return;
    size_t room = d->max_line - d->line.len;
    buf_add(&d->line, bytes, len < room ? len : room);
    if (len <= room)
        return;
    bool frame = line_starts_frame(d);
    emit(d, frame ? UART_BAD_FRAME : UART_LOG, buf_text(&d->line), d->line.len, frame ? d->too_long : NULL);
    buf_free(&d->line);
    d->skipping = true;
}

void uart_decoder_feed(struct uart_decoder *d, const uint8_t *bytes, size_t len)
{
    size_t start = 0;
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != '\n' && bytes[i] != XON && bytes[i] != XOFF)
            continue;
        add_run(d, bytes + start, i - start);
        start = i + 1;
        if (bytes[i] == '\n')
            end_line(d);
        else
            emit(d, bytes[i] == XON ? UART_XON : UART_XOFF, NULL, 0, NULL);
    }
    add_run(d, bytes + start, len - start);
}

void uart_decoder_flush(struct uart_decoder *d)
{
    static const char handshake[] = "\"\"\"\x04\"\"\"";
    bool answered = d->line.len == sizeof handshake - 1 &&
                    memcmp(buf_text(&d->line), handshake, sizeof handshake - 1) == 0;
    if (d->line.len > 0 && (answered || !line_starts_frame(d)))
        end_line(d);
}
