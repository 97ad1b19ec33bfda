/* access-set: what is to change, and how the device gets it. */
#ifndef ACCESS_SET_H
#define ACCESS_SET_H

#include "access.h"

struct set_key { /* one key of the configuration */
    const char *key;
    cJSON *before, *after;
};

struct set_upload {
    char *name;       /* on the device: a new one, when another content is in use under the wanted one */
    struct buf bytes; /* empty: nothing to upload */
};

enum { SET_KEYS = 8 };

struct set_work {
    struct op_call *call;
    cJSON *config;            /* a copy of the device's, as it was */
    struct access_rules now;  /* as it is */
    struct access_rules next; /* as it will be */
    struct set_key keys[SET_KEYS];
    size_t key_count;
    struct set_upload upload;
    const char *closes; /* ch_type of a channel that goes off, or NULL */
    char *user;         /* who calls afterwards; NULL: nobody */
};

/* --- prepare.c: reads files and the device, changes nothing --------------------------------------------- */

int set_prepare(struct set_work *work, struct error *e);
/* Refuses what would lock out whoever does it. */
int set_check_lockout(struct set_work *work, struct error *e);
void set_free(struct set_work *work);

/* --- apply.c: uploads, sets for one start, reboots, comes back, or takes it back ------------------------ */

int set_apply(struct set_work *work, struct error *e);
/* Makes it last. */
int set_keep(struct set_work *work, struct error *e);

#endif
