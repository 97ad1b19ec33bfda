/* A plugin that must be left out: its init says no. */
#include "shell/plugin.h"

#include <string.h>

static int run_nothing(struct op_call *call, size_t step, struct error *e)
{
    (void)call;
    (void)step;
    (void)e;
    return 0;
}

static int init(struct error *e)
{
    strcpy(e->message, "it needs a newer board");
    return e->code = ERR_REFUSED;
}

static const struct op op = {.name = "bad", .summary = "-", .run = run_nothing};
static const struct op *const ops[] = {&op, NULL};

const struct plugin lockstep_plugin = {
    .abi = PLUGIN_ABI, .name = "bad", .summary = "-", .ops = ops, .init = init};
