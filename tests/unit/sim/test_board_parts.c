/* The board's pure parts: requests, configuration, base64, redaction, options. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/base64.h"
#include "sim/config.h"
#include "sim/digest.h"
#include "sim/journal.h"
#include "sim/options.h"
#include "sim/request.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- HTTP requests -------------------------------------------------------------------------------------- */

static enum sim_request_state parse(const char *text, struct sim_request *r)
{
    return sim_request_parse(text, strlen(text), 200, r);
}

static void a_request_is_taken_apart(void **state)
{
    (void)state;
    struct sim_request r;
    assert_int_equal(parse("POST /rpc/X?a=b HTTP/1.1\r\nHost: h\r\ncontent-length:  4 \r\n\r\nbodyNEXT", &r),
                     SIM_REQUEST_WHOLE);
    assert_true(sim_span_is(r.method, "POST"));
    assert_true(sim_span_is(r.path, "/rpc/X"));
    assert_true(sim_span_is(r.body, "body"));
    assert_true(sim_span_is(sim_request_header(&r, "HOST"), "h"));
    assert_null(sim_request_header(&r, "Hos").at);
    assert_true(sim_span_has(sim_request_header(&r, "Host"), "H"));
    assert_int_equal(parse("GET / HTTP/1.0\r\n\r\n", &r), SIM_REQUEST_WHOLE);
    assert_int_equal(r.length, 18);
}

static void parts_too_long_and_bad(void **state)
{
    (void)state;
    struct sim_request r;
    static const struct {
        const char *text;
        enum sim_request_state state;
    } cases[] = {
        {"",                                                                SIM_REQUEST_PARTIAL },
        {"GET / HTTP/1.1\r\nHost: x\r\n",                                   SIM_REQUEST_PARTIAL },
        {"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabcd",                SIM_REQUEST_PARTIAL },
        {"POST / HTTP/1.1\r\nContent-Length: 5000\r\n\r\n",                 SIM_REQUEST_TOO_LONG},
        {"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", SIM_REQUEST_TOO_LONG},
        {"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",                   SIM_REQUEST_BAD     },
        {"POST / HTTP/1.1\r\nContent-Length: 5x\r\n\r\n",                   SIM_REQUEST_BAD     },
        {"POST / HTTP/1.1\r\nContent-Length:\r\n\r\n",                      SIM_REQUEST_BAD     },
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",           SIM_REQUEST_BAD     },
        {"GET\r\n\r\n",                                                     SIM_REQUEST_BAD     },
        {" / HTTP/1.1\r\n\r\n",                                             SIM_REQUEST_BAD     },
        {"GET http://x/ HTTP/1.1\r\n\r\n",                                  SIM_REQUEST_BAD     },
        {"GET / FTP\r\n\r\n",                                               SIM_REQUEST_BAD     },
        {"\r\n\r\n",                                                        SIM_REQUEST_BAD     },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(parse(cases[i].text, &r), cases[i].state);
    char many[300];
    memset(many, 'a', sizeof many);
    assert_int_equal(sim_request_parse(many, sizeof many, 200, &r), SIM_REQUEST_TOO_LONG);
}

/* --- configuration -------------------------------------------------------------------------------------- */

static char folder[] = "/tmp/lockstep-test.XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    static const char *const names[] = {"conf5.json", "conf9.json", "conf9.once.json"};
    for (size_t i = 0; i < 3; i++) {
        char path[80];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

static struct sim_config *load(int *broken)
{
    return sim_config_load(folder, "esp32_0A1B2C", "240AC40A1B2C", broken);
}

static enum sim_config_result merge_at(struct sim_config *c, int level, const char *json, char *why,
                                       size_t size)
{
    cJSON *tree = cJSON_Parse(json);
    assert_non_null(tree);
    enum sim_config_result result = sim_config_merge(c, level, tree, why, size);
    cJSON_Delete(tree);
    return result;
}

static enum sim_config_result merge(struct sim_config *c, const char *json, char *why, size_t size)
{
    return merge_at(c, SIM_CONFIG_USER_LEVEL, json, why, size);
}

static void configuration_levels(void **state)
{
    (void)state;
    int broken;
    char why[160];
    struct sim_config *c = load(&broken);
    assert_int_equal(broken, 0);
    assert_string_equal(sim_config_text(c, "wifi.ap.ssid"), "Mongoose_0A1B2C");
    assert_int_equal(sim_config_number(c, "sys.atca.i2c_addr"), 96);
    assert_true(sim_config_flag(c, "http.enable"));
    assert_null(sim_config_get(c, "http.enable.x"));
    assert_null(sim_config_get(c, "htt"));
    assert_int_equal(merge_at(c, 5, "{\"app\":{\"num\":5}}", why, sizeof why), SIM_CONFIG_SET);
    assert_int_equal(sim_config_number(c, "app.num"), 42); /* not in force yet */
    assert_int_equal(sim_config_save(c, folder, 5, false, NULL), 0);
    sim_config_free(c);
    c = load(&broken);
    assert_int_equal(sim_config_number(c, "app.num"), 5);
    assert_int_equal(merge(c, "{\"app\":{\"str\":\"x\"}}", why, sizeof why), SIM_CONFIG_SET);
    assert_int_equal(sim_config_save(c, folder, 9, true, NULL), 0);
    sim_config_free(c);
    c = load(&broken); /* once … */
    assert_string_equal(sim_config_text(c, "app.str"), "x");
    sim_config_free(c);
    c = load(&broken); /* … and no more; level 5 stays */
    assert_string_equal(sim_config_text(c, "app.str"), "hello");
    assert_int_equal(sim_config_number(c, "app.num"), 5);
    sim_config_free(c);
}

static void a_broken_file_is_named_and_ignored(void **state)
{
    (void)state;
    char path[80];
    snprintf(path, sizeof path, "%s/conf9.json", folder);
    FILE *f = fopen(path, "w");
    fputs("{\"app\":{\"num\":", f);
    fclose(f);
    int broken;
    struct sim_config *c = load(&broken);
    assert_int_equal(broken, 9);
    assert_int_equal(sim_config_number(c, "app.num"), 42);
    sim_config_free(c);
}

static void a_merge_is_all_or_nothing(void **state)
{
    (void)state;
    int broken;
    char why[160];
    struct sim_config *c = load(&broken);
    assert_int_equal(merge(c, "{\"app\":{\"str\":\"new\",\"num\":\"x\"}}", why, sizeof why), SIM_CONFIG_BAD);
    assert_string_equal(why, "invalid config value: [app.num] is not a number");
    assert_string_equal(sim_config_text(c, "app.str"), "hello");
    assert_int_equal(merge(c, "{\"conf_acl\":\"+app.*,-*\"}", why, sizeof why), SIM_CONFIG_SET);
    assert_int_equal(merge(c, "{\"app\":{\"str\":\"new\"},\"http\":{\"enable\":false}}", why, sizeof why),
                     SIM_CONFIG_DENIED);
    assert_string_equal(sim_config_text(c, "app.str"), "hello");
    assert_int_equal(merge(c, "{\"app\":{\"num\":-7.9,\"dbl\":0.25},\"no\":{}}", why, sizeof why),
                     SIM_CONFIG_SET);
    assert_int_equal(sim_config_number(c, "app.num"), -7);
    assert_true(sim_config_get(c, "app.dbl")->valuedouble == 0.25);
    sim_config_free(c);
}

static void acl_patterns(void **state)
{
    (void)state;
    assert_true(sim_config_allows("*", "wifi.sta.pass"));
    assert_false(sim_config_allows("", "a"));
    assert_false(sim_config_allows("-wifi.*,*", "wifi.sta.pass"));
    assert_true(sim_config_allows("-wifi.*,*", "http.enable"));
    assert_true(sim_config_allows("+a.b,-*", "a.b"));
    assert_false(sim_config_allows("+a.b,-*", "a.c"));
    assert_false(sim_config_allows("a,,b", "c"));
}

/* --- the rest ------------------------------------------------------------------------------------------- */

static void base64_stops_at_garbage(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"aGVsbG8=",  "hello"},
        {"aGVs!bG8=", "hel"  },
        {"",          ""     },
        {"a",         ""     },
        {"aGVsbA",    "hell" },
        {"=aaaa",     ""     }
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf out = BUF_INIT;
        sim_base64_decode(cases[i][0], &out);
        assert_string_equal(buf_text(&out), cases[i][1]);
        buf_free(&out);
    }
}

static void secrets_leave_as_digests(void **state)
{
    (void)state;
    static const char abc[] = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    static const struct {
        const char *method, *args, *path, *name;
        bool hidden;
    } cases[] = {
        {"ATCA.SetKey",    "{\"key\":\"YWJj\"}",              NULL,     "key",    true },
        {"ATCA.SetKey",    "{\"wkey\":\"YWJj\"}",             NULL,     "wkey",   true },
        {"FS.Put",         "{\"data\":\"YWJj\"}",             NULL,     "data",   true },
        {"Config.Set",     "{\"config\":{\"pass\":\"abc\"}}", "config", "pass",   true },
        {"Config.Set",     "{\"value\":\"abc\"}",             NULL,     "value",  true },
        {"Config.Get",     "{\"key\":\"abc\"}",               NULL,     "key",    false},
        {"ATCA.SetConfig", "{\"config\":\"YWJj\"}",           NULL,     "config", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cJSON *args = cJSON_Parse(cases[i].args), *copy = sim_journal_redact(cases[i].method, args);
        const cJSON *at = cases[i].path ? cJSON_GetObjectItem(copy, cases[i].path) : copy;
        const char *text = cJSON_GetObjectItem(at, cases[i].name)->valuestring;
        assert_int_equal(strcmp(text, abc) == 0, cases[i].hidden);
        cJSON_Delete(copy);
        cJSON_Delete(args);
    }
    assert_null(sim_journal_redact("X", NULL));
}

static void digest_known_answers(void **state)
{
    (void)state;
    static const char file[] = "bob:RPC:00\nalice:RPC:cf36886c5f96e189ba9364a2cc16b409\r\nalice:other:11\n";
    char ha1[SIM_DIGEST_SIZE], response[SIM_DIGEST_SIZE];
    assert_true(sim_digest_find(file, "alice", "other", ha1));
    assert_string_equal(ha1, "11");
    assert_false(sim_digest_find(file, "alic", "RPC", ha1));
    assert_false(sim_digest_find(file, "", "", ha1));
    assert_false(sim_digest_find("alice:RPC:", "alice", "RPC", ha1));
    /* user alice, realm RPC, password secret1: HA1 by md5sum; the response was seen on a device */
    struct sim_digest_answer a = {.nonce = "1795165320", .nc = "1", .cnonce = "12345678", .qop = "auth"};
    sim_digest_response(SIM_DIGEST_MD5, "cf36886c5f96e189ba9364a2cc16b409", &a, "dummy_method", "dummy_uri",
                        response);
    assert_string_equal(response, "95e82e435114db71b05dc07a875e570a");
    assert_true(sim_digest_fresh(1000, 1000) && sim_digest_fresh(1000, 4599));
    assert_false(sim_digest_fresh(1000, 4600) || sim_digest_fresh(1001, 1000));
}

static void digest_headers(void **state)
{
    (void)state;
    struct sim_digest_answer a;
    static const char text[] =
        "Digest username=\"al, ice\", realm=\"R\",nonce=\"6b000c88\", uri=\"/rpc\", nc=00000001, "
        "qop=auth,cnonce=\"xyz\", response=\"abc\"";
    assert_true(sim_digest_header((struct sim_span){text, strlen(text)}, &a));
    assert_string_equal(a.user, "al, ice");
    assert_string_equal(a.nc, "00000001");
    assert_string_equal(a.response, "abc");
    static const char *const wrong[] = {"Basic abc", "Digest", "",
                                        "Digest nc=12345678901234567890123456789012345678901234567890"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(sim_digest_header((struct sim_span){wrong[i], strlen(wrong[i])}, &a));
    static const char cut[] = "Digest username=\"al"; /* ends inside a quote */
    assert_true(sim_digest_header((struct sim_span){cut, strlen(cut)}, &a));
    assert_false(sim_digest_header((struct sim_span){NULL, 0}, &a));
}

static void command_lines(void **state)
{
    (void)state;
    struct sim_options o;
    struct error e = {0};
    char *good[] = {"sim",  "--http=0",     "--map",  "443:8443", "--map=80:8080", "--chip",
                    "none", "--fault=mute", "--pace", "--boot",   "run",           NULL};
    assert_int_equal(sim_options_parse(11, good, &o, &e), 0);
    assert_true(o.http && o.pace && o.faults.mute && o.http_port == 0);
    assert_int_equal(o.map_count, 2);
    assert_int_equal(o.maps[1].to, 8080);
    assert_string_equal(o.chip, "none");
    assert_string_equal(o.bind, "127.0.0.1");
    static char *wrong[][2] = {
        {"--http",     NULL      },
        {"--http=x",   NULL      },
        {"--pace=1",   NULL      },
        {"x",          NULL      },
        {"--map",      "0:1"     },
        {"--map",      "1:70000" },
        {"--map",      "1"       },
        {"--state",    ""        },
        {"--platform", "pc"      },
        {"--boot",     "sideways"},
        {"--rfc2217",  "1"       }
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char *argv[] = {"sim", wrong[i][0], wrong[i][1], NULL};
        assert_int_equal(sim_options_parse(wrong[i][1] ? 3 : 2, argv, &o, &e), ERR_USAGE);
        assert_true(strlen(e.message) > 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_taken_apart),
        cmocka_unit_test(parts_too_long_and_bad),
        cmocka_unit_test_setup_teardown(configuration_levels, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_broken_file_is_named_and_ignored, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_merge_is_all_or_nothing, make_folder, remove_folder),
        cmocka_unit_test(acl_patterns),
        cmocka_unit_test(base64_stops_at_garbage),
        cmocka_unit_test(secrets_leave_as_digests),
        cmocka_unit_test(digest_known_answers),
        cmocka_unit_test(digest_headers),
        cmocka_unit_test(command_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
