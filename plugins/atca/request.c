/* atca-gen-csr and atca-gen-cert: a request or a certificate for the key in a slot, signed by the chip. As in
 * mos both make a new key first, unless --keep-key says to use the one that is there. */
#include "atca.h"

#include "base/file.h"
#include "device/files.h"
#include "pki/request.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum part { PART_KEY, PART_SIGN, PART_UPLOAD };

struct work {
    struct atecc_config chip;
    unsigned slot;
    bool certificate, keep;
    enum part parts[3]; /* what each step of the plan is */
    size_t part_count;
    char file[512]; /* "-" is standard output */
    char name[96];
    struct buf subject, template, ca_cert, ca_key, pem;
    struct atca_slot_signer slot_signer;
    struct pki_signer signer;
};

static void release(void *state)
{
    struct work *work = state;
    buf_free(&work->subject);
    buf_free(&work->template);
    buf_free(&work->ca_cert);
    buf_free(&work->ca_key);
    buf_free(&work->pem);
}

static struct work *work_of(struct op_call *call)
{
    return op_state(call, sizeof(struct work), release);
}

static int read_option(struct op_call *call, const char *option, struct buf *to, struct error *e)
{
    const char *file = op_arg_value(call, option);
    return file != NULL ? file_read(file, ATCA_TEXT_MAX, to, e) : 0;
}

static int read_subject(struct op_call *call, struct work *work, const char *template, struct error *e)
{
    const char *subject = op_arg_value(call, "subject");
    int code = read_option(call, template, &work->template, e);
    if (code != 0)
        return code;
    if (subject != NULL)
        return pki_subject_parse(subject, &work->subject, e);
    if (op_arg_value(call, template) != NULL)
        return pki_subject_of(buf_text(&work->template), work->template.len, op_arg_value(call, template),
                              &work->subject, e);
    error_set(e, ERR_USAGE, "whose %s it is must be said", work->certificate ? "certificate" : "request");
    return error_next(e, "Give --subject /CN=name, or --%s FILE.", template);
}

static int read_inputs(struct op_call *call, struct work *work, struct error *e)
{
    work->ca_key.secret = true;
    int code = read_subject(call, work, work->certificate ? "cert-template" : "csr-template", e);
    bool by_ca = work->certificate && op_arg_given(call, "ca-key-file");
    if (code == 0 && by_ca && op_arg_value(call, "ca-cert-file") == NULL)
        code = error_set(e, ERR_USAGE,
                         "--ca-key-file wants --ca-cert-file: the issuer's certificate, "
                         "beside the key that signs for it");
    /* --ca-cert-file alone is the link's: whom a wss:// device is trusted by. */
    if (code == 0 && by_ca)
        code = read_option(call, "ca-cert-file", &work->ca_cert, e);
    if (code == 0 && by_ca)
        code = read_option(call, "ca-key-file", &work->ca_key, e);
    return code;
}

static void set_file(struct op_call *call, struct work *work)
{
    const char *file = op_arg_value(call, "FILE");
    if (file != NULL)
        snprintf(work->file, sizeof work->file, "%s", file);
    else if (work->certificate)
        snprintf(work->file, sizeof work->file, "atca-%u.crt.pem", work->slot);
    else
        snprintf(work->file, sizeof work->file, "-");
}

static int predict(const struct work *work, struct error *e)
{
    static const enum atecc_operation needed[] = {ATECC_GEN_KEY, ATECC_GET_PUB_KEY, ATECC_SIGN};
    int code = 0;
    for (size_t i = work->keep; code == 0 && i < sizeof needed / sizeof *needed; i++)
        code = atecc_predict(&work->chip, needed[i], work->slot, e);
    return code;
}

static void choose_parts(struct work *work)
{
    if (!work->keep)
        work->parts[work->part_count++] = PART_KEY;
    work->parts[work->part_count++] = PART_SIGN;
    if (work->certificate)
        work->parts[work->part_count++] = PART_UPLOAD;
}

static int check(struct op_call *call, bool certificate, struct error *e)
{
    struct work *work = work_of(call);
    work->certificate = certificate;
    work->slot = (unsigned)op_arg_number(call, "SLOT");
    work->keep = op_arg_flag(call, "keep-key");
    set_file(call, work);
    choose_parts(work);
    int code = read_inputs(call, work, e);
    if (code == 0)
        code = atca_new_file_check(work->file, e);
    if (code == 0)
        code = atca_begin(call, &work->chip, e);
    if (code == 0)
        code = predict(work, e);
    if (code != 0)
        return code;
    atca_chip_name(call, &work->chip, work->name, sizeof work->name);
    work->slot_signer = (struct atca_slot_signer){call, &work->chip, work->slot};
    atca_signer(&work->slot_signer, &work->signer);
    return work->keep ? atca_pub_key(call, &work->chip, work->slot, work->signer.point, e) : 0;
}

static int check_csr(struct op_call *call, struct error *e)
{
    return check(call, false, e);
}

static int check_cert(struct op_call *call, struct error *e)
{
    return check(call, true, e);
}

static const char *device_name(const struct work *work, char *copy, size_t size)
{
    if (atca_is_stream(work->file))
        snprintf(copy, size, "atca-%u.crt.pem", work->slot);
    else
        snprintf(copy, size, "%s", work->file);
    return basename(copy);
}

static int plan_part(struct op_call *call, struct work *work, struct plan *plan, enum part part,
                     struct error *e)
{
    const char *thing = work->certificate ? "certificate" : "certificate request";
    char digest[65], copy[sizeof work->file];
    switch (part) {
    case PART_KEY:
        plan_step_add(plan, "make a new key in slot %u", work->slot);
        return atca_plan_key(call, plan, &work->chip, work->slot, "a new key that the chip makes and keeps",
                             NULL, e);
    case PART_SIGN:
        plan_step_add(plan, "sign a %s for %s with slot %u", thing, buf_text(&work->subject), work->slot);
        if (work->keep) {
            pki_fingerprint(work->signer.point, digest);
            plan_check_add(plan, "slot %u keeps its key, public key SHA-256 %.16s…", work->slot, digest);
        }
        break;
    case PART_UPLOAD:
        plan_step_add(plan, "upload it to the device as %s", device_name(work, copy, sizeof copy));
        break;
    }
    return 0;
}

static int make_plan(struct op_call *call, struct plan *plan, struct error *e)
{
    struct work *work = work_of(call);
    plan_title(plan, "%s a %s for slot %u of %s", work->keep ? "sign" : "make a new key and",
               work->certificate ? "certificate" : "certificate request", work->slot, work->name);
    int code = atca_plan_chip(call, plan, e);
    if (code != 0)
        return code;
    for (size_t i = 0; code == 0 && i < work->part_count; i++)
        code = plan_part(call, work, plan, work->parts[i], e);
    plan_check_add(plan, "slot %u's policy allows it in this lock state", work->slot);
    return code;
}

/* A template keeps its own dates unless days are given. */
static int days_of(const struct op_call *call, const struct work *work)
{
    enum { TEN_YEARS = 3650 };
    if (op_arg_given(call, "cert-days"))
        return (int)op_arg_number(call, "cert-days");
    return work->template.len > 0 ? 0 : TEN_YEARS;
}

static int sign(struct op_call *call, struct work *work, struct error *e)
{
    int code;
    if (work->certificate) {
        struct pki_cert_options options = {
            .subject = buf_text(&work->subject),
            .days = days_of(call, work),
            .template_pem = work->template.len ? buf_text(&work->template) : NULL,
            .template_len = work->template.len,
            .ca_cert_pem = work->ca_cert.len ? buf_text(&work->ca_cert) : NULL,
            .ca_key_pem = work->ca_key.len ? buf_text(&work->ca_key) : NULL,
        };
        code = pki_cert_make(&options, &work->signer, &work->pem, e);
    } else {
        code = pki_request_make(buf_text(&work->subject), &work->signer, &work->pem, e);
    }
    if (code == 0 && !atca_is_stream(work->file))
        code = file_create(work->file, 0644, work->pem.data, work->pem.len, e);
    return code;
}

static int upload(struct op_call *call, const struct work *work, struct error *e)
{
    char copy[sizeof work->file];
    struct device_put put = {
        .name = device_name(work, copy, sizeof copy),
        .data = work->pem.data,
        .len = work->pem.len,
        .verify = true,
    };
    return device_file_put(op_device(call), &put, e);
}

static int run(struct op_call *call, size_t step, struct error *e)
{
    struct work *work = work_of(call);
    int code;
    switch (work->parts[step]) {
    case PART_KEY:
        code = atca_make_key(call, &work->chip, work->slot, work->signer.point, e);
        device_chip_forget(op_device(call));
        return code;
    case PART_SIGN:
        return sign(call, work, e);
    case PART_UPLOAD:
        return upload(call, work, e);
    }
    return 0;
}

static int verify(struct op_call *call, size_t step, struct error *e)
{
    struct work *work = work_of(call);
    if (work->parts[step] != PART_KEY)
        return 0; /* a signature is verified before it is given out, an upload reads back */
    return atca_verify_key(call, &work->chip, work->slot, work->signer.point, "the one it said it made", e);
}

static int finish(struct op_call *call, struct error *e)
{
    struct work *work = work_of(call);
    char copy[sizeof work->file];
    if (work->certificate)
        op_note(call, "uploaded and read back: %s", device_name(work, copy, sizeof copy));
    if (atca_is_stream(work->file))
        return atca_give(call, work->file, 0644, work->pem.data, work->pem.len, e);
    op_say(call, "%s written to %s.", work->certificate ? "Certificate" : "Certificate request", work->file);
    return 0;
}

/* Signing and uploading leave nothing behind in the chip: they can be done again. */
static int judge(struct op_call *call, size_t step, const cJSON *plan, struct op_judgement *judgement,
                 struct error *e)
{
    struct work *work = work_of(call);
    work->slot = (unsigned)op_arg_number(call, "SLOT");
    work->keep = op_arg_flag(call, "keep-key");
    choose_parts(work);
    if (step < work->part_count && work->parts[step] == PART_KEY)
        return atca_judge_key(call, step, plan, &work->chip, work->slot, judgement, e);
    judgement->verdict = OP_UNKNOWN;
    snprintf(
        judgement->sentence, sizeof judgement->sentence,
        "the chip is as the step before left it; signing and uploading can be done again with --keep-key");
    return 0;
}

static const struct op_arg csr_args[] = {
    {.name = "SLOT",                    .type = TYPE_SLOT, .help = "slot of the chip, 0-15"},
    {.name = "FILE",
     .type = TYPE_NEW_FILE,
     .flags = ARG_OPTIONAL,
     .help = "where the request goes; standard output when left out"},
    {0                   },
};

static const struct op_arg cert_args[] = {
    {.name = "SLOT",                    .type = TYPE_SLOT, .help = "slot of the chip, 0-15"},
    {.name = "FILE",
     .type = TYPE_NEW_FILE,
     .flags = ARG_OPTIONAL,
     .help = "where the certificate goes, and its name on the device; atca-SLOT.crt.pem when left out"},
    {0                   },
};

#define SUBJECT                                                                                              \
    {                                                                                                        \
        .name = "subject", .type = TYPE_WORD, .help = "whose it is: /C=IE/O=My Co/CN=name"                   \
    }
#define KEEP_KEY                                                                                             \
    {                                                                                                        \
        .name = "keep-key", .type = TYPE_FLAG, .help = "sign with the key that is there; no new key is made" \
    }

static const struct op_arg csr_options[] = {
    SUBJECT,
    {.name = "csr-template",                        .type = TYPE_FILE, .help = "PEM request whose subject is taken"},
    KEEP_KEY,
    {0},
};

static const struct op_arg cert_options[] = {
    SUBJECT,
    {.name = "cert-template",
      .type = TYPE_FILE,
      .help = "PEM certificate or request whose subject and usages are taken"},
    {.name = "cert-days",
      .type = TYPE_NUMBER,
      .max = 36500,
      .fallback = "3650",
      .help = "days the certificate is valid from now"},
    {.name = "ca-key-file",
      .type = TYPE_FILE,
      .help = "issuer's private key; --ca-cert-file is its certificate. Self-signed when left out"},
    KEEP_KEY,
    {0                                                           },
};

const struct op atca_op_gen_csr = {
    .name = "atca-gen-csr",
    .summary = "make a key in a slot and a certificate request for it",
    .help =
        "Makes a NEW key in the slot, so the old one is lost, and a PKCS#10 request signed by the chip. With "
        "--keep-key the key that is there signs and stays. The chip must have both zones locked to sign.",
    .example =
        "atca-gen-csr 0 --subject /CN=board-17\natca-gen-csr 0 csr.pem --subject /CN=board-17 --keep-key",
    .args = csr_args,
    .options = csr_options,
    .needs = NEED_ATCA,
    .hazard = HAZARD_IRREVERSIBLE,
    .check = check_csr,
    .plan = make_plan,
    .run = run,
    .verify = verify,
    .finish = finish,
    .judge = judge,
};

const struct op atca_op_gen_cert = {
    .name = "atca-gen-cert",
    .summary = "make a key in a slot and a certificate for it, and upload it",
    .help =
        "Makes a NEW key in the slot, so the old one is lost, and an X.509 certificate for it: signed by the "
        "chip itself, or by --ca-key-file. The PEM is kept here and uploaded to the device. With --keep-key "
        "the key that is there is used and stays.",
    .example =
        "atca-gen-cert 0 --subject /CN=board-17\n"
        "atca-gen-cert 0 board.crt.pem --subject /CN=board-17 --ca-cert-file ca.pem --ca-key-file ca.key",
    .args = cert_args,
    .options = cert_options,
    .needs = NEED_ATCA,
    .hazard = HAZARD_IRREVERSIBLE,
    .check = check_cert,
    .plan = make_plan,
    .run = run,
    .verify = verify,
    .finish = finish,
    .judge = judge,
};
