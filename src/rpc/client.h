/* Mongoose OS RPC client over any link: calls and answers matched by id, in any order; the device's own
 * frames and log lines handed on; no answer explained.
 *
 * Blocking in form, not in fact: rpc_call turns the loop until the answer is there, so everything else goes
 * on. */
#ifndef RPC_CLIENT_H
#define RPC_CLIENT_H

#include "base/error.h"
#include "base/loop.h"
#include "codec/digest.h"
#include "link/link.h"

#include <cjson/cJSON.h>

struct rpc_client;

enum rpc_state { RPC_UP, RPC_LOST, RPC_RECONNECTING };

struct rpc_events {                                       /* each may be NULL */
    void (*log)(void *ctx, const char *line, size_t len); /* one raw log line: hostile bytes */
    void (*notification)(void *ctx, const char *method, const cJSON *args);
    void (*state)(void *ctx, enum rpc_state state,
                  const struct error *why); /* why: reason for LOST, else NULL */
};

struct rpc_options {
    struct link_options link;
    int64_t timeout_ms; /* per call; 0: 20 000 (mos's default) */
    int retries; /* on serial links, of calls that only read (their verb begins with Get, List, Describe,
                    Ping, Scan) and got no answer; all tries together take timeout_ms; default 0 */
    const char *creds; /* "user:password" or NULL: digest authentication; secret, copied by rpc_open. The
                          password may hold colons. Anything else: ERR_USAGE */
};

struct rpc_counters { /* since open; for status, health checks and benches */
    unsigned long sent, received, bad_frames, unmatched, notifications, timeouts, reconnects, log_lines;
    int64_t last_round_trip_us;
};

/* Opens the link. ERR_CONNECTION as link_open. Nothing is sent. */
int rpc_open(struct loop *loop, const struct link_url *url, const struct rpc_options *options,
             const struct rpc_events *events, void *ctx, struct rpc_client **client, struct error *e);
void rpc_close(
    struct rpc_client *client); /* pending asynchronous calls end with ERR_CONNECTION; NULL is fine */

/* Calls and waits. args may be NULL and stay the caller's; result (may be NULL) becomes the caller's, NULL
 * for null. ERR_REFUSED with e->remote = the device's code and its message made printable; ERR_CONNECTION
 * when there was no answer (the message is one of the kinds of rpc_explain_silence); ERR_REFUSED and nothing
 * sent when the frame is over the link's limit; ERR_INTERRUPTED. timeout_ms 0: the client's default. */
int rpc_call(struct rpc_client *client, const char *method, const cJSON *args, int64_t timeout_ms,
             cJSON **result, struct error *e);

/* A device that asks for a login is answered with the credentials: the same call again, same id. Its nonce is
 * used for an hour; when it wants a new one, that is answered once more. ERR_REFUSED with different messages
 * for: no credentials (remote 401), wrong user or password (401), a nonce that the device calls expired
 * (401), a challenge that cannot be answered (401), realm or algorithm not taken (400), an ACL that denies
 * (403). */

/* Other credentials from now on; NULL: none. ERR_USAGE as above, and the old ones stay. */
int rpc_set_creds(struct rpc_client *client, const char *creds, struct error *e);
/* The user of the credentials, or NULL. */
const char *rpc_user(const struct rpc_client *client);
/* Whether they are the ones behind this HA1 (codec/digest.h). False without credentials. */
bool rpc_creds_fit(const struct rpc_client *client, enum digest_algorithm algorithm, const char *realm,
                   const char *ha1);

/* For checks of a device's access rules: calls with just this auth object (NULL: none), whatever the
 * credentials are, and answers no challenge. Returns 0 for any answer, which is in *said. */
struct rpc_said {
    int code;          /* of the answer's error; 0: the call was carried out */
    char message[400]; /* of the error: raw bytes of the device, cut */
};
int rpc_call_as(struct rpc_client *client, const char *method, const cJSON *args, const cJSON *auth,
                int64_t timeout_ms, struct rpc_said *said, struct error *e);

/* Same without waiting: fn is called once, from the loop, with the result (borrowed) or an error. */
typedef void rpc_done_fn(void *ctx, const cJSON *result, const struct error *e);
int rpc_call_start(struct rpc_client *client, const char *method, const cJSON *args, int64_t timeout_ms,
                   rpc_done_fn *fn, void *ctx, struct error *e);

/* Events may come from inside any call below, rpc_close included in their callbacks: the client is freed when
 * the last of them has returned. */

/* Does nothing while the link is up. Opens the same URL again after a loss, trying until deadline_ms from
 * now; tells the reason of the last failure. */
int rpc_reconnect(struct rpc_client *client, int64_t deadline_ms, struct error *e);

/* Waits until the link dropped or ms passed; for reboots, where sockets drop and serial stays. */
bool rpc_wait_lost(struct rpc_client *client, int64_t ms);

const struct rpc_counters *rpc_counters(const struct rpc_client *client);
struct link *rpc_link(struct rpc_client *client); /* NULL while lost */
enum rpc_state rpc_state(const struct rpc_client *client);

/* Bytes of base64 payload that fit in one frame of this link; a multiple of 4. overhead: the bytes of the
 * method's name and of the args' JSON beside the payload; the frame's own part (id, src) is counted here. */
size_t rpc_payload_limit(const struct rpc_client *client, size_t overhead);

#endif
