/* WebSocket frames: what a server may and may not send, byte by byte; what we send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "link/ws_frames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct side {
    struct ws_frames *frames;
    struct buf out;
};

static void keep(void *ctx, const void *bytes, size_t len)
{
    buf_add(&((struct side *)ctx)->out, bytes, len);
}

static void side_new(struct side *s, size_t max)
{
    *s = (struct side){0};
    s->frames = ws_frames_new(max, keep, s);
}

static void side_free(struct side *s)
{
    ws_frames_free(s->frames);
    buf_free(&s->out);
}

/* Feeds in steps; joins the messages with '|'; returns the last event. */
static enum ws_event_kind feed(struct side *s, const void *bytes, size_t len, size_t step,
                               struct buf *messages, struct error *e)
{
    enum ws_event_kind kind = WS_NOTHING;
    for (size_t at = 0; at < len && kind == WS_NOTHING; at += step) {
        ws_frames_feed(s->frames, (const uint8_t *)bytes + at, len - at < step ? len - at : step);
        while ((kind = ws_frames_next(s->frames, true, e)) == WS_MESSAGE) {
            struct buf m = ws_frames_message(s->frames);
            buf_add(messages, buf_text(&m), m.len);
            buf_add_byte(messages, '|');
            buf_free(&m);
        }
    }
    return kind;
}

#define BYTES(s) s, sizeof s - 1

static void test_good(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        const char *messages;
    } good[] = {
        {BYTES("\x81\x05hello"),                                    "hello|"   },
        {BYTES("\x82\x02{}\x81\x00"),                               "{}||"     },
        {BYTES("\x01\x03hel\x80\x02lo"),                            "hello|"   },
        {BYTES("\x01\x03hel\x00\x01l\x89\x02pp\x80\x01o\x81\x01x"), "hello|x|" },
        {BYTES("\x81\x03\"\xe9\""),                                 "\"\xe9\"|"}, /* not UTF-8, and taken */
        {BYTES("\x8a\x01z\x81\x01x"),                               "x|"       }, /* a pong nobody asked for */
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        for (size_t step = 1; step < 40; step = step * 3 + 1) {
            struct side s;
            struct buf messages = BUF_INIT;
            struct error e = {0};
            side_new(&s, 100);
            assert_int_equal(feed(&s, good[i].bytes, good[i].len, step, &messages, &e), WS_NOTHING);
            assert_string_equal(buf_text(&messages), good[i].messages);
            buf_free(&messages);
            side_free(&s);
        }
}

/* Takes a client's frame apart: checks the mask bit, unmasks. Returns the payload. */
static struct buf unmask(const struct buf *out, uint8_t first)
{
    struct buf b = BUF_INIT;
    assert_true(out->len >= 6);
    assert_int_equal(out->data[0], first);
    assert_int_equal(out->data[1] & 0x80, 0x80);
    size_t len = out->data[1] & 0x7f, at = 2;
    if (len == 126) {
        len = (size_t)out->data[2] << 8 | out->data[3];
        at = 4;
    }
    assert_int_equal(out->len, at + 4 + len);
    for (size_t i = 0; i < len; i++)
        buf_add_byte(&b, out->data[at + 4 + i] ^ out->data[at + i % 4]);
    return b;
}

static void check_close(const struct side *s, unsigned status)
{
    struct buf b = unmask(&s->out, 0x88);
    assert_int_equal(b.len, status ? 2 : 0);
    if (status)
        assert_int_equal(b.data[0] << 8 | b.data[1], status);
    buf_free(&b);
}

static void test_broken(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        unsigned status;
        const char *says;
    } bad[] = {
        {BYTES("\x81\x85"
               "abcdhello"),
         1002,                                                     "masked"               },
        {BYTES("\xc1\x01x"),                                 1002, "reserved bits"        },
        {BYTES("\x83\x01x"),                                 1002, "unknown kind"         },
        {BYTES("\x8b\x01x"),                                 1002, "unknown kind"         },
        {BYTES("\x80\x01x"),                                 1002, "without its beginning"},
        {BYTES("\x01\x01x\x81\x01y"),                        1002, "inside another"       },
        {BYTES("\x09\x01x"),                                 1002, "no WebSocket frame"   }, /* a fragmented ping */
        {BYTES("\x89\x7e\x00\x80"),                          1002, "no WebSocket frame"   }, /* a ping of 128 bytes */
        {BYTES("\x81\x7e\x00\x05hello"),                     1002, "no WebSocket frame"   }, /* length not the shortest */
        {BYTES("\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xffx"), 1002,
         "no WebSocket frame"                                                             }, /* top bit of the length */
        {BYTES("\x81\x65x"),                                 1009, "larger than"          },
        {BYTES("\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xffx"), 1009, "larger than"          },
        {BYTES("\x01\x01x\x80\x64y"),                        1009, "larger than"          }, /* 1 + 100 */
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        for (size_t step = 1; step < 40; step = step * 3 + 1) {
            struct side s;
            struct buf messages = BUF_INIT;
            struct error e = {0};
            side_new(&s, 100);
            if (feed(&s, bad[i].bytes, bad[i].len, step, &messages, &e) != WS_BROKEN ||
                strstr(e.message, bad[i].says) == NULL)
                fail_msg("%zu in steps of %zu: %s", i, step, e.message);
            check_close(&s, bad[i].status);
            ws_frames_feed(s.frames, BYTES("\x81\x01x"));
            assert_int_equal(ws_frames_next(s.frames, true, &e), WS_NOTHING); /* nothing more comes */
            buf_free(&messages);
            side_free(&s);
        }
}

static void test_close(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        unsigned status;
        const char *says;
    } closes[] = {
        {BYTES("\x88\x00"),                  0,    "without a status"           },
        {BYTES("\x88\x02\x03\xe8"),          1000, "1000 (normal closure)"      },
        {BYTES("\x88\x06\x03\xe9"
               "bye\x07"),
         1001,                                     "1001 (going away): bye\\x07"},
        {BYTES("\x01\x01x\x88\x02\x0f\xa0"), 4000, "status 4000"                }, /* in the middle of a message */
    };
    for (size_t i = 0; i < sizeof closes / sizeof closes[0]; i++) {
        struct side s;
        struct buf messages = BUF_INIT;
        struct error e = {0};
        side_new(&s, 100);
        assert_int_equal(feed(&s, closes[i].bytes, closes[i].len, 1, &messages, &e), WS_CLOSED);
        if (strstr(e.message, closes[i].says) == NULL)
            fail_msg("%zu: %s", i, e.message);
        check_close(&s, closes[i].status);
        ws_frames_send_close(s.frames, 1000);
        check_close(&s, closes[i].status); /* only one is sent */
        assert_int_equal(messages.len, 0);
        side_free(&s);
    }
}

static void test_ping(void **state)
{
    (void)state;
    struct side s;
    struct error e;
    side_new(&s, 100);
    ws_frames_feed(s.frames, BYTES("\x89\x04ping"));
    assert_int_equal(ws_frames_next(s.frames, true, &e), WS_NOTHING);
    struct buf b = unmask(&s.out, 0x8a);
    assert_string_equal(buf_text(&b), "ping");
    buf_free(&b);
    buf_clear(&s.out);
    ws_frames_feed(s.frames, BYTES("\x89\x04ping"));
    assert_int_equal(ws_frames_next(s.frames, false, &e), WS_NOTHING); /* a clogged wire: no answer */
    assert_int_equal(s.out.len, 0);
    side_free(&s);
}

static void test_send(void **state)
{
    (void)state;
    struct side s;
    struct buf masks = BUF_INIT;
    side_new(&s, 100);
    static char text[3064];
    memset(text, 'j', sizeof text);
    for (int i = 0; i < 8; i++) {
        size_t len = i % 2 ? sizeof text : 5;
        buf_clear(&s.out);
        ws_frames_send_text(s.frames, text, len);
        struct buf b = unmask(&s.out, 0x81);
        assert_int_equal(b.len, len);
        assert_memory_equal(b.data, text, len);
        buf_add(&masks, s.out.data + (i % 2 ? 4 : 2), 4);
        buf_free(&b);
    }
    for (int i = 1; i < 8;
         i++) /* a new mask for each frame: eight equal ones by chance are out of the question */
        assert_memory_not_equal(masks.data, masks.data + 4 * i, 4);
    buf_free(&masks);
    side_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good), cmocka_unit_test(test_broken), cmocka_unit_test(test_close),
        cmocka_unit_test(test_ping), cmocka_unit_test(test_send),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
