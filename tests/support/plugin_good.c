/* A third party's plugin that is as it should be: it says, takes a secret, fails on request, and has one
 * irreversible operation whose "device" is the file that $GOOD_STATE names. */
#include "shell/plugin.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int run_say(struct op_call *call, size_t step, struct error *e)
{
    (void)step;
    (void)e;
    for (size_t i = 0; i < op_arg_count(call, "WORD"); i++)
        op_say(call, "%s%s", op_arg_item(call, "WORD", i), op_arg_flag(call, "loud") ? "!" : "");
    op_field(call, "level", "Level", "%llu", (unsigned long long)op_arg_number(call, "level"));
    op_field(call, "color", "Colour", "%s", op_arg_value(call, "color"));
    op_note(call, "a note");
    return 0;
}

static int run_secret(struct op_call *call, size_t step, struct error *e)
{
    (void)step;
    (void)e;
    op_say(call, "%zu bytes", strlen(op_arg_value(call, "PASSWORD")));
    return 0;
}

static int run_fail(struct op_call *call, size_t step, struct error *e)
{
    (void)step;
    error_set(e, -(int)op_arg_number(call, "CODE"), "it was asked to fail with %s",
              op_arg_value(call, "CODE"));
    return error_next(e, "do not ask");
}

static int run_table(struct op_call *call, size_t step, struct error *e)
{
    (void)step;
    (void)e;
    static const struct op_column columns[] = {
        {"name", "NAME"},
        {"size", "SIZE"}
    };
    op_table_begin(call, "rows", columns, 2);
    op_table_row(call, (const char *[]){"größe", "1"});
    op_table_row(call, (const char *[]){"b", "22"});
    op_table_end(call);
    return 0;
}

static bool is_locked(void)
{
    const char *path = getenv("GOOD_STATE");
    return path != NULL && access(path, F_OK) == 0;
}

static int check_lock(struct op_call *call, struct error *e)
{
    (void)call;
    return is_locked() ? error_set(e, ERR_REFUSED, "it is locked already") : 0;
}

static int plan_lock(struct op_call *call, struct plan *plan, struct error *e)
{
    (void)call;
    (void)e;
    plan_title(plan, "lock the good thing");
    plan_identity_chip(plan, "012352aad1bbf378ee");
    plan->state[0] = is_locked();
    plan_step_add(plan, "lock it");
    plan_change_add(plan, "byte 87", "0x55", "0x00", "for ever");
    return 0;
}

static int run_lock(struct op_call *call, size_t step, struct error *e)
{
    (void)call;
    (void)step;
    const char *path = getenv("GOOD_STATE");
    int fd = path ? open(path, O_CREAT | O_WRONLY, 0600) : -1;
    if (fd < 0)
        return error_set(e, ERR_REFUSED, "there is nothing to lock");
    close(fd);
    return 0;
}

static int verify_lock(struct op_call *call, size_t step, struct error *e)
{
    (void)step;
    if (op_arg_flag(call, "spoil"))
        return error_set(e, ERR_READBACK, "byte 87 reads 0x55, 0x00 was written");
    return 0;
}

static int finish_lock(struct op_call *call, struct error *e)
{
    (void)e;
    op_say(call, "Lock successful.");
    return 0;
}

static const struct op_arg say_args[] = {
    {"WORD",      TYPE_WORD, ARG_REPEAT, "what to say", NULL, 0, NULL},
    {0}
};
static const struct op_arg say_options[] = {
    {"loud",  TYPE_FLAG, 0, "louder", NULL, 0, NULL},
    {"level",      TYPE_NUMBER, 0, "how much", NULL, 9, "3"},
    {"color",   TYPE_CHOICE, 0, "which colour", "red|green", 0, "red"},
    {"slot",   TYPE_SLOT, 0, "a slot", NULL, 0, NULL},
    {0},
};
static const struct op_arg secret_args[] = {
    {"NAME", TYPE_WORD, 0, "whose", NULL, 0, NULL},
    {"PASSWORD",     TYPE_WORD, ARG_SECRET, "what nobody may see", NULL, 0, NULL},
    {0 },
};
static const struct op_arg fail_args[] = {
    {"CODE", TYPE_NUMBER, 0, "exit status", NULL, 130, NULL},
    {0    }
};
static const struct op_arg lock_options[] = {
    {"spoil", TYPE_FLAG, 0, "read back something else", NULL, 0, NULL},
    {"passcode",      TYPE_WORD, ARG_SECRET, "what nobody may see", NULL, 0, NULL},
    {0  },
};

static const struct op say = {
    .name = "good-say", .summary = "say words", .args = say_args, .options = say_options, .run = run_say};
static const struct op secret = {.name = "good-secret",
                                 .summary = "take a secret",
                                 .args = secret_args,
                                 .hazard = HAZARD_WRITES,
                                 .run = run_secret};
static const struct op fail = {.name = "good-fail", .summary = "fail", .args = fail_args, .run = run_fail};
static const struct op table = {.name = "good-table", .summary = "a table", .run = run_table};
static const struct op lock = {
    .name = "good-lock",
    .summary = "lock for ever",
    .options = lock_options,
    .hazard = HAZARD_IRREVERSIBLE,
    .check = check_lock,
    .plan = plan_lock,
    .run = run_lock,
    .verify = verify_lock,
    .finish = finish_lock,
};

static const struct op *const ops[] = {&say, &secret, &fail, &table, &lock, NULL};

const struct plugin lockstep_plugin = {
    .abi = PLUGIN_ABI, .name = "good", .version = "1", .summary = "a well-made plugin", .ops = ops};
