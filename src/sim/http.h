/* The board's HTTP server: POST /rpc…, the WebSocket at /rpc, files. Sockets do not outlive a reboot. */
#ifndef SIM_HTTP_H
#define SIM_HTTP_H

#include "sim/board.h"

struct sim_http;

struct sim_http *sim_http_new(struct board *b);
void sim_http_free(struct sim_http *http);

/* Listens as the configuration in force says; prints "http ADDRESS:PORT" when that is a new place. That the
 * port of --http is taken is an error of the first boot; for a configured address, or later, the board runs
 * on without HTTP and says so in its log and on standard error. */
int sim_http_boot(struct sim_http *http, struct error *e);
void sim_http_halt(struct sim_http *http);

/* --- for the connections -------------------------------------------------------------------------------- */

void sim_http_sweep(struct sim_http *http); /* frees connections that are gone */
void sim_http_evict(struct sim_http *http); /* drops the oldest WebSocket while there are too many */

/* How many of len bytes may leave before the cable is pulled (--fault cut-tx). */
size_t sim_http_allowance(const struct sim_http *http, size_t len);

/* Bytes left; true when that pulled the cable: every connection is gone then. */
bool sim_http_sent(struct sim_http *http, size_t len);

#endif
