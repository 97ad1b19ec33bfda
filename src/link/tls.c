/* A TLS connection over a non-blocking descriptor: see tls_impl.h. */
#include "base/clock.h"
#include "link/tls_impl.h"
#include "link/tls_names.h"

#include <errno.h>
#include <mbedtls/error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A session is not resumed when it is older: its certificate was checked that long ago. */
enum { SESSION_MS = 3600 * 1000 };

/* The fragment length that we ask for. Devices with variable buffers size them by it (4 KiB each way instead
 * of 16 for each connection). 4096 is the largest there is (RFC 6066 section 4). Measured against openssl:
 * asking costs 5 to 7 bytes and no time; a frame of 3064 bytes is 1 record, 2 with 2048, 4 with 1024, 7 with
 * 512, at 29 bytes each; and a Certificate message over the fragment comes in pieces, which mbedTLS 2.28 does
 * not put together: then we connect a second time without asking, which two EC certificates with 1024 would
 * bring about already. */
enum { FRAGMENT = MBEDTLS_SSL_MAX_FRAG_LEN_4096 };

static int os_outcome(struct tls_conn *conn, ssize_t n, int again, int bad)
{
    if (n >= 0)
        return (int)n;
    if (errno == EAGAIN || errno == EINTR)
        return again;
    conn->os_error = errno;
    return bad;
}

static int on_send(void *ctx, const unsigned char *bytes, size_t len)
{
    struct tls_conn *conn = ctx;
    ssize_t n = send(conn->fd, bytes, len, MSG_NOSIGNAL);
    if (n > 0)
        conn->bytes_out += (size_t)n;
    conn->blocked = n < 0 && errno == EAGAIN;
    return os_outcome(conn, n, MBEDTLS_ERR_SSL_WANT_WRITE, MBEDTLS_ERR_SSL_CONN_EOF);
}

static int on_recv(void *ctx, unsigned char *bytes, size_t len)
{
    struct tls_conn *conn = ctx;
    ssize_t n = recv(conn->fd, bytes, len, 0);
    if (n > 0)
        tls_records_see(&conn->in, bytes, (size_t)n);
    return os_outcome(conn, n, MBEDTLS_ERR_SSL_WANT_READ, MBEDTLS_ERR_SSL_CONN_EOF);
}

static int setup(struct tls_conn *conn)
{
    struct tls_client *client = conn->client;
    uint8_t address[16];
    size_t len;
    int code = mbedtls_ssl_conf_max_frag_len(&client->config,
                                             client->whole ? MBEDTLS_SSL_MAX_FRAG_LEN_NONE : FRAGMENT);
    if (code == 0)
        code = mbedtls_ssl_setup(&conn->ssl, &client->config);
    /* SNI takes no addresses (RFC 6066 section 3). The name is checked by tls_check either way. */
    if (code == 0)
        code = mbedtls_ssl_set_hostname(&conn->ssl,
                                        tls_names_address(client->host, address, &len) ? NULL : client->host);
    mbedtls_ssl_set_verify(&conn->ssl, tls_check, conn);
    mbedtls_ssl_set_bio(&conn->ssl, conn, on_send, on_recv, NULL);
    if (code == 0 && client->has_session && clock_ms() - client->session_ms < SESSION_MS)
        conn->offered = mbedtls_ssl_set_session(&conn->ssl, &client->session) == 0;
    return code;
}

struct tls_conn *tls_conn_new(struct tls_client *client, int fd, struct error *e)
{
    struct tls_conn *conn = mem_alloc(sizeof *conn);
    *conn = (struct tls_conn){.client = client, .fd = fd, .blocked = true, .start_us = clock_us()};
    client->refs++;
    mbedtls_ssl_init(&conn->ssl);
    int code = setup(conn);
    if (code == 0)
        return conn;
    char words[160];
    mbedtls_strerror(code, words, sizeof words);
    error_set(e, ERR_CONNECTION, "TLS for %s could not be set up: %s.", client->shown, words);
    tls_conn_free(conn);
    return NULL;
}

void tls_conn_free(struct tls_conn *conn)
{
    if (conn == NULL)
        return;
    if (conn->over && !conn->failed)
        mbedtls_ssl_close_notify(&conn->ssl);
    mbedtls_ssl_free(&conn->ssl);
    tls_client_drop(conn->client);
    free(conn);
}

static void forget_session(struct tls_client *client)
{
    mbedtls_ssl_session_free(&client->session);
    mbedtls_ssl_session_init(&client->session);
    client->has_session = false;
}

static void keep_session(struct tls_conn *conn)
{
    struct tls_client *client = conn->client;
    forget_session(client);
    client->has_session = mbedtls_ssl_get_session(&conn->ssl, &client->session) == 0;
    if (conn->checked || client->session_ms == 0)
        client->session_ms = clock_ms(); /* resuming does not make the check any younger */
}

/* A device that refuses our certificate sends its alert and closes while we are still writing: the write
 * fails, and the reason lies unread. */
static void hear_last_words(struct tls_conn *conn)
{
    uint8_t bytes[512];
    ssize_t n;
    while ((n = recv(conn->fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
        tls_records_see(&conn->in, bytes, (size_t)n);
}

/* Returns -1 with EPROTO and the reason. */
static int fail(struct tls_conn *conn, int code)
{
    if (!conn->over && conn->offered)
        forget_session(conn->client);
    if (!conn->over && conn->os_error != 0)
        hear_last_words(conn);
    if (conn->why.code == 0) /* else tls_check has said it, or it is known already */
        tls_words_end(conn, code, &conn->why);
    conn->failed = true;
    errno = EPROTO;
    return -1;
}

static void finish(struct tls_conn *conn)
{
    struct tls_client *client = conn->client;
    struct link_tls_info *info = &client->info;
    conn->over = conn->in.over = true;
    info->resumed = !conn->checked;
    info->handshakes++;
    info->resumptions += info->resumed;
    info->handshake_us = clock_us() - conn->start_us;
    info->bytes_in = conn->in.bytes;
    info->bytes_out = conn->bytes_out;
    info->fragment = tls_mbed_fragment(&conn->ssl);
    if (!info->resumed) { /* a resumed session is still the one of that certificate */
        info->client_cert_wanted = conn->in.wants_certificate;
        info->client_cert_sent = conn->in.wants_certificate && client->has_cert;
    }
    snprintf(info->version, sizeof info->version, "%s", mbedtls_ssl_get_version(&conn->ssl));
    snprintf(info->suite, sizeof info->suite, "%s", mbedtls_ssl_get_ciphersuite(&conn->ssl));
    keep_session(conn);
}

/* Is it our asking for a fragment length that went wrong? mbedTLS 2.28 cannot put a message together that
 * comes in pieces; 3.6 takes no answer to the question from a server of TLS 1.3 (OpenSSL gives one). */
static bool blames_fragment(int code)
{
    return code == MBEDTLS_ERR_SSL_FEATURE_UNAVAILABLE || code == TLS_MBED_UNSUPPORTED_EXTENSION;
}

int tls_conn_shake(struct tls_conn *conn)
{
    if (conn->over && !conn->failed)
        return 0;
    int code = conn->failed ? MBEDTLS_ERR_SSL_CONN_EOF : mbedtls_ssl_handshake(&conn->ssl);
    if (code == MBEDTLS_ERR_SSL_WANT_READ || code == MBEDTLS_ERR_SSL_WANT_WRITE) {
        conn->blocked = code == MBEDTLS_ERR_SSL_WANT_WRITE;
        errno = EAGAIN;
        return -1;
    }
    /* Neither a certificate nor a session of ours: mbedTLS has no such way with these suites. */
    if (code == 0 && !conn->checked && !conn->offered)
        code = MBEDTLS_ERR_SSL_INTERNAL_ERROR;
    if (!conn->checked && blames_fragment(code))
        conn->client->whole = true;
    if (code != 0)
        return fail(conn, code);
    finish(conn);
    return 0;
}

ssize_t tls_conn_write(struct tls_conn *conn, const void *bytes, size_t len)
{
    if (tls_conn_shake(conn) != 0)
        return -1;
    if (conn->unfinished != 0)
        len = conn->unfinished;
    int n = mbedtls_ssl_write(&conn->ssl, bytes, len);
    bool again = n == MBEDTLS_ERR_SSL_WANT_WRITE || n == MBEDTLS_ERR_SSL_WANT_READ;
    conn->unfinished = again ? len : 0;
    conn->blocked = n == MBEDTLS_ERR_SSL_WANT_WRITE;
    if (n >= 0)
        return n;
    if (!again)
        return fail(conn, n);
    errno = EAGAIN;
    return -1;
}

ssize_t tls_conn_read(struct tls_conn *conn, void *bytes, size_t max)
{
    if (tls_conn_shake(conn) != 0)
        return -1;
    int n;
    while (tls_mbed_is_ticket(n = mbedtls_ssl_read(&conn->ssl, bytes, max)))
        keep_session(conn);
    if (conn->in.renegotiates)
        return fail(conn, MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE);
    if (n > 0)
        return n;
    if (n == MBEDTLS_ERR_SSL_WANT_READ || n == MBEDTLS_ERR_SSL_WANT_WRITE) {
        errno = EAGAIN;
        return -1;
    }
    if ((n == 0 || n == MBEDTLS_ERR_SSL_CONN_EOF) && conn->os_error != 0) {
        errno = conn->os_error;
        return -1;
    }
    if (n == 0 || n == MBEDTLS_ERR_SSL_CONN_EOF || n == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
        return 0;
    return fail(conn, n);
}
