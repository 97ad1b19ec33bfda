/* Trust store found on demand: see trust.h. */
#include "link/trust.h"
#include "base/buf.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <mbedtls/asn1.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* A root is 1 to 2 KB; a CRL may be long, but not without bound. */
enum { CHUNK = 16384, BLOCK_MAX = 1 << 20, LINE_MAX_BYTES = 1024 };

/* --- names ---------------------------------------------------------------------------------------------- */

struct der {
    const uint8_t *at, *end;
};

/* Takes the next element: its tag and its content; false at the end or on nonsense. */
static bool der_next(struct der *d, int *tag, struct der *content)
{
    unsigned char *p = (unsigned char *)d->at;
    size_t len;
    if (d->end - d->at < 2)
        return false;
    *tag = *p++;
    if (mbedtls_asn1_get_len(&p, d->end, &len) != 0)
        return false;
    *content = (struct der){p, p + len};
    d->at = p + len;
    return true;
}

static bool same_text(int tag_a, int tag_b, struct der a, struct der b)
{
    bool folds = (tag_a == MBEDTLS_ASN1_UTF8_STRING || tag_a == MBEDTLS_ASN1_PRINTABLE_STRING) &&
                 (tag_b == MBEDTLS_ASN1_UTF8_STRING || tag_b == MBEDTLS_ASN1_PRINTABLE_STRING);
    size_t len = (size_t)(a.end - a.at);
    if ((size_t)(b.end - b.at) != len)
        return false;
    return folds ? strncasecmp((const char *)a.at, (const char *)b.at, len) == 0
                 : tag_a == tag_b && memcmp(a.at, b.at, len) == 0;
}

/* Names are SEQUENCE { SET { SEQUENCE { OID, string } } }: three levels down to the leaves. */
static bool same_elements(struct der a, struct der b, int depth)
{
    int tag_a, tag_b;
    struct der in_a, in_b;
    while (a.at < a.end && b.at < b.end) {
        if (!der_next(&a, &tag_a, &in_a) || !der_next(&b, &tag_b, &in_b))
            return false;
        bool nested = tag_a == tag_b && (tag_a & MBEDTLS_ASN1_CONSTRUCTED) && depth < 4;
        if (nested ? !same_elements(in_a, in_b, depth + 1) : !same_text(tag_a, tag_b, in_a, in_b))
            return false;
    }
    return a.at == a.end && b.at == b.end;
}

bool trust_same_name(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    if (a_len == b_len && memcmp(a, b, a_len) == 0)
        return true;
    return same_elements((struct der){a, a + a_len}, (struct der){b, b + b_len}, 0);
}

/* --- one block ------------------------------------------------------------------------------------------ */

enum block { BLOCK_NONE, BLOCK_CERT, BLOCK_CRL, BLOCK_OTHER };

static const struct {
    const char *label;
    enum block kind;
    int skip; /* elements between the version and the name sought */
} labels[] = {
    {"CERTIFICATE",      BLOCK_CERT, 4}, /* serial, signature, issuer, validity; then subject */
    {"X509 CERTIFICATE", BLOCK_CERT, 4},
    {"X509 CRL",         BLOCK_CRL,  1}, /* signature; then issuer */
};
enum { LABELS = sizeof labels / sizeof labels[0] };

/* Finds the subject of a certificate, or the issuer of a CRL, without parsing the rest. */
static bool find_name(const struct buf *der, int skip, struct der *name)
{
    struct der all = {der->data, der->data + der->len}, outer, tbs, element;
    int tag;
    if (!der_next(&all, &tag, &outer) || !der_next(&outer, &tag, &tbs))
        return false;
    struct der rest = tbs;
    /* A version stands in front: [0] in a certificate, INTEGER in a CRL; both may leave it out. */
    if (!der_next(&rest, &tag, &element))
        return false;
    bool version = skip == 4 ? tag == (MBEDTLS_ASN1_CONTEXT_SPECIFIC | MBEDTLS_ASN1_CONSTRUCTED)
                             : tag == MBEDTLS_ASN1_INTEGER;
    if (!version)
        rest = tbs;
    for (int i = 0; i < skip; i++)
        if (!der_next(&rest, &tag, &element))
            return false;
    const uint8_t *start = rest.at;
    if (!der_next(&rest, &tag, &element))
        return false;
    *name = (struct der){start, rest.at}; /* with its header: as mbedTLS's issuer_raw */
    return true;
}

static bool is_wanted(const mbedtls_x509_crt *chain, struct der name)
{
    for (const mbedtls_x509_crt *c = chain; c != NULL; c = c->next)
        if (trust_same_name(c->issuer_raw.p, c->issuer_raw.len, name.at, (size_t)(name.end - name.at)))
            return true;
    return false;
}

struct scan {
    struct trust *t;
    const mbedtls_x509_crt *chain;
    struct buf line, base64, der;
    int label; /* index into labels of the block under way, -1: none, LABELS: one of no interest */
};

static void end_block(struct scan *s)
{
    struct trust *t = s->t;
    struct der name;
    buf_clear(&s->der);
    bool cert = labels[s->label].kind == BLOCK_CERT;
    t->certificates += cert;
    if (text_unbase64(buf_text(&s->base64), s->base64.len, &s->der) != 0 ||
        !find_name(&s->der, labels[s->label].skip, &name)) {
        t->broken++;
        return;
    }
    if (!is_wanted(s->chain, name))
        return;
    int code = cert ? mbedtls_x509_crt_parse_der(&t->roots, s->der.data, s->der.len)
                    : mbedtls_x509_crl_parse_der(&t->lists, s->der.data, s->der.len);
    if (code != 0)
        t->broken++;
    else if (cert)
        t->kept++;
    else
        t->kept_lists++;
}

static int find_label(const char *line, const char *before)
{
    const char *at = line + strlen(before);
    for (int i = 0; i < LABELS; i++) {
        size_t n = strlen(labels[i].label);
        if (strncmp(at, labels[i].label, n) == 0 && strncmp(at + n, "-----", 5) == 0)
            return i;
    }
    return LABELS;
}

static void take_line(struct scan *s)
{
    const char *line = buf_text(&s->line);
    size_t len = strcspn(line, " \t\r");
    if (text_starts(line, "-----BEGIN ")) {
        s->label = find_label(line, "-----BEGIN ");
        buf_clear(&s->base64);
    } else if (text_starts(line, "-----END ")) {
        if (s->label >= 0 && s->label < LABELS && find_label(line, "-----END ") == s->label)
            end_block(s);
        s->label = -1;
    } else if (s->label >= 0 && s->label < LABELS && s->base64.len + len <= BLOCK_MAX) {
        buf_add(&s->base64, line, len);
    }
    buf_clear(&s->line);
}

static void take_chunk(struct scan *s, const char *bytes, size_t len)
{
    while (len > 0) {
        const char *end = memchr(bytes, '\n', len);
        size_t n = end != NULL ? (size_t)(end - bytes) : len;
        if (s->line.len + n <= LINE_MAX_BYTES)
            buf_add(&s->line, bytes, n); /* a longer line is no PEM: what does not fit is dropped */
        if (end == NULL)
            return;
        take_line(s);
        bytes += n + 1;
        len -= n + 1;
    }
}

/* 0, or -1 with errno. */
static int read_bundle(struct scan *s)
{
    char chunk[CHUNK];
    ssize_t n;
    int fd = open(s->t->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    while ((n = read(fd, chunk, sizeof chunk)) > 0 || (n < 0 && errno == EINTR))
        if (n > 0)
            take_chunk(s, chunk, (size_t)n);
    int saved = errno;
    take_line(s); /* the last one may lack its line end */
    close(fd);
    errno = saved;
    return n < 0 ? -1 : 0;
}

void trust_init(struct trust *t)
{
    *t = (struct trust){0};
    mbedtls_x509_crt_init(&t->roots);
    mbedtls_x509_crl_init(&t->lists);
}

int trust_find(const char *path, const mbedtls_x509_crt *chain, struct trust *t, struct error *e)
{
    t->path = path;
    struct scan s = {.t = t, .chain = chain, .label = -1, .line.secret = true};
    bool system = strcmp(path, TRUST_SYSTEM_BUNDLE) == 0;
    const char *next =
        system ? "Install the package ca-certificates, or give the device's CA with --ca-cert-file."
               : "Give a PEM file with the CA that issued the device's certificate.";
    char shown[200];
    int code = 0;
    text_safe(path, shown, sizeof shown);
    if (read_bundle(&s) != 0) {
        error_set_errno(e, ERR_REFUSED, "The trusted CAs could not be read from %s", shown);
        error_next(e, "%s", next);
        code = ERR_REFUSED;
    } else if (t->certificates == 0) {
        error_set(e, ERR_REFUSED, "%s holds no PEM certificate (\"-----BEGIN CERTIFICATE-----\").", shown);
        error_next(e, "%s", next);
        code = ERR_REFUSED;
    }
    buf_free(&s.line);
    buf_free(&s.base64);
    buf_free(&s.der);
    return code;
}

void trust_free(struct trust *t)
{
    mbedtls_x509_crt_free(&t->roots);
    mbedtls_x509_crl_free(&t->lists);
}
