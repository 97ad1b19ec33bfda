/* run, include, on-error, set, sleep, echo, quit. */
#include "base/clock.h"
#include "base/text.h"
#include "shell/call.h"
#include "shell/core.h"
#include "shell/script.h"

#include <string.h>

/* Options on the line of `run` are those of the whole file; the session's own options may be these very ones.
 */
static int run_run(struct op_call *call, size_t step, struct error *e)
{
    (void)step;
    struct options options;
    options_copy(call->options, &options);
    int rc = script_run_file(call->session, op_arg_value(call, "FILE"), &options, &call->told, e);
    options_free(&options);
    return rc;
}

static int run_include(struct op_call *call, size_t step, struct error *e)
{
    (void)step;
    for (size_t i = 0; call->session->script != NULL && i < call->parse->count; i++)
        if (call->parse->item[i].is_option && call->parse->item[i].global != OPTION_X) {
            error_set(e, ERR_USAGE, "include takes no options: its lines run with those of this file");
            return error_next(e, "Use set before it, or run in place of include.");
        }
    return script_run_file(call->session, op_arg_value(call, "FILE"), NULL, &call->told, e);
}

static int run_on_error(struct op_call *call, size_t step, struct error *e)
{
    (void)step;
    if (call->session->script == NULL) {
        error_set(e, ERR_USAGE, "on-error belongs in a command file");
        return error_next(e, "On a terminal every line is run, whatever happened before.");
    }
    call->session->script->go_on = strcmp(op_arg_value(call, "WHAT"), "continue") == 0;
    return 0;
}

static void show_settings(struct op_call *call)
{
    static const struct op_column columns[] = {
        {"name",  "NAME" },
        {"value", "VALUE"},
        {"kind",  "KIND" }
    };
    const struct session *session = call->session;
    op_table_begin(call, "settings", columns, 3);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option_def *def = &option_table()[i];
        const char *value = options_value(&session->options, (enum option_id)i);
        if (def->flags & (OPTION_START | OPTION_LINE))
            continue;
        char safe[200];
        if (i == OPTION_PORT)
            value = session->device ? device_port(session->device) : value ? "given, not attached" : NULL;
        op_table_row(call, (const char *[]){def->arg.name, text_safe(value ? value : "", safe, sizeof safe),
                                            "setting"});
    }
    for (size_t i = 0; i < session->vars.count; i++)
        op_table_row(call, (const char *[]){session->vars.item[i].name, "(set)", "variable"});
    op_table_end(call);
}

static int run_set(struct op_call *call, size_t step, struct error *e)
{
    (void)step;
    const char *name = op_arg_value(call, "NAME"), *value = op_arg_value(call, "VALUE");
    if (name == NULL) {
        show_settings(call);
        return 0;
    }
    enum option_id id = option_find_setting(name);
    if (id == OPTION_NONE && call->session->script != NULL && vars_is_fixed(&call->session->vars, name))
        return 0; /* a command file sets what --var did not give */
    if (id == OPTION_NONE)
        return value ? vars_set(&call->session->vars, name, value, e)
                     : error_set(e, ERR_USAGE, "VALUE is missing: what the variable shall hold");
    if (value == NULL)
        return error_set(e, ERR_USAGE, "VALUE is missing: %s", option_table()[id].arg.help);
    return options_set(&call->session->options, id, value, e);
}

static bool never(void *ctx)
{
    (void)ctx;
    return false;
}

static int run_sleep(struct op_call *call, size_t step, struct error *e)
{
    (void)step;
    int64_t ms = option_duration_ms(op_arg_value(call, "SECONDS"));
    if (ms < 0) {
        char safe[64];
        return error_set(e, ERR_USAGE, "\"%s\" is not a time: give 2, 0.5, 500ms or 1m",
                         text_safe(op_arg_value(call, "SECONDS"), safe, sizeof safe));
    }
    if (loop_run_until(call->session->loop, never, NULL, clock_ms() + ms) == LOOP_INTERRUPTED)
        return error_set(e, ERR_INTERRUPTED, "interrupted");
    return 0;
}

static int run_echo(struct op_call *call, size_t step, struct error *e)
{
    (void)step;
    (void)e;
    const char *text = op_arg_value(call, "TEXT");
    struct buf safe = BUF_INIT;
    text_printable(text ? text : "", text ? strlen(text) : 0, true, 0, &safe);
    op_say(call, "%s", buf_text(&safe));
    op_json(call, "text", cJSON_CreateString(text ? text : ""));
    buf_free(&safe);
    return 0;
}

static int run_quit(struct op_call *call, size_t step, struct error *e)
{
    (void)step;
    (void)e;
    call->session->quit = true;
    return 0;
}

static const struct op_arg file_args[] = {
    {"FILE", TYPE_FILE, 0, "command file (\"-\": standard input)", NULL, 0, NULL},
    {0    },
};
static const struct op_arg on_error_args[] = {
    {"WHAT", TYPE_CHOICE, 0, "what a failure does to this file", "stop|continue", 0, NULL},
    {0    },
};
static const struct op_arg set_args[] = {
    {"NAME",        TYPE_WORD, ARG_OPTIONAL, "a setting (an option's long name) or a variable for ${NAME}", NULL, 0,
     NULL},
    {"VALUE", TYPE_TEXT, ARG_OPTIONAL | ARG_SECRET, "its value", NULL, 0, NULL},
    {0        },
};
static const struct op_arg sleep_args[] = {
    {"SECONDS", TYPE_WORD, 0, "2, 0.5, 500ms or 1m", NULL, 0, NULL},
    {0       },
};
static const struct op_arg echo_args[] = {
    {"TEXT",        TYPE_TEXT, ARG_OPTIONAL, "what to print", NULL, 0, NULL},
    {0},
};

const struct op core_run = {
    .name = "run",
    .summary = "run a command file",
    .help = "One command a line, up to the first that fails; the exit status is that command's. Options of "
            "this line hold for the whole file; settings and  "
            "variables "
            "that the file sets end with it.",
    .example = "run secure-element.lks\nlockstep --port sim: --confirm any run scripts/secure-element.lks",
    .args = file_args,
    .needs = SHELL_RUNS_COMMANDS,
    .run = run_run,
};
const struct op core_include = {
    .name = "include",
    .summary = "run a command file's lines as if they stood here",
    .help = "What the file sets stays set. A relative path is relative to the file that includes it.",
    .args = file_args,
    .needs = SHELL_RUNS_COMMANDS,
    .run = run_include,
};
const struct op core_on_error = {
    .name = "on-error",
    .summary = "whether a command file stops at a failure",
    .help = "With continue the file goes on; its exit status is still that of the first failure.",
    .args = on_error_args,
    .needs = SHELL_KEEPS_LAST,
    .run = run_on_error,
};
const struct op core_set = {
    .name = "set",
    .summary = "set a setting or a variable, or show the settings",
    .help = "Settings are the options: confirm, dry-run, timeout, json, log and so on. Any other name is a "
            "variable, used "
            "as ${NAME}; in a command file --var goes before set. Values of variables are not shown.",
    .example = "set confirm 012352aad1bbf378ee\nset dry-run false\nset SLOT 4",
    .args = set_args,
    .needs = SHELL_KEEPS_LAST,
    .run = run_set,
};
const struct op core_sleep = {
    .name = "sleep",
    .summary = "wait",
    .args = sleep_args,
    .needs = SHELL_KEEPS_LAST,
    .run = run_sleep,
};
const struct op core_echo = {
    .name = "echo",
    .summary = "print a text",
    .args = echo_args,
    .needs = SHELL_KEEPS_LAST,
    .run = run_echo,
};
const struct op core_quit = {
    .name = "quit",
    .summary = "end the console",
    .needs = SHELL_KEEPS_LAST,
    .run = run_quit,
};
