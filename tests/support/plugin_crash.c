/* A plugin that must be left out: its init crashes. */
#include "shell/plugin.h"

#include <signal.h>

static int run_nothing(struct op_call *call, size_t step, struct error *e)
{
    (void)call;
    (void)step;
    (void)e;
    return 0;
}

static int init(struct error *e)
{
    (void)e;
    raise(SIGSEGV);
    return 0;
}

static const struct op op = {.name = "bad", .summary = "-", .run = run_nothing};
static const struct op *const ops[] = {&op, NULL};

const struct plugin lockstep_plugin = {
    .abi = PLUGIN_ABI, .name = "bad", .summary = "-", .ops = ops, .init = init};
