/* Baud rate arithmetic: see pace.h. */
#include "sim/pace.h"

enum { CATCH_UP_US = 50000, BITS_A_BYTE = 10, SCALE = 1000000 };

void sim_pace_begin(struct sim_pace *p, int64_t now_us)
{
    if (!p->busy)
        *p = (struct sim_pace){.busy = true, .last_us = now_us};
}

size_t sim_pace_bytes(struct sim_pace *p, unsigned baud, int64_t now_us)
{
    p->credit += (now_us - p->last_us) * (int64_t)baud;
    p->last_us = now_us;
    int64_t most = (int64_t)baud * CATCH_UP_US;
    if (most < (int64_t)BITS_A_BYTE * SCALE)
        most = (int64_t)BITS_A_BYTE * SCALE; /* a slow line still moves a byte */
    if (p->credit > most)
        p->credit = most;
    return (size_t)(p->credit / ((int64_t)BITS_A_BYTE * SCALE));
}

void sim_pace_use(struct sim_pace *p, size_t bytes)
{
    p->credit -= (int64_t)bytes * BITS_A_BYTE * SCALE;
}

void sim_pace_idle(struct sim_pace *p)
{
    p->busy = false;
}
