/* HTTP links against scripted servers: one POST a message, in order; what answers mean; every way to fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "peer.h"

/* http_open's probe: a connection that says nothing. */
static void pass_probe(int listener)
{
    int fd = peer_accept(listener);
    peer_drain(fd);
    close(fd);
}

static size_t read_request(int fd, char *head, size_t head_size, char *body, size_t body_size)
{
    peer_read_head(fd, head, head_size);
    const char *line = strstr(head, "Content-Length: ");
    size_t len = line != NULL ? strtoul(line + 16, NULL, 10) : 0;
    if (len >= body_size)
        _exit(6);
    peer_read(fd, body, len);
    body[len] = '\0';
    return len;
}

/* Answers each request with {"id":N,"head":LENGTH OF HEAD,"was":BODY}; every second one chunked. */
static void serve_frames(int listener, const void *arg)
{
    (void)arg;
    char head[2048], body[4096], text[5000];
    pass_probe(listener);
    for (int i = 0;; i++) {
        int fd = peer_accept(listener);
        read_request(fd, head, sizeof head, body, sizeof body);
        if (strncmp(head, "POST /rpc HTTP/1.1\r\n", 20) != 0 || !strstr(head, "\r\nHost: 127.0.0.1:") ||
            !strstr(head, "\r\nContent-Type: application/json\r\n") || strstr(head, "secret"))
            _exit(7);
        int n = snprintf(text, sizeof text, "{\"id\":%d,\"head\":%zu,\"was\":%s}", i, strlen(head), body);
        char start[200];
        if (i % 2) {
            snprintf(start, sizeof start, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n",
                     (unsigned)n);
            peer_say(fd, start);
            peer_say(fd, text);
            peer_say(fd, "\r\n0\r\n\r\n");
        } else {
            snprintf(start, sizeof start, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", n);
            peer_say(fd, start);
            peer_say(fd, text);
        }
        close(fd);
    }
}

static void test_calls(void **state)
{
    (void)state;
    struct heard h = {0};
    struct error e = {0};
    struct peer p = peer_start("http", serve_frames, NULL);
    char url[100];
    snprintf(url, sizeof url, "http://bob:secret@127.0.0.1:%u", p.port);
    if (heard_open(&h, url, NULL, &e) != 0)
        fail_msg("%s", e.message);
    assert_true(link_is_message(h.link));
    assert_false(link_is_serial(h.link));
    assert_int_equal(link_send(h.link, "{\"a\":0}", 7, &e), 0);
    assert_true(link_pending(h.link) > 7);
    assert_true(heard_wait_count(&h, 1));
    assert_int_equal(link_pending(h.link), 0);
    assert_int_equal(strncmp(buf_text(&h.last), "{\"id\":0,", 8), 0);
    assert_non_null(strstr(buf_text(&h.last), "\"was\":{\"a\":0}}"));
    for (int i = 1; i <= 6; i++) { /* in order, whatever was queued */
        char text[20];
        int n = snprintf(text, sizeof text, "{\"a\":%d}", i);
        assert_int_equal(link_send(h.link, text, (size_t)n, &e), 0);
    }
    buf_clear(&h.all);
    assert_true(heard_wait_count(&h, 7));
    const char *at = buf_text(&h.all);
    for (int i = 1; i <= 6; i++) {
        char want[20];
        snprintf(want, sizeof want, "\"was\":{\"a\":%d}", i);
        at = strstr(at, want);
        assert_non_null(at);
    }
    heard_end(&h);
    peer_end(&p);
}

/* The whole request is what the device's limit counts. */
static void test_limit(void **state)
{
    (void)state;
    struct heard h = {0};
    struct error e = {0};
    char text[3100];
    struct peer p = peer_start("http", serve_frames, NULL);
    assert_int_equal(heard_open(&h, p.url, NULL, &e), 0);
    size_t limit = link_frame_limit(h.link);
    assert_in_range(limit, 2700, 3000);
    memset(text, '1', sizeof text);
    assert_int_equal(link_send(h.link, text, limit + 1, &e), ERR_REFUSED);
    assert_int_equal(link_pending(h.link), 0);
    assert_int_equal(link_send(h.link, text, limit, &e), 0);
    assert_int_equal(link_pending(h.link), 3072);
    assert_true(heard_wait_count(&h, 1));
    unsigned head = 0;
    assert_int_equal(sscanf(buf_text(&h.last), "{\"id\":0,\"head\":%u,", &head), 1);
    assert_int_equal(head + limit, 3072);
    heard_end(&h);
    peer_end(&p);
}

static void serve_answer(int listener, const void *arg)
{
    char head[2048], body[4096];
    pass_probe(listener);
    int fd = peer_accept(listener);
    read_request(fd, head, sizeof head, body, sizeof body);
    peer_say(fd, arg);
    close(fd);
}

static void test_error_frames(void **state)
{
    (void)state;
    static const char *const frames[][2] = {
        {"HTTP/1.1 500 Internal\r\nContent-Length: "
         "47\r\n\r\n{\"id\":1,\"error\":{\"code\":500,\"message\":\"failed\"}}",   "{\"id\":1,\"error\":{\"code\":500,\"message\":\"failed\"}"},
        {"HTTP/1.0 200 OK\r\n\r\n \n{\"id\":1}",                                            "{\"id\":1}"                                               },
        {"HTTP/1.1 403 No\r\nContent-Length: "
         "46\r\n\r\n{\"method\":\"x\",\"src\":\"esp32_012345\",\"note\":\"123\"}", "{\"method\":\"x\""                                        },
    };
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        struct heard h = {0};
        struct error e = {0};
        const char *answer = frames[i][0];
        char fixed[400];
        /* the true length, whatever the table says */
        const char *body = strstr(answer, "\r\n\r\n") + 4;
        if (strstr(answer, "Content-Length"))
            snprintf(fixed, sizeof fixed, "%.*s\r\nContent-Length: %zu\r\n\r\n%s", (int)strcspn(answer, "\r"),
                     answer, strlen(body), body);
        else
            snprintf(fixed, sizeof fixed, "%s", answer);
        struct peer p = peer_start("http", serve_answer, fixed);
        assert_int_equal(heard_open(&h, p.url, NULL, &e), 0);
        assert_int_equal(link_send(h.link, "{\"id\":1}", 8, &e), 0);
        assert_true(heard_wait_count(&h, 1));
        assert_non_null(strstr(buf_text(&h.last), frames[i][1]));
        assert_int_equal(h.closed, 0);
        heard_end(&h);
        peer_wait(&p);
    }
}

static void test_bad_answers(void **state)
{
    (void)state;
    static const struct {
        const char *answer, *says;
    } bad[] = {
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nNot Found",
         "HTTP 404 (no such path): this firmware has no RPC over HTTP"                                                                             },
        {"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest\r\nContent-Length: 0\r\n\r\n",
         "HTTP 401 (a login is wanted)"                                                                                                            },
        {"HTTP/1.1 403 Forbidden\r\n\r\n{\"code\":403,\"message\":\"unauthorized\"}",
         "({\"code\":403,\"message\":\"unauthorized\"})"                                                                                           },
        {"HTTP/1.1 200 OK\r\n\r\n<html>router</html>",
         "HTTP 200 (an ordinary page): its answer is not an RPC frame."                                                                            },
        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",                                       "its answer is not an RPC frame"                    },
        {"HTTP/1.1 500 Oops\r\n\r\n\x1b[2Jboom",                                               "(\\x1b[2Jboom)"                                    },
        {"HTTP/1.1 500 Oops\r\n\r\n{\"id\":[[[",                                               "HTTP 500 (internal error): it did not run the call"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"id\"",
         "it closed the connection in the middle of its answer"                                                                                    },
        {"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n{",                               "its answer is larger than is taken"                },
        {"SSH-2.0\r\n",                                                                        "what it sent is not HTTP"                          },
        {"",                                                                                   "it closed the connection without an answer"        },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct heard h = {0};
        struct error e = {0};
        struct peer p = peer_start("http", serve_answer, bad[i].answer);
        assert_int_equal(heard_open(&h, p.url, NULL, &e), 0);
        assert_int_equal(link_send(h.link, "{\"id\":1}", 8, &e), 0);
        assert_true(heard_wait_closed(&h));
        assert_int_equal(h.count, 0);
        assert_int_equal(h.why.code, ERR_CONNECTION);
        if (strstr(h.why.message, bad[i].says) == NULL || strncmp(h.why.message, p.url, strlen(p.url)) != 0)
            fail_msg("%zu: %s", i, h.why.message);
        assert_int_equal(link_send(h.link, "x", 1, &e), ERR_CONNECTION);
        heard_end(&h);
        peer_wait(&p);
    }
}

static void serve_probe_only(int listener, const void *arg)
{
    (void)arg;
    pass_probe(listener);
}

static void test_gone_between(void **state)
{
    (void)state;
    struct heard h = {0};
    struct error e = {0};
    struct peer p = peer_start("http", serve_probe_only, NULL);
    assert_int_equal(heard_open(&h, p.url, NULL, &e), 0);
    peer_wait(&p);
    assert_int_equal(link_send(h.link, "{}", 2, &e),
                     0); /* the loss is told by the loop, never from inside a send */
    assert_int_equal(h.closed, 0);
    assert_true(heard_wait_closed(&h));
    assert_non_null(strstr(h.why.message, "the connection was refused"));
    heard_end(&h);
}

static void test_close_in_callback(void **state)
{
    (void)state;
    struct heard h = {.close_on_data = true};
    struct error e = {0};
    struct peer p = peer_start("http", serve_frames, NULL);
    assert_int_equal(heard_open(&h, p.url, NULL, &e), 0);
    assert_int_equal(link_send(h.link, "1", 1, &e), 0);
    assert_int_equal(link_send(h.link, "2", 1, &e), 0); /* queued behind it, and dropped */
    assert_true(heard_wait_count(&h, 1));
    loop_turn(h.loop, 20);
    assert_int_equal(h.count, 1);
    assert_int_equal(h.closed, 0);
    heard_end(&h);
    peer_end(&p);
}

/* The first request is never answered, the second one is. */
static void serve_second(int listener, const void *arg)
{
    (void)arg;
    char head[2048], body[4096];
    pass_probe(listener);
    int silent = peer_accept(listener);
    read_request(silent, head, sizeof head, body, sizeof body);
    int fd = peer_accept(listener);
    read_request(fd, head, sizeof head, body, sizeof body);
    peer_say(fd, "HTTP/1.1 200 OK\r\n\r\n{\"was\":");
    peer_say(fd, body);
    peer_say(fd, "}");
}

static bool never(void *ctx)
{
    (void)ctx;
    return false;
}

/* The next request may be there already, or come when the silent one had its time: `late`. */
static void check_silent_gives_way(bool late)
{
    struct heard h = {0};
    struct error e = {0};
    struct link_options options = {.open_timeout_ms = 100};
    struct peer p = peer_start("http", serve_second, NULL);
    assert_int_equal(heard_open(&h, p.url, &options, &e), 0);
    assert_int_equal(link_send(h.link, "1", 1, &e), 0);
    if (late)
        loop_run_until(h.loop, never, NULL, clock_ms() + 300);
    assert_int_equal(link_send(h.link, "2", 1, &e), 0);
    assert_true(heard_wait_count(&h, 1));
    assert_string_equal(buf_text(&h.last), "{\"was\":2}");
    assert_int_equal(h.closed, 0);
    heard_end(&h);
    peer_wait(&p);
}

static void test_silent_gives_way(void **state)
{
    (void)state;
    check_silent_gives_way(false);
    check_silent_gives_way(true);
}

/* A callback that sends the next call and waits for it. */
static void nested_data(void *ctx, const uint8_t *bytes, size_t len)
{
    struct heard *h = ctx;
    struct error e;
    heard_data(ctx, bytes, len);
    if (h->count > 1)
        return;
    assert_int_equal(link_send(h->link, "2", 1, &e), 0);
    assert_true(heard_wait_count(h, 2));
}

static void test_nested_call(void **state)
{
    (void)state;
    static const struct link_events events = {nested_data, heard_closed};
    struct heard h = {.loop = loop_new()};
    struct peer p = peer_start("http", serve_frames, NULL);
    struct link_url url;
    struct error e;
    assert_int_equal(link_url_parse(p.url, &url, &e), 0);
    assert_int_equal(link_open(h.loop, &url, NULL, &events, &h, &h.link, &e), 0);
    assert_int_equal(link_send(h.link, "1", 1, &e), 0);
    assert_true(heard_wait_count(&h, 2));
    assert_non_null(strstr(buf_text(&h.last), "\"was\":2"));
    heard_end(&h);
    peer_end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls),        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_error_frames), cmocka_unit_test(test_bad_answers),
        cmocka_unit_test(test_gone_between), cmocka_unit_test(test_close_in_callback),
        cmocka_unit_test(test_nested_call),  cmocka_unit_test(test_silent_gives_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
