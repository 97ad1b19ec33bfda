/* Why there is no answer, and what an answer that refuses means: in words. Pure. */
#ifndef RPC_EXPLAIN_H
#define RPC_EXPLAIN_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What came over the link; since the link was opened, or between two moments. */
struct rpc_traffic {
    unsigned long bytes, odd; /* odd: bytes no text is made of */
    unsigned long frames, bad;
    unsigned long answers; /* to calls that waited for them */
    unsigned long strays;  /* answers with ids that were never given out */
    unsigned long late;    /* answers to calls that had ended, or second answers */
    unsigned long echoes;  /* our own requests */
};
struct rpc_traffic rpc_traffic_since(const struct rpc_traffic *now, const struct rpc_traffic *before);
void rpc_traffic_bytes(struct rpc_traffic *traffic, const uint8_t *bytes, size_t len);

/* The last log lines, raw and cut; those before the last good frame are forgotten. */
enum { RPC_LINES = 8, RPC_LINE_BYTES = 160 };
struct rpc_lines {
    char text[RPC_LINES][RPC_LINE_BYTES + 1]; /* a ring: line n stands at n % RPC_LINES */
    unsigned long count;
};
void rpc_lines_add(struct rpc_lines *lines, const char *text, size_t len);

struct rpc_silence {
    const char *port, *method;
    int64_t waited_ms;
    bool serial, message; /* kind of link */
    unsigned baud;
    bool held;         /* the device sent XOFF */
    size_t unfinished; /* bytes of a frame whose end is missing */
    size_t unsent;     /* bytes that have not left */
    bool heard;        /* answers came before this call */
    const char *bad_why;
    struct rpc_traffic got; /* during the call */
    const struct rpc_lines *lines;
};

/* Fills e with ERR_CONNECTION and the kind of silence: not sent, nothing at all, our own echo, a boot loader
 * or crash that says so, bytes at a wrong baud rate, damaged frames, a request that the device
 * logs, answers to others, frames without ours,
 * log text without frames. Returns e's code. */
int rpc_explain_silence(const struct rpc_silence *s, struct error *e);

/* Fills e with ERR_REFUSED, e->remote = code, and the device's message made printable. */
int rpc_explain_refusal(const char *method, int code, const char *message, struct error *e);

#endif
