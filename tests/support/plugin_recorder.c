/* A plugin that passes the gate with the ledger bound, and dies where it is told to: the ledger's tests as a
 * whole program, whatever devices there are. */
#include "gate/ledger.h"
#include "shell/call.h"
#include "shell/plugin.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int observe(void *ctx, char identity[64], uint8_t state[32], struct error *e)
{
    (void)ctx;
    (void)e;
    strcpy(identity, "012352aad1bbf378ee");
    memset(state, 7, 32);
    return 0;
}

static int step(void *ctx, size_t number, struct error *e)
{
    struct op_call *call = ctx;
    const char *end = op_arg_value(call, "end");
    if (number == 1 && strcmp(end, "killed") == 0)
        kill(getpid(), SIGKILL);
    if (number == 1 && strcmp(end, "fails") == 0)
        return error_set(e, ERR_REFUSED, "the chip said 0x0f");
    op_say(call, "step %zu", number);
    return 0;
}

static void fill(struct plan *plan)
{
    plan_init(plan, "recorder-pass");
    plan_title(plan, "lock the recorder");
    plan_identity_chip(plan, "012352aad1bbf378ee");
    memset(plan->state, 7, sizeof plan->state);
    plan_step_add(plan, "write it");
    plan_change_add(plan, "byte 20", "0x00", "0x8f", "größer");
    plan_step_add(plan, "lock it");
    plan_change_add(plan, "byte 87", "0x55", "0x00", "for ever");
}

static int run(struct op_call *call, size_t number, struct error *e)
{
    (void)number;
    struct ledger *ledger;
    struct plan plan;
    struct buf line = BUF_INIT;
    struct gate_ledger gate;
    uint8_t readback[32] = {0xAB, 0xCD};
    parse_line(call->parse, 0, NULL, &line);
    struct ledger_context context = {.tool = "lockstep " LOCKSTEP_VERSION,
                                     .device = "esp32_RECORD",
                                     .port = "/dev/ttyUSB0",
                                     .line = buf_text(&line),
                                     .readback = readback};
    struct gate_consent consent = {.confirm = "any"};
    struct gate_work work = {.observe = observe, .run = step, .ctx = call};
    fill(&plan);
    int rc = ledger_open(getenv("RECORDER_LEDGER"), &ledger, e);
    for (uint64_t i = 0; rc == 0 && i < op_arg_number(call, "count"); i++) {
        ledger_bind(ledger, &context, &gate);
        rc = gate_pass(&plan, &consent, &work, &gate, e);
    }
    ledger_close(ledger);
    plan_free(&plan);
    buf_free(&line);
    return rc;
}

static const struct op_arg options[] = {
    {"count", TYPE_NUMBER, 0, "how often", NULL, 1000, "1"},
    {"end",      TYPE_CHOICE, 0, "how the second step ends", "done|killed|fails", 0, "done"},
    {"passcode",   TYPE_WORD, ARG_SECRET, "what nobody may see", NULL, 0, NULL},
    {0   },
};

static const struct op pass = {
    .name = "recorder-pass", .summary = "pass the gate and record it", .options = options, .run = run};
static const struct op *const ops[] = {&pass, NULL};

const struct plugin lockstep_plugin = {
    .abi = PLUGIN_ABI, .name = "recorder", .version = "1", .summary = "records", .ops = ops};
