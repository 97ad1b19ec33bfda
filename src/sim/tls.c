/* The TLS server: see tls.h. */
#include "sim/tls.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/secret.h"
#include "base/text.h"
#include "pki/mbed.h"
#include "sim/config.h"
#include "sim/journal.h"
#include "sim/rpc_methods.h"
#include "sim/sock.h"

#include <errno.h>
#include <mbedtls/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct sim_tls {
    struct board *board;
    mbedtls_ssl_config config;
    mbedtls_x509_crt cert, ca;
    mbedtls_pk_context key;
    int slot; /* of the chip that holds the key, -1: a file does */
    bool client_cert;
};

struct sim_tls_session {
    struct sim_tls *tls;
    mbedtls_ssl_context ssl;
    int fd;
    bool done;         /* the handshake is over */
    size_t unfinished; /* length of a write that must be repeated as it was */
};

/* --- keys and certificates ------------------------------------------------------------------------------ */

/* The text of a device file named by a configuration key. A missing one is an error. */
static int read_named(struct board *b, const char *key, struct buf *text, struct error *e)
{
    const char *name = sim_config_text(b->config, key);
    char *path = sim_fs_path(b, name), shown[80];
    int rc = path ? file_read(path, SIM_FS_SIZE, text, NULL) : -1;
    free(path);
    return rc == 0 ? 0
                   : error_set(e, ERR_REFUSED, "%s names %s, which the device does not have.", key,
                               text_safe(name, shown, sizeof shown));
}

static int load_cert(struct board *b, const char *key, mbedtls_x509_crt *cert, struct error *e)
{
    struct buf text = BUF_INIT;
    int rc = read_named(b, key, &text, e);
    if (rc == 0 && mbedtls_x509_crt_parse(cert, text.data, text.len + 1) != 0)
        rc = error_set(e, ERR_REFUSED, "The file that %s names holds no certificate.", key);
    buf_free(&text);
    return rc;
}

/* A SEC1 ECPrivateKey of a P-256 scalar (RFC 5915): the parser derives the public point. */
static int key_of_scalar(mbedtls_pk_context *key, const uint8_t scalar[32])
{
    static const uint8_t head[] = {0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20};
    static const uint8_t curve[] = {0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    struct buf der = {.secret = true};
    buf_add(&der, head, sizeof head);
    buf_add(&der, scalar, 32);
    buf_add(&der, curve, sizeof curve);
    int rc = mbed_parse_key(key, der.data, der.len);
    buf_free(&der);
    return rc;
}

static int load_chip_key(struct sim_tls *t, const char *slot_text, struct error *e)
{
    uint64_t slot;
    uint8_t scalar[32];
    if (text_number(slot_text, 15, &slot) < 0 || !t->board->atca)
        return error_set(e, ERR_REFUSED, "http.ssl_key names a slot of the chip that is not there.");
    int status = chip_private(t->board->chip, (int)slot, scalar);
    if (status == CHIP_OK && key_of_scalar(&t->key, scalar) != 0)
        status = CHIP_ECC_FAULT;
    secret_wipe(scalar, sizeof scalar);
    t->slot = (int)slot;
    return status == CHIP_OK
               ? 0
               : error_set(e, ERR_REFUSED, "ATCA:%d holds no usable key: 0x%02x", t->slot, (unsigned)status);
}

/* ssl_key, or the key that stands in the certificate's file. */
static int load_key(struct sim_tls *t, struct error *e)
{
    const char *name = sim_config_text(t->board->config, "http.ssl_key");
    if (text_starts(name, "ATCA:"))
        return load_chip_key(t, name + strlen("ATCA:"), e);
    struct buf text = {.secret = true};
    const char *from = *name ? "http.ssl_key" : "http.ssl_cert";
    int rc = read_named(t->board, from, &text, e);
    if (rc == 0 && mbed_parse_key(&t->key, text.data, text.len + 1) != 0)
        rc = error_set(e, ERR_REFUSED, "The file that %s names holds no private key.", from);
    buf_free(&text);
    return rc;
}

static int configure(struct sim_tls *t, struct error *e)
{
    mbedtls_ssl_config *c = &t->config;
    int rc = mbedtls_ssl_config_defaults(c, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM,
                                         MBEDTLS_SSL_PRESET_DEFAULT);
    if (rc != 0)
        return mbed_error(rc, "The TLS server could not be set up", e);
    mbedtls_ssl_conf_rng(c, mbed_random, NULL);
    /* the firmware's mbedTLS 2.16 knows nothing newer */
    mbedtls_ssl_conf_min_version(c, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
    mbedtls_ssl_conf_max_version(c, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
    mbedtls_ssl_conf_authmode(c, t->client_cert ? MBEDTLS_SSL_VERIFY_REQUIRED : MBEDTLS_SSL_VERIFY_NONE);
    if (t->client_cert)
        mbedtls_ssl_conf_ca_chain(c, &t->ca, NULL);
    rc = mbedtls_ssl_conf_own_cert(c, &t->cert, &t->key);
    return rc == 0 ? 0 : mbed_error(rc, "The TLS server did not take its certificate", e);
}

int sim_tls_new(struct board *b, struct sim_tls **tls, struct error *e)
{
    struct sim_tls *t = mem_alloc(sizeof *t);
    t->board = b;
    t->slot = -1;
    t->client_cert = *sim_config_text(b->config, "http.ssl_ca_cert") != '\0';
    mbedtls_ssl_config_init(&t->config);
    mbedtls_x509_crt_init(&t->cert);
    mbedtls_x509_crt_init(&t->ca);
    mbedtls_pk_init(&t->key);
    int rc = load_cert(b, "http.ssl_cert", &t->cert, e);
    if (rc == 0 && t->client_cert)
        rc = load_cert(b, "http.ssl_ca_cert", &t->ca, e);
    if (rc == 0)
        rc = load_key(t, e);
    if (rc == 0)
        rc = configure(t, e);
    if (rc < 0) {
        sim_tls_free(t);
        return rc;
    }
    *tls = t;
    return 0;
}

void sim_tls_free(struct sim_tls *tls)
{
    if (tls == NULL)
        return;
    mbedtls_ssl_config_free(&tls->config);
    mbedtls_x509_crt_free(&tls->cert);
    mbedtls_x509_crt_free(&tls->ca);
    mbedtls_pk_free(&tls->key);
    free(tls);
}

/* --- a session ------------------------------------------------------------------------------------------ */

static int on_recv(void *ctx, unsigned char *bytes, size_t len)
{
    struct sim_tls_session *s = ctx;
    ssize_t n = recv(s->fd, bytes, len, 0);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? MBEDTLS_ERR_SSL_WANT_READ : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
    return (int)n;
}

/* The firmware closes the socket on a client certificate that is missing or of another CA, without the alert
 * (RFC 5246 section 7.2): handshake_failure, bad_certificate, certificate_unknown, unknown_ca. */
static bool is_swallowed(const struct sim_tls_session *s, const unsigned char *record, size_t len)
{
    static const unsigned char swallowed[] = {40, 42, 46, 48};
    enum { ALERT = 21, ALERT_LENGTH = 7 };
    return s->tls->client_cert && !s->done && len == ALERT_LENGTH && record[0] == ALERT &&
           memchr(swallowed, record[6], sizeof swallowed) != NULL;
}

static int on_send(void *ctx, const unsigned char *bytes, size_t len)
{
    struct sim_tls_session *s = ctx;
    if (is_swallowed(s, bytes, len))
        return (int)len;
    ssize_t n = send(s->fd, bytes, len, MSG_NOSIGNAL);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? MBEDTLS_ERR_SSL_WANT_WRITE
                                                 : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
    return (int)n;
}

/* On hardware the chip signs each handshake: one that would refuse breaks it off. */
static bool chip_signs(struct sim_tls *t)
{
    uint8_t digest[32], signature[64];
    if (t->slot < 0)
        return true;
    secret_random(digest, sizeof digest);
    int forced = (int)t->board->options->faults.chip_status;
    int status = forced ? forced : chip_sign(t->board->chip, t->slot, digest, signature);
    if (status != CHIP_OK)
        board_log(t->board, LOG_ERROR, "mgos_atca.c:96", "ATCA:%d ECDSA sign failed: 0x%02x", t->slot,
                  (unsigned)status);
    return status == CHIP_OK;
}

struct sim_tls_session *sim_tls_open(struct sim_tls *tls, int fd)
{
    if (!chip_signs(tls))
        return NULL;
    struct sim_tls_session *s = mem_alloc(sizeof *s);
    s->tls = tls;
    s->fd = fd;
    mbedtls_ssl_init(&s->ssl);
    if (mbedtls_ssl_setup(&s->ssl, &tls->config) != 0) {
        sim_tls_close(s, false);
        return NULL;
    }
    mbedtls_ssl_set_bio(&s->ssl, s, on_send, on_recv, NULL);
    return s;
}

void sim_tls_close(struct sim_tls_session *session, bool notify)
{
    if (session == NULL)
        return;
    if (notify && session->done)
        mbedtls_ssl_close_notify(&session->ssl);
    mbedtls_ssl_free(&session->ssl);
    free(session);
}

/* What the chip did for the handshake, in the firmware's words. */
static void log_chip(const struct sim_tls *t)
{
    unsigned mask = (unsigned)sim_config_number(t->board->config, "sys.atca.ecdh_slots_mask");
    int ecdh = 0;
    while (ecdh < 15 && !(mask >> ecdh & 1))
        ecdh++;
    if (mask != 0)
        board_log(t->board, LOG_INFO, "ATCA.c:120", "ATCA:%d ECDH get pubkey ok", ecdh);
    board_log(t->board, LOG_INFO, "ATCA.c:154", "ATCA:%d ECDSA sign ok", t->slot);
    if (mask != 0)
        board_log(t->board, LOG_INFO, "ATCA.c:141", "ATCA:%d ECDH ok", ecdh);
}

static ssize_t outcome(struct sim_tls_session *s, int code)
{
    if (code == MBEDTLS_ERR_SSL_WANT_READ || code == MBEDTLS_ERR_SSL_WANT_WRITE)
        return SIM_SOCK_AGAIN;
    if (!s->done) {
        board_log(s->tls->board, LOG_ERROR, "mg_ssl_if_mbedtls.c:35", "mbedTLS error: -0x%04x",
                  (unsigned)-code);
        sim_journal_event(s->tls->board->journal, "tls", "handshake refused");
    }
    return SIM_SOCK_GONE;
}

/* 0 once the handshake is over, else what sim_tls_read returns. */
static ssize_t shake_hands(struct sim_tls_session *s)
{
    if (s->done)
        return 0;
    int code = mbedtls_ssl_handshake(&s->ssl);
    if (code != 0)
        return outcome(s, code);
    s->done = true;
    if (s->tls->slot >= 0)
        log_chip(s->tls);
    return 0;
}

ssize_t sim_tls_read(struct sim_tls_session *session, void *bytes, size_t len)
{
    ssize_t rc = shake_hands(session);
    if (rc < 0)
        return rc;
    int n = mbedtls_ssl_read(&session->ssl, bytes, len);
    return n > 0 ? n : n == 0 ? SIM_SOCK_GONE : outcome(session, n);
}

ssize_t sim_tls_write(struct sim_tls_session *session, const void *bytes, size_t len)
{
    ssize_t rc = shake_hands(session);
    if (rc < 0)
        return rc;
    if (session->unfinished != 0 && session->unfinished < len)
        len = session->unfinished;
    int n = mbedtls_ssl_write(&session->ssl, bytes, len);
    session->unfinished = n == MBEDTLS_ERR_SSL_WANT_WRITE ? len : 0;
    return n > 0 ? n : outcome(session, n);
}
