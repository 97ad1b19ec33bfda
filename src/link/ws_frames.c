/* WebSocket frames: see ws_frames.h. */
#include "link/ws_frames.h"
#include "base/secret.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wslay/wslay.h>

struct ws_frames {
    wslay_frame_context_ptr codec;
    void (*out)(void *ctx, const void *bytes, size_t len);
    void *ctx;
    size_t max_message;
    struct buf in; /* fed; the first `taken` bytes are with the codec */
    size_t taken;
    struct buf message, control;
    bool in_frame, in_message; /* inside a frame's payload; between the fragments of a message */
    uint64_t got;              /* payload bytes of this frame */
    bool close_sent, ended, pong;
};

static ssize_t take_input(uint8_t *to, size_t len, int flags, void *ctx)
{
    (void)flags;
    struct ws_frames *f = ctx;
    size_t n = f->in.len - f->taken < len ? f->in.len - f->taken : len;
    if (n == 0)
        return -1; /* wslay: nothing now */
    memcpy(to, f->in.data + f->taken, n);
    f->taken += n;
    return (ssize_t)n;
}

static ssize_t put_output(const uint8_t *bytes, size_t len, int flags, void *ctx)
{
    (void)flags;
    struct ws_frames *f = ctx;
    f->out(f->ctx, bytes, len);
    return (ssize_t)len;
}

static int make_mask(uint8_t *to, size_t len, void *ctx)
{
    (void)ctx;
    secret_random(to, len);
    return 0;
}

struct ws_frames *ws_frames_new(size_t max_message, void (*out)(void *ctx, const void *bytes, size_t len),
                                void *ctx)
{
    static const struct wslay_frame_callbacks callbacks = {
        .send_callback = put_output, .recv_callback = take_input, .genmask_callback = make_mask};
    struct ws_frames *f = mem_alloc(sizeof *f);
    *f = (struct ws_frames){.out = out, .ctx = ctx, .max_message = max_message};
    if (wslay_frame_context_init(&f->codec, &callbacks, f) != 0)
        abort(); /* out of memory: as base/buf.h has it */
    return f;
}

void ws_frames_free(struct ws_frames *f)
{
    if (f == NULL)
        return;
    wslay_frame_context_free(f->codec);
    buf_free(&f->in);
    buf_free(&f->message);
    buf_free(&f->control);
    free(f);
}

void ws_frames_feed(struct ws_frames *f, const void *bytes, size_t len)
{
    buf_drop_front(&f->in, f->taken);
    f->taken = 0;
    buf_add(&f->in, bytes, len);
}

/* One whole frame, masked as a client's must be. */
static void send_frame(struct ws_frames *f, uint8_t opcode, const void *bytes, size_t len)
{
    struct wslay_frame_iocb io = {
        .fin = 1, .opcode = opcode, .mask = 1, .payload_length = len, .data = bytes, .data_length = len};
    wslay_frame_send(f->codec, &io); /* put_output takes everything, so it is sent whole */
}

void ws_frames_send_text(struct ws_frames *f, const void *bytes, size_t len)
{
    send_frame(f, WSLAY_TEXT_FRAME, bytes, len);
}

void ws_frames_send_close(struct ws_frames *f, uint16_t status)
{
    uint8_t payload[2] = {(uint8_t)(status >> 8), (uint8_t)status};
    if (!f->close_sent)
        send_frame(f, WSLAY_CONNECTION_CLOSE, payload, status ? 2 : 0);
    f->close_sent = true;
}

const char *ws_close_words(unsigned status, char *to, size_t size)
{
    static const struct {
        unsigned status;
        const char *words;
    } known[] = {
        {1000, "normal closure"                 },
        {1001, "going away"                     },
        {1002, "protocol error"                 },
        {1003, "data of a kind it does not take"},
        {1007, "text that is not UTF-8"         },
        {1008, "against its policy"             },
        {1009, "message too big"                },
        {1010, "an extension is missing"        },
        {1011, "internal error"                 },
        {1012, "restarting"                     },
        {1013, "try again later"                },
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].status == status) {
            snprintf(to, size, "%u (%s)", status, known[i].words);
            return to;
        }
    snprintf(to, size, "%u", status);
    return to;
}

static enum ws_event_kind broken(struct ws_frames *f, uint16_t status, const char *what, struct error *e)
{
    f->ended = true;
    ws_frames_send_close(f, status);
    error_set(e, ERR_CONNECTION, "%s", what);
    return WS_BROKEN;
}

static enum ws_event_kind take_close(struct ws_frames *f, struct error *e)
{
    const uint8_t *p = f->control.data;
    unsigned status = f->control.len >= 2 ? (unsigned)p[0] << 8 | p[1] : 0;
    char words[64], reason[128] = "";
    if (f->control.len > 2)
        text_safe((const char *)p + 2, reason, sizeof reason);
    f->ended = true;
    ws_frames_send_close(f, (uint16_t)status);
    if (status == 0)
        error_set(e, ERR_CONNECTION, "the device closed the WebSocket without a status");
    else
        error_set(e, ERR_CONNECTION, "the device closed the WebSocket with status %s%s%s",
                  ws_close_words(status, words, sizeof words), reason[0] ? ": " : "", reason);
    return WS_CLOSED;
}

/* A frame's first part: may it stand here? NULL, or what is wrong. */
static const char *check_start(const struct ws_frames *f, const struct wslay_frame_iocb *io)
{
    bool data = io->opcode == WSLAY_TEXT_FRAME || io->opcode == WSLAY_BINARY_FRAME;
    bool control = io->opcode >= WSLAY_CONNECTION_CLOSE && io->opcode <= WSLAY_PONG;
    if (io->mask)
        return "the device sent a masked WebSocket frame, which only clients may";
    if (io->rsv)
        return "the device sent a WebSocket frame with reserved bits set";
    if (!data && !control && io->opcode != WSLAY_CONTINUATION_FRAME)
        return "the device sent a WebSocket frame of an unknown kind";
    if (io->opcode == WSLAY_CONTINUATION_FRAME && !f->in_message)
        return "the device sent the middle of a WebSocket message without its beginning";
    if (data && f->in_message)
        return "the device began a WebSocket message inside another one";
    return NULL;
}

/* A frame is whole. WS_NOTHING: go on with the next. */
static enum ws_event_kind end_frame(struct ws_frames *f, const struct wslay_frame_iocb *io, struct error *e)
{
    f->in_frame = false;
    if (io->opcode == WSLAY_CONNECTION_CLOSE)
        return take_close(f, e);
    if (io->opcode == WSLAY_PING && f->pong)
        send_frame(f, WSLAY_PONG, f->control.data, f->control.len);
    if (wslay_is_ctrl_frame(io->opcode))
        return WS_NOTHING;
    f->in_message = !io->fin;
    return io->fin ? WS_MESSAGE : WS_NOTHING;
}

static enum ws_event_kind take_part(struct ws_frames *f, const struct wslay_frame_iocb *io, struct error *e)
{
    bool control = wslay_is_ctrl_frame(io->opcode);
    if (!f->in_frame) {
        const char *wrong = check_start(f, io);
        if (wrong != NULL)
            return broken(f, WSLAY_CODE_PROTOCOL_ERROR, wrong, e);
        if (!control && io->payload_length > f->max_message - f->message.len)
            return broken(f, WSLAY_CODE_MESSAGE_TOO_BIG,
                          "the device sent a WebSocket message larger than is taken", e);
        f->in_frame = true;
        f->got = 0;
        buf_clear(&f->control);
    }
    buf_add(control ? &f->control : &f->message, io->data, io->data_length);
    f->got += io->data_length;
    return f->got == io->payload_length ? end_frame(f, io, e) : WS_NOTHING;
}

enum ws_event_kind ws_frames_next(struct ws_frames *f, bool pong, struct error *e)
{
    f->pong = pong;
    while (!f->ended) {
        struct wslay_frame_iocb io = {0};
        ssize_t n = wslay_frame_recv(f->codec, &io);
        if (n == WSLAY_ERR_WANT_READ)
            return WS_NOTHING;
        if (n < 0)
            return broken(f, WSLAY_CODE_PROTOCOL_ERROR, "the device sent bytes that are no WebSocket frame",
                          e);
        enum ws_event_kind kind = take_part(f, &io, e);
        if (kind != WS_NOTHING)
            return kind;
    }
    return WS_NOTHING;
}

struct buf ws_frames_message(struct ws_frames *f)
{
    struct buf whole = f->message;
    f->message = BUF_INIT;
    return whole;
}
