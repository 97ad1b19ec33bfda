/* The RPC core: frames in, one table of methods, answers out, whatever channel they came by. */
#ifndef SIM_RPC_H
#define SIM_RPC_H

#include "base/buf.h"
#include "codec/frame.h"
#include "sim/board.h"

struct sim_reply {
    int64_t id;
    char *dst;   /* who asked; may be NULL */
    bool failed; /* answers with an error, code 0 included */
    int code;
    char message[320];
    bool silent;   /* no answer at all */
    char user[64]; /* who logged in for this call, or "" */
    cJSON *result; /* NULL: null */
};

/* One way in. A channel that goes away calls sim_rpc_remove first; late answers find it by its serial. */
struct sim_channel {
    const char *type; /* "UART", "WS_in", "HTTP" as the firmware names them */
    char info[64];    /* "UART0", "127.0.0.1:50412" */
    char user[64];    /* who authenticated the whole channel, or "" */
    void *ctx;
    void (*frame)(struct sim_channel *channel, const char *json, size_t len);  /* NULL: takes replies only */
    void (*reply)(struct sim_channel *channel, const struct sim_reply *reply); /* NULL: as a frame */
    uint64_t serial;                                                           /* set by sim_rpc_add */
    struct sim_channel *next;
};

struct sim_rpc *sim_rpc_new(void);
void sim_rpc_free(struct sim_rpc *rpc); /* answers under way are dropped */
void sim_rpc_forget(struct board *b);   /* a reboot: answers under way never leave */

void sim_rpc_add(struct board *b, struct sim_channel *channel);
void sim_rpc_remove(struct board *b, struct sim_channel *channel);

/* A frame's text. False: a socket it came by is to be dropped (no JSON, wrong dst). The channel may have been
 * told its answer already. */
bool sim_rpc_receive(struct board *b, struct sim_channel *channel, const char *json, size_t len);

/* A request that is already taken apart (HTTP's POST /rpc/Method). */
void sim_rpc_request(struct board *b, struct sim_channel *channel, const struct frame *request);

/* The answer as frame text, or just its result or error object as HTTP wants it. Raw bytes 0x80 to 0xff stand
 * in it where a string holds such a character: the firmware's JSON is not always UTF-8. */
void sim_rpc_text(const struct board *b, const struct sim_reply *reply, struct buf *to);
void sim_rpc_bare(const struct sim_reply *reply, struct buf *to);

/* --- for the methods ------------------------------------------------------------------------------------ */

typedef void sim_method_fn(struct board *b, const struct sim_channel *channel, const cJSON *args,
                           struct sim_reply *reply);

struct sim_method {
    const char *name, *args_fmt;
    sim_method_fn *fn;
    bool atca; /* there only when the ATCA service runs */
};

/* Ends with a record without a name. */
extern const struct sim_method sim_methods[];

/* The method if the board has it now, or NULL. */
const struct sim_method *sim_rpc_method(const struct board *b, const char *name);

/* Sets the error of a reply. */
void sim_reply_error(struct sim_reply *reply, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Arguments as the firmware's scanner reads them: what is missing or of another type keeps its default. */
const char *sim_args_text(const cJSON *args, const char *name); /* NULL when missing */
int64_t sim_args_number(const cJSON *args, const char *name, int64_t fallback);
bool sim_args_flag(const cJSON *args, const char *name);
void sim_args_bytes(const cJSON *args, const char *name, struct buf *to); /* base64 */

void sim_reply_bytes(struct sim_reply *reply, const char *name, const void *bytes, size_t len);

#endif
