/* The board's UART: framing, output queue, pace, faults. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "sim/fault.h"
#include "sim/framing.h"
#include "sim/outq.h"
#include "sim/pace.h"

#include <stdio.h>
#include <string.h>

/* --- framing -------------------------------------------------------------------------------------------- */

struct seen {
    char frames[8][64];
    int count, handshakes, dropped;
};

static void on_frame(void *ctx, const char *json, size_t len)
{
    struct seen *s = ctx;
    snprintf(s->frames[s->count++ % 8], sizeof s->frames[0], "%.*s", (int)len, json);
}

static void on_handshake(void *ctx)
{
    ((struct seen *)ctx)->handshakes++;
}

static void on_dropped(void *ctx, const char *why)
{
    assert_non_null(why);
    ((struct seen *)ctx)->dropped++;
}

static const struct sim_framing_events events = {on_frame, on_handshake, on_dropped};

static void feed(struct sim_framing *f, struct seen *s, const char *text)
{
    for (const char *p = text; *p; p++) /* byte by byte: a pty cuts where it likes */
        sim_framing_feed(f, (const uint8_t *)p, 1, &events, s);
}

static void frames_come_out_whatever_is_around_them(void **state)
{
    (void)state;
    static const struct {
        const char *in, *frame; /* frame NULL: none comes */
        int dropped;
        bool crc, legacy;
    } cases[] = {
        {"{\"a\":1}\n",             "{\"a\":1}", 0, false, false},
        {"\r\n{\"a\":1}\r\n",       "{\"a\":1}", 0, false, false},
        {"ls -l {\"a\":1}\n",       "{\"a\":1}", 0, false, false},
        {"{\"a\":1}561bacaf\n",     "{\"a\":1}", 0, true,  false},
        {"{\"a\":1}561BACAF,x,y\n", "{\"a\":1}", 0, true,  false},
        {"{\"a\":1}561bacae\n",     NULL,        1, false, false},
        {"{\"a\":1}nonsense\n",     NULL,        1, false, false},
        {"{\"a\":1}short\n",        "{\"a\":1}", 0, false, false},
        {"\"\"\"{\"a\":1}\"\"\"\n", "{\"a\":1}", 0, false, true },
        {"{\"a\n",                  NULL,        1, false, false},
        {"help\n",                  NULL,        0, false, false},
        {"{\"a\x80\":1}\n",         NULL,        1, false, false},
        {"{\"\x11\x13\":1}\n",      "{\"\":1}",  0, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sim_framing f = {0};
        struct seen s = {0};
        sim_framing_start(&f, 4096);
        feed(&f, &s, cases[i].in);
        assert_int_equal(s.count, cases[i].frame ? 1 : 0);
        if (cases[i].frame)
            assert_string_equal(s.frames[0], cases[i].frame);
        assert_int_equal(s.dropped, cases[i].dropped);
        assert_int_equal(f.crc, cases[i].crc);
        assert_int_equal(f.legacy, cases[i].legacy);
        sim_framing_end(&f);
    }
}

static void a_long_frame_is_forgotten(void **state)
{
    (void)state;
    struct sim_framing f = {0};
    struct seen s = {0};
    sim_framing_start(&f, 32);
    feed(&f, &s, "{\"x\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}\n");
    assert_int_equal(s.count, 0);
    assert_true(s.dropped >= 1);
    feed(&f, &s, "{\"b\":2}\n");
    assert_int_equal(s.count, 1);
    assert_true(f.rx.cap < 4096);
    sim_framing_end(&f);
}

static void answers_follow_the_hosts_habits(void **state)
{
    (void)state;
    struct sim_framing f = {0};
    struct seen s = {0};
    struct buf out = BUF_INIT;
    sim_framing_start(&f, 4096);
    feed(&f, &s, "{\"a\":1}\n");
    sim_framing_wrap(&f, "{\"a\":1}", 7, &out);
    assert_string_equal(buf_text(&out), "\n{\"a\":1}\n");
    buf_clear(&out);
    feed(&f, &s, "\n{\"a\":1}561bacaf\n"); /* the empty frame is answered with the next output */
    sim_framing_wrap(&f, "{\"a\":1}", 7, &out);
    assert_string_equal(buf_text(&out), "\n\n{\"a\":1}561bacaf\n");
    buf_clear(&out);
    feed(&f, &s, "\"\"\"\x04\"\"\"");
    assert_int_equal(s.handshakes, 1);
    f.owes_newline = false;
    sim_framing_wrap(&f, "{\"a\":1}", 7, &out);
    assert_string_equal(buf_text(&out), "\n\"\"\"{\"a\":1}561bacaf\"\"\"\n");
    buf_clear(&out);
    sim_framing_wrap_handshake(&out);
    assert_string_equal(buf_text(&out), "\"\"\"\x04\"\"\"");
    sim_framing_start(&f, 4096); /* a reboot forgets */
    assert_false(f.crc || f.legacy);
    buf_free(&out);
    sim_framing_end(&f);
}

/* --- output queue --------------------------------------------------------------------------------------- */

static void add(struct sim_outq *q, const char *text, bool log, int64_t now)
{
    struct buf b = BUF_INIT;
    buf_add_text(&b, text);
    sim_outq_add(q, &b, log, now);
    assert_null(b.data);
}

static void old_log_makes_room_before_answers_do(void **state)
{
    (void)state;
    struct sim_outq q = {.bound = 20, .log_bound = 20};
    add(&q, "log1", true, 0);
    add(&q, "answer1", false, 0);
    add(&q, "log2", true, 0);
    sim_outq_sent(&q, 1); /* log1 has begun: it stays whole */
    add(&q, "answer2", false, 0);
    assert_string_equal(buf_text(&q.head->bytes), "log1");
    assert_string_equal(buf_text(&q.head->next->bytes), "answer1");
    assert_string_equal(buf_text(&q.head->next->next->bytes), "answer2");
    assert_int_equal(q.pending, 3 + 7 + 7);
    add(&q, "answer3", false, 0);
    assert_string_equal(buf_text(&q.head->next->bytes), "answer2");
    sim_outq_clear(&q);
    assert_int_equal(q.pending, 0);
    add(&q, "an answer longer than the bound", false, 0); /* is still sent */
    assert_int_equal(q.pending, 31);
    sim_outq_clear(&q);
}

static void log_has_a_bound_of_its_own(void **state)
{
    (void)state;
    struct sim_outq q = {.bound = 100, .log_bound = 10};
    add(&q, "answer that is long", false, 0);
    add(&q, "log1", true, 0);
    add(&q, "log2", true, 0);
    add(&q, "log3", true, 0);
    assert_string_equal(buf_text(&q.head->bytes), "answer that is long");
    assert_string_equal(buf_text(&q.head->next->bytes), "log2");
    assert_string_equal(buf_text(&q.head->next->next->bytes), "log3");
    assert_null(q.head->next->next->next);
    sim_outq_clear(&q);
}

static void log_grows_old_and_answers_do_not(void **state)
{
    (void)state;
    struct sim_outq q = {.bound = 100, .log_bound = 100};
    add(&q, "log", true, 1000);
    add(&q, "answer", false, 1000);
    add(&q, "new", true, 2000);
    sim_outq_expire(&q, 1500);
    assert_string_equal(buf_text(&q.head->bytes), "answer");
    assert_string_equal(buf_text(&q.head->next->bytes), "new");
    assert_int_equal(q.pending, 9);
    sim_outq_clear(&q);
}

/* --- pace and faults ------------------------------------------------------------------------------------ */

static void ten_bits_a_byte(void **state)
{
    (void)state;
    struct sim_pace p = {0};
    sim_pace_begin(&p, 1000);
    assert_int_equal(sim_pace_bytes(&p, 115200, 1000), 0);
    size_t moved = 0;
    for (int64_t t = 1000; t <= 1001000; t += 2000) {
        sim_pace_begin(&p, t); /* busy: changes nothing */
        size_t n = sim_pace_bytes(&p, 115200, t);
        sim_pace_use(&p, n);
        moved += n;
    }
    assert_int_equal(moved, 11520);
    sim_pace_bytes(&p, 115200, 60000000); /* a sleeping machine catches up 50 ms, not a minute */
    assert_int_equal(sim_pace_bytes(&p, 115200, 60000000), 576);
    sim_pace_idle(&p);
    sim_pace_begin(&p, 70000000);
    assert_int_equal(sim_pace_bytes(&p, 115200, 70000000), 0);
    assert_int_equal(sim_pace_bytes(&p, 1200, 90000000), 6);
    assert_int_equal(sim_pace_bytes(&(struct sim_pace){.busy = true}, 100, 90000000), 1);
}

static void every_nth_byte(void **state)
{
    (void)state;
    uint8_t bytes[] = "abcdefghij";
    uint64_t count = 0;
    assert_int_equal(sim_fault_drop(bytes, 10, 4, &count), 8);
    assert_memory_equal(bytes, "abcefgij", 8);
    assert_int_equal(sim_fault_drop(bytes, 2, 4, &count), 1); /* the 12th is lost: counting went on */
    uint8_t zero[10] = {0};
    count = 0;
    sim_fault_flip(zero, sizeof zero, 5, &count);
    for (size_t i = 0; i < sizeof zero; i++)
        assert_int_equal(zero[i] != 0, i == 4 || i == 9);
    assert_int_equal(sim_fault_drop(bytes, 8, 0, &count), 8);
}

static void fault_specs(void **state)
{
    (void)state;
    struct sim_faults f = {0};
    struct error e = {0};
    assert_int_equal(sim_fault_parse("drop-rx:10", &f, &e), 0);
    assert_int_equal(sim_fault_parse("chip:0xf4", &f, &e), 0);
    assert_int_equal(sim_fault_parse("mute", &f, &e), 0);
    assert_int_equal(f.drop_rx, 10);
    assert_int_equal(f.chip_status, 0xf4);
    assert_int_equal(f.mute, 1);
    static const char *const wrong[] = {
        "",        "drop",    "drop-rx",    "drop-rx:", "drop-rx:0", "mute:1",
        "late:-1", "late:1x", "chip:0x100", "mutes",    "power:0",   "power-ms"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(sim_fault_parse(wrong[i], &f, &e), ERR_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_come_out_whatever_is_around_them),
        cmocka_unit_test(a_long_frame_is_forgotten),
        cmocka_unit_test(answers_follow_the_hosts_habits),
        cmocka_unit_test(old_log_makes_room_before_answers_do),
        cmocka_unit_test(log_has_a_bound_of_its_own),
        cmocka_unit_test(log_grows_old_and_answers_do_not),
        cmocka_unit_test(ten_bits_a_byte),
        cmocka_unit_test(every_nth_byte),
        cmocka_unit_test(fault_specs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
