/* A plugin that must be left out: its operation cannot run. */
#include "shell/plugin.h"

static const struct op op = {.name = "bad", .summary = "-"};
static const struct op *const ops[] = {&op, NULL};

const struct plugin lockstep_plugin = {.abi = PLUGIN_ABI, .name = "bad", .summary = "-", .ops = ops};
