/* The send queue by itself: order, what is pending, what is forgotten, a peer that is gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "link/wire.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct fixture {
    struct loop *loop;
    struct wire wire;
    int far;
    short seen;
};

static void on_event(void *ctx, short revents)
{
    ((struct fixture *)ctx)->seen |= revents;
}

static void start(struct fixture *f)
{
    int ends[2];
    *f = (struct fixture){.loop = loop_new()};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    wire_start(&f->wire, f->loop, ends[0], on_event, f);
    f->far = ends[1];
}

static void end(struct fixture *f)
{
    wire_stop(&f->wire);
    wire_stop(&f->wire); /* twice is fine */
    assert_int_equal(f->wire.fd, -1);
    close(f->far);
    loop_free(f->loop);
}

static void test_queue(void **state)
{
    (void)state;
    enum { SIZE = 3 << 20 };
    struct fixture f;
    start(&f);
    uint8_t *sent = malloc(SIZE), *got = malloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        sent[i] = (uint8_t)(i * 13 + i / 255);
    for (size_t at = 0; at < SIZE; at += SIZE / 3)
        wire_queue(&f.wire, sent + at, SIZE / 3);
    assert_int_equal(wire_pending(&f.wire), SIZE);
    assert_int_equal(wire_flush(&f.wire), 0);
    assert_in_range(wire_pending(&f.wire), 1, SIZE - 1); /* the kernel took some */
    for (size_t at = 0; at < SIZE;) {
        ssize_t n = read(f.far, got + at, SIZE - at);
        assert_true(n > 0);
        at += (size_t)n;
        assert_int_equal(wire_flush(&f.wire), 0);
    }
    assert_memory_equal(sent, got, SIZE);
    /* what is sent is not kept: it may have been a key */
    assert_int_equal(wire_pending(&f.wire), 0);
    assert_int_equal(f.wire.out.len, 0);
    assert_int_equal(f.wire.taken, 0);
    for (size_t i = 0; i < f.wire.out.cap; i++)
        assert_int_equal(f.wire.out.data[i], 0);
    free(sent);
    free(got);
    end(&f);
}

/* POLLOUT only while something may be written: a loop that spins on an idle wire would show here. */
static void test_interest(void **state)
{
    (void)state;
    struct fixture f;
    start(&f);
    loop_turn(f.loop, 0);
    assert_int_equal(f.seen, 0);
    wire_hold(&f.wire, true);
    wire_queue(&f.wire, "x", 1);
    assert_int_equal(wire_flush(&f.wire), 0);
    loop_turn(f.loop, 0);
    assert_int_equal(f.seen, 0);
    assert_int_equal(wire_pending(&f.wire), 1);
    wire_hold(&f.wire, false);
    loop_turn(f.loop, 0);
    assert_int_equal(f.seen, POLLOUT);
    assert_int_equal(wire_flush(&f.wire), 0);
    f.seen = 0;
    loop_turn(f.loop, 0);
    assert_int_equal(f.seen, 0);
    end(&f);
}

/* No SIGPIPE: this program does not ignore it. */
static void test_peer_gone(void **state)
{
    (void)state;
    struct fixture f;
    char byte;
    start(&f);
    errno = 0;
    assert_int_equal(wire_read(&f.wire, &byte, 1), -1);
    assert_int_equal(errno, EAGAIN);
    close(f.far);
    wire_queue(&f.wire, "x", 1);
    assert_int_equal(wire_flush(&f.wire), -1);
    assert_int_equal(errno, EPIPE);
    assert_int_equal(wire_pending(&f.wire), 1);
    assert_int_equal(wire_read(&f.wire, &byte, 1), 0);
    f.far = dup(0);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_queue),
        cmocka_unit_test(test_interest),
        cmocka_unit_test(test_peer_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
