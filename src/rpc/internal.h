/* Inside the RPC room: what its files share. client.c opens, loses and re-opens; call.c keeps the calls;
 * inbox.c turns bytes into frames and log lines; explain.c finds the words.
 *
 * Everything may be re-entered: an event's callback may make a call, which turns the loop, which brings more
 * bytes. So bytes are first decoded into the inbox in one go and then delivered one by one, and every entry
 * from outside holds the client: a client closed meanwhile is freed when the last holder leaves. */
#ifndef RPC_INTERNAL_H
#define RPC_INTERNAL_H

#include "base/buf.h"
#include "codec/frame.h"
#include "codec/uart.h"
#include "rpc/client.h"
#include "rpc/explain.h"
#include "rpc/login.h"

/* Our name in frames. A device answers to the channel, whatever the name is. */
#define RPC_SRC "lockstep"

enum {
    RPC_TIMEOUT_MS = 20000,  /* mos's default */
    RPC_MAX_LINE = 1 << 20,  /* of a UART; answers of 200 KB were seen */
    RPC_MAX_EARLY = 1 << 16, /* bytes kept that come before link_open returns */
    RPC_XOFF_MS = 2000,      /* a device's XOFF expires (wire facts) */
    RPC_QUIET_MS = 300,      /* after this, log text without a line end is a line */
};

/* With what a call went out last. */
enum rpc_call_login {
    RPC_CALL_PLAIN, /* no login */
    RPC_CALL_KEPT,  /* the answer to a challenge of an earlier call */
    RPC_CALL_FRESH, /* the answer to a challenge of its own */
    RPC_CALL_EXACT, /* what the caller gave; its answer is not acted on */
};

struct rpc_call_entry {
    struct rpc_call_entry *next;
    int64_t id;
    const char *method; /* the caller's while it waits, else owned through `name` */
    char *name;
    struct buf again; /* the frame without login, kept while it may be sent again; secret */
    enum rpc_call_login login;
    const cJSON *auth;     /* RPC_CALL_EXACT: or NULL; the caller's */
    struct rpc_said *said; /* RPC_CALL_EXACT: the caller's */
    int tries;             /* left after this one */
    int64_t started_us, timeout_ms;
    int64_t due, each_ms; /* when this try ends; how long a try lasts */
    struct rpc_traffic before;
    rpc_done_fn *fn; /* NULL: somebody waits in rpc_call */
    void *ctx;
    bool done;
    cJSON *result;
    struct error why; /* code 0: answered */
};

enum inbox_kind { INBOX_FRAME, INBOX_LOG, INBOX_XOFF, INBOX_XON, INBOX_EARLY };

struct inbox_item {
    struct inbox_item *next;
    enum inbox_kind kind;
    struct frame frame;
    struct buf text;
};

struct rpc_client {
    struct loop *loop;
    struct link_url url;
    struct rpc_options options; /* creds not kept */
    struct rpc_login login;
    struct rpc_events events;
    void *ctx;
    struct link *link; /* NULL while opening or lost */
    enum rpc_state state;
    char name[256]; /* of the port, printable */
    size_t frame_limit;
    bool serial;

    int holds;
    bool closed;         /* rpc_close was called: nothing is told any more */
    bool lost_early;     /* dropped before link_open returned */
    struct error reason; /* of the last loss */

    struct uart_decoder *decoder; /* NULL on message links */
    bool quote_open;              /* the last log line broke off inside a frame it quotes */
    struct inbox_item *inbox, **inbox_end;
    size_t early; /* bytes of INBOX_EARLY items */

    struct rpc_call_entry *calls;
    int64_t first_id, next_id;
    struct loop_timer *alarm; /* one timer for all that is due */
    int64_t alarm_due;
    int64_t xoff_due, quiet_due; /* 0: none */

    struct rpc_counters counters;
    struct rpc_traffic traffic;
    const char *bad_why; /* of the last bad frame: a constant, or bad_text */
    char bad_text[160];
    struct rpc_lines lines;
};

/* client.c */
void rpc_hold(struct rpc_client *client);
void rpc_release(struct rpc_client *client);
void rpc_alarm_at(struct rpc_client *client, int64_t due);
void rpc_lose(struct rpc_client *client, const struct error *why);

/* call.c */
void rpc_answer(struct rpc_client *client, struct frame *answer);
void rpc_calls_end(struct rpc_client *client, struct rpc_call_entry *calls, const struct error *why);
int64_t rpc_calls_check(struct rpc_client *client); /* ends what is due; when the next is, or 0 */
int rpc_send_frame(struct rpc_client *client, const struct buf *json, struct error *e);

/* inbox.c */
struct uart_decoder *rpc_inbox_decoder(struct rpc_client *client);
void rpc_inbox_take(struct rpc_client *client, const uint8_t *bytes, size_t len); /* queues */
void rpc_inbox_open(struct rpc_client *client); /* decodes what came before the link was ours */
void rpc_inbox_deliver(struct rpc_client *client);
void rpc_inbox_clear(struct rpc_client *client);

#endif
