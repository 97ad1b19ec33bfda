/* The differences between mbedTLS 2.28 and 3.6, for this room. Elsewhere code is written as if there were
 * none. */
#ifndef LINK_MBED_H
#define LINK_MBED_H

#include "base/secret.h"

#include <mbedtls/pem.h>
#include <mbedtls/pk.h>
#include <mbedtls/pkcs5.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>

#if MBEDTLS_VERSION_NUMBER < 0x03000000
#define MBEDTLS_PRIVATE(member) member
#define TLS_MBED_BAD_CERTIFICATE MBEDTLS_ERR_SSL_BAD_HS_CERTIFICATE
#define TLS_MBED_UNSUPPORTED_EXTENSION MBEDTLS_ERR_SSL_BAD_HS_SERVER_HELLO
#else
#define TLS_MBED_UNSUPPORTED_EXTENSION MBEDTLS_ERR_SSL_UNSUPPORTED_EXTENSION
#define TLS_MBED_BAD_CERTIFICATE MBEDTLS_ERR_SSL_BAD_CERTIFICATE
#include <psa/crypto.h>
#endif

static inline int tls_mbed_random(void *ctx, unsigned char *to, size_t len)
{
    (void)ctx;
    secret_random(to, len);
    return 0;
}

/* Before the first use of the library. 0 or an error code. */
static inline int tls_mbed_start(void)
{
#if MBEDTLS_VERSION_NUMBER < 0x03000000
    return 0;
#else
    return psa_crypto_init() == PSA_SUCCESS ? 0 : MBEDTLS_ERR_SSL_INTERNAL_ERROR; /* TLS 1.3 runs on it */
#endif
}

/* TLS 1.2 and up; SHA-2 alone in what the two sides sign; groups that are fast and of 128 bits or more. P-256
 * first: it is what secure elements do. */
static inline void tls_mbed_limit(mbedtls_ssl_config *config)
{
#if MBEDTLS_VERSION_NUMBER < 0x03000000
    static const mbedtls_ecp_group_id curves[] = {MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_CURVE25519,
                                                  MBEDTLS_ECP_DP_SECP384R1, MBEDTLS_ECP_DP_SECP521R1,
                                                  MBEDTLS_ECP_DP_NONE};
    static const int hashes[] = {MBEDTLS_MD_SHA256, MBEDTLS_MD_SHA384, MBEDTLS_MD_SHA512, MBEDTLS_MD_NONE};
    mbedtls_ssl_conf_min_version(config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
    mbedtls_ssl_conf_curves(config, curves);
    mbedtls_ssl_conf_sig_hashes(config, hashes);
#else
    static const uint16_t groups[] = {MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1, MBEDTLS_SSL_IANA_TLS_GROUP_X25519,
                                      MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1,
                                      MBEDTLS_SSL_IANA_TLS_GROUP_SECP521R1, MBEDTLS_SSL_IANA_TLS_GROUP_NONE};
    /* PSS last: mbedTLS offers it to servers of TLS 1.2 too, and cannot take it from them. */
    static const uint16_t algorithms[] = {
        MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256, MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384,
        MBEDTLS_TLS1_3_SIG_ECDSA_SECP521R1_SHA512, MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA256,
        MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA384,       MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA512,
        MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA256,    MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA384,
        MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA512,    MBEDTLS_TLS1_3_SIG_NONE};
    mbedtls_ssl_conf_min_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_groups(config, groups);
    mbedtls_ssl_conf_sig_algs(config, algorithms);
#endif
}

static inline int tls_mbed_parse_key(mbedtls_pk_context *key, const unsigned char *text, size_t size,
                                     const struct secret *password)
{
    const unsigned char *word = password != NULL ? password->data : NULL;
    size_t len = password != NULL ? password->len : 0;
#if MBEDTLS_VERSION_NUMBER < 0x03000000
    return mbedtls_pk_parse_key(key, text, size, word, len);
#else
    return mbedtls_pk_parse_key(key, text, size, word, len, tls_mbed_random, NULL);
#endif
}

static inline const unsigned char *tls_mbed_pem(mbedtls_pem_context *pem, size_t *len)
{
#if MBEDTLS_VERSION_NUMBER < 0x03000000
    *len = pem->buflen;
    return pem->buf;
#else
    return mbedtls_pem_get_buffer(pem, len);
#endif
}

static inline int tls_mbed_check_pair(const mbedtls_pk_context *public_key, const mbedtls_pk_context *key)
{
#if MBEDTLS_VERSION_NUMBER < 0x03000000
    return mbedtls_pk_check_pair(public_key, key);
#else
    return mbedtls_pk_check_pair(public_key, key, tls_mbed_random, NULL);
#endif
}

static inline int tls_mbed_pbkdf2(mbedtls_md_type_t md, const struct secret *password,
                                  const unsigned char *salt, size_t salt_len, unsigned rounds,
                                  unsigned char *key, uint32_t key_len)
{
#if MBEDTLS_VERSION_NUMBER < 0x03030000
    mbedtls_md_context_t ctx;
    mbedtls_md_init(&ctx);
    int code = mbedtls_md_setup(&ctx, mbedtls_md_info_from_type(md), 1);
    if (code == 0)
        code = mbedtls_pkcs5_pbkdf2_hmac(&ctx, password->data, password->len, salt, salt_len, rounds, key_len,
                                         key);
    mbedtls_md_free(&ctx);
    return code;
#else
    return mbedtls_pkcs5_pbkdf2_hmac_ext(md, password->data, password->len, salt, salt_len, rounds, key_len,
                                         key);
#endif
}

/* Largest plain text of a record from the other side. */
static inline unsigned tls_mbed_fragment(const mbedtls_ssl_context *ssl)
{
#if MBEDTLS_VERSION_NUMBER < 0x03000000
    return (unsigned)mbedtls_ssl_get_input_max_frag_len(ssl);
#else
    int n = mbedtls_ssl_get_max_in_record_payload(ssl);
    return n > 0 ? (unsigned)n : 0;
#endif
}

/* The number of the alert that ended a handshake or a connection (MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE). */
static inline int tls_mbed_alert(const mbedtls_ssl_context *ssl)
{
    return ssl->MBEDTLS_PRIVATE(in_msg)[1];
}

static inline bool tls_mbed_is_ca(const mbedtls_x509_crt *cert)
{
    return cert->MBEDTLS_PRIVATE(ca_istrue) != 0;
}

static inline mbedtls_md_type_t tls_mbed_signed_with(const mbedtls_x509_crt *cert)
{
    return cert->MBEDTLS_PRIVATE(sig_md);
}

/* A session ticket of TLS 1.3 came instead of data: not an error. */
static inline bool tls_mbed_is_ticket(int code)
{
#ifdef MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET
    return code == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET;
#else
    (void)code;
    return false;
#endif
}

static inline void tls_mbed_want_tickets(mbedtls_ssl_config *config)
{
    mbedtls_ssl_conf_session_tickets(config, MBEDTLS_SSL_SESSION_TICKETS_ENABLED);
#if defined(MBEDTLS_SSL_PROTO_TLS1_3) && MBEDTLS_VERSION_NUMBER >= 0x03060100
    mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
        config, MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
#endif
}

#endif
