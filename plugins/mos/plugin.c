/* Configuration, files and calls of a Mongoose OS device. */
#include "mos.h"

static const struct op *const ops[] = {
    &mos_op_config_get, &mos_op_config_set, &mos_op_wifi,     &mos_op_ls,     &mos_op_get, &mos_op_put,
    &mos_op_rm,         &mos_op_call,       &mos_op_i2c_scan, &mos_op_reboot, NULL,
};

const struct plugin lockstep_plugin = {
    .abi = PLUGIN_ABI,
    .name = "mos",
    .version = LOCKSTEP_VERSION,
    .summary = "configuration, files and calls",
    .ops = ops,
};
