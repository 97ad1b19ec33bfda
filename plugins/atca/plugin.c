/* The secure element: ATECC508A and ATECC608A behind a Mongoose OS firmware's ATCA.* methods. */
#include "atca.h"

static const struct op *const ops[] = {
    &atca_op_get_config, &atca_op_set_config,  &atca_op_lock_zone, &atca_op_set_key,
    &atca_op_gen_key,    &atca_op_get_pub_key, &atca_op_gen_csr,   &atca_op_gen_cert,
    &atca_op_slots,      &atca_op_file_key,    &atca_op_file_cert, NULL,
};

const struct plugin lockstep_plugin = {
    .abi = PLUGIN_ABI,
    .name = "atca",
    .version = LOCKSTEP_VERSION,
    .summary = "secure element ATECC508A/608A",
    .ops = ops,
    .status = atca_status,
};
