/* How many bytes a UART has moved by now: 10 bits a byte (8N1) at its baud rate. Pure; asked from timers. */
#ifndef SIM_PACE_H
#define SIM_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIM_PACE_TICK_MS = 2 };

struct sim_pace {
    bool busy;       /* bytes are moving */
    int64_t last_us; /* when credit was counted last */
    int64_t credit;  /* bits times one million */
};

/* The first bit leaves now. Nothing changes on a busy line. */
void sim_pace_begin(struct sim_pace *p, int64_t now_us);

/* Bytes that are through by now and not yet used. A late timer catches up to 50 ms. */
size_t sim_pace_bytes(struct sim_pace *p, unsigned baud, int64_t now_us);
void sim_pace_use(struct sim_pace *p, size_t bytes);

/* The line is idle: what was saved up is gone. */
void sim_pace_idle(struct sim_pace *p);

#endif
