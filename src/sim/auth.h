/* Who may call what: rpc.acl, rpc.acl_file, rpc.auth_domain, rpc.auth_file, rpc.auth_algo, and http.auth_*.
 * Files are read at each request, as the firmware does. */
#ifndef SIM_AUTH_H
#define SIM_AUTH_H

#include "base/buf.h"
#include "sim/request.h"
#include "sim/rpc.h"

enum sim_auth_result {
    SIM_AUTH_ALLOWED,
    SIM_AUTH_DENIED,   /* 403 */
    SIM_AUTH_REQUIRED, /* 401 with a challenge */
    SIM_AUTH_BAD,      /* 400: the auth object makes no sense */
    SIM_AUTH_ERROR,    /* both ACLs set, no such file, no JSON: the firmware answers nothing */
};

/* What the check found out. */
struct sim_auth_found {
    char entry[256]; /* the ACL that was applied */
    char user[64];   /* who proved who he is, or "" */
};

/* auth: the request's, or NULL. */
enum sim_auth_result sim_auth_check(struct board *b, const struct sim_channel *channel, const char *method,
                                    const cJSON *auth, struct sim_auth_found *found);

/* The message of the 401: JSON in a JSON string. */
void sim_auth_challenge(const struct board *b, char *to, size_t size);

/* The same over HTTP. scope: "rpc" or "http", whose auth_domain, auth_file and auth_algo count. */
bool sim_auth_http(struct board *b, const struct sim_request *r, const char *scope, char *user, size_t size);
void sim_auth_http_challenge(const struct board *b, const char *scope, struct buf *header);

#endif
