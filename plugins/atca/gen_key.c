/* atca-gen-key: a new key in a slot. An ECC slot makes its own; for the others the host makes one, and has it
 * in a file before the chip is told. */
#include "atca.h"

#include "base/file.h"
#include "base/text.h"
#include "gate/escrow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct work {
    struct atecc_config chip;
    unsigned slot;
    bool ecc;
    struct atca_write write;
    uint8_t point[PKI_POINT_SIZE];
    char name[96];
    char *file;        /* with the device's digits; NULL: standard output */
    bool made_before;  /* the run that is resumed wrote the file */
    struct secret key; /* of such a file */
};

static void release(void *state)
{
    struct work *work = state;
    secret_free(&work->write.key);
    secret_free(&work->key);
    free(work->file);
}

/* A key that a broken off run made is the key: the chip may hold it already. */
static int read_made(struct op_call *call, struct work *work, struct error *e)
{
    struct buf text = {.secret = true};
    int code = file_read(work->file, ATCA_TEXT_MAX, &text, e);
    if (code == 0)
        code = pki_symmetric_read(buf_text(&text), text.len, work->file, ATECC_BLOCK_SIZE, &work->key, e);
    if (code == 0)
        code = escrow_keep_again(work->file, op_arg_value(call, "escrow"), buf_text(&text), text.len, e);
    work->made_before = code == 0;
    buf_free(&text);
    return code;
}

static int check_file(struct op_call *call, struct work *work, struct error *e)
{
    const char *file = op_arg_value(call, "FILE");
    if (!work->ecc && atca_is_stream(file)) {
        error_set(e, ERR_REFUSED,
                  "slot %u is not an ECC slot: its key is made here and must be kept in a file, for the chip "
                  "never gives it back",
                  work->slot);
        return error_next(e, "Name a new file: atca-gen-key %u slot%u.key.", work->slot, work->slot);
    }
    if (work->ecc || file == NULL)
        return atca_new_file_check(file, e);
    if (op_is_resume(call) && access(work->file, F_OK) == 0)
        return read_made(call, work, e);
    return escrow_check(work->file, op_arg_value(call, "escrow"), e);
}

static int check(struct op_call *call, struct error *e)
{
    struct work *work = op_state(call, sizeof *work, release);
    work->slot = (unsigned)op_arg_number(call, "SLOT");
    int code = atca_begin(call, &work->chip, e);
    if (code != 0)
        return code;
    work->ecc = atca_is_ecc(&work->chip, work->slot);
    atca_chip_name(call, &work->chip, work->name, sizeof work->name);
    code = atca_key_file_name(call, op_arg_value(call, "FILE"), &work->file, e);
    if (code == 0)
        code = check_file(call, work, e);
    if (code != 0)
        return code;
    return work->ecc ? atecc_predict(&work->chip, ATECC_GEN_KEY, work->slot, e)
                     : atca_write_decide(call, &work->chip, work->slot, &work->write, e);
}

static int make_plan(struct op_call *call, struct plan *plan, struct error *e)
{
    struct work *work = op_state(call, sizeof *work, release);
    const char *copy = op_arg_value(call, "escrow");
    plan_title(plan, "make a new key in slot %u of %s", work->slot, work->name);
    int code = atca_plan_chip(call, plan, e);
    if (code != 0)
        return code;
    plan_step_add(plan, "make a new key in slot %u", work->slot);
    if (work->ecc) {
        code = atca_plan_key(call, plan, &work->chip, work->slot, "a new key that the chip makes and keeps",
                             NULL, e);
    } else {
        char after[320];
        snprintf(after, sizeof after, "32 random bytes, in %s%s%s before the chip gets them", work->file,
                 copy ? " and in " : "", copy ? copy : "");
        code = atca_plan_key(call, plan, &work->chip, work->slot, after, NULL, e);
        atca_plan_wire(call, plan);
    }
    plan_check_add(plan, "slot %u's policy allows it in this lock state", work->slot);
    return code;
}

/* The file first, durable and read back; then the chip. */
static int run_secret(struct op_call *call, struct work *work, struct error *e)
{
    char text[2 * ATECC_BLOCK_SIZE + 2];
    int code = 0;
    if (!work->made_before) {
        secret_new(&work->key, ATECC_BLOCK_SIZE);
        secret_random(work->key.data, work->key.len);
        text_hex(work->key.data, work->key.len, text);
        text[2 * ATECC_BLOCK_SIZE] = '\n';
        code = escrow_keep(work->file, op_arg_value(call, "escrow"), text, sizeof text - 1, e);
        secret_wipe(text, sizeof text);
    }
    if (code == 0) {
        code = atca_set_key(call, &work->chip, work->slot, 0, work->key.data, &work->write, e);
        if (code != 0)
            error_prefix(e, "%s was made, but slot %u may or may not hold its key", work->file, work->slot);
    }
    return code;
}

static int run(struct op_call *call, size_t step, struct error *e)
{
    struct work *work = op_state(call, sizeof *work, release);
    (void)step;
    int code =
        work->ecc ? atca_make_key(call, &work->chip, work->slot, work->point, e) : run_secret(call, work, e);
    device_chip_forget(op_device(call));
    return code;
}

static int verify(struct op_call *call, size_t step, struct error *e)
{
    struct work *work = op_state(call, sizeof *work, release);
    (void)step;
    if (!work->ecc)
        return 0;
    return atca_verify_key(call, &work->chip, work->slot, work->point, "the one it said it made", e);
}

static int finish(struct op_call *call, struct error *e)
{
    struct work *work = op_state(call, sizeof *work, release);
    const char *file = work->file;
    if (!work->ecc) {
        op_note(call, "written; slot %u cannot be read back, so its use will be the proof", work->slot);
        op_say(call, "SetKey successful.");
        return 0;
    }
    struct buf pem = BUF_INIT;
    int code = pki_point_pem(work->point, &pem, e);
    if (code == 0)
        code = atca_give(call, file, 0644, pem.data, pem.len, e);
    if (code != 0)
        error_prefix(e, "slot %u has its new key (atca-get-pub-key %u gives its public key), but", work->slot,
                     work->slot);
    else if (!atca_is_stream(file))
        op_say(call, "Slot %u has a new key; its public key is in %s.", work->slot, file);
    buf_free(&pem);
    return code;
}

/* Another slot's key cannot be read back. But the chip is told only what is in the file already. */
static void judge_secret(struct work *work, struct op_judgement *judgement)
{
    bool made = work->file != NULL && access(work->file, F_OK) == 0;
    judgement->verdict = made ? OP_UNKNOWN : OP_NOT_DONE;
    char file[160];
    text_safe(work->file ? work->file : "", file, sizeof file);
    if (made)
        snprintf(judgement->sentence, sizeof judgement->sentence,
                 "%s holds the key, and slot %u cannot be read back", file, work->slot);
    else
        snprintf(judgement->sentence, sizeof judgement->sentence,
                 "%s was never made, and the chip gets a key only after its file", file);
}

static int judge(struct op_call *call, size_t step, const cJSON *plan, struct op_judgement *judgement,
                 struct error *e)
{
    struct work *work = op_state(call, sizeof *work, release);
    work->slot = (unsigned)op_arg_number(call, "SLOT");
    int code = atca_key_file_name(call, op_arg_value(call, "FILE"), &work->file, e);
    if (code == 0)
        code = atca_judge_key(call, step, plan, &work->chip, work->slot, judgement, e);
    work->ecc = code == 0 && atca_is_ecc(&work->chip, work->slot);
    if (code == 0 && !work->ecc)
        judge_secret(work, judgement);
    else if (code == 0 && judgement->verdict == OP_DONE)
        code = atca_pub_key(call, &work->chip, work->slot, work->point, e); /* for the file of finish */
    return code;
}

static const struct op_arg args[] = {
    {.name = "SLOT",                    .type = TYPE_SLOT, .help = "slot of the chip, 0-15"},
    {.name = "FILE",
     .type = TYPE_NEW_FILE,
     .flags = ARG_OPTIONAL,
     .help = "ECC slot: where the public key goes; other slots: where the key itself is kept (required)"},
    {0                   },
};

static const struct op_arg options[] = {
    {.name = "write-key",
     .type = TYPE_FILE,
     .help = "hex file with the key of the slot that guards writes, once the data zone is locked"},
    {0},
};

const struct op atca_op_gen_key = {
    .name = "atca-gen-key",
    .summary = "make a new key in a slot",
    .help = "In an ECC slot the chip makes the key itself and gives out only the public key, as PEM. For any "
            "other "
            "slot 32 random bytes are made here and written to FILE (0400, never over an existing file) "
            "before the "
            "chip gets them; --escrow FOLDER keeps a second copy. A ? in FILE becomes a digit of the "
            "device's MAC, "
            "from the right. The key that was in the slot is lost.",
    .example = "atca-gen-key 0 pub.pem\natca-gen-key 4 slot4.key --dry-run=false",
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
