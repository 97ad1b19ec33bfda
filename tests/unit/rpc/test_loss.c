/* rpc/client: lost links, opening again, Ctrl-C, and callbacks that call and close. */
#include "world.h"

/* --- loss ----------------------------------------------------------------------------------------------- */

static void peer_dies(struct link *link, const struct frame *f)
{
    (void)f;
    fake_text(link, "dying");
    fake_end(link);
}

static void test_lost_in_mid_call(void **state)
{
    struct world *w = *state;
    struct done d = {0};
    fake.peer = peer_dies;
    open_up(w, NULL);
    assert_int_equal(rpc_call_start(w->client, "B", NULL, 5000, on_done, &d, &w->e), 0);
    assert_int_equal(rpc_call(w->client, "A", NULL, 5000, NULL, &w->e), ERR_CONNECTION);
    says(w, "A got no answer. The connection was lost: The cable was pulled.");
    says(w, "Check the cable and the board's power");
    assert_int_equal(d.calls, 1);
    assert_int_equal(d.code, ERR_CONNECTION);
    assert_non_null(strstr(d.message, "cable was pulled"));
    assert_string_equal(buf_text(&w->told.states), "L");
    assert_non_null(strstr(w->told.why, "cable was pulled"));
    assert_string_equal(buf_text(&w->told.logs), "dying|");
    assert_int_equal(rpc_state(w->client), RPC_LOST);
    assert_null(rpc_link(w->client));
    assert_int_equal(rpc_call(w->client, "A", NULL, 5000, NULL, &w->e), ERR_CONNECTION);
    says(w, "A was not sent. The connection was lost: The cable");
    assert_int_equal(rpc_call_start(w->client, "B", NULL, 5000, on_done, &d, &w->e), ERR_CONNECTION);
    assert_int_equal(d.calls, 1);
    assert_true(rpc_wait_lost(w->client, 0));
}

static void test_reconnect(void **state)
{
    struct world *w = *state;
    fake.peer = peer_dies;
    open_up(w, NULL);
    assert_int_equal(rpc_reconnect(w->client, 10, &w->e), 0); /* up: nothing to do */
    assert_int_equal(fake.opened, 1);
    rpc_call(w->client, "A", NULL, 5000, NULL, NULL);
    fake.open_failures = 1000;
    assert_int_equal(rpc_reconnect(w->client, 250, &w->e), ERR_CONNECTION);
    says(w, "The connection could not be opened again within 250 ms: /dev/fake: connection refused.");
    assert_string_equal(buf_text(&w->told.states), "LRL");
    fake.open_failures = 1;
    fake.peer = peer_ok;
    assert_int_equal(rpc_reconnect(w->client, 5000, &w->e), 0);
    assert_string_equal(buf_text(&w->told.states), "LRLRU");
    assert_int_equal(rpc_counters(w->client)->reconnects, 1);
    assert_int_equal(rpc_call(w->client, "A", NULL, 1000, NULL, &w->e), 0);
    assert_false(rpc_wait_lost(w->client, 20));
    fake_end(fake.link);
    assert_true(rpc_wait_lost(w->client, 1000));
}

static void test_open_failures(void **state)
{
    struct world *w = *state;
    fake.open_failures = 1;
    assert_int_equal(open_code(w, NULL), ERR_CONNECTION);
    assert_null(w->client);
    says(w, "connection refused");
    fake.early_end = true;
    assert_int_equal(open_code(w, NULL), ERR_CONNECTION);
    says(w, "cable was pulled");
    assert_null(w->client);
}

static void test_bytes_before_the_link_is_ours(void **state)
{
    struct world *w = *state;
    fake.early = "booted\n{\"method\":\"Hi\"}\n";
    fake.peer = peer_ok;
    open_up(w, NULL);
    assert_string_equal(buf_text(&w->told.logs), "booted|");
    assert_string_equal(buf_text(&w->told.notes), "Hi=null|");
    assert_int_equal(rpc_call(w->client, "A", NULL, 1000, NULL, &w->e), 0);
}

/* --- re-entrance ---------------------------------------------------------------------------------------- */

static void press_ctrl_c(void *ctx)
{
    loop_interrupt(ctx);
}

static void test_interrupt(void **state)
{
    struct world *w = *state;
    open_up(w, NULL);
    loop_timer_start(w->loop, 20, press_ctrl_c, w->loop);
    assert_int_equal(rpc_call(w->client, "A", NULL, 5000, NULL, &w->e), ERR_INTERRUPTED);
    assert_int_equal(w->e.code, ERR_INTERRUPTED);
    says(w, "may have carried it out all the same");
    unsigned long sent = rpc_counters(w->client)->sent;
    assert_int_equal(rpc_call(w->client, "A", NULL, 5000, NULL, &w->e), ERR_INTERRUPTED);
    assert_int_equal(rpc_counters(w->client)->sent, sent); /* nothing leaves after Ctrl-C */
    loop_interrupt_clear(w->loop);
    loop_timer_start(w->loop, 20, press_ctrl_c, w->loop);
    assert_int_equal(rpc_call(w->client, "Config.Get", NULL, 5000, NULL, &w->e), ERR_INTERRUPTED);
    says(w, "It only reads, so nothing was changed.");
    loop_interrupt_clear(w->loop);
    fake.peer = peer_ok;
    assert_int_equal(rpc_call(w->client, "A", NULL, 1000, NULL, &w->e), 0);
}

static void test_close_inside_a_callback(void **state)
{
    struct world *w = *state;
    struct done d = {0};
    fake.peer = peer_logs;
    w->told.close_on_log = true;
    open_up(w, NULL);
    struct rpc_client *client = w->client;
    assert_int_equal(rpc_call_start(client, "B", NULL, 5000, on_done, &d, &w->e), 0);
    assert_int_equal(rpc_call(client, "A", NULL, 5000, NULL, &w->e), ERR_CONNECTION);
    w->client = NULL; /* freed */
    says(w, "was closed");
    assert_int_equal(d.calls, 1);
    assert_string_equal(buf_text(&w->told.logs), "one|"); /* nothing more is told */

    w->told.close_on_log = false;
    w->told.close_on_state = true;
    fake.peer = peer_dies;
    open_up(w, NULL);
    assert_int_equal(rpc_call(w->client, "A", NULL, 5000, NULL, &w->e), ERR_CONNECTION);
    w->client = NULL;
}

struct closer {
    struct rpc_client *client;
    int calls;
};

static void close_when_done(void *ctx, const cJSON *result, const struct error *e)
{
    struct closer *c = ctx;
    (void)result;
    (void)e;
    c->calls++;
    assert_int_equal(rpc_call(c->client, "Inner", NULL, 1000, NULL, NULL),
                     c->calls == 1 ? 0 : ERR_CONNECTION);
    rpc_close(c->client);
}

static void test_close_when_an_answer_comes(void **state)
{
    struct world *w = *state;
    fake.peer = peer_ok;
    open_up(w, NULL);
    struct closer c = {.client = w->client};
    assert_int_equal(rpc_call_start(w->client, "A", NULL, 1000, close_when_done, &c, NULL), 0);
    fake.peer = NULL;
    assert_int_equal(rpc_call_start(w->client, "B", NULL, 1000, close_when_done, &c, NULL), 0);
    fake.peer = peer_ok;
    turn(w, 30);
    assert_int_equal(c.calls, 2);
    w->client = NULL;
}

static void peer_log_then_answer(struct link *link, const struct frame *f)
{
    struct buf b = BUF_INIT; /* one chunk holds the log line and the answer */
    char *json = mem_printf("{\"id\":%lld,\"result\":1}", (long long)f->id);
    buf_add_text(&b, "hello\n");
    uart_encode(json, strlen(json), &b);
    fake_give(link, b.data, b.len);
    buf_free(&b);
    free(json);
}

static void test_call_inside_a_callback(void **state)
{
    struct world *w = *state;
    fake.peer = peer_log_then_answer;
    w->told.call_on_log = true;
    open_up(w, NULL);
    assert_int_equal(rpc_call(w->client, "Outer.Get", NULL, 500, NULL, &w->e), 0);
    assert_int_equal(w->told.answered, 1);
    assert_string_equal(buf_text(&w->told.logs), "hello|hello|<|");
}

static void peer_two_lines(struct link *link, const struct frame *f)
{
    if (strcmp(f->method, "Outer.Get") == 0)
        fake_text(link, "one\ntwo\n");
}

static void test_log_goes_on_while_a_callback_waits(void **state)
{
    struct world *w = *state;
    fake.peer = peer_two_lines;
    w->told.call_on_log = true;
    open_up(w, NULL);
    assert_int_equal(rpc_call(w->client, "Outer.Get", NULL, 50, NULL, &w->e), ERR_CONNECTION);
    assert_string_equal(buf_text(&w->told.logs), "one|two|<|");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_lost_in_mid_call),
        CASE(test_reconnect),
        CASE(test_open_failures),
        CASE(test_bytes_before_the_link_is_ours),
        CASE(test_interrupt),
        CASE(test_close_inside_a_callback),
        CASE(test_close_when_an_answer_comes),
        CASE(test_call_inside_a_callback),
        CASE(test_log_goes_on_while_a_callback_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
