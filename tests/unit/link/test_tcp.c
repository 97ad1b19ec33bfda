/* TCP streams: both families, every way a connection fails, the end of one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "peer.h"

static void serve_echo(int listener, const void *arg)
{
    (void)arg;
    char chunk[4096];
    int fd = peer_accept(listener);
    for (ssize_t n; (n = read(fd, chunk, sizeof chunk)) > 0;)
        peer_write(fd, chunk, (size_t)n);
}

static void check_echo(int family)
{
    enum { SIZE = 300000 };
    struct heard h = {0};
    struct error e = {0};
    struct peer p = peer_start_family(family, "tcp", serve_echo, NULL);
    if (p.pid == 0 && family == AF_INET6)
        skip(); /* this machine has no IPv6 loopback */
    if (heard_open(&h, p.url, NULL, &e) != 0)
        fail_msg("%s", e.message);
    assert_false(link_is_message(h.link));
    assert_false(link_is_serial(h.link));
    assert_int_equal(link_frame_limit(h.link), 4096);
    uint8_t *bytes = malloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 253);
    for (size_t at = 0; at < SIZE; at += SIZE / 10)
        assert_int_equal(link_send(h.link, bytes + at, SIZE / 10, &e), 0);
    assert_true(heard_wait_bytes(&h, SIZE));
    assert_memory_equal(h.all.data, bytes, SIZE);
    free(bytes);
    assert_int_equal(link_set_lines(h.link, true, true, &e), ERR_REFUSED);
    assert_non_null(strstr(e.message, "not a serial port"));
    assert_int_equal(link_set_baud(h.link, 9600, &e), ERR_REFUSED);
    assert_int_equal(link_drop_input(h.link, &e), ERR_REFUSED);
    heard_end(&h);
    assert_int_equal(peer_wait(&p), 0);
}

static void test_ipv4(void **state)
{
    (void)state;
    check_echo(AF_INET);
}

static void test_ipv6(void **state)
{
    (void)state;
    check_echo(AF_INET6);
}

static void test_by_name(void **state)
{
    (void)state;
    struct heard h = {0};
    struct error e = {0};
    char url[64];
    struct peer p = peer_start("tcp", serve_echo, NULL);
    /* localhost may be ::1 first, where nobody listens: the next address must be tried */
    snprintf(url, sizeof url, "tcp://localhost:%u", p.port);
    if (heard_open(&h, url, NULL, &e) != 0)
        fail_msg("%s", e.message);
    assert_int_equal(link_send(h.link, "x", 1, &e), 0);
    assert_true(heard_wait_bytes(&h, 1));
    heard_end(&h);
    peer_wait(&p);
}

static void serve_goodbye(int listener, const void *arg)
{
    int fd = peer_accept(listener);
    peer_say(fd, "bye");
    if (arg != NULL) { /* closing with a zero linger resets */
        struct linger now = {.l_onoff = 1};
        char byte;
        peer_read(fd, &byte, 1);
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    close(fd);
}

static void test_peer_closes(void **state)
{
    (void)state;
    struct heard h = {0};
    struct error e = {0};
    struct peer p = peer_start("tcp", serve_goodbye, NULL);
    assert_int_equal(heard_open(&h, p.url, NULL, &e), 0);
    assert_true(heard_wait_closed(&h));
    assert_string_equal(buf_text(&h.all), "bye"); /* what came before the end is not lost */
    assert_int_equal(h.why.code, ERR_CONNECTION);
    assert_non_null(strstr(h.why.message, "the device closed the connection."));
    assert_int_equal(link_send(h.link, "x", 1, &e), ERR_CONNECTION);
    heard_end(&h);
    peer_wait(&p);
}

static void test_peer_resets(void **state)
{
    (void)state;
    struct heard h = {0};
    struct error e = {0};
    struct peer p = peer_start("tcp", serve_goodbye, "reset");
    assert_int_equal(heard_open(&h, p.url, NULL, &e), 0);
    assert_true(heard_wait_bytes(&h, 3));
    assert_int_equal(link_send(h.link, "x", 1, &e), 0);
    assert_true(heard_wait_closed(&h));
    assert_non_null(strstr(h.why.message, "the device reset the connection."));
    heard_end(&h);
    peer_wait(&p);
}

/* A port that was just free: nothing listens on it. */
static uint16_t free_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    close(fd);
    return ntohs(a.sin_port);
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const schemes[] = {"tcp", "ws", "http"};
    for (size_t i = 0; i < 3; i++) {
        struct heard h = {0};
        struct error e = {0};
        char url[64];
        snprintf(url, sizeof url, "%s://127.0.0.1:%u", schemes[i], free_port());
        assert_int_equal(heard_open(&h, url, NULL, &e), ERR_CONNECTION);
        assert_null(h.link);
        assert_non_null(strstr(e.message, "the connection was refused: nothing listens on that port"));
        assert_true(e.next[0] != '\0');
        assert_int_equal(heard_open(&h, url, NULL, NULL), ERR_CONNECTION);
        heard_end(&h);
    }
}

static void test_no_such_host(void **state)
{
    (void)state;
    struct heard h = {0};
    struct error e = {0};
    struct link_options options = {.open_timeout_ms = 4000};
    int64_t start = clock_ms();
    assert_int_equal(heard_open(&h, "tcp://no-such-host.invalid:1", &options, &e), ERR_CONNECTION);
    assert_non_null(strstr(e.message, "no-such-host.invalid")); /* unknown, or no name server to ask */
    assert_true(clock_ms() - start < 4500);
    heard_end(&h);
}

/* A listener whose queue is full takes no more connections: the kernel drops the first packet of each. */
static void test_no_answer(void **state)
{
    (void)state;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int fill[4], listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(listener, 0), 0);
    getsockname(listener, (struct sockaddr *)&a, &len);
    for (int i = 0; i < 4; i++) {
        fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(fill[i], (struct sockaddr *)&a, sizeof a);
    }
    struct heard h = {0};
    struct error e = {0};
    struct link_options options = {.open_timeout_ms = 300};
    char url[64];
    snprintf(url, sizeof url, "tcp://127.0.0.1:%u", ntohs(a.sin_port));
    int64_t start = clock_ms();
    assert_int_equal(heard_open(&h, url, &options, &e), ERR_CONNECTION);
    assert_non_null(strstr(e.message, "the host does not answer"));
    assert_in_range(clock_ms() - start, 250, 2000);

    loop_interrupt(h.loop);
    assert_int_equal(heard_open(&h, url, &options, &e), ERR_INTERRUPTED);
    assert_non_null(strstr(e.message, "interrupted"));
    heard_end(&h);
    for (int i = 0; i < 4; i++)
        close(fill[i]);
    close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ipv4),         cmocka_unit_test(test_ipv6),
        cmocka_unit_test(test_by_name),      cmocka_unit_test(test_peer_closes),
        cmocka_unit_test(test_peer_resets),  cmocka_unit_test(test_refused),
        cmocka_unit_test(test_no_such_host), cmocka_unit_test(test_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
