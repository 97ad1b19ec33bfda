/* The options of a connection, as the link and RPC rooms take them: port settings, credentials, TLS. */
#ifndef SHELL_CONNECT_H
#define SHELL_CONNECT_H

#include "base/secret.h"
#include "link/tls.h"
#include "rpc/client.h"
#include "shell/options.h"

struct session;

/* Lives in the session: what rpc_options points into must outlive the link. */
struct connect {
    struct secret creds; /* "user:password" */
    char *file[5];       /* copies of the TLS options' texts, in the order of struct link_tls */
    struct link_tls tls;
    struct link_tls_store *store; /* session resumption between links; made with the first TLS link */
};

/* Fills rpc from the options. Credentials "@FILE" are read from the file (first line), "user" alone asks for
 * the password on the terminal. ERR_USAGE, ERR_REFUSED for a file that can't be read, ERR_CONSENT without a
 * terminal to ask on. */
int connect_options(struct session *session, const struct options *options, struct rpc_options *rpc,
                    struct error *e);
void connect_free(struct connect *connect);

/* Asks on the terminal without echo. ERR_CONSENT when there is none, or it ended. */
int connect_ask_password(const char *question, struct secret *to, struct error *e);

#endif
