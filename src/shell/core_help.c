/* help: the tables, for people, for man and for shells. */
#include "base/text.h"
#include "shell/call.h"
#include "shell/core.h"
#include "shell/help.h"

#include <string.h>

static int help_one(struct op_call *call, const char *name, struct buf *text, struct error *e)
{
    const struct registry *registry = &call->session->registry;
    const struct op *op = registry_find(registry, name);
    if (op != NULL) {
        help_command(op, text);
        op_json(call, NULL, help_json(op));
        return 0;
    }
    char safe[80], near[NEAREST_WORDS_SIZE];
    registry_near_names(registry, name, near);
    error_set(e, ERR_USAGE, "\"%s\" is not a command", text_safe(name, safe, sizeof safe));
    return error_next(e, "%s%s%slockstep help lists the commands.", *near ? "Near names: " : "", near,
                      *near ? ". " : "");
}

static void help_all(struct op_call *call, struct buf *text)
{
    const struct registry *registry = &call->session->registry;
    help_list(registry, text);
    cJSON *commands = cJSON_CreateArray();
    for (size_t i = 0; i < registry->count; i++)
        cJSON_AddItemToArray(commands, help_json(registry->op[i]));
    op_json(call, "commands", commands);
}

static int run_help(struct op_call *call, size_t step, struct error *e)
{
    (void)step;
    static const struct {
        const char *flag;
        void (*write)(const struct registry *registry, struct buf *to);
    } forms[] = {
        {"man",             help_man            },
        {"bash-completion", help_bash_completion}
    };
    struct buf text = BUF_INIT;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (!op_arg_flag(call, forms[i].flag))
            continue;
        forms[i].write(&call->session->registry, &text);
        op_data(call, text.data, text.len, false);
        buf_free(&text);
        return 0;
    }
    const char *name = op_arg_value(call, "COMMAND");
    int rc = 0;
    if (name != NULL)
        rc = help_one(call, name, &text, e);
    else
        help_all(call, &text);
    if (text.len > 0)
        op_say(call, "%.*s", (int)text.len - 1, buf_text(&text));
    buf_free(&text);
    return rc;
}

static const struct op_arg help_args[] = {
    {"COMMAND",     TYPE_COMMAND, ARG_OPTIONAL, "command to explain", NULL, 0, NULL},
    {0},
};
static const struct op_arg help_options[] = {
    {"man", TYPE_FLAG, 0, "print the manual page (roff)", NULL, 0, NULL},
    {"bash-completion",    TYPE_FLAG, 0, "print a completion script for bash", NULL, 0, NULL},
    {0},
};

const struct op core_help = {
    .name = "help",
    .summary = "list the commands, or explain one",
    .args = help_args,
    .options = help_options,

    .run = run_help,
};
