/* atca-get-pub-key: the public key of the private key in a slot. */
#include "atca.h"

static int check(struct op_call *call, struct error *e)
{
    return atca_new_file_check(op_arg_value(call, "FILE"), e);
}

static int run(struct op_call *call, size_t step, struct error *e)
{
    struct atecc_config config;
    unsigned slot = (unsigned)op_arg_number(call, "SLOT");
    uint8_t point[PKI_POINT_SIZE];
    struct buf pem = BUF_INIT;
    (void)step;
    int code = atca_begin(call, &config, e);
    if (code == 0)
        code = atecc_predict(&config, ATECC_GET_PUB_KEY, slot, e);
    if (code == 0)
        code = atca_pub_key(call, &config, slot, point, e);
    if (code == 0)
        code = pki_point_pem(point, &pem, e);
    if (code == 0)
        code = atca_give(call, op_arg_value(call, "FILE"), 0644, pem.data, pem.len, e);
    buf_free(&pem);
    return code;
}

static const struct op_arg args[] = {
    {.name = "SLOT",                    .type = TYPE_SLOT, .help = "slot of the chip, 0-15"},
    {.name = "FILE",
     .type = TYPE_NEW_FILE,
     .flags = ARG_OPTIONAL,
     .help = "where the PEM goes: a new file, - for standard output, -- for standard error"},
    {0                   },
};

const struct op atca_op_get_pub_key = {
    .name = "atca-get-pub-key",
    .summary = "show the public key of a slot",
    .help = "Writes the public key as PEM (SubjectPublicKeyInfo).",
    .example = "atca-get-pub-key 0\natca-get-pub-key 0 pub.pem",
    .args = args,
    .needs = NEED_ATCA,
    .hazard = HAZARD_NONE,
    .check = check,
    .run = run,
};
