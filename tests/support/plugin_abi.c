/* A plugin that must be left out: it was built for another interface. */
#include "shell/plugin.h"

static int run_nothing(struct op_call *call, size_t step, struct error *e)
{
    (void)call;
    (void)step;
    (void)e;
    return 0;
}

static const struct op op = {.name = "bad", .summary = "-", .run = run_nothing};
static const struct op *const ops[] = {&op, NULL};

const struct plugin lockstep_plugin = {.abi = PLUGIN_ABI + 1, .name = "bad", .summary = "-", .ops = ops};
