/* The board's TLS server (TLS 1.2, mbedTLS): certificate and key from its files, or the key in a slot of the
 * chip ("ATCA:N"). With http.ssl_ca_cert a client certificate is required. */
#ifndef SIM_TLS_H
#define SIM_TLS_H

#include "sim/board.h"

#include <sys/types.h>

struct sim_tls;
struct sim_tls_session;

/* Reads what http.ssl_cert, ssl_key and ssl_ca_cert name. ERR_REFUSED with what is wrong. */
int sim_tls_new(struct board *b, struct sim_tls **tls, struct error *e);
void sim_tls_free(struct sim_tls *tls);

/* A connection that was just accepted; NULL when the chip refuses its key. The descriptor stays the caller's.
 */
struct sim_tls_session *sim_tls_open(struct sim_tls *tls, int fd);
void sim_tls_close(struct sim_tls_session *session, bool notify);

/* As sim_sock_read and sim_sock_write; the handshake is done on the way. */
ssize_t sim_tls_read(struct sim_tls_session *session, void *bytes, size_t len);
ssize_t sim_tls_write(struct sim_tls_session *session, const void *bytes, size_t len);

#endif
