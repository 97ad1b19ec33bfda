/* One accepted socket, plain or TLS: non-blocking bytes in and out. */
#ifndef SIM_SOCK_H
#define SIM_SOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct sim_tls_session;

struct sim_sock {
    int fd;
    struct sim_tls_session *tls; /* NULL: plain */
};

enum { SIM_SOCK_AGAIN = -1, SIM_SOCK_GONE = -2 };

/* Bytes moved, SIM_SOCK_AGAIN when nothing can move now, SIM_SOCK_GONE when the peer went away. */
ssize_t sim_sock_read(struct sim_sock *s, void *bytes, size_t len);
ssize_t sim_sock_write(struct sim_sock *s, const void *bytes, size_t len);

enum sim_sock_end {
    SIM_SOCK_FINISH, /* all was said: TLS says so too */
    SIM_SOCK_DROP,   /* just closed */
    SIM_SOCK_RESET,  /* an RST tells the peer that its bytes were not wanted */
};
void sim_sock_close(struct sim_sock *s, enum sim_sock_end how);

#endif
