/* Reading files of a device, and what a device may answer wrongly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "device/files.h"

#include "fake_rpc.h"

static struct loop *loop;
static size_t room;

size_t rpc_payload_limit(const struct rpc_client *client, size_t overhead)
{
    (void)client;
    return room > overhead ? room - overhead : 0;
}

static void count_calls(void *ctx, uint64_t done, uint64_t total)
{
    uint64_t *last = ctx;
    if (total != 0) {
        assert_true(done > last[0] && done <= total);
        last[0] = done;
    }
    last[1]++;
}

static void test_get(void **state)
{
    (void)state;
    struct device *device = fake_attach(loop);
    struct buf to = BUF_INIT;
    uint64_t seen[2] = {0};
    buf_add_text(&to, "before ");
    SCRIPT({"FS.Get", "{\"data\":\"YWJj\",\"left\":2}", .code = 0},
           {"FS.Get", "{\"data\":\"ZGU=\",\"left\":0}", .code = 0});
    assert_int_equal(device_file_get(device, "f", 5, count_calls, seen, &to, NULL), 0);
    assert_string_equal(buf_text(&to), "before abcde");
    assert_int_equal(seen[0], 5);
    assert_int_equal(seen[1], 3);
    buf_free(&to);
    device_detach(device);
}

static void test_get_refusals(void **state)
{
    (void)state;
    static const struct {
        struct fake_answer answer;
        int code;
        const char *message;
    } cases[] = {
        {{"FS.Get", "{\"data\":\"YWJj\",\"left\":3}", .code = 0},                  ERR_REFUSED,    "more than 5 bytes"      },
        {{"FS.Get", "{\"data\":\"\",\"left\":3}", .code = 0},                      ERR_REFUSED,    "gives none of them"     },
        {{"FS.Get", "{\"data\":\"!\"}", .code = 0},                                ERR_REFUSED,    "holds no data"          },
        {{"FS.Get", "{\"data\":5}", .code = 0},                                    ERR_REFUSED,    "holds no data"          },
        {{"FS.Get", "{\"data\":\"YWJj\"}", .code = 0},                             ERR_REFUSED,    "how many bytes are left"},
        {{"FS.Get", "{\"data\":\"YWJj\",\"left\":\"0\"}", .code = 0},              ERR_REFUSED,    "how many bytes are left"},
        {{"FS.Get", "{\"data\":\"YWJj\",\"left\":-1}", .code = 0},                 ERR_REFUSED,    "how many bytes are left"},
        {{"FS.Get", "{\"data\":\"YWJj\",\"left\":1e300}", .code = 0},              ERR_REFUSED,    "how many bytes are left"},
        {{"FS.Get", "{\"data\":\"YWJjZGVm\",\"left\":0}", .code = 0},              ERR_REFUSED,    "more than 5 bytes"      },
        {{"FS.Get", "7", .code = 0},                                               ERR_REFUSED,    "holds no data"          },
        {{"FS.Get", NULL, .code = 0},                                              ERR_REFUSED,    "holds no data"          },
        {{"FS.Get", .code = ERR_REFUSED, .remote = 400, .message = "open failed"},
         ERR_REFUSED,                                                                              "open failed"            },
        {{"FS.Get", .code = ERR_CONNECTION, .message = "cable pulled"},            ERR_CONNECTION, "cable pulled"           },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct device *device = fake_attach(loop);
        struct buf to = BUF_INIT;
        struct error e = {0};
        SCRIPT(cases[i].answer);
        int code = device_file_get(device, "f", 5, NULL, NULL, &to, &e);
        if (code != cases[i].code || strstr(e.message, cases[i].message) == NULL)
            fail_msg("case %zu: %d %s", i, code, e.message);
        assert_int_equal(e.remote, cases[i].answer.remote);
        buf_free(&to);
        device_detach(device);
    }
}

/* An endless file: the second answer says as much is left as the first, or less than came, or nothing. */
static void test_get_of_answers_that_disagree(void **state)
{
    (void)state;
    static const char *const second[] = {"{\"data\":\"YWJj\",\"left\":1000}",
                                         "{\"data\":\"YWJj\",\"left\":996}", "{\"data\":\"YWJj\",\"left\":0}",
                                         "{\"data\":\"\",\"left\":0}"};
    for (size_t i = 0; i < sizeof second / sizeof second[0]; i++) {
        struct device *device = fake_attach(loop);
        struct buf to = BUF_INIT;
        struct error e = {0};
        SCRIPT({"FS.Get", "{\"data\":\"YWJj\",\"left\":1000}", .code = 0}, {"FS.Get", second[i], .code = 0});
        assert_int_equal(device_file_get(device, "f", 1 << 20, NULL, NULL, &to, &e), ERR_REFUSED);
        assert_non_null(strstr(e.message, "f do not agree: it first gave a size of 1003 bytes"));
        assert_string_equal(fake.trace, "FS.Get FS.Get ");
        buf_free(&to);
        device_detach(device);
    }
}

static void test_size(void **state)
{
    (void)state;
    static const struct {
        const char *name, *answer;
        int code;
        bool found;
        uint64_t size;
    } cases[] = {
        {"a",      "[{\"name\":\"b\",\"size\":1},{\"name\":\"a\",\"size\":9}]", 0,           true,  9},
        {"/dir/a", "[{\"name\":\"a\",\"size\":9}]",                             0,           true,  9},
        {"a",      "[{\"name\":\"a\",\"size\":-9}]",                            0,           true,  0},
        {"a",      "[{\"name\":7},5,null,{}]",                                  0,           false, 0},
        {"a",      "{}",                                                        ERR_REFUSED, false, 0},
        {"a",      NULL,                                                        ERR_REFUSED, false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct device *device = fake_attach(loop);
        bool found = true;
        uint64_t size = 0;
        SCRIPT({"FS.ListExt", cases[i].answer, .code = 0});
        if (device_file_size(device, cases[i].name, &found, &size, NULL) != cases[i].code ||
            found != cases[i].found || size != cases[i].size)
            fail_msg("case %zu", i);
        device_detach(device);
    }
}

static void test_names(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"a",      "/",    "a"},
        {"/a",     "/",    "a"},
        {"dir/a",  "dir",  "a"},
        {"/x/y/a", "/x/y", "a"},
        {"",       "/",    "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *folder;
        assert_string_equal(device_file_split(cases[i][0], &folder), cases[i][2]);
        assert_string_equal(folder, cases[i][1]);
        free(folder);
    }
    cJSON *args = cJSON_CreateObject();
    device_args_text(args, "k", "a\xe9\xff");
    assert_string_equal(cJSON_GetObjectItem(args, "k")->valuestring, "a\xc3\xa9\xc3\xbf");
    cJSON_Delete(args);
}

static void test_chunk(void **state)
{
    (void)state;
    struct device *device = fake_attach(loop);
    room = 1000;
    size_t few = device_file_chunk(device, "a-longer-name"), many = device_file_chunk(device, "f");
    assert_true(few < many && many < 750);
    assert_int_equal(many % 3, 0); /* base64 without padding */
    room = 0;
    assert_int_equal(device_file_chunk(device, "f"), 48);
    device_detach(device);
}

static int open_loop(void **state)
{
    (void)state;
    loop = loop_new();
    return 0;
}

static int close_loop(void **state)
{
    (void)state;
    loop_free(loop);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get),
        cmocka_unit_test(test_get_refusals),
        cmocka_unit_test(test_get_of_answers_that_disagree),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_chunk),
    };
    return cmocka_run_group_tests(tests, open_loop, close_loop);
}
