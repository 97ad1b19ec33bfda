/* apply: carries out a plan file, as it was made or not at all. */
#include "base/text.h"
#include "gate/plan_file.h"
#include "shell/core.h"
#include "shell/irreversible.h"

#include <string.h>

static const char *text_of(const cJSON *object, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    return text ? text : "";
}

/* "byte 87 LockConfig 0x55 → 0x00, …" */
static void name_changes(const struct atecc_config *now, const uint8_t *was, struct buf *to)
{
    for (unsigned i = 0; i < ATECC_CONFIG_SIZE; i++) {
        char name[32];
        if (now->raw[i] == was[i])
            continue;
        atecc_field_at(now, i, name);
        buf_printf(to, "%sbyte %u %s 0x%02x → 0x%02x", to->len ? ", " : "", i, name, was[i], now->raw[i]);
    }
}

static int refuse_stale(const struct atecc_config *now, const uint8_t *was, struct error *e)
{
    struct buf changes = BUF_INIT;
    name_changes(now, was, &changes);
    error_set(e, ERR_REFUSED,
              "nothing was sent: the plan is stale, for the chip changed since it was made: %s",
              buf_text(&changes));
    buf_free(&changes);
    return error_next(e, "Make the plan again: it shows what would be done now.");
}

/* Another device, or another state? Asked before the command's own checks, whose answer to a stale plan would
 * be about the state alone. Plans whose state is not a chip's configuration zone are compared when they are
 * made. */
static int check_chip(struct op_call *call, const cJSON *plan, struct error *e)
{
    const char *observed = text_of(plan, "observed");
    uint8_t was[ATECC_CONFIG_SIZE];
    struct atecc_config now;
    char serial[2 * ATECC_SERIAL_SIZE + 1];
    if (text_unhex(observed, strlen(observed), false, was, sizeof was) != (int)sizeof was)
        return 0;
    int rc = device_chip(call->session->device, true, &now, e);
    if (rc != 0)
        return rc;
    atecc_serial_hex(&now, serial);
    if (strcmp(serial, text_of(plan, "identity")) != 0) {
        error_set(e, ERR_REFUSED, "nothing was sent: the plan is for the chip %s, and the one attached is %s",
                  text_of(plan, "identity"), serial);
        return error_next(e, "Attach the device the plan was made for, or make a plan for this one.");
    }
    return memcmp(now.raw, was, sizeof was) != 0 ? refuse_stale(&now, was, e) : 0;
}

static int carry_out(struct op_call *inner, const cJSON *recorded, bool dry, struct error *e)
{
    struct plan now = {0};
    int rc = inner->op->plan == NULL
                 ? error_set(e, ERR_REFUSED, "%s is nothing that a plan file may hold", inner->op->name)
                 : 0;
    if (rc == 0 && inner->op->needs & NEED_ATCA)
        rc = check_chip(inner, recorded, e);
    if (rc == 0 && inner->op->check != NULL)
        rc = inner->op->check(inner, e);
    if (rc == 0)
        rc = irreversible_plan(inner, &now, e);
    if (rc == 0)
        rc = plan_file_compare(recorded, &now, e);
    if (rc == 0 && dry)
        irreversible_report(inner, &now);
    else if (rc == 0)
        rc = irreversible_pass(inner, &now, e);
    if (rc == 0 && !dry && inner->op->finish != NULL)
        rc = inner->op->finish(inner, e);
    plan_free(&now);
    return rc;
}

static int apply_one(struct op_call *call, const cJSON *plan, bool dry, struct error *e)
{
    struct call_inside inside;
    struct words words = WORDS_INIT;
    const cJSON *word;
    cJSON_ArrayForEach(word, cJSON_GetObjectItemCaseSensitive(plan, "words"))
    {
        words_add(&words, cJSON_IsString(word) ? word->valuestring : "");
    }
    int rc = call_inside_begin(call, &words, &inside, e);
    inside.call.plan = dry;
    if (rc == 0)
        rc = carry_out(&inside.call, plan, dry, e);
    call_inside_end(call, &inside);
    words_free(&words);
    return rc;
}

static void note_left_out(struct op_call *call, const cJSON *file)
{
    const cJSON *sentence;
    cJSON_ArrayForEach(sentence, cJSON_GetObjectItemCaseSensitive(file, "left_out"))
    {
        char text[400];
        if (cJSON_IsString(sentence))
            op_note(call, "Not in this plan: %s.", text_safe(sentence->valuestring, text, sizeof text));
    }
}

static int run_apply(struct op_call *call, size_t step, struct error *e)
{
    (void)step;
    cJSON *file;
    char hash[PLAN_HASH_SIZE];
    const char *asked = options_value(call->options, OPTION_DRY_RUN);
    bool dry = (asked != NULL && option_boolean(asked) == 1) ||
               (call->session->rehearsal && call->session->script != NULL);
    int rc = plan_file_read(op_arg_value(call, "FILE"), &file, hash, e);
    const cJSON *plan, *plans = rc == 0 ? cJSON_GetObjectItemCaseSensitive(file, "plans") : NULL;
    call->mode = dry ? "plan" : "applied";
    call->plan_hash = hash;
    cJSON_ArrayForEach(plan, plans)
    {
        rc = rc == 0 ? apply_one(call, plan, dry, e) : rc;
    }
    if (rc == 0) {
        note_left_out(call, file);
        op_say(call, dry ? "The plan still holds; nothing was sent." : "The plan was applied.");
        op_json(call, "hash", cJSON_CreateString(hash));
    }
    call->plan_hash = NULL;
    cJSON_Delete(file);
    return rc;
}

static const struct op_arg args[] = {
    {.name = "FILE",                         .type = TYPE_FILE, .help = "plan file that plan -o made"},
    {0},
};

const struct op core_apply = {
    .name = "apply",
    .summary = "carry out a plan file, as it was made or not at all",
    .help =
        "Does what the plan file says, with consent as for the command itself: typed digits, --confirm ID, "
        "or "
        "--confirm with the plan's whole hash. Refused, and nothing sent: a file that was edited or is of a "
        "version this lockstep does not know, another device, a device whose state changed since (the bytes "
        "are "
        "named), key or configuration files whose content changed. --dry-run only checks whether the plan "
        "still "
        "holds.",
    .example = "apply lock.plan\napply lock.plan --confirm 3f1c…\napply lock.plan --dry-run",
    .args = args,
    .needs = NEED_NOTHING,
    .run = run_apply,
};
