/* Certificates: see request.h. */
#include "base/clock.h"
#include "base/secret.h"
#include "pki/extension.h"
#include "pki/outer.h"
#include "pki/pem.h"
#include "pki/request.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DER_MAX = 16384, SERIAL_SIZE = 16, DAYS_MAX = 36500, SECONDS_A_DAY = 86400, NAMES_MAX = 32 };

/* Everything one certificate is made of. */
struct work {
    const struct pki_cert_options *options;
    const struct pki_signer *signer;
    mbedtls_x509write_cert cert;
    mbedtls_pk_context subject_key, ca_key;
    mbedtls_x509_crt ca, template;
    mbedtls_asn1_named_data issuer[NAMES_MAX]; /* the CA's own name, as cert wants it */
    bool has_ca, has_template;
};

static void work_init(struct work *w, const struct pki_cert_options *options, const struct pki_signer *signer)
{
    *w = (struct work){.options = options, .signer = signer};
    w->has_ca = options->ca_cert_pem != NULL;
    w->has_template = options->template_pem != NULL;
    mbedtls_x509write_crt_init(&w->cert);
    mbedtls_pk_init(&w->subject_key);
    mbedtls_pk_init(&w->ca_key);
    mbedtls_x509_crt_init(&w->ca);
    mbedtls_x509_crt_init(&w->template);
}

static void work_free(struct work *w)
{
    if (w->has_ca)
        w->cert.MBEDTLS_PRIVATE(issuer) = NULL; /* it is ours: see borrow_issuer */
    mbedtls_x509write_crt_free(&w->cert);
    mbedtls_pk_free(&w->subject_key);
    mbedtls_pk_free(&w->ca_key);
    mbedtls_x509_crt_free(&w->ca);
    mbedtls_x509_crt_free(&w->template);
}

/* The first certificate in a PEM text. */
static int read_certificate(const char *pem, size_t len, const char *name, mbedtls_x509_crt *cert,
                            struct error *e)
{
    const char *at = pem, *end = pem + len;
    struct pem_block block;
    int code;
    while ((code = pem_next(&at, end, name, &block, e)) == 1) {
        bool found = strcmp(block.label, "CERTIFICATE") == 0;
        int parsed = found ? mbedtls_x509_crt_parse_der(cert, block.der.data, block.der.len) : 0;
        pem_block_free(&block);
        if (found)
            return parsed == 0 ? 0 : mbed_error(parsed, name, e);
    }
    return code < 0 ? code : error_set(e, ERR_REFUSED, "%s: it holds no certificate in PEM", name);
}

/* --- the CA --- */

static int read_ca_key(struct work *w, struct error *e)
{
    const char *pem = w->options->ca_key_pem ? w->options->ca_key_pem : "";
    int code = mbed_parse_key(&w->ca_key, (const unsigned char *)pem, strlen(pem) + 1);
    if (code == MBEDTLS_ERR_PK_PASSWORD_REQUIRED || strstr(pem, "-----BEGIN ENCRYPTED PRIVATE KEY-----")) {
        error_set(e, ERR_REFUSED, "the CA's private key is encrypted");
        error_next(e, "decrypt it first: openssl pkey -in CA.key -out NEW, and delete NEW afterwards.");
        return ERR_REFUSED;
    }
    return code == 0 ? 0 : mbed_error(code, "reading the CA's private key", e);
}

static int check_ca(struct work *w, struct error *e)
{
    if (!mbed_is_ca(&w->ca) || mbedtls_x509_crt_check_key_usage(&w->ca, MBEDTLS_X509_KU_KEY_CERT_SIGN) != 0) {
        error_set(e, ERR_REFUSED,
                  "the issuer's certificate is not one of a CA: it may not sign certificates");
        error_next(e, "make one: openssl req -new -x509 -days 3650 -key ca.key -out ca.crt -subj /CN=ca.");
        return ERR_REFUSED;
    }
    if (mbed_check_pair(&w->ca.pk, &w->ca_key) != 0) {
        error_set(e, ERR_REFUSED, "the CA's private key does not belong to the CA's certificate");
        error_next(e, "give the key that goes with it to --ca-key-file.");
        return ERR_REFUSED;
    }
    return 0;
}

/* The CA's subject as the issuer, byte for byte: encoded anew its strings could change their type and chains
 * would not match. mbedTLS's writer wants the list backwards; it borrows our memory and the CA's. */
static int borrow_issuer(struct work *w, struct error *e)
{
    size_t n = 0;
    mbedtls_asn1_named_data *head = NULL;
    for (const mbedtls_x509_name *name = &w->ca.subject; name != NULL; name = name->next) {
        if (n == NAMES_MAX)
            return error_set(e, ERR_REFUSED, "the CA's subject has more than %d parts", NAMES_MAX);
        w->issuer[n] = *name;
        w->issuer[n].next = head;
        head = &w->issuer[n++];
    }
    w->cert.MBEDTLS_PRIVATE(issuer) = head;
    return 0;
}

static int load_ca(struct work *w, struct error *e)
{
    const char *pem = w->options->ca_cert_pem;
    int code = read_certificate(pem, strlen(pem), "the CA's certificate", &w->ca, e);
    if (code == 0)
        code = read_ca_key(w, e);
    if (code == 0)
        code = check_ca(w, e);
    return code == 0 ? borrow_issuer(w, e) : code;
}

/* --- what goes into it --- */

static int set_subject(struct work *w, struct error *e)
{
    struct buf own = BUF_INIT;
    const char *subject = w->options->subject;
    int code = 0;
    if (subject == NULL && w->has_template)
        code = pki_subject_of(w->options->template_pem, w->options->template_len, "the template", &own, e);
    else if (subject == NULL)
        code =
            error_set(e, ERR_USAGE, "the certificate has neither a subject nor a template to take one from");
    if (code == 0) {
        const char *text = subject ? subject : buf_text(&own);
        int set = mbedtls_x509write_crt_set_subject_name(&w->cert, text);
        if (set == 0 && !w->has_ca)
            set = mbedtls_x509write_crt_set_issuer_name(&w->cert, text);
        code = set == 0 ? 0 : mbed_error(set, "writing the certificate's subject", e);
    }
    buf_free(&own);
    return code;
}

static void stamp(int64_t seconds, char to[16])
{
    struct tm t;
    time_t when = (time_t)seconds;
    gmtime_r(&when, &t);
    strftime(to, 16, "%Y%m%d%H%M%S", &t);
}

static void stamp_of(const mbedtls_x509_time *t, char to[16])
{
    char text[80];
    snprintf(text, sizeof text, "%04d%02d%02d%02d%02d%02d", t->year, t->mon, t->day, t->hour, t->min, t->sec);
    snprintf(to, 16, "%.14s", text);
}

/* From now for so many days; without a number, the template's own. */
static int set_validity(struct work *w, struct error *e)
{
    char from[16], to[16];
    int days = w->options->days;
    int64_t now = clock_unix();
    if (days < 0 || days > DAYS_MAX || (days == 0 && !w->has_template)) {
        error_set(e, ERR_USAGE, "a certificate cannot be valid for %d days", days);
        error_next(e, "give --cert-days a number from 1 to %d.", DAYS_MAX);
        return ERR_USAGE;
    }
    if (days == 0 && mbedtls_x509_time_is_past(&w->template.valid_to)) {
        error_set(e, ERR_REFUSED, "the template's own validity is over");
        error_next(e, "give --cert-days.");
        return ERR_REFUSED;
    }
    stamp(now, from);
    stamp(now + (int64_t)days * SECONDS_A_DAY, to);
    if (days == 0) {
        stamp_of(&w->template.valid_from, from);
        stamp_of(&w->template.valid_to, to);
    }
    int code = mbedtls_x509write_crt_set_validity(&w->cert, from, to);
    return code == 0 ? 0 : mbed_error(code, "writing the certificate's validity", e);
}

/* Random, positive, of full length: RFC 5280 section 4.1.2.2. */
static int set_serial(struct work *w, struct error *e)
{
    uint8_t serial[SERIAL_SIZE];
    secret_random(serial, sizeof serial);
    serial[0] = (serial[0] & 0x3f) | 0x40;
    int code = mbed_set_serial(&w->cert, serial, sizeof serial);
    return code == 0 ? 0 : mbed_error(code, "writing the certificate's serial number", e);
}

static int set_extension(struct work *w, const struct pki_oid *oid, bool critical, const uint8_t *value,
                         size_t len)
{
    return mbedtls_x509write_crt_set_extension(&w->cert, oid->bytes, oid->len, critical, value, len);
}

/* The template's usages and names, byte for byte; else what a device needs at either end of a TLS connection.
 */
static int set_usages(struct work *w)
{
    /* SEQUENCE {serverAuth, clientAuth}: RFC 5280 section 4.2.1.12 */
    static const uint8_t both[] = {0x30, 0x14, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03,
                                   0x01, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02};
    static const struct pki_oid *const copied[] = {&PKI_OID_KEY_USAGE, &PKI_OID_EXTENDED_KEY_USAGE,
                                                   &PKI_OID_ALTERNATIVE_NAME};
    int code = 0;
    if (!w->has_template) {
        code = mbedtls_x509write_crt_set_key_usage(&w->cert, MBEDTLS_X509_KU_DIGITAL_SIGNATURE |
                                                                 MBEDTLS_X509_KU_KEY_AGREEMENT);
        return code ? code : set_extension(w, &PKI_OID_EXTENDED_KEY_USAGE, false, both, sizeof both);
    }
    for (size_t i = 0; i < sizeof copied / sizeof copied[0] && code == 0; i++) {
        struct pki_extension x;
        if (pki_extension_find(&w->template, copied[i], &x))
            code = set_extension(w, copied[i], x.critical, x.value, x.len);
    }
    return code;
}

/* AuthorityKeyIdentifier with the very identifier the CA's certificate gives itself: another way of computing
 * it would break the chain. A CA without one gets the usual SHA-1 of its key. */
static int set_authority(struct work *w)
{
    struct pki_extension x;
    uint8_t value[80];
    if (!w->has_ca || !pki_extension_find(&w->ca, &PKI_OID_SUBJECT_KEY, &x) || x.len < 2 || x.len > 66)
        return mbedtls_x509write_crt_set_authority_key_identifier(&w->cert);
    value[0] = MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE;
    value[1] = (uint8_t)x.len;
    memcpy(value + 2, x.value, x.len);
    value[2] = MBEDTLS_ASN1_CONTEXT_SPECIFIC; /* [0] keyIdentifier in place of OCTET STRING */
    return set_extension(w, &PKI_OID_AUTHORITY_KEY, false, value, 2 + x.len);
}

static int set_extensions(struct work *w, struct error *e)
{
    int code = mbedtls_x509write_crt_set_basic_constraints(&w->cert, 0, -1);
    if (code == 0)
        code = mbedtls_x509write_crt_set_subject_key_identifier(&w->cert);
    if (code == 0)
        code = set_authority(w);
    if (code == 0)
        code = set_usages(w);
    return code == 0 ? 0 : mbed_error(code, "writing the certificate's extensions", e);
}

/* --- the whole --- */

/* What comes out must carry the signer's key and, from a CA, hold before that CA's certificate. */
static int check_result(struct work *w, const struct buf *der, struct error *e)
{
    mbedtls_x509_crt made;
    uint32_t flags = 0;
    mbedtls_x509_crt_init(&made);
    int code = mbedtls_x509_crt_parse_der(&made, der->data, der->len);
    if (code != 0)
        code = mbed_error(code, "reading the new certificate back", e);
    else if (w->has_ca && (made.issuer_raw.len != w->ca.subject_raw.len ||
                           memcmp(made.issuer_raw.p, w->ca.subject_raw.p, made.issuer_raw.len) != 0))
        code = error_set(e, ERR_REFUSED,
                         "the CA's subject has parts with several values, which cannot be copied");
    else if (w->has_ca && mbedtls_x509_crt_verify(&made, &w->ca, NULL, NULL, &flags, NULL, NULL) != 0)
        code =
            error_set(e, ERR_REFUSED, "the new certificate does not hold before the CA's: %s",
                      flags & MBEDTLS_X509_BADCERT_EXPIRED ? "the CA's certificate has expired"
                                                           : "its key, signature or digest is not accepted");
    mbedtls_x509_crt_free(&made);
    return code;
}

static int write_der(struct work *w, struct buf *to, struct error *e)
{
    uint8_t der[DER_MAX];
    mbedtls_x509write_crt_set_version(&w->cert, MBEDTLS_X509_CRT_VERSION_3);
    mbedtls_x509write_crt_set_md_alg(&w->cert, MBEDTLS_MD_SHA256);
    int len =
        mbedtls_x509write_crt_der(&w->cert, der, sizeof der, mbed_random, NULL); /* at the array's end */
    if (len < 0)
        return mbed_error(len, "writing the certificate", e);
    const uint8_t *begin = der + sizeof der - len;
    if (!w->has_ca)
        return pki_sign_again(begin, (size_t)len, w->signer, to, e);
    buf_add(to, begin, (size_t)len);
    return 0;
}

static int make(struct work *w, struct buf *der, struct error *e)
{
    int code = pki_stand_in(w->signer, &w->subject_key, e);
    if (code == 0 && w->has_template)
        code = read_certificate(w->options->template_pem, w->options->template_len, "the template",
                                &w->template, e);
    if (code == 0 && w->has_ca)
        code = load_ca(w, e);
    if (code != 0)
        return code;
    mbedtls_x509write_crt_set_subject_key(&w->cert, &w->subject_key);
    mbedtls_x509write_crt_set_issuer_key(&w->cert, w->has_ca ? &w->ca_key : &w->subject_key);
    static int (*const parts[])(struct work * w, struct error * e) = {set_subject, set_validity, set_serial,
                                                                      set_extensions};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && code == 0; i++)
        code = parts[i](w, e);
    if (code == 0)
        code = write_der(w, der, e);
    return code == 0 ? check_result(w, der, e) : code;
}

int pki_cert_make(const struct pki_cert_options *options, const struct pki_signer *signer, struct buf *pem,
                  struct error *e)
{
    struct work *w = mem_alloc(sizeof *w);
    struct buf der = BUF_INIT;
    work_init(w, options, signer);
    int code = make(w, &der, e);
    if (code == 0)
        pem_write("CERTIFICATE", der.data, der.len, pem);
    buf_free(&der);
    work_free(w);
    free(w);
    return code;
}
