/* rpc/client: calls and answers, log lines, flow control, the kinds of silence. */
#include "rpc/explain.h"
#include "world.h"

/* --- calls ---------------------------------------------------------------------------------------------- */

static void test_call_over_a_stream(void **state)
{
    struct world *w = *state;
    fake.peer = peer_ok;
    open_up(w, NULL);
    assert_int_equal(rpc_state(w->client), RPC_UP);
    assert_ptr_equal(rpc_link(w->client), fake.link);
    assert_int_equal(fake.link->sent.len, 0); /* nothing is sent on opening */
    cJSON *args = cJSON_Parse("{\"name\":\"caf\xc3\xa9\"}"), *result = NULL;
    assert_int_equal(rpc_call(w->client, "FS.Get", args, 0, &result, &w->e), 0);
    assert_string_equal(cJSON_GetObjectItem(result, "name")->valuestring, "caf\xc3\xa9");
    cJSON_Delete(result);
    assert_non_null(
        strstr(buf_text(&fake.link->last),
               ",\"src\":\"lockstep\",\"method\":\"FS.Get\",\"args\":{\"name\":\"caf\\u00e9\"}}"));
    assert_int_equal(rpc_call(w->client, "Sys.Reboot", NULL, 0, &result, NULL), 0);
    assert_null(result); /* null is success without a value */
    assert_int_equal(rpc_call(w->client, "FS.Get", args, 0, NULL, NULL), 0);
    cJSON_Delete(args);
    assert_int_equal(rpc_counters(w->client)->sent, 3);
    assert_int_equal(rpc_counters(w->client)->received, 3);
    assert_true(rpc_counters(w->client)->last_round_trip_us > 0);
}

static void test_call_over_messages(void **state)
{
    struct world *w = *state;
    fake.message = true;
    fake.serial = false;
    fake.peer = peer_ok;
    open_up(w, NULL);
    cJSON *args = cJSON_Parse("[1]"), *result = NULL;
    assert_int_equal(rpc_call(w->client, "A.B", args, 0, &result, NULL), 0);
    assert_int_equal(cJSON_GetArraySize(result), 1);
    assert_int_equal(buf_text(&fake.link->sent)[0], '{'); /* bare JSON */
    assert_int_equal(buf_text(&fake.link->sent)[fake.link->sent.len - 1], '}');
    cJSON_Delete(result);
    cJSON_Delete(args);
}

static void peer_code_zero(struct link *link, const struct frame *f)
{
    char *json = mem_printf("{\"id\":\"%lld\",\"error\":{\"code\":0}}", (long long)f->id);
    fake_frame(link, json);
    free(json);
}

static void test_error_code_zero_is_success(void **state)
{
    struct world *w = *state;
    fake.peer = peer_code_zero; /* and the id comes back as text */
    open_up(w, NULL);
    assert_int_equal(rpc_call(w->client, "Sys.SetDebug", NULL, 1000, NULL, &w->e), 0);
}

static struct {
    int code;
    const char *message;
} refusal;

static void peer_refuses(struct link *link, const struct frame *f)
{
    struct buf b = BUF_INIT;
    frame_response_error(&b, f->id, "dev", "lockstep", refusal.code, refusal.message);
    fake_frame(link, buf_text(&b));
    buf_free(&b);
}

static void test_refusals(void **state)
{
    struct world *w = *state;
    static const struct {
        int code;
        const char *message, *says, *says_next;
    } cases[] = {
        {404, "No handler for X",            "firmware lacks this method",                            "RPC.List"             },
        {404, "invalid config key",          "refused by the device: invalid config key (error 404)", ""                     },
        {500, "Failed to set key: 0xf4",     "Failed to set key: 0xf4 (error 500)",                   ""                     },
        {418, "shutting down in 87 ms",      "restarting (shutting down in 87 ms",                    "Wait until it is back"},
        {401, "{\"auth_type\": \"digest\"}", "asks for a user and password",                          "--rpc-creds"          },
        {403, "unauthorized",                "access rules (ACL)",                                    "rpc.acl"              },
        {403, "Invalid zone",                "refused by the device: Invalid zone",                   ""                     },
        {-1,  "",                            "it gives no reason (error -1)",                         ""                     },
        {500, "\x1b[2J\x07",                 "\\x1b[2J\\x07",                                         ""                     },
    };
    fake.peer = peer_refuses;
    open_up(w, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        refusal.code = cases[i].code;
        refusal.message = cases[i].message;
        cJSON *result = (cJSON *)w;
        error_clear(&w->e);
        assert_int_equal(rpc_call(w->client, "X", NULL, 1000, &result, &w->e), ERR_REFUSED);
        assert_null(result);
        assert_int_equal(w->e.remote, cases[i].code);
        assert_int_equal(w->e.code, ERR_REFUSED);
        says(w, cases[i].says);
        assert_non_null(strstr(w->e.next, cases[i].says_next));
        assert_int_equal(rpc_call(w->client, "X", NULL, 1000, NULL, NULL), ERR_REFUSED);
    }
}

/* Holds back until three requests are there, then answers in the opposite order. */
static void peer_reverse(struct link *link, const struct frame *f)
{
    if (link->requests < 3)
        return;
    for (int64_t i = 0; i < 3; i++) {
        char text[24];
        snprintf(text, sizeof text, "%d", (int)(3 - i));
        fake_result(link, f->id - i, text);
    }
}

static void test_answers_out_of_order(void **state)
{
    struct world *w = *state;
    int order = 0;
    struct done a = {.orders = &order}, b = {.orders = &order};
    cJSON *result = NULL;
    fake.peer = peer_reverse;
    open_up(w, NULL);
    assert_int_equal(rpc_call_start(w->client, "A", NULL, 1000, on_done, &a, &w->e), 0);
    assert_int_equal(rpc_call_start(w->client, "B", NULL, 1000, on_done, &b, &w->e), 0);
    assert_int_equal(a.calls, 0);
    assert_int_equal(rpc_call(w->client, "C", NULL, 1000, &result, &w->e), 0);
    assert_int_equal(result->valueint, 3);
    cJSON_Delete(result);
    turn(w, 20);
    assert_int_equal(a.calls, 1);
    assert_int_equal(b.calls, 1);
    assert_string_equal(a.result, "1");
    assert_string_equal(b.result, "2");
    assert_int_equal(b.order, 1);
    assert_int_equal(a.order, 2);
    assert_int_equal(rpc_counters(w->client)->unmatched, 0);
}

static void peer_strays(struct link *link, const struct frame *f)
{
    (void)f;
    fake_result(link, 5, "1");
    fake_result(link, 6, "1");
    fake_result(link, f->id + 1000, "1");
}

static void test_answers_nobody_asked_for(void **state)
{
    struct world *w = *state;
    fake.peer = peer_strays;
    open_up(w, NULL);
    int64_t before = clock_ms();
    assert_int_equal(rpc_call(w->client, "A", NULL, 60, NULL, &w->e), ERR_CONNECTION);
    assert_true(clock_ms() - before >= 59 && clock_ms() - before < 1000);
    says(w, "3 answers came with ids nobody asked for");
    assert_int_equal(rpc_counters(w->client)->unmatched, 3);
    assert_int_equal(rpc_counters(w->client)->timeouts, 1);
    fake.peer = peer_ok;
    assert_int_equal(rpc_call(w->client, "A", NULL, 60, NULL, &w->e), 0);
}

static void peer_twice(struct link *link, const struct frame *f)
{
    fake_result(link, f->id, "1");
    fake_result(link, f->id, "2");
}

static void peer_previous(struct link *link, const struct frame *f)
{
    fake_result(link, f->id - 1, "1");
}

static void test_late_and_second_answers(void **state)
{
    struct world *w = *state;
    cJSON *result = NULL;
    fake.peer = peer_twice;
    open_up(w, NULL);
    assert_int_equal(rpc_call(w->client, "A", NULL, 1000, &result, &w->e), 0);
    assert_int_equal(result->valueint, 1);
    cJSON_Delete(result);
    turn(w, 10);
    assert_int_equal(rpc_counters(w->client)->unmatched, 1);
    fake.peer = peer_previous;
    assert_int_equal(rpc_call(w->client, "A", NULL, 40, NULL, &w->e), ERR_CONNECTION);
    says(w, "1 other RPC frame came, 1 of them late answers to earlier calls");
}

static void peer_device_asks(struct link *link, const struct frame *f)
{
    fake_frame(link, "{\"id\":77,\"src\":\"dev\",\"method\":\"Host.Do\",\"args\":{}}");
    fake_frame(link, "{\"id\":78,\"src\":\"dev\",\"method\":\"Host.Quiet\",\"nr\":true}");
    fake_frame(link, "{\"src\":\"dev\",\"method\":\"Test.Event\",\"params\":{\"n\":1}}");
    fake_frame(link, "{\"method\":\"Bare\"}");
    fake_result(link, f->id, "true");
}

static void test_the_device_speaks_first(void **state)
{
    struct world *w = *state;
    fake.peer = peer_device_asks;
    open_up(w, NULL);
    assert_int_equal(rpc_call(w->client, "A", NULL, 1000, NULL, &w->e), 0);
    assert_int_equal(fake.link->requests, 2); /* the call, and one answer */
    assert_string_equal(buf_text(&fake.link->last),
                        "{\"id\":77,\"src\":\"lockstep\",\"dst\":\"dev\",\"error\":{\"code\":404,\"message\":"
                        "\"No handler for Host.Do\"}}");
    assert_string_equal(buf_text(&w->told.notes), "Test.Event={\"n\":1}|Bare=null|");
    assert_int_equal(rpc_counters(w->client)->notifications, 2);
    fake.pending = 100000; /* the wire does not take our answers: no more of them are queued */
    fake.peer = NULL;
    fake_frame(fake.link, "{\"id\":79,\"src\":\"dev\",\"method\":\"Host.Do\"}");
    turn(w, 10);
    assert_int_equal(fake.link->requests, 2);
}

static void peer_echo(struct link *link, const struct frame *f)
{
    (void)f;
    fake_give(link, link->sent.data, link->sent.len);
}

static void test_echo_is_not_answered(void **state)
{
    struct world *w = *state;
    fake.peer = peer_echo;
    open_up(w, NULL);
    assert_int_equal(rpc_call(w->client, "A", NULL, 40, NULL, &w->e), ERR_CONNECTION);
    says(w, "Only our own requests came back");
    assert_int_equal(fake.link->requests, 1);
}

static void test_frame_limit(void **state)
{
    struct world *w = *state;
    fake.peer = peer_ok;
    open_up(w, NULL);
    static const char method[] = "FS.Put";
    size_t overhead = strlen(method) + strlen("{\"data\":\"\"}");
    size_t fits = rpc_payload_limit(w->client, overhead);
    assert_int_equal(fits % 4, 0);
    assert_true(fits > 3900);
    for (size_t extra = 0; extra <= 100; extra += 100) {
        char *data = mem_alloc(fits + extra + 1);
        memset(data, 'A', fits + extra);
        cJSON *args = cJSON_CreateObject();
        cJSON_AddStringToObject(args, "data", data);
        assert_int_equal(rpc_call(w->client, method, args, 1000, NULL, &w->e), extra ? ERR_REFUSED : 0);
        struct done d = {0};
        if (extra)
            assert_int_equal(rpc_call_start(w->client, method, args, 0, on_done, &d, &w->e), ERR_REFUSED);
        turn(w, 1);
        assert_int_equal(d.calls, 0);
        cJSON_Delete(args);
        free(data);
    }
    says(w, "was not sent: its frame has");
    says(w, "takes at most 4096");
    assert_int_equal(fake.link->requests, 1);
    assert_int_equal(rpc_payload_limit(w->client, 5000), 0);
}

static unsigned long lose_first;

static void peer_deaf_at_first(struct link *link, const struct frame *f)
{
    if (link->requests > lose_first)
        peer_ok(link, f);
}

static void test_retries(void **state)
{
    struct world *w = *state;
    fake.peer = peer_deaf_at_first;
    lose_first = 2;
    open_up(w, &(struct rpc_options){.retries = 2, .timeout_ms = 90});
    assert_int_equal(rpc_call(w->client, "Config.Get", NULL, 0, NULL, &w->e), 0);
    assert_int_equal(rpc_counters(w->client)->sent, 3);
    lose_first = 1000;
    int64_t before = clock_ms();
    assert_int_equal(rpc_call(w->client, "Config.Get", NULL, 0, NULL, &w->e), ERR_CONNECTION);
    assert_true(clock_ms() - before < 200); /* all tries within the time of the call */
    assert_int_equal(rpc_counters(w->client)->sent, 6);
    assert_int_equal(rpc_call(w->client, "ATCA.GenKey", NULL, 0, NULL, &w->e), ERR_CONNECTION);
    assert_int_equal(rpc_counters(w->client)->sent, 7); /* would make another key: not repeated */
    assert_int_equal(rpc_counters(w->client)->timeouts, 2);
}

static void test_no_retries_on_sockets(void **state)
{
    struct world *w = *state;
    fake.serial = false;
    open_up(w, &(struct rpc_options){.retries = 2, .timeout_ms = 40});
    assert_int_equal(rpc_call(w->client, "Config.Get", NULL, 0, NULL, &w->e), ERR_CONNECTION);
    assert_int_equal(rpc_counters(w->client)->sent, 1);
}

/* --- log lines and flow --------------------------------------------------------------------------------- */

static void test_log_lines(void **state)
{
    struct world *w = *state;
    fake.peer = peer_logs;
    open_up(w, NULL);
    cJSON *args = cJSON_CreateObject();
    assert_int_equal(rpc_call(w->client, "A", args, 1000, NULL, &w->e), 0);
    cJSON_Delete(args);
    turn(w, 400); /* a quiet wire ends the line */
    assert_string_equal(buf_text(&w->told.logs),
                        "one|{two}|GOT FRAME … (55 bytes of a frame not shown)|\x1b[2Jthree|no line end|");
    assert_int_equal(rpc_counters(w->client)->log_lines, 5);
    assert_int_equal(rpc_call(w->client, "A", NULL, 50, NULL, &w->e), ERR_CONNECTION);
    says(w, "but no RPC frame");
    says(w, "\"GOT FRAME … (55 bytes of a frame not shown)\", \"\\x1b[2Jthree\", \"no line end\"");
    says(w, "It answered before");
    assert_null(strstr(w->e.message, "SECRET"));
}

static void test_xoff_holds_and_expires(void **state)
{
    struct world *w = *state;
    fake.peer = peer_ok;
    open_up(w, NULL);
    fake_text(fake.link, "\x13");
    turn(w, 10);
    assert_true(fake.link->held);
    fake_text(fake.link, "\x11");
    turn(w, 10);
    assert_false(fake.link->held);
    fake_text(fake.link, "\x13");
    turn(w, 1800);
    assert_true(fake.link->held);
    turn(w, 400);
    assert_false(fake.link->held);
    fake_text(fake.link, "\x13");
    turn(w, 10);
    fake.pending = 64;
    fake.peer = NULL;
    assert_int_equal(rpc_call(w->client, "A", NULL, 30, NULL, &w->e), ERR_CONNECTION);
    says(w, "64 bytes still wait, held back by the device (XOFF)");
}

/* --- silence -------------------------------------------------------------------------------------------- */

static const char *silence_text;

static void peer_text(struct link *link, const struct frame *f)
{
    (void)f;
    if (silence_text[0] != '\0')
        fake_text(link, silence_text);
}

/* A frame of 80 levels. */
#define LEVELS(one) one one one one one one one one one one one one one one one one one one one one
#define DEEP "{\"result\":" LEVELS("[[[[") LEVELS("]]]]") "}"

static void test_kinds_of_silence(void **state)
{
    struct world *w = *state;
    static const struct {
        bool serial, message;
        const char *text, *says, *next;
    } cases[] = {
        {true,  false, "",                                            "Nothing at all came back from /dev/fake in", "115200 baud"                  },
        {false, true,  "",                                            "Nothing at all came back",                   "end in /rpc"                  },
        {false, false, "",                                            "Nothing at all came back",                   "forwarded"                    },
        {true,  false, "mos> \n",                                     "but no RPC frame",                           "rpc.uart"                     },
        {true,  false, "half a line",                                 "\"half a line\"",                            "rpc.uart"                     },
        {true,  false, "rst:0x1\r\nwaiting for download\r\n",         "download mode",                              "GPIO0"                        },
        {true,  false, "waiting for download",                        "download mode",                              "GPIO0"                        },
        {true,  false, "invalid header: 0xffffffff\r\n",              "finds no firmware",                          "firmware"                     },
        {true,  false, "\xff\xfe\x80\x01\x90\xf0 a\n",                "are no text",                                "wrong baud"                   },
        {true,  false, "{\"id\":1,\"result\":1}deadbeef\n",           "its checksum does not fit",                  "cable"                        },
        {false, true,  "<html>hello</html>",                          "no JSON",                                    "Mongoose OS"                  },
        {true,  false, "Invalid frame (50)\n",                        "damaged or lost on the way",                 "cable"                        },
        {true,  false, "Called 'Sys.GetInfo' via 'UART', ACL: ''\n",  "the device got the call",                    "--timeout"                    },
        {true,  false, "Called 'Sys.GetInfoX' via 'UART', ACL: ''\n", "but no RPC frame",                           "rpc.uart"                     },
        {true,  false, "Invalid frame (50)\n{\"method\":\"E\"}\n",    "damaged or lost on the way",                 "cable"                        },
        {true,  false, DEEP "\n",                                     "nests deeper than 64 levels",                "arrived as the device sent it"},
        {true,  false, "{\"method\":\"E\"}\n",                        "1 other RPC frame came",                     "--timeout"                    },
        {true,  false, "{\"id\":",                                    "6 bytes of an unfinished frame",             "restarted"                    },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fake.serial = cases[i].serial;
        fake.message = cases[i].message;
        fake.peer = peer_text;
        silence_text = cases[i].text;
        open_up(w, NULL);
        assert_int_equal(rpc_call(w->client, "Sys.GetInfo", NULL, 25, NULL, &w->e), ERR_CONNECTION);
        says(w, cases[i].says);
        says(w, "Sys.GetInfo");
        if (strstr(w->e.next, cases[i].next) == NULL)
            fail_msg("%s / %s", w->e.message, w->e.next);
        assert_int_equal(w->e.remote, 0);
        rpc_close(w->client);
        w->client = NULL;
    }
    fake.serial = true;
    fake.message = false;
    fake.peer = peer_ok;
    open_up(w, NULL);
    assert_int_equal(rpc_call(w->client, "A", NULL, 1000, NULL, &w->e), 0);
    fake.peer = NULL;
    assert_int_equal(rpc_call(w->client, "A", NULL, 25, NULL, &w->e), ERR_CONNECTION);
    says(w, "has gone silent");
}

static void test_an_address_that_is_right_is_not_asked_for(void **state)
{
    (void)state;
    struct rpc_lines lines = {.count = 0};
    struct rpc_silence s = {.method = "A", .message = true, .lines = &lines};
    static const char *const ports[] = {"ws://board/", "ws://board/rpc"};
    for (unsigned long bytes = 0; bytes < 2; bytes++)
        for (size_t i = 0; i < 2; i++) {
            struct error e = {0};
            s.port = ports[i];
            s.got.bytes = bytes;
            rpc_explain_silence(&s, &e);
            assert_int_equal(strstr(e.next, "/rpc") != NULL, i == 0);
            assert_non_null(strstr(e.next, "Mongoose OS board"));
        }
}

static void peer_crashed_once(struct link *link, const struct frame *f)
{
    fake_text(link, "Guru Meditation Error: Core 0 panic'ed\n");
    if (f->args != NULL)
        fake_result(link, f->id, "1");
}

static void test_old_lines_explain_nothing(void **state)
{
    struct world *w = *state;
    fake.peer = peer_crashed_once;
    open_up(w, NULL);
    cJSON *args = cJSON_CreateObject();
    assert_int_equal(rpc_call(w->client, "A", args, 1000, NULL, &w->e), 0);
    cJSON_Delete(args);
    fake.peer = NULL;
    assert_int_equal(rpc_call(w->client, "A", NULL, 25, NULL, &w->e), ERR_CONNECTION);
    says(w, "has gone silent");
    fake.peer = peer_crashed_once;
    assert_int_equal(rpc_call(w->client, "A", NULL, 25, NULL, &w->e), ERR_CONNECTION);
    says(w, "the firmware has crashed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_call_over_a_stream),
        CASE(test_call_over_messages),
        CASE(test_error_code_zero_is_success),
        CASE(test_refusals),
        CASE(test_answers_out_of_order),
        CASE(test_answers_nobody_asked_for),
        CASE(test_late_and_second_answers),
        CASE(test_the_device_speaks_first),
        CASE(test_echo_is_not_answered),
        CASE(test_frame_limit),
        CASE(test_retries),
        CASE(test_no_retries_on_sockets),
        CASE(test_log_lines),
        CASE(test_xoff_holds_and_expires),
        CASE(test_kinds_of_silence),
        CASE(test_an_address_that_is_right_is_not_asked_for),
        CASE(test_old_lines_explain_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
