/* The parts of TLS that need no wire: what is seen of records, names, pins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "link/tls_impl.h"
#include "link/tls_names.h"

#include <string.h>

/* --- records -------------------------------------------------------------------------------------------- */

/* ServerHello of 2 bytes, CertificateRequest of 1 and ServerHelloDone in one record and a half. */
static const uint8_t flight[] = {22, 3, 3, 0, 8, 2, 0, 0, 2,  9, 9, 13, 0,
                                 22, 3, 3, 0, 7, 0, 1, 5, 14, 0, 0, 0};

static void test_records(void **state)
{
    (void)state;
    for (size_t step = 1; step <= sizeof flight; step++) {
        struct tls_records r = {0};
        bool http;
        for (size_t at = 0; at < sizeof flight; at += step)
            tls_records_see(&r, flight + at, sizeof flight - at < step ? sizeof flight - at : step);
        assert_true(r.wants_certificate);
        assert_int_equal(r.bytes, sizeof flight);
        assert_true(tls_records_is_tls(&r, &http));
        assert_false(http);
        assert_false(r.renegotiates);
    }
}

static void test_records_hidden(void **state)
{
    (void)state;
    /* behind ChangeCipherSpec a 13 is a byte of the cipher text */
    static const uint8_t secret[] = {20, 3, 3, 0, 1, 1, 22, 3, 3, 0, 5, 13, 0, 0, 1, 5},
                         data[] = {23, 3, 3, 0, 1, 0}, request[] = {22, 3, 3, 0, 1, 0};
    struct tls_records r = {0};
    tls_records_see(&r, secret, sizeof secret);
    assert_false(r.wants_certificate);
    r.over = true;
    tls_records_see(&r, data, sizeof data);
    assert_false(r.renegotiates);
    tls_records_see(&r, request, 4);
    assert_false(r.renegotiates);
    tls_records_see(&r, request + 4, 2);
    assert_true(r.renegotiates);
}

static void test_records_alert(void **state)
{
    (void)state;
    static const uint8_t alert[] = {21, 3, 3, 0, 2, 2, 43},
                         hidden[] = {20, 3, 3, 0, 1, 1, 21, 3, 3, 0, 2, 1, 99};
    for (size_t step = 1; step <= sizeof alert; step++) {
        struct tls_records r = {0};
        for (size_t at = 0; at < sizeof alert; at += step)
            tls_records_see(&r, alert + at, sizeof alert - at < step ? sizeof alert - at : step);
        assert_int_equal(r.alert[0], 2);
        assert_int_equal(r.alert[1], 43);
        tls_records_see(&r, hidden, sizeof hidden);
        assert_int_equal(r.alert[1], 43);
    }
}

static void test_records_other(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        bool tls, http;
    } cases[] = {
        {"HTTP/1.1 400", false, true },
        {"HTTP",         false, false},
        {"SSH-2.0",      false, false},
        {"\x16\x03\x03", true,  false},
        {"\x15\x03\x01", true,  false},
        {"\x16\x02\x03", false, false},
        {"",             true,  false}, /* nothing yet */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tls_records r = {0};
        bool http;
        tls_records_see(&r, cases[i].bytes, strlen(cases[i].bytes));
        assert_int_equal(tls_records_is_tls(&r, &http), cases[i].tls);
        assert_int_equal(http, cases[i].http);
    }
}

/* --- names ---------------------------------------------------------------------------------------------- */

/* A certificate with these alternative names and this common name, made by hand. */
struct named {
    mbedtls_x509_crt cert;
    mbedtls_x509_sequence more[4];
};

enum { DNS = 0x82, ADDRESS = 0x87, MAIL = 0x81 };

static void name(struct named *n, int slot, int tag, const char *bytes, size_t len)
{
    mbedtls_x509_sequence *s = slot == 0 ? &n->cert.subject_alt_names : &n->more[slot - 1];
    s->buf.tag = tag;
    s->buf.p = (unsigned char *)bytes;
    s->buf.len = len;
    if (slot > 0)
        (slot == 1 ? &n->cert.subject_alt_names : &n->more[slot - 2])->next = s;
}

static void common(struct named *n, const char *text)
{
    static unsigned char oid[] = {0x55, 0x04, 0x03};
    n->cert.subject.oid.tag = 6;
    n->cert.subject.oid.p = oid;
    n->cert.subject.oid.len = sizeof oid;
    n->cert.subject.val.tag = 0x0c;
    n->cert.subject.val.p = (unsigned char *)text;
    n->cert.subject.val.len = strlen(text);
}

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *host;
        bool match;
    } cases[] = {
        {"a.example",    "a.example",     true },
        {"a.example",    "A.EXAMPLE",     true },
        {"a.example",    "a.example.",    true },
        {"a.example",    "b.a.example",   false},
        {"a.example",    "a.example.org", false},
        {"*.a.example",  "x.a.example",   true },
        {"*.a.example",  "a.example",     false},
        {"*.a.example",  "y.x.a.example", false},
        {"*.a.example",  ".a.example",    false},
        {"*.example",    "x.example",     false}, /* a whole top-level domain */
        {"*",            "x",             false},
        {"x*.example.a", "xy.example.a",  false},
        {"10.0.0.1",     "10.0.0.1",      false}, /* an address is no dNSName */
        {"",             "",              false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct named n = {0};
        name(&n, 0, MAIL, "x@a.example", 11);
        name(&n, 1, DNS, cases[i].pattern, strlen(cases[i].pattern));
        if (tls_names_match(&n.cert, cases[i].host) != cases[i].match)
            fail_msg("%s against %s", cases[i].pattern, cases[i].host);
    }
}

static void test_addresses(void **state)
{
    (void)state;
    struct named n = {0};
    static const char six[16] = {(char)0xfe, (char)0x80, [15] = 1};
    name(&n, 0, DNS, "a.example\0.evil", 15);
    name(&n, 1, ADDRESS, "\x0a\x00\x00\x01", 4);
    name(&n, 2, ADDRESS, six, 16);
    name(&n, 3, ADDRESS, "\x0a\x00\x00", 3);
    common(&n, "10.0.0.9");
    assert_true(tls_names_match(&n.cert, "10.0.0.1"));
    assert_false(tls_names_match(&n.cert, "10.0.0.2"));
    assert_true(tls_names_match(&n.cert, "fe80::1"));
    assert_true(tls_names_match(&n.cert, "fe80::1%eth0"));
    assert_true(tls_names_match(&n.cert, "fe80:0:0:0::1"));
    assert_false(tls_names_match(&n.cert, "fe80::2"));
    assert_false(tls_names_match(&n.cert, "::ffff:10.0.0.1"));
    assert_false(tls_names_match(&n.cert, "a.example")); /* NUL inside the name */
    assert_false(tls_names_match_common(&n.cert, "10.0.0.9"));
    struct buf list = BUF_INIT;
    tls_names_list(&n.cert, 3, &list);
    assert_string_equal(buf_text(&list), "a.example\\x00.evil, 10.0.0.1, fe80::1 and 1 more");
    buf_free(&list);
}

static void test_common_name(void **state)
{
    (void)state;
    struct named n = {0};
    char words[80];
    common(&n, "howdy\x1b[2J");
    assert_false(tls_names_has_any(&n.cert));
    assert_string_equal(tls_names_words(&n.cert.subject, words, sizeof words), "CN=\"howdy\\x1b[2J\"");
    common(&n, "howdy");
    assert_true(tls_names_match_common(&n.cert, "Howdy"));
    assert_false(tls_names_match_common(&n.cert, "howdy2"));
    assert_false(tls_names_match(&n.cert, "howdy")); /* never without being asked */
    name(&n, 0, MAIL, "howdy", 5);
    assert_true(tls_names_match_common(&n.cert, "howdy"));
    name(&n, 0, DNS, "other", 5);
    assert_false(tls_names_match_common(&n.cert, "howdy"));
}

/* --- pins ----------------------------------------------------------------------------------------------- */

static void test_pins(void **state)
{
    (void)state;
    /* SHA-256 of no bytes at all */
    static const char hex[] = "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
                      base64[] = "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    uint8_t a[TLS_PIN_BYTES], b[TLS_PIN_BYTES];
    char text[LINK_TLS_PIN_SIZE];
    mbedtls_x509_crt nothing = {0};
    assert_int_equal(tls_pin_parse(hex, a, NULL), 0);
    assert_int_equal(tls_pin_parse(base64, b, NULL), 0);
    assert_memory_equal(a, b, sizeof a);
    tls_pin_text(a, text);
    assert_string_equal(text, base64);
    nothing.pk_raw.p = a;
    tls_pin_hash(&nothing, b);
    assert_memory_equal(a, b, sizeof a);
    static const char *const bad[] = {"",
                                      "sha256//",
                                      "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
                                      "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
                                      "e3b0",
                                      "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B85500"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(tls_pin_parse(bad[i], a, NULL), ERR_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records),       cmocka_unit_test(test_records_hidden),
        cmocka_unit_test(test_records_other), cmocka_unit_test(test_records_alert),
        cmocka_unit_test(test_names),         cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_common_name),   cmocka_unit_test(test_pins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
