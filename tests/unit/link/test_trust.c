/* The trust store: names compared, and anchors found in bundles that are large, odd or broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "link/trust.h"
#include "tls_bench.h"

static void read_cert(const char *name, mbedtls_x509_crt *cert)
{
    mbedtls_x509_crt_init(cert);
    assert_int_equal(mbedtls_x509_crt_parse_file(cert, bench_file(name)), 0);
}

/* Writes a bundle out of text and files of the bench ("@NAME"). */
static void write_bundle(const char *name, const char *const parts[])
{
    struct buf all = BUF_INIT;
    for (; *parts != NULL; parts++)
        if (**parts != '@')
            buf_add_text(&all, *parts);
        else
            assert_int_equal(file_read(bench_file(*parts + 1), 1 << 20, &all, NULL), 0);
    assert_int_equal(file_replace(bench_file(name), 0600, all.data, all.len, NULL), 0);
    buf_free(&all);
}

/* --- names ---------------------------------------------------------------------------------------------- */

/* SEQUENCE { SET { SEQUENCE { OID 2.5.4.3, text } } … } of one or two common names. */
static size_t put_name(uint8_t *to, int tag_a, const char *a, int tag_b, const char *b)
{
    size_t n = 2;
    for (int i = 0; i < 2; i++) {
        const char *text = i == 0 ? a : b;
        size_t len = text != NULL ? strlen(text) : 0;
        if (text == NULL)
            continue;
        const uint8_t head[] = {0x31,        (uint8_t)(len + 9),
                                0x30,        (uint8_t)(len + 7),
                                6,           3,
                                0x55,        4,
                                3,           (uint8_t)(i == 0 ? tag_a : tag_b),
                                (uint8_t)len};
        memcpy(to + n, head, sizeof head);
        memcpy(to + n + sizeof head, text, len);
        n += sizeof head + len;
    }
    to[0] = 0x30;
    to[1] = (uint8_t)(n - 2);
    return n;
}

static void test_same_name(void **state)
{
    (void)state;
    enum { UTF8 = 0x0c, PRINTABLE = 0x13, T61 = 0x14 };
    static const struct {
        int tag_a;
        const char *a, *a2;
        int tag_b;
        const char *b, *b2;
        bool same;
    } cases[] = {
        {UTF8,      "Bench CA", NULL, UTF8,      "Bench CA",  NULL, true },
        {UTF8,      "Bench CA", NULL, PRINTABLE, "bench ca",  NULL, true },
        {T61,       "Bench CA", NULL, T61,       "Bench CA",  NULL, true },
        {T61,       "Bench CA", NULL, T61,       "bench CA",  NULL, false},
        {T61,       "Bench CA", NULL, UTF8,      "Bench CA",  NULL, false},
        {UTF8,      "Bench CA", NULL, UTF8,      "Bench CB",  NULL, false},
        {UTF8,      "Bench CA", NULL, UTF8,      "Bench CA ", NULL, false},
        {UTF8,      "Bench CA", "x",  UTF8,      "Bench CA",  NULL, false},
        {PRINTABLE, "Bench CA", "x",  UTF8,      "BENCH CA",  "X",  true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t a[100], b[100];
        size_t a_len = put_name(a, cases[i].tag_a, cases[i].a, cases[i].tag_a, cases[i].a2);
        size_t b_len = put_name(b, cases[i].tag_b, cases[i].b, cases[i].tag_b, cases[i].b2);
        if (trust_same_name(a, a_len, b, b_len) != cases[i].same)
            fail_msg("case %zu", i);
        assert_int_equal(trust_same_name(b, b_len, a, a_len), cases[i].same);
        for (size_t cut = 0; cut < a_len; cut++) /* a name that ends too early is not the same */
            assert_false(trust_same_name(a, cut, b, b_len));
    }
}

/* --- bundles -------------------------------------------------------------------------------------------- */

struct found {
    const char *const *parts;
    const char *leaf;
    size_t certificates, kept, lists, broken;
};

static void check_bundle(const struct found *f)
{
    mbedtls_x509_crt leaf;
    struct trust t;
    struct error e = {0};
    write_bundle("bundle.pem", f->parts);
    read_cert(f->leaf, &leaf);
    trust_init(&t);
    assert_int_equal(trust_find(bench_file("bundle.pem"), &leaf, &t, &e), 0);
    assert_int_equal(t.certificates, f->certificates);
    assert_int_equal(t.kept, f->kept);
    assert_int_equal(t.kept_lists, f->lists);
    assert_int_equal(t.broken, f->broken);
    trust_free(&t);
    mbedtls_x509_crt_free(&leaf);
}

static void test_bundles(void **state)
{
    (void)state;
    static const char *const plain[] = {"@root.pem", "@stranger.pem", "@nobody.pem", NULL};
    static const char *const lists[] = {"@stranger.pem", "@root.crl", "@root.pem", NULL};
    static const char *const twice[] = {"@root.pem", "@root.pem", NULL};
    static const char *const noise[] = {
        "# Bench CA\r\nhello\n", "@root.pem",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "-----BEGIN TRUSTED CERTIFICATE-----\nAAAA\n-----END TRUSTED CERTIFICATE-----\n", NULL};
    static const char *const broken[] = {
        "-----BEGIN CERTIFICATE-----\nMIIB!!!\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nMIIBAAAA\n", /* never ended: the next one begins anew */
        "@root.pem",
        "-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----",
        NULL};
    const struct found cases[] = {
        {plain,  "good.pem",    3, 1, 0, 0},
        {plain,  "unknown.pem", 3, 1, 0, 0},
        {plain,  "self.pem",    3, 0, 0, 0},
        {plain,  "deep.pem",    3, 1, 0, 0}, /* the file has the CA between too, which root issued */
        {lists,  "good.pem",    2, 1, 1, 0},
        {lists,  "unknown.pem", 2, 1, 0, 0},
        {twice,  "good.pem",    2, 2, 0, 0},
        {noise,  "good.pem",    1, 1, 0, 0},
        {broken, "good.pem",    4, 1, 0, 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_bundle(&cases[i]);
}

/* Line ends of another system, and none at the end; blocks that straddle what is read at once. */
static void test_layouts(void **state)
{
    (void)state;
    struct buf pem = BUF_INIT, crlf = BUF_INIT;
    assert_int_equal(file_read(bench_file("root.pem"), 8192, &pem, NULL), 0);
    for (size_t i = 0; i + 1 < pem.len; i++) {
        if (pem.data[i] == '\n')
            buf_add_byte(&crlf, '\r');
        buf_add_byte(&crlf, pem.data[i]);
    }
    const char *const parts[] = {buf_text(&crlf), NULL};
    check_bundle(&(struct found){parts, "good.pem", 1, 1, 0, 0});
    for (int pad = 16384 - (int)pem.len - 20; pad < 16384 + 20; pad += 97) {
        struct buf line = BUF_INIT;
        for (int i = 0; i < pad; i++)
            buf_add_byte(&line, i % 70 == 69 ? '\n' : 'x');
        buf_add_byte(&line, '\n');
        const char *const shifted[] = {buf_text(&line), "@root.pem", NULL};
        check_bundle(&(struct found){shifted, "good.pem", 1, 1, 0, 0});
        buf_free(&line);
    }
    buf_free(&pem);
    buf_free(&crlf);
}

/* Against the system's bundle: what is found for a certificate of each root in it is that root. */
static void test_system_bundle(void **state)
{
    (void)state;
    mbedtls_x509_crt all;
    mbedtls_x509_crt_init(&all);
    if (mbedtls_x509_crt_parse_file(&all, TRUST_SYSTEM_BUNDLE) < 0)
        skip();
    size_t count = 0, tried = 0;
    for (const mbedtls_x509_crt *c = &all; c != NULL; c = c->next)
        count++;
    for (mbedtls_x509_crt *c = &all; c != NULL; c = c->next) {
        if (tried++ % 16 != 0)
            continue;
        mbedtls_x509_crt one = *c;
        struct trust t;
        one.next = NULL;
        trust_init(&t);
        assert_int_equal(trust_find(TRUST_SYSTEM_BUNDLE, &one, &t, NULL), 0);
        assert_in_range(t.certificates, count, count + 10); /* mbedTLS skips what it cannot parse */
        assert_in_range(t.kept, 1, 3);
        bool there = false;
        for (const mbedtls_x509_crt *r = &t.roots; r != NULL; r = r->next)
            there |= r->raw.len == c->raw.len && memcmp(r->raw.p, c->raw.p, c->raw.len) == 0;
        assert_true(there || c->issuer_raw.len != c->subject_raw.len);
        trust_free(&t);
    }
    mbedtls_x509_crt_free(&all);
}

static void test_unreadable(void **state)
{
    (void)state;
    mbedtls_x509_crt leaf;
    read_cert("good.pem", &leaf);
    static const struct {
        const char *path, *words;
    } cases[] = {
        {"/nonexistent/ca.pem", "could not be read from /nonexistent/ca.pem: No such file"},
        {"/tmp",                "could not be read from /tmp: Is a directory"             },
        {"/dev/null",           "/dev/null holds no PEM certificate"                      },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct trust t;
        struct error e = {0};
        trust_init(&t);
        assert_int_equal(trust_find(cases[i].path, &leaf, &t, &e), ERR_REFUSED);
        assert_non_null(strstr(e.message, cases[i].words));
        assert_true(e.next[0] != '\0');
        trust_free(&t);
    }
    mbedtls_x509_crt_free(&leaf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_name),  cmocka_unit_test(test_bundles),
        cmocka_unit_test(test_layouts),    cmocka_unit_test(test_system_bundle),
        cmocka_unit_test(test_unreadable),
    };
    return cmocka_run_group_tests(tests, bench_make, bench_remove);
}
