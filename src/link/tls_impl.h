/* TLS inside this room: see tls.h for what holds. A tls_client is one policy towards one device; the
 * connections of a link, and of the links after it, share it. */
#ifndef LINK_TLS_IMPL_H
#define LINK_TLS_IMPL_H

#include "base/buf.h"
#include "link/mbed.h"
#include "link/tls.h"
#include "link/tls_records.h"
#include "link/url.h"

#include <sys/types.h>

enum { TLS_PIN_BYTES = 32 };

struct tls_client {
    unsigned refs;
    struct buf policy;  /* everything that decides: another policy is another client */
    char *shown;        /* the URL, for messages */
    char *host;         /* the name that the certificate must have */
    bool host_is_given; /* by server_name */
    char *ca_file, *cert_name;
    bool has_cert, has_pin, insecure;
    uint8_t pin[TLS_PIN_BYTES];
    void (*warning)(void *ctx, const char *sentence);
    void *warning_ctx;
    bool whole;  /* a handshake message did not fit the fragment that we ask for: do not ask any more */
    bool warned; /* since link_open */
    mbedtls_ssl_config config;
    mbedtls_x509_crt own, nobody;
    mbedtls_pk_context key;
    mbedtls_ssl_session session;
    bool has_session;
    int64_t session_ms;
    struct link_tls_info info;
};

/* The one for this URL and these options, out of the store if it has it. ERR_USAGE: options that contradict
 * or are malformed; ERR_REFUSED: a file that cannot be read or is not what it should be, a wrong password. */
int tls_client_get(const struct link_url *url, const struct link_tls *options, struct tls_client **client,
                   struct error *e);
void tls_client_drop(struct tls_client *client); /* NULL is fine */

/* Reads the client certificate and its key. tls_own.c */
int tls_own_load(struct tls_client *client, const struct link_tls *options, struct error *e);
/* A PKCS#8 EncryptedPrivateKeyInfo (PBES2) opened with a password: 0, or an mbedTLS code (a wrong password
 * shows as one of them, or as a key that does not parse). tls_pbes2.c */
int tls_pbes2_open(const struct buf *der, const struct secret *password, struct buf *key);

struct tls_conn {
    struct tls_client *client;
    mbedtls_ssl_context ssl;
    int fd;
    bool over;    /* the handshake; nothing of the caller's leaves before */
    bool blocked; /* the kernel took not all: wait for POLLOUT */
    bool offered; /* a session to resume */
    bool checked; /* a certificate came and its check was done */
    bool failed;
    int os_error;      /* errno of the last read or write that failed */
    size_t unfinished; /* a write that must be repeated with this length */
    int64_t start_us;
    struct tls_records in;
    size_t bytes_out;
    struct error why; /* of EPROTO */
};

/* The descriptor stays the caller's. NULL with e. */
struct tls_conn *tls_conn_new(struct tls_client *client, int fd, struct error *e);
void tls_conn_free(struct tls_conn *conn); /* says goodbye first, if the wire takes it */

/* Like write(2) and read(2) of a non-blocking socket: -1 and EAGAIN, or EPROTO with why. tls_conn_shake
 * returns 0 when the handshake is over; the other two go on with it first. */
int tls_conn_shake(struct tls_conn *conn);
ssize_t tls_conn_write(struct tls_conn *conn, const void *bytes, size_t len);
ssize_t tls_conn_read(struct tls_conn *conn, void *bytes, size_t max);

/* mbedTLS's verify callback (ctx: the tls_conn): decides alone, at depth 0, whether the chain is good.
 * tls_check.c */
int tls_check(void *ctx, mbedtls_x509_crt *cert, int depth, uint32_t *flags);
extern const mbedtls_x509_crt_profile tls_check_profile;

/* "sha256//…" of a certificate's SubjectPublicKeyInfo; and the reading of --pin. */
void tls_pin_hash(const mbedtls_x509_crt *cert, uint8_t hash[TLS_PIN_BYTES]);
void tls_pin_text(const uint8_t hash[TLS_PIN_BYTES], char to[LINK_TLS_PIN_SIZE]);
int tls_pin_parse(const char *text, uint8_t hash[TLS_PIN_BYTES], struct error *e);

/* How a handshake or a connection ended, from mbedTLS's code, errno and what was seen on the wire.
 * tls_words.c */
void tls_words_end(const struct tls_conn *conn, int code, struct error *why);

#endif
