/* Host name -> addresses without stopping the loop. getaddrinfo(3) can block for as long as the resolver
 * likes and cannot be called off, so it runs in a thread of its own, which hands its result over a socket
 * pair and is left behind when nobody waits any more. */
#ifndef LINK_RESOLVE_H
#define LINK_RESOLVE_H

#include "link/impl.h"

#include <netdb.h>

/* Waits until link->deadline. 0 and *list (freeaddrinfo), or ERR_CONNECTION / ERR_INTERRUPTED. */
int resolve_host(struct link *link, struct addrinfo **list, struct error *e);

#endif
