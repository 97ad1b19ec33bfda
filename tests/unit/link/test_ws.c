/* WebSocket links against scripted servers: the handshake and every refusal of it, messages, pings, closes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "link/ws_handshake.h"
#include "peer.h"

#include <poll.h>

/* --- the server's side ---------------------------------------------------------------------------------- */

/* Reads the request, answers it rightly. */
static int ws_accept(int listener, char *head, size_t size)
{
    char own[4096], key[64];
    struct buf accept = BUF_INIT;
    int fd = peer_accept(listener);
    if (head == NULL) {
        head = own;
        size = sizeof own;
    }
    peer_read_head(fd, head, size);
    const char *line = strstr(head, "Sec-WebSocket-Key: ");
    if (line == NULL || sscanf(line, "Sec-WebSocket-Key: %60s", key) != 1)
        _exit(5);
    ws_handshake_accept(key, &accept);
    peer_say(fd, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 "Sec-WebSocket-Accept: ");
    peer_say(fd, buf_text(&accept));
    peer_say(fd, "\r\n\r\n");
    buf_free(&accept);
    return fd;
}

static void ws_put(int fd, int first, const void *bytes, size_t len)
{
    uint8_t head[10] = {(uint8_t)first, 127};
    size_t n = len < 126 ? 2 : len < 65536 ? 4 : 10;
    head[1] = len < 126 ? (uint8_t)len : len < 65536 ? 126 : 127;
    for (size_t i = 2; i < n; i++)
        head[i] = (uint8_t)((uint64_t)len >> 8 * (n - 1 - i));
    peer_write(fd, head, n);
    peer_write(fd, bytes, len);
}

/* One frame of a client, unmasked; its opcode byte. A frame without a mask ends the child. */
static int ws_get(int fd, char *to, size_t size, size_t *len)
{
    uint8_t head[2], more[2], mask[4];
    peer_read(fd, head, 2);
    *len = head[1] & 0x7f;
    if (*len == 126) {
        peer_read(fd, more, 2);
        *len = (size_t)more[0] << 8 | more[1];
    }
    if (!(head[1] & 0x80) || *len >= size)
        _exit(6);
    peer_read(fd, mask, 4);
    peer_read(fd, to, *len);
    for (size_t i = 0; i < *len; i++)
        to[i] = (char)(to[i] ^ mask[i % 4]);
    to[*len] = '\0';
    return head[0];
}

static void open_ws(struct heard *h, struct peer *p, peer_fn *fn, const void *arg)
{
    struct error e = {0};
    *p = peer_start("ws", fn, arg);
    if (heard_open(h, p->url, NULL, &e) != 0)
        fail_msg("%s", e.message);
}

/* --- handshake ------------------------------------------------------------------------------------------ */

static void test_accept_key(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    ws_handshake_accept("dGhlIHNhbXBsZSBub25jZQ==", &b); /* RFC 6455 section 1.3 */
    assert_string_equal(buf_text(&b), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    buf_free(&b);
}

/* Echoes the request's head as the first message. */
static void serve_head(int listener, const void *arg)
{
    (void)arg;
    char head[4096];
    int fd = ws_accept(listener, head, sizeof head);
    ws_put(fd, 0x81, head, strlen(head));
    peer_drain(fd);
}

static void test_request(void **state)
{
    (void)state;
    struct heard h = {0};
    struct error e = {0};
    struct peer p = peer_start("ws", serve_head, NULL);
    char url[100], host[64];
    snprintf(url, sizeof url, "ws://user:secret@127.0.0.1:%u/rpc/x?y=1", p.port);
    assert_int_equal(heard_open(&h, url, NULL, &e), 0);
    assert_true(heard_wait_count(&h, 1));
    const char *text = buf_text(&h.last);
    snprintf(host, sizeof host, "\r\nHost: 127.0.0.1:%u\r\n", p.port);
    assert_int_equal(strncmp(text, "GET /rpc/x?y=1 HTTP/1.1\r\n", 25), 0);
    assert_non_null(strstr(text, host));
    assert_non_null(strstr(text, "\r\nUpgrade: websocket\r\n"));
    assert_non_null(strstr(text, "\r\nConnection: Upgrade\r\n"));
    assert_non_null(strstr(text, "\r\nSec-WebSocket-Version: 13\r\n"));
    assert_null(strstr(text, "Origin"));
    assert_null(strstr(text, "Protocol"));
    assert_null(strstr(text, "secret"));
    assert_null(strstr(link_name(h.link), "secret"));
    char key[2][32];
    assert_int_equal(sscanf(strstr(text, "Key: "), "Key: %30s", key[0]), 1);
    assert_int_equal(strlen(key[0]), 24);
    heard_end(&h);
    peer_end(&p);

    struct heard again = {0}; /* the key is another one each time, the default path is /rpc */
    open_ws(&again, &p, serve_head, NULL);
    assert_true(heard_wait_count(&again, 1));
    text = buf_text(&again.last);
    assert_int_equal(strncmp(text, "GET /rpc HTTP/1.1\r\n", 19), 0);
    assert_int_equal(sscanf(strstr(text, "Key: "), "Key: %30s", key[1]), 1);
    assert_string_not_equal(key[0], key[1]);
    assert_true(link_is_message(again.link));
    assert_int_equal(link_frame_limit(again.link), 3064);
    heard_end(&again);
    peer_end(&p);
}

static void serve_text(int listener, const void *arg)
{
    char head[4096];
    int fd = peer_accept(listener);
    peer_read_head(fd, head, sizeof head);
    peer_say(fd, arg);
    close(fd);
}

static void test_handshake_refused(void **state)
{
    (void)state;
    static const struct {
        const char *answer, *says;
    } bad[] = {
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
         "HTTP 404 (no such path): this firmware has no rpc-ws"                                                                                  },
        {"HTTP/1.1 200 OK\r\n\r\n<html>",                                               "HTTP 200 (an ordinary page): it serves an ordinary page"},
        {"HTTP/1.1 401 Unauthorized\r\n\r\n",                                           "HTTP 401 (a login is wanted)"                           },
        {"HTTP/1.1 302 Found\r\nLocation: https://h/\r\n\r\n",                          "HTTP 302 (moved elsewhere)"                             },
        {"HTTP/1.1 599 Odd\r\n\r\n",                                                    "HTTP 599: it does not open a WebSocket"                 },
        {"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",         "does not belong to our key"                             },
        {"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", "Accept is missing"                                      },
        {"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
         "did not switch to WebSocket"                                                                                                           },
        {"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: close\r\n\r\n",
         "did not switch to WebSocket"                                                                                                           },
        {"SSH-2.0-OpenSSH_9.2\r\n",                                                     "no WebSocket server: what it sent is not HTTP"          },
        {"\x15\x03\x01",                                                                "no WebSocket server: what it sent is not HTTP"          }, /* a TLS alert */
        {"HTTP/1.1 101 Swi",                                                            "the device closed the connection before it answered"    },
        {"",                                                                            "the device closed the connection before it answered"    },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct heard h = {0};
        struct error e = {0};
        struct peer p = peer_start("ws", serve_text, bad[i].answer);
        assert_int_equal(heard_open(&h, p.url, NULL, &e), ERR_CONNECTION);
        assert_null(h.link);
        assert_int_equal(h.closed, 0); /* a link that was never handed out says nothing */
        if (strstr(e.message, bad[i].says) == NULL || strstr(e.message, p.url) == NULL)
            fail_msg("%zu: %s", i, e.message);
        heard_end(&h);
        peer_wait(&p);
    }
}

static void serve_endless_head(int listener, const void *arg)
{
    (void)arg;
    int fd = peer_accept(listener);
    peer_say(fd, "HTTP/1.1 101 Switching\r\n");
    for (int i = 0; i < 100000 / 16; i++)
        peer_say(fd, "X-Y: 0123456789\n");
    peer_drain(fd);
}

static void test_endless_head(void **state)
{
    (void)state;
    struct heard h = {0};
    struct error e = {0};
    struct peer p = peer_start("ws", serve_endless_head, NULL);
    assert_int_equal(heard_open(&h, p.url, NULL, &e), ERR_CONNECTION);
    assert_non_null(strstr(e.message, "its header block is over 8 KiB"));
    heard_end(&h);
    peer_end(&p);
}

static void serve_silence(int listener, const void *arg)
{
    (void)arg;
    peer_drain(peer_accept(listener));
}

static void test_silence(void **state)
{
    (void)state;
    struct heard h = {0};
    struct error e = {0};
    struct link_options options = {.open_timeout_ms = 200};
    struct peer p = peer_start("ws", serve_silence, NULL);
    int64_t start = clock_ms();
    assert_int_equal(heard_open(&h, p.url, &options, &e), ERR_CONNECTION);
    assert_in_range(clock_ms() - start, 150, 2000);
    assert_non_null(strstr(e.message, "no answer from"));
    assert_non_null(strstr(e.message, "within 200 ms"));
    loop_interrupt(h.loop);
    assert_int_equal(heard_open(&h, p.url, &options, &e), ERR_INTERRUPTED);
    heard_end(&h);
    peer_end(&p);
}

/* The first frames in the same segment as the handshake's answer. */
static void serve_eager(int listener, const void *arg)
{
    (void)arg;
    char head[4096], key[64], answer[400];
    struct buf accept = BUF_INIT;
    int fd = peer_accept(listener);
    peer_read_head(fd, head, sizeof head);
    sscanf(strstr(head, "Sec-WebSocket-Key: "), "Sec-WebSocket-Key: %60s", key);
    ws_handshake_accept(key, &accept);
    snprintf(answer, sizeof answer,
             "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n"
             "\x81\x03one\x81\x03two\x81",
             buf_text(&accept));
    peer_say(fd, answer);
    buf_free(&accept);
    char byte[32];
    size_t len;
    ws_get(fd, byte, sizeof byte, &len);
    peer_say(fd, "\x05three");
    peer_drain(fd);
}

static void test_early_frames(void **state)
{
    (void)state;
    struct heard h = {0};
    struct peer p;
    struct error e;
    open_ws(&h, &p, serve_eager, NULL);
    assert_int_equal(h.count, 0); /* not before the owner has the link */
    assert_true(heard_wait_count(&h, 2));
    assert_string_equal(buf_text(&h.all), "onetwo");
    assert_int_equal(link_send(h.link, "go", 2, &e), 0);
    assert_true(heard_wait_count(&h, 3));
    assert_string_equal(buf_text(&h.last), "three");
    heard_end(&h);
    peer_end(&p);
}

/* --- messages ------------------------------------------------------------------------------------------- */

static void serve_echo(int listener, const void *arg)
{
    (void)arg;
    static char text[4096];
    int fd = ws_accept(listener, NULL, 0);
    for (size_t len;;) {
        int first = ws_get(fd, text, sizeof text, &len);
        if (first == 0x88) /* status 1000: the client left in order */
            _exit(len == 2 && memcmp(text, "\x03\xe8", 2) == 0 ? 0 : 7);
        if (first != 0x81)
            _exit(8);
        ws_put(fd, 0x81, text, len);
    }
}

static void test_megabyte_echo(void **state)
{
    (void)state;
    enum { PART = 3000, PARTS = 350 };
    struct heard h = {0};
    struct peer p;
    struct error e = {0};
    open_ws(&h, &p, serve_echo, NULL);
    struct buf sent = BUF_INIT;
    for (int i = 0; i < PARTS; i++) {
        char part[PART];
        memset(part, 'a' + i % 26, sizeof part);
        buf_add(&sent, part, sizeof part);
        assert_int_equal(link_send(h.link, part, sizeof part, &e), 0);
    }
    assert_true(heard_wait_count(&h, PARTS));
    assert_int_equal(h.all.len, sent.len);
    assert_memory_equal(h.all.data, sent.data, sent.len);
    assert_int_equal(link_pending(h.link), 0);
    buf_free(&sent);
    heard_end(&h);
    assert_int_equal(peer_wait(&p), 0);
}

/* Nobody reads: everything stays queued, the program goes on, and closing is clean. */
static void test_queue_stays(void **state)
{
    (void)state;
    struct heard h = {0};
    struct peer p;
    struct error e;
    static const char part[3000];
    open_ws(&h, &p, serve_echo, NULL);
    kill(p.pid, SIGSTOP);
    for (int i = 0; i < 4000; i++)
        assert_int_equal(link_send(h.link, part, sizeof part, &e), 0);
    assert_true(link_pending(h.link) > 1000000);
    loop_turn(h.loop, 10);
    link_hold(h.link, true); /* a stream's matter: a message link goes on */
    kill(p.pid, SIGCONT);
    assert_true(heard_wait_count(&h, 10));
    heard_end(&h);
    peer_end(&p);
}

static void test_too_large_to_send(void **state)
{
    (void)state;
    struct heard h = {0};
    struct peer p;
    struct error e = {0};
    static const char part[3065];
    open_ws(&h, &p, serve_echo, NULL);
    assert_int_equal(link_send(h.link, part, 3065, &e), ERR_REFUSED);
    assert_non_null(strstr(e.message, "3065 bytes"));
    assert_non_null(strstr(e.message, "3064 bytes"));
    assert_int_equal(link_pending(h.link), 0);
    assert_int_equal(link_send(h.link, part, 3064, &e), 0);
    assert_true(heard_wait_bytes(&h, 3064));
    heard_end(&h);
    peer_wait(&p);
}

static void serve_fragments(int listener, const void *arg)
{
    (void)arg;
    char text[200];
    size_t len;
    static char big[200000];
    int fd = ws_accept(listener, NULL, 0);
    ws_put(fd, 0x01, "{\"id\"", 5);
    ws_put(fd, 0x89, "still there", 11); /* a ping between the fragments */
    ws_put(fd, 0x00, ":1", 2);
    ws_put(fd, 0x80, "}", 1);
    if (ws_get(fd, text, sizeof text, &len) != 0x8a || strcmp(text, "still there") != 0)
        _exit(7);
    memset(big, 'b', sizeof big);
    ws_put(fd, 0x82, big, sizeof big);
    ws_put(fd, 0x81, "\"\xe9\"", 3);
    if (ws_get(fd, text, sizeof text, &len) != 0x88)
        _exit(8);
}

static void test_fragments_and_ping(void **state)
{
    (void)state;
    struct heard h = {0};
    struct peer p;
    open_ws(&h, &p, serve_fragments, NULL);
    assert_true(heard_wait_count(&h, 1));
    assert_string_equal(buf_text(&h.last), "{\"id\":1}");
    assert_true(heard_wait_count(&h, 3)); /* one of 200 KB, and one that is not UTF-8 */
    assert_int_equal(h.all.len, 8 + 200000 + 3);
    assert_string_equal(buf_text(&h.last), "\"\xe9\"");
    heard_end(&h);
    assert_int_equal(peer_wait(&p), 0);
}

/* --- ends ----------------------------------------------------------------------------------------------- */

struct ending {
    const char *bytes;
    size_t len;
    const char *says;
    int status; /* of the close frame that must come back; -1: none */
};

static void serve_ending(int listener, const void *arg)
{
    const struct ending *end = arg;
    char text[200];
    size_t len;
    int fd = ws_accept(listener, NULL, 0);
    peer_write(fd, end->bytes, end->len);
    if (end->status < 0) {
        close(fd);
        _exit(0);
    }
    if (ws_get(fd, text, sizeof text, &len) != 0x88 || len != 2)
        _exit(7);
    int status = (uint8_t)text[0] << 8 | (uint8_t)text[1];
    _exit(status == end->status && read(fd, text, 1) == 0 ? 0 : 8);
}

#define BYTES(s) s, sizeof s - 1

static void test_endings(void **state)
{
    (void)state;
    static const struct ending endings[] = {
        {BYTES("\x88\x02\x03\xe8"),                          "the device closed the WebSocket with status 1000 (normal closure).",
         1000                                                                                                                          },
        {BYTES("\x88\x0a\x03\xe9reboot\x1b["),               "status 1001 (going away): reboot\\x1b[.",                            1001},
        {BYTES("\x01\x02{}\x88\x02\x03\xf3"),                "status 1011 (internal error)",                                       1011},
        {BYTES("\x81\x7f\x00\x00\x00\x00\x01\x00\x00\x00x"), "larger than is taken",                                               1009}, /* 16 MiB */
        {BYTES("\xff\xff\xff\xff"),                          "WebSocket",                                                          1002},
        {BYTES("\x81\x05hel"),                               "the device closed the connection, without closing the WebSocket.",   -1  },
        {BYTES(""),                                          "the device closed the connection, without closing the WebSocket.",   -1  },
    };
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        struct heard h = {0};
        struct peer p;
        struct error e = {0};
        open_ws(&h, &p, serve_ending, &endings[i]);
        assert_true(heard_wait_closed(&h));
        assert_int_equal(h.why.code, ERR_CONNECTION);
        assert_int_equal(h.count, 0);
        if (strstr(h.why.message, endings[i].says) == NULL ||
            strncmp(h.why.message, p.url, strlen(p.url)) != 0)
            fail_msg("%zu: %s", i, h.why.message);
        assert_int_equal(link_send(h.link, "x", 1, &e), ERR_CONNECTION);
        heard_end(&h);
        assert_int_equal(peer_wait(&p), 0);
    }
}

static void serve_three(int listener, const void *arg)
{
    (void)arg;
    char text[200];
    size_t len;
    int fd = ws_accept(listener, NULL, 0);
    peer_say(fd, "\x81\x01"
                 "1\x81\x01"
                 "2\x81\x01"
                 "3"); /* in one segment */
    _exit(ws_get(fd, text, sizeof text, &len) == 0x88 ? 0 : 7);
}

static void test_close_in_callback(void **state)
{
    (void)state;
    struct heard h = {.close_on_data = true};
    struct peer p;
    open_ws(&h, &p, serve_three, NULL);
    assert_true(heard_wait_count(&h, 1));
    loop_turn(h.loop, 20);
    assert_string_equal(buf_text(&h.all), "1");
    assert_int_equal(h.closed, 0);
    heard_end(&h);
    assert_int_equal(peer_wait(&p), 0);
}

/* A callback that turns the loop until the next message is there: order and memory hold. */
static void nested_data(void *ctx, const uint8_t *bytes, size_t len)
{
    struct heard *h = ctx;
    heard_data(ctx, bytes, len);
    if (h->count == 1)
        assert_true(heard_wait_count(h, 2));
    if (h->count == 2) {
        link_close(h->link);
        h->link = NULL;
    }
}

static void serve_slow(int listener, const void *arg)
{
    (void)arg;
    int fd = ws_accept(listener, NULL, 0);
    peer_say(fd, "\x81\x01"
                 "1");
    struct pollfd none = {.fd = -1};
    poll(&none, 1, 50); /* apart, so that the second one is another event of the loop */
    peer_say(fd, "\x81\x01"
                 "2\x81\x01"
                 "3");
    peer_drain(fd);
}

static void test_nested_loop(void **state)
{
    (void)state;
    static const struct link_events events = {nested_data, heard_closed};
    struct heard h = {.loop = loop_new()};
    struct peer p = peer_start("ws", serve_slow, NULL);
    struct link_url url;
    struct error e;
    assert_int_equal(link_url_parse(p.url, &url, &e), 0);
    assert_int_equal(link_open(h.loop, &url, NULL, &events, &h, &h.link, &e), 0);
    assert_true(heard_wait_count(&h, 2));
    assert_string_equal(buf_text(&h.all), "12");
    assert_null(h.link);
    heard_end(&h);
    peer_end(&p);
}

/* Pings faster than we may answer, and nobody reads the answers: memory stays bounded. */
static void serve_pings(int listener, const void *arg)
{
    (void)arg;
    static char flood[1 << 20];
    int fd = ws_accept(listener, NULL, 0);
    for (size_t i = 0; i + 127 <= sizeof flood; i += 127) {
        flood[i] = (char)0x89;
        flood[i + 1] = 125;
    }
    for (int i = 0; i < 24; i++)
        peer_write(fd, flood, sizeof flood / 127 * 127);
    ws_put(fd, 0x81, "end", 3);
    pause(); /* the pongs are never read */
}

static void test_ping_flood(void **state)
{
    (void)state;
    struct heard h = {0};
    struct peer p;
    open_ws(&h, &p, serve_pings, NULL);
    assert_true(heard_wait_count(&h, 1));
    assert_string_equal(buf_text(&h.last), "end");
    assert_true(link_pending(h.link) < 65536 + 2 * 16384);
    heard_end(&h);
    peer_end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accept_key),        cmocka_unit_test(test_request),
        cmocka_unit_test(test_handshake_refused), cmocka_unit_test(test_endless_head),
        cmocka_unit_test(test_silence),           cmocka_unit_test(test_early_frames),
        cmocka_unit_test(test_megabyte_echo),     cmocka_unit_test(test_queue_stays),
        cmocka_unit_test(test_too_large_to_send), cmocka_unit_test(test_fragments_and_ping),
        cmocka_unit_test(test_endings),           cmocka_unit_test(test_close_in_callback),
        cmocka_unit_test(test_nested_loop),       cmocka_unit_test(test_ping_flood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
