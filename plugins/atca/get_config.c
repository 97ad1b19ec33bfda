/* atca-get-config: the configuration zone as text, alike mos's to the byte. */
#include "atca.h"

#include "codec/atecc_text.h"

#include <string.h>

static enum atecc_format format_of(const struct op_call *call)
{
    const char *format = op_arg_value(call, "format"), *file = op_arg_value(call, "FILE");
    if (format != NULL)
        return (enum atecc_format)atecc_format_by_name(format);
    return file != NULL && !atca_is_stream(file) ? atecc_format_by_file(file) : ATECC_HEX;
}

static int check(struct op_call *call, struct error *e)
{
    return atca_new_file_check(op_arg_value(call, "FILE"), e);
}

static void facts(struct op_call *call, const struct atecc_config *config)
{
    char serial[2 * ATECC_SERIAL_SIZE + 1];
    atecc_serial_hex(config, serial);
    op_json(call, "chip", cJSON_CreateString(atecc_model(config)));
    op_json(call, "serial", cJSON_CreateString(serial));
    op_json(call, "revision", cJSON_CreateNumber(config->revision));
    op_json(call, "config_locked", cJSON_CreateBool(config->lock_config == ATECC_LOCKED));
    op_json(call, "data_locked", cJSON_CreateBool(config->lock_value == ATECC_LOCKED));
}

static int run(struct op_call *call, size_t step, struct error *e)
{
    (void)step;
    struct atecc_config config;
    int code = atca_begin(call, &config, e);
    if (code != 0)
        return code;
    struct buf text = BUF_INIT;
    atecc_text_write(config.raw, format_of(call), &text);
    facts(call, &config);
    code = atca_give(call, op_arg_value(call, "FILE"), 0644, text.data, text.len, e);
    buf_free(&text);
    return code;
}

static const struct op_arg args[] = {
    {.name = "FILE",
     .type = TYPE_NEW_FILE,
     .flags = ARG_OPTIONAL,
     .help = "where the configuration goes; standard output when left out"},
    {0},
};

static const struct op_arg options[] = {
    {.name = "format",
     .type = TYPE_CHOICE,
     .choices = "yaml|json|hex",
     .help = "form of the text; by FILE's ending when left out (.yaml, .yml, .json, else hex)"},
    {0},
};

const struct op atca_op_get_config = {
    .name = "atca-get-config",
    .summary = "show the chip's configuration zone",
    .help =
        "Reads the 128 bytes of the configuration zone and writes them as YAML, JSON or hex. What it prints, "
        "atca-set-config takes unchanged. The chip's model, serial number and lock states go to standard "
        "error.",
    .example = "atca-get-config --format yaml\natca-get-config chip.yaml",
    .args = args,
    .options = options,
    .needs = NEED_ATCA,
    .hazard = HAZARD_NONE,
    .check = check,
    .run = run,
};
