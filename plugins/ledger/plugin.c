/* The ledger of what cannot be undone. */
#include "ledger.h"

static const struct op *const ops[] = {&ledger_op, NULL};

const struct plugin lockstep_plugin = {
    .abi = PLUGIN_ABI,
    .name = "ledger",
    .version = LOCKSTEP_VERSION,
    .summary = "the record of what was done for ever",
    .ops = ops,
};
