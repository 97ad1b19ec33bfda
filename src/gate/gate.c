/* The gate: see gate.h. */
#include "gate/gate.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { ANSWER_SIZE = 128, IDENTITY_SIZE = 64 };

static const char *without_0x(const char *s)
{
    return s[0] == '0' && (s[1] == 'x' || s[1] == 'X') ? s + 2 : s;
}

static bool is_hex(const char *s)
{
    s = without_0x(s);
    return *s != '\0' && s[strspn(s, "0123456789abcdefABCDEF")] == '\0';
}

/* A whole line against the line that consents. Of hex digits the letters' case does not matter; all else must
 * be the same to the byte. */
static bool answer_matches(const char *typed, const char *wanted)
{
    return *wanted != '\0' && (is_hex(wanted) ? strcasecmp(typed, wanted) : strcmp(typed, wanted)) == 0;
}

static bool confirm_matches(const char *confirm, const struct plan *plan)
{
    return strcmp(confirm, "any") == 0 || strcasecmp(without_0x(confirm), plan->identity) == 0;
}

static bool confirms(const struct gate_consent *consent, const struct plan *plan)
{
    return confirm_matches(consent->confirm, plan) || (consent->hash != NULL && *consent->hash != '\0' &&
                                                       strcasecmp(consent->confirm, consent->hash) == 0);
}

static bool is_accepted(const struct gate_consent *consent, const char *trap)
{
    for (size_t i = 0; i < consent->accept_count; i++)
        if (strcmp(consent->accept[i], trap) == 0)
            return true;
    return false;
}

static int next_confirm(struct error *e)
{
    return error_next(e, "run it on a terminal and type what is asked, or give --confirm ID with the whole "
                         "identity that status shows (--confirm any for whatever is attached).");
}

static int refuse_confirm(const struct plan *plan, struct error *e)
{
    error_set(e, ERR_CONSENT,
              "nothing was sent: --confirm does not name the attached device, so there is no "
              "consent to %s",
              plan->title);
    return next_confirm(e);
}

static int refuse_trap(const struct plan_trap *trap, struct error *e)
{
    error_set(e, ERR_CONSENT, "nothing was sent: %s wants a consent of its own: %s", trap->name,
              trap->sentence);
    return error_next(e, "if that is what you want, add --accept %s.", trap->name);
}

/* Consent from the command line: the identity, and each trap by name. */
static int consent_by_line(const struct plan *plan, const struct gate_consent *consent, struct error *e)
{
    if (!confirms(consent, plan))
        return refuse_confirm(plan, e);
    for (size_t i = 0; i < plan->trap_count; i++)
        if (!is_accepted(consent, plan->traps[i].name))
            return refuse_trap(&plan->traps[i], e);
    if (consent->show != NULL)
        consent->show(consent->ctx, plan); /* nobody is asked, but whoever reads the log sees what was done */
    return 0;
}

/* One question; whatever is not the wanted line is a refusal. */
static int ask_one(const struct gate_consent *consent, const char *question, const char *wanted,
                   struct error *e)
{
    char answer[ANSWER_SIZE] = "";
    struct error why = {0};
    if (consent->ask(consent->ctx, question, answer, sizeof answer, &why) != 0) {
        error_set(e, ERR_CONSENT, "nothing was sent: %s",
                  why.message[0] ? why.message : "the question was not answered");
        return why.next[0] ? error_next(e, "%s", why.next) : next_confirm(e);
    }
    if (answer_matches(answer, wanted))
        return 0;
    error_set(e, ERR_CONSENT, "nothing was sent: %s",
              answer[0] ? "what was typed is not what the question asked for" : "nothing was typed");
    return error_next(e, "run the command again and type exactly what is asked.");
}

static int consent_by_asking(const struct plan *plan, const struct gate_consent *consent, struct error *e)
{
    if (consent->ask == NULL) {
        error_set(e, ERR_CONSENT, "nothing was sent: to %s wants consent, and there is nobody to ask",
                  plan->title);
        return next_confirm(e);
    }
    if (consent->show != NULL)
        consent->show(consent->ctx, plan);
    char question[256];
    snprintf(question, sizeof question, "Type %s to go on, Esc to leave: ", plan->where);
    int code = ask_one(consent, question, plan->digits, e);
    for (size_t i = 0; code == 0 && i < plan->trap_count; i++) {
        const struct plan_trap *trap = &plan->traps[i];
        if (is_accepted(consent, trap->name))
            continue;
        snprintf(question, sizeof question, "%s: ", trap->question);
        code = ask_one(consent, question, trap->answer, e);
    }
    return code;
}

static int check_plan(const struct plan *plan, const struct gate_work *work, struct error *e)
{
    if (plan->step_count == 0 || plan->identity[0] == '\0' || plan->digits[0] == '\0')
        return error_set(e, ERR_REFUSED, "nothing was sent: the plan to %s names no device or no step",
                         plan->title);
    if (work->observe == NULL || work->run == NULL)
        return error_set(e, ERR_REFUSED, "nothing was sent: %s cannot be checked right before it is done",
                         plan->operation);
    return 0;
}

static const char *unsent(size_t step)
{
    return step == 0 ? "nothing was sent" : "the steps that were left were not sent";
}

/* Is what is attached now still what the plan was made for? The state is compared before the first step only:
 * after it, the steps themselves have changed it. */
static int observe_again(const struct plan *plan, const struct gate_work *work, size_t step, struct error *e)
{
    char identity[IDENTITY_SIZE] = "";
    uint8_t state[sizeof plan->state] = {0};
    int code = work->observe(work->ctx, identity, state, e);
    if (code != 0) {
        error_prefix(e, "%s: looking at the device once more", unsent(step));
        return code;
    }
    identity[sizeof identity - 1] = '\0';
    if (strcasecmp(without_0x(identity), plan->identity) != 0) {
        error_set(e, ERR_REFUSED, "%s: another device than the one of the plan is attached now",
                  unsent(step));
        return error_next(e,
                          "attach the device the plan was made for, or run the command again for this one.");
    }
    if (step == 0 && memcmp(state, plan->state, sizeof state) != 0) {
        error_set(e, ERR_REFUSED,
                  "nothing was sent: the device's state is no longer the one the plan was "
                  "made from");
        return error_next(e, "run the command again: it shows a plan of what the device is now.");
    }
    return 0;
}

static int do_step(const struct gate_work *work, size_t step, struct error *e)
{
    if (work->hold != NULL)
        work->hold(work->ctx, true, NULL);
    int code = work->run(work->ctx, step, e);
    if (code == 0 && work->verify != NULL)
        code = work->verify(work->ctx, step, e);
    return code;
}

/* The end of the step was not seen: what it did must be read from the device. */
static bool is_open_end(int code)
{
    return code == ERR_CONNECTION || code == ERR_INTERRUPTED;
}

static int record_outcome(const struct gate_ledger *ledger, int64_t row, const struct plan_step *step,
                          int code, struct error *e)
{
    char sentence[sizeof e->message];
    struct error why = {0};
    snprintf(sentence, sizeof sentence, "%s", code == 0 ? "done" : e->message);
    if (is_open_end(code)) {
        if (ledger->note != NULL)
            ledger->note(ledger->ctx, row, sentence, NULL);
        return error_next(e, "attach the device again: lockstep resume reads what became of this step.");
    }
    int recorded = ledger->outcome(ledger->ctx, row, code, sentence, &why);
    if (code != 0 || recorded == 0)
        return code;
    error_set(e, ERR_REFUSED, "%s: done, but its outcome could not be recorded: %s", step->title,
              why.message);
    return error_next(
        e, "read the device back before going on: the ledger still says this step was only begun.");
}

static int pass_step(const struct plan *plan, const struct gate_work *work, const struct gate_ledger *ledger,
                     size_t step, struct error *e)
{
    int64_t row = 0;
    int code = observe_again(plan, work, step, e);
    if (code != 0)
        return code;
    if (ledger != NULL && ledger->intent(ledger->ctx, plan, step, &row, e) != 0) {
        error_prefix(e, "%s: the intent could not be recorded", unsent(step));
        return e->code = ERR_REFUSED;
    }
    code = do_step(work, step, e);
    if (ledger != NULL)
        code = record_outcome(ledger, row, &plan->steps[step], code, e);
    if (work->hold != NULL && work->hold(work->ctx, false, code == 0 ? e : NULL) != 0 && code == 0 &&
        step + 1 < plan->step_count)
        return ERR_INTERRUPTED;
    if (code == 0)
        error_clear(e);
    return code;
}

int gate_pass(const struct plan *plan, const struct gate_consent *consent, const struct gate_work *work,
              const struct gate_ledger *ledger, struct error *e)
{
    struct error own;
    if (e == NULL)
        e = &own;
    error_clear(e);
    int code = check_plan(plan, work, e);
    if (code == 0)
        code = consent->confirm != NULL ? consent_by_line(plan, consent, e)
                                        : consent_by_asking(plan, consent, e);
    for (size_t step = 0; code == 0 && step < plan->step_count; step++)
        code = pass_step(plan, work, ledger, step, e);
    return code;
}
