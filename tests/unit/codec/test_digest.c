/* codec/digest: known answers, hostile challenges, the HTTP headers both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/digest.h"

#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

/* RFC 7616 section 3.9.1. */
#define RFC_NONCE "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
#define RFC_CNONCE "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
#define RFC_OPAQUE "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"

static void test_rfc_7616(void **state)
{
    (void)state;
    static const struct {
        enum digest_algorithm algorithm;
        const char *response;
    } rows[] = {
        {DIGEST_MD5,    "8ca523f5e9506fed4657c9700eebdbec"                                },
        {DIGEST_SHA256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char ha1[DIGEST_HEX], response[DIGEST_HEX];
        digest_ha1(rows[i].algorithm, "Mufasa", "http-auth@example.org", "Circle of Life", 14, ha1);
        struct digest_terms terms = {.algorithm = rows[i].algorithm,
                                     .nonce = RFC_NONCE,
                                     .nc = "00000001",
                                     .cnonce = RFC_CNONCE,
                                     .qop = "auth",
                                     .method = "GET",
                                     .uri = "/dir/index.html"};
        digest_response(&terms, ha1, response);
        assert_string_equal(response, rows[i].response);
    }
}

/* What devices were seen to accept (doc/protocols.md). */
static void test_frame_known_answer(void **state)
{
    (void)state;
    struct digest_challenge c = {.algorithm = DIGEST_MD5, .realm = "RPC", .nonce = 1795165320};
    char ha1[DIGEST_HEX], response[DIGEST_HEX];
    digest_ha1(DIGEST_MD5, "alice", "RPC", "secret1", 7, ha1);
    assert_string_equal(ha1, "cf36886c5f96e189ba9364a2cc16b409");
    digest_frame_response(&c, ha1, 12345678, response);
    assert_string_equal(response, "95e82e435114db71b05dc07a875e570a");

    cJSON *auth = digest_frame_auth(&c, "alice", ha1, 12345678);
    char *text = cJSON_PrintUnformatted(auth);
    assert_string_equal(text,
                        "{\"realm\":\"RPC\",\"nonce\":1795165320,\"username\":\"alice\",\"cnonce\":12345678,"
                        "\"algorithm\":\"MD5\",\"response\":\"95e82e435114db71b05dc07a875e570a\"}");
    cJSON_free(text);
    cJSON_Delete(auth);
}

static void test_password_with_colons(void **state)
{
    (void)state;
    char whole[DIGEST_HEX], cut[DIGEST_HEX];
    digest_ha1(DIGEST_SHA256, "alice", "RPC", "a:b::c", 6, whole);
    digest_ha1(DIGEST_SHA256, "alice", "RPC", "a", 1, cut);
    assert_string_equal(whole, "2e39feccdaf138f88e3d6c57ada32bfae77267edb71d58f667c65d0af42437e8");
    assert_string_not_equal(whole, cut);
}

static void test_algorithms_by_name(void **state)
{
    (void)state;
    enum digest_algorithm a = DIGEST_SHA256;
    assert_true(digest_find(NULL, &a) && a == DIGEST_MD5);
    assert_true(digest_find("sha-256", &a) && a == DIGEST_SHA256);
    assert_true(digest_find("MD5", &a) && a == DIGEST_MD5);
    assert_false(digest_find("SHA-512", &a) || digest_find("MD5-sess", &a) || digest_find("MD", &a));
    assert_true(digest_of_ha1("95e82e435114db71b05dc07a875e570a", &a) && a == DIGEST_MD5);
    assert_false(digest_of_ha1("95e82e435114db71b05dc07a875e570", &a));
    assert_false(digest_of_ha1("95e82e435114db71b05dc07a875e570g", &a));
    assert_false(digest_of_ha1("", &a));
}

static void test_challenge_round_trip(void **state)
{
    (void)state;
    struct digest_challenge c = {
        .algorithm = DIGEST_SHA256, .realm = "my \"product\"", .opaque = "x", .nonce = 9007199254740991};
    struct digest_challenge back;
    struct buf text = BUF_INIT;
    digest_challenge_text(&c, &text);
    assert_int_equal(digest_challenge_parse(buf_text(&text), &back, NULL), 0);
    assert_true(back.algorithm == c.algorithm && back.nonce == c.nonce);
    assert_string_equal(back.realm, c.realm);
    assert_string_equal(back.opaque, "x");
    buf_free(&text);

    /* as a device writes it, and without what may be left out */
    assert_int_equal(digest_challenge_parse("{\"auth_type\": \"digest\", \"nonce\": 1795165320, \"nc\": 1, "
                                            "\"realm\": \"RPC\", \"algorithm\": \"MD5\"}",
                                            &back, NULL),
                     0);
    assert_true(back.nonce == 1795165320 && back.algorithm == DIGEST_MD5);
    assert_int_equal(digest_challenge_parse("{\"nonce\":0,\"realm\":\"r\"}", &back, NULL), 0);
}

static void test_hostile_challenges(void **state)
{
    (void)state;
    static const struct {
        const char *message, *says;
    } rows[] = {
        {NULL,                                                         "no JSON"        },
        {"",                                                           "no JSON"        },
        {"unauthorized",                                               "no JSON"        },
        {"{\"nonce\":1,\"realm\":\"r\"",                               "no JSON"        },
        {"[1]",                                                        "no JSON object" },
        {"\"digest\"",                                                 "no JSON object" },
        {"{\"auth_type\":\"basic\",\"nonce\":1,\"realm\":\"r\"}",      "(\"basic\")"    },
        {"{\"auth_type\":7,\"nonce\":1,\"realm\":\"r\"}",              "another kind"   },
        {"{\"nonce\":1}",                                              "no usable realm"},
        {"{\"nonce\":1,\"realm\":\"\"}",                               "no usable realm"},
        {"{\"nonce\":1,\"realm\":{}}",                                 "no usable realm"},
        {"{\"realm\":\"r\"}",                                          "whole number"   },
        {"{\"nonce\":\"1\",\"realm\":\"r\"}",                          "whole number"   },
        {"{\"nonce\":-1,\"realm\":\"r\"}",                             "whole number"   },
        {"{\"nonce\":1.5,\"realm\":\"r\"}",                            "whole number"   },
        {"{\"nonce\":1e300,\"realm\":\"r\"}",                          "whole number"   },
        {"{\"nonce\":9007199254740992,\"realm\":\"r\"}",               "whole number"   },
        {"{\"nonce\":1,\"realm\":\"r\",\"algorithm\":\"SHA-512\"}",    "\"SHA-512\""    },
        {"{\"nonce\":1,\"realm\":\"r\",\"algorithm\":\"\x1b[2J\"}",    "no JSON"        },
        {"{\"nonce\":1,\"realm\":\"r\",\"algorithm\":\"\\u001b[2J\"}", "\\x1b[2J"       },
        {"{\"nonce\":1,\"realm\":\"r\",\"algorithm\":1}",              "hash algorithm" },
        {"{\"nonce\":1,\"realm\":\"r\",\"opaque\":[]}",                "opaque"         },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct digest_challenge c = {.nonce = 7};
        struct error e = {0};
        if (digest_challenge_parse(rows[i].message, &c, &e) != ERR_REFUSED)
            fail_msg("taken: %s", rows[i].message);
        if (strstr(e.message, rows[i].says) == NULL && strcmp(rows[i].says, "no JSON") != 0)
            fail_msg("\"%s\" is missing in: %s", rows[i].says, e.message);
        if (strchr(e.message, '\x1b') != NULL)
            fail_msg("an escape sequence got through");
        assert_true(c.nonce == 0 && c.realm[0] == '\0');
    }
    struct buf deep = BUF_INIT;
    for (int i = 0; i < 5000; i++)
        buf_add_text(&deep, "{\"realm\":");
    struct digest_challenge c;
    assert_int_equal(digest_challenge_parse(buf_text(&deep), &c, NULL), ERR_REFUSED);
    buf_clear(&deep);
    buf_add_text(&deep, "{\"nonce\":1,\"realm\":\"");
    for (int i = 0; i < DIGEST_NAME_BYTES; i++)
        buf_add_byte(&deep, 'r');
    buf_add_text(&deep, "\"}");
    assert_int_equal(digest_challenge_parse(buf_text(&deep), &c, NULL), ERR_REFUSED);
    buf_free(&deep);
}

/* --- HTTP ----------------------------------------------------------------------------------------------- */

static void test_http_challenges(void **state)
{
    (void)state;
    struct digest_http h;
    assert_int_equal(
        digest_http_parse("Digest qop=\"auth\", realm=\"RPC\", nonce=\"6b000c88\", algorithm=MD5", &h, NULL),
        0);
    assert_string_equal(h.realm, "RPC");
    assert_string_equal(h.nonce, "6b000c88");
    assert_true(h.algorithm == DIGEST_MD5 && digest_http_offers_auth(&h) && !h.stale);
    assert_int_equal(digest_http_parse("digest\trealm = \"a \\\"b\\\", c\" , nonce=n,qop=\"auth-int, AUTH\","
                                       "stale=TRUE,unknown=\"x\",algorithm=\"SHA-256\"",
                                       &h, NULL),
                     0);
    assert_string_equal(h.realm, "a \"b\", c");
    assert_true(h.stale && h.algorithm == DIGEST_SHA256 && digest_http_offers_auth(&h));
    assert_int_equal(digest_http_parse("Digest realm=r, nonce=n, qop=auth-int", &h, NULL), 0);
    assert_false(digest_http_offers_auth(&h));
}

static void test_http_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *value, *says;
    } rows[] = {
        {"",                                               "another kind"   },
        {"Basic realm=\"x\"",                              "another kind"   },
        {"Digestive realm=\"x\", nonce=\"y\"",             "another kind"   },
        {"Digest",                                         "another kind"   },
        {"Digest ",                                        "no realm"       },
        {"Digest realm=\"x\"",                             "no nonce"       },
        {"Digest realm=\"x, nonce=\"y\"",                  "name=value"     },
        {"Digest realm=\"x\" nonce=\"y\"",                 "name=value"     },
        {"Digest =x",                                      "name=value"     },
        {"Digest realm",                                   "name=value"     },
        {"Digest realm=\"x\\",                             "name=value"     },
        {"Digest realm=a, realm=b, nonce=c",               "twice"          },
        {"Digest realm=a, nonce=b, algorithm=SHA-512-256", "\"SHA-512-256\""},
        {"Digest realm=a, nonce=b, nc=0123456789abcdef",   "too long"       },
        {"Digest averyveryveryverylongnameofaparameter=1", "name=value"     },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct digest_http h;
        struct error e = {0};
        if (digest_http_parse(rows[i].value, &h, &e) != ERR_REFUSED ||
            strstr(e.message, rows[i].says) == NULL)
            fail_msg("%s: \"%s\" is missing in: %s", rows[i].value, rows[i].says, e.message);
        assert_true(h.realm[0] == '\0' && h.nonce[0] == '\0');
    }
}

static void test_http_answer_round_trip(void **state)
{
    (void)state;
    struct digest_http c, back;
    struct buf header = BUF_INIT;
    char ha1[DIGEST_HEX];
    assert_int_equal(digest_http_parse("Digest realm=\"a\\\\b\", nonce=\"" RFC_NONCE
                                       "\", opaque=\"" RFC_OPAQUE "\", qop=auth, algorithm=SHA-256",
                                       &c, NULL),
                     0);
    digest_ha1(DIGEST_SHA256, "al\"ice", c.realm, "pw", 2, ha1);
    struct digest_request r = {
        .user = "al\"ice", .ha1 = ha1, .method = "POST", .uri = "/rpc", .nc = 17, .cnonce = 99};
    digest_http_authorization(&c, &r, &header);
    assert_int_equal(digest_http_parse(buf_text(&header), &back, NULL), 0);
    assert_string_equal(back.username, "al\"ice");
    assert_string_equal(back.realm, "a\\b");
    assert_string_equal(back.nc, "00000011");
    assert_string_equal(back.opaque, RFC_OPAQUE);
    assert_true(digest_http_check(&back, ha1, "POST"));
    assert_false(digest_http_check(&back, ha1, "GET"));
    ha1[0] ^= 1;
    assert_false(digest_http_check(&back, ha1, "POST"));
    ha1[0] ^= 1;
    back.response[5] = '\0';
    assert_false(digest_http_check(&back, ha1, "POST"));
    buf_free(&header);
}

/* A realm of a hostile server must not add a header. */
static void test_header_stays_one_line(void **state)
{
    (void)state;
    struct digest_http c = {.realm = "r\r\nX-Evil: 1", .nonce = "n"};
    struct digest_request r = {.user = "u", .ha1 = "00", .method = "GET", .uri = "/"};
    struct buf header = BUF_INIT;
    digest_http_authorization(&c, &r, &header);
    assert_null(strpbrk(buf_text(&header), "\r\n"));
    buf_free(&header);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc_7616),
        cmocka_unit_test(test_frame_known_answer),
        cmocka_unit_test(test_password_with_colons),
        cmocka_unit_test(test_algorithms_by_name),
        cmocka_unit_test(test_challenge_round_trip),
        cmocka_unit_test(test_hostile_challenges),
        cmocka_unit_test(test_http_challenges),
        cmocka_unit_test(test_http_refusals),
        cmocka_unit_test(test_http_answer_round_trip),
        cmocka_unit_test(test_header_stays_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
