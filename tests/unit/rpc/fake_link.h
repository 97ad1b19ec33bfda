/* A link whose other end is the test: its own link_open, link_send … stand in for the link room's, whose
 * archive is then not drawn in. What the peer gives arrives from the loop, as on a real link. */
#ifndef FAKE_LINK_H
#define FAKE_LINK_H

#include "base/buf.h"
#include "base/clock.h"
#include "codec/frame.h"
#include "codec/uart.h"
#include "link/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct given { /* by the peer: a chunk, or the end when bytes is NULL */
    struct given *next;
    char *bytes;
    size_t len;
};

struct link {
    struct loop *loop;
    struct link_events events;
    void *ctx;
    struct given *given;
    struct loop_timer *timer;
    struct buf sent;        /* all bytes as they were sent */
    struct buf last;        /* the last frame's JSON */
    unsigned long requests; /* frames sent */
    bool held, closed;
};

/* The world a test sets up. */
static struct {
    bool message, serial;
    size_t limit, pending;
    int open_failures;                                            /* link_open fails so many times */
    const char *early;                                            /* delivered before link_open returns */
    bool early_end;                                               /* … and then the link drops */
    void (*peer)(struct link *link, const struct frame *request); /* NULL: silence */
    struct link *link;                                            /* the last one opened */
    unsigned long opened, closed;
} fake;

static inline void fake_step(void *ctx)
{
    struct link *link = ctx;
    struct given *g = link->given;
    link->timer = NULL;
    if (g == NULL)
        return;
    link->given = g->next;
    if (link->given != NULL)
        link->timer = loop_timer_start(link->loop, 0, fake_step, link);
    struct error why = {0};
    error_set(&why, ERR_CONNECTION, "The cable was pulled.");
    if (g->bytes != NULL)
        link->events.data(link->ctx, (uint8_t *)g->bytes, g->len);
    else
        link->events.closed(link->ctx, &why);
    free(g->bytes);
    free(g);
}

static inline void fake_give(struct link *link, const void *bytes, size_t len)
{
    struct given *g = mem_alloc(sizeof *g), **end = &link->given;
    if (bytes != NULL) {
        g->bytes = mem_alloc(len + 1);
        memcpy(g->bytes, bytes, len);
        g->len = len;
    }
    while (*end != NULL)
        end = &(*end)->next;
    *end = g;
    if (link->timer == NULL)
        link->timer = loop_timer_start(link->loop, 0, fake_step, link);
}

static inline void fake_text(struct link *link, const char *text)
{
    fake_give(link, text, strlen(text));
}

static inline void fake_end(struct link *link)
{
    fake_give(link, NULL, 0);
}

/* One frame, wrapped as the link wants it. */
static inline void fake_frame(struct link *link, const char *json)
{
    struct buf b = BUF_INIT;
    if (fake.message)
        buf_add_text(&b, json);
    else
        uart_encode(json, strlen(json), &b);
    fake_give(link, b.data, b.len);
    buf_free(&b);
}

static inline void fake_result(struct link *link, int64_t id, const char *result)
{
    char *json =
        mem_printf("{\"id\":%lld,\"src\":\"dev\",\"dst\":\"lockstep\",\"result\":%s}", (long long)id, result);
    fake_frame(link, json);
    free(json);
}

int link_open(struct loop *loop, const struct link_url *url, const struct link_options *options,
              const struct link_events *events, void *ctx, struct link **to, struct error *e)
{
    (void)options;
    *to = NULL;
    if (fake.open_failures > 0) {
        fake.open_failures--;
        return error_set(e, ERR_CONNECTION, "%s: connection refused.", url->text);
    }
    struct link *link = mem_alloc(sizeof *link);
    *link = (struct link){.loop = loop, .events = *events, .ctx = ctx};
    fake.link = link;
    fake.opened++;
    *to = link;
    if (fake.early != NULL)
        events->data(ctx, (const uint8_t *)fake.early, strlen(fake.early));
    struct error why = {0};
    error_set(&why, ERR_CONNECTION, "The cable was pulled.");
    if (fake.early_end)
        events->closed(ctx, &why);
    return 0;
}

/* Takes "\n" JSON CRC "\n" apart, or takes the message as it is. */
static inline void fake_take(struct link *link, const char *bytes, size_t len)
{
    buf_clear(&link->last);
    if (fake.message) {
        buf_add(&link->last, bytes, len);
        return;
    }
    char crc[9];
    if (len < 11 || bytes[0] != '\n' || bytes[len - 1] != '\n')
        return;
    buf_add(&link->last, bytes + 1, len - 10);
    snprintf(crc, sizeof crc, "%08x", (unsigned)uart_crc32(link->last.data, link->last.len));
    if (memcmp(crc, bytes + len - 9, 8) != 0)
        buf_clear(&link->last);
}

int link_send(struct link *link, const void *bytes, size_t len, struct error *e)
{
    if (link->closed)
        return error_set(e, ERR_CONNECTION, "The link is closed.");
    buf_add(&link->sent, bytes, len);
    fake_take(link, bytes, len);
    struct frame f;
    if (frame_parse(buf_text(&link->last), link->last.len, &f, e) != 0)
        return ERR_REFUSED;
    link->requests++;
    if (fake.peer != NULL && f.kind == FRAME_REQUEST)
        fake.peer(link, &f);
    frame_free(&f);
    return 0;
}

void link_close(struct link *link)
{
    if (link == NULL)
        return;
    fake.closed++;
    if (fake.link == link)
        fake.link = NULL;
    loop_timer_stop(link->timer);
    for (struct given *g = link->given; g != NULL; g = link->given) {
        link->given = g->next;
        free(g->bytes);
        free(g);
    }
    buf_free(&link->sent);
    buf_free(&link->last);
    free(link);
}

size_t link_pending(const struct link *link)
{
    (void)link;
    return fake.pending;
}

bool link_is_message(const struct link *link)
{
    (void)link;
    return fake.message;
}

bool link_is_serial(const struct link *link)
{
    (void)link;
    return fake.serial;
}

size_t link_frame_limit(const struct link *link)
{
    (void)link;
    return fake.limit;
}

const char *link_name(const struct link *link)
{
    (void)link;
    return "/dev/fake";
}

void link_hold(struct link *link, bool hold)
{
    link->held = hold;
}

#endif
