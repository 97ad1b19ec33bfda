/* The server's side of a WebSocket connection, over wslay (RFC 6455). */
#ifndef SIM_WS_H
#define SIM_WS_H

#include "sim/conn.h"

/* Answers the handshake. Any path gets its 101; only /rpc is served. */
void sim_ws_accept(struct sim_conn *c, const struct sim_request *r);

/* Takes the bytes that are in c->in. */
void sim_ws_receive(struct sim_conn *c);

void sim_ws_free(struct sim_ws *ws);

#endif
