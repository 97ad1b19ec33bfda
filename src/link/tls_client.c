/* One policy towards one device: made of the options, kept in the store, shared by connections. */
#include "base/clock.h"
#include "base/text.h"
#include "link/tls_impl.h"
#include "link/tls_names.h"

#include <mbedtls/error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct link_tls_store {
    struct tls_client *client;
};

struct link_tls_store *link_tls_store_new(void)
{
    return mem_alloc(sizeof(struct link_tls_store));
}

void link_tls_store_free(struct link_tls_store *store)
{
    if (store != NULL)
        tls_client_drop(store->client);
    free(store);
}

static const struct link_tls_info *info_of(const struct tls_client *client)
{
    return client != NULL && client->info.chain != NULL ? &client->info : NULL;
}

const struct link_tls_info *link_tls_store_info(const struct link_tls_store *store)
{
    return info_of(store->client);
}

/* --- the policy ----------------------------------------------------------------------------------------- */

static void add_file(struct buf *to, const char *path)
{
    struct stat st = {0};
    if (path != NULL && stat(path, &st) == 0)
        buf_printf(to, "%llu:%llu:%lld:%lld.%09ld ", (unsigned long long)st.st_dev,
                   (unsigned long long)st.st_ino, (long long)st.st_size, (long long)st.st_mtim.tv_sec,
                   st.st_mtim.tv_nsec);
    buf_printf(to, "%s\n", path != NULL ? path : "");
}

/* Two links share a client, and with it a session that is not checked anew, only when all of this is the
 * same. A file that was replaced is another file. */
static void write_policy(const struct link_url *url, const struct link_tls *o, struct buf *to)
{
    buf_printf(to, "%s\n%u\n%s\n%s\n%d\n", url->host, url->port, o->server_name ? o->server_name : "",
               o->pin ? o->pin : "", o->insecure);
    add_file(to, o->ca_file);
    add_file(to, o->cert_file);
    add_file(to, o->key_file);
}

/* Forward secrecy and authenticated encryption, nothing else. Every Mongoose OS build (mbedTLS 2.16, ESP8266
 * included) has the two AES-128-GCM suites with ECDHE. Left out on purpose though devices have them too: CBC
 * suites (never the only ones), and TLS-RSA-WITH-AES-128-GCM-SHA256, which an ESP8266 would choose before all
 * others: with it, whoever gets the device's key later reads everything recorded before, the keys and
 * passwords in it too. */
static const int suites[] = {
#ifdef MBEDTLS_TLS1_3_AES_128_GCM_SHA256
    MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
    MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
    MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
#endif
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    0,
};

static int configure(struct tls_client *c, struct error *e)
{
    int code = tls_mbed_start();
    if (code == 0)
        code = mbedtls_ssl_config_defaults(&c->config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                           MBEDTLS_SSL_PRESET_DEFAULT);
    mbedtls_ssl_conf_rng(&c->config, tls_mbed_random, NULL);
    tls_mbed_limit(&c->config);
    tls_mbed_want_tickets(&c->config);
    mbedtls_ssl_conf_ciphersuites(&c->config, suites);
    mbedtls_ssl_conf_cert_profile(&c->config, &tls_check_profile);
#ifdef MBEDTLS_SSL_RENEGOTIATION
    mbedtls_ssl_conf_renegotiation(&c->config, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
#endif
    /* The anchors are found by tls_check. Insecure is OPTIONAL because REQUIRED would also refuse a
     * certificate whose key usage does not fit. */
    mbedtls_ssl_conf_ca_chain(&c->config, &c->nobody, NULL);
    mbedtls_ssl_conf_authmode(&c->config,
                              c->insecure ? MBEDTLS_SSL_VERIFY_OPTIONAL : MBEDTLS_SSL_VERIFY_REQUIRED);
    if (code == 0 && c->has_cert)
        code = mbedtls_ssl_conf_own_cert(&c->config, &c->own, &c->key);
    if (code == 0)
        return 0;
    char words[160];
    mbedtls_strerror(code, words, sizeof words);
    return error_set(e, ERR_CONNECTION, "TLS for %s could not be set up: %s.", c->shown, words);
}

/* A name or an address; what else it might be would end up in messages and in SNI. */
static int check_server_name(const char *name, struct error *e)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:";
    size_t len = strlen(name);
    if (len > 0 && len < 254 && strspn(name, good) == len)
        return 0;
    error_set(e, ERR_USAGE, "The server name is no host name and no address.");
    return error_next(e, "Give the name that the device's certificate bears: --server-name NAME");
}

static int make(const struct link_url *url, const struct link_tls *o, struct tls_client **to, struct error *e)
{
    struct tls_client *c = mem_alloc(sizeof *c);
    char name[320];
    c->refs = 1;
    c->policy.secret = true;
    write_policy(url, o, &c->policy);
    mbedtls_ssl_config_init(&c->config);
    mbedtls_x509_crt_init(&c->own);
    mbedtls_x509_crt_init(&c->nobody);
    mbedtls_pk_init(&c->key);
    mbedtls_ssl_session_init(&c->session);
    c->shown = mem_string(url->text);
    c->host_is_given = o->server_name != NULL;
    c->host = mem_string(c->host_is_given ? o->server_name : url->host);
    c->host[strcspn(c->host, "%")] = '\0'; /* an IPv6 zone is this machine's own affair */
    c->ca_file = o->ca_file != NULL ? mem_string(o->ca_file) : NULL;
    c->insecure = o->insecure;
    c->has_pin = o->pin != NULL;
    int code = c->host_is_given ? check_server_name(c->host, e) : 0;
    if (code == 0 && c->has_pin)
        code = tls_pin_parse(o->pin, c->pin, e);
    if (code == 0)
        code = tls_own_load(c, o, e);
    if (code == 0)
        code = configure(c, e);
    if (code != 0) {
        tls_client_drop(c);
        return code;
    }
    if (c->has_cert)
        c->cert_name = mem_string(tls_names_words(&c->own.subject, name, sizeof name));
    *to = c;
    return 0;
}

int tls_client_get(const struct link_url *url, const struct link_tls *options, struct tls_client **client,
                   struct error *e)
{
    static const struct link_tls none;
    const struct link_tls *o = options != NULL ? options : &none;
    struct tls_client *kept = o->store != NULL ? o->store->client : NULL, *c = kept;
    struct buf policy = {.secret = true};
    write_policy(url, o, &policy);
    bool fits = kept != NULL && policy.len == kept->policy.len &&
                memcmp(policy.data, kept->policy.data, policy.len) == 0;
    buf_free(&policy);
    if (!fits) {
        int code = make(url, o, &c, e);
        if (code != 0)
            return code;
        if (o->store != NULL) {
            tls_client_drop(kept);
            o->store->client = c;
        }
    }
    if (o->store != NULL)
        c->refs++;
    c->warning = o->warning;
    c->warning_ctx = o->ctx;
    c->warned = false;
    *client = c;
    return 0;
}

void tls_client_drop(struct tls_client *c)
{
    if (c == NULL || --c->refs > 0)
        return;
    mbedtls_ssl_config_free(&c->config);
    mbedtls_x509_crt_free(&c->own);
    mbedtls_x509_crt_free(&c->nobody);
    mbedtls_pk_free(&c->key); /* wipes */
    mbedtls_ssl_session_free(&c->session);
    buf_free(&c->policy);
    free(c->info.chain);
    free(c->shown);
    free(c->host);
    free(c->ca_file);
    free(c->cert_name);
    free(c);
}
