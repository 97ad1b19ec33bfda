/* The configuration tree: defaults in the program, the user's changes in fs/conf9.json (levels 1 to 8 in
 * conf1.json … conf8.json below it), as Mongoose OS keeps them. A saved file holds only what differs. */
#ifndef SIM_CONFIG_H
#define SIM_CONFIG_H

#include "base/error.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

struct sim_config;

enum { SIM_CONFIG_USER_LEVEL = 9 };

/* Defaults and the files in `fs` on top. A file that is not JSON is ignored, as the firmware does; `broken`
 * then names its level (0: none). */
struct sim_config *sim_config_load(const char *fs, const char *device_id, const char *mac, int *broken);
void sim_config_free(struct sim_config *c);

/* The value at "a.b.c"; "" and NULL are the whole tree. NULL when there is none. Borrowed. */
const cJSON *sim_config_get(const struct sim_config *c, const char *key);
/* The same as all levels up to `level` have it, 1 to SIM_CONFIG_USER_LEVEL. */
const cJSON *sim_config_get_level(const struct sim_config *c, int level, const char *key);
bool sim_config_flag(const struct sim_config *c, const char *key);
int sim_config_number(const struct sim_config *c, const char *key);
const char *sim_config_text(const struct sim_config *c, const char *key);

enum sim_config_result { SIM_CONFIG_SET, SIM_CONFIG_DENIED, SIM_CONFIG_BAD };

/* Merges a partial tree, all or nothing: unknown keys are ignored, a key that conf_acl denies makes it
 * SIM_CONFIG_DENIED, a wrong type SIM_CONFIG_BAD with `why` as the firmware words it. The user's level is the
 * tree in force; a lower one comes into force when it was saved and the board boots. */
enum sim_config_result sim_config_merge(struct sim_config *c, int level, const cJSON *tree, char *why,
                                        size_t size);

/* Writes what differs from the levels below. `once`: for the next boot only. */
int sim_config_save(const struct sim_config *c, const char *fs, int level, bool once, struct error *e);

/* True when the ACL ("*", "-wifi.*,+http.*") allows writing the key. First match wins, none matching denies.
 */
bool sim_config_allows(const char *acl, const char *key);

/* Default values, JSON text (config_defaults.c). */
extern const char sim_config_defaults[];

#endif
