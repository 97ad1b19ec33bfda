/* The chip as every command first sees it: see atca.h. */
#include "atca.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

int atca_begin(struct op_call *call, struct atecc_config *config, struct error *e)
{
    int code = device_chip(op_device(call), true, config, e);
    if (code != 0)
        return code;
    struct buf line = BUF_INIT;
    atecc_words_chip(config, &line);
    op_note(call, "%s", "");
    op_note(call, "%s", buf_text(&line));
    if (config->lock_config != ATECC_LOCKED || config->lock_value != ATECC_LOCKED)
        op_note(call, "WARNING: Either config or data zone are not locked, chip is not fully configured");
    op_note(call, "%s", "");
    buf_free(&line);
    return 0;
}

static const char *zone_words(uint8_t lock, const char *open, const char *locked)
{
    return lock == ATECC_LOCKED     ? locked
           : lock == ATECC_UNLOCKED ? open
                                    : "unknown: its lock byte is neither 0x00 nor 0x55";
}

int atca_status(struct op_call *call, struct error *e)
{
    struct atecc_config config;
    struct error why = {0};
    int code = device_chip(op_device(call), false, &config, &why);
    if (code == ERR_REFUSED) {
        op_field(call, "chip", "Chip", "none: %s", why.message);
        return 0;
    }
    if (code != 0) {
        if (e != NULL)
            *e = why;
        return code;
    }
    char serial[2 * ATECC_SERIAL_SIZE + 1];
    atecc_serial_hex(&config, serial);
    op_field(call, "chip", "Chip", "%s rev 0x%04x S/N 0x%s", atecc_model(&config), (unsigned)config.revision,
             serial);
    op_field(call, "config_zone", "Config zone", "%s",
             zone_words(config.lock_config, "open: policies can still be set (atca-set-config)",
                        "locked: slot policies are permanent"));
    op_field(call, "data_zone", "Data zone", "%s",
             zone_words(config.lock_value, "open: slots can be written in the clear",
                        "locked: each slot's policy rules"));
    struct buf weak = BUF_INIT;
    unsigned count = atecc_words_weak(&config, &weak);
    op_field(call, "chip_findings", "Findings", "%u about this chip's slots%s", count,
             count ? " (atca-slots shows them)" : "");
    buf_free(&weak);
    return 0;
}

int atca_plan_chip(struct op_call *call, struct plan *plan, struct error *e)
{
    struct atecc_config now;
    char serial[2 * ATECC_SERIAL_SIZE + 1];
    int code = atca_plan_health(call, plan, &now, e);
    if (code != 0)
        return code;
    atecc_serial_hex(&now, serial);
    plan_identity_chip(plan, serial);
    plan_observed(plan, now.raw, sizeof now.raw);
    return 0;
}

void atca_chip_name(struct op_call *call, const struct atecc_config *config, char *to, size_t size)
{
    const char *id = device_id_known(op_device(call));
    char clean[96];
    if (id != NULL)
        snprintf(to, size, "%s on %s", atecc_model(config), text_safe(id, clean, sizeof clean));
    else
        snprintf(to, size, "%s", atecc_model(config));
}

/* A sample configuration is for learning: on a device that leaves the bench it wants a consent of its own. */
static void add_permissive_trap(struct plan *plan, unsigned count)
{
    char answer[16], sentence[160];
    snprintf(answer, sizeof answer, "%u", count);
    snprintf(sentence, sizeof sentence,
             "this device is marked production, and its configuration is permissive: %u warning%s say where",
             count, count == 1 ? "" : "s");
    plan_trap_add(plan, "permissive", answer, "Type how many such warnings there are", sentence);
}

void atca_plan_weak(struct op_call *call, struct plan *plan, const struct atecc_config *config)
{
    enum { BYTE_LOCK_VALUE = 86, BYTE_LOCK_CONFIG = 87 };
    struct buf weak = BUF_INIT;
    uint8_t raw[ATECC_CONFIG_SIZE];
    struct atecc_config locked;
    memcpy(raw, config->raw, sizeof raw);
    raw[BYTE_LOCK_VALUE] = raw[BYTE_LOCK_CONFIG] = ATECC_LOCKED;
    atecc_config_decode(raw, &locked);
    unsigned count = atecc_words_weak(&locked, &weak);
    if (count > 0 && op_arg_flag(call, "production"))
        add_permissive_trap(plan, count);
    for (const char *line = buf_text(&weak); *line != '\0';) {
        size_t len = strcspn(line, "\n");
        plan_warning_add(plan, "%.*s", (int)len, line);
        line += len + (line[len] == '\n');
    }
    buf_free(&weak);
}

unsigned atca_differences(const struct atecc_config *config, const uint8_t *a, const uint8_t *b,
                          unsigned first, unsigned last, struct buf *names)
{
    unsigned count = 0;
    for (unsigned i = first; i <= last; i++) {
        if (!atecc_byte_is_writable(i) || a[i] == b[i])
            continue;
        count++;
        char name[32];
        atecc_field_at(config, i, name);
        if (names != NULL)
            buf_printf(names, "%s%u %s", names->len ? ", " : "", i, name);
    }
    return count;
}
