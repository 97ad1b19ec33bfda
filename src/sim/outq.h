/* Bytes on their way out of the UART, in segments: answers and log. Bounded: over the bound the oldest log
 * that has not begun is forgotten first, then the oldest answer that has not begun. */
#ifndef SIM_OUTQ_H
#define SIM_OUTQ_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_segment {
    struct sim_segment *next;
    struct buf bytes;
    size_t sent;
    int64_t queued_ms;
    bool log;
};

struct sim_outq {
    struct sim_segment *head;
    size_t pending;          /* bytes not yet sent */
    size_t bound, log_bound; /* most bytes of all, and of log */
};

/* Takes the bytes over; b is empty after. */
void sim_outq_add(struct sim_outq *q, struct buf *b, bool log, int64_t now_ms);
void sim_outq_sent(struct sim_outq *q, size_t len); /* len bytes of the head are gone */
void sim_outq_expire(struct sim_outq *q,
                     int64_t before_ms); /* log queued before that and not begun is forgotten */
void sim_outq_clear(struct sim_outq *q);

#endif
