/* Certificates, judged by openssl. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pki/request.h"

#include "chip.h"

#define SUBJECT "C=IE, O=MyCompany, CN=howdy"

/* Makes one into the file crt.pem; what the options name as "@FILE" is read from it. */
static int make(struct chip *chip, struct pki_cert_options options, struct error *e)
{
    struct pki_signer signer = chip_signer(chip);
    struct buf pem = BUF_INIT, template = BUF_INIT, ca = BUF_INIT, key = BUF_INIT;
    error_clear(e);
    if (options.template_pem != NULL) {
        template = slurp(options.template_pem);
        options.template_pem = buf_text(&template);
        options.template_len = template.len;
    }
    if (options.ca_cert_pem != NULL) {
        ca = slurp(options.ca_cert_pem);
        options.ca_cert_pem = buf_text(&ca);
    }
    if (options.ca_key_pem != NULL) {
        key = slurp(options.ca_key_pem);
        options.ca_key_pem = buf_text(&key);
    }
    int code = pki_cert_make(&options, &signer, &pem, e);
    if (code == 0)
        spit("crt.pem", pem.data, pem.len);
    else
        assert_int_equal(pem.len, 0);
    if (code == 0) { /* it carries the chip's key */
        uint8_t point[64];
        assert_int_equal(pki_point_read(buf_text(&pem), pem.len, "crt.pem", point, NULL), 0);
        assert_memory_equal(point, signer.point, 64);
    }
    buf_free(&pem);
    buf_free(&template);
    buf_free(&ca);
    buf_free(&key);
    return code;
}

static void must_make(struct chip *chip, struct pki_cert_options options)
{
    struct error e;
    if (make(chip, options, &e) != 0)
        fail_msg("%s", e.message);
}

static void assert_text(const char *const *wanted, size_t count)
{
    assert_sh(sh("openssl x509 -in crt.pem -noout -text"));
    for (size_t i = 0; i < count; i++)
        assert_log(wanted[i]);
}

static void test_self_signed(void **state)
{
    (void)state;
    static const char *const wanted[] = {
        "Version: 3 (0x2)",
        "Signature Algorithm: ecdsa-with-SHA256",
        "Issuer: C = IE, O = MyCompany, CN = howdy",
        "Subject: C = IE, O = MyCompany, CN = howdy",
        "CA:FALSE",
        "X509v3 Subject Key Identifier",
        "X509v3 Authority Key Identifier",
        "Digital Signature, Key Agreement",
        "TLS Web Server Authentication, TLS Web Client Authentication",
    };
    struct chip chip;
    for (int i = 0; i < 8; i++) {
        must_make(&chip, (struct pki_cert_options){.subject = SUBJECT, .days = 365});
        assert_int_equal(chip.calls, 1);
        assert_sh(sh("openssl verify -x509_strict -CAfile crt.pem crt.pem"));
        assert_log("crt.pem: OK");
        assert_sh(sh("openssl x509 -in crt.pem -noout -checkend 31449600 && ! openssl x509 -in crt.pem "
                     "-noout -checkend "
                     "31622400"));
    }
    assert_text(wanted, sizeof wanted / sizeof wanted[0]);
    assert_sh(sh("openssl x509 -in crt.pem -noout -serial | grep -Eq '^serial=[4-7][0-9A-F]{31}$'"));
}

/* CAs as openssl makes them; each must be able to issue. */
static const char *const authorities[] = {
    "openssl genrsa -out ca.key 2048 && openssl req -new -x509 -days 365 -key ca.key -out ca.crt -subj "
    "/C=IE/ST=Dublin/L=Docks/O=mos/CN=me",
    "openssl ecparam -name prime256v1 -genkey -out ca.key && openssl req -new -x509 -days 365 -key ca.key "
    "-out ca.crt -subj "
    "/CN=ca",
    "openssl ecparam -name secp384r1 -genkey -noout -out ca.key && openssl req -new -x509 -days 365 -key "
    "ca.key -out ca.crt "
    "-subj /O=b/CN=ca",
    "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out ca.key && openssl req -new -x509 "
    "-days 9 -key ca.key "
    "-out ca.crt -subj '/O=Two/OU=a/OU=b/CN=x, y' -addext subjectKeyIdentifier=01:02:03:04:05 -addext "
    "authorityKeyIdentifier=none",
    "openssl ecparam -name prime256v1 -genkey -noout -out ca.key && openssl req -new -x509 -days 365 -key "
    "ca.key -out ca.crt "
    "-subj '/UID=7/CN=a\\\\b' -addext subjectKeyIdentifier=none",
};

static void test_issued(void **state)
{
    (void)state;
    struct chip chip;
    for (size_t i = 0; i < sizeof authorities / sizeof authorities[0]; i++) {
        assert_sh(sh("%s", authorities[i]));
        must_make(&chip,
                  (struct pki_cert_options){
                      .subject = SUBJECT, .days = 30, .ca_cert_pem = "ca.crt", .ca_key_pem = "ca.key"});
        assert_int_equal(chip.calls, 0);
        assert_sh(sh("openssl verify -CAfile ca.crt -purpose sslserver crt.pem"));
        assert_log("crt.pem: OK");
        assert_sh(
            sh("openssl verify -CAfile ca.crt -purpose sslclient crt.pem && openssl x509 -in crt.pem -noout "
               "-issuer_hash > a && openssl x509 -in ca.crt -noout -subject_hash > b && cmp a b"));
    }
}

static void test_templates(void **state)
{
    (void)state;
    static const char *const wanted[] = {
        "Subject: C = IE, L = Dublin, O = ACME Ltd, CN = test.acme.com",
        "X509v3 Key Usage: critical",
        "Key Encipherment",
        "TLS Web Server Authentication",
        "DNS:test.acme.com, IP Address:10.0.0.1",
    };
    static const char *const other[] = {"Subject: CN = other", "DNS:test.acme.com"};
    struct chip chip;
    struct error e;
    assert_sh(
        sh("openssl ecparam -name prime256v1 -genkey -noout -out t.key && openssl req -new -x509 -days 700 "
           "-key t.key "
           "-out t.crt -subj '/C=IE/L=Dublin/O=ACME Ltd/CN=test.acme.com' -addext "
           "keyUsage=critical,digitalSignature,keyEncipherment -addext extendedKeyUsage=serverAuth -addext "
           "subjectAltName=DNS:test.acme.com,IP:10.0.0.1 && openssl x509 -in t.crt -text -out t.text"));
    must_make(&chip, (struct pki_cert_options){.template_pem = "t.text", .days = 100});
    assert_text(wanted, sizeof wanted / sizeof wanted[0]);
    assert_sh(sh("! openssl x509 -in crt.pem -noout -checkend 8726400"));
    assert_sh(sh("! openssl x509 -in crt.pem -noout -text | grep -q 'Client Auth'"));
    assert_sh(sh("openssl verify -CAfile crt.pem crt.pem"));
    must_make(&chip, (struct pki_cert_options){.template_pem = "t.crt", .subject = "CN=other"});
    assert_text(other, 2);
    assert_sh(
        sh("openssl x509 -in t.crt -noout -dates > a; openssl x509 -in crt.pem -noout -dates > b; cmp a b"));
    assert_sh(sh("openssl x509 -in t.crt -signkey t.key -days -1 -out old.crt"));
    assert_int_equal(make(&chip, (struct pki_cert_options){.template_pem = "old.crt"}, &e), ERR_REFUSED);
    assert_non_null(strstr(e.message, "validity is over"));
    assert_int_equal(make(&chip, (struct pki_cert_options){.template_pem = "t.key", .days = 3}, &e),
                     ERR_REFUSED);
    assert_non_null(strstr(e.message, "the template: it holds no certificate"));
}

static void test_refused(void **state)
{
    (void)state;
    struct chip chip;
    struct error e;
    assert_sh(sh("%s && cp ca.crt good.crt && cp ca.key good.key", authorities[1]));
    assert_sh(sh("openssl ecparam -name prime256v1 -genkey -noout -out other.key && openssl req -new -key "
                 "other.key -subj "
                 "/CN=leaf | openssl x509 -req -signkey other.key -out v1.crt && openssl req -new -x509 -key "
                 "other.key -subj "
                 "/CN=leaf -addext basicConstraints=critical,CA:FALSE -out leaf.crt && openssl req -new "
                 "-x509 -key other.key "
                 "-subj /CN=nosign -addext keyUsage=digitalSignature -out nosign.crt && openssl ec -in "
                 "good.key -aes128 "
                 "-passout pass:abcd -out locked1.key && openssl pkcs8 -topk8 -in good.key -passout "
                 "pass:abcd -out locked8.key "
                 "&& openssl req -new -x509 -key other.key -multivalue-rdn -subj /CN=a+O=b -out multi.crt; "
                 "openssl genrsa -out "
                 "weak.key 1024 && openssl req -new -x509 -key weak.key -subj /CN=weak -out weak.crt"));
    static const struct {
        const char *subject, *cert, *key;
        int days, code;
        const char *sentence;
    } cases[] = {
        {SUBJECT,      NULL,         NULL,          0,     ERR_USAGE,   "valid for 0 days"         },
        {SUBJECT,      NULL,         NULL,          -1,    ERR_USAGE,   "valid for -1 days"        },
        {SUBJECT,      NULL,         NULL,          36501, ERR_USAGE,   "valid for 36501 days"     },
        {NULL,         NULL,         NULL,          9,     ERR_USAGE,   "neither a subject nor"    },
        {"NOT A NAME", NULL,         NULL,          9,     ERR_REFUSED, "the new certificate back" },
        {SUBJECT,      "good.crt",   "other.key",   9,     ERR_REFUSED, "does not belong to the CA"},
        {SUBJECT,      "v1.crt",     "other.key",   9,     ERR_REFUSED, "not one of a CA"          },
        {SUBJECT,      "leaf.crt",   "other.key",   9,     ERR_REFUSED, "not one of a CA"          },
        {SUBJECT,      "nosign.crt", "other.key",   9,     ERR_REFUSED, "not one of a CA"          },
        {SUBJECT,      "good.crt",   "locked1.key", 9,     ERR_REFUSED, "private key is encrypted" },
        {SUBJECT,      "good.crt",   "locked8.key", 9,     ERR_REFUSED, "private key is encrypted" },
        {SUBJECT,      "good.crt",   "good.crt",    9,     ERR_REFUSED, "reading the CA's private" },
        {SUBJECT,      "good.crt",   NULL,          9,     ERR_REFUSED, "reading the CA's private" },
        {SUBJECT,      "good.key",   "good.key",    9,     ERR_REFUSED, "holds no certificate"     },
        {SUBJECT,      "multi.crt",  "other.key",   9,     ERR_REFUSED, "parts with several values"},
        {SUBJECT,      "weak.crt",   "weak.key",    9,     ERR_REFUSED, "does not hold before"     },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pki_cert_options o = {.subject = cases[i].subject,
                                     .days = cases[i].days,
                                     .ca_cert_pem = cases[i].cert,
                                     .ca_key_pem = cases[i].key};
        int code = make(&chip, o, &e);
        if (code != cases[i].code || strstr(e.message, cases[i].sentence) == NULL)
            fail_msg("case %zu: %d %s", i, code, e.message);
    }
}

static void test_signer_refuses(void **state)
{
    (void)state;
    struct chip chip;
    struct buf pem = BUF_INIT;
    struct error e = {0};
    struct pki_cert_options o = {.subject = SUBJECT, .days = 1};
    struct pki_signer signer = chip_signer(&chip);
    chip.damage = 0x80;
    assert_int_equal(pki_cert_make(&o, &signer, &pem, &e), ERR_REFUSED);
    chip.damage = 0;
    chip.code = ERR_REFUSED;
    assert_int_equal(pki_cert_make(&o, &signer, &pem, &e), ERR_REFUSED);
    assert_string_equal(e.message, "the chip refused to sign");
    assert_int_equal(pem.len, 0);
    buf_free(&pem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_self_signed),    cmocka_unit_test(test_issued),
        cmocka_unit_test(test_templates),      cmocka_unit_test(test_refused),
        cmocka_unit_test(test_signer_refuses),
    };
    return cmocka_run_group_tests(tests, bench_open, bench_close);
}
