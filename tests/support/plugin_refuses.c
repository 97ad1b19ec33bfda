/* A plugin that must be left out: its init says no. */
#include "shell/plugin.h"

static int run_nothing(struct op_call *call, size_t step, struct error *e)
{
    (void)call;
    (void)step;
    (void)e;
    return 0;
}

static int init(struct error *e)
{
    return error_set(e, ERR_REFUSED, "it needs a newer board");
}

static const struct op op = {.name = "bad", .summary = "-", .run = run_nothing};
static const struct op *const ops[] = {&op, NULL};

const struct plugin lockstep_plugin = {
    .abi = PLUGIN_ABI, .name = "bad", .summary = "-", .ops = ops, .init = init};
