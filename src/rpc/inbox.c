/* What comes in: bytes -> frames and log lines, queued, then delivered one by one. See internal.h. */
#include "base/clock.h"
#include "base/text.h"
#include "codec/redact.h"
#include "rpc/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A flood of requests from the device is not answered while this much waits to leave. */
enum { MAX_UNSENT_ANSWERS = 64 * 1024 };

/* Of a message that is no frame this much goes to the log. */
enum { MAX_SHOWN = 1024 };

/* --- queueing ------------------------------------------------------------------------------------------- */

static struct inbox_item *add_item(struct rpc_client *client, enum inbox_kind kind)
{
    struct inbox_item *item = mem_alloc(sizeof *item);
    item->kind = kind;
    *client->inbox_end = item;
    client->inbox_end = &item->next;
    return item;
}

static struct inbox_item *pop_item(struct rpc_client *client)
{
    struct inbox_item *item = client->inbox;
    if (item == NULL)
        return NULL;
    client->inbox = item->next;
    if (client->inbox == NULL)
        client->inbox_end = &client->inbox;
    return item;
}

static void free_item(struct inbox_item *item)
{
    frame_free(&item->frame);
    buf_free(&item->text);
    free(item);
}

void rpc_inbox_clear(struct rpc_client *client)
{
    struct inbox_item *item;
    while ((item = pop_item(client)) != NULL)
        free_item(item);
}

/* A line that quotes a frame is cut here, before anybody sees it: the frame may hold a key. */
static void take_log(struct rpc_client *client, const char *text, size_t len)
{
    struct buf *line = &add_item(client, INBOX_LOG)->text;
    size_t shown = redact_log_line(text, len, &client->quote_open);
    buf_add(line, text, shown);
    if (shown < len)
        buf_printf(line, "… (%zu bytes of a frame not shown)", len - shown);
    client->counters.log_lines++;
    rpc_lines_add(&client->lines, buf_text(line), line->len);
}

static void take_bad(struct rpc_client *client, const char *why)
{
    client->counters.bad_frames++;
    client->traffic.bad++;
    client->bad_why = why;
}

static bool is_echo(const struct frame *f)
{
    return f->kind == FRAME_REQUEST && f->src != NULL && strcmp(f->src, RPC_SRC) == 0;
}

static void take_frame(struct rpc_client *client, const char *text, size_t len)
{
    struct frame f;
    struct error why = {0};
    if (frame_parse(text, len, &f, &why) != 0) {
        const char *colon = strstr(why.message, ": "); /* the reason alone, without the full stop */
        snprintf(client->bad_text, sizeof client->bad_text, "%.150s",
                 colon == NULL ? why.message : colon + 2);
        client->bad_text[strcspn(client->bad_text, ".")] = '\0';
        take_bad(client, client->bad_text);
        if (client->decoder == NULL) /* a page, a greeting: what came says more than that it is no frame */
            take_log(client, text, len < MAX_SHOWN ? len : MAX_SHOWN);
        return;
    }
    client->counters.received++;
    client->traffic.frames++;
    if (is_echo(&f)) {
        client->traffic.echoes++;
        frame_free(&f);
        return;
    }
    add_item(client, INBOX_FRAME)->frame = f;
}

/* Only queues: what is called from here must not reach back into the decoder. */
static void take_event(void *ctx, const struct uart_event *event)
{
    struct rpc_client *client = ctx;
    switch (event->kind) {
    case UART_FRAME:
        take_frame(client, event->text, event->len);
        break;
    case UART_BAD_FRAME:
        take_bad(client, event->why);
        break;
    case UART_LOG:
        take_log(client, event->text, event->len);
        break;
    case UART_XOFF:
        add_item(client, INBOX_XOFF);
        break;
    case UART_XON:
        add_item(client, INBOX_XON);
        break;
    case UART_HANDSHAKE: /* the answer to another program's greeting */
        break;
    }
}

struct uart_decoder *rpc_inbox_decoder(struct rpc_client *client)
{
    return uart_decoder_new(RPC_MAX_LINE, take_event, client);
}

static void decode(struct rpc_client *client, const uint8_t *bytes, size_t len)
{
    rpc_traffic_bytes(&client->traffic, bytes, len);
    if (client->decoder == NULL) {
        take_frame(client, (const char *)bytes, len);
        return;
    }
    uart_decoder_feed(client->decoder, bytes, len);
    client->quiet_due = 0;
    if (uart_decoder_held(client->decoder) > 0) {
        client->quiet_due = clock_ms() + RPC_QUIET_MS;
        rpc_alarm_at(client, client->quiet_due);
    }
}

void rpc_inbox_take(struct rpc_client *client, const uint8_t *bytes, size_t len)
{
    if (client->link != NULL) {
        decode(client, bytes, len);
    } else if (client->early + len <= RPC_MAX_EARLY) { /* stream or messages: not known yet */
        client->early += len;
        buf_add(&add_item(client, INBOX_EARLY)->text, bytes, len);
    }
}

void rpc_inbox_open(struct rpc_client *client)
{
    struct inbox_item *early = client->inbox;
    client->inbox = NULL;
    client->inbox_end = &client->inbox;
    client->early = 0;
    while (early != NULL) {
        struct inbox_item *item = early;
        early = item->next;
        if (item->kind == INBOX_EARLY)
            decode(client, item->text.data, item->text.len);
        free_item(item);
    }
}

/* --- delivering ----------------------------------------------------------------------------------------- */

/* No method is served here; whoever asks is told so, that he need not wait. */
static void refuse_request(struct rpc_client *client, const struct frame *f)
{
    if (f->no_reply || client->link == NULL || link_pending(client->link) > MAX_UNSENT_ANSWERS)
        return;
    struct buf json = BUF_INIT;
    char *words = mem_printf("No handler for %s", f->method);
    frame_response_error(&json, f->id, RPC_SRC, f->src, 404, words);
    if (client->frame_limit == 0 || json.len <= client->frame_limit)
        rpc_send_frame(client, &json, NULL);
    free(words);
    buf_free(&json);
}

static void deliver_frame(struct rpc_client *client, struct frame *f)
{
    switch (f->kind) {
    case FRAME_RESPONSE:
        rpc_answer(client, f);
        break;
    case FRAME_REQUEST:
        refuse_request(client, f);
        break;
    case FRAME_NOTIFICATION:
        client->counters.notifications++;
        if (client->events.notification != NULL)
            client->events.notification(client->ctx, f->method, f->args);
        break;
    }
}

static void set_xoff(struct rpc_client *client, bool off)
{
    client->xoff_due = off ? clock_ms() + RPC_XOFF_MS : 0;
    if (off)
        rpc_alarm_at(client, client->xoff_due);
    link_hold(client->link, off);
}

static void deliver_item(struct rpc_client *client, struct inbox_item *item)
{
    switch (item->kind) {
    case INBOX_FRAME:
        deliver_frame(client, &item->frame);
        break;
    case INBOX_LOG:
        if (client->events.log != NULL)
            client->events.log(client->ctx, buf_text(&item->text), item->text.len);
        break;
    case INBOX_XOFF:
    case INBOX_XON:
        set_xoff(client, item->kind == INBOX_XOFF);
        break;
    case INBOX_EARLY: /* rpc_inbox_open decodes these */
        break;
    }
}

void rpc_inbox_deliver(struct rpc_client *client)
{
    struct inbox_item *item;
    while (client->link != NULL && (item = pop_item(client)) != NULL) {
        deliver_item(client, item);
        free_item(item);
    }
}
