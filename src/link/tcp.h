/* TCP connections for the kinds of link that run over one. */
#ifndef LINK_TCP_H
#define LINK_TCP_H

#include "link/impl.h"

#include <sys/socket.h>

/* Resolves link->url and connects to the first of its addresses that answers, IPv6 or IPv4, before
 * link->deadline. Returns the non-blocking descriptor, or -1 with e (refused, unreachable, no answer, no such
 * host, interrupted). `used` (may be NULL) gets the address that answered, *used_len its length. */
int tcp_connect(struct link *link, struct sockaddr_storage *used, socklen_t *used_len, struct error *e);

/* Begins a connection to a known address: the descriptor is writable once it is made or has failed. -1 with
 * errno. */
int tcp_start(const struct sockaddr *address, socklen_t len);

/* How a connection attempt went that was begun by tcp_start: 0, or an errno. */
int tcp_result(int fd);

/* ERR_CONNECTION with the failed attempt in words. */
int tcp_error(const struct link *link, int code, struct error *e);

#endif
