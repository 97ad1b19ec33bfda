/* What an operation that cannot be undone goes through, whoever asked for it: plan, open ends of earlier
 * steps, consent, ledger, steps. The executor and the commands plan, apply and resume call it; nothing else
 * runs such operations. */
#ifndef SHELL_IRREVERSIBLE_H
#define SHELL_IRREVERSIBLE_H

#include "gate/ledger.h"
#include "shell/call.h"

/* After the operation's check: reports the plan (call->plan) or passes the gate, then finish. */
int irreversible_run(struct op_call *call, struct error *e);

/* The operation's plan with the command's words and files in it. `plan` is to be freed either way. */
int irreversible_plan(struct op_call *call, struct plan *plan, struct error *e);
/* Reports a plan as what it is: nothing was sent. */
void irreversible_report(struct op_call *call, const struct plan *plan);
/* Consent and steps of a plan made just now. */
int irreversible_pass(struct op_call *call, const struct plan *plan, struct error *e);

/* The session's ledger, as --ledger names it. No file is touched before it is used. */
int irreversible_ledger(struct op_call *call, struct ledger **ledger, struct error *e);
/* What entries of this call say of their origin. The line (to be freed by the caller) stays valid with it. */
void irreversible_context(struct op_call *call, struct buf *line, struct ledger_context *context);

/* A command inside another one (apply, resume, plan): its words parsed and checked, the device attached.
 * Reports go to the outer call. call_inside_end gives them back; to be called whatever begin returned. */
struct call_inside {
    struct parse parse;
    struct options options;
    struct op_call call;
};
int call_inside_begin(struct op_call *outer, const struct words *words, struct call_inside *inside,
                      struct error *e);
void call_inside_end(struct op_call *outer, struct call_inside *inside);

#endif
