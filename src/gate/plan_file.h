/* Plan files: plans kept for a reader today and for `apply` tomorrow (doc/safety.md). JSON, made to be read;
 * its hash covers everything but the layout, so that an edited file is noticed. A hash is no signature: what
 * binds a person to a plan is the hash given to --confirm. */
#ifndef GATE_PLAN_FILE_H
#define GATE_PLAN_FILE_H

#include "base/error.h"
#include "gate/plan.h"

enum { PLAN_FILE_VERSION = 1, PLAN_HASH_SIZE = 65 };

/* Makes a new file (0600, never over an existing one). plans: array of plan_json; left_out: array of
 * sentences about commands that are not in it. Both are the caller's. device may be NULL. */
int plan_file_write(const char *path, const char *tool, const char *device, const cJSON *plans,
                    const cJSON *left_out, char hash[PLAN_HASH_SIZE], struct error *e);

/* Reads one. ERR_REFUSED: no plan file, another version than PLAN_FILE_VERSION, or a hash that does not fit
 * its content. *file is the caller's to delete. */
int plan_file_read(const char *path, cJSON **file, char hash[PLAN_HASH_SIZE], struct error *e);

/* Does a recorded plan still say what would be done? `now` is the plan that was made of the same command just
 * now. ERR_REFUSED names what differs: a file's content, or what the steps do. */
int plan_file_compare(const cJSON *recorded, const struct plan *now, struct error *e);

#endif
