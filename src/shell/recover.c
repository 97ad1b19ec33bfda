/* Open ends of earlier runs: see recover.h. */
#include "shell/recover.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *recover_verdict(enum op_verdict verdict)
{
    static const char *const words[] = {
        [OP_UNKNOWN] = "unknown",
        [OP_NOT_DONE] = "not done",
        [OP_DONE] = "done",
        [OP_PARTLY] = "partly done",
    };
    return (unsigned)verdict <= OP_PARTLY ? words[verdict] : words[OP_UNKNOWN];
}

/* --- finding and judging -------------------------------------------------------------------------------- */

/* Lower-case hex digits of text and nothing else: a MAC as plans have it. */
static void plain_hex(const char *text, char *to, size_t size)
{
    size_t n = 0;
    for (; text != NULL && *text != '\0' && n + 1 < size; text++)
        if (strchr("0123456789abcdefABCDEF", *text) != NULL)
            to[n++] = *text >= 'A' && *text <= 'F' ? (char)(*text + 32) : *text;
    to[n] = '\0';
}

struct identities {
    char chip[2 * ATECC_SERIAL_SIZE + 1], mac[32];
};

static int ask_identities(struct device *device, struct identities *to, struct error *e)
{
    const cJSON *info;
    struct atecc_config config;
    struct error why = {0};
    *to = (struct identities){0};
    int rc = device_info(device, false, &info, e);
    if (rc != 0)
        return rc;
    plain_hex(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(info, "mac")), to->mac, sizeof to->mac);
    rc = device_chip(device, false, &config, &why);
    if (rc == 0)
        atecc_serial_hex(&config, to->chip);
    if (rc == ERR_REFUSED)
        return 0; /* no chip: known by its MAC alone */
    if (rc != 0 && e != NULL)
        *e = why;
    return rc;
}

static bool is_mine(const struct ledger_entry *entry, const struct identities *who)
{
    return entry->identity != NULL && *entry->identity != '\0' &&
           (strcmp(entry->identity, who->chip) == 0 || strcmp(entry->identity, who->mac) == 0);
}

/* The plan that an intent belongs to. */
static void read_plan(struct ledger *ledger, struct recover_item *item)
{
    struct ledger_list list;
    if (ledger_show(ledger, item->entry->refers, &list, NULL) != 0)
        return;
    /* An entry that was tampered with says nothing about what was planned. */
    const char *text = item->entry->intact && list.entry[0].intact ? list.entry[0].plan : NULL;
    item->plan = text ? cJSON_ParseWithLengthOpts(text, strlen(text) + 1, NULL, true) : NULL;
    ledger_list_free(&list);
    int steps = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(item->plan, "steps"));
    item->last = item->entry->step + 1 >= steps;
}

static int begin_inside(struct op_call *call, const struct recover_item *item, struct call_inside *inside,
                        struct error *e)
{
    struct words words = WORDS_INIT;
    const cJSON *word;
    cJSON_ArrayForEach(word, cJSON_GetObjectItemCaseSensitive(item->plan, "words"))
    {
        words_add(&words, cJSON_IsString(word) ? word->valuestring : "");
    }
    int rc = call_inside_begin(call, &words, inside, e);
    inside->call.resuming = true;
    if (rc == 0 && inside->call.op->plan == NULL)
        rc = error_set(e, ERR_REFUSED, "%s is nothing that can be resumed", inside->call.op->name);
    words_free(&words);
    return rc;
}

static void judge_unknown(struct recover_item *item, const char *why)
{
    item->judgement.verdict = OP_UNKNOWN;
    text_safe(why, item->judgement.sentence, sizeof item->judgement.sentence);
}

/* Only a connection that fails is a failure: all else is a verdict. */
static int judge_inside(struct recover_item *item, struct call_inside *inside, int begun, struct error *why)
{
    const struct op *op = inside->call.op;
    int rc = begun;
    if (rc == 0 && op->judge == NULL)
        judge_unknown(item, "nothing that can be read from the device tells");
    else if (rc == 0)
        rc = op->judge(&inside->call, (size_t)item->entry->step, item->plan, &item->judgement, why);
    if (rc == 0 || rc == ERR_CONNECTION || rc == ERR_INTERRUPTED)
        return rc;
    judge_unknown(item, why->message);
    return 0;
}

static int judge(struct op_call *call, struct recover_item *item, struct error *e)
{
    struct call_inside inside;
    struct error why = {0};
    if (item->plan == NULL) {
        judge_unknown(item, "its plan cannot be read from the ledger");
        return 0;
    }
    int rc = judge_inside(item, &inside, begin_inside(call, item, &inside, &why), &why);
    call_inside_end(call, &inside);
    if (rc != 0 && e != NULL)
        *e = why;
    return rc;
}

static int collect(struct op_call *call, struct ledger *ledger, struct recover_list *list, struct error *e)
{
    struct identities who;
    int rc = ask_identities(call->session->device, &who, e);
    list->item = mem_alloc(list->open.count * sizeof *list->item);
    for (size_t i = 0; rc == 0 && i < list->open.count; i++) {
        if (!is_mine(&list->open.entry[i], &who)) {
            list->others++;
            continue;
        }
        struct recover_item *item = &list->item[list->count++];
        item->entry = &list->open.entry[i];
        read_plan(ledger, item);
        rc = judge(call, item, e);
    }
    return rc;
}

int recover_find(struct op_call *call, struct recover_list *list, struct error *e)
{
    struct ledger *ledger;
    *list = (struct recover_list){0};
    int rc = irreversible_ledger(call, &ledger, e);
    if (rc == 0)
        rc = ledger_open_intents(ledger, NULL, &list->open, e);
    bool asks = rc == 0 && list->open.count > 0 && call->session->device != NULL;
    return asks ? collect(call, ledger, list, e) : rc;
}

void recover_list_free(struct recover_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        cJSON_Delete(list->item[i].plan);
    free(list->item);
    ledger_list_free(&list->open);
    *list = (struct recover_list){0};
}

/* --- saying --------------------------------------------------------------------------------------------- */

static void note_item(struct op_call *call, const struct recover_item *item)
{
    char what[200], line[300];
    op_note(call,
            "An earlier step has an open end (ledger entry %" PRId64 ", %s): %s, of \"%s\". It is %s: %s.",
            item->entry->seq, item->entry->at ? item->entry->at : "?",
            text_safe(item->entry->sentence ? item->entry->sentence : "", what, sizeof what),
            text_safe(item->entry->line ? item->entry->line : "", line, sizeof line),
            recover_verdict(item->judgement.verdict), item->judgement.sentence);
}

static cJSON *item_json(const struct recover_item *item)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddNumberToObject(object, "entry", (double)item->entry->seq);
    cJSON_AddStringToObject(object, "operation", item->entry->operation ? item->entry->operation : "");
    cJSON_AddNumberToObject(object, "step", (double)item->entry->step);
    cJSON_AddStringToObject(object, "what", item->entry->sentence ? item->entry->sentence : "");
    cJSON_AddStringToObject(object, "verdict", recover_verdict(item->judgement.verdict));
    cJSON_AddStringToObject(object, "why", item->judgement.sentence);
    return object;
}

static void say_list(struct op_call *call, const struct recover_list *list)
{
    cJSON *open = cJSON_CreateArray();
    for (size_t i = 0; i < list->count; i++) {
        note_item(call, &list->item[i]);
        cJSON_AddItemToArray(open, item_json(&list->item[i]));
    }
    op_json(call, "open", open);
}

void recover_announce(struct op_call *call)
{
    struct recover_list list;
    struct error why = {0};
    if (recover_find(call, &list, &why) != 0)
        op_note(call, "Whether earlier steps have an open end is not known: %s", why.message);
    else if (list.count > 0) {
        say_list(call, &list);
        op_note(call, "lockstep resume finishes or closes %s.", list.count == 1 ? "it" : "them");
    }
    recover_list_free(&list);
}

/* --- closing and finishing ------------------------------------------------------------------------------ */

static int write_outcome(struct op_call *call, const struct call_inside *inside, int64_t row, int code,
                         const char *sentence, struct error *e)
{
    struct ledger *ledger;
    struct ledger_context context;
    struct buf line = BUF_INIT;
    int rc = irreversible_ledger(call, &ledger, e);
    irreversible_context(call, &line, &context);
    context.readback = inside != NULL && inside->call.has_readback ? inside->call.readback : NULL;
    if (rc == 0)
        rc = ledger_outcome(ledger, &context, row, code, sentence, e);
    buf_free(&line);
    return rc;
}

int recover_close(struct op_call *call, struct recover_item *item, struct error *e)
{
    bool done = item->judgement.verdict == OP_DONE;
    char *sentence = mem_printf("found %s%s: %s", recover_verdict(item->judgement.verdict),
                                done ? "" : ", and closed", item->judgement.sentence);
    int rc = write_outcome(call, NULL, item->entry->seq, done ? 0 : ERR_REFUSED, sentence, e);
    free(sentence);
    return rc;
}

/* What was done is only verified; what the command does at its end (a file, a line of success) follows. */
static int finish_done(struct op_call *call, struct recover_item *item, struct error *e)
{
    struct call_inside inside;
    int rc = begin_inside(call, item, &inside, e);
    if (rc == 0)
        rc = inside.call.op->judge(&inside.call, (size_t)item->entry->step, item->plan, &item->judgement, e);
    if (rc == 0 && item->judgement.verdict != OP_DONE)
        rc = error_set(e, ERR_REFUSED, "the device says something else than a moment ago: %s",
                       item->judgement.sentence);
    if (rc == 0) {
        char *sentence = mem_printf("found done: %s", item->judgement.sentence);
        rc = write_outcome(call, &inside, item->entry->seq, 0, sentence, e);
        free(sentence);
    }
    if (rc == 0 && inside.call.op->finish != NULL)
        rc = inside.call.op->finish(&inside.call, e);
    call_inside_end(call, &inside);
    return rc;
}

/* The file a plan was made from must still be the same: the rest of another plan is not the rest. */
static int check_files(const struct recover_item *item, const struct plan *now, struct error *e)
{
    const cJSON *file;
    cJSON_ArrayForEach(file, cJSON_GetObjectItemCaseSensitive(item->plan, "files"))
    {
        const char *path = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(file, "path"));
        const char *digest = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(file, "sha256"));
        for (size_t i = 0; path != NULL && digest != NULL && i < now->file_count; i++)
            if (strcmp(now->files[i].path, path) == 0 && strcmp(now->files[i].digest, digest) != 0) {
                error_set(e, ERR_REFUSED, "%s is no longer the file that the step was begun with", path);
                return error_next(e, "Put the right file back, or close the open step with resume --close.");
            }
    }
    return 0;
}

static int finish_again(struct op_call *call, struct recover_item *item, struct error *e)
{
    struct call_inside inside;
    struct plan plan = {0};
    int rc = begin_inside(call, item, &inside, e);
    if (rc == 0 && inside.call.op->check != NULL)
        rc = inside.call.op->check(&inside.call, e);
    if (rc == 0)
        rc = irreversible_plan(&inside.call, &plan, e);
    if (rc == 0)
        rc = check_files(item, &plan, e);
    if (rc == 0)
        rc = irreversible_pass(&inside.call, &plan, e);
    if (rc == 0) {
        char *sentence = mem_printf("found %s, then carried out again and read back",
                                    recover_verdict(item->judgement.verdict));
        rc = write_outcome(call, &inside, item->entry->seq, 0, sentence, e);
        free(sentence);
    }
    if (rc == 0 && inside.call.op->finish != NULL)
        rc = inside.call.op->finish(&inside.call, e);
    plan_free(&plan);
    call_inside_end(call, &inside);
    return rc;
}

int recover_finish(struct op_call *call, struct recover_item *item, struct error *e)
{
    if (item->plan == NULL) {
        error_set(e, ERR_REFUSED, "what was planned cannot be read from the ledger");
        return error_next(e, "Close it with resume --close, and run the command again.");
    }
    return item->judgement.verdict == OP_DONE && item->last ? finish_done(call, item, e)
                                                            : finish_again(call, item, e);
}

/* --- before a new step ---------------------------------------------------------------------------------- */

static bool same_words(const cJSON *plan, const struct plan *now)
{
    const cJSON *words = cJSON_GetObjectItemCaseSensitive(plan, "words"), *word;
    size_t i = 0;
    if ((size_t)cJSON_GetArraySize(words) != now->word_count)
        return false;
    cJSON_ArrayForEach(word, words)
    {
        if (!cJSON_IsString(word) || strcmp(word->valuestring, now->words[i++]) != 0)
            return false;
    }
    return true;
}

static int settle_before(struct op_call *call, const struct plan *plan, struct recover_item *item,
                         struct recover_before *before, struct error *e)
{
    note_item(call, item);
    if (item->judgement.verdict == OP_NOT_DONE || (item->judgement.verdict == OP_DONE && item->last))
        return recover_close(call, item, e);
    if (same_words(item->plan, plan)) {
        before->row = mem_grow(before->row, (before->count + 1) * sizeof *before->row);
        before->row[before->count++] = item->entry->seq;
        return 0;
    }
    error_set(e, ERR_REFUSED,
              "nothing was sent: an earlier step on this device has an open end (ledger entry %" PRId64
              "), and what became of it is %s",
              item->entry->seq, recover_verdict(item->judgement.verdict));
    return error_next(e, "lockstep resume finishes it; lockstep resume --close leaves it as it is.");
}

int recover_before_step(struct op_call *call, const struct plan *plan, struct recover_before *before,
                        struct error *e)
{
    struct recover_list list;
    int rc = recover_find(call, &list, e);
    for (size_t i = 0; rc == 0 && i < list.count; i++)
        rc = settle_before(call, plan, &list.item[i], before, e);
    recover_list_free(&list);
    return rc;
}

int recover_after_step(struct op_call *call, const struct recover_before *before, struct error *e)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < before->count; i++)
        rc = write_outcome(call, NULL, before->row[i], 0,
                           "carried out again by the same command, and read back", e);
    return rc;
}

void recover_before_free(struct recover_before *before)
{
    free(before->row);
    *before = (struct recover_before){0};
}
