/* A device made of a list of answers, in place of the RPC client: each test file that includes this defines
 * the client's functions itself, so that the real ones are not linked. */
#ifndef FAKE_RPC_H
#define FAKE_RPC_H

#include "base/clock.h"
#include "rpc/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One expected call and what comes of it. */
struct fake_answer {
    const char *method;
    const char *result; /* JSON, or NULL */
    int code, remote;
    const char *message;
    int drops;       /* the link is lost with this call */
    const char *key; /* args.key must be this, when not NULL */
};

static struct {
    const struct fake_answer *answers;
    size_t count, next;
    enum rpc_state state;
    int reconnect_code; /* of rpc_reconnect */
    int reconnects, opened, closed, calls;
    int64_t waited; /* milliseconds */
    const struct rpc_events *events;
    void *ctx;
    struct link_url url;
    char trace[1024];
} fake;

static void fake_script(const struct fake_answer *answers, size_t count)
{
    fake.answers = answers;
    fake.count = count;
    fake.next = 0;
    fake.trace[0] = '\0';
    fake.calls = 0;
}
#define SCRIPT(...)                                                                                          \
    fake_script((const struct fake_answer[]){__VA_ARGS__},                                                   \
                sizeof((const struct fake_answer[]){__VA_ARGS__}) / sizeof(struct fake_answer))

static void fake_state(enum rpc_state state, const struct error *why)
{
    fake.state = state;
    if (fake.events->state)
        fake.events->state(fake.ctx, state, why);
}

int rpc_open(struct loop *loop, const struct link_url *url, const struct rpc_options *options,
             const struct rpc_events *events, void *ctx, struct rpc_client **client, struct error *e)
{
    (void)loop, (void)options;
    fake.url = *url;
    fake.events = events;
    fake.ctx = ctx;
    fake.state = RPC_UP;
    fake.opened++;
    *client = (struct rpc_client *)&fake;
    if (strcmp(url->path, "/dev/none") != 0)
        return 0;
    *client = NULL;
    return error_set(e, ERR_CONNECTION, "no such port");
}

void rpc_close(struct rpc_client *client)
{
    fake.closed += client != NULL;
}

int rpc_call(struct rpc_client *client, const char *method, const cJSON *args, int64_t timeout_ms,
             cJSON **result, struct error *e)
{
    (void)client, (void)timeout_ms;
    size_t used = strlen(fake.trace);
    snprintf(fake.trace + used, sizeof fake.trace - used, "%s ", method);
    fake.calls++;
    if (fake.next >= fake.count)
        return error_set(e, ERR_CONNECTION, "no answer");
    /* The last answer repeats for ever. */
    const struct fake_answer *a = &fake.answers[fake.next];
    fake.next += fake.next + 1 < fake.count;
    assert_string_equal(method, a->method);
    if (a->key)
        assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(args, "key")), a->key);
    if (a->drops)
        fake_state(RPC_LOST, NULL);
    if (a->code) {
        error_set(e, a->code, "%s", a->message ? a->message : "no answer");
        if (e != NULL)
            e->remote = a->remote;
        return a->code;
    }
    if (result != NULL)
        *result = a->result ? cJSON_Parse(a->result) : NULL;
    return 0;
}

int rpc_reconnect(struct rpc_client *client, int64_t deadline_ms, struct error *e)
{
    (void)client;
    fake.reconnects++;
    if (fake.reconnect_code) {
        fake.waited += deadline_ms;
        return error_set(e, fake.reconnect_code, "connection refused");
    }
    fake_state(RPC_UP, NULL);
    return 0;
}

bool rpc_wait_lost(struct rpc_client *client, int64_t ms)
{
    (void)client;
    fake.waited += ms;
    return fake.state != RPC_UP;
}

enum rpc_state rpc_state(const struct rpc_client *client)
{
    (void)client;
    return fake.state;
}

static struct device *fake_attach(struct loop *loop)
{
    struct device *device = NULL;
    struct error e = {0};
    memset(&fake, 0, sizeof fake);
    assert_int_equal(device_attach(loop, "/dev/ttyFAKE", NULL, NULL, NULL, &device, &e), 0);
    return device;
}

#endif
