/* HTTP answers: known ones whole and byte by byte, and what must be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "link/http_message.h"

#include <stdio.h>
#include <string.h>

/* Feeds text in steps of `step` bytes, then the end of the connection. */
static enum http_progress feed(struct http_reply *r, const char *text, size_t len, size_t step,
                               struct error *e)
{
    enum http_progress p = HTTP_MORE;
    for (size_t at = 0; at < len && p == HTTP_MORE; at += step)
        p = http_reply_feed(r, text + at, len - at < step ? len - at : step, e);
    return p == HTTP_MORE ? http_reply_end(r, e) : p;
}

static void test_bodies(void **state)
{
    (void)state;
    static const struct {
        const char *text, *body;
        int status;
    } good[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",                                               "hello",         200},
        {"HTTP/1.1 200\r\ncontent-length:5 \r\n\r\nhello, and more",                                        "hello",         200},
        {"HTTP/1.0 200 OK\r\n\r\nuntil the end",                                                            "until the end", 200},
        {"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n",                                                  "",              500},
        {"HTTP/1.1 204 No Content\r\n\r\n",                                                                 "",              204},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n!\r\n0\r\n\r\n",
         "hello!",                                                                                                           200},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\nA\r\n0123456789\r\n0\r\nT: x\r\n\r\n",
         "0123456789",                                                                                                       200},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno",              "no",            404},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        for (size_t step = 1; step < 200; step = step * 3 + 1) {
            struct http_reply r;
            struct error e = {0};
            http_reply_init(&r, 100);
            if (feed(&r, good[i].text, strlen(good[i].text), step, &e) != HTTP_DONE)
                fail_msg("%zu in steps of %zu: %s", i, step, e.message);
            assert_int_equal(r.status, good[i].status);
            assert_string_equal(buf_text(&r.body), good[i].body);
            http_reply_free(&r);
        }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"",                                                                            "without an answer"   },
        {"HTTP/1.1 200 OK\r\nConte",                                                    "middle of its answer"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",                            "middle of its answer"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello",             "middle of its answer"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",    "middle of its answer"},
        {"SSH-2.0-OpenSSH\r\n\r\n",                                                     "not HTTP"            },
        {"H",                                                                           "middle of its answer"},
        {"HTTP/1.1 2x0 OK\r\n\r\n",                                                     "first line"          },
        {"HTTP/1.1 2000 OK\r\n\r\n",                                                    "first line"          },
        {"HTTP/1.1 099 OK\r\n\r\n",                                                     "first line"          },
        {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",                               "not a number"        },
        {"HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\n",                              "not a number"        },
        {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n",          "not a number"        },
        {"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n",                              "larger than"         },
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n",                 "larger than"         },
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\n", "larger than"         },
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n",                 "no length"           },
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",                   "no length"           },
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5x\r\n",                 "no length"           },
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",            "does not end"        },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        for (size_t step = 1; step < 100; step = step * 3 + 1) {
            struct http_reply r;
            struct error e = {0};
            http_reply_init(&r, 100);
            if (feed(&r, bad[i].text, strlen(bad[i].text), step, &e) != HTTP_BAD ||
                strstr(e.message, bad[i].says) == NULL)
                fail_msg("%zu in steps of %zu: %s", i, step, e.message);
            http_reply_free(&r);
        }
}

/* Nothing that has no end may grow without a bound. */
static void test_bounds(void **state)
{
    (void)state;
    static const struct {
        const char *start, *repeat, *says;
    } floods[] = {
        {"HTTP/1.1 200 OK\r\nX: ",                                     "aaaaaaaaaaaaaaaa",    "over 8 KiB"  },
        {"HTTP/1.1 200 OK\r\n",                                        "A: b\r\n",            "over 8 KiB"  },
        {"HTTP/1.1 200 OK\r\n\r\n",                                    "body without an end", "larger than" },
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",      "1\r\nx\r\n",          "larger than" },
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1",     ";x",                  "no length"   },
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "A: b\r\n",            "lines behind"},
    };
    for (size_t i = 0; i < sizeof floods / sizeof floods[0]; i++) {
        struct http_reply r;
        struct error e = {0};
        http_reply_init(&r, 10000);
        enum http_progress p = http_reply_feed(&r, floods[i].start, strlen(floods[i].start), &e);
        for (int k = 0; p == HTTP_MORE && k < 20000; k++)
            p = http_reply_feed(&r, floods[i].repeat, strlen(floods[i].repeat), &e);
        assert_int_equal(p, HTTP_BAD);
        if (strstr(e.message, floods[i].says) == NULL)
            fail_msg("%zu: %s", i, e.message);
        assert_true(r.raw.len <= 2 * HTTP_HEAD_MAX && r.body.len <= 10000);
        http_reply_free(&r);
    }
}

static void test_headers(void **state)
{
    (void)state;
    static const char text[] =
        "HTTP/1.1 101 Switching\r\nupgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"
        "X-Long: 0123456789\r\nEmpty:\r\n\r\nHidden: yes\r\n";
    struct http_head head;
    struct error e;
    char value[8];
    assert_int_equal(http_head_parse(text, sizeof text - 1, &head, &e), HTTP_DONE);
    assert_int_equal(head.status, 101);
    assert_string_equal(text + head.len, "Hidden: yes\r\n");
    assert_true(http_head_has(&head, "Upgrade", "websocket"));
    assert_true(http_head_has(&head, "connection", "upgrade"));
    assert_false(http_head_has(&head, "connection", "grade"));
    assert_false(http_head_has(&head, "nection", "upgrade"));
    assert_true(http_head_value(&head, "x-long", value, sizeof value));
    assert_string_equal(value, "0123456");
    assert_true(http_head_value(&head, "Empty", value, sizeof value));
    assert_string_equal(value, "");
    assert_false(http_head_value(&head, "Hidden", value, sizeof value));
    assert_false(http_head_value(&head, "HTTP/1.1 101 Switching", value, sizeof value));
}

static void test_host(void **state)
{
    (void)state;
    static const char *const hosts[][2] = {
        {"http://h/rpc",               "h"           },
        {"http://h:80/rpc",            "h"           },
        {"ws://h:8080/rpc",            "h:8080"      },
        {"ws://[fe80::1%eth0]:81/rpc", "[fe80::1]:81"},
    };
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        struct link_url url;
        struct buf b = BUF_INIT;
        assert_int_equal(link_url_parse(hosts[i][0], &url, NULL), 0);
        http_host_text(&url, &b);
        assert_string_equal(buf_text(&b), hosts[i][1]);
        buf_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bodies),  cmocka_unit_test(test_refused), cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_headers), cmocka_unit_test(test_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
