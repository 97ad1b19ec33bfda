/* The board's HTTP server: POST /rpc…, the WebSocket at /rpc, files. Sockets do not outlive a reboot. */
#ifndef SIM_HTTP_H
#define SIM_HTTP_H

#include "sim/board.h"

struct sim_http;

struct sim_http *sim_http_new(struct board *b);
void sim_http_free(struct sim_http *http);

/* Listens as the configuration in force says; prints "http ADDRESS:PORT" when that is a new place. An address
 * that is taken is an error only for the first boot: later the board runs on without HTTP, as a device does.
 */
int sim_http_boot(struct sim_http *http, struct error *e);
void sim_http_halt(struct sim_http *http);

#endif
