/* RFC 2217: telnet as bytes, and links against a small port server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "link/rfc2217_codec.h"
#include "peer.h"

/* --- bytes ---------------------------------------------------------------------------------------------- */

static void test_put(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    telnet_put_data(&b,
                    "\xff"
                    "a\xff\xff",
                    4);
    assert_int_equal(b.len, 7);
    assert_memory_equal(b.data,
                        "\xff\xff"
                        "a\xff\xff\xff\xff",
                        7);
    buf_clear(&b);
    telnet_put_com(&b, COM_SET_BAUD, "\0\0\xff\1", 4);
    assert_int_equal(b.len, 11);
    assert_memory_equal(b.data, "\xff\xfa\x2c\x01\0\0\xff\xff\1\xff\xf0", 11);
    buf_clear(&b);
    telnet_put_command(&b, TELNET_WILL, TELNET_COM_PORT);
    assert_memory_equal(b.data, "\xff\xfb\x2c", 3);
    buf_free(&b);
}

/* What a stream says, as text: data as it is, "[251 44]" for a request, "{44 101 …}" for a sub-negotiation.
 */
static void decode(const uint8_t *bytes, size_t len, size_t step, struct buf *to)
{
    struct telnet t = {0};
    for (size_t at = 0; at < len; at += step) {
        const uint8_t *p = bytes + at, *end = p + (len - at < step ? len - at : step), *run;
        size_t run_len;
        uint8_t option;
        enum telnet_event event;
        while ((event = telnet_take(&t, &p, end, &run, &run_len, &option)) != TELNET_MORE) {
            if (event == TELNET_DATA)
                buf_add(to, run, run_len);
            else if (event == TELNET_ASKED)
                buf_printf(to, "[%u %u]", t.command, option);
            else
                buf_printf(to, "{%u %u %zu}", t.sb[0], t.sb[1], t.sb_len);
        }
        assert_ptr_equal(p, end);
    }
}

static void test_take(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        const char *text;
    } cases[] = {
        {"abc",                                           3,  "abc"             },
        {"a\xff\xff"
         "b",                                    4,
         "a\xff"
         "b"                                                                    },
        {"\xff\xfb\x2c\xff\xfd\0x",                       7,  "[251 44][253 0]x"},
        {"a\xff\xf1"
         "b\xff\xf9"
         "c",                                    7,  "abc"             }, /* no-operation and go-ahead */
        {"\xff\xfa\x2c\x65\0\1\xc2\0\xff\xf0z",           11, "{44 101 6}z"     },
        {"\xff\xfa\x2c\x65\0\0\xff\xff\xff\xff\xff\xf0z", 13, "{44 101 6}z"     },
        {"\xff\xfa\x2c\x65",                              4,  ""                },
        {"\xff",                                          1,  ""                },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t step = 1; step <= cases[i].len; step++) {
            struct buf text = BUF_INIT;
            decode((const uint8_t *)cases[i].bytes, cases[i].len, step, &text);
            assert_string_equal(buf_text(&text), cases[i].text);
            buf_free(&text);
        }
}

static void test_long_sub(void **state)
{
    (void)state;
    struct buf wire = BUF_INIT, text = BUF_INIT;
    buf_add(&wire, "\xff\xfa\x2c\x65", 4);
    for (int i = 0; i < 5000; i++)
        buf_add_byte(&wire, 'x');
    buf_add(&wire, "\xff\xf0ok", 4);
    decode(wire.data, wire.len, 977, &text);
    assert_string_equal(buf_text(&text), "{44 101 256}ok");
    buf_free(&wire);
    buf_free(&text);
}

/* --- a port server -------------------------------------------------------------------------------------- */

struct manner {
    bool refuses;  /* COM port control */
    bool silent;   /* after having agreed */
    unsigned baud; /* the one it always sets; 0: as asked */
    bool suspends; /* asks to hold back, and to go on once a purge comes */
    bool chatty;   /* sends data before and between, and odd requests */
};

/* Confirms a sub-negotiation, and tells the test what came in a line of data: "<1 921600>", "<5 8>". */
static void confirm(int fd, const struct manner *m, const struct telnet *t)
{
    struct buf b = BUF_INIT;
    uint8_t value[4];
    size_t len = t->sb_len - 2;
    uint32_t number = 0;
    if (len > 4)
        _exit(5);
    memcpy(value, t->sb + 2, len);
    for (size_t i = 0; i < len; i++)
        number = number << 8 | value[i];
    buf_printf(&b, "<%u %u>", t->sb[1], number);
    if (t->sb[1] == COM_SET_BAUD && m->baud != 0)
        for (int i = 0; i < 4; i++)
            value[i] = (uint8_t)(m->baud >> (24 - 8 * i));
    telnet_put_com(&b, (enum com_port)(t->sb[1] + COM_CONFIRMED), value, len);
    if (m->suspends)
        telnet_put_com(&b, t->sb[1] == COM_PURGE ? COM_RESUME : COM_SUSPEND, NULL, 0);
    if (m->chatty)
        telnet_put_com(&b, (enum com_port)107, "\x30", 1); /* modem state */
    peer_write(fd, b.data, b.len);
    buf_free(&b);
}

static void answer(int fd, const struct manner *m, uint8_t command, uint8_t option)
{
    struct buf b = BUF_INIT;
    bool com = option == TELNET_COM_PORT;
    if (command == TELNET_WILL)
        telnet_put_command(&b, com && m->refuses ? TELNET_DONT : TELNET_DO, option);
    else if (command == TELNET_DO)
        telnet_put_command(&b, option == 1 ? TELNET_WONT : TELNET_WILL, option);
    else if (option != 1 && option != 24)
        _exit(6); /* nothing else is to be refused */
    peer_write(fd, b.data, b.len);
    buf_free(&b);
}

/* Data comes back in upper case. */
static void serve_port(int listener, const void *arg)
{
    const struct manner *m = arg;
    struct telnet t = {0};
    uint8_t bytes[4096], option;
    const uint8_t *run;
    size_t run_len;
    int fd = peer_accept(listener);
    if (m->chatty) /* WILL ECHO, DO TERMINAL-TYPE, WILL BINARY; a greeting with a 0xFF in it */
        peer_write(fd, "\xff\xfb\x01\xff\xfd\x18\xff\xfb\0hi\xff\xff\r\n", 15);
    for (;;) {
        ssize_t n = read(fd, bytes, sizeof bytes);
        if (n <= 0)
            return;
        const uint8_t *p = bytes;
        enum telnet_event event;
        while ((event = telnet_take(&t, &p, bytes + n, &run, &run_len, &option)) != TELNET_MORE) {
            if (event == TELNET_ASKED)
                answer(fd, m, t.command, option);
            else if (event == TELNET_SUB && !m->silent)
                confirm(fd, m, &t);
            else if (event == TELNET_DATA) {
                struct buf back = BUF_INIT;
                telnet_put_data(&back, run, run_len);
                for (size_t i = 0; i < back.len; i++)
                    if (back.data[i] >= 'a' && back.data[i] <= 'z')
                        back.data[i] -= 32;
                peer_write(fd, back.data, back.len);
                buf_free(&back);
            }
        }
    }
}

static int open_port(struct heard *h, struct peer *p, const struct manner *m,
                     const struct link_options *options, struct error *e)
{
    *p = peer_start("rfc2217", serve_port, m);
    *e = (struct error){0};
    return heard_open(h, p->url, options, e);
}

static bool has_heard(void *ctx)
{
    const struct heard *h = ctx;
    return h->last.len > 0 && buf_text(&h->all)[h->all.len - 1] == '!';
}

/* Sends text that ends in "!" and waits for it to come back. */
static void echo(struct heard *h, const char *text)
{
    struct error e;
    assert_int_equal(link_send(h->link, text, strlen(text), &e), 0);
    assert_int_equal(loop_run_until(h->loop, has_heard, h, clock_ms() + 3000), LOOP_DONE);
}

static void test_open(void **state)
{
    (void)state;
    static const struct {
        struct link_options options;
        const char *set;
    } cases[] = {
        {{0},                                     "<1 115200><2 8><3 1><4 1><5 1><5 9><5 12>"},
        {{.baud = 57600, .inverted_lines = true}, "<1 57600><2 8><3 1><4 1><5 1><5 8><5 11>" },
        {{.keep_lines = true, .hw_flow = true},   "<1 115200><2 8><3 1><4 1><5 3>"           },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct manner m = {0};
        struct heard h = {0};
        struct error e;
        struct peer p;
        if (open_port(&h, &p, &m, &cases[i].options, &e) != 0)
            fail_msg("%s", e.message);
        assert_true(link_is_serial(h.link));
        assert_false(link_is_message(h.link));
        echo(&h, "x\xff\xff\r\ny\xff!");
        char want[200];
        snprintf(want, sizeof want, "%sX\xff\xff\r\nY\xff!", cases[i].set);
        assert_string_equal(buf_text(&h.all), want);
        heard_end(&h);
        peer_end(&p);
    }
}

static void test_controls(void **state)
{
    (void)state;
    struct manner m = {.chatty = true};
    struct heard h = {0};
    struct error e;
    struct peer p;
    if (open_port(&h, &p, &m, NULL, &e) != 0)
        fail_msg("%s", e.message);
    echo(&h, "!");
    assert_int_equal(strncmp(buf_text(&h.all), "hi\xff\r\n<1 115200>", 15), 0);
    buf_clear(&h.all);
    assert_int_equal(link_set_lines(h.link, true, false, &e), 0);
    assert_int_equal(link_set_baud(h.link, 921600, &e), 0);
    assert_int_equal(link_drop_input(h.link, &e), 0);
    echo(&h, "!");
    assert_string_equal(buf_text(&h.all), "<5 8><5 12><1 921600><12 1>!");
    heard_end(&h);
    peer_end(&p);
}

static void test_flow(void **state)
{
    (void)state;
    struct manner m = {.suspends = true};
    struct heard h = {0};
    struct error e;
    struct peer p;
    if (open_port(&h, &p, &m, NULL, &e) != 0)
        fail_msg("%s", e.message);
    assert_int_equal(link_send(h.link, "held!", 5, &e), 0);
    loop_turn(h.loop, 50);
    loop_turn(h.loop, 50);
    assert_int_equal(link_pending(h.link), 5);
    heard_end(&h);
    peer_end(&p);
}

static void test_refused(void **state)
{
    (void)state;
    struct link_options options = {.open_timeout_ms = 300};
    static const struct {
        struct manner manner;
        const char *words, *next;
    } cases[] = {
        {{.refuses = true}, "speaks telnet but not COM port control",           "tcp://HOST:PORT"},
        {{.silent = true},  "Setting up the port: no answer from",              ""               },
        {{.baud = 9600},    "does not set 115200 baud: the port stays at 9600", "speed"          },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct heard h = {0};
        struct error e;
        struct peer p;
        int code = open_port(&h, &p, &cases[i].manner, &options, &e);
        if (code != ERR_CONNECTION || !strstr(e.message, cases[i].words) || !strstr(e.next, cases[i].next))
            fail_msg("case %zu: %d %s | %s", i, code, e.message, e.next);
        assert_int_equal(e.code, ERR_CONNECTION);
        heard_end(&h);
        peer_end(&p);
    }
}

static void serve_nothing(int listener, const void *arg)
{
    int fd = peer_accept(listener);
    if (arg != NULL)
        peer_say(fd, arg);
    else
        peer_drain(fd);
}

static void test_no_telnet(void **state)
{
    (void)state;
    struct link_options options = {.open_timeout_ms = 200};
    struct heard h = {0};
    struct error e = {0};
    struct peer p = peer_start("rfc2217", serve_nothing, NULL);
    assert_int_equal(heard_open(&h, p.url, &options, &e), ERR_CONNECTION);
    assert_non_null(strstr(e.message, "Agreeing on COM port control: no answer"));
    assert_non_null(strstr(e.next, "tcp://HOST:PORT"));
    heard_end(&h);
    peer_end(&p);
    p = peer_start("rfc2217", serve_nothing, "busy\r\n");
    assert_int_equal(heard_open(&h, p.url, &options, &e), ERR_CONNECTION);
    assert_non_null(strstr(e.message, " the connection"));
    heard_end(&h);
    peer_end(&p);
}

static void test_lost(void **state)
{
    (void)state;
    struct manner m = {0};
    struct heard h = {0};
    struct error e;
    struct peer p;
    if (open_port(&h, &p, &m, NULL, &e) != 0)
        fail_msg("%s", e.message);
    peer_end(&p);
    assert_true(heard_wait_closed(&h));
    assert_non_null(strstr(h.why.message, "closed the connection"));
    assert_int_equal(link_set_lines(h.link, true, true, &e), ERR_CONNECTION);
    heard_end(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put),     cmocka_unit_test(test_take),      cmocka_unit_test(test_long_sub),
        cmocka_unit_test(test_open),    cmocka_unit_test(test_controls),  cmocka_unit_test(test_flow),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_no_telnet), cmocka_unit_test(test_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
