/* TLS links against openssl s_server: what must open, and the whole matrix of what must not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "link/tls_impl.h"
#include "tls_bench.h"

static char warned[500];

static void take_warning(void *ctx, const char *sentence)
{
    (void)ctx;
    snprintf(warned, sizeof warned, "%s", sentence);
}

static int open_tls(struct heard *h, const struct bench *b, const struct link_tls *tls, struct error *e)
{
    struct link_options options = {.tls = tls, .open_timeout_ms = 3000};
    *e = (struct error){0};
    return heard_open(h, b->url, &options, e);
}

#define GOOD "-cert good.pem -key good.key "

/* --- what opens ----------------------------------------------------------------------------------------- */

static void test_wss(void **state)
{
    (void)state;
    struct link_tls tls = {.ca_file = bench_file("root.pem")};
    struct heard h = {0};
    struct error e;
    char pin[64], want[80];
    struct bench b = bench_start("wss", BENCH_WS, GOOD "-tls1_2");
    if (open_tls(&h, &b, &tls, &e) != 0)
        fail_msg("%s", e.message);
    assert_int_equal(link_send(h.link, "{\"id\":7}", 8, &e), 0);
    assert_true(heard_wait_count(&h, 1));
    assert_string_equal(buf_text(&h.last), "{\"id\":7}");
    const struct link_tls_info *info = link_tls_info(h.link);
    assert_non_null(info);
    assert_string_equal(info->version, "TLSv1.2");
    assert_string_equal(info->suite, "TLS-ECDHE-ECDSA-WITH-AES-128-GCM-SHA256");
    bench_text("good.pin", pin, sizeof pin);
    snprintf(want, sizeof want, "sha256//%s", pin);
    assert_string_equal(info->pin, want);
    assert_string_equal(info->subject, "CN=\"board\"");
    assert_string_equal(info->issuer, "CN=\"Bench CA\"");
    assert_int_equal(info->fragment, 4096);
    assert_int_equal(info->handshakes, 1);
    assert_false(info->resumed);
    assert_false(info->client_cert_wanted);
    assert_true(info->handshake_us > 0 && info->handshake_us < 3000000);
    assert_in_range(info->bytes_in, 500, 3000);
    assert_in_range(info->bytes_out, 200, 1000);
    assert_string_equal(info->warning, "");
    assert_non_null(strstr(info->chain, "-----BEGIN CERTIFICATE-----\n"));
    heard_end(&h);
    bench_end(&b);
}

/* What opens with which server and which options. */
static void test_opens(void **state)
{
    (void)state;
    char hex[80], pin[80] = "sha256//";
    bench_text("good.hex", hex, sizeof hex);
    bench_text("good.pin", pin + 8, sizeof pin - 8);
    const char *root = bench_file("root.pem"), *nobody = bench_file("nobody.pem"),
               *self = bench_file("self.pem");
    const struct {
        const char *server;
        struct link_tls tls;
    } cases[] = {
        {GOOD,                                                {.ca_file = root, .server_name = "localhost"}       },
        {GOOD,                                                {.ca_file = root, .server_name = "LocalHost"}       },
        {GOOD,                                                {.ca_file = root, .server_name = "a.boards.example"}},
        {GOOD,                                                {.ca_file = root, .server_name = "::1"}             },
        {GOOD,                                                {.ca_file = nobody, .pin = pin}                     },
        {GOOD,                                                {.ca_file = root, .pin = hex}                       },
        {"-cert other.pem -key other.key",                    {.ca_file = root, .server_name = "10.0.0.1"}        },
        {"-cert seed.pem -key seed.key",                      {.ca_file = root, .server_name = "howdy"}           },
        {"-cert self.pem -key self.key",                      {.ca_file = self, .server_name = "howdy"}           },
        {"-cert deep.pem -cert_chain deep.pem -key deep.key", {.ca_file = root}                                   },
        {"-cert deep.pem -key deep.key",                      {.ca_file = bench_file("middle.pem")}               },
        {"-cert rsa2048.pem -key rsa2048.key",                {.ca_file = root}                                   },
        {GOOD,                                                {.ca_file = bench_file("root-crl.pem")}             },
        {GOOD,                                                {.ca_file = bench_file("both.pem")}                 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct heard h = {0};
        struct error e;
        struct bench b = bench_start("wss", BENCH_WS, cases[i].server);
        if (open_tls(&h, &b, &cases[i].tls, &e) != 0)
            fail_msg("case %zu: %s", i, e.message);
        assert_int_equal(link_tls_info(h.link)->pinned, cases[i].tls.pin != NULL);
        heard_end(&h);
        bench_end(&b);
    }
}

static void test_https(void **state)
{
    (void)state;
    struct link_tls tls = {.ca_file = bench_file("root.pem")};
    struct heard h = {0};
    struct error e;
    struct bench b = bench_start("https", BENCH_HTTP, GOOD "-tls1_2");
    if (open_tls(&h, &b, &tls, &e) != 0)
        fail_msg("%s", e.message);
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(link_send(h.link, "{\"id\":8}", 8, &e), 0);
        assert_true(heard_wait_count(&h, i));
        assert_string_equal(buf_text(&h.last), "{\"id\":8}");
    }
    /* the first handshake checked the device; each request resumed it */
    assert_int_equal(link_tls_info(h.link)->handshakes, 4);
    assert_int_equal(link_tls_info(h.link)->resumptions, 3);
    heard_end(&h);
    bench_end(&b);
}

/* The store outlives the link: opening again resumes, unless what decides has changed. */
static void test_resumption(void **state)
{
    (void)state;
    struct link_tls tls = {.ca_file = bench_file("root.pem"), .store = link_tls_store_new()};
    struct error e;
    assert_null(link_tls_store_info(tls.store));
    struct bench b = bench_start("wss", BENCH_WS, GOOD "-tls1_2");
    size_t full = 0;
    for (int i = 0; i < 3; i++) {
        struct heard h = {0};
        if (open_tls(&h, &b, &tls, &e) != 0)
            fail_msg("%s", e.message);
        const struct link_tls_info *info = link_tls_info(h.link);
        assert_ptr_equal(info, link_tls_store_info(tls.store));
        assert_int_equal(info->resumed, i > 0);
        assert_int_equal(info->handshakes, i + 1);
        assert_int_equal(info->resumptions, i);
        full = i == 0 ? info->bytes_in : full;
        assert_true(i == 0 || info->bytes_in < full / 2);
        heard_end(&h);
    }
    struct heard h = {0};
    tls.server_name = "wrong.example";
    assert_int_equal(open_tls(&h, &b, &tls, &e), ERR_CONNECTION);
    assert_non_null(strstr(e.message, "not for wrong.example"));
    heard_end(&h);
    bench_end(&b);
    /* another device at the same address, with a key of a stranger's: nothing is resumed */
    struct heard again = {0};
    tls.server_name = NULL;
    struct bench c = bench_start("wss", BENCH_WS, "-cert unknown.pem -key unknown.key -tls1_2");
    assert_int_equal(open_tls(&again, &c, &tls, &e), ERR_CONNECTION);
    heard_end(&again);
    bench_end(&c);
    link_tls_store_free(tls.store);
}

/* A chain over 4096 bytes does not fit the fragment that is asked for: it opens all the same. */
static void test_long_chain(void **state)
{
    (void)state;
    struct link_tls tls = {.ca_file = bench_file("root.pem")};
    struct heard h = {0};
    struct error e;
    char command[300];
    snprintf(command, sizeof command,
             "cd %s && for i in 1 2 3 4 5 6 7 8 9 10; do cat rsa2048.pem; done >long.pem", bench_dir);
    assert_int_equal(system(command), 0);
    struct bench b =
        bench_start("wss", BENCH_WS, "-cert rsa2048.pem -key rsa2048.key -cert_chain long.pem -tls1_2");
    if (open_tls(&h, &b, &tls, &e) != 0)
        fail_msg("%s", e.message);
    assert_true(link_tls_info(h.link)->bytes_in > 4096);
    unsigned fragment = link_tls_info(h.link)->fragment; /* mbedTLS 3.6 puts the pieces together */
    assert_true(fragment == 16384 || (MBEDTLS_VERSION_NUMBER >= 0x03060000 && fragment == 4096));
    heard_end(&h);
    bench_end(&b);
}

/* --- client certificates -------------------------------------------------------------------------------- */

static int give_password(void *ctx, const char *key_file, struct secret *to, struct error *e)
{
    (void)key_file;
    const char *word = ctx;
    if (word == NULL)
        return error_set(e, ERR_INTERRUPTED, "called off");
    secret_set(to, word, strlen(word));
    return 0;
}

#define MUTUAL GOOD "-tls1_2 -CAfile root.pem -verify_return_error -Verify 2"

static void test_client_certificate(void **state)
{
    (void)state;
    static const char *const keys[] = {"client.key", "client-pkcs8.key", "client-des.key", "client-old.key"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct link_tls tls = {.ca_file = bench_file("root.pem"),
                               .cert_file = bench_file("client.pem"),
                               .key_file = bench_file(keys[i]),
                               .password = give_password,
                               .ctx = (void *)"sesame"};
        struct heard h = {0};
        struct error e;
        struct bench b = bench_start("wss", BENCH_WS, MUTUAL);
        if (open_tls(&h, &b, &tls, &e) != 0)
            fail_msg("%s: %s", keys[i], e.message);
        assert_true(link_tls_info(h.link)->client_cert_wanted);
        assert_true(link_tls_info(h.link)->client_cert_sent);
        heard_end(&h);
        bench_end(&b);
        assert_true(bench_saw("CN = me"));
    }
}

static void test_own_files(void **state)
{
    (void)state;
    const struct {
        const char *cert, *key, *password;
        int code;
        const char *words;
    } cases[] = {
        {"client.pem",  "client-pkcs8.key",  "wrong",  ERR_REFUSED,     "The password does not open the key"},
        {"client.pem",  "client-pkcs8.key",  "",       ERR_REFUSED,     "The password does not open the key"},
        {"client.pem",  "client-old.key",    "wrong",  ERR_REFUSED,     "The password does not open the key"},
        {"client.pem",  "client-des.key",    "wrong",  ERR_REFUSED,     "The password does not open the key"},
        {"client.pem",  "client-old.key",    NULL,     ERR_INTERRUPTED, "called off"                        },
        {"client.pem",  "client-scrypt.key", "sesame", ERR_REFUSED,     "in a way that lockstep cannot undo"},
        {"client.pem",  "good.key",          NULL,     ERR_REFUSED,     "does not belong to the certificate"},
        {"client.pem",  NULL,                NULL,     ERR_REFUSED,     "No private key can be read"        },
        {"client.pem",  "missing.key",       NULL,     ERR_REFUSED,     "missing.key"                       },
        {"client.key",  "client.key",        NULL,     ERR_REFUSED,     "holds no certificate"              },
        {"missing.pem", "client.key",        NULL,     ERR_REFUSED,     "missing.pem"                       },
        {NULL,          "client.key",        NULL,     ERR_USAGE,       "without its certificate"           },
    };
    struct bench b = bench_start("wss", BENCH_SILENT, GOOD);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct link_tls tls = {.ca_file = bench_file("root.pem"),
                               .cert_file = cases[i].cert ? bench_file(cases[i].cert) : NULL,
                               .key_file = cases[i].key ? bench_file(cases[i].key) : NULL,
                               .password = give_password,
                               .ctx = (void *)cases[i].password};
        struct heard h = {0};
        struct error e;
        assert_int_equal(open_tls(&h, &b, &tls, &e), cases[i].code);
        if (strstr(e.message, cases[i].words) == NULL)
            fail_msg("case %zu: %s", i, e.message);
        heard_end(&h);
    }
    struct link_tls tls = {.ca_file = bench_file("root.pem"),
                           .cert_file = bench_file("client.pem"),
                           .key_file = bench_file("client-pkcs8.key")};
    struct heard h = {0};
    struct error e;
    assert_int_equal(open_tls(&h, &b, &tls, &e), ERR_REFUSED);
    assert_non_null(strstr(e.message, "nobody to ask"));
    heard_end(&h);
    bench_end(&b);
}

static void read_der(const char *name, struct buf *der)
{
    assert_int_equal(file_read(bench_file(name), 4096, der, NULL), 0);
}

/* Every cipher and digest that openssl offers; then hostile ones: each prefix, each bit changed. */
static void test_encrypted_keys(void **state)
{
    (void)state;
    static const char *const ciphers[] = {"aes-128-cbc", "aes-192-cbc", "aes-256-cbc", "des3"},
                             *const digests[] = {"SHA1", "SHA256", "SHA384", "SHA512"};
    struct secret password = SECRET_INIT, wrong = SECRET_INIT;
    struct buf der = BUF_INIT, plain = {.secret = true}, first = {.secret = true};
    secret_set(&password, "sesame", 6);
    secret_set(&wrong, "Sesame", 6);
    for (size_t i = 0; i < 16; i++) {
        char name[64];
        snprintf(name, sizeof name, "p8-%s-%s.der", ciphers[i / 4], digests[i % 4]);
        buf_clear(&der);
        buf_clear(&plain);
        read_der(name, &der);
        assert_int_equal(tls_pbes2_open(&der, &password, &plain), 0);
        if (i == 0)
            buf_add(&first, plain.data, plain.len);
        assert_int_equal(plain.len, first.len);
        assert_memory_equal(plain.data, first.data, plain.len);
        buf_clear(&plain);
        assert_true(tls_pbes2_open(&der, &wrong, &plain) != 0 || plain.len != first.len ||
                    memcmp(plain.data, first.data, plain.len) != 0);
    }
    for (size_t cut = 1; cut < der.len; cut++) {
        struct buf part = BUF_INIT;
        buf_add(&part, der.data, cut);
        assert_int_not_equal(tls_pbes2_open(&part, &password, &plain), 0);
        buf_free(&part);
    }
    for (size_t bit = 0; bit < der.len * 8; bit++) {
        der.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        buf_clear(&plain);
        tls_pbes2_open(&der, &password, &plain); /* the sanitizers judge */
        der.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    secret_free(&password);
    secret_free(&wrong);
    buf_free(&der);
    buf_free(&plain);
    buf_free(&first);
}

/* --- what must not open --------------------------------------------------------------------------------- */

struct refusal {
    const char *server;
    struct link_tls tls;
    const char *words, *next; /* parts of the message and of the next step; NULL: any */
};

/* Refused with these words; and the server saw no key exchange of ours, no certificate and no frame. */
static void check_refusals(const struct refusal *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct refusal *c = &cases[i];
        struct heard h = {0};
        struct error e;
        char options[500];
        snprintf(options, sizeof options, "-msg -tls1_2 -cipher ALL:@SECLEVEL=0 %s", c->server);
        struct bench b = bench_start("wss", BENCH_WS, options);
        int code = open_tls(&h, &b, &c->tls, &e);
        if (code != ERR_CONNECTION || strstr(e.message, c->words) == NULL ||
            (c->next != NULL && strstr(e.next, c->next) == NULL))
            fail_msg("case %zu (%s): %d %s | %s", i, c->server, code, e.message, e.next);
        assert_null(h.link);
        assert_int_equal(error_exit_status(code), 3);
        heard_end(&h);
        assert_true(bench_saw("ServerHelloDone") && bench_saw("Alert"));
        bench_end(&b);
        assert_true(bench_printed("ClientHello"));
        assert_false(bench_printed("ClientKeyExchange") || bench_printed("GET ") || bench_printed("CN = me"));
    }
}

static void test_certificates_refused(void **state)
{
    (void)state;
    const char *root = bench_file("root.pem"), *wrong = bench_file("wrong-cas.pem"),
               *nobody = bench_file("nobody.pem"), *crl = bench_file("root-crl.pem");
    const char *cert = bench_file("client.pem"), *key = bench_file("client.key");
    char pin[80] = "sha256//";
    bench_text("good.pin", pin + 8, sizeof pin - 8);
    const struct refusal cases[] = {
        {"-cert expired.pem -key expired.key -Verify 2",
         {.ca_file = root, .cert_file = cert, .key_file = key},
         "it has been expired since 2021-02-03 04:05:06 UTC",                                                                                                                 "new certificate"                           },
        {"-cert future.pem -key future.key",
         {.ca_file = root},
         "not valid until 2048-01-01 00:00:00 UTC",                                                                                                                           "clock"                                     },
        {"-cert other.pem -key other.key",
         {.ca_file = root},
         "it is for other.example, *.example, 10.0.0.1 and not for 127.0.0.1",                                                                                                "--server-name other.example"               },
        {GOOD,                                           {.ca_file = root, .server_name = "10.0.0.1"},           "and not for 10.0.0.1",                                      pin                                         },
        {GOOD,                                           {.ca_file = root, .server_name = "boards.example"},     "not for boards.example",                                    NULL                                        },
        {GOOD,                                           {.ca_file = root, .server_name = "a.b.boards.example"}, "not for a.b.boards.example",                                NULL                                        },
        {GOOD,                                           {.ca_file = root, .server_name = "board"},              "not for board",                                             NULL                                        }, /* its CN: it has names */
        {"-cert seed.pem -key seed.key",
         {.ca_file = root},
         "it has a common name, CN=\"howdy\", but no subject alternative name",                                                                                               "--server-name howdy or with --pin sha256//"},
        {"-cert seed.pem -key seed.key",
         {.ca_file = root, .server_name = "127.0.0.1"},
         "no subject alternative name",                                                                                                                                       NULL                                        },
        {"-cert unknown.pem -key unknown.key",
         {.ca_file = root},
         "it is issued by CN=\"Stranger CA\", which is unknown: it is not in /tmp/",                                                                                          "--ca-cert-file"                            },
        {GOOD,                                           {.ca_file = wrong},                                     "it is issued by CN=\"Bench CA\", which is unknown",         "--pin sha256//"                            },
        {GOOD,                                           {0},                                                    "which is unknown: it is not in this machine's trusted CAs", NULL                                        },
        {"-cert self.pem -key self.key",
         {.ca_file = root, .server_name = "howdy"},
         "it is self-signed",                                                                                                                                                 "--pin sha256//"                            },
        {"-cert byno.pem -key byno.key",
         {.ca_file = nobody},
         "it is issued by CN=\"No CA\", which is no CA",                                                                                                                      NULL                                        },
        {"-cert sha1.pem -key sha1.key",
         {.ca_file = root},
         "it is signed with SHA1, which can be forged",                                                                                                                       NULL                                        },
        {"-cert md5.pem -key md5.key",
         {.ca_file = bench_file("rsaroot.pem")},
         "it is signed with MD5, which can be forged",                                                                                                                        NULL                                        },
        {"-cert rsa1024.pem -key rsa1024.key",
         {.ca_file = root},
         "too weak: RSA of 1024 bits, where 2048",                                                                                                                            NULL                                        },
        {"-cert usage.pem -key usage.key",
         {.ca_file = root, .server_name = "board"},
         "its extended key usage does not list serverAuth",                                                                                                                   NULL                                        },
        {"-cert revoked.pem -key revoked.key",
         {.ca_file = crl},
         "it was revoked by its issuer CN=\"Bench CA\"",                                                                                                                      NULL                                        },
        {"-cert deep.pem -key deep.key",
         {.ca_file = root},
         "issued by CN=\"Middle CA\", which is unknown",                                                                                                                      NULL                                        },
 /* a pin that does not match refuses, good chain or not, insecure or not */
        {"-cert rsa2048.pem -key rsa2048.key",
         {.ca_file = root, .pin = pin},
         "not the pinned sha256//",                                                                                                                                           NULL                                        },
        {"-cert rsa2048.pem -key rsa2048.key",
         {.insecure = true, .pin = pin},
         "not the pinned sha256//",                                                                                                                                           NULL                                        },
    };
    check_refusals(cases, sizeof cases / sizeof cases[0]);
}

/* A key that is pinned must still be in date. */
static void test_pinned_dates(void **state)
{
    (void)state;
    struct link_tls tls = {.ca_file = bench_file("root.pem"), .insecure = true};
    struct heard h = {0};
    struct error e;
    char pin[LINK_TLS_PIN_SIZE];
    struct bench b = bench_start("wss", BENCH_WS, "-cert expired.pem -key expired.key");
    assert_int_equal(open_tls(&h, &b, &tls, &e), 0);
    snprintf(pin, sizeof pin, "%s", link_tls_info(h.link)->pin);
    heard_end(&h);
    tls = (struct link_tls){.pin = pin};
    assert_int_equal(open_tls(&h, &b, &tls, &e), ERR_CONNECTION);
    assert_non_null(strstr(e.message, "expired since 2021"));
    heard_end(&h);
    bench_end(&b);
}

static void test_insecure(void **state)
{
    (void)state;
    struct link_tls tls = {.ca_file = bench_file("root.pem"), .insecure = true, .warning = take_warning};
    static const struct {
        const char *server, *words;
    } cases[] = {
        {"-cert unknown.pem -key unknown.key", "it is issued by CN=\"Stranger CA\""},
        {"-cert seed.pem -key seed.key",       "CN=\"howdy\""                      },
        {"-cert expired.pem -key expired.key", "expired since"                     },
        {"-cert usage.pem -key usage.key",     "it names no host"                  },
        {GOOD,                                 "--insecure is not needed"          },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct heard h = {0};
        struct error e;
        warned[0] = '\0';
        struct bench b = bench_start("wss", BENCH_WS, cases[i].server);
        if (open_tls(&h, &b, &tls, &e) != 0)
            fail_msg("%s", e.message);
        assert_true(link_tls_info(h.link)->insecure);
        assert_string_equal(link_tls_info(h.link)->warning, warned);
        assert_non_null(strstr(warned, "Insecure: who answers as wss://127.0.0.1"));
        if (strstr(warned, cases[i].words) == NULL && i != 3)
            fail_msg("%s", warned);
        heard_end(&h);
        bench_end(&b);
    }
}

static void test_client_certificate_refused(void **state)
{
    (void)state;
    const char *root = bench_file("root.pem");
    const struct {
        const char *cert, *key, *words, *next;
    } cases[] = {
        {NULL,               NULL,               "it wants a client certificate and got none", "--cert-file"},
        {"wrongclient.pem",  "wrongclient.key",  "unknown_ca: it does not know the CA",        "--cert-file"},
        {"serverclient.pem", "serverclient.key", "unsupported_certificate",                    "clientAuth" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct link_tls tls = {.ca_file = root,
                               .cert_file = cases[i].cert ? bench_file(cases[i].cert) : NULL,
                               .key_file = cases[i].key ? bench_file(cases[i].key) : NULL};
        struct heard h = {0};
        struct error e;
        struct bench b = bench_start("wss", BENCH_WS, MUTUAL);
        assert_int_equal(open_tls(&h, &b, &tls, &e), ERR_CONNECTION);
        if (strstr(e.message, cases[i].words) == NULL || (cases[i].next && !strstr(e.next, cases[i].next)))
            fail_msg("case %zu: %s | %s", i, e.message, e.next);
        heard_end(&h);
        bench_end(&b);
        assert_false(bench_printed("GET "));
    }
}

static void test_bad_options(void **state)
{
    (void)state;
    static const struct {
        struct link_tls tls;
        int code;
        const char *words;
    } cases[] = {
        {{.pin = "sha256//abc"},             ERR_USAGE,   "neither sha256//BASE64 nor 64 hex"},
        {{.pin = "0123456789"},              ERR_USAGE,   "neither sha256//BASE64 nor 64 hex"},
        {{.pin = ""},                        ERR_USAGE,   "neither sha256//BASE64 nor 64 hex"},
        {{.server_name = ""},                ERR_USAGE,   "no host name and no address"      },
        {{.server_name = "a b"},             ERR_USAGE,   "no host name and no address"      },
        {{.ca_file = "/nonexistent/ca.pem"}, ERR_REFUSED, "could not be read"                },
        {{.ca_file = "/dev/null"},           ERR_REFUSED, "holds no PEM certificate"         },
    };
    struct bench b = bench_start("wss", BENCH_SILENT, GOOD);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct heard h = {0};
        struct error e;
        int code = open_tls(&h, &b, &cases[i].tls, &e);
        if (code != cases[i].code || strstr(e.message, cases[i].words) == NULL)
            fail_msg("case %zu: %d %s", i, code, e.message);
        heard_end(&h);
    }
    bench_end(&b);
}

/* --- handshakes that go wrong --------------------------------------------------------------------------- */

/* Stands between: what the device says is passed on up to a number of bytes, or up to its first alert; then
 * the connection is closed, as a device does that has no memory or does not bother with alerts. */
struct between {
    uint16_t port;
    size_t limit; /* 0: none */
    bool no_alerts;
    bool late_alert; /* in place of the client's second flight being read */
    bool flip;       /* the last bit before the limit */
};

static void stand_between(int listener, const void *arg)
{
    struct between how = *(const struct between *)arg;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(how.port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int client = peer_accept(listener), server = socket(AF_INET, SOCK_STREAM, 0);
    size_t passed = 0;
    char bytes[20000];
    if (connect(server, (struct sockaddr *)&to, sizeof to) < 0)
        _exit(2);
    struct pollfd fds[2] = {
        {client, POLLIN, 0},
        {server, POLLIN, 0}
    };
    while (poll(fds, 2, -1) > 0) {
        int from = fds[0].revents ? client : server;
        ssize_t n = read(from, bytes, sizeof bytes);
        if (n <= 0)
            return;
        if (from == client && how.late_alert && passed > 0) {
            peer_write(client, "\x15\3\3\0\2\2\x2b", 7);
            return;
        }
        if (from == client) {
            peer_write(server, bytes, (size_t)n);
            continue;
        }
        if (how.no_alerts && bytes[0] == 21)
            return;
        bool last = how.limit > 0 && passed + (size_t)n >= how.limit;
        if (last && how.flip)
            bytes[how.limit - passed - 1] ^= 1;
        else if (last)
            n = (ssize_t)(how.limit - passed);
        passed += (size_t)n;
        peer_write(client, bytes, (size_t)n);
        if (last && !how.flip)
            return;
        how.limit = last ? 0 : how.limit;
    }
}

static void check_between(const char *server, struct between how, const struct link_tls *tls,
                          const char *words, const char *next)
{
    struct heard h = {0};
    struct error e = {0};
    struct link_options options = {.tls = tls, .open_timeout_ms = 3000};
    struct bench b = bench_start("wss", BENCH_WS, server);
    how.port = b.port;
    struct peer p = peer_start("wss", stand_between, &how);
    int code = heard_open(&h, p.url, &options, &e);
    if (code != ERR_CONNECTION || strstr(e.message, words) == NULL ||
        (next != NULL && strstr(e.next, next) == NULL))
        fail_msg("%s, %zu: %d %s | %s", server, how.limit, code, e.message, e.next);
    heard_end(&h);
    peer_end(&p);
    bench_end(&b);
    assert_false(bench_printed("GET "));
}

static void test_closed_without_alert(void **state)
{
    (void)state;
    struct link_tls tls = {.ca_file = bench_file("root.pem")};
    struct between how = {.no_alerts = true};
    check_between(MUTUAL, how, &tls, "asked for a client certificate, got none and ",
                  "--cert-file, --key-file");
    tls.cert_file = bench_file("wrongclient.pem");
    tls.key_file = bench_file("wrongclient.key");
    check_between(MUTUAL, how, &tls, "was shown CN=\"impostor\" and ", "http.ssl_ca_cert");
}

/* The alert comes and the connection is gone before all of our flight is written. */
static void test_late_alert(void **state)
{
    (void)state;
    struct link_tls tls = {.ca_file = bench_file("root.pem"),
                           .cert_file = bench_file("serverclient.pem"),
                           .key_file = bench_file("serverclient.key")};
    for (int i = 0; i < 5; i++)
        check_between(MUTUAL, (struct between){.late_alert = true}, &tls, "the alert unsupported_certificate",
                      "clientAuth");
}

static void test_truncated(void **state)
{
    (void)state;
    struct link_tls tls = {.ca_file = bench_file("root.pem")};
    static const size_t limits[] = {1, 4, 5, 60, 200, 700};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        check_between(GOOD "-tls1_2", (struct between){.limit = limits[i]}, &tls,
                      "in the middle of the TLS handshake", "try again");
    /* a bit of the server's random bytes changed on its way: its signature does not hold */
    check_between(GOOD "-tls1_2", (struct between){.limit = 30, .flip = true}, &tls, "TLS", NULL);
}

static void serve_words(int listener, const void *arg)
{
    char hello[4096];
    int fd = peer_accept(listener);
    if (read(fd, hello, sizeof hello) <= 0)
        _exit(4);
    if (arg != NULL)
        peer_say(fd, arg);
    if (arg == NULL || ((const char *)arg)[0] != '\0')
        return;
    peer_drain(fd);
}

static void test_no_tls(void **state)
{
    (void)state;
    static const struct {
        const char *scheme, *says, *words, *next;
    } cases[] = {
        {"wss",   "HTTP/1.1 400 Bad Request\r\n\r\n", "the peer answers in plain HTTP",           "ws://"          },
        {"https", "HTTP/1.1 400 Bad Request\r\n\r\n", "the peer answers in plain HTTP",           "http://"        },
        {"wss",   "SSH-2.0-OpenSSH_9.2\r\n",          "what the peer answers is not TLS",         "port"           },
        {"wss",   NULL,                               "as soon as TLS began",                     "ws://"          },
        {"wss",   "",                                 "The TLS handshake: no answer from wss://", "short of memory"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct link_options options = {.open_timeout_ms = 300};
        struct heard h = {0};
        struct error e = {0};
        struct peer p = peer_start(cases[i].scheme, serve_words, cases[i].says);
        int code = heard_open(&h, p.url, &options, &e);
        if (code != ERR_CONNECTION || !strstr(e.message, cases[i].words) || !strstr(e.next, cases[i].next))
            fail_msg("case %zu: %d %s | %s", i, code, e.message, e.next);
        heard_end(&h);
        peer_end(&p);
    }
}

/* Old protocols and suites are not even offered. */
static void test_old_servers(void **state)
{
    (void)state;
    struct link_tls tls = {.ca_file = bench_file("root.pem")};
    static const char *const servers[][2] = {
        {"-cert rsa2048.pem -key rsa2048.key -tls1_1 -cipher ALL:@SECLEVEL=0",              "ended TLS with the alert "},
        {"-cert rsa2048.pem -key rsa2048.key -tls1_2 -cipher AES128-SHA:AES128-GCM-SHA256",
         "handshake_failure"                                                                                           },
        {"-cert rsa2048.pem -key rsa2048.key -tls1_2 -cipher ECDHE-RSA-AES128-SHA256",      "handshake_failure"        },
        {GOOD "-tls1_2 -sigalgs ECDSA+SHA1 -cipher ALL:@SECLEVEL=0",                        "handshake_failure"        },
    };
    for (size_t i = 0; i < sizeof servers / sizeof servers[0]; i++) {
        struct heard h = {0};
        struct error e;
        struct bench b = bench_start("wss", BENCH_WS, servers[i][0]);
        int code = open_tls(&h, &b, &tls, &e);
        if (code != ERR_CONNECTION || !strstr(e.message, servers[i][1]))
            fail_msg("case %zu: %d %s", i, code, e.message);
        heard_end(&h);
        bench_end(&b);
    }
}

static void test_renegotiation(void **state)
{
    (void)state;
    struct link_tls tls = {.ca_file = bench_file("root.pem")};
    struct heard h = {0};
    struct error e;
    struct bench b = bench_start("wss", BENCH_WS_RENEG, GOOD "-tls1_2");
    if (open_tls(&h, &b, &tls, &e) != 0)
        fail_msg("%s", e.message);
    assert_true(heard_wait_closed(&h));
    assert_non_null(strstr(h.why.message, "asked to renegotiate TLS, which lockstep refuses"));
    assert_int_equal(h.why.code, ERR_CONNECTION);
    assert_int_equal(link_send(h.link, "{}", 2, &e), ERR_CONNECTION);
    heard_end(&h);
    bench_end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wss),
        cmocka_unit_test(test_opens),
        cmocka_unit_test(test_https),
        cmocka_unit_test(test_resumption),
        cmocka_unit_test(test_long_chain),
        cmocka_unit_test(test_client_certificate),
        cmocka_unit_test(test_own_files),
        cmocka_unit_test(test_encrypted_keys),
        cmocka_unit_test(test_certificates_refused),
        cmocka_unit_test(test_pinned_dates),
        cmocka_unit_test(test_insecure),
        cmocka_unit_test(test_client_certificate_refused),
        cmocka_unit_test(test_bad_options),
        cmocka_unit_test(test_closed_without_alert),
        cmocka_unit_test(test_late_alert),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_no_tls),
        cmocka_unit_test(test_old_servers),
        cmocka_unit_test(test_renegotiation),
    };
    return cmocka_run_group_tests(tests, bench_make, bench_remove);
}
