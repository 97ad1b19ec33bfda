/* rpc/client: peers that send what no device should, and what a call costs. */
#include "world.h"

#include <time.h>

/* --- hostile peers -------------------------------------------------------------------------------------- */

static void give_random(struct link *link)
{
    uint32_t seed = 608;
    for (int i = 0; i < 64; i++) {
        uint8_t chunk[4096];
        for (size_t k = 0; k < sizeof chunk; k++) {
            seed = seed * 1664525 + 1013904223;
            chunk[k] = (uint8_t)(seed >> 24);
        }
        fake_give(link, chunk, sizeof chunk);
    }
}

static void give_long_line(struct link *link)
{
    char *chunk = mem_alloc(65536);
    memset(chunk, '{', 65536);
    for (int i = 0; i < 160; i++)
        fake_give(link, chunk, 65536);
    free(chunk);
}

static void give_deep(struct link *link)
{
    struct buf b = BUF_INIT;
    buf_add_text(&b, "{\"id\":1,\"result\":");
    for (int i = 0; i < 20000; i++)
        buf_add_byte(&b, i < 10000 ? '[' : ']');
    buf_add_byte(&b, '}');
    fake_frame(link, buf_text(&b));
    fake_give(link, b.data, b.len);
    buf_free(&b);
}

static void give_many(struct link *link)
{
    struct buf b = BUF_INIT;
    buf_add_text(&b, "{\"id\":1,\"result\":[0");
    for (int i = 0; i < 400000; i++)
        buf_add_text(&b, ",0");
    buf_add_text(&b, "]}");
    fake_frame(link, buf_text(&b));
    buf_free(&b);
}

static void give_wrong_ids(struct link *link)
{
    static const char *const frames[] = {
        "{\"id\":0,\"result\":1}",
        "{\"id\":-5,\"result\":1}",
        "{\"id\":1e18,\"result\":1}",
        "{\"id\":\"x\",\"result\":1}",
        "{\"id\":[1],\"result\":1}",
        "{\"id\":99999999999999999999999}",
        "{\"result\":1}",
        "{\"id\":null,\"error\":{}}",
        "{\"id\":1.5}",
    };
    for (int round = 0; round < 100; round++)
        for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++)
            fake_frame(link, frames[i]);
}

static void give_requests(struct link *link)
{
    for (int i = 0; i < 500; i++)
        fake_frame(link, "{\"id\":5,\"src\":\"\xff\x1b\",\"method\":\"\xfe.\\n\\u0007\",\"args\":[]}");
}

static void give_half(struct link *link)
{
    fake_text(link, "{\"id\":1,\"resu");
}

static void give_nothing_whole(struct link *link)
{
    fake_text(link, "\n\"\"\"");
    fake_text(link, "{\"id\":1,\"result\":\"");
    fake_end(link);
}

static void test_hostile_peers(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *name;
        void (*give)(struct link *link);
        bool ends;
    } peers[] = {
        {"random bytes",         give_random,        false},
        {"a 10 MB line",         give_long_line,     false},
        {"JSON 10,000 deep",     give_deep,          false},
        {"400,000 values",       give_many,          false},
        {"wrong ids",            give_wrong_ids,     false},
        {"a flood of requests",  give_requests,      false},
        {"half a frame",         give_half,          false},
        {"half a frame and end", give_nothing_whole, true },
    };
    for (size_t i = 0; i < 2 * sizeof peers / sizeof peers[0]; i++) {
        size_t which = i / 2;
        fake.message = i % 2 == 1;
        fake.peer = NULL;
        fake.limit = 3064;
        open_up(w, NULL);
        peers[which].give(fake.link);
        int code = rpc_call(w->client, "A.Get", NULL, 100, NULL, &w->e);
        assert_int_equal(code, ERR_CONNECTION);
        assert_true(w->e.message[0] != '\0');
        if (peers[which].ends)
            assert_int_equal(rpc_reconnect(w->client, 1000, &w->e), 0);
        if (!fake.message)
            fake_text(fake.link, "\n");
        fake.peer = peer_ok;
        if (rpc_call(w->client, "A.Get", NULL, 5000, NULL, &w->e) != 0)
            fail_msg("after %s: %s", peers[which].name, w->e.message);
        rpc_close(w->client);
        w->client = NULL;
        buf_clear(&w->told.logs);
    }
}

static void test_what_was_wrong_is_said(void **state)
{
    struct world *w = *state;
    static const struct {
        void (*give)(struct link *link);
        const char *says;
    } cases[] = {
        {give_long_line, "longer than 1048576 bytes"    },
        {give_deep,      "nests deeper than 64 levels"  },
        {give_many,      "holds more than 100000 values"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        open_up(w, NULL);
        cases[i].give(fake.link);
        assert_int_equal(rpc_call(w->client, "A", NULL, 300, NULL, &w->e), ERR_CONNECTION);
        says(w, cases[i].says);
        assert_true(rpc_counters(w->client)->bad_frames > 0);
        rpc_close(w->client);
        w->client = NULL;
    }
}

static void test_calls_are_cheap(void **state)
{
    struct world *w = *state;
    enum { CALLS = 2000 };
    fake.peer = peer_ok;
    open_up(w, NULL);
    clock_t before = clock();
    for (int i = 0; i < CALLS; i++)
        assert_int_equal(rpc_call(w->client, "A.Get", NULL, 0, NULL, NULL), 0);
    double us = (double)(clock() - before) / CLOCKS_PER_SEC * 1e6 / CALLS;
    print_message("%.1f us of CPU a call\n", us);
    assert_true(us < 400); /* some 10 us; sanitizers and valgrind take their share */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_hostile_peers),
        CASE(test_what_was_wrong_is_said),
        CASE(test_calls_are_cheap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
