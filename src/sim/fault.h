/* What can be made to go wrong on request: --fault SPEC. One record holds what was asked for; the rooms of
 * the board look at the fields that concern them. */
#ifndef SIM_FAULT_H
#define SIM_FAULT_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* 0 means: no such fault. */
struct sim_faults {
    uint64_t drop_rx;     /* every Nth byte from the host is lost (UART) */
    uint64_t drop_tx;     /* every Nth byte to the host is lost (UART) */
    uint64_t flip_tx;     /* one bit of every Nth byte to the host is flipped (UART) */
    uint64_t late_ms;     /* answers leave this much later */
    uint64_t cut_tx;      /* the cable is pulled at this output byte */
    uint64_t chip_status; /* every chip command answers this status and does nothing */
    uint64_t mute;        /* never answers */
    uint64_t noise;       /* random bytes before each frame (UART) */
    uint64_t unsolicited; /* own notifications and requests before each answer */
    uint64_t wrong_id;    /* answers carry the id of another request */
    uint64_t power;       /* power is cut before the Nth non-volatile write of the chip */
    uint64_t power_msg;   /* power is cut before the Nth request is answered */
};

/* "KIND" or "KIND:N" into f. ERR_USAGE names the kinds there are. */
int sim_fault_parse(const char *spec, struct sim_faults *f, struct error *e);

/* One line a kind, for --help. */
void sim_fault_help(FILE *to);

/* Every Nth byte lost or flipped: changes bytes in place, returns how many are left. `count` is the number of
 * bytes seen on this wire until now and is carried on. */
size_t sim_fault_drop(uint8_t *bytes, size_t len, uint64_t every, uint64_t *count);
void sim_fault_flip(uint8_t *bytes, size_t len, uint64_t every, uint64_t *count);

/* Some random bytes, among them quotes, braces and line ends, but never a whole frame. */
void sim_fault_noise(struct buf *to);

#endif
