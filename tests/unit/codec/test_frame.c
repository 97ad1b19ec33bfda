/* codec/frame: known answers, hostile text, every refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "codec/frame.h"

#include <stdlib.h>
#include <string.h>

static struct frame parsed(const char *text)
{
    struct frame f;
    struct error e = {0};
    if (frame_parse(text, strlen(text), &f, &e) != 0)
        fail_msg("%s: %s", text, e.message);
    return f;
}

static void test_kinds(void **state)
{
    (void)state;
    struct frame f =
        parsed("{\"id\":1932,\"src\":\"esp32_0A1B2C\",\"dst\":\"lockstep\",\"result\":{\"a\":1}}");
    assert_int_equal(f.kind, FRAME_RESPONSE);
    assert_int_equal(f.id, 1932);
    assert_string_equal(f.src, "esp32_0A1B2C");
    assert_string_equal(f.dst, "lockstep");
    assert_null(f.method);
    assert_null(f.error_message);
    assert_int_equal(cJSON_GetObjectItem(f.result, "a")->valueint, 1);
    frame_free(&f);
    assert_null(f.src);

    f = parsed("{\"id\":7,\"method\":\"RPC.Ping\",\"nr\":true,\"auth\":{\"realm\":\"RPC\"}}");
    assert_int_equal(f.kind, FRAME_REQUEST);
    assert_true(f.no_reply);
    assert_non_null(f.auth);
    frame_free(&f);

    f = parsed("{\"src\":\"d\",\"method\":\"Test.Event\",\"params\":{\"n\":5}}");
    assert_int_equal(f.kind, FRAME_NOTIFICATION);
    assert_string_equal(f.method, "Test.Event");
    assert_int_equal(cJSON_GetObjectItem(f.args, "n")->valueint, 5);
    frame_free(&f);
    frame_free(&f); /* twice is harmless */
}

static void test_args_and_params(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"id\":1,\"method\":\"M\",\"args\":{\"x\":1}}",
        "{\"id\":1,\"method\":\"M\",\"params\":{\"x\":1}}",
        "{\"id\":1,\"method\":\"M\",\"args\":{\"x\":1},\"params\":{\"x\":2}}",
        "{\"id\":1,\"method\":\"M\",\"args\":null,\"params\":{\"x\":1}}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct frame f = parsed(texts[i]);
        assert_int_equal(cJSON_GetObjectItem(f.args, "x")->valueint, 1);
        frame_free(&f);
    }
}

static void test_ids(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t id;
    } good[] = {
        {"{\"id\":12}",                12           },
        {"{\"id\":\"12\"}",            12           },
        {"{\"id\":\"-3\"}",            -3           },
        {"{\"id\":12.000000}",         12           },
        {"{\"id\":1198646787092}",     1198646787092},
        {"{\"id\":\"1198646787092\"}", 1198646787092},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct frame f = parsed(good[i].text);
        assert_int_equal(f.kind, FRAME_RESPONSE);
        assert_true(f.id == good[i].id);
        frame_free(&f);
    }
}

static void test_errors(void **state)
{
    (void)state;
    struct frame f = parsed("{\"id\":1,\"error\":{\"code\":404,\"message\":\"No handler for X\"}}");
    assert_int_equal(f.error_code, 404);
    assert_string_equal(f.error_message, "No handler for X");
    frame_free(&f);

    f = parsed("{\"id\":1,\"error\":{\"code\":0}}"); /* Sys.SetDebug */
    assert_int_equal(f.error_code, 0);
    assert_string_equal(f.error_message, "");
    assert_null(f.result);
    frame_free(&f);

    f = parsed("{\"id\":1,\"error\":null,\"result\":null}");
    assert_int_equal(f.error_code, 0);
    assert_null(f.error_message);
    assert_null(f.result);
    frame_free(&f);

    /* An error that does not say its code must not pass for success. */
    static const char *const vague[] = {"{\"id\":1,\"error\":{\"message\":\"bad\"}}",
                                        "{\"id\":1,\"error\":\"bad\"}",
                                        "{\"id\":1,\"error\":{\"code\":\"0\",\"message\":\"bad\"}}"};
    for (size_t i = 0; i < sizeof vague / sizeof vague[0]; i++) {
        f = parsed(vague[i]);
        assert_int_equal(f.error_code, -1);
        assert_string_equal(f.error_message, "bad");
        frame_free(&f);
    }
}

static void test_raw_bytes_survive(void **state)
{
    (void)state;
    struct frame f = parsed("{\"id\":1,\"result\":\"caf\xe9 \xff\xfe\"}");
    assert_string_equal(f.result->valuestring, "caf\xe9 \xff\xfe");
    struct buf out = BUF_INIT;
    frame_json(&out, f.result);
    assert_string_equal(buf_text(&out), "\"caf\\u00e9 \\u00ff\\u00fe\"");
    buf_free(&out);
    frame_free(&f);
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"",                                  "no JSON, for it is empty"  },
        {"   ",                               "no JSON"                   },
        {"hello",                             "no JSON"                   },
        {"{\"id\":1}x",                       "byte 9 of 9"               },
        {"{\"id\":1",                         "do not match"              },
        {"[[1]",                              "do not match"              },
        {"{\"id\":1}}",                       "do not match"              },
        {"{\"id\":\"a",                       "do not match"              },
        {"{\"id\":1]",                        "no JSON"                   },
        {"{\"id\":1,}",                       "no JSON"                   },
        {"{\"id\":1,\"result\":\"\\u0000\"}", "zero character"            },
        {"{\"id\":1,\"result\":\"\\ud800\"}", "no JSON"                   },
        {"[1]",                               "no object"                 },
        {"12",                                "no object"                 },
        {"{}",                                "neither an id nor a method"},
        {"{\"id\":0,\"result\":1}",           "neither an id nor a method"},
        {"{\"id\":null}",                     "neither an id nor a method"},
        {"{\"id\":1.5}",                      "id is no whole number"     },
        {"{\"id\":1e300}",                    "id is no whole number"     },
        {"{\"id\":\"x\"}",                    "id is no whole number"     },
        {"{\"id\":\"\"}",                     "id is no whole number"     },
        {"{\"id\":\"99999999999999999999\"}", "id is no whole number"     },
        {"{\"id\":{}}",                       "id is no whole number"     },
        {"{\"id\":1,\"method\":5}",           "method is no text"         },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct frame f;
        struct error e = {0};
        assert_int_equal(frame_parse(bad[i].text, strlen(bad[i].text), &f, &e), ERR_REFUSED);
        if (strstr(e.message, bad[i].says) == NULL)
            fail_msg("%s: says %s", bad[i].text, e.message);
        assert_null(f.args);
        assert_null(f.method);
        assert_int_equal(frame_parse(bad[i].text, strlen(bad[i].text), &f, NULL), ERR_REFUSED);
    }
    struct frame f;
    struct error e = {0};
    assert_int_equal(frame_parse("{\"id\":1}\0", 9, &f, &e), ERR_REFUSED);
    assert_non_null(strstr(e.message, "zero character"));
    /* An escaped backslash before u0000 is no zero character. */
    struct frame fine = parsed("{\"id\":1,\"result\":\"\\\\u0000\"}");
    assert_string_equal(fine.result->valuestring, "\\u0000");
    frame_free(&fine);
}

static char *repeated(const char *head, const char *what, size_t times, const char *tail)
{
    struct buf b = BUF_INIT;
    buf_add_text(&b, head);
    for (size_t i = 0; i < times; i++)
        buf_add_text(&b, what);
    buf_add_text(&b, tail);
    return buf_take(&b);
}

static void test_bounds(void **state)
{
    (void)state;
    char *opens = repeated("{\"id\":1,\"result\":", "[", 10000, "");
    char *whole = repeated(opens, "]", 10000, "}");
    struct frame f;
    struct error e = {0};
    int64_t before = clock_us();
    assert_int_equal(frame_parse(whole, strlen(whole), &f, &e), ERR_REFUSED);
    assert_true(clock_us() - before < 50000);
    assert_non_null(strstr(e.message, "deeper than 64 levels"));
    free(opens);
    free(whole);

    static const struct {
        size_t depth;
        int code;
    } edges[] = {
        {63, 0          },
        {64, ERR_REFUSED}
    };
    for (size_t i = 0; i < 2; i++) { /* the frame's own brace is one level */
        opens = repeated("{\"id\":1,\"result\":", "[", edges[i].depth, "");
        whole = repeated(opens, "]", edges[i].depth, "}");
        assert_int_equal(frame_parse(whole, strlen(whole), &f, NULL), edges[i].code);
        frame_free(&f);
        free(opens);
        free(whole);
    }
    whole = repeated("{\"id\":1,\"result\":[", "0,", 4 * 1024 * 1024 - 20, "0]}");
    assert_int_equal(frame_parse(whole, strlen(whole), &f, &e), ERR_REFUSED);
    assert_non_null(strstr(e.message, "more than 100000 values"));
    free(whole);
    whole = repeated("{\"id\":1,\"result\":\"", "[{,", 200000, "\"}"); /* brackets in text do not count */
    assert_int_equal(frame_parse(whole, strlen(whole), &f, &e), 0);
    frame_free(&f);
    free(whole);
    assert_int_equal(frame_scan("[1,\"}\\\"\"]", 9), FRAME_SHAPE_FITS);
}

static void json_is(const char *in, const char *out)
{
    struct error e = {0};
    cJSON *v = frame_json_parse(in, strlen(in), &e);
    if (v == NULL)
        fail_msg("%s: %s", in, e.message);
    struct buf b = BUF_INIT;
    frame_json(&b, v);
    assert_string_equal(buf_text(&b), out);
    buf_free(&b);
    cJSON_Delete(v);
}

static void test_writes_ascii(void **state)
{
    (void)state;
    json_is("\"\xc3\xa9\"", "\"\\u00e9\"");
    json_is("\"\xe2\x82\xac\"", "\"\\u20ac\"");
    json_is("\"\xf0\x9f\x98\x80\"", "\"\\ud83d\\ude00\"");
    json_is("\"\\ud83d\\ude00\"", "\"\\ud83d\\ude00\"");
    json_is("\"\xf4\x8f\xbf\xbf\"", "\"\\udbff\\udfff\"");
    json_is("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0011\\u0013\\u007f\"",
            "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0011\\u0013\\u007f\"");
    json_is("\"\xe2\x82\"", "\"\\u00e2\\u0082\"");            /* cut short */
    json_is("\"\xed\xa0\x80\"", "\"\\u00ed\\u00a0\\u0080\""); /* a surrogate in UTF-8 */
    json_is("\"\xc0\xaf\"", "\"\\u00c0\\u00af\"");            /* overlong */
    json_is("{\"\xc3\xa9\":1}", "{\"\\u00e9\":1}");
    json_is(" { \"a\" : [ 1 , true , false , null , { } , [ ] ] } ", "{\"a\":[1,true,false,null,{},[]]}");
}

static void test_numbers(void **state)
{
    (void)state;
    json_is("1", "1");
    json_is("-0", "0");
    json_is("1.500000", "1.5");
    json_is("0.1", "0.1");
    json_is("-12345678901", "-12345678901");
    json_is("9007199254740992", "9007199254740992");
    json_is("1000000000000000", "1000000000000000");
    json_is("1e3", "1000");
    json_is("3.141592653589793", "3.141592653589793");
    json_is("1e-7", "1e-07");
    json_is("1e300", "1e+300");
    json_is("1e999", "null");
    cJSON *raw = cJSON_CreateRaw("{ \"k\" : \"\xc3\xa9\" }"), *bad = cJSON_CreateRaw("{");
    struct buf b = BUF_INIT;
    frame_json(&b, raw);
    frame_json(&b, bad);
    frame_json(&b, NULL);
    assert_string_equal(buf_text(&b), "{\"k\":\"\\u00e9\"}nullnull");
    buf_free(&b);
    cJSON_Delete(raw);
    cJSON_Delete(bad);
}

static void test_writers(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    cJSON *args = cJSON_Parse("{\"slot\":0}"), *auth = cJSON_Parse("{\"realm\":\"RPC\"}");
    frame_request(&b, 1198646787092, "lockstep", "ATCA.GetPubKey", args, auth);
    assert_string_equal(buf_text(&b),
                        "{\"id\":1198646787092,\"src\":\"lockstep\",\"method\":\"ATCA.GetPubKey\","
                        "\"args\":{\"slot\":0},\"auth\":{\"realm\":\"RPC\"}}");
    buf_clear(&b);
    frame_request(&b, 1, NULL, "Sys.GetInfo", NULL, NULL);
    assert_string_equal(buf_text(&b), "{\"id\":1,\"method\":\"Sys.GetInfo\"}");
    buf_clear(&b);
    frame_response(&b, 5, "a", "b", args);
    assert_string_equal(buf_text(&b), "{\"id\":5,\"src\":\"a\",\"dst\":\"b\",\"result\":{\"slot\":0}}");
    buf_clear(&b);
    frame_response(&b, 5, NULL, NULL, NULL);
    assert_string_equal(buf_text(&b), "{\"id\":5,\"result\":null}");
    buf_clear(&b);
    frame_response_error(&b, 5, NULL, "d", 404, "No handler for \"\xc3\xa9\"");
    assert_string_equal(buf_text(&b), "{\"id\":5,\"dst\":\"d\",\"error\":{\"code\":404,\"message\":"
                                      "\"No handler for \\\"\\u00e9\\\"\"}}");
    buf_free(&b);
    cJSON_Delete(args);
    cJSON_Delete(auth);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_args_and_params),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_raw_bytes_survive),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_writes_ascii),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_writers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
