/* The ledger for people and machines: list, show, verify, export. */
#ifndef PLUGIN_LEDGER_H
#define PLUGIN_LEDGER_H

#include "gate/ledger.h"
#include "shell/plugin.h"

extern const struct op ledger_op;

/* --- show.c: entries as text ---------------------------------------------------------------------------- */

/* The table of `ledger list`. */
void ledger_say_list(struct op_call *call, const struct ledger_list *list);
/* One entry, field by field, with its plan. */
void ledger_say_entry(struct op_call *call, const struct ledger_entry *entry);

#endif
