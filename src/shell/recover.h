/* Steps that an earlier run began and whose end nobody saw: found in the ledger by the device's identity,
 * judged by what the device says now, finished or closed. */
#ifndef SHELL_RECOVER_H
#define SHELL_RECOVER_H

#include "shell/irreversible.h"

struct recover_item {
    const struct ledger_entry *entry; /* the open intent */
    cJSON *plan;                      /* as recorded; NULL when it cannot be read */
    bool last;                        /* the plan has no step behind this one */
    struct op_judgement judgement;
};
struct recover_list {
    struct ledger_list open; /* of all devices */
    struct recover_item *item;
    size_t count;
    size_t others; /* open steps of other devices */
};

/* The attached device's open steps, judged. A ledger that is not there has none; nothing is asked of the
 * device then. To be freed either way. */
int recover_find(struct op_call *call, struct recover_list *list, struct error *e);
void recover_list_free(struct recover_list *list);

/* "not done", "done", "partly done", "unknown". */
const char *recover_verdict(enum op_verdict verdict);

/* Notes for people, and result.open for machines: what is open on this device. For status and attach; a
 * ledger that cannot be read is told of and is no failure. */
void recover_announce(struct op_call *call);

/* Finishes one (consent and all, unless it proves to be done) or, with `close`, only records what was found.
 */
int recover_finish(struct op_call *call, struct recover_item *item, struct error *e);
int recover_close(struct op_call *call, struct recover_item *item, struct error *e);

/* Before a new irreversible step on a device: open ones that prove done or not done are closed; one that this
 * same command does again is remembered; any other refuses it. */
struct recover_before {
    int64_t *row;
    size_t count;
};
int recover_before_step(struct op_call *call, const struct plan *plan, struct recover_before *before,
                        struct error *e);
int recover_after_step(struct op_call *call, const struct recover_before *before, struct error *e);
void recover_before_free(struct recover_before *before);

#endif
