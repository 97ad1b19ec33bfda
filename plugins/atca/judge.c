/* What became of a step whose end nobody saw: see atca.h. */
#include "atca.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

static int say(struct op_judgement *judgement, enum op_verdict verdict, const char *sentence)
{
    judgement->verdict = verdict;
    snprintf(judgement->sentence, sizeof judgement->sentence, "%s", sentence);
    return 0;
}

static const char *text_of(const cJSON *object, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    return text ? text : "";
}

/* --- the configuration zone ----------------------------------------------------------------------------- */

/* What a host writes: by Write, and by UpdateExtra behind it. */
static bool is_written(unsigned byte)
{
    return atecc_byte_is_writable(byte) || byte == 84 || byte == 85;
}

bool atca_plan_bytes(const cJSON *plan, const char *key, uint8_t raw[ATECC_CONFIG_SIZE])
{
    const char *hex = text_of(plan, key);
    return text_unhex(hex, strlen(hex), false, raw, ATECC_CONFIG_SIZE) == ATECC_CONFIG_SIZE;
}

int atca_judge_config(struct op_call *call, const cJSON *plan, struct op_judgement *judgement,
                      struct error *e)
{
    uint8_t before[ATECC_CONFIG_SIZE], after[ATECC_CONFIG_SIZE];
    struct atecc_config now;
    unsigned changes = 0, done = 0, other = 0;
    char sentence[sizeof judgement->sentence];
    int code = device_chip(op_device(call), true, &now, e);
    if (code != 0)
        return code;
    if (!atca_plan_bytes(plan, "observed", before) || !atca_plan_bytes(plan, "expected", after))
        return say(judgement, OP_UNKNOWN, "the recorded plan does not hold the bytes");
    op_readback(call, now.raw, sizeof now.raw);
    for (unsigned i = 0; i < ATECC_CONFIG_SIZE; i++) {
        if (!is_written(i))
            continue;
        changes += before[i] != after[i];
        done += before[i] != after[i] && now.raw[i] == after[i];
        other += now.raw[i] != before[i] && now.raw[i] != after[i];
    }
    if (other > 0)
        snprintf(sentence, sizeof sentence, "%u bytes are neither as before nor as planned", other);
    else
        snprintf(sentence, sizeof sentence, "%u of the %u bytes to change are as planned", done, changes);
    return say(judgement,
               other || (done > 0 && done < changes) ? OP_PARTLY
               : done == changes                     ? OP_DONE
                                                     : OP_NOT_DONE,
               sentence);
}

/* --- keys ----------------------------------------------------------------------------------------------- */

int atca_slot_key(struct op_call *call, const struct atecc_config *config, unsigned slot, char digest[65],
                  struct error *e)
{
    uint8_t point[PKI_POINT_SIZE];
    struct error why = {0};
    *digest = '\0';
    if (!atca_is_ecc(config, slot) || atecc_predict(config, ATECC_GET_PUB_KEY, slot, &why) != 0)
        return 0;
    int code = atca_pub_key(call, config, slot, point, &why);
    if (code == 0) {
        pki_fingerprint(point, digest);
        op_readback(call, point, sizeof point);
    } else if (code == ERR_REFUSED) {
        snprintf(digest, 65, "none");
        code = 0;
    } else if (e != NULL) {
        *e = why;
    }
    return code;
}

/* Of the key that reads back now, the one before, and the one that was to come ("" where not known). */
static int judge_digests(const char *now, const char *was, const char *will, unsigned slot,
                         struct op_judgement *judgement)
{
    char sentence[sizeof judgement->sentence];
    if (*now == '\0')
        snprintf(sentence, sizeof sentence, "slot %u does not give out its public key", slot);
    else if (strcmp(now, "none") == 0)
        snprintf(sentence, sizeof sentence, "slot %u gives out no public key", slot);
    else
        snprintf(sentence, sizeof sentence, "slot %u holds the key with public key SHA-256 %.16s…", slot,
                 now);
    if (*now == '\0')
        return say(judgement, OP_UNKNOWN, sentence);
    if (strcmp(now, will) == 0)
        return say(judgement, OP_DONE, sentence);
    if (strcmp(now, was) == 0)
        return say(judgement, OP_NOT_DONE, sentence);
    if (strcmp(now, "none") == 0)
        return say(judgement, OP_PARTLY, sentence);
    /* A key that is neither: one the chip was to make is the new one, when it is known what was there. */
    return say(judgement, *will == '\0' && *was != '\0' ? OP_DONE : OP_UNKNOWN, sentence);
}

int atca_judge_key(struct op_call *call, size_t step, const cJSON *plan, struct atecc_config *chip,
                   unsigned slot, struct op_judgement *judgement, struct error *e)
{
    const cJSON *steps = cJSON_GetObjectItemCaseSensitive(plan, "steps");
    const cJSON *one = cJSON_GetArrayItem(steps, (int)step);
    char now[65];
    int code = device_chip(op_device(call), true, chip, e);
    if (code == 0)
        code = atca_slot_key(call, chip, slot, now, e);
    return code != 0 ? code : judge_digests(now, text_of(one, "was"), text_of(one, "will"), slot, judgement);
}
