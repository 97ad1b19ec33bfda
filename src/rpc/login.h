/* Logging in, call by call: credentials, the challenge that is answered for an hour, and the words when it
 * does not work. Inside the RPC room. */
#ifndef RPC_LOGIN_H
#define RPC_LOGIN_H

#include "base/error.h"
#include "base/secret.h"
#include "codec/digest.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rpc_login {
    char *user; /* NULL: no credentials */
    struct secret password;
    bool ready; /* the challenge below is one to answer */
    struct digest_challenge challenge;
    int64_t taken_ms;     /* clock_ms() of it */
    char ha1[DIGEST_HEX]; /* for its realm and algorithm */
};

/* "user:password", where the password may hold colons; NULL: none. ERR_USAGE, and nothing changed. */
int rpc_login_set(struct rpc_login *login, const char *creds, struct error *e);
void rpc_login_clear(struct rpc_login *login); /* wipes */

/* Takes the message of an error 401. ERR_REFUSED as digest_challenge_parse. */
int rpc_login_challenge(struct rpc_login *login, const char *message, struct error *e);
void rpc_login_forget(struct rpc_login *login);         /* the challenge is no longer good */
bool rpc_login_is_ready(const struct rpc_login *login); /* a challenge is there and young enough */
cJSON *rpc_login_auth(const struct rpc_login *login);   /* the frame's auth, with a random cnonce */
size_t rpc_login_bytes(const struct rpc_login *login);  /* what that adds to a frame, at most */

/* Words. Each fills e with ERR_REFUSED, e->remote = the device's code. */
int rpc_explain_login_wanted(const char *method, const char *message, struct error *e);
int rpc_explain_login_broken(const char *method, const struct error *why, struct error *e);
/* 401 to an answer made for `used`: the password is wrong, or the device takes its own nonce for expired. */
int rpc_explain_login_refused(const char *method, const struct rpc_login *login, const char *message,
                              struct error *e);
int rpc_explain_login_malformed(const char *method, const struct rpc_login *login, struct error *e);
int rpc_explain_login_denied(const char *method, const struct rpc_login *login, struct error *e);

#endif
