/* The one gate for what cannot be undone (design, principle 2): plan -> consent -> intent on disk -> step ->
 * read back -> outcome. The executor calls it for every operation whose hazard is irreversible; nothing else
 * may run those. */
#ifndef GATE_GATE_H
#define GATE_GATE_H

#include "gate/plan.h"

#include <stdbool.h>

/* How the person, or the command line, consents. No other source exists: no environment variable, no -y. */
struct gate_consent {
    const char *confirm;       /* --confirm: the whole identity, or "any"; NULL when absent */
    const char *hash;          /* of the plan file that is applied: --confirm may name it, too; or NULL */
    const char *const *accept; /* --accept names for traps */
    size_t accept_count;
    /* Asks on the terminal: shows `question` and reads one whole line typed after it was shown, without its
     * newline, into answer. Returns 0, ERR_CONSENT when there is no terminal or it ended. NULL: never ask. */
    int (*ask)(void *ctx, const char *question, char *answer, size_t size, struct error *e);
    void (*show)(void *ctx, const struct plan *plan); /* shows the plan before asking; NULL: not shown */
    void *ctx;
};

/* What the gate drives. step counts from 0 to plan->step_count - 1. */
struct gate_work {
    /* Reads the identity of what is attached now and the digest of its state, right before the first step.
     * The gate refuses with ERR_REFUSED when either differs from the plan's. */
    int (*observe)(void *ctx, char identity[64], uint8_t state[32], struct error *e);
    int (*run)(void *ctx, size_t step, struct error *e);
    int (*verify)(void *ctx, size_t step,
                  struct error *e); /* ERR_READBACK names the differing bits; may be NULL */
    /* on: a step begins, and an interruption must wait until it was read back; off: it is over, and
     * ERR_INTERRUPTED says that one came meanwhile: no further step is begun. May be NULL. */
    int (*hold)(void *ctx, bool on, struct error *e);
    void *ctx;
};

/* Where intents and outcomes are written. intent must be durable when it returns 0; a failure refuses the
 * step. The record store is behind this seam; gate_pass works with ledger == NULL (nothing recorded). */
struct gate_ledger {
    int (*intent)(void *ctx, const struct plan *plan, size_t step, int64_t *row, struct error *e);
    int (*outcome)(void *ctx, int64_t row, int code, const char *sentence, struct error *e);
    /* A remark about an intent that stays open: its end was not seen. May be NULL. */
    int (*note)(void *ctx, int64_t row, const char *sentence, struct error *e);
    void *ctx;
};

/* Consent, then every step in order: observe again, intent, run, verify, outcome. Stops at the first failure.
 * ERR_CONSENT and nothing sent when consent is missing, wrong or refused. A step whose end nobody saw,
 * because the link was lost or the wait was broken off, gets no outcome: its intent stays open, and the next
 * attach finds out what became of it. */
int gate_pass(const struct plan *plan, const struct gate_consent *consent, const struct gate_work *work,
              const struct gate_ledger *ledger, struct error *e);

/* gate_consent.ask on /dev/tty: pending input is flushed first, a paste or typed-ahead line is discarded. ctx
 * unused. */
int gate_ask_terminal(void *ctx, const char *question, char *answer, size_t size, struct error *e);

#endif
