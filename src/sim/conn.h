/* One HTTP connection of the board: a request, or a WebSocket. */
#ifndef SIM_CONN_H
#define SIM_CONN_H

#include "base/buf.h"
#include "sim/request.h"
#include "sim/rpc.h"
#include "sim/sock.h"

struct sim_ws;

enum sim_conn_state {
    SIM_CONN_REQUEST, /* reading it */
    SIM_CONN_WAITING, /* the answer is under way, or never comes */
    SIM_CONN_WS,      /* an RPC channel */
    SIM_CONN_MUTE,    /* a WebSocket that nobody serves */
};

struct sim_conn {
    struct sim_conn *next;
    struct board *board;
    struct sim_sock sock;
    struct loop_watch *watch;
    struct buf in, out;
    enum sim_conn_state state;
    struct sim_ws *ws;
    struct sim_channel channel;
    bool added;  /* the channel is known to the RPC core */
    bool bare;   /* POST /rpc/Method: the answer is the result alone */
    bool finish; /* close when out is empty */
    bool gone;   /* swept by sim_http after the callback */
};

/* tls: the session over that descriptor, or NULL for a plain one. */
struct sim_conn *sim_conn_new(struct board *b, int fd, struct sim_tls_session *tls, const char *peer);

/* Marks it gone: socket closed, channel removed. The owner frees it later with sim_conn_free. */
void sim_conn_drop(struct sim_conn *c, enum sim_sock_end how);
void sim_conn_free(struct sim_conn *c);

/* Writes what the socket takes; finishes or drops it as its flags say. */
void sim_conn_flush(struct sim_conn *c);

/* Queues a whole HTTP answer and closes behind it. */
void sim_conn_answer(struct sim_conn *c, int status, const char *type, const void *body, size_t len);

/* Makes the channel known, as an RPC channel of that type. */
void sim_conn_open_channel(struct sim_conn *c, const char *type);

#endif
