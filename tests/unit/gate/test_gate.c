/* The gate: every way of not consenting sends nothing; the order of what it does; where it stops. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gate/gate.h"

#include <stdio.h>
#include <string.h>

#define SERIAL "012352aad1bbf378ee"

/* A device, a ledger and a person in one, who write down what happens. */
struct world {
    struct buf trace;
    const char *answers[4]; /* NULL: the terminal ended */
    size_t asked;
    const char *identity_now;
    int state_now;
    int observe_code, run_code, verify_code, intent_code, outcome_code;
    int fail_step;
    bool holds, interrupted;
    char outcome[256], questions[512];
};

static int world_ask(void *ctx, const char *question, char *answer, size_t size, struct error *e)
{
    struct world *w = ctx;
    strncat(w->questions, question, sizeof w->questions - strlen(w->questions) - 1);
    const char *a = w->asked < 4 ? w->answers[w->asked] : NULL;
    w->asked++;
    if (a == NULL)
        return error_set(e, ERR_CONSENT, "the terminal's input ended at the question");
    snprintf(answer, size, "%s", a);
    return 0;
}

static void world_show(void *ctx, const struct plan *plan)
{
    (void)plan;
    buf_add_text(&((struct world *)ctx)->trace, "show ");
}

static int world_observe(void *ctx, char identity[64], uint8_t state[32], struct error *e)
{
    struct world *w = ctx;
    buf_add_text(&w->trace, "observe ");
    if (w->observe_code)
        return error_set(e, w->observe_code, "no answer");
    snprintf(identity, 64, "%s", w->identity_now);
    memset(state, w->state_now, 32);
    return 0;
}

static int world_run(void *ctx, size_t step, struct error *e)
{
    struct world *w = ctx;
    buf_printf(&w->trace, "run%zu ", step);
    w->state_now++; /* each step changes the device: only the first may compare states */
    return w->run_code && (int)step == w->fail_step ? error_set(e, w->run_code, "the chip refused") : 0;
}

static int world_verify(void *ctx, size_t step, struct error *e)
{
    struct world *w = ctx;
    buf_printf(&w->trace, "verify%zu ", step);
    return w->verify_code && (int)step == w->fail_step ? error_set(e, w->verify_code, "byte 87 differs") : 0;
}

static int world_intent(void *ctx, const struct plan *plan, size_t step, int64_t *row, struct error *e)
{
    struct world *w = ctx;
    assert_string_equal(plan->identity, SERIAL);
    buf_printf(&w->trace, "intent%zu ", step);
    *row = 41 + (int64_t)step;
    return w->intent_code ? error_set(e, w->intent_code, "disk full") : 0;
}

static int world_outcome(void *ctx, int64_t row, int code, const char *sentence, struct error *e)
{
    struct world *w = ctx;
    buf_printf(&w->trace, "outcome%d:%d ", (int)row, code);
    snprintf(w->outcome, sizeof w->outcome, "%s", sentence);
    return w->outcome_code ? error_set(e, w->outcome_code, "disk full") : 0;
}

static void make_plan(struct plan *plan, int steps, int traps)
{
    plan_init(plan, "atca-lock-zone");
    plan_title(plan, "lock the configuration zone");
    plan_identity_chip(plan, SERIAL);
    for (int i = 0; i < steps; i++)
        plan_step_add(plan, "step %d", i);
    if (traps > 0)
        plan_trap_add(plan, "i2c-address", "0xB0", "Type the new bus address", "it moves the chip");
    if (traps > 1)
        plan_trap_add(plan, "selector", "once and for all", "Type: once and for all", "it is write-once");
}

static int world_note(void *ctx, int64_t row, const char *sentence, struct error *e)
{
    struct world *w = ctx;
    (void)sentence, (void)e;
    buf_printf(&w->trace, "note%d ", (int)row);
    return 0;
}

/* Ctrl-C during the first step. */
static int world_hold(void *ctx, bool on, struct error *e)
{
    struct world *w = ctx;
    buf_printf(&w->trace, "%s ", on ? "hold" : "free");
    return !on && w->interrupted ? error_set(e, ERR_INTERRUPTED, "interrupted between two steps") : 0;
}

struct outcome {
    int code;
    char *trace;
    struct error e;
};

static struct world calm(void)
{
    return (struct world){.identity_now = SERIAL};
}

/* Runs a plan of 2 steps through the gate; the caller frees trace. */
static struct outcome pass(struct world *w, const struct gate_consent *consent, int traps)
{
    struct plan plan;
    make_plan(&plan, 2, traps);
    struct gate_consent c = *consent;
    c.ctx = w;
    struct gate_work work = {world_observe, world_run, world_verify, w->holds ? world_hold : NULL, w};
    struct gate_ledger ledger = {world_intent, world_outcome, world_note, w};
    struct outcome o = {0};
    buf_clear(&w->trace);
    o.code = gate_pass(&plan, &c, &work, &ledger, &o.e);
    o.trace = (char *)buf_text(&w->trace);
    plan_free(&plan);
    return o;
}

#define ALL_DONE "observe intent0 run0 verify0 outcome41:0 observe intent1 run1 verify1 outcome42:0 "

static void test_confirm(void **state)
{
    (void)state;
    static const struct {
        const char *confirm;
        int ok;
    } cases[] = {
        {SERIAL,                   1},
        {"012352AAD1BBF378EE",     1},
        {"0x012352aad1bbf378ee",   1},
        {"0X012352AAD1BBF378EE",   1},
        {"any",                    1},
        {"",                       0},
        {"0x",                     0},
        {"f378",                   0},
        {"012352aad1bbf378e",      0},
        {"012352aad1bbf378eef",    0},
        {"012352aad1bbf378ee ",    0},
        {" 012352aad1bbf378ee",    0},
        {"0x0x012352aad1bbf378ee", 0},
        {"012352aad1bbf379ee",     0},
        {"ANY",                    0},
        {"any ",                   0},
        {"yes",                    0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world w = calm();
        w.answers[0] = "f378"; /* a wrong --confirm is never mended by asking */
        struct outcome o = pass(&w, &(struct gate_consent){.confirm = cases[i].confirm, .ask = world_ask}, 0);
        assert_int_equal(o.code, cases[i].ok ? 0 : ERR_CONSENT);
        assert_string_equal(o.trace, cases[i].ok ? ALL_DONE : "");
        assert_int_equal(w.asked, 0);
        assert_null(strstr(o.e.message, "f378"));
        assert_null(strstr(o.e.next, "f378"));
        if (!cases[i].ok)
            assert_non_null(strstr(o.e.next, "--confirm"));
        buf_free(&w.trace);
    }
}

static void test_typed(void **state)
{
    (void)state;
    static const struct {
        const char *typed;
        int ok;
    } cases[] = {
        {"f378",   1},
        {"F378",   1},
        {NULL,     0},
        {"",       0},
        {"f37",    0},
        {"f3788",  0},
        {" f378",  0},
        {"f378 ",  0},
        {"0xf378", 0},
        {"yes",    0},
        {"y",      0},
        {"any",    0},
        {SERIAL,   0},
        {"f379",   0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world w = calm();
        w.answers[0] = cases[i].typed;
        struct outcome o = pass(&w, &(struct gate_consent){.ask = world_ask, .show = world_show}, 0);
        assert_int_equal(o.code, cases[i].ok ? 0 : ERR_CONSENT);
        assert_string_equal(o.trace, cases[i].ok ? "show " ALL_DONE : "show ");
        assert_int_equal(w.asked, 1);
        assert_null(strstr(w.questions, "f378"));
        assert_null(strstr(o.e.message, "f378"));
        assert_non_null(strstr(w.questions, "the four digits before \"ee\""));
        buf_free(&w.trace);
    }
}

static void test_nobody_to_ask(void **state)
{
    (void)state;
    struct world w = calm();
    struct outcome o = pass(&w, &(struct gate_consent){.show = world_show}, 0);
    assert_int_equal(o.code, ERR_CONSENT);
    assert_string_equal(o.trace, "");
    assert_non_null(strstr(o.e.next, "--confirm"));
    assert_null(strstr(o.e.next, "f378"));
    buf_free(&w.trace);
}

static void test_traps(void **state)
{
    (void)state;
    static const char *const both[] = {"i2c-address", "selector"}, *const other[] = {"selector", "i2c"};
    static const struct {
        const char *confirm, *answers[3];
        const char *const *accept;
        size_t accept_count;
        int ok;
        size_t asked;
    } cases[] = {
        {"any",  {NULL},                               NULL,  0, 0, 0},
        {"any",  {"f378", "0xB0", "once and for all"}, NULL,  0, 0, 0},
        {"any",  {NULL},                               both,  1, 0, 0},
        {"any",  {NULL},                               other, 2, 0, 0},
        {"any",  {NULL},                               both,  2, 1, 0},
        {SERIAL, {NULL},                               both,  2, 1, 0},
        {NULL,   {"f378", "0xB0", "once and for all"}, NULL,  0, 1, 3},
        {NULL,   {"f378", "0xb0", "once and for all"}, NULL,  0, 1, 3},
        {NULL,   {"f378", "0xB0", "Once and for all"}, NULL,  0, 0, 3},
        {NULL,   {"f378", "0xB0", ""},                 NULL,  0, 0, 3},
        {NULL,   {"f378", "0xB0", NULL},               NULL,  0, 0, 3},
        {NULL,   {"f378", "f378", "once and for all"}, NULL,  0, 0, 2},
        {NULL,   {"f378", "0xB", "once and for all"},  NULL,  0, 0, 2},
        {NULL,   {"0xB0", "0xB0", "once and for all"}, NULL,  0, 0, 1},
        {NULL,   {"f378", "once and for all"},         both,  1, 1, 2},
        {NULL,   {"f378"},                             both,  2, 1, 1},
        {NULL,   {NULL},                               both,  2, 0, 1}, /* --accept alone consents to nothing */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world w = calm();
        memcpy(w.answers, cases[i].answers, sizeof cases[i].answers);
        struct gate_consent c = {.confirm = cases[i].confirm,
                                 .accept = cases[i].accept,
                                 .accept_count = cases[i].accept_count,
                                 .ask = world_ask};
        struct outcome o = pass(&w, &c, 2);
        assert_int_equal(o.code, cases[i].ok ? 0 : ERR_CONSENT);
        assert_string_equal(o.trace, cases[i].ok ? ALL_DONE : "");
        assert_int_equal(w.asked, cases[i].asked);
        buf_free(&w.trace);
    }
    struct world w = calm();
    struct outcome o = pass(&w, &(struct gate_consent){.confirm = "any"}, 1);
    assert_non_null(strstr(o.e.message, "it moves the chip"));
    assert_non_null(strstr(o.e.next, "--accept i2c-address"));
    buf_free(&w.trace);
}

static void test_stops(void **state)
{
    (void)state;
    static const struct {
        const char *identity;
        int state_now, observe, run, verify, intent, outcome, fail_step, code;
        const char *trace, *message;
    } cases[] = {
        {"012352aad1bbf379ee",   0, 0,              0,              0,            0,           0,           0, ERR_REFUSED,    "observe ",                                   "another device"                          },
        {"",                     0, 0,              0,              0,            0,           0,           0, ERR_REFUSED,    "observe ",                                   "another device"                          },
        {"0x012352AAD1BBF378EE", 0, 0,              0,              0,            0,           0,           0, 0,              ALL_DONE,                                     ""                                        },
        {SERIAL,                 9, 0,              0,              0,            0,           0,           0, ERR_REFUSED,    "observe ",                                   "no longer the one the plan was made from"},
        {SERIAL,                 0, ERR_CONNECTION, 0,              0,            0,           0,           0, ERR_CONNECTION, "observe ",                                   "nothing was sent"                        },
        {SERIAL,                 0, 0,              0,              0,            ERR_REFUSED, 0,           0, ERR_REFUSED,    "observe intent0 ",                           "could not be recorded"                   },
        {SERIAL,                 0, 0,              ERR_REFUSED,    0,            0,           0,           0, ERR_REFUSED,    "observe intent0 run0 outcome41:-1 ",
         "chip refused"                                                                                                                                                                                                },
        {SERIAL,                 0, 0,              ERR_CONNECTION, 0,            0,           0,           1, ERR_CONNECTION,
         "observe intent0 run0 verify0 outcome41:0 observe intent1 run1 note42 ",                                                                                            "chip refused"                            },
        {SERIAL,                 0, 0,              0,              ERR_READBACK, 0,           0,           0, ERR_READBACK,   "observe intent0 run0 verify0 outcome41:-5 ",
         "byte 87 differs"                                                                                                                                                                                             },
        {SERIAL,                 0, 0,              0,              ERR_READBACK, 0,           ERR_REFUSED, 0, ERR_READBACK,
         "observe intent0 run0 verify0 outcome41:-5 ",                                                                                                                       "byte 87 differs"                         },
        {SERIAL,                 0, 0,              0,              0,            0,           ERR_REFUSED, 0, ERR_REFUSED,    "observe intent0 run0 verify0 outcome41:0 ",
         "could not be recorded: disk full"                                                                                                                                                                            },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world w = calm();
        w.identity_now = cases[i].identity;
        w.state_now = cases[i].state_now;
        w.observe_code = cases[i].observe;
        w.run_code = cases[i].run;
        w.verify_code = cases[i].verify;
        w.intent_code = cases[i].intent;
        w.outcome_code = cases[i].outcome;
        w.fail_step = cases[i].fail_step;
        struct outcome o = pass(&w, &(struct gate_consent){.confirm = "any"}, 0);
        assert_int_equal(o.code, cases[i].code);
        assert_string_equal(o.trace, cases[i].trace);
        assert_non_null(strstr(o.e.message, cases[i].message));
        buf_free(&w.trace);
    }
}

/* An interruption waits for the end of the step: outcome first, and the next step is not begun. */
static void test_interruption_between_steps(void **state)
{
    (void)state;
    struct world w = calm();
    w.holds = true;
    struct outcome o = pass(&w, &(struct gate_consent){.confirm = "any"}, 0);
    assert_int_equal(o.code, 0);
    assert_string_equal(o.trace, "observe intent0 hold run0 verify0 outcome41:0 free "
                                 "observe intent1 hold run1 verify1 outcome42:0 free ");
    buf_free(&w.trace);
    w = calm();
    w.holds = w.interrupted = true;
    o = pass(&w, &(struct gate_consent){.confirm = "any"}, 0);
    assert_int_equal(o.code, ERR_INTERRUPTED);
    assert_string_equal(o.trace, "observe intent0 hold run0 verify0 outcome41:0 free ");
    assert_non_null(strstr(o.e.message, "between two steps"));
    buf_free(&w.trace);
}

/* The hash of the plan file consents when a plan file is applied, and only then; never a part of it. */
static void test_hash_of_a_plan_file(void **state)
{
    (void)state;
    static const char hash[] = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    const struct {
        const char *hash, *confirm;
        int code;
    } cases[] = {
        {hash, hash,                                                               0          },
        {hash, "9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08", 0          },
        {NULL, hash,                                                               ERR_CONSENT},
        {hash, "9f86d081",                                                         ERR_CONSENT},
        {hash, "",                                                                 ERR_CONSENT},
        {"",   "",                                                                 ERR_CONSENT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world w = calm();
        struct outcome o =
            pass(&w, &(struct gate_consent){.confirm = cases[i].confirm, .hash = cases[i].hash}, 0);
        assert_int_equal(o.code, cases[i].code);
        assert_string_equal(o.trace, cases[i].code ? "" : ALL_DONE);
        buf_free(&w.trace);
    }
}

static void test_outcome_says_what_happened(void **state)
{
    (void)state;
    struct world w = calm();
    pass(&w, &(struct gate_consent){.confirm = "any"}, 0);
    assert_string_equal(w.outcome, "done");
    w = (struct world){.trace = w.trace, .identity_now = SERIAL, .verify_code = ERR_READBACK};
    pass(&w, &(struct gate_consent){.confirm = "any"}, 0);
    assert_string_equal(w.outcome, "byte 87 differs");
    buf_free(&w.trace);
}

static void test_no_ledger_no_verify_no_error(void **state)
{
    (void)state;
    struct world w = calm();
    struct plan plan;
    make_plan(&plan, 1, 0);
    struct gate_work work = {world_observe, world_run, NULL, NULL, &w};
    struct gate_consent consent = {.confirm = SERIAL};
    assert_int_equal(gate_pass(&plan, &consent, &work, NULL, NULL), 0);
    assert_string_equal(buf_text(&w.trace), "observe run0 ");
    consent.confirm = "no";
    assert_int_equal(gate_pass(&plan, &consent, &work, NULL, NULL), ERR_CONSENT);
    assert_string_equal(buf_text(&w.trace), "observe run0 ");
    plan_free(&plan);
    buf_free(&w.trace);
}

/* A plan that names no device, or does nothing, has no way through. */
static void test_empty_plans(void **state)
{
    (void)state;
    static const struct {
        const char *serial;
        int steps;
    } cases[] = {
        {"",                   1},
        {"0123",               1},
        {SERIAL,               0},
        {"zz2352aad1bbf378ee", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world w = calm();
        w.identity_now = "";
        w.answers[0] = "";
        struct plan plan;
        plan_init(&plan, "x");
        plan_identity_chip(&plan, cases[i].serial);
        for (int s = 0; s < cases[i].steps; s++)
            plan_step_add(&plan, "s");
        struct gate_work work = {world_observe, world_run, NULL, NULL, &w};
        struct error e = {0};
        struct gate_consent any = {.confirm = "any"}, typed = {.ask = world_ask, .ctx = &w},
                            none = {.confirm = ""};
        assert_int_equal(gate_pass(&plan, &any, &work, NULL, &e), ERR_REFUSED);
        assert_int_equal(gate_pass(&plan, &typed, &work, NULL, &e), ERR_REFUSED);
        assert_int_equal(gate_pass(&plan, &none, &work, NULL, &e), ERR_REFUSED);
        assert_int_equal(w.asked, 0);
        assert_string_equal(buf_text(&w.trace), "");
        plan_free(&plan);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_confirm),
        cmocka_unit_test(test_typed),
        cmocka_unit_test(test_nobody_to_ask),
        cmocka_unit_test(test_traps),
        cmocka_unit_test(test_stops),
        cmocka_unit_test(test_interruption_between_steps),
        cmocka_unit_test(test_hash_of_a_plan_file),
        cmocka_unit_test(test_outcome_says_what_happened),
        cmocka_unit_test(test_no_ledger_no_verify_no_error),
        cmocka_unit_test(test_empty_plans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
