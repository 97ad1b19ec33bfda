/* Calls and their answers: see rpc/client.h and internal.h. */
#include "base/clock.h"
#include "base/text.h"
#include "rpc/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void unlink_call(struct rpc_client *client, const struct rpc_call_entry *call)
{
    struct rpc_call_entry **p = &client->calls;
    while (*p != NULL && *p != call)
        p = &(*p)->next;
    if (*p != NULL)
        *p = call->next;
}

static void clear_call(struct rpc_call_entry *call)
{
    buf_free(&call->again);
    cJSON_Delete(call->result);
    free(call->name);
}

/* The call is over, with its result or its error. One that nobody waits for tells its function, once. */
static void end_call(struct rpc_client *client, struct rpc_call_entry *call)
{
    unlink_call(client, call);
    call->done = true;
    if (call->fn == NULL)
        return;
    call->fn(call->ctx, call->result, call->why.code == 0 ? NULL : &call->why);
    clear_call(call);
    free(call);
}

void rpc_calls_end(struct rpc_client *client, struct rpc_call_entry *calls, const struct error *why)
{
    while (calls != NULL) {
        struct rpc_call_entry *call = calls;
        calls = call->next;
        error_set(&call->why, ERR_CONNECTION, "%s got no answer. %s", call->method, why->message);
        error_next(&call->why, "%s", why->next);
        end_call(client, call);
    }
}

int rpc_send_frame(struct rpc_client *client, const struct buf *json, struct error *e)
{
    if (client->decoder == NULL)
        return link_send(client->link, json->data, json->len, e);
    struct buf wire = {.secret = true};
    uart_encode(buf_text(json), json->len, &wire);
    int code = link_send(client->link, wire.data, wire.len, e);
    buf_free(&wire);
    return code;
}

/* --- starting ------------------------------------------------------------------------------------------- */

/* Methods whose call changes nothing, so that it may be repeated: told by the verb they are named with. */
static bool only_reads(const char *method)
{
    static const char *const verbs[] = {"Get", "List", "Describe", "Ping", "Scan"};
    const char *dot = strrchr(method, '.');
    for (size_t i = 0; dot != NULL && i < sizeof verbs / sizeof verbs[0]; i++)
        if (text_starts(dot + 1, verbs[i]))
            return true;
    return false;
}

static int check_up(const struct rpc_client *client, const char *method, struct error *e)
{
    if (client->closed)
        return error_set(e, ERR_CONNECTION, "%s was not sent: the connection to %s is closed.", method,
                         client->name);
    if (client->link != NULL && client->state == RPC_UP)
        return 0;
    if (client->state == RPC_RECONNECTING)
        return error_set(e, ERR_CONNECTION, "%s was not sent: the connection to %s is being opened again.",
                         method, client->name);
    error_set(e, ERR_CONNECTION, "%s was not sent. %s", method, client->reason.message);
    error_next(e, "%s", client->reason.next);
    return ERR_CONNECTION;
}

static int check_size(const struct rpc_client *client, const char *method, size_t len, struct error *e)
{
    if (client->frame_limit == 0 || len <= client->frame_limit)
        return 0;
    error_set(e, ERR_REFUSED,
              "%s was not sent: its frame has %zu bytes, and over %s the device takes at most %zu.", method,
              len, client->name, client->frame_limit);
    error_next(e, "Send it in smaller pieces.");
    return ERR_REFUSED;
}

/* The time a caller gives is the time he gets his answer or his error in: tries share it. */
static void set_times(struct rpc_client *client, struct rpc_call_entry *call, int64_t timeout_ms)
{
    call->timeout_ms = timeout_ms > 0 ? timeout_ms : client->options.timeout_ms;
    if (client->serial && client->options.retries > 0 && only_reads(call->method) && call->said == NULL)
        call->tries = client->options.retries;
    call->each_ms = call->timeout_ms / (call->tries + 1);
    call->started_us = clock_us();
    call->due = clock_ms() + call->each_ms;
}

/* --- sending -------------------------------------------------------------------------------------------- */

/* The frame that ends with } gets the login as its last member. */
static void add_login(struct buf *json, const cJSON *auth)
{
    if (auth == NULL)
        return;
    json->data[--json->len] = '\0';
    buf_add_text(json, ",\"auth\":");
    frame_json(json, auth);
    buf_add_byte(json, '}');
}

/* With the login that call->login says. */
static int send_call(struct rpc_client *client, struct rpc_call_entry *call, struct error *e)
{
    bool own =
        (call->login == RPC_CALL_KEPT || call->login == RPC_CALL_FRESH) && rpc_login_is_ready(&client->login);
    cJSON *answer = own ? rpc_login_auth(&client->login) : NULL;
    struct buf json = {.secret = true};
    buf_add(&json, call->again.data, call->again.len);
    add_login(&json, own ? answer : call->auth);
    int code = check_size(client, call->method, json.len, e);
    if (code == 0)
        code = rpc_send_frame(client, &json, e);
    buf_free(&json);
    cJSON_Delete(answer);
    return code;
}

static int start_call(struct rpc_client *client, struct rpc_call_entry *call, const cJSON *args,
                      int64_t timeout_ms, struct error *e)
{
    int code = check_up(client, call->method, e);
    if (code != 0)
        return code;
    call->again.secret = true; /* args may hold a key */
    call->id = client->next_id++;
    frame_request(&call->again, call->id, RPC_SRC, call->method, args, NULL);
    if (call->said == NULL)
        call->login = rpc_login_is_ready(&client->login) ? RPC_CALL_KEPT : RPC_CALL_PLAIN;
    set_times(client, call, timeout_ms);
    call->before = client->traffic;
    code = send_call(client, call, e);
    if (code == 0) /* the link may have gone down, and told so, under this very send */
        code = check_up(client, call->method, e);
    if (code != 0)
        return code;
    client->counters.sent++;
    if (call->tries == 0 && client->login.user == NULL)
        buf_free(&call->again);
    call->next = client->calls;
    client->calls = call;
    rpc_alarm_at(client, call->due);
    return 0;
}

int rpc_call_start(struct rpc_client *client, const char *method, const cJSON *args, int64_t timeout_ms,
                   rpc_done_fn *fn, void *ctx, struct error *e)
{
    struct rpc_call_entry *call = mem_alloc(sizeof *call);
    *call = (struct rpc_call_entry){.name = mem_string(method), .fn = fn, .ctx = ctx};
    call->method = call->name;
    rpc_hold(client);
    int code = start_call(client, call, args, timeout_ms, e);
    if (code != 0) {
        clear_call(call);
        free(call);
    }
    rpc_release(client);
    return code;
}

struct waiting {
    struct rpc_client *client;
    struct rpc_call_entry *call;
};

/* The answer may lie in the inbox already, when a log line's callback is what waits here. */
static bool is_done(void *ctx)
{
    struct waiting *w = ctx;
    if (!w->call->done)
        rpc_inbox_deliver(w->client);
    return w->call->done;
}

static int wait_call(struct rpc_client *client, struct rpc_call_entry *call, cJSON **result, struct error *e)
{
    struct waiting w = {client, call};
    loop_run_until(client->loop, is_done, &w, -1);
    if (!call->done) {
        unlink_call(client, call);
        error_set(e, ERR_INTERRUPTED, "Waiting for the answer to %s was interrupted.", call->method);
        error_next(e, only_reads(call->method)
                          ? "It only reads, so nothing was changed."
                          : "The device may have carried it out all the same: look before doing more.");
        return ERR_INTERRUPTED;
    }
    if (call->why.code != 0) {
        if (e != NULL)
            *e = call->why;
        return call->why.code;
    }
    if (result != NULL) {
        *result = call->result;
        call->result = NULL;
    }
    return 0;
}

int rpc_call(struct rpc_client *client, const char *method, const cJSON *args, int64_t timeout_ms,
             cJSON **result, struct error *e)
{
    if (result != NULL)
        *result = NULL;
    if (loop_interrupted(client->loop))
        return error_set(e, ERR_INTERRUPTED, "%s was not sent: interrupted.", method);
    struct rpc_call_entry call = {.method = method};
    rpc_hold(client);
    int code = start_call(client, &call, args, timeout_ms, e);
    if (code == 0)
        code = wait_call(client, &call, result, e);
    clear_call(&call);
    rpc_release(client);
    return code;
}

int rpc_call_as(struct rpc_client *client, const char *method, const cJSON *args, const cJSON *auth,
                int64_t timeout_ms, struct rpc_said *said, struct error *e)
{
    *said = (struct rpc_said){0};
    if (loop_interrupted(client->loop))
        return error_set(e, ERR_INTERRUPTED, "%s was not sent: interrupted.", method);
    struct rpc_call_entry call = {.method = method, .login = RPC_CALL_EXACT, .auth = auth, .said = said};
    rpc_hold(client);
    int code = start_call(client, &call, args, timeout_ms, e);
    if (code == 0)
        code = wait_call(client, &call, NULL, e);
    clear_call(&call);
    rpc_release(client);
    return code;
}

/* --- logging in ----------------------------------------------------------------------------------------- */

static bool is_waiting(const struct rpc_client *client, const struct rpc_call_entry *call)
{
    const struct rpc_call_entry *one = client->calls;
    while (one != NULL && one != call)
        one = one->next;
    return one != NULL;
}

/* The same call, same id, as call->login says now. A link that goes down under it ends the call by itself. */
static void send_anew(struct rpc_client *client, struct rpc_call_entry *call)
{
    struct error why = {0};
    int code = send_call(client, call, &why);
    if (code == 0) {
        client->counters.sent++;
    } else if (is_waiting(client, call)) {
        call->why = why;
        end_call(client, call);
    }
}

/* 401. True: the call goes on; false: call->why says why it ends. */
static bool meet_challenge(struct rpc_client *client, struct rpc_call_entry *call, const char *name,
                           const char *message)
{
    struct error why = {0};
    if (client->login.user == NULL || call->again.len == 0) { /* or it went out before there was a user */
        rpc_explain_login_wanted(name, message, &call->why);
    } else if (call->login == RPC_CALL_FRESH) {
        rpc_explain_login_refused(name, &client->login, message, &call->why);
        rpc_login_forget(&client->login);
    } else if (rpc_login_challenge(&client->login, message, &why) != 0) {
        rpc_explain_login_broken(name, &why, &call->why);
    } else {
        call->login = RPC_CALL_FRESH;
        send_anew(client, call);
        return true;
    }
    return false;
}

/* 400 to a frame with a login: realm or algorithm are no longer what they were when it was asked for, or the
 * method itself says so. */
static bool meet_bad_request(struct rpc_client *client, struct rpc_call_entry *call, const char *name)
{
    if (call->login == RPC_CALL_KEPT) {
        rpc_login_forget(&client->login);
        call->login = RPC_CALL_PLAIN;
        send_anew(client, call);
        return true;
    }
    rpc_explain_login_malformed(name, &client->login, &call->why);
    return false;
}

/* An answer that refuses. True: the call was sent again. */
static bool meet_refusal(struct rpc_client *client, struct rpc_call_entry *call, int code,
                         const char *message)
{
    char name[96];
    const char *said = message == NULL ? "" : message;
    bool with = call->login == RPC_CALL_KEPT || call->login == RPC_CALL_FRESH;
    text_safe(call->method, name, sizeof name);
    if (code == 401)
        return meet_challenge(client, call, name, said);
    if (code == 400 && with && strcmp(said, "bad request") == 0)
        return meet_bad_request(client, call, name);
    if (code == 403 && with && strcmp(said, "unauthorized") == 0)
        rpc_explain_login_denied(name, &client->login, &call->why);
    else
        rpc_explain_refusal(call->method, code, message, &call->why);
    return false;
}

static void take_said(struct rpc_said *said, const struct frame *answer)
{
    said->code = answer->error_code;
    snprintf(said->message, sizeof said->message, "%s",
             answer->error_message == NULL ? "" : answer->error_message);
}

/* --- ending --------------------------------------------------------------------------------------------- */

void rpc_answer(struct rpc_client *client, struct frame *answer)
{
    struct rpc_call_entry *call = client->calls;
    while (call != NULL && call->id != answer->id)
        call = call->next;
    if (call == NULL) {
        bool ours = answer->id >= client->first_id && answer->id < client->next_id;
        client->counters.unmatched++;
        client->traffic.late += ours;
        client->traffic.strays += !ours;
        return;
    }
    client->traffic.answers++;
    client->lines.count = 0; /* what was logged before a good answer explains no later silence */
    client->counters.last_round_trip_us = clock_us() - call->started_us;
    if (call->said != NULL) {
        take_said(call->said, answer);
    } else if (answer->error_code == 0) {
        call->result = answer->result;
        answer->result = NULL;
    } else if (meet_refusal(client, call, answer->error_code, answer->error_message)) {
        return;
    }
    end_call(client, call);
}

static void explain(struct rpc_client *client, struct rpc_call_entry *call)
{
    struct rpc_silence s = {
        .port = client->name,
        .method = call->method,
        .waited_ms = call->timeout_ms,
        .serial = client->serial,
        .message = client->decoder == NULL,
        .baud = client->options.link.baud,
        .held = client->xoff_due != 0,
        .unfinished = client->decoder == NULL ? 0 : uart_decoder_held(client->decoder),
        .unsent = link_pending(client->link),
        .heard = call->before.answers > 0,
        .bad_why = client->bad_why,
        .got = rpc_traffic_since(&client->traffic, &call->before),
        .lines = &client->lines,
    };
    rpc_explain_silence(&s, &call->why);
}

static void send_again(struct rpc_client *client, struct rpc_call_entry *call)
{
    call->tries--;
    call->due = clock_ms() + call->each_ms;
    if (send_call(client, call, NULL) == 0)
        client->counters.sent++;
}

static struct rpc_call_entry *find_due(const struct rpc_client *client, int64_t now)
{
    struct rpc_call_entry *call = client->calls;
    while (call != NULL && call->due > now)
        call = call->next;
    return call;
}

int64_t rpc_calls_check(struct rpc_client *client)
{
    int64_t now = clock_ms(), next = 0;
    struct rpc_call_entry *call;
    while (!client->closed && client->link != NULL && (call = find_due(client, now)) != NULL) {
        if (call->tries > 0) {
            send_again(client, call);
            continue;
        }
        client->counters.timeouts++;
        if (client->decoder != NULL)
            uart_decoder_flush(client->decoder); /* a last line without an end may be what explains */
        rpc_inbox_deliver(client);
        if (find_due(client, now) != call) /* a log line's callback may have ended it */
            continue;
        explain(client, call);
        end_call(client, call);
    }
    for (call = client->calls; call != NULL; call = call->next)
        if (next == 0 || call->due < next)
            next = call->due;
    return next;
}
