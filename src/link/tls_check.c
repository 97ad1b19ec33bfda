/* Is this certificate the device's? The verify callback of every handshake.
 *
 * How the trust store is found on demand while verification stays required: mbedTLS is given an empty list of
 * anchors and VERIFY_REQUIRED, and runs this callback as soon as it has read the device's Certificate
 * message, before it sends anything but its ClientHello (in TLS 1.2 our certificate, the key exchange and
 * Finished come later; in 1.3 likewise). Its own verdict, made without anchors, is thrown away whole; ours is
 * made at depth 0, where the complete chain hangs behind the leaf: the anchors that this chain can need are
 * looked up in the bundle, and mbedtls_x509_crt_verify_with_profile runs against them. Flags that are left
 * make mbedTLS send the fitting alert and end the handshake. So a doubtful device learns neither our name
 * (client certificate) nor a byte of ours, and a callback that never ran cannot be mistaken for consent:
 * tls_conn.checked stays false. */
#include "base/text.h"
#include "link/tls_names.h"
#include "link/tls_verdict.h"

#include <mbedtls/oid.h>
#include <mbedtls/pem.h>
#include <mbedtls/sha256.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* SHA-2; RSA of 2048 bits and more; the curves of tls_mbed_limit that certificates use. */
const mbedtls_x509_crt_profile tls_check_profile = {
    MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA256) | MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA384) |
        MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA512),
    MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_RSA) | MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_RSASSA_PSS) |
        MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_ECKEY) | MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_ECDSA),
    MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP256R1) | MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP384R1) |
        MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP521R1),
    2048,
};

/* --- pins ----------------------------------------------------------------------------------------------- */

void tls_pin_hash(const mbedtls_x509_crt *cert, uint8_t hash[TLS_PIN_BYTES])
{
    mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), cert->pk_raw.p, cert->pk_raw.len, hash);
}

void tls_pin_text(const uint8_t hash[TLS_PIN_BYTES], char to[LINK_TLS_PIN_SIZE])
{
    struct buf text = BUF_INIT;
    text_base64(hash, TLS_PIN_BYTES, &text);
    snprintf(to, LINK_TLS_PIN_SIZE, "sha256//%s", buf_text(&text));
    buf_free(&text);
}

int tls_pin_parse(const char *text, uint8_t hash[TLS_PIN_BYTES], struct error *e)
{
    static const char prefix[] = "sha256//";
    struct buf bytes = BUF_INIT;
    bool good;
    if (strncasecmp(text, prefix, strlen(prefix)) == 0)
        good = text_unbase64(text + strlen(prefix), strlen(text + strlen(prefix)), &bytes) == 0 &&
               bytes.len == TLS_PIN_BYTES;
    else
        good = text_unhex(text, strlen(text), false, hash, TLS_PIN_BYTES) == TLS_PIN_BYTES;
    if (good && bytes.len > 0)
        memcpy(hash, bytes.data, TLS_PIN_BYTES);
    buf_free(&bytes);
    if (good)
        return 0;
    error_set(e, ERR_USAGE,
              "The pin is neither sha256//BASE64 nor 64 hex digits: it is the SHA-256 of the "
              "device's public key (SubjectPublicKeyInfo).");
    error_next(
        e, "Open the link without --pin once: the refusal names the pin of the key that the device shows.");
    return ERR_USAGE;
}

/* --- the check ------------------------------------------------------------------------------------------ */

static int gather(void *ctx, mbedtls_x509_crt *cert, int depth, uint32_t *flags)
{
    (void)depth; /* called from the top down: the last one to claim a flag is the nearest to the leaf */
    tls_verdict_add(ctx, *flags, cert);
    return 0;
}

void tls_verdict_add(struct tls_verdict *v, uint32_t flags, const mbedtls_x509_crt *cert)
{
    v->flags |= flags;
    for (int bit = 0; bit < 32; bit++)
        if (flags >> bit & 1)
            v->culprit[bit] = cert;
}

/* Chain, dates, strengths and name, against the anchors that the bundle has for this chain. 0, or the bundle
 * could not be read. */
static int judge_chain(struct tls_verdict *v, mbedtls_x509_crt *leaf, struct error *e)
{
    struct trust *t = v->trust;
    uint32_t flags = 0;
    if (trust_find(v->client->ca_file != NULL ? v->client->ca_file : TRUST_SYSTEM_BUNDLE, leaf, t, e) != 0)
        return ERR_REFUSED;
    int code = mbedtls_x509_crt_verify_with_profile(leaf, &t->roots, &t->lists, &tls_check_profile, NULL,
                                                    &flags, gather, v);
    if (code != 0 && v->flags == 0) /* too long a chain, or broken beyond judging */
        tls_verdict_add(v, MBEDTLS_X509_BADCERT_NOT_TRUSTED, leaf);
    return 0;
}

/* A key that is pinned: who issued its certificate, under which name and how signed, does not matter. */
static void judge_pinned(struct tls_verdict *v)
{
    const mbedtls_x509_crt *leaf = v->leaf;
    if (mbedtls_x509_time_is_past(&leaf->valid_to))
        tls_verdict_add(v, MBEDTLS_X509_BADCERT_EXPIRED, leaf);
    if (mbedtls_x509_time_is_future(&leaf->valid_from))
        tls_verdict_add(v, MBEDTLS_X509_BADCERT_FUTURE, leaf);
    if (mbedtls_pk_can_do(&leaf->pk, MBEDTLS_PK_RSA) &&
        mbedtls_pk_get_bitlen(&leaf->pk) < tls_check_profile.rsa_min_bitlen)
        tls_verdict_add(v, MBEDTLS_X509_BADCERT_BAD_KEY, leaf);
}

static void judge_name(struct tls_verdict *v)
{
    const struct tls_client *client = v->client;
    bool good = tls_names_match(v->leaf, client->host) ||
                (client->host_is_given && tls_names_match_common(v->leaf, client->host));
    if (!good)
        tls_verdict_add(v, MBEDTLS_X509_BADCERT_CN_MISMATCH, v->leaf);
}

static void judge_usage(struct tls_verdict *v)
{
    if (mbedtls_x509_crt_check_extended_key_usage(v->leaf, MBEDTLS_OID_SERVER_AUTH,
                                                  MBEDTLS_OID_SIZE(MBEDTLS_OID_SERVER_AUTH)) != 0)
        tls_verdict_add(v, MBEDTLS_X509_BADCERT_EXT_KEY_USAGE, v->leaf);
}

/* --- what the caller can read --------------------------------------------------------------------------- */

static void add_pem(struct buf *to, const mbedtls_x509_crt *cert)
{
    struct buf base64 = BUF_INIT;
    text_base64(cert->raw.p, cert->raw.len, &base64);
    buf_add_text(to, "-----BEGIN CERTIFICATE-----\n");
    for (size_t at = 0; at < base64.len; at += 64)
        buf_printf(to, "%.64s\n", buf_text(&base64) + at);
    buf_add_text(to, "-----END CERTIFICATE-----\n");
    buf_free(&base64);
}

static void fill_info(struct link_tls_info *info, const struct tls_verdict *v)
{
    const mbedtls_x509_time *t = &v->leaf->valid_to;
    struct buf chain = BUF_INIT;
    memcpy(info->pin, v->pin, sizeof info->pin);
    tls_names_words(&v->leaf->subject, info->subject, sizeof info->subject);
    tls_names_words(&v->leaf->issuer, info->issuer, sizeof info->issuer);
    snprintf(info->expires, sizeof info->expires, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)t->year % 10000,
             (unsigned)t->mon % 100, (unsigned)t->day % 100, (unsigned)t->hour % 100, (unsigned)t->min % 100,
             (unsigned)t->sec % 100);
    for (const mbedtls_x509_crt *c = v->leaf; c != NULL; c = c->next)
        add_pem(&chain, c);
    free(info->chain);
    info->chain = buf_take(&chain);
}

/* Says what --insecure gave up, with what would have been wrong. */
static void warn(struct tls_client *client, const struct tls_verdict *v)
{
    struct link_tls_info *info = &client->info;
    struct buf faults = BUF_INIT;
    tls_verdict_words(v, &faults);
    snprintf(info->warning, sizeof info->warning,
             "Insecure: who answers as %s is not checked, and whoever sits between may read and change "
             "everything, "
             "keys and passwords included. %s%.200s%s",
             client->shown, faults.len ? "Without --insecure its certificate would be refused: " : "",
             faults.len ? buf_text(&faults) : "Its certificate is good: --insecure is not needed", ".");
    buf_free(&faults);
    if (!client->warned && client->warning != NULL)
        client->warning(client->warning_ctx, info->warning);
    client->warned = true;
}

static void judge(struct tls_conn *conn, struct tls_verdict *v, mbedtls_x509_crt *leaf)
{
    struct tls_client *client = conn->client;
    uint8_t hash[TLS_PIN_BYTES];
    tls_pin_hash(leaf, hash);
    tls_pin_text(hash, v->pin);
    bool pinned = client->has_pin && memcmp(hash, client->pin, sizeof hash) == 0;
    if (pinned)
        judge_pinned(v);
    else if (client->has_pin)
        tls_verdict_add(v, MBEDTLS_X509_BADCERT_OTHER, leaf);
    else if (judge_chain(v, leaf, &conn->why) != 0)
        tls_verdict_add(v, MBEDTLS_X509_BADCERT_SKIP_VERIFY, leaf);
    if (!client->has_pin)
        judge_name(v);
    judge_usage(v);
    fill_info(&client->info, v);
    client->info.pinned = pinned;
    client->info.insecure = client->insecure;
    if (client->insecure) {
        warn(client, v);
        v->flags &= MBEDTLS_X509_BADCERT_OTHER;
    }
}

int tls_check(void *ctx, mbedtls_x509_crt *cert, int depth, uint32_t *flags)
{
    struct tls_conn *conn = ctx;
    *flags = 0;
    if (depth > 0)
        return 0;
    conn->checked = true;
    struct trust trust;
    trust_init(&trust);
    struct tls_verdict v = {.client = conn->client, .leaf = cert, .trust = &trust};
    judge(conn, &v, cert);
    *flags = v.flags;
    if (v.flags != 0 && !(v.flags & MBEDTLS_X509_BADCERT_SKIP_VERIFY))
        tls_verdict_error(&v, &conn->why);
    trust_free(&trust);
    /* A fatal error counts even where verification is optional. */
    return v.flags & MBEDTLS_X509_BADCERT_OTHER ? MBEDTLS_ERR_X509_FATAL_ERROR : 0;
}
