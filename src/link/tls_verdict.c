/* Verdicts in words: see tls_verdict.h. */
#include "link/tls_verdict.h"
#include "base/clock.h"
#include "base/text.h"
#include "link/tls_names.h"

#include <stdio.h>
#include <string.h>

enum { NAMES_SHOWN = 6 };

/* What every sentence needs. */
struct saying {
    const struct tls_verdict *v;
    const mbedtls_x509_crt *cert; /* the culprit */
    const char *whose;            /* "it", or its CA's name as a subject */
    struct buf *to;
};

static bool same(const mbedtls_x509_buf *a, const mbedtls_x509_buf *b)
{
    return trust_same_name(a->p, a->len, b->p, b->len);
}

static const char *bundle_name(const struct tls_verdict *v, char *to, size_t size)
{
    if (v->client->ca_file == NULL)
        snprintf(to, size, "this machine's trusted CAs (%s)", TRUST_SYSTEM_BUNDLE);
    else
        text_safe(v->client->ca_file, to, size);
    return to;
}

static const char *date_words(const mbedtls_x509_time *t, char to[32])
{
    snprintf(to, 32, "%04d-%02d-%02d %02d:%02d:%02d UTC", t->year % 10000, t->mon % 100, t->day % 100,
             t->hour % 100, t->min % 100, t->sec % 100);
    return to;
}

static void say_expired(const struct saying *s)
{
    char date[32];
    buf_printf(s->to, "%s has been expired since %s", s->whose, date_words(&s->cert->valid_to, date));
}

static void say_future(const struct saying *s)
{
    char date[32], now[32];
    clock_iso(clock_unix(), now, sizeof now);
    buf_printf(s->to, "%s is not valid until %s (this machine's clock says %s)", s->whose,
               date_words(&s->cert->valid_from, date), now);
}

static void say_revoked(const struct saying *s)
{
    char issuer[320], file[200];
    buf_printf(s->to, "%s was revoked by its issuer %s (says the revocation list in %s)", s->whose,
               tls_names_words(&s->cert->issuer, issuer, sizeof issuer),
               bundle_name(s->v, file, sizeof file));
}

static void say_name(const struct saying *s)
{
    const struct tls_client *client = s->v->client;
    struct buf common = BUF_INIT;
    if (tls_names_has_any(s->cert)) {
        buf_add_text(s->to, "it is for ");
        tls_names_list(s->cert, NAMES_SHOWN, s->to);
        buf_printf(s->to, " and not for %s", client->host);
    } else if (tls_names_common(&s->cert->subject, &common)) {
        buf_printf(s->to,
                   "it has a common name, CN=\"%s\", but no subject alternative name, so no host name and no "
                   "address "
                   "can match it, %s neither",
                   buf_text(&common), client->host);
    } else {
        buf_printf(s->to, "it names no host at all, so %s cannot match it", client->host);
    }
    buf_free(&common);
}

/* The certificate that bears a name: in the chain that came, or in the bundle. */
static const mbedtls_x509_crt *find_bearer(const mbedtls_x509_crt *list, const mbedtls_x509_buf *name)
{
    for (const mbedtls_x509_crt *c = list; c != NULL; c = c->next)
        if (c->raw.p != NULL && same(&c->subject_raw, name))
            return c;
    return NULL;
}

static void say_untrusted(const struct saying *s)
{
    const struct tls_verdict *v = s->v;
    const mbedtls_x509_crt *cert = s->cert;
    char issuer[320], file[200];
    bundle_name(v, file, sizeof file);
    tls_names_words(&cert->issuer, issuer, sizeof issuer);
    const mbedtls_x509_crt *known = find_bearer(&v->trust->roots, &cert->issuer_raw);
    const mbedtls_x509_crt *sent = find_bearer(v->leaf, &cert->issuer_raw);
    const mbedtls_x509_crt *bearer = known != NULL ? known : sent;
    bool self = same(&cert->subject_raw, &cert->issuer_raw);
    if (!self && bearer != NULL && !tls_mbed_is_ca(bearer))
        buf_printf(s->to,
                   "%s is issued by %s, which is no CA: its own certificate does not allow it to issue any",
                   s->whose, issuer);
    else if (!self && known != NULL)
        buf_printf(s->to, "%s bears the issuer's name %s, but the CA of that name in %s did not sign it",
                   s->whose, issuer, file);
    else if (self && cert == v->leaf)
        buf_printf(s->to, "it is self-signed: nobody but the device itself (%s) vouches for it", issuer);
    else if (self)
        buf_printf(s->to, "its chain ends at the CA %s, which is unknown: it is not in %s", issuer, file);
    else
        buf_printf(s->to, "%s is issued by %s, which is unknown: it is not in %s", s->whose, issuer, file);
}

static void say_weak_key(const struct saying *s)
{
    size_t bits = mbedtls_pk_get_bitlen(&s->cert->pk);
    bool rsa = mbedtls_pk_can_do(&s->cert->pk, MBEDTLS_PK_RSA) != 0;
    if (rsa && bits < tls_check_profile.rsa_min_bitlen)
        buf_printf(s->to, "the key of %s is too weak: RSA of %zu bits, where %u are the least", s->whose,
                   bits, (unsigned)tls_check_profile.rsa_min_bitlen);
    else if (s->cert->next == NULL && same(&s->cert->subject_raw, &s->cert->issuer_raw))
        buf_printf(s->to, "the key of %s is of a kind or size that is not accepted (%s, %zu bits)", s->whose,
                   mbedtls_pk_get_name(&s->cert->pk), bits);
    else
        buf_printf(
            s->to,
            "%s, or its issuer, has a key that is too weak or of a kind that is not accepted (RSA needs %u "
            "bits, EC one of P-256, P-384, P-521)",
            s->whose, (unsigned)tls_check_profile.rsa_min_bitlen);
}

static void say_weak_signature(const struct saying *s)
{
    const mbedtls_md_info_t *md = mbedtls_md_info_from_type(tls_mbed_signed_with(s->cert));
    buf_printf(s->to, "%s is signed with %s, which can be forged: SHA-256 is the least", s->whose,
               md != NULL ? mbedtls_md_get_name(md) : "an unknown digest");
}

static void say_usage(const struct saying *s)
{
    buf_printf(s->to, "%s is not meant for a server: its extended key usage does not list serverAuth",
               s->whose);
}

static void say_pin(const struct saying *s)
{
    char wanted[LINK_TLS_PIN_SIZE];
    tls_pin_text(s->v->client->pin, wanted);
    buf_printf(s->to, "its key is %s, not the pinned %s: it is another device, or somebody stands between",
               s->v->pin, wanted);
}

static void say_list(const struct saying *s)
{
    char file[200];
    buf_printf(s->to,
               "the revocation list of its issuer, in %s, is expired, not yet valid, or not signed by it",
               bundle_name(s->v, file, sizeof file));
}

enum hint { HINT_PIN, HINT_NAME, HINT_CA, HINT_RENEW, HINT_CLOCK, HINT_LIST, HINTS };

/* Most telling first. */
static const struct {
    uint32_t flags;
    void (*say)(const struct saying *s);
    enum hint hint;
} kinds[] = {
    {MBEDTLS_X509_BADCERT_OTHER,                                                                     say_pin,            HINT_PIN  },
    {MBEDTLS_X509_BADCERT_REVOKED,                                                                   say_revoked,        HINT_RENEW},
    {MBEDTLS_X509_BADCERT_EXPIRED,                                                                   say_expired,        HINT_RENEW},
    {MBEDTLS_X509_BADCERT_FUTURE,                                                                    say_future,         HINT_CLOCK},
    {MBEDTLS_X509_BADCERT_BAD_KEY,                                                                   say_weak_key,       HINT_RENEW},
    {MBEDTLS_X509_BADCERT_BAD_MD,                                                                    say_weak_signature, HINT_RENEW},
    {MBEDTLS_X509_BADCERT_NOT_TRUSTED,                                                               say_untrusted,      HINT_CA   },
    {MBEDTLS_X509_BADCERT_CN_MISMATCH,                                                               say_name,           HINT_NAME },
    {MBEDTLS_X509_BADCERT_EXT_KEY_USAGE,                                                             say_usage,          HINT_RENEW},
    {MBEDTLS_X509_BADCRL_EXPIRED | MBEDTLS_X509_BADCRL_FUTURE | MBEDTLS_X509_BADCRL_NOT_TRUSTED |
         MBEDTLS_X509_BADCRL_BAD_MD | MBEDTLS_X509_BADCRL_BAD_PK | MBEDTLS_X509_BADCRL_BAD_KEY,
     say_list,                                                                                                           HINT_LIST },
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static const mbedtls_x509_crt *culprit_of(const struct tls_verdict *v, uint32_t flags)
{
    for (int bit = 0; bit < 32; bit++)
        if ((v->flags & flags) >> bit & 1)
            return v->culprit[bit];
    return v->leaf;
}

void tls_verdict_words(const struct tls_verdict *v, struct buf *to)
{
    size_t before = to->len;
    for (int i = 0; i < KINDS; i++) {
        char whose[360] = "it", ca[320];
        struct saying s = {v, culprit_of(v, kinds[i].flags), whose, to};
        if (!(v->flags & kinds[i].flags))
            continue;
        if (s.cert != v->leaf)
            snprintf(whose, sizeof whose, "the CA certificate %s behind it",
                     tls_names_words(&s.cert->subject, ca, sizeof ca));
        buf_add_text(to, to->len > before ? "; " : "");
        kinds[i].say(&s);
    }
}

/* "--server-name howdy": the name that would be accepted. */
static void hint_name(const struct tls_verdict *v, struct buf *to)
{
    struct buf name = BUF_INIT;
    if (tls_names_has_any(v->leaf))
        tls_names_list(v->leaf, 1, &name);
    else
        tls_names_common(&v->leaf->subject, &name);
    size_t first = strcspn(buf_text(&name), ", *\"");
    buf_printf(to, "If it is the device's, reach it with --server-name %.*s or with --pin %s.",
               first ? (int)first : 4, first ? buf_text(&name) : "NAME", v->pin);
    buf_free(&name);
}

static void hint_ca(const struct tls_verdict *v, struct buf *to)
{
    bool self = same(&v->leaf->subject_raw, &v->leaf->issuer_raw);
    bool misnamed = (v->flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) != 0;
    buf_printf(to, "%s%s--pin %s if that key is the device's.",
               self ? "Trust this one key with " : "Give its CA with --ca-cert-file FILE",
               self       ? ""
               : misnamed ? " and its name with --server-name NAME, or trust this one key with "
                          : ", or trust this one key with ",
               v->pin);
}

static void add_hint(const struct tls_verdict *v, enum hint hint, struct buf *to)
{
    static const struct {
        const char *text;
        void (*fill)(const struct tls_verdict *v, struct buf *to);
    } hints[HINTS] = {
        [HINT_PIN] = {"If its key was changed on purpose, give the new pin; else find out who answers there.",
                      NULL                                                                                              },
        [HINT_RENEW] = {"Give the device a new certificate, over its serial port for instance.",                 NULL     },
        [HINT_CLOCK] = {"Set this machine's clock, or give the device a new certificate.",                       NULL     },
        [HINT_LIST] = {"Get a current revocation list from the CA.",                                            NULL     },
        [HINT_NAME] = {NULL,                                                                                    hint_name},
        [HINT_CA] = {NULL,                                                                                    hint_ca  },
    };
    if (hints[hint].fill != NULL)
        hints[hint].fill(v, to);
    else
        buf_add_text(to, hints[hint].text);
}

void tls_verdict_error(const struct tls_verdict *v, struct error *why)
{
    struct buf words = BUF_INIT, hint = BUF_INIT;
    tls_verdict_words(v, &words);
    for (int i = 0; i < KINDS && hint.len == 0; i++)
        if (v->flags & kinds[i].flags)
            add_hint(v, kinds[i].hint, &hint);
    error_set(why, ERR_CONNECTION, "Opening %s: the device's certificate is refused: %s.", v->client->shown,
              words.len ? buf_text(&words) : "it does not hold up");
    error_next(why, "%s", buf_text(&hint));
    buf_free(&words);
    buf_free(&hint);
}
