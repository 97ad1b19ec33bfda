/* The methods' functions, for the one table in rpc_methods.c. Errors and results: doc/protocols.md,
 * "Methods". */
#ifndef SIM_RPC_METHODS_H
#define SIM_RPC_METHODS_H

#include "sim/rpc.h"

sim_method_fn sim_rpc_list, sim_rpc_describe, sim_rpc_ping;
sim_method_fn sim_sys_get_info, sim_sys_reboot, sim_sys_set_debug, sim_i2c_scan;
sim_method_fn sim_config_get_method, sim_config_set_method, sim_config_save_method;
sim_method_fn sim_fs_list, sim_fs_list_ext, sim_fs_get, sim_fs_put, sim_fs_remove, sim_fs_rename;
sim_method_fn sim_atca_get_config, sim_atca_set_config, sim_atca_lock_zone, sim_atca_set_key,
    sim_atca_gen_key, sim_atca_get_pub_key, sim_atca_sign, sim_atca_aes;

/* Bytes of the file system, and of them free. */
enum { SIM_FS_SIZE = 1024 * 1024 };
/* The host path of a device path; NULL for one that leaves the folder. Caller frees. */
char *sim_fs_path(const struct board *b, const char *name);
int64_t sim_fs_free(const struct board *b);

#endif
