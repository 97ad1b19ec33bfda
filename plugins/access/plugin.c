/* Who may call what: users, access rules, channels. */
#include "access.h"

static const struct op *const ops[] = {
    &access_op_htdigest, &access_op_acl,   &access_op_status, &access_op_check,
    &access_op_set,      &access_op_login, &access_op_logout, NULL,
};

const struct plugin lockstep_plugin = {
    .abi = PLUGIN_ABI,
    .name = "access",
    .version = LOCKSTEP_VERSION,
    .summary = "users, access rules and channels of a device's RPC",
    .ops = ops,
};
