/* A plugin that needs nothing of the program but its record. */
#include "shell/plugin.h"

static int run_nothing(struct op_call *call, size_t step, struct error *e)
{
    (void)call;
    (void)step;
    (void)e;
    return 0;
}

static const struct op op = {.name = "small", .summary = "do nothing", .run = run_nothing};
static const struct op *const ops[] = {&op, NULL};

const struct plugin lockstep_plugin = {.abi = PLUGIN_ABI, .name = "small", .summary = "-", .ops = ops};
