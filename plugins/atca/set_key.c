/* atca-set-key: writes a key from a file into a slot. */
#include "atca.h"

#include "base/file.h"

#include <stdio.h>
#include <string.h>

struct work {
    struct atecc_config chip;
    unsigned slot;
    bool ecc;
    struct secret key;
    struct atca_write write;
    uint8_t point[PKI_POINT_SIZE]; /* of an ECC key */
    char name[96];
};

static void release(void *state)
{
    struct work *work = state;
    secret_free(&work->key);
    secret_free(&work->write.key);
}

/* Only whole 32-byte blocks can be sent: 36-byte slots take one. */
static size_t key_max(const struct work *work)
{
    return atecc_slot_size(work->slot) / ATECC_BLOCK_SIZE * ATECC_BLOCK_SIZE;
}

static int read_key(struct op_call *call, struct work *work, struct error *e)
{
    const char *file = op_arg_value(call, "FILE");
    struct buf text = {.secret = true};
    char form[32];
    int code = file_read(file, ATCA_TEXT_MAX, &text, e);
    if (code == 0 && work->ecc) {
        code = pki_key_read(buf_text(&text), text.len, file, &work->key, form, e);
        if (code == 0)
            op_note(call, "Parsed %s", form);
        if (code == 0)
            code = pki_key_point(work->key.data, work->point, e);
    } else if (code == 0) {
        code = pki_symmetric_read(buf_text(&text), text.len, file, key_max(work), &work->key, e);
    }
    buf_free(&text);
    return code;
}

static int check(struct op_call *call, struct error *e)
{
    struct work *work = op_state(call, sizeof *work, release);
    work->slot = (unsigned)op_arg_number(call, "SLOT");
    int code = atca_begin(call, &work->chip, e);
    if (code != 0)
        return code;
    struct buf words = BUF_INIT;
    atecc_words_slot(&work->chip, work->slot, &words);
    op_note(call, "%s", buf_text(&words));
    buf_free(&words);
    work->ecc = atca_is_ecc(&work->chip, work->slot);
    atca_chip_name(call, &work->chip, work->name, sizeof work->name);
    code = read_key(call, work, e);
    return code == 0 ? atca_write_decide(call, &work->chip, work->slot, &work->write, e) : code;
}

static const char *manner(const struct work *work)
{
    return work->write.encrypted ? "encrypted on the chip's bus" : "in the clear on the chip's bus";
}

static int plan_ecc(struct op_call *call, struct work *work, struct plan *plan, struct error *e)
{
    char after[160], digest[65];
    pki_fingerprint(work->point, digest);
    snprintf(after, sizeof after, "key with public key SHA-256 %.16s…", digest);
    plan_step_add(plan, "write the private key into slot %u, %s", work->slot, manner(work));
    return atca_plan_key(call, plan, &work->chip, work->slot, after, digest, e);
}

static void plan_blocks(struct work *work, struct plan *plan)
{
    char what[48];
    unsigned blocks = (unsigned)(work->key.len / ATECC_BLOCK_SIZE);
    for (unsigned i = 0; i < blocks; i++) {
        plan_step_add(plan, "write block %u of %u into slot %u, %s", i, blocks, work->slot, manner(work));
        snprintf(what, sizeof what, "slot %u, block %u", work->slot, i);
        plan_change_add(plan, what, "what it holds", "32 bytes of the file",
                        "what was there before is lost; it cannot be read back");
    }
}

static int make_plan(struct op_call *call, struct plan *plan, struct error *e)
{
    struct work *work = op_state(call, sizeof *work, release);
    const char *files[] = {op_arg_value(call, "FILE"), op_arg_value(call, "write-key")};
    plan_title(plan, "write %s into slot %u of %s", files[0], work->slot, work->name);
    int code = atca_plan_chip(call, plan, e);
    if (code != 0)
        return code;
    if (work->ecc)
        code = plan_ecc(call, work, plan, e);
    else
        plan_blocks(work, plan);
    if (code != 0)
        return code;
    plan_check_add(plan, "slot %u's policy allows it in this lock state", work->slot);
    atca_plan_wire(call, plan);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (files[i] != NULL && atca_file_is_open(files[i]))
            plan_warning_add(plan, "%s can be read by others on this machine (chmod 600 %s)", files[i],
                             files[i]);
    return 0;
}

static int run(struct op_call *call, size_t step, struct error *e)
{
    struct work *work = op_state(call, sizeof *work, release);
    if (!work->ecc && work->key.len > ATECC_BLOCK_SIZE)
        op_note(call, "Writing block %zu...", step);
    int code = atca_set_key(call, &work->chip, work->slot, (unsigned)step,
                            work->key.data + step * ATECC_BLOCK_SIZE, &work->write, e);
    device_chip_forget(op_device(call));
    return code;
}

static int verify(struct op_call *call, size_t step, struct error *e)
{
    struct work *work = op_state(call, sizeof *work, release);
    (void)step;
    if (!work->ecc)
        return 0;
    return atca_verify_key(call, &work->chip, work->slot, work->point, op_arg_value(call, "FILE"), e);
}

static int finish(struct op_call *call, struct error *e)
{
    struct work *work = op_state(call, sizeof *work, release);
    (void)e;
    if (!work->ecc)
        op_note(call, "written; slot %u cannot be read back, so its use will be the proof", work->slot);
    op_say(call, "SetKey successful.");
    return 0;
}

static int judge(struct op_call *call, size_t step, const cJSON *plan, struct op_judgement *judgement,
                 struct error *e)
{
    struct work *work = op_state(call, sizeof *work, release);
    work->slot = (unsigned)op_arg_number(call, "SLOT");
    int code = atca_judge_key(call, step, plan, &work->chip, work->slot, judgement, e);
    work->ecc = code == 0 && atca_is_ecc(&work->chip, work->slot);
    if (code == 0 && !work->ecc)
        snprintf(judgement->sentence, sizeof judgement->sentence,
                 "slot %u is not an ECC slot and cannot be read back", work->slot);
    return code;
}

static const struct op_arg args[] = {
    {.name = "SLOT",                    .type = TYPE_SLOT, .help = "slot of the chip, 0-15"},
    {.name = "FILE",
     .type = TYPE_FILE,
     .help = "ECC slot: private key, PEM or 64 hex digits; other slots: hex, a multiple of 32 bytes"},
    {0                   },
};

static const struct op_arg options[] = {
    {.name = "write-key",
     .type = TYPE_FILE,
     .help = "hex file with the key of the slot that guards writes, once the data zone is locked"},
    {0},
};

const struct op atca_op_set_key = {
    .name = "atca-set-key",
    .summary = "write a key from a file into a slot",
    .help =
        "Writes an ECC P-256 private key or a secret into a slot; the key that was there is lost. Once the "
        "data zone is locked, a slot whose policy wants encrypted writes needs --write-key. The key travels "
        "to "
        "the device in the clear: only the chip's own bus is encrypted. Use a wire you trust.\n"
        "Of an ECC slot the public key is read back and compared with the file's. Other slots cannot be "
        "read.",
    .example = "atca-set-key 4 slot4.key\natca-set-key 0 ecc.key.pem --write-key=slot4.key --dry-run=false",
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
