/* What the rpc tests share: a client on the fake link, and what it told. */
#ifndef RPC_WORLD_H
#define RPC_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_link.h"
#include "rpc/client.h"

/* What the client told us. */
struct told {
    struct rpc_client *client;
    struct buf logs;   /* "line|line|" */
    struct buf notes;  /* "Method=args|" */
    struct buf states; /* "U", "L", "R" */
    char why[768];
    bool close_on_log, call_on_log, close_on_state;
    int answered; /* by call_on_log */
};

static inline void on_log(void *ctx, const char *line, size_t len)
{
    struct told *t = ctx;
    buf_add(&t->logs, line, len);
    buf_add_text(&t->logs, "|");
    if (t->close_on_log)
        rpc_close(t->client);
    if (t->call_on_log) {
        t->call_on_log = false;
        t->answered += rpc_call(t->client, "Inner.Get", NULL, 100, NULL, NULL) == 0;
        buf_add_text(&t->logs, "<|");
    }
}

static inline void on_notification(void *ctx, const char *method, const cJSON *args)
{
    struct told *t = ctx;
    buf_printf(&t->notes, "%s=", method);
    frame_json(&t->notes, args);
    buf_add_text(&t->notes, "|");
}

static inline void on_state(void *ctx, enum rpc_state state, const struct error *why)
{
    struct told *t = ctx;
    buf_add_byte(&t->states, (uint8_t) "ULR"[state]);
    if (why != NULL)
        snprintf(t->why, sizeof t->why, "%s", why->message);
    if (t->close_on_state)
        rpc_close(t->client);
}

static const struct rpc_events all_events = {
    .log = on_log, .notification = on_notification, .state = on_state};

struct world {
    struct loop *loop;
    struct told told;
    struct rpc_client *client;
    struct error e;
};

static inline int open_code(struct world *w, const struct rpc_options *options)
{
    struct link_url url = {.scheme = LINK_SERIAL, .text = "/dev/fake", .path = "/dev/fake"};
    int code = rpc_open(w->loop, &url, options, &all_events, &w->told, &w->client, &w->e);
    w->told.client = w->client;
    return code;
}

static inline int set_up(void **state)
{
    struct world *w = mem_alloc(sizeof *w);
    w->loop = loop_new();
    memset(&fake, 0, sizeof fake);
    fake.serial = true;
    fake.limit = 4096;
    *state = w;
    return 0;
}

static inline int tear_down(void **state)
{
    struct world *w = *state;
    rpc_close(w->client);
    int leaked = fake.opened != fake.closed;
    loop_free(w->loop);
    buf_free(&w->told.logs);
    buf_free(&w->told.notes);
    buf_free(&w->told.states);
    free(w);
    return leaked;
}

static inline void open_up(struct world *w, const struct rpc_options *options)
{
    if (open_code(w, options) != 0)
        fail_msg("%s", w->e.message);
}

static inline bool never(void *ctx)
{
    (void)ctx;
    return false;
}

static inline void turn(struct world *w, int64_t ms)
{
    loop_run_until(w->loop, never, NULL, clock_ms() + ms);
}

static inline void says(const struct world *w, const char *text)
{
    if (strstr(w->e.message, text) == NULL && strstr(w->e.next, text) == NULL)
        fail_msg("\"%s\" is missing in: %s / %s", text, w->e.message, w->e.next);
}

/* --- peers ---------------------------------------------------------------------------------------------- */

static inline void peer_ok(struct link *link, const struct frame *f)
{
    struct buf b = BUF_INIT;
    frame_json(&b, f->args);
    fake_result(link, f->id, buf_text(&b)); /* gives the args back */
    buf_free(&b);
}

static inline void peer_logs(struct link *link, const struct frame *f)
{
    fake_text(link, "one\r\n{two}\nGOT FRAME "
                    "{\"id\":1,\"method\":\"ATCA.SetKey\",\"args\":{\"key\":\"SECRET\"}}\n\x1b[2Jthree\n");
    if (f->args != NULL)
        fake_result(link, f->id, "1");
    fake_text(link, "no line end");
}

/* What an asynchronous call ended with. */
struct done {
    int calls, code;
    int order; /* among all that were told */
    int *orders;
    char result[64], message[768];
};
static inline void on_done(void *ctx, const cJSON *result, const struct error *e)
{
    struct done *d = ctx;
    struct buf b = BUF_INIT;
    d->calls++;
    d->order = d->orders == NULL ? 0 : ++*d->orders;
    d->code = e == NULL ? 0 : e->code;
    frame_json(&b, result);
    snprintf(d->result, sizeof d->result, "%s", buf_text(&b));
    snprintf(d->message, sizeof d->message, "%s", e == NULL ? "" : e->message);
    buf_free(&b);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
