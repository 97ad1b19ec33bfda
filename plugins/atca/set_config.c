/* atca-set-config: writes the configuration zone while it is open. */
#include "atca.h"

#include "base/file.h"
#include "codec/atecc_text.h"

#include <stdio.h>
#include <string.h>

enum { BYTE_I2C_ENABLE = 14, BYTE_ADDRESS = 16, BYTE_LAST = ATECC_CONFIG_SIZE - 1 };
enum { BYTE_CHIP_MODE = 19, BYTE_USER_EXTRA = 84, BYTE_EXTRA_ADDRESS = 85 };

struct work {
    struct atecc_config chip; /* as it is */
    uint8_t wanted[ATECC_CONFIG_SIZE];
    char name[96]; /* of the chip and the device */
};

static int read_wanted(struct op_call *call, uint8_t raw[ATECC_CONFIG_SIZE], struct error *e)
{
    const char *file = op_arg_value(call, "FILE"), *format = op_arg_value(call, "format");
    struct buf text = BUF_INIT;
    int code = file_read(file, ATCA_TEXT_MAX, &text, e);
    if (code == 0)
        code = atecc_text_read(buf_text(&text), text.len,
                               format != NULL ? (enum atecc_format)atecc_format_by_name(format)
                                              : atecc_format_by_file(file),
                               file, raw, e);
    buf_free(&text);
    return code;
}

static int check(struct op_call *call, struct error *e)
{
    struct work *work = op_state(call, sizeof *work, NULL);
    int code = read_wanted(call, work->wanted, e);
    if (code == 0)
        code = atca_begin(call, &work->chip, e);
    if (code != 0)
        return code;
    atca_chip_name(call, &work->chip, work->name, sizeof work->name);
    if (work->chip.lock_config == ATECC_LOCKED) {
        error_set(e, ERR_REFUSED,
                  "config zone is already locked: this chip's configuration can never be written again");
        return error_next(
            e, "See what it holds with atca-get-config; another configuration needs another chip.");
    }
    return atecc_predict(&work->chip, ATECC_WRITE_CONFIG, 0, e);
}

/* Bytes as the data sheet writes them: 16-bit fields are little-endian numbers. */
static void hex_words(const struct atecc_field *field, const uint8_t *bytes, unsigned count, struct buf *to)
{
    bool number = field->each == 2;
    buf_clear(to);
    buf_add_text(to, "0x");
    for (unsigned i = 0; i < count; i++)
        buf_printf(to, "%02x", bytes[number ? count - 1 - i : i]);
}

/* What SetConfig writes: the library's Write, and its UpdateExtra for two bytes more. */
static bool is_set(unsigned byte)
{
    return atecc_byte_is_writable(byte) || byte == BYTE_USER_EXTRA || byte == BYTE_EXTRA_ADDRESS;
}

/* Last byte of the run that starts at `first`, differs, and lies in one element of one field. */
static unsigned element_end(const struct work *work, unsigned first, char name[32])
{
    unsigned end = first;
    char other[32];
    atecc_field_at(&work->chip, first, name);
    while (end < BYTE_LAST && is_set(end + 1)) {
        atecc_field_at(&work->chip, end + 1, other);
        if (strcmp(name, other) != 0)
            break;
        end++;
    }
    return end;
}

/* One change per field element that differs; warns of the fields that can cut the chip off. */
static unsigned add_changes(const struct work *work, struct plan *plan)
{
    struct buf before = BUF_INIT, after = BUF_INIT;
    unsigned count = 0;
    for (unsigned i = BYTE_ADDRESS; i <= BYTE_LAST; i++) {
        char name[32], what[64];
        if (!is_set(i))
            continue;
        const struct atecc_field *field = atecc_field_at(&work->chip, i, name);
        unsigned end = element_end(work, i, name), size = end - i + 1;
        if (memcmp(work->chip.raw + i, work->wanted + i, size) != 0) {
            if (size == 1)
                snprintf(what, sizeof what, "byte %u  %s", i, name);
            else
                snprintf(what, sizeof what, "bytes %u-%u  %s", i, end, name);
            hex_words(field, work->chip.raw + i, size, &before);
            hex_words(field, work->wanted + i, size, &after);
            plan_change_add(plan, what, buf_text(&before), buf_text(&after), NULL);
            if (field->trap != NULL && i != BYTE_ADDRESS)
                plan_warning_add(plan, "%s: %s", name, field->trap);
            count++;
        }
        i = end;
    }
    buf_free(&before);
    buf_free(&after);
    return count;
}

/* Whether the file says something else about a byte than the chip, as far as a file can: factory bytes may be
 * left out of it, and of I2C_Enable the text forms hold bit 0 only. */
static bool says_otherwise(const struct work *work, unsigned byte)
{
    uint8_t mask = byte == BYTE_I2C_ENABLE ? 0x01 : 0xff;
    bool unsaid = byte < BYTE_ADDRESS && work->wanted[byte] == 0;
    return !unsaid && ((work->chip.raw[byte] ^ work->wanted[byte]) & mask) != 0;
}

/* Names the bytes that the file sets otherwise than the chip has them, and that writing leaves alone. */
static void warn_ignored(const struct work *work, struct plan *plan)
{
    struct buf names = BUF_INIT;
    char last[32] = "", name[32];
    for (unsigned i = 0; i <= BYTE_LAST; i++) {
        if (is_set(i) || !says_otherwise(work, i))
            continue;
        atecc_field_at(&work->chip, i, name);
        if (strcmp(name, last) != 0)
            buf_printf(&names, "%s%s (byte %u)", names.len ? ", " : "", name, i);
        memcpy(last, name, sizeof last);
    }
    if (names.len > 0)
        plan_warning_add(plan, "the file sets these otherwise than this chip, which ignores them: %s",
                         buf_text(&names));
    buf_free(&names);
}

/* AES slots on a chip that has no AES: they would hold what nothing can use. */
static void warn_aes(const struct work *work, const struct atecc_config *after, struct plan *plan)
{
    struct buf slots = BUF_INIT;
    for (unsigned slot = 0; slot < ATECC_SLOTS && !atecc_is_608(&work->chip); slot++)
        if (after->slot[slot].key_type == ATECC_KEY_AES)
            buf_printf(&slots, " %u", slot);
    if (slots.len > 0)
        plan_warning_add(plan, "slots%s get KeyType AES, which only an ATECC608A knows; this is an %s",
                         buf_text(&slots), atecc_model(&work->chip));
    buf_free(&slots);
}

/* Where the chip answers from its next wake: at byte 16, or, on a 608 whose ChipMode has bit 0 set, at byte
 * 85 unless that is 0. */
static unsigned address_byte(const struct work *work, const uint8_t raw[ATECC_CONFIG_SIZE])
{
    bool extra = atecc_is_608(&work->chip) && (raw[BYTE_CHIP_MODE] & 1) != 0 && raw[BYTE_EXTRA_ADDRESS] != 0;
    return extra ? BYTE_EXTRA_ADDRESS : BYTE_ADDRESS;
}

static void add_address_trap(const struct work *work, struct plan *plan)
{
    unsigned byte = address_byte(work, work->wanted);
    unsigned now = work->chip.raw[address_byte(work, work->chip.raw)] >> 1, then = work->wanted[byte] >> 1;
    if (now == then && work->chip.raw[BYTE_ADDRESS] == work->wanted[BYTE_ADDRESS])
        return;
    char answer[8], sentence[256];
    snprintf(answer, sizeof answer, "0x%02x", then);
    snprintf(sentence, sizeof sentence,
             "byte %u moves the chip from bus address 0x%02x to another one at its next wake: firmware that "
             "looks for it at 0x%02x loses it, for ever once the zone is locked",
             byte, now, now);
    plan_trap_add(plan, "i2c-address", answer, "Type the new bus address (in the form 0x60)", sentence);
}

/* The zone as it will read: what a host writes, and UpdateExtra's two bytes behind it. */
static void expect_bytes(const struct work *work, struct plan *plan)
{
    uint8_t after[ATECC_CONFIG_SIZE];
    for (unsigned i = 0; i < ATECC_CONFIG_SIZE; i++)
        after[i] = is_set(i) ? work->wanted[i] : work->chip.raw[i];
    plan_expected(plan, after, sizeof after);
}

static int judge(struct op_call *call, size_t step, const cJSON *plan, struct op_judgement *judgement,
                 struct error *e)
{
    struct work *work = op_state(call, sizeof *work, NULL);
    (void)step;
    int code = atca_judge_config(call, plan, judgement, e);
    if (code == 0)
        code = device_chip(op_device(call), false, &work->chip, e);
    atca_plan_bytes(plan, "expected", work->wanted);
    return code;
}

static int make_plan(struct op_call *call, struct plan *plan, struct error *e)
{
    struct work *work = op_state(call, sizeof *work, NULL);
    struct atecc_config after;
    plan_title(plan, "write %s into the configuration zone of %s", op_arg_value(call, "FILE"), work->name);
    int code = atca_plan_chip(call, plan, e);
    if (code != 0)
        return code;
    plan_step_add(plan, "write the configuration zone");
    unsigned fields = add_changes(work, plan);
    unsigned bytes = atca_differences(&work->chip, work->chip.raw, work->wanted, 0, BYTE_LAST, NULL);
    plan_check_add(plan, "the configuration zone is open");
    plan_check_add(plan, "%u fields, %u writable bytes differ from the file", fields, bytes);
    warn_ignored(work, plan);
    atecc_config_decode(work->wanted, &after);
    warn_aes(work, &after, plan);
    atca_plan_weak(call, plan, &after);
    add_address_trap(work, plan);
    expect_bytes(work, plan);
    return 0;
}

static int run(struct op_call *call, size_t step, struct error *e)
{
    struct work *work = op_state(call, sizeof *work, NULL);
    (void)step;
    cJSON *args = cJSON_CreateObject();
    atca_args_bytes(args, "config", work->wanted, sizeof work->wanted);
    int code = atca_call(call, &work->chip, "ATCA.SetConfig", args, NULL, e);
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
    op_readback(call, now.raw, sizeof now.raw);
    struct buf names = BUF_INIT;
    unsigned count = atca_differences(&now, now.raw, work->wanted, 0, BYTE_LAST, &names);
    for (unsigned i = BYTE_USER_EXTRA; i <= BYTE_EXTRA_ADDRESS; i++)
        if (now.raw[i] != work->wanted[i]) {
            count++;
            buf_printf(&names, "%s%u", names.len ? ", " : "", i);
        }
    if (count > 0) {
        code = error_set(e, ERR_READBACK,
                         "the configuration zone was written, but %u of its bytes read back otherwise: %s",
                         count, buf_text(&names));
        error_next(e, "Do not lock it; write it once more with atca-set-config and read it back.");
    }
    buf_free(&names);
    return code;
}

static int finish(struct op_call *call, struct error *e)
{
    struct work *work = op_state(call, sizeof *work, NULL);
    struct error why = {0};
    (void)e;
    if (atca_remember(call, &work->chip, work->wanted, op_arg_value(call, "FILE"), &why) != 0)
        op_note(call,
                "What was written could not be remembered for the lock (%s): give atca-lock-zone --compare.",
                why.message);
    op_say(call, "SetConfig successful.");
    return 0;
}

static const struct op_arg args[] = {
    {.name = "FILE",
     .type = TYPE_FILE,
     .help = "configuration as YAML, JSON or hex; what atca-get-config writes"},
    {0},
};

static const struct op_arg options[] = {
    {.name = "format",
     .type = TYPE_CHOICE,
     .choices = "yaml|json|hex",
     .help = "form of FILE; by its ending when left out (.yaml, .yml, .json, else hex)"},
    {0},
};

const struct op atca_op_set_config = {
    .name = "atca-set-config",
    .summary = "write the chip's configuration zone",
    .help =
        "Writes bytes 16-85 and 88-127 of the configuration zone and reads them back; the chip ignores the "
        "rest of the file. Works until the zone is locked. A new I2C address (byte 16) wants a consent of "
        "its own: the chip answers at that address from its next wake.\n"
        "What was written is remembered for this serial number, and atca-lock-zone compares with it.",
    .example = "atca-set-config atca-test-config.yaml\natca-set-config atca-test-config.yaml --dry-run=false",
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
