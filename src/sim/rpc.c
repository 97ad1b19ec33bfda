/* The RPC core: see rpc.h. */
#include "sim/rpc.h"
#include "base/clock.h"
#include "base/text.h"
#include "sim/auth.h"
#include "sim/config.h"
#include "sim/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An answer that waits to leave (--fault late). */
struct late {
    struct late *next;
    struct board *board;
    struct loop_timer *timer;
    struct sim_reply *reply;
    uint64_t channel;
};

struct sim_rpc {
    struct sim_channel *channels;
    struct late *late;
    uint64_t serial;
    int64_t own_id; /* of requests the board makes by itself */
};

struct sim_rpc *sim_rpc_new(void)
{
    return mem_alloc(sizeof(struct sim_rpc));
}

static void reply_free(struct sim_reply *reply)
{
    free(reply->dst);
    cJSON_Delete(reply->result);
    free(reply);
}

void sim_rpc_forget(struct board *b)
{
    while (b->rpc->late != NULL) {
        struct late *late = b->rpc->late;
        b->rpc->late = late->next;
        loop_timer_stop(late->timer);
        reply_free(late->reply);
        free(late);
    }
}

void sim_rpc_free(struct sim_rpc *rpc)
{
    free(rpc);
}

void sim_rpc_add(struct board *b, struct sim_channel *channel)
{
    channel->serial = ++b->rpc->serial;
    channel->next = b->rpc->channels;
    b->rpc->channels = channel;
}

void sim_rpc_remove(struct board *b, struct sim_channel *channel)
{
    for (struct sim_channel **at = &b->rpc->channels; *at != NULL; at = &(*at)->next) {
        if (*at == channel) {
            *at = channel->next;
            return;
        }
    }
}

const struct sim_method *sim_rpc_method(const struct board *b, const char *name)
{
    for (const struct sim_method *m = sim_methods; m->name != NULL; m++)
        if (strcmp(m->name, name) == 0 && (!m->atca || b->atca))
            return m;
    return NULL;
}

/* --- out ------------------------------------------------------------------------------------------------ */

/* The firmware unescapes \u00NN to the single byte NN and never escapes it again. */
static void to_raw_bytes(struct buf *json)
{
    size_t to = 0;
    for (size_t i = 0; i < json->len; i++) {
        const char *at = (const char *)json->data + i;
        uint8_t byte;
        if (*at == '\\' && text_starts(at, "\\u00") && i + 6 <= json->len &&
            strchr("89abcdefABCDEF", at[4]) && text_unhex(at + 4, 2, false, &byte, 1) == 1) {
            json->data[to++] = byte;
            i += 5;
        } else {
            json->data[to++] = (uint8_t)*at;
            if (*at == '\\' && i + 1 < json->len)
                json->data[to++] = json->data[++i];
        }
    }
    json->len = to;
    if (json->data != NULL)
        json->data[to] = '\0';
}

void sim_rpc_text(const struct board *b, const struct sim_reply *reply, struct buf *to)
{
    if (reply->failed)
        frame_response_error(to, reply->id, b->id, reply->dst, reply->code, reply->message);
    else
        frame_response(to, reply->id, b->id, reply->dst, reply->result);
    to_raw_bytes(to);
}

void sim_rpc_bare(const struct sim_reply *reply, struct buf *to)
{
    if (reply->failed) {
        cJSON *error = cJSON_CreateObject();
        cJSON_AddNumberToObject(error, "code", reply->code);
        cJSON_AddStringToObject(error, "message", reply->message);
        frame_json(to, error);
        cJSON_Delete(error);
    } else if (reply->result != NULL) {
        frame_json(to, reply->result);
    } else {
        buf_add_text(to, "null");
    }
    to_raw_bytes(to);
}

/* A notification and a request of the board's own: hosts must tell them from answers. */
static void send_unsolicited(struct board *b, struct sim_channel *channel)
{
    char json[160];
    int64_t n = ++b->rpc->own_id;
    int len =
        snprintf(json, sizeof json, "{\"src\":\"%s\",\"method\":\"Test.Event\",\"params\":{\"n\":%lld}}",
                 b->id, (long long)n);
    channel->frame(channel, json, (size_t)len);
    len = snprintf(json, sizeof json,
                   "{\"id\":%lld,\"src\":\"%s\",\"method\":\"Test.Ask\",\"params\":{\"n\":%lld}}",
                   (long long)n, b->id, (long long)n);
    channel->frame(channel, json, (size_t)len);
}

static void deliver(struct board *b, uint64_t serial, const struct sim_reply *reply)
{
    struct sim_channel *channel = b->rpc->channels;
    while (channel != NULL && channel->serial != serial)
        channel = channel->next;
    if (channel == NULL)
        return; /* gone meanwhile */
    if (b->options->faults.unsolicited && channel->frame != NULL) {
        send_unsolicited(b, channel);
        /* a socket that was cut by it is gone now */
        for (channel = b->rpc->channels; channel != NULL && channel->serial != serial;)
            channel = channel->next;
        if (channel == NULL)
            return;
    }
    if (channel->reply != NULL) {
        channel->reply(channel, reply);
        return;
    }
    struct buf json = BUF_INIT;
    sim_rpc_text(b, reply, &json);
    channel->frame(channel, buf_text(&json), json.len);
    buf_free(&json);
}

static void on_late(void *ctx)
{
    struct late *late = ctx;
    struct late **at = &late->board->rpc->late;
    while (*at != late)
        at = &(*at)->next;
    *at = late->next;
    deliver(late->board, late->channel, late->reply);
    reply_free(late->reply);
    free(late);
}

static void send_reply(struct board *b, const struct sim_channel *channel, struct sim_reply *reply)
{
    const struct sim_faults *f = &b->options->faults;
    if (f->wrong_id)
        reply->id++;
    if (f->late_ms != 0) {
        struct late *late = mem_alloc(sizeof *late);
        *late = (struct late){.next = b->rpc->late, .board = b, .reply = reply, .channel = channel->serial};
        late->timer = loop_timer_start(b->loop, (int64_t)f->late_ms, on_late, late);
        b->rpc->late = late;
        return;
    }
    deliver(b, channel->serial, reply);
    reply_free(reply);
}

/* --- in ------------------------------------------------------------------------------------------------- */

/* False, with the refusal in the reply. */
static bool may_call(struct board *b, const struct sim_channel *channel, const struct frame *request,
                     struct sim_reply *reply)
{
    struct sim_auth_found found;
    enum sim_auth_result result = sim_auth_check(b, channel, request->method, request->auth, &found);
    memcpy(reply->user, found.user, sizeof reply->user);
    switch (result) {
    case SIM_AUTH_ALLOWED:
        board_log(b, LOG_INFO, "mgos_rpc.c:389", "Called '%s' via '%s', ACL: '%s'", request->method,
                  channel->type, found.entry);
        return true;
    case SIM_AUTH_DENIED:
        sim_reply_error(reply, 403, "unauthorized");
        return false;
    case SIM_AUTH_REQUIRED:
        sim_reply_error(reply, 401, "%s", "");
        sim_auth_challenge(b, reply->message, sizeof reply->message);
        return false;
    case SIM_AUTH_BAD:
        sim_reply_error(reply, 400, "bad request");
        return false;
    case SIM_AUTH_ERROR:
        sim_reply_error(reply, 0, "the ACL is broken");
        reply->silent = true;
        return false;
    }
    return false;
}

static void run_method(struct board *b, const struct sim_channel *channel, const struct frame *request,
                       struct sim_reply *reply)
{
    const struct sim_method *method = sim_rpc_method(b, request->method);
    int64_t left = b->restart_ms - clock_ms();
    if (method == NULL)
        sim_reply_error(reply, 404, "No handler for %s", request->method);
    else if (b->restart_ms != 0 && left <= BOARD_SHUTDOWN_MS)
        sim_reply_error(reply, 418, "shutting down in %d ms", left > 0 ? (int)left : 0);
    else if (may_call(b, channel, request, reply))
        method->fn(b, channel, request->args, reply);
}

static void record(struct board *b, const struct sim_channel *channel, const struct frame *request,
                   const struct sim_reply *reply, const char *did)
{
    struct sim_journal_request line = {.channel = channel->type,
                                       .method = request->method,
                                       .id = request->id,
                                       .args = request->args,
                                       .did = did,
                                       .user = reply->user,
                                       .code = reply->failed ? reply->code : 0,
                                       .message = reply->failed ? reply->message : NULL};
    sim_journal_request(b->journal, &line);
}

void sim_rpc_request(struct board *b, struct sim_channel *channel, const struct frame *request)
{
    struct sim_reply *reply = mem_alloc(sizeof *reply);
    reply->id = request->id;
    reply->dst = request->src ? mem_string(request->src) : NULL;
    b->requests++;
    run_method(b, channel, request, reply);
    if (b->requests == b->options->faults.power_msg)
        board_cut_power(b);
    if (!board_save_chip(b) || b->power_lost) {
        record(b, channel, request, reply, "power cut");
        reply_free(reply);
        return;
    }
    bool wanted =
        request->kind == FRAME_REQUEST && !request->no_reply && !reply->silent && !b->options->faults.mute;
    record(b, channel, request, reply, wanted ? "answered" : "not answered");
    if (wanted)
        send_reply(b, channel, reply);
    else
        reply_free(reply);
}

/* "" and the board's own id are ours. */
static bool for_us(const struct board *b, const struct frame *f)
{
    return f->dst == NULL || *f->dst == '\0' || strcmp(f->dst, b->id) == 0;
}

bool sim_rpc_receive(struct board *b, struct sim_channel *channel, const char *json, size_t len)
{
    struct frame f;
    struct error e = {0};
    board_log(b, LOG_DEBUG, "mg_rpc.c:293", "%s GOT FRAME (%d): %.*s", channel->info, (int)len, (int)len,
              json);
    if (!b->running || b->stop)
        return true;
    if (frame_parse(json, len, &f, &e) < 0) {
        board_log(b, LOG_ERROR, "mg_rpc.c:323", "%s Invalid frame (%d)", channel->info, (int)len);
        sim_journal_event(b->journal, "drop", e.message);
        return false;
    }
    bool ours = for_us(b, &f);
    if (!ours)
        sim_journal_event(b->journal, "drop", "a frame for another dst");
    else if (f.kind == FRAME_RESPONSE)
        sim_journal_event(b->journal, "response", f.error_message);
    else
        sim_rpc_request(b, channel, &f);
    frame_free(&f);
    return ours;
}

/* --- arguments and results ------------------------------------------------------------------------------ */

void sim_reply_error(struct sim_reply *reply, int code, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vsnprintf(reply->message, sizeof reply->message, format, ap);
    va_end(ap);
    reply->failed = true;
    reply->code = code;
}

void sim_reply_bytes(struct sim_reply *reply, const char *name, const void *bytes, size_t len)
{
    struct buf text = BUF_INIT;
    text_base64(bytes, len, &text);
    if (reply->result == NULL)
        reply->result = cJSON_CreateObject();
    cJSON_AddStringToObject(reply->result, name, buf_text(&text));
    buf_free(&text);
}
