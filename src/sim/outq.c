/* The UART's output queue: see outq.h. */
#include "sim/outq.h"

#include <stdlib.h>

static void unlink_segment(struct sim_outq *q, struct sim_segment **at)
{
    struct sim_segment *s = *at;
    *at = s->next;
    q->pending -= s->bytes.len - s->sent;
    buf_free(&s->bytes);
    free(s);
}

/* The oldest segment that has not begun, of that kind; NULL when there is none. */
static struct sim_segment **oldest(struct sim_outq *q, bool log)
{
    struct sim_segment **at = &q->head;
    while (*at != NULL && ((*at)->log != log || (*at)->sent > 0))
        at = &(*at)->next;
    return *at ? at : NULL;
}

static size_t log_pending(const struct sim_outq *q)
{
    size_t sum = 0;
    for (const struct sim_segment *s = q->head; s != NULL; s = s->next)
        sum += s->log ? s->bytes.len - s->sent : 0;
    return sum;
}

static bool is_full(const struct sim_outq *q, size_t len, bool log)
{
    return q->pending + len > q->bound || (log && log_pending(q) + len > q->log_bound);
}

void sim_outq_add(struct sim_outq *q, struct buf *b, bool log, int64_t now_ms)
{
    if (b->len == 0) {
        buf_free(b);
        return;
    }
    while (q->pending > 0 && is_full(q, b->len, log)) {
        struct sim_segment **victim = oldest(q, true);
        victim = victim || log ? victim : oldest(q, false);
        if (victim == NULL)
            break;
        unlink_segment(q, victim);
    }
    struct sim_segment *s = mem_alloc(sizeof *s), **last = &q->head;
    *s = (struct sim_segment){.bytes = *b, .queued_ms = now_ms, .log = log};
    *b = BUF_INIT;
    while (*last != NULL)
        last = &(*last)->next;
    *last = s;
    q->pending += s->bytes.len;
}

void sim_outq_sent(struct sim_outq *q, size_t len)
{
    q->head->sent += len;
    q->pending -= len;
    if (q->head->sent == q->head->bytes.len)
        unlink_segment(q, &q->head);
}

void sim_outq_expire(struct sim_outq *q, int64_t before_ms)
{
    for (struct sim_segment **at = &q->head; *at != NULL;) {
        if ((*at)->log && (*at)->sent == 0 && (*at)->queued_ms < before_ms)
            unlink_segment(q, at);
        else
            at = &(*at)->next;
    }
}

void sim_outq_clear(struct sim_outq *q)
{
    while (q->head != NULL)
        unlink_segment(q, &q->head);
}
