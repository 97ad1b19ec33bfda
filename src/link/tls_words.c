/* How a handshake or a connection ended, in words: see tls_impl.h. */
#include "link/tls_impl.h"

#include <errno.h>
#include <mbedtls/error.h>
#include <stdio.h>
#include <string.h>

#define GIVE_CERT                                                                                            \
    "Give a client certificate that the device's http.ssl_ca_cert has issued: --cert-file, --key-file."
#define NO_TLS                                                                                               \
    "Use ws:// or http:// for a server without TLS, or check the port number (443 is the usual one for "     \
    "TLS)."

/* Alerts (RFC 8446 section 6, RFC 5246 section 7.2): the device's reason. */
static const struct {
    int number;
    const char *name, *means, *next;
} alerts[] = {
    {40,  "handshake_failure",       "it has no protocol version, cipher suite or curve in common with us",
     "The device needs an ECDHE suite with AES-GCM or ChaCha20, and a certificate with an RSA or EC key."                                                                                },
    {42,  "bad_certificate",         "our client certificate is broken, or its signature is",                       GIVE_CERT                                                            },
    {43,  "unsupported_certificate",
     "our client certificate is not of the kind that it wants: its extended key usage must list clientAuth",        "Make the client certificate with the extended key usage clientAuth."},
    {44,  "certificate_revoked",     "our client certificate was revoked",                                          GIVE_CERT                                                            },
    {45,  "certificate_expired",     "our client certificate is expired, or the device's clock is wrong",
     "Check the certificate's dates, and the device's clock (Sys.GetInfo, sntp.enable)."                                                                                                 },
    {46,  "certificate_unknown",     "it does not accept our client certificate",                                   GIVE_CERT                                                            },
    {47,  "illegal_parameter",       "it says that our side broke the protocol",                                    NULL                                                                 },
    {48,  "unknown_ca",              "it does not know the CA that issued our client certificate",                  GIVE_CERT                                                            },
    {49,  "access_denied",           "it denies access to our client certificate",                                  GIVE_CERT                                                            },
    {50,  "decode_error",            "it could not read what we sent",                                              NULL                                                                 },
    {51,  "decrypt_error",           "a signature did not verify: our key and certificate may not belong together",
     NULL                                                                                                                                                                                },
    {70,  "protocol_version",        "it has no version of TLS in common with us (1.2; 1.3 where mbedTLS has it)",
     "Update the device's firmware, or switch TLS 1.2 on there."                                                                                                                         },
    {71,  "insufficient_security",   "it wants stronger algorithms than both sides have in common",                 NULL                                                                 },
    {80,  "internal_error",          "something went wrong inside it: it may be short of memory",
     "Close other connections to the device and try again; look at its log."                                                                                                             },
    {90,  "user_canceled",           "it called the handshake off",                                                 NULL                                                                 },
    {100, "no_renegotiation",        "it wanted to renegotiate, which lockstep does not do",                        NULL                                                                 },
    {112, "unrecognized_name",       "it has no certificate for that name",
     "Give the name that it has with --server-name."                                                                                                                                     },
    {116, "certificate_required",    "it wants a client certificate and got none",                                  GIVE_CERT                                                            },
};
enum {
    ALERTS = sizeof alerts / sizeof alerts[0],
    FATAL = 2,
    HANDSHAKE_FAILURE = 40,
    CERTIFICATE_REQUIRED = 116
};

struct ending {
    const struct tls_conn *conn;
    int code;
    struct error *why;
    const char *doing; /* "Opening wss://h/rpc" or "wss://h/rpc" */
};

static int find_alert(int number)
{
    int i = 0;
    while (i < ALERTS && alerts[i].number != number)
        i++;
    return i;
}

static void end_alert(const struct ending *end)
{
    const struct tls_conn *conn = end->conn;
    int number = conn->in.alert[1] ? conn->in.alert[1] : tls_mbed_alert(&conn->ssl), i = find_alert(number),
        means = i;
    /* TLS 1.2 has no alert of its own for a certificate that is missing. */
    if (number == HANDSHAKE_FAILURE && conn->in.wants_certificate && !conn->client->has_cert)
        means = find_alert(CERTIFICATE_REQUIRED);
    if (i == ALERTS) {
        error_set(end->why, ERR_CONNECTION,
                  "%s: the device ended TLS with alert %d, which says nothing more.", end->doing, number);
        return;
    }
    error_set(end->why, ERR_CONNECTION, "%s: the device ended TLS with the alert %s: %s.", end->doing,
              alerts[i].name, alerts[means].means);
    if (alerts[means].next != NULL)
        error_next(end->why, "%s", alerts[means].next);
}

static void end_closed(const struct ending *end)
{
    const struct tls_conn *conn = end->conn;
    const struct tls_client *client = conn->client;
    const char *how = conn->os_error == ECONNRESET ? "reset the connection" : "closed the connection";
    struct error *why = end->why;
    if (conn->in.bytes == 0) {
        error_set(why, ERR_CONNECTION,
                  "%s: the device %s as soon as TLS began: it may serve no TLS on that port.", end->doing,
                  how);
        error_next(why, "%s", NO_TLS);
    } else if (conn->in.wants_certificate && !client->has_cert) {
        error_set(why, ERR_CONNECTION,
                  "%s: the device asked for a client certificate, got none and %s without an alert.",
                  end->doing, how);
        error_next(why, "%s", GIVE_CERT);
    } else if (conn->in.wants_certificate) {
        error_set(why, ERR_CONNECTION,
                  "%s: the device asked for a client certificate, was shown %s and %s without an alert: most "
                  "likely it "
                  "does not know the CA that issued it.",
                  end->doing, client->cert_name, how);
        error_next(why, "%s", GIVE_CERT);
    } else {
        error_set(why, ERR_CONNECTION,
                  "%s: the device %s in the middle of the TLS handshake, after %zu bytes.", end->doing, how,
                  conn->in.bytes);
        error_next(why, "It may be short of memory or rebooting: try again, and look at its log.");
    }
}

static void end_no_tls(const struct ending *end, bool http)
{
    error_set(end->why, ERR_CONNECTION,
              http ? "%s: the peer answers in plain HTTP: there is no TLS on that port."
                   : "%s: what the peer answers is not TLS.",
              end->doing);
    error_next(end->why, "%s", NO_TLS);
}

/* Codes whose meaning here is more than mbedTLS's own words. */
static const struct {
    int code;
    const char *what, *next;
} codes[] = {
    {MBEDTLS_ERR_SSL_FEATURE_UNAVAILABLE,
     "a message of its handshake is too long for one record and came in pieces, which this build cannot put "
     "together",                                                                                                  "Give the device a shorter certificate chain."},
    {TLS_MBED_BAD_CERTIFICATE,
     "the device's certificate is refused: its key usage or its curve does not allow what the handshake "
     "needs",                                                                                                     "Make the certificate with the key usage digitalSignature, and an EC key on P-256, P-384 or P-521, or "
     "RSA."                                                                                                                                        },
    {MBEDTLS_ERR_SSL_INVALID_RECORD,      "the device sent something that is no TLS record",                      NO_TLS                                        },
    {MBEDTLS_ERR_SSL_INVALID_MAC,         "a record was changed on its way: the connection is not to be trusted",
     "Look for what stands between this machine and the device, and try again."                                                                                 },
    {MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE,  "the device sent a TLS message out of turn",                            NULL                                          },
};

static void end_code(const struct ending *end)
{
    char words[160];
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i].code == end->code) {
            error_set(end->why, ERR_CONNECTION, "%s: %s.", end->doing, codes[i].what);
            if (codes[i].next != NULL)
                error_next(end->why, "%s", codes[i].next);
            return;
        }
    mbedtls_strerror(end->code, words, sizeof words);
    error_set(end->why, ERR_CONNECTION, "%s: TLS ended: %s.", end->doing, words);
    error_next(end->why, "The device may be short of memory: try again, and look at its log.");
}

void tls_words_end(const struct tls_conn *conn, int code, struct error *why)
{
    char doing[600];
    bool http;
    struct ending end = {conn, code, why, doing};
    snprintf(doing, sizeof doing, "%s%s", conn->over ? "" : "Opening ", conn->client->shown);
    error_clear(why);
    if (conn->in.renegotiates) {
        error_set(
            why, ERR_CONNECTION,
            "%s: the device asked to renegotiate TLS, which lockstep refuses: the connection was closed.",
            doing);
        error_next(
            why,
            "Nothing was lost but the connection. A Mongoose OS device never asks: find out what answers.");
    } else if (!conn->over && !tls_records_is_tls(&conn->in, &http)) {
        end_no_tls(&end, http);
    } else if (code == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE || (!conn->over && conn->in.alert[0] == FATAL)) {
        end_alert(&end);
    } else if (!conn->over &&
               (code == MBEDTLS_ERR_SSL_CONN_EOF || code == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)) {
        end_closed(&end);
    } else {
        end_code(&end);
    }
}
