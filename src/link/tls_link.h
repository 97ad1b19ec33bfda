/* TLS connections for the kinds of link that can run over one (wss, https). */
#ifndef LINK_TLS_LINK_H
#define LINK_TLS_LINK_H

#include "link/impl.h"
#include "link/tls_impl.h"

#include <sys/socket.h>

/* As tcp_connect, and shakes hands where link->tls is set: then *conn is ready for wire_secure, else NULL.
 * Returns the descriptor, or -1 with e. `used` and `used_len` as there. */
int tls_connect(struct link *link, struct tls_conn **conn, struct sockaddr_storage *used, socklen_t *used_len,
                struct error *e);

#endif
