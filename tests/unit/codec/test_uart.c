/* codec/uart: every form a frame takes on the wire, log lines around it, hostile bytes; always also fed one
 * byte at a time, which must give the same events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "codec/uart.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Events written down as "F(text)L(text)B(text:why)+-H": frame, log, bad frame, XON, XOFF, handshake. */
static void note(void *ctx, const struct uart_event *event)
{
    static const char letters[] = {[UART_FRAME] = 'F', [UART_BAD_FRAME] = 'B', [UART_LOG] = 'L',
                                   [UART_XOFF] = '-',  [UART_XON] = '+',       [UART_HANDSHAKE] = 'H'};
    struct buf *to = ctx;
    buf_add_byte(to, (uint8_t)letters[event->kind]);
    if (event->kind > UART_LOG)
        return;
    buf_add_byte(to, '(');
    buf_add(to, event->text, event->len);
    buf_add_byte(to, ')');
}

static char *events_of(const void *bytes, size_t len, size_t step, size_t max_line)
{
    struct buf seen = BUF_INIT;
    struct uart_decoder *d = uart_decoder_new(max_line, note, &seen);
    for (size_t at = 0; at < len; at += step)
        uart_decoder_feed(d, (const uint8_t *)bytes + at, len - at < step ? len - at : step);
    uart_decoder_free(d);
    return buf_take(&seen);
}

static void gives(const char *bytes, const char *events)
{
    for (size_t step = 1; step <= strlen(bytes) + 1; step++) {
        char *seen = events_of(bytes, strlen(bytes), step, 4096);
        if (strcmp(seen, events) != 0)
            fail_msg("%s\nin steps of %zu gave   %s\ninstead of %s", bytes, step, seen, events);
        free(seen);
    }
}

/* Checksums below come from Python's zlib.crc32. */
#define F1 "{\"id\":1,\"result\":null}"
#define C1 "a6c7fcd6"
#define F2 "{\"id\":2,\"result\":\"}\"}"
#define C2 "be275fc3"

static void test_crc_and_encode(void **state)
{
    (void)state;
    assert_int_equal(uart_crc32("123456789", 9), 0xCBF43926); /* the check value of CRC-32/ISO-HDLC */
    assert_int_equal(uart_crc32("", 0), 0);
    struct buf b = BUF_INIT;
    uart_encode(F1, strlen(F1), &b);
    assert_string_equal(buf_text(&b), "\n" F1 C1 "\n");
    buf_free(&b);
}

static void test_forms_of_a_frame(void **state)
{
    (void)state;
    gives("\n" F1 "\n", "F(" F1 ")");
    gives(F1 "\n", "F(" F1 ")");
    gives("\n" F1 C1 "\n", "F(" F1 ")");
    gives("\r\n" F1 C1 "\r\n", "F(" F1 ")");
    gives("\n" F2 C2 "\n", "F(" F2 ")");
    gives("\n" F2 "BE275FC3\n", "F(" F2 ")");
    gives("\n" F1 C1 ",more,and more\n", "F(" F1 ")");
    gives("\n" F1 ",more\n", "F(" F1 ")");
    gives("\n\"\"\"" F1 C1 "\"\"\"\n", "F(" F1 ")");
    gives("\"\"\"" F1 "\"\"\"\n", "F(" F1 ")");
    gives("\n" F1 C1 "\"\"\"\n", "F(" F1 ")");
    gives("\"\"\"" F1 C1 "\"\"\"\"\"\"" F2 C2 "\"\"\"\n", "F(" F1 ")F(" F2 ")");
    gives("\n\n\n" F1 "\n\n\n" F2 C2 "\n", "F(" F1 ")F(" F2 ")");
}

static void test_flow_and_handshake(void **state)
{
    (void)state;
    gives("\x13{\"id\":\x11"
          "1,\"re\x13sult\":null}a6c7\x11"
          "fcd6\n\x13",
          "-+-+F(" F1 ")-");
    gives("\"\"\"\x04\"\"\"\n", "H");
    gives("\n\x04\n", "H");
    gives("\"\"\"\x04\"\"\"\"\"\"" F1 C1 "\"\"\"\n", "HF(" F1 ")");
    gives("\"\"\"\n\n\"\"\"\n", "");
}

static void test_log_lines(void **state)
{
    (void)state;
    gives("boot\n" F1 C1 "\nafter\r\n", "L(boot)F(" F1 ")L(after)");
    gives("log2" F1 C1 "\n", "L(log2)F(" F1 ")");
    gives("I wifi: {} {\"a\":1} " F1 C1 "\n", "L(I wifi: {} {\"a\":1} )F(" F1 ")");
    gives("got " F1 "\n", "L(got " F1 ")"); /* a log line that quotes a frame */
    gives("got " F1 "00000000\n", "L(got " F1 "00000000)");
    gives("x {\"a\":1} y\n", "L(x {\"a\":1} y)");
    gives("{not json}\n", "L({not json})");
    gives("{\"a\":1}\n", "L({\"a\":1})");
    gives("{\"id\":1, half\n" F1 "\n", "L({\"id\":1, half)F(" F1 ")");
    gives("{\n{}\n}\n", "L({)L({})L(})");
    gives("say \"\"\"hello\"\"\" now\n", "L(say \"\"\"hello\"\"\" now)");
    gives("text\"\"\"" F1 C1 "\"\"\"tail\n", "L(text)F(" F1 ")L(tail)");
    gives("no end", "");
}

static void test_bad_frames(void **state)
{
    (void)state;
    gives("\n" F1 "a6c7fcd7\n" F1 C1 "\n", "B(" F1 "a6c7fcd7)F(" F1 ")");
    gives("{\"id\":1,\"result\":nulk}" C1 "\n", "B({\"id\":1,\"result\":nulk}" C1 ")");
    gives("{not json}deadbeef\n", "B({not json}deadbeef)");
    gives(F1 "a6c7fczz\n", "B(" F1 "a6c7fczz)");
    gives(F1 " a6c7fcd\n", "B(" F1 " a6c7fcd)");
    gives("\n" F1 C1 "\n" F2 "\n", "F(" F1 ")B(" F2 ")"); /* once seen, required */
    gives("\n" F1 C1 "\n{\"a\":1}\n", "F(" F1 ")L({\"a\":1})");
}

static void test_crc_is_wanted_once_seen(void **state)
{
    (void)state;
    struct buf seen = BUF_INIT;
    struct uart_decoder *d = uart_decoder_new(4096, note, &seen);
    uart_decoder_feed(d, (const uint8_t *)F1 "\n", strlen(F1) + 1);
    assert_false(uart_decoder_wants_crc(d));
    uart_decoder_feed(d, (const uint8_t *)F1 "00000000\n", strlen(F1) + 9);
    assert_false(uart_decoder_wants_crc(d));
    uart_decoder_feed(d, (const uint8_t *)F1 C1 "\n", strlen(F1) + 9);
    assert_true(uart_decoder_wants_crc(d));
    uart_decoder_free(d);
    uart_decoder_free(NULL);
    buf_free(&seen);
}

static void test_flush(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *events;
        size_t held;
    } cases[] = {
        {"prompt> ",         "L(prompt> )", 0},
        {"{\"id\":1",        "",            7},
        {"\"\"\"{\"id\"",    "",            8},
        {"\"\"",             "",            2},
        {"\"\"\"\x04\"\"\"", "H",           0},
        {"",                 "",            0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf seen = BUF_INIT;
        struct uart_decoder *d = uart_decoder_new(4096, note, &seen);
        uart_decoder_feed(d, (const uint8_t *)cases[i].bytes, strlen(cases[i].bytes));
        uart_decoder_flush(d);
        assert_string_equal(buf_text(&seen), cases[i].events);
        assert_int_equal(uart_decoder_held(d), cases[i].held);
        uart_decoder_free(d);
        buf_free(&seen);
    }
}

static void test_long_lines(void **state)
{
    (void)state;
    /* Each is told once, cut at the bound, and the next line is read as usual. */
    static const struct {
        char first;
        const char *head;
    } cases[] = {
        {'x', "L(xxxxxxxxxxxxxxxx)F("},
        {'{', "B({{{{{{{{{{{{{{{{)F("}
    };
    for (size_t i = 0; i < 2; i++) {
        char line[40];
        memset(line, cases[i].first, sizeof line);
        struct buf bytes = BUF_INIT;
        buf_add(&bytes, line, sizeof line);
        buf_add_text(&bytes, "\n{\"id\":1}\n");
        for (size_t step = 1; step < 50; step += 7) {
            char *seen = events_of(bytes.data, bytes.len, step, 16);
            assert_memory_equal(seen, cases[i].head, strlen(cases[i].head));
            assert_string_equal(seen + strlen(cases[i].head), "{\"id\":1})");
            free(seen);
        }
        buf_free(&bytes);
    }
    char *exact = events_of("0123456789abcdef\n", 17, 3, 16);
    assert_string_equal(exact, "L(0123456789abcdef)");
    free(exact);
}

struct tally {
    size_t counts[UART_HANDSHAKE + 1];
    size_t longest;
};

static void count(void *ctx, const struct uart_event *event)
{
    struct tally *t = ctx;
    t->counts[event->kind]++;
    if (event->len > t->longest)
        t->longest = event->len;
}

static void test_ten_megabytes_without_newline(void **state)
{
    (void)state;
    struct tally t = {0};
    struct uart_decoder *d = uart_decoder_new(1 << 20, count, &t);
    uint8_t *chunk = mem_alloc(65536);
    memset(chunk, '{', 65536);
    int64_t before = clock_ms();
    for (int i = 0; i < 160; i++)
        uart_decoder_feed(d, chunk, 65536);
    assert_int_equal(t.counts[UART_BAD_FRAME], 1);
    assert_int_equal(t.longest, 1 << 20);
    assert_int_equal(uart_decoder_held(d), 0);
    uart_decoder_feed(d, (const uint8_t *)"\n" F1 "\n", strlen(F1) + 2);
    assert_int_equal(t.counts[UART_FRAME], 1);
    /* Many places where a frame might begin, and a checksum at the end: no quadratic work. */
    for (size_t i = 0; i < 65536; i += 2)
        memcpy(chunk + i, "{\"", 2);
    uart_decoder_feed(d, (const uint8_t *)"x", 1);
    for (int i = 0; i < 15; i++)
        uart_decoder_feed(d, chunk, 65536);
    uart_decoder_feed(d, (const uint8_t *)"}00000000\n", 10);
    assert_int_equal(t.counts[UART_LOG], 1);
    assert_true(clock_ms() - before < 2000);
    free(chunk);
    uart_decoder_free(d);
}

static void test_deep_json_is_a_bad_frame(void **state)
{
    (void)state;
    struct buf b = BUF_INIT, seen = BUF_INIT;
    buf_add_text(&b, "{\"id\":1,\"result\":");
    for (int i = 0; i < 10000; i++)
        buf_add_byte(&b, '[');
    for (int i = 0; i < 10000; i++)
        buf_add_byte(&b, ']');
    buf_add_text(&b, "}\n" F1 "\n");
    struct uart_decoder *d = uart_decoder_new(1 << 20, note, &seen);
    uart_decoder_feed(d, b.data, b.len);
    assert_int_equal(buf_text(&seen)[0], 'B');
    assert_string_equal(buf_text(&seen) + seen.len - strlen("F(" F1 ")"), "F(" F1 ")");
    uart_decoder_free(d);
    buf_free(&b);
    buf_free(&seen);
}

/* Garbage of a fixed seed between good frames, in random cuts: the same events as whole, every frame found.
 */
static void test_garbage(void **state)
{
    (void)state;
    uint32_t seed = 20261120;
    for (int round = 0; round < 30; round++) {
        struct buf b = BUF_INIT;
        for (int i = 0; i < 20; i++) {
            for (int k = 0; k < 100; k++) {
                seed = seed * 1664525 + 1013904223;
                static const char some[] = "{}\"[],:\n\x11\x13\x04";
                uint8_t byte = (uint8_t)(seed >> 16);
                buf_add_byte(&b, byte < 60 ? (uint8_t)some[byte % (sizeof some - 1)] : (uint8_t)(seed >> 24));
            }
            buf_add_text(&b, "\n" F2 C2 "\n");
        }
        char *whole = events_of(b.data, b.len, b.len, 4096), *bytes = events_of(b.data, b.len, 1, 4096);
        assert_string_equal(whole, bytes);
        free(whole);
        free(bytes);
        struct tally t = {0};
        struct uart_decoder *d = uart_decoder_new(4096, count, &t);
        uart_decoder_feed(d, b.data, b.len);
        assert_int_equal(t.counts[UART_FRAME], 20);
        uart_decoder_free(d);
        buf_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crc_and_encode),
        cmocka_unit_test(test_forms_of_a_frame),
        cmocka_unit_test(test_flow_and_handshake),
        cmocka_unit_test(test_log_lines),
        cmocka_unit_test(test_bad_frames),
        cmocka_unit_test(test_crc_is_wanted_once_seen),
        cmocka_unit_test(test_flush),
        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_ten_megabytes_without_newline),
        cmocka_unit_test(test_deep_json_is_a_bad_frame),
        cmocka_unit_test(test_garbage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
