/* What the commands for configuration, files and calls share. */
#ifndef MOS_MOS_H
#define MOS_MOS_H

#include "base/buf.h"
#include "base/error.h"
#include "base/nearest.h"
#include "shell/plugin.h"

#include <cjson/cJSON.h>

extern const struct op mos_op_config_get, mos_op_config_set, mos_op_wifi, mos_op_ls, mos_op_get, mos_op_put,
    mos_op_rm, mos_op_call, mos_op_i2c_scan, mos_op_reboot;

/* --- call.c --------------------------------------------------------------------------------------------- */

/* device_call whose "no such method" names the library the firmware lacks. args are consumed. */
int mos_call(struct op_call *call, const char *method, cJSON *args, cJSON **result, struct error *e);
/* The same turn of an error that came by another way (rpc_call_start); returns its code. */
int mos_explain(struct op_call *call, const char *method, struct error *e);
/* What to do about a name that is not there: "Did you mean a, b or c?", or otherwise. Returns e's code. */
int mos_offer(const struct nearest *near, const char *otherwise, struct error *e);

/* --- json.c --------------------------------------------------------------------------------------------- */

/* JSON with two-space indent in the order the keys are in, or sorted by name; text that a terminal would obey
 * is escaped. */
void mos_json_pretty(const cJSON *value, bool sorted, struct buf *to);

/* --- config.c ------------------------------------------------------------------------------------------- */

/* The value at a.b.c, or NULL. */
const cJSON *mos_config_find(const cJSON *config, const char *path);
/* ERR_REFUSED that offers the nearest keys. */
int mos_config_missing(const cJSON *config, const char *path, struct error *e);

/* --- files.c -------------------------------------------------------------------------------------------- */

/* ERR_REFUSED that offers the nearest names. */
int mos_file_missing(struct op_call *call, const char *name, struct error *e);

#endif
