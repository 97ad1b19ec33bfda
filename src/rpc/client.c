/* RPC client: opening, losing, opening again, and what is due. See client.h and internal.h. */
#include "rpc/client.h"
#include "base/clock.h"
#include "base/secret.h"
#include "base/text.h"
#include "rpc/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Between tries to open a lost link again: quick at first (a board is back within seconds), then calm. */
enum { FIRST_PAUSE_MS = 100, LONGEST_PAUSE_MS = 1000 };

/* What a call's frame holds beside its method and args: {"id":…,"src":"lockstep","method":"","args":} with
 * the longest id. */
enum { ENVELOPE_BYTES = 64 };

static void destroy(struct rpc_client *client)
{
    rpc_inbox_clear(client);
    loop_timer_stop(client->alarm);
    uart_decoder_free(client->decoder);
    secret_wipe(&client->url, sizeof client->url); /* may hold user:password */
    rpc_login_clear(&client->login);
    free(client);
}

void rpc_hold(struct rpc_client *client)
{
    client->holds++;
}

void rpc_release(struct rpc_client *client)
{
    if (--client->holds == 0 && client->closed)
        destroy(client);
}

/* --- what is due ---------------------------------------------------------------------------------------- */

static void on_alarm(void *ctx)
{
    struct rpc_client *client = ctx;
    client->alarm = NULL;
    rpc_hold(client);
    int64_t now = clock_ms();
    if (client->xoff_due != 0 && client->xoff_due <= now) {
        client->xoff_due = 0;
        if (client->link != NULL)
            link_hold(client->link, false);
    }
    if (client->quiet_due != 0 && client->quiet_due <= now) {
        client->quiet_due = 0;
        if (client->decoder != NULL)
            uart_decoder_flush(client->decoder);
        rpc_inbox_deliver(client);
    }
    int64_t dues[] = {rpc_calls_check(client), client->xoff_due, client->quiet_due};
    for (size_t i = 0; i < sizeof dues / sizeof dues[0]; i++)
        if (dues[i] != 0)
            rpc_alarm_at(client, dues[i]);
    rpc_release(client);
}

/* One timer for all: an earlier one stays and looks again when it fires. */
void rpc_alarm_at(struct rpc_client *client, int64_t due)
{
    if (client->closed || (client->alarm != NULL && client->alarm_due <= due))
        return;
    loop_timer_stop(client->alarm);
    int64_t left = due - clock_ms();
    client->alarm_due = due;
    client->alarm = loop_timer_start(client->loop, left > 0 ? left : 0, on_alarm, client);
}

/* --- opening and losing --------------------------------------------------------------------------------- */

static void set_state(struct rpc_client *client, enum rpc_state state, const struct error *why)
{
    client->state = state;
    if (client->events.state != NULL && !client->closed)
        client->events.state(client->ctx, state, why);
}

void rpc_lose(struct rpc_client *client, const struct error *why)
{
    struct rpc_call_entry *calls = client->calls;
    client->calls = NULL;
    link_close(client->link);
    client->link = NULL;
    client->xoff_due = client->quiet_due = 0;
    client->reason = *why;
    client->reason.code = ERR_CONNECTION;
    rpc_inbox_clear(client);
    set_state(client, RPC_LOST, &client->reason);
    rpc_calls_end(client, calls, why);
}

static void on_data(void *ctx, const uint8_t *bytes, size_t len)
{
    struct rpc_client *client = ctx;
    rpc_hold(client);
    rpc_inbox_take(client, bytes, len);
    rpc_inbox_deliver(client);
    rpc_release(client);
}

static void on_closed(void *ctx, const struct error *why)
{
    struct rpc_client *client = ctx;
    struct error lost = *why;
    rpc_hold(client);
    lost.code = ERR_CONNECTION;
    error_prefix(&lost, "The connection was lost");
    if (lost.next[0] == '\0')
        error_next(&lost, client->url.scheme == LINK_SERIAL
                              ? "Check the cable and the board's power, then attach again."
                              : "Check that the board is powered and in the network, then attach again.");
    if (client->link == NULL) {
        client->lost_early = true;
        client->reason = lost;
    } else {
        if (client->decoder != NULL)
            uart_decoder_flush(client->decoder);
        rpc_inbox_deliver(client); /* what came before the end counts */
        if (client->link != NULL && !client->closed)
            rpc_lose(client, &lost);
    }
    rpc_release(client);
}

static int open_link(struct rpc_client *client, int64_t timeout_ms, struct error *e)
{
    static const struct link_events events = {.data = on_data, .closed = on_closed};
    struct link_options options = client->options.link;
    struct link *link = NULL;
    options.open_timeout_ms = timeout_ms;
    client->lost_early = false;
    client->early = 0;
    int code = link_open(client->loop, &client->url, &options, &events, client, &link, e);
    if (code == 0 && client->closed)
        code = error_set(e, ERR_CONNECTION, "The connection to %s was closed while it was being opened.",
                         client->name);
    else if (code == 0 && client->lost_early && e != NULL)
        *e = client->reason;
    if (code != 0 || client->lost_early) {
        link_close(link);
        rpc_inbox_clear(client);
        return code != 0 ? code : ERR_CONNECTION;
    }
    text_safe(link_name(link), client->name, sizeof client->name);
    client->frame_limit = link_frame_limit(link);
    client->serial = link_is_serial(link);
    uart_decoder_free(client->decoder);
    client->decoder = link_is_message(link) ? NULL : rpc_inbox_decoder(client);
    client->link = link;
    client->lines.count = 0;
    client->quote_open = false;
    rpc_inbox_open(client);
    return 0;
}

static struct rpc_client *new_client(struct loop *loop, const struct link_url *url,
                                     const struct rpc_options *options, const struct rpc_events *events,
                                     void *ctx)
{
    struct rpc_client *client = mem_alloc(sizeof *client);
    client->loop = loop;
    client->url = *url;
    client->ctx = ctx;
    client->state = RPC_RECONNECTING;
    client->inbox_end = &client->inbox;
    if (options != NULL)
        client->options = *options;
    if (events != NULL)
        client->events = *events;
    client->options.creds = NULL;
    if (client->options.timeout_ms <= 0)
        client->options.timeout_ms = RPC_TIMEOUT_MS;
    if (client->options.link.baud == 0)
        client->options.link.baud = 115200;
    text_safe(url->text, client->name, sizeof client->name);
    /* Not from 1: the answer to a call of a session before this one must not pass for ours. */
    uint32_t start;
    secret_random(&start, sizeof start);
    client->first_id = client->next_id = (start >> 4) + 1000;
    return client;
}

int rpc_open(struct loop *loop, const struct link_url *url, const struct rpc_options *options,
             const struct rpc_events *events, void *ctx, struct rpc_client **to, struct error *e)
{
    *to = NULL;
    struct rpc_client *client = new_client(loop, url, options, events, ctx);
    rpc_hold(client);
    int code = rpc_login_set(&client->login, options != NULL ? options->creds : NULL, e);
    if (code == 0)
        code = open_link(client, client->options.link.open_timeout_ms, e);
    if (code != 0) {
        client->closed = true;
    } else {
        client->state = RPC_UP;
        *to = client;
        rpc_inbox_deliver(client);
    }
    rpc_release(client);
    return code;
}

void rpc_close(struct rpc_client *client)
{
    if (client == NULL || client->closed)
        return;
    rpc_hold(client);
    client->closed = true;
    struct rpc_call_entry *calls = client->calls;
    client->calls = NULL;
    link_close(client->link);
    client->link = NULL;
    client->state = RPC_LOST;
    struct error why = {0};
    error_set(&why, ERR_CONNECTION, "The connection to %s was closed.", client->name);
    rpc_calls_end(client, calls, &why);
    rpc_release(client);
}

/* --- after a loss --------------------------------------------------------------------------------------- */

static bool is_closed(void *ctx)
{
    return ((struct rpc_client *)ctx)->closed;
}

/* Tries until the link is open, the time is over, or somebody ends it. */
static int try_open(struct rpc_client *client, int64_t until, struct error *e)
{
    int64_t pause = FIRST_PAUSE_MS;
    while (!client->closed) {
        int64_t left = until - clock_ms(), most = client->options.link.open_timeout_ms;
        int code = open_link(client, most > 0 && most < left ? most : left > 0 ? left : 1, e);
        if (code != ERR_CONNECTION || client->closed || clock_ms() + pause >= until)
            return code;
        if (loop_run_until(client->loop, is_closed, client, clock_ms() + pause) == LOOP_INTERRUPTED)
            return error_set(e, ERR_INTERRUPTED, "Opening %s again was interrupted.", client->name);
        pause = pause * 2 < LONGEST_PAUSE_MS ? pause * 2 : LONGEST_PAUSE_MS;
    }
    return error_set(e, ERR_CONNECTION, "The connection to %s was closed.", client->name);
}

int rpc_reconnect(struct rpc_client *client, int64_t deadline_ms, struct error *e)
{
    if (client->state == RPC_UP)
        return 0;
    if (client->state == RPC_RECONNECTING)
        return error_set(e, ERR_CONNECTION, "The connection to %s is being opened again already.",
                         client->name);
    char limit[48];
    struct error why = {0};
    rpc_hold(client);
    set_state(client, RPC_RECONNECTING, NULL);
    int code = try_open(client, clock_ms() + deadline_ms, &why);
    if (code == 0) {
        client->counters.reconnects++;
        set_state(client, RPC_UP, NULL);
        rpc_inbox_deliver(client);
    } else {
        if (code == ERR_CONNECTION && !client->closed) {
            clock_words(deadline_ms, limit, sizeof limit);
            error_prefix(&why, "The connection could not be opened again within %s", limit);
        }
        client->reason = why;
        set_state(client, RPC_LOST, &client->reason);
        if (e != NULL)
            *e = why;
    }
    rpc_release(client);
    return code;
}

static bool is_lost(void *ctx)
{
    struct rpc_client *client = ctx;
    rpc_inbox_deliver(client);
    return client->state != RPC_UP;
}

bool rpc_wait_lost(struct rpc_client *client, int64_t ms)
{
    rpc_hold(client);
    loop_run_until(client->loop, is_lost, client, clock_ms() + ms);
    bool lost = client->state != RPC_UP;
    rpc_release(client);
    return lost;
}

/* --- what it is ----------------------------------------------------------------------------------------- */

const struct rpc_counters *rpc_counters(const struct rpc_client *client)
{
    return &client->counters;
}

struct link *rpc_link(struct rpc_client *client)
{
    return client->link;
}

enum rpc_state rpc_state(const struct rpc_client *client)
{
    return client->state;
}

int rpc_set_creds(struct rpc_client *client, const char *creds, struct error *e)
{
    return rpc_login_set(&client->login, creds, e);
}

const char *rpc_user(const struct rpc_client *client)
{
    return client->login.user;
}

bool rpc_creds_fit(const struct rpc_client *client, enum digest_algorithm algorithm, const char *realm,
                   const char *ha1)
{
    const struct rpc_login *login = &client->login;
    char own[DIGEST_HEX];
    if (login->user == NULL)
        return false;
    digest_ha1(algorithm, login->user, realm, login->password.data, login->password.len, own);
    bool same = strcasecmp(own, ha1) == 0;
    secret_wipe(own, sizeof own);
    return same;
}

size_t rpc_payload_limit(const struct rpc_client *client, size_t overhead)
{
    size_t taken = ENVELOPE_BYTES + overhead + rpc_login_bytes(&client->login);
    return taken < client->frame_limit ? (client->frame_limit - taken) / 4 * 4 : 0;
}
