/* rpc/client over a scripted peer: calls, the device's own frames, silence, loss, re-entrance, hostile bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_link.h"
#include "rpc/client.h"

#include <time.h>

/* What the client told us. */
struct told {
    struct rpc_client *client;
    struct buf logs;   /* "line|line|" */
    struct buf notes;  /* "Method=args|" */
    struct buf states; /* "U", "L", "R" */
    char why[768];
    bool close_on_log, call_on_log, close_on_state;
    int answered; /* by call_on_log */
};

static void on_log(void *ctx, const char *line, size_t len)
{
    struct told *t = ctx;
    buf_add(&t->logs, line, len);
    buf_add_text(&t->logs, "|");
    if (t->close_on_log)
        rpc_close(t->client);
    if (t->call_on_log) {
        t->call_on_log = false;
        t->answered += rpc_call(t->client, "Inner.Get", NULL, 100, NULL, NULL) == 0;
        buf_add_text(&t->logs, "<|");
    }
}

static void on_notification(void *ctx, const char *method, const cJSON *args)
{
    struct told *t = ctx;
    buf_printf(&t->notes, "%s=", method);
    frame_json(&t->notes, args);
    buf_add_text(&t->notes, "|");
}

static void on_state(void *ctx, enum rpc_state state, const struct error *why)
{
    struct told *t = ctx;
    buf_add_byte(&t->states, (uint8_t) "ULR"[state]);
    if (why != NULL)
        snprintf(t->why, sizeof t->why, "%s", why->message);
    if (t->close_on_state)
        rpc_close(t->client);
}

static const struct rpc_events all_events = {
    .log = on_log, .notification = on_notification, .state = on_state};

struct world {
    struct loop *loop;
    struct told told;
    struct rpc_client *client;
    struct error e;
};

static int open_code(struct world *w, const struct rpc_options *options)
{
    struct link_url url = {.scheme = LINK_SERIAL, .text = "/dev/fake", .path = "/dev/fake"};
    int code = rpc_open(w->loop, &url, options, &all_events, &w->told, &w->client, &w->e);
    w->told.client = w->client;
    return code;
}

static int set_up(void **state)
{
    struct world *w = mem_alloc(sizeof *w);
    w->loop = loop_new();
    memset(&fake, 0, sizeof fake);
    fake.serial = true;
    fake.limit = 4096;
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    rpc_close(w->client);
    int leaked = fake.opened != fake.closed;
    loop_free(w->loop);
    buf_free(&w->told.logs);
    buf_free(&w->told.notes);
    buf_free(&w->told.states);
    free(w);
    return leaked;
}

static void open_up(struct world *w, const struct rpc_options *options)
{
    if (open_code(w, options) != 0)
        fail_msg("%s", w->e.message);
}

static bool never(void *ctx)
{
    (void)ctx;
    return false;
}

static void turn(struct world *w, int64_t ms)
{
    loop_run_until(w->loop, never, NULL, clock_ms() + ms);
}

static void says(const struct world *w, const char *text)
{
    if (strstr(w->e.message, text) == NULL && strstr(w->e.next, text) == NULL)
        fail_msg("\"%s\" is missing in: %s / %s", text, w->e.message, w->e.next);
}

/* --- peers ------------------------------------------------------------------------------------------------
 */

static void peer_ok(struct link *link, const struct frame *f)
{
    struct buf b = BUF_INIT;
    frame_json(&b, f->args);
    fake_result(link, f->id, buf_text(&b)); /* gives the args back */
    buf_free(&b);
}

/* --- calls ------------------------------------------------------------------------------------------------
 */

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
        {401, "{\"auth_type\": \"digest\"}", "user name and a password",                              "--rpc-creds"          },
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

struct done {
    int calls, code;
    int order;
    char result[64], message[768];
};
static int order;

static void on_done(void *ctx, const cJSON *result, const struct error *e)
{
    struct done *d = ctx;
    struct buf b = BUF_INIT;
    d->calls++;
    d->order = ++order;
    d->code = e == NULL ? 0 : e->code;
    frame_json(&b, result);
    snprintf(d->result, sizeof d->result, "%s", buf_text(&b));
    snprintf(d->message, sizeof d->message, "%s", e == NULL ? "" : e->message);
    buf_free(&b);
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
    struct done a = {0}, b = {0};
    cJSON *result = NULL;
    fake.peer = peer_reverse;
    order = 0;
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

/* --- log lines and flow -----------------------------------------------------------------------------------
 */

static void peer_logs(struct link *link, const struct frame *f)
{
    fake_text(link, "one\r\n{two}\nGOT FRAME "
                    "{\"id\":1,\"method\":\"ATCA.SetKey\",\"args\":{\"key\":\"SECRET\"}}\n\x1b[2Jthree\n");
    if (f->args != NULL)
        fake_result(link, f->id, "1");
    fake_text(link, "no line end");
}

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
                        "one|{two}|GOT FRAME {\"id\":1,\"method\":\"ATCA.SetKey\",\"args\":"
                        "{\"key\":\"SECRET\"}}|\x1b[2Jthree|no line end|");
    assert_int_equal(rpc_counters(w->client)->log_lines, 5);
    assert_int_equal(rpc_call(w->client, "A", NULL, 50, NULL, &w->e), ERR_CONNECTION);
    says(w, "but no RPC frame");
    says(w, "\"GOT FRAME {…\", \"\\x1b[2Jthree\", \"no line end\"");
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

/* --- silence ----------------------------------------------------------------------------------------------
 */

static const char *silence_text;

static void peer_text(struct link *link, const struct frame *f)
{
    (void)f;
    if (silence_text[0] != '\0')
        fake_text(link, silence_text);
}

static void test_kinds_of_silence(void **state)
{
    struct world *w = *state;
    static const struct {
        bool serial, message;
        const char *text, *says, *next;
    } cases[] = {
        {true,  false, "",                                    "Nothing at all came back from /dev/fake in", "115200 baud"},
        {false, true,  "",                                    "Nothing at all came back",                   "end in /rpc"},
        {false, false, "",                                    "Nothing at all came back",                   "forwarded"  },
        {true,  false, "mos> \n",                             "but no RPC frame",                           "rpc.uart"   },
        {true,  false, "half a line",                         "\"half a line\"",                            "rpc.uart"   },
        {true,  false, "rst:0x1\r\nwaiting for download\r\n", "download mode",                              "GPIO0"      },
        {true,  false, "waiting for download",                "download mode",                              "GPIO0"      },
        {true,  false, "invalid header: 0xffffffff\r\n",      "finds no firmware",                          "firmware"   },
        {true,  false, "\xff\xfe\x80\x01\x90\xf0 a\n",        "are no text",                                "wrong baud" },
        {true,  false, "{\"id\":1,\"result\":1}deadbeef\n",   "its checksum does not fit",                  "cable"      },
        {false, true,  "<html>hello</html>",                  "no JSON",                                    "Mongoose OS"},
        {true,  false, "{\"method\":\"E\"}\n",                "1 other RPC frame came",                     "--timeout"  },
        {true,  false, "{\"id\":",                            "6 bytes of an unfinished frame",             "restarted"  },
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

/* --- loss -------------------------------------------------------------------------------------------------
 */

static void peer_dies(struct link *link, const struct frame *f)
{
    (void)f;
    fake_text(link, "dying");
    fake_end(link);
}

static void test_lost_in_mid_call(void **state)
{
    struct world *w = *state;
    struct done d = {0};
    fake.peer = peer_dies;
    open_up(w, NULL);
    assert_int_equal(rpc_call_start(w->client, "B", NULL, 5000, on_done, &d, &w->e), 0);
    assert_int_equal(rpc_call(w->client, "A", NULL, 5000, NULL, &w->e), ERR_CONNECTION);
    says(w, "A got no answer. The connection to /dev/fake was lost: The cable was pulled.");
    assert_int_equal(d.calls, 1);
    assert_int_equal(d.code, ERR_CONNECTION);
    assert_non_null(strstr(d.message, "cable was pulled"));
    assert_string_equal(buf_text(&w->told.states), "L");
    assert_non_null(strstr(w->told.why, "cable was pulled"));
    assert_string_equal(buf_text(&w->told.logs), "dying|");
    assert_int_equal(rpc_state(w->client), RPC_LOST);
    assert_null(rpc_link(w->client));
    assert_int_equal(rpc_call(w->client, "A", NULL, 5000, NULL, &w->e), ERR_CONNECTION);
    says(w, "A was not sent. The connection to /dev/fake was lost: The cable");
    assert_int_equal(rpc_call_start(w->client, "B", NULL, 5000, on_done, &d, &w->e), ERR_CONNECTION);
    assert_int_equal(d.calls, 1);
    assert_true(rpc_wait_lost(w->client, 0));
}

static void test_reconnect(void **state)
{
    struct world *w = *state;
    fake.peer = peer_dies;
    open_up(w, NULL);
    assert_int_equal(rpc_reconnect(w->client, 10, &w->e), 0); /* up: nothing to do */
    assert_int_equal(fake.opened, 1);
    rpc_call(w->client, "A", NULL, 5000, NULL, NULL);
    fake.open_failures = 1000;
    assert_int_equal(rpc_reconnect(w->client, 250, &w->e), ERR_CONNECTION);
    says(w, "could not be opened again within 250 ms: /dev/fake: connection refused.");
    assert_string_equal(buf_text(&w->told.states), "LRL");
    fake.open_failures = 1;
    fake.peer = peer_ok;
    assert_int_equal(rpc_reconnect(w->client, 5000, &w->e), 0);
    assert_string_equal(buf_text(&w->told.states), "LRLRU");
    assert_int_equal(rpc_counters(w->client)->reconnects, 1);
    assert_int_equal(rpc_call(w->client, "A", NULL, 1000, NULL, &w->e), 0);
    assert_false(rpc_wait_lost(w->client, 20));
    fake_end(fake.link);
    assert_true(rpc_wait_lost(w->client, 1000));
}

static void test_open_failures(void **state)
{
    struct world *w = *state;
    fake.open_failures = 1;
    assert_int_equal(open_code(w, NULL), ERR_CONNECTION);
    assert_null(w->client);
    says(w, "connection refused");
    fake.early_end = true;
    assert_int_equal(open_code(w, NULL), ERR_CONNECTION);
    says(w, "cable was pulled");
    assert_null(w->client);
}

static void test_bytes_before_the_link_is_ours(void **state)
{
    struct world *w = *state;
    fake.early = "booted\n{\"method\":\"Hi\"}\n";
    fake.peer = peer_ok;
    open_up(w, NULL);
    assert_string_equal(buf_text(&w->told.logs), "booted|");
    assert_string_equal(buf_text(&w->told.notes), "Hi=null|");
    assert_int_equal(rpc_call(w->client, "A", NULL, 1000, NULL, &w->e), 0);
}

/* --- re-entrance ------------------------------------------------------------------------------------------
 */

static void press_ctrl_c(void *ctx)
{
    loop_interrupt(ctx);
}

static void test_interrupt(void **state)
{
    struct world *w = *state;
    open_up(w, NULL);
    loop_timer_start(w->loop, 20, press_ctrl_c, w->loop);
    assert_int_equal(rpc_call(w->client, "A", NULL, 5000, NULL, &w->e), ERR_INTERRUPTED);
    assert_int_equal(w->e.code, ERR_INTERRUPTED);
    unsigned long sent = rpc_counters(w->client)->sent;
    assert_int_equal(rpc_call(w->client, "A", NULL, 5000, NULL, &w->e), ERR_INTERRUPTED);
    assert_int_equal(rpc_counters(w->client)->sent, sent); /* nothing leaves after Ctrl-C */
    loop_interrupt_clear(w->loop);
    fake.peer = peer_ok;
    assert_int_equal(rpc_call(w->client, "A", NULL, 1000, NULL, &w->e), 0);
}

static void test_close_inside_a_callback(void **state)
{
    struct world *w = *state;
    struct done d = {0};
    fake.peer = peer_logs;
    w->told.close_on_log = true;
    open_up(w, NULL);
    struct rpc_client *client = w->client;
    assert_int_equal(rpc_call_start(client, "B", NULL, 5000, on_done, &d, &w->e), 0);
    assert_int_equal(rpc_call(client, "A", NULL, 5000, NULL, &w->e), ERR_CONNECTION);
    w->client = NULL; /* freed */
    says(w, "was closed");
    assert_int_equal(d.calls, 1);
    assert_string_equal(buf_text(&w->told.logs), "one|"); /* nothing more is told */

    w->told.close_on_log = false;
    w->told.close_on_state = true;
    fake.peer = peer_dies;
    open_up(w, NULL);
    assert_int_equal(rpc_call(w->client, "A", NULL, 5000, NULL, &w->e), ERR_CONNECTION);
    w->client = NULL;
}

struct closer {
    struct rpc_client *client;
    int calls;
};

static void close_when_done(void *ctx, const cJSON *result, const struct error *e)
{
    struct closer *c = ctx;
    (void)result;
    (void)e;
    c->calls++;
    assert_int_equal(rpc_call(c->client, "Inner", NULL, 1000, NULL, NULL),
                     c->calls == 1 ? 0 : ERR_CONNECTION);
    rpc_close(c->client);
}

static void test_close_when_an_answer_comes(void **state)
{
    struct world *w = *state;
    fake.peer = peer_ok;
    open_up(w, NULL);
    struct closer c = {.client = w->client};
    assert_int_equal(rpc_call_start(w->client, "A", NULL, 1000, close_when_done, &c, NULL), 0);
    fake.peer = NULL;
    assert_int_equal(rpc_call_start(w->client, "B", NULL, 1000, close_when_done, &c, NULL), 0);
    fake.peer = peer_ok;
    turn(w, 30);
    assert_int_equal(c.calls, 2);
    w->client = NULL;
}

static void peer_log_then_answer(struct link *link, const struct frame *f)
{
    struct buf b = BUF_INIT; /* one chunk holds the log line and the answer */
    char *json = mem_printf("{\"id\":%lld,\"result\":1}", (long long)f->id);
    buf_add_text(&b, "hello\n");
    uart_encode(json, strlen(json), &b);
    fake_give(link, b.data, b.len);
    buf_free(&b);
    free(json);
}

static void test_call_inside_a_callback(void **state)
{
    struct world *w = *state;
    fake.peer = peer_log_then_answer;
    w->told.call_on_log = true;
    open_up(w, NULL);
    assert_int_equal(rpc_call(w->client, "Outer.Get", NULL, 500, NULL, &w->e), 0);
    assert_int_equal(w->told.answered, 1);
    assert_string_equal(buf_text(&w->told.logs), "hello|hello|<|");
}

static void peer_two_lines(struct link *link, const struct frame *f)
{
    if (strcmp(f->method, "Outer.Get") == 0)
        fake_text(link, "one\ntwo\n");
}

static void test_log_goes_on_while_a_callback_waits(void **state)
{
    struct world *w = *state;
    fake.peer = peer_two_lines;
    w->told.call_on_log = true;
    open_up(w, NULL);
    assert_int_equal(rpc_call(w->client, "Outer.Get", NULL, 50, NULL, &w->e), ERR_CONNECTION);
    assert_string_equal(buf_text(&w->told.logs), "one|two|<|");
}

/* --- hostile peers ----------------------------------------------------------------------------------------
 */

static void give_random(struct link *link)
{
    uint32_t seed = 608;
    for (int i = 0; i < 64; i++) {
        uint8_t chunk[4096];
        for (size_t k = 0; k < sizeof chunk; k++) {
            seed = seed * 1664525 + 1013904223;
            chunk[k] = (uint8_t)(seed >> 24);
        }
        fake_give(link, chunk, sizeof chunk);
    }
}

static void give_long_line(struct link *link)
{
    char *chunk = mem_alloc(65536);
    memset(chunk, '{', 65536);
    for (int i = 0; i < 160; i++)
        fake_give(link, chunk, 65536);
    free(chunk);
}

static void give_deep(struct link *link)
{
    struct buf b = BUF_INIT;
    buf_add_text(&b, "{\"id\":1,\"result\":");
    for (int i = 0; i < 20000; i++)
        buf_add_byte(&b, i < 10000 ? '[' : ']');
    buf_add_byte(&b, '}');
    fake_frame(link, buf_text(&b));
    fake_give(link, b.data, b.len);
    buf_free(&b);
}

static void give_many(struct link *link)
{
    struct buf b = BUF_INIT;
    buf_add_text(&b, "{\"id\":1,\"result\":[0");
    for (int i = 0; i < 400000; i++)
        buf_add_text(&b, ",0");
    buf_add_text(&b, "]}");
    fake_frame(link, buf_text(&b));
    buf_free(&b);
}

static void give_wrong_ids(struct link *link)
{
    static const char *const frames[] = {
        "{\"id\":0,\"result\":1}",
        "{\"id\":-5,\"result\":1}",
        "{\"id\":1e18,\"result\":1}",
        "{\"id\":\"x\",\"result\":1}",
        "{\"id\":[1],\"result\":1}",
        "{\"id\":99999999999999999999999}",
        "{\"result\":1}",
        "{\"id\":null,\"error\":{}}",
        "{\"id\":1.5}",
    };
    for (int round = 0; round < 100; round++)
        for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++)
            fake_frame(link, frames[i]);
}

static void give_requests(struct link *link)
{
    for (int i = 0; i < 500; i++)
        fake_frame(link, "{\"id\":5,\"src\":\"\xff\x1b\",\"method\":\"\xfe.\\n\\u0007\",\"args\":[]}");
}

static void give_half(struct link *link)
{
    fake_text(link, "{\"id\":1,\"resu");
}

static void give_nothing_whole(struct link *link)
{
    fake_text(link, "\n\"\"\"");
    fake_text(link, "{\"id\":1,\"result\":\"");
    fake_end(link);
}

static void test_hostile_peers(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *name;
        void (*give)(struct link *link);
        bool ends;
    } peers[] = {
        {"random bytes",         give_random,        false},
        {"a 10 MB line",         give_long_line,     false},
        {"JSON 10,000 deep",     give_deep,          false},
        {"400,000 values",       give_many,          false},
        {"wrong ids",            give_wrong_ids,     false},
        {"a flood of requests",  give_requests,      false},
        {"half a frame",         give_half,          false},
        {"half a frame and end", give_nothing_whole, true },
    };
    for (size_t i = 0; i < 2 * sizeof peers / sizeof peers[0]; i++) {
        size_t which = i / 2;
        fake.message = i % 2 == 1;
        fake.peer = NULL;
        fake.limit = 3064;
        open_up(w, NULL);
        peers[which].give(fake.link);
        int code = rpc_call(w->client, "A.Get", NULL, 100, NULL, &w->e);
        assert_int_equal(code, ERR_CONNECTION);
        assert_true(w->e.message[0] != '\0');
        if (peers[which].ends)
            assert_int_equal(rpc_reconnect(w->client, 1000, &w->e), 0);
        if (!fake.message)
            fake_text(fake.link, "\n");
        fake.peer = peer_ok;
        if (rpc_call(w->client, "A.Get", NULL, 5000, NULL, &w->e) != 0)
            fail_msg("after %s: %s", peers[which].name, w->e.message);
        rpc_close(w->client);
        w->client = NULL;
        buf_clear(&w->told.logs);
    }
}

static void test_what_was_wrong_is_said(void **state)
{
    struct world *w = *state;
    static const struct {
        void (*give)(struct link *link);
        const char *says;
    } cases[] = {
        {give_long_line, "longer than 1048576 bytes"    },
        {give_deep,      "nests deeper than 64 levels"  },
        {give_many,      "holds more than 100000 values"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        open_up(w, NULL);
        cases[i].give(fake.link);
        assert_int_equal(rpc_call(w->client, "A", NULL, 300, NULL, &w->e), ERR_CONNECTION);
        says(w, cases[i].says);
        assert_true(rpc_counters(w->client)->bad_frames > 0);
        rpc_close(w->client);
        w->client = NULL;
    }
}

static void test_calls_are_cheap(void **state)
{
    struct world *w = *state;
    enum { CALLS = 2000 };
    fake.peer = peer_ok;
    open_up(w, NULL);
    clock_t before = clock();
    for (int i = 0; i < CALLS; i++)
        assert_int_equal(rpc_call(w->client, "A.Get", NULL, 0, NULL, NULL), 0);
    double us = (double)(clock() - before) / CLOCKS_PER_SEC * 1e6 / CALLS;
    print_message("%.1f us of CPU a call\n", us);
    assert_true(us < 400); /* some 10 us; sanitizers and valgrind take their share */
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
        CASE(test_lost_in_mid_call),
        CASE(test_reconnect),
        CASE(test_open_failures),
        CASE(test_bytes_before_the_link_is_ours),
        CASE(test_interrupt),
        CASE(test_close_inside_a_callback),
        CASE(test_close_when_an_answer_comes),
        CASE(test_call_inside_a_callback),
        CASE(test_log_goes_on_while_a_callback_waits),
        CASE(test_old_lines_explain_nothing),
        CASE(test_hostile_peers),
        CASE(test_what_was_wrong_is_said),
        CASE(test_calls_are_cheap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
