/* atca-lock-zone: makes the configuration or the data zone permanent. The firmware's method carries no CRC of
 * what it locks, so the host compares right before and reads back right after. */
#include "atca.h"

#include "base/file.h"
#include "codec/atecc_text.h"

#include <stdio.h>
#include <string.h>

enum { BYTE_LOCK_VALUE = 86, BYTE_LOCK_CONFIG = 87, BYTE_ADDRESS = 16, BYTE_LAST = ATECC_CONFIG_SIZE - 1 };

static const struct zone {
    const char *name, *title, *field, *note;
    unsigned number, byte; /* ATCA.LockZone's argument; the lock byte */
    enum atecc_operation operation;
} zones[] = {
    {"config", "configuration zone", "LockConfig", "the zone can never be written again",   0, BYTE_LOCK_CONFIG,
     ATECC_LOCK_CONFIG},
    {"data",   "data zone",          "LockValue",  "from then on each slot's policy rules", 1, BYTE_LOCK_VALUE,
     ATECC_LOCK_DATA  },
};

enum source { SOURCE_NONE, SOURCE_FILE, SOURCE_MEMORY };

struct work {
    const struct zone *zone;
    struct atecc_config chip;
    enum source source; /* what the content was compared with */
    char origin[320];
    unsigned compared, different;
    char differences[512];
    char name[96];
};

static const struct zone *zone_of(const struct op_call *call)
{
    return &zones[strcmp(op_arg_value(call, "ZONE"), zones[0].name) != 0];
}

/* Bytes that are the same as planned in a sound chip. Once the configuration zone is locked the chip itself
 * counts in 52-83 and slots may be locked one by one in 88-89. */
static bool is_compared(const struct work *work, unsigned byte)
{
    bool counts = byte >= 52 && byte <= (atecc_is_608(&work->chip) ? 67 : 83);
    bool slot_locks = byte == 88 || byte == 89;
    return atecc_byte_is_writable(byte) &&
           (work->zone->operation == ATECC_LOCK_CONFIG || (!counts && !slot_locks));
}

static void compare(struct work *work, const uint8_t planned[ATECC_CONFIG_SIZE])
{
    struct buf names = BUF_INIT;
    for (unsigned i = BYTE_ADDRESS; i <= BYTE_LAST; i++) {
        if (!is_compared(work, i))
            continue;
        work->compared++;
        work->different += atca_differences(&work->chip, work->chip.raw, planned, i, i, &names);
    }
    snprintf(work->differences, sizeof work->differences, "%s", buf_text(&names));
    buf_free(&names);
}

static int compare_file(struct work *work, const char *file, struct error *e)
{
    uint8_t planned[ATECC_CONFIG_SIZE];
    struct buf text = BUF_INIT;
    int code = file_read(file, ATCA_TEXT_MAX, &text, e);
    if (code == 0)
        code = atecc_text_read(buf_text(&text), text.len, atecc_format_by_file(file), file, planned, e);
    buf_free(&text);
    if (code != 0)
        return code;
    work->source = SOURCE_FILE;
    snprintf(work->origin, sizeof work->origin, "%s", file);
    compare(work, planned);
    if (work->different == 0)
        return 0;
    error_set(e, ERR_REFUSED, "the chip does not hold what %s says: %u of %u bytes differ: %s", file,
              work->different, work->compared, work->differences);
    return error_next(e, "Write it first with atca-set-config %s, or compare with the file you mean.", file);
}

static void compare_memory(struct op_call *call, struct work *work)
{
    struct atca_memory memory;
    if (!atca_recall(call, &work->chip, &memory))
        return;
    work->source = SOURCE_MEMORY;
    snprintf(work->origin, sizeof work->origin, "%s, set %s", memory.file, memory.when);
    compare(work, memory.raw);
}

static int check(struct op_call *call, struct error *e)
{
    struct work *work = op_state(call, sizeof *work, NULL);
    const char *file = op_arg_value(call, "compare");
    work->zone = zone_of(call);
    int code = atca_begin(call, &work->chip, e);
    if (code == 0)
        code = atecc_predict(&work->chip, work->zone->operation, 0, e);
    if (code != 0)
        return code;
    atca_chip_name(call, &work->chip, work->name, sizeof work->name);
    if (file != NULL)
        return compare_file(work, file, e);
    compare_memory(call, work);
    return 0;
}

static void plan_compared(const struct work *work, struct plan *plan)
{
    if (work->source == SOURCE_NONE) {
        plan_warning_add(plan,
                         "there is nothing to compare the chip's content with: no --compare FILE was given "
                         "and no atca-set-config is remembered for this chip");
        return;
    }
    plan_check_add(plan, "compared with %s: %u of %u bytes equal", work->origin,
                   work->compared - work->different, work->compared);
    if (work->different == 0)
        return;
    char answer[16], sentence[704];
    snprintf(answer, sizeof answer, "%u", work->different);
    snprintf(sentence, sizeof sentence, "the chip does not hold what was last set (%.100s); these differ: %s",
             work->origin, work->differences);
    plan_trap_add(plan, "content-differs", answer, "Type how many bytes differ to lock what is there now",
                  sentence);
}

static void add_slots(struct plan *plan, const char *sentence, const struct atecc_config *config,
                      bool (*holds)(const struct atecc_config *config, unsigned slot))
{
    struct buf slots = BUF_INIT;
    for (unsigned slot = 0; slot < ATECC_SLOTS; slot++)
        if (holds(config, slot))
            buf_printf(&slots, "%s%u", slots.len ? " " : "", slot);
    if (slots.len > 0)
        plan_freeze_add(plan, sentence, buf_text(&slots));
    buf_free(&slots);
}

/* What a clear write meets once the data zone is locked: the chip as it would be then answers. */
static bool clear_write_ends(const struct atecc_config *config, unsigned slot)
{
    struct atecc_config then = *config;
    struct error ignored = {0};
    enum atecc_operation write = atca_is_ecc(config, slot) ? ATECC_PRIV_WRITE : ATECC_WRITE_CLEAR;
    then.lock_value = then.raw[BYTE_LOCK_VALUE] = ATECC_LOCKED;
    return atecc_predict(&then, write, slot, &ignored) != 0;
}

static void freeze_config(const struct work *work, struct plan *plan)
{
    plan_freeze_add(plan, "16 slot policies");
    plan_freeze_add(plan, "I²C address 0x%02x", work->chip.raw[BYTE_ADDRESS] >> 1);
    plan_freeze_add(plan, "watchdog, OTP mode, counters");
    plan_freeze_add(plan, "X.509 formats");
}

static void freeze_data(const struct work *work, struct plan *plan)
{
    plan_freeze_add(plan, "OTP");
    add_slots(plan, "clear writes to slots %s", &work->chip, clear_write_ends);
}

static int make_plan(struct op_call *call, struct plan *plan, struct error *e)
{
    struct work *work = op_state(call, sizeof *work, NULL);
    char what[48];
    plan_title(plan, "lock the %s of %s", work->zone->title, work->name);
    int code = atca_plan_chip(call, plan, e);
    if (code != 0)
        return code;
    plan_step_add(plan, "lock the %s", work->zone->title);
    snprintf(what, sizeof what, "byte %u  %s", work->zone->byte, work->zone->field);
    plan_change_add(plan, what, "0x55", "0x00", work->zone->note);
    if (work->zone->operation == ATECC_LOCK_CONFIG)
        freeze_config(work, plan);
    else
        freeze_data(work, plan);
    atca_plan_weak(call, plan, &work->chip);
    plan_compared(work, plan);
    uint8_t after[ATECC_CONFIG_SIZE];
    memcpy(after, work->chip.raw, sizeof after);
    after[work->zone->byte] = ATECC_LOCKED;
    plan_expected(plan, after, sizeof after);
    return 0;
}

static int judge(struct op_call *call, size_t step, const cJSON *plan, struct op_judgement *judgement,
                 struct error *e)
{
    struct work *work = op_state(call, sizeof *work, NULL);
    (void)step, (void)plan;
    work->zone = zone_of(call);
    int code = device_chip(op_device(call), true, &work->chip, e);
    if (code != 0)
        return code;
    uint8_t lock = work->chip.raw[work->zone->byte];
    op_readback(call, work->chip.raw, sizeof work->chip.raw);
    judgement->verdict = lock == ATECC_LOCKED ? OP_DONE : lock == ATECC_UNLOCKED ? OP_NOT_DONE : OP_UNKNOWN;
    snprintf(judgement->sentence, sizeof judgement->sentence, "byte %u, %s, reads 0x%02x", work->zone->byte,
             work->zone->field, lock);
    return 0;
}

static int run(struct op_call *call, size_t step, struct error *e)
{
    struct work *work = op_state(call, sizeof *work, NULL);
    (void)step;
    cJSON *args = cJSON_CreateObject();
    cJSON_AddNumberToObject(args, "zone", work->zone->number);
    int code = atca_call(call, &work->chip, "ATCA.LockZone", args, NULL, e);
    device_chip_forget(op_device(call));
    return code;
}

static int verify(struct op_call *call, size_t step, struct error *e)
{
    struct work *work = op_state(call, sizeof *work, NULL);
    struct atecc_config now;
    (void)step;
    int code = device_chip(op_device(call), true, &now, e);
    if (code != 0)
        return code;
    if (now.raw[work->zone->byte] != ATECC_LOCKED) {
        error_set(e, ERR_READBACK, "the lock was answered as done, but byte %u, %s, reads back as 0x%02x",
                  work->zone->byte, work->zone->field, now.raw[work->zone->byte]);
        return error_next(e, "Read the chip with atca-get-config before trying again.");
    }
    op_readback(call, now.raw, sizeof now.raw);
    struct buf names = BUF_INIT;
    char name[32];
    for (unsigned i = 0; i < ATECC_CONFIG_SIZE; i++)
        if (i != work->zone->byte && now.raw[i] != work->chip.raw[i]) {
            atecc_field_at(&now, i, name);
            buf_printf(&names, "%s%u %s", names.len ? ", " : "", i, name);
        }
    if (names.len > 0)
        code = error_set(e, ERR_READBACK, "the %s is locked, but other bytes changed with it: %s",
                         work->zone->title, buf_text(&names));
    buf_free(&names);
    return code;
}

static int finish(struct op_call *call, struct error *e)
{
    struct work *work = op_state(call, sizeof *work, NULL);
    (void)e;
    op_note(call, op_is_resume(call) ? "read back: %s 0x00" : "read back: %s 0x00, 127 other bytes unchanged",
            work->zone->field);
    op_say(call, "LockZone successful.");
    return 0;
}

static const struct op_arg args[] = {
    {.name = "ZONE",            .type = TYPE_CHOICE, .choices = "config|data", .help = "which zone to lock for ever"},
    {0},
};

static const struct op_arg options[] = {
    {.name = "compare",
     .type = TYPE_FILE,
     .help = "refuse unless the chip's configuration is the one in this file"},
    {0},
};

const struct op atca_op_lock_zone = {
    .name = "atca-lock-zone",
    .summary = "lock the configuration or the data zone for ever",
    .help = "Locks a zone; no command and no factory can open it again. Before that the zone is read three "
            "times, "
            "and compared with --compare FILE, or with what atca-set-config last wrote to this chip. After "
            "it, the "
            "zone is read back.\nThe configuration zone is locked first; keys go in between or, by encrypted "
            "writes, later; then the data zone.",
    .example = "atca-lock-zone config --compare atca-test-config.yaml\natca-lock-zone data --dry-run=false",
    .args = args,
    .options = options,
    .needs = NEED_ATCA,
    .hazard = HAZARD_IRREVERSIBLE,
    .check = check,
    .plan = make_plan,
    .run = run,
    .verify = verify,
    .finish = finish,
    .judge = judge,
};
