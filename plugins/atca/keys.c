/* Keys in slots: what is there, how it is written, whether it arrived. See atca.h. */
#include "atca.h"

#include "base/file.h"
#include "base/text.h"
#include "pki/hex.h"

#include <stdio.h>
#include <string.h>

/* debug.level from which the firmware logs the frames it receives; what it is unless configured. */
enum { LOGS_FRAMES = 3, QUIET = 2 };

bool atca_is_ecc(const struct atecc_config *config, unsigned slot)
{
    return config->slot[slot].is_private && config->slot[slot].key_type == ATECC_KEY_ECC;
}

int atca_plan_key(struct op_call *call, struct plan *plan, const struct atecc_config *config, unsigned slot,
                  const char *after, const char *will, struct error *e)
{
    char what[16], before[96] = "what it holds", was[65];
    const char *note = "what was there before is lost; the chip does not tell whether there was a key";
    int code = atca_slot_key(call, config, slot, was, e);
    if (code != 0)
        return code;
    snprintf(what, sizeof what, "slot %u", slot);
    if (*was != '\0' && strcmp(was, "none") != 0) {
        snprintf(before, sizeof before, "key with public key SHA-256 %.16s…", was);
        note = "the key that is there is lost for ever";
    }
    plan_change_add(plan, what, before, after, note);
    plan_step_digests(plan, was, will);
    return 0;
}

int atca_verify_key(struct op_call *call, const struct atecc_config *config, unsigned slot,
                    const uint8_t wanted[PKI_POINT_SIZE], const char *source, struct error *e)
{
    uint8_t point[PKI_POINT_SIZE];
    struct error why = {0};
    if (atecc_predict(config, ATECC_GET_PUB_KEY, slot, &why) != 0) {
        op_note(call, "Slot %u does not give out its public key: it cannot be checked against %s.", slot,
                source);
        return 0;
    }
    int code = atca_pub_key(call, config, slot, point, e);
    if (code != 0)
        return code;
    op_readback(call, point, sizeof point);
    if (memcmp(point, wanted, sizeof point) == 0)
        return 0;
    char is[65], should[65];
    pki_fingerprint(point, is);
    pki_fingerprint(wanted, should);
    error_set(e, ERR_READBACK,
              "slot %u now holds another key than %s: its public key is SHA-256 %.16s…, not %.16s…", slot,
              source, is, should);
    return error_next(e,
                      "Write it once more, and check wiring and supply of the chip if that happens again.");
}

/* --- how a slot is written ------------------------------------------------------------------------------ */

static int read_write_key(const char *file, struct secret *key, struct error *e)
{
    struct buf text = {.secret = true};
    int code = file_read(file, ATCA_TEXT_MAX, &text, e);
    if (code == 0)
        code = pki_hex_read(buf_text(&text), text.len, file, key, e);
    buf_free(&text);
    if (code != 0 || key->len == ATECC_BLOCK_SIZE)
        return code;
    error_set(e, ERR_REFUSED, "%s: the key has %zu bytes, and a write key has exactly %d", file, key->len,
              ATECC_BLOCK_SIZE);
    return error_next(e, "give the file with the key that was written into the slot that guards writes.");
}

static bool takes_encrypted(const struct atecc_config *config, unsigned slot)
{
    return (config->slot[slot].write_config & 4) != 0;
}

int atca_write_decide(struct op_call *call, const struct atecc_config *config, unsigned slot,
                      struct atca_write *write, struct error *e)
{
    const char *file = op_arg_value(call, "write-key");
    bool ecc = atca_is_ecc(config, slot), locked = config->lock_value == ATECC_LOCKED;
    write->encrypted = locked && (takes_encrypted(config, slot) || (ecc && file != NULL));
    enum atecc_operation operation = ecc ? (write->encrypted ? ATECC_PRIV_WRITE_ENCRYPTED : ATECC_PRIV_WRITE)
                                         : (write->encrypted ? ATECC_WRITE_ENCRYPTED : ATECC_WRITE_CLEAR);
    int code = atecc_predict(config, operation, slot, e);
    if (code != 0)
        return code;
    unsigned guard = config->slot[slot].write_key;
    if (write->encrypted && file == NULL) {
        error_set(e, ERR_REFUSED,
                  "the data zone is locked and slot %u takes only encrypted writes, under the key of slot %u",
                  slot, guard);
        return error_next(e, "Give --write-key FILE with the key that was written into slot %u.", guard);
    }
    if (write->encrypted)
        op_note(call, "Data zone is locked, will perform encrypted write using slot %u using %s", guard,
                file);
    else if (file != NULL)
        op_note(call, "Slot %u is written in the clear now; --write-key is not needed and not used.", slot);
    return write->encrypted ? read_write_key(file, &write->key, e) : 0;
}

/* --- ATCA.SetKey ---------------------------------------------------------------------------------------- */

void atca_plan_wire(struct op_call *call, struct plan *plan)
{
    static const char *const plain[] = {"ws://", "http://", "tcp://", "udp://", "mqtt://"};
    static const char *const here[] = {"127.", "localhost", "[::1]"};
    const char *port = device_port(op_device(call));
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        size_t length = strlen(plain[i]);
        bool loopback = false;
        for (size_t j = 0; j < sizeof here / sizeof *here; j++)
            loopback = loopback || text_starts(port + (strlen(port) > length ? length : 0), here[j]);
        if (text_starts(port, plain[i]) && !loopback)
            plan_warning_add(plan,
                             "the key crosses the network in the clear on its way to the device (%s): "
                             "use the serial port, or a network nobody else is on",
                             port);
    }
}

/* What the configuration says; the level that is in force may be another, and no method tells it. */
static int log_level(struct op_call *call)
{
    const cJSON *config = NULL;
    struct error ignored = {0};
    if (device_config(op_device(call), &config, &ignored) != 0)
        return QUIET;
    const cJSON *debug = cJSON_GetObjectItemCaseSensitive(config, "debug");
    const cJSON *level = cJSON_GetObjectItemCaseSensitive(debug, "level");
    return cJSON_IsNumber(level) ? level->valueint : QUIET;
}

static int set_log_level(struct op_call *call, int level, struct error *e)
{
    cJSON *args = cJSON_CreateObject();
    cJSON_AddNumberToObject(args, "level", level);
    return device_call(op_device(call), "Sys.SetDebug", args, NULL, e);
}

static cJSON *key_args(const struct atecc_config *config, unsigned slot, unsigned block,
                       const uint8_t key[32], const struct atca_write *write)
{
    cJSON *args = cJSON_CreateObject();
    if (atca_is_ecc(config, slot))
        cJSON_AddBoolToObject(args, "ecc", true);
    atca_args_bytes(args, "key", key, 32);
    cJSON_AddNumberToObject(args, "slot", slot);
    if (block != 0)
        cJSON_AddNumberToObject(args, "block", block);
    if (write->encrypted) {
        atca_args_bytes(args, "wkey", write->key.data, write->key.len);
        cJSON_AddNumberToObject(args, "wkslot", config->slot[slot].write_key);
    }
    return args;
}

/* Firmware that logs frames would print the key on its serial port. One that does not let the level be set is
 * trusted as far as its configuration goes. */
static int lower_log_level(struct op_call *call, int level, struct error *e)
{
    struct error why = {0};
    int code = set_log_level(call, level < QUIET ? level : QUIET, &why);
    if (code == ERR_REFUSED && level < LOGS_FRAMES) {
        op_note(call,
                "The firmware's log level could not be set (%s); should it log what it receives, the key is "
                "in its log.",
                why.message);
        return 0;
    }
    if (code != 0 && e != NULL) {
        *e = why;
        error_prefix(e,
                     "the key was not sent: the firmware's log level (debug.level %d) could not be lowered, "
                     "and it may log what it receives",
                     level);
    }
    return code;
}

int atca_set_key(struct op_call *call, const struct atecc_config *config, unsigned slot, unsigned block,
                 const uint8_t key[32], const struct atca_write *write, struct error *e)
{
    struct error why = {0};
    int level = log_level(call), code = lower_log_level(call, level, e);
    if (code != 0)
        return code;
    code = atca_call(call, config, "ATCA.SetKey", key_args(config, slot, block, key, write), NULL, e);
    if (level > QUIET && set_log_level(call, level, &why) != 0)
        op_note(call, "The firmware's log level was lowered to %d and could not be set back to %d: %s", QUIET,
                level, why.message);
    return code;
}
