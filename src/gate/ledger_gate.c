/* What lockstep writes: sessions, plans, intents, outcomes, remarks; and the gate's two callbacks. */
#include "base/text.h"
#include "gate/ledger_inside.h"
#include "pki/key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An entry with what every entry of this context has. */
static struct ledger_entry new_entry(const char *kind, const struct ledger_context *context)
{
    struct ledger_entry entry = LEDGER_ENTRY_INIT;
    entry.kind = mem_string(kind);
    entry.tool = ledger_clean(context->tool);
    entry.device = ledger_clean(context->device);
    entry.port = ledger_clean(context->port);
    entry.line = ledger_clean(context->line);
    return entry;
}

/* Puts the entry and frees it; row (may be NULL) is its number. */
static int put_and_free(struct ledger *ledger, struct ledger_entry *entry, int64_t *row, struct error *e)
{
    int rc = ledger_put(ledger, entry, e);
    if (rc == 0 && row != NULL)
        *row = entry->seq;
    ledger_entry_free(entry);
    return rc;
}

static int put_session(struct ledger *ledger, const struct ledger_context *context, int64_t *row,
                       struct error *e)
{
    *row = ledger->session;
    if (*row != 0)
        return 0;
    struct ledger_entry entry = new_entry("session", context);
    entry.sentence = mem_string("a session began");
    return put_and_free(ledger, &entry, row, e);
}

/* Commits or abandons what was put since ledger_begin. */
static int finish(struct ledger *ledger, int rc, struct error *e)
{
    if (rc == 0)
        return ledger_commit(ledger, e);
    ledger_abandon(ledger);
    return rc;
}

int ledger_session_begin(struct ledger *ledger, const struct ledger_context *context, int64_t *row,
                         struct error *e)
{
    int64_t session = ledger->session;
    int rc = session != 0 ? 0 : ledger_begin(ledger, e);
    if (rc == 0 && session == 0)
        rc = finish(ledger, put_session(ledger, context, &session, e), e);
    if (rc != 0)
        return rc;
    ledger->session = session;
    if (row != NULL)
        *row = session;
    return 0;
}

/* --- intent --------------------------------------------------------------------------------------------- */

static char *hex_digest(const uint8_t digest[32])
{
    char hex[LEDGER_HASH_SIZE];
    text_hex(digest, 32, hex);
    return mem_string(hex);
}

static void fill_from_plan(struct ledger_entry *entry, const struct plan *plan, const char *plan_hash)
{
    entry->identity = ledger_clean(plan->identity);
    entry->operation = ledger_clean(plan->operation);
    entry->plan_hash = mem_string(plan_hash);
    entry->state = hex_digest(plan->state);
}

/* The plan as it is kept, and its hash. */
static char *plan_as_text(const struct plan *plan, char hash[LEDGER_HASH_SIZE])
{
    cJSON *json = plan_json(plan);
    char *printed = cJSON_PrintUnformatted(json);
    char *text = ledger_clean(printed);
    uint8_t digest[32];
    cJSON_free(printed);
    cJSON_Delete(json);
    pki_sha256(text ? text : "", text ? strlen(text) : 0, digest);
    text_hex(digest, sizeof digest, hash);
    return text;
}

static int put_plan(struct ledger_context *context, const struct plan *plan, int64_t session, int64_t *row,
                    struct error *e)
{
    struct ledger_entry entry = new_entry("plan", context);
    entry.plan = plan_as_text(plan, context->plan_hash);
    entry.refers = session;
    entry.sentence = ledger_clean(plan->title);
    fill_from_plan(&entry, plan, context->plan_hash);
    return put_and_free(context->ledger, &entry, row, e);
}

static int put_intent(struct ledger_context *context, const struct plan *plan, size_t step, int64_t plan_row,
                      int64_t *row, struct error *e)
{
    struct ledger_entry entry = new_entry("intent", context);
    entry.refers = plan_row;
    entry.step = (int64_t)step;
    entry.sentence = ledger_clean(step < plan->step_count ? plan->steps[step].title : plan->title);
    fill_from_plan(&entry, plan, context->plan_hash);
    return put_and_free(context->ledger, &entry, row, e);
}

static int put_all(struct ledger_context *context, const struct plan *plan, size_t step, int64_t *session,
                   int64_t *plan_row, int64_t *row, struct error *e)
{
    int rc = ledger_check_room(context->ledger, e);
    if (rc == 0)
        rc = put_session(context->ledger, context, session, e);
    if (rc == 0 && (step == 0 || *plan_row == 0))
        rc = put_plan(context, plan, *session, plan_row, e);
    return rc ? rc : put_intent(context, plan, step, *plan_row, row, e);
}

static int gate_intent(void *ctx, const struct plan *plan, size_t step, int64_t *row, struct error *e)
{
    struct ledger_context *context = ctx;
    struct ledger *ledger = context->ledger;
    struct error why = {0};
    int64_t session = 0, plan_row = context->plan_row, intent = 0;
    int rc = ledger_begin(ledger, &why);
    if (rc == 0)
        rc = finish(ledger, put_all(context, plan, step, &session, &plan_row, &intent, &why), &why);
    if (rc != 0) {
        error_set(e, ERR_REFUSED, "%s; a step that cannot be recorded is refused", why.message);
        if (why.next[0] != '\0')
            error_next(e, "%s", why.next);
        return ERR_REFUSED;
    }
    ledger->session = session;
    context->plan_row = plan_row;
    *row = intent;
    return 0;
}

/* --- outcome, note -------------------------------------------------------------------------------------- */

/* Reads the intent that an outcome answers; the outcome takes over what it is about. */
static int take_intent(struct ledger *ledger, int64_t intent, struct ledger_entry *outcome, struct error *e)
{
    struct ledger_list list;
    int rc = ledger_show(ledger, intent, &list, e);
    if (rc != 0)
        return rc;
    struct ledger_entry *found = &list.entry[0];
    if (strcmp(found->kind, "intent") != 0)
        rc = error_set(e, ERR_REFUSED, "entry %lld of the ledger is no intent, so it has no outcome",
                       (long long)intent);
    else if (!found->open)
        rc = error_set(e, ERR_REFUSED, "intent %lld of the ledger has its outcome already: entry %lld",
                       (long long)intent, (long long)found->answer);
    outcome->refers = intent;
    outcome->step = found->step;
    outcome->identity = ledger_clean(found->identity);
    outcome->operation = ledger_clean(found->operation);
    outcome->plan_hash = ledger_clean(found->plan_hash);
    if (outcome->device == NULL)
        outcome->device = ledger_clean(found->device);
    ledger_list_free(&list);
    return rc;
}

int ledger_outcome(struct ledger *ledger, const struct ledger_context *context, int64_t intent, int code,
                   const char *sentence, struct error *e)
{
    int rc = ledger_begin(ledger, e);
    if (rc != 0)
        return rc;
    struct ledger_entry entry = new_entry("outcome", context);
    entry.code = code;
    entry.sentence = ledger_clean(sentence);
    entry.readback = context->readback ? hex_digest(context->readback) : NULL;
    rc = take_intent(ledger, intent, &entry, e);
    if (rc == 0)
        rc = ledger_put(ledger, &entry, e);
    ledger_entry_free(&entry);
    return finish(ledger, rc, e);
}

int ledger_note(struct ledger *ledger, const struct ledger_context *context, int64_t refers,
                const char *sentence, struct error *e)
{
    int rc = ledger_begin(ledger, e);
    if (rc != 0)
        return rc;
    struct ledger_entry entry = new_entry("note", context);
    entry.refers = refers > 0 ? refers : LEDGER_ABSENT;
    entry.sentence = ledger_clean(sentence);
    return finish(ledger, put_and_free(ledger, &entry, NULL, e), e);
}

static int gate_outcome(void *ctx, int64_t row, int code, const char *sentence, struct error *e)
{
    struct ledger_context *context = ctx;
    return ledger_outcome(context->ledger, context, row, code, sentence, e);
}

static int gate_note(void *ctx, int64_t row, const char *sentence, struct error *e)
{
    struct ledger_context *context = ctx;
    return ledger_note(context->ledger, context, row, sentence, e);
}

void ledger_bind(struct ledger *ledger, struct ledger_context *context, struct gate_ledger *gate)
{
    context->ledger = ledger;
    context->plan_row = 0;
    context->plan_hash[0] = '\0';
    *gate = (struct gate_ledger){
        .intent = gate_intent, .outcome = gate_outcome, .note = gate_note, .ctx = context};
}
