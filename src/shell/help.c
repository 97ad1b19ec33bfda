/* Help texts: see help.h. */
#include "shell/help.h"
#include "shell/options.h"
#include "shell/parser.h"

#include <string.h>

enum { WIDTH = 100 }; /* columns of a line of help */

const char *help_hazard(enum op_hazard hazard)
{
    static const char *const sentences[] = {
        [HAZARD_NONE] = "",
        [HAZARD_WRITES] = "Changes the device; it can be changed back.",
        [HAZARD_RESETS] = "Restarts the device.",
        [HAZARD_IRREVERSIBLE] =
            "Cannot be undone: without --dry-run=false it shows the plan and sends nothing.",
    };
    return (unsigned)hazard <= HAZARD_IRREVERSIBLE ? sentences[hazard] : "";
}

/* "--name=VALUE" as help shows it. */
static void put_option_name(const struct op_arg *arg, struct buf *to)
{
    static const char *const values[] = {
        [TYPE_WORD] = "WORD",        [TYPE_CHOICE] = NULL,      [TYPE_NUMBER] = "NUMBER",
        [TYPE_SLOT] = "SLOT",        [TYPE_FILE] = "FILE",      [TYPE_NEW_FILE] = "FILE",
        [TYPE_DEVICE_FILE] = "FILE", [TYPE_CONFIG_KEY] = "KEY", [TYPE_ASSIGNMENT] = "NAME=VALUE",
        [TYPE_METHOD] = "METHOD",    [TYPE_JSON] = "JSON",      [TYPE_COMMAND] = "COMMAND",
        [TYPE_TEXT] = "LINE",        [TYPE_FLAG] = "",
    };
    bool is_short = arg->name[1] == '\0';
    const char *value = arg->type == TYPE_CHOICE ? arg->choices : values[arg->type];
    buf_printf(to, "%s%s%s%s", is_short ? "-" : "--", arg->name,
               *value == '\0' ? ""
               : is_short     ? " "
                              : "=",
               value);
}

/* Text in lines of at most WIDTH columns, the second and later ones indented. Line ends in it are kept. */
static void put_wrapped(struct buf *to, const char *text, size_t indent, size_t column)
{
    while (*text != '\0') {
        size_t n = strcspn(text, " \n");
        if (column > indent && column + n > WIDTH) {
            buf_printf(to, "\n%*s", (int)indent, "");
            column = indent;
        }
        buf_add(to, text, n);
        column += n + 1;
        text += n;
        if (*text == '\n') {
            buf_printf(to, "\n%*s", (int)indent, "");
            column = indent;
        } else if (*text == ' ' && column + strcspn(text + 1, " \n") <= WIDTH) {
            buf_add_byte(to, ' ');
        }
        text += *text != '\0';
    }
    buf_add_byte(to, '\n');
}

static void put_padded(struct buf *to, const char *name, size_t width, const char *text)
{
    size_t n = strlen(name);
    if (n > width)
        buf_printf(to, "  %s\n  %*s  ", name, (int)width, "");
    else
        buf_printf(to, "  %-*s  ", (int)width, name);
    put_wrapped(to, text, width + 4, width + 4);
}

static void put_option(const struct op_arg *arg, struct buf *to)
{
    struct buf name = BUF_INIT, text = BUF_INIT;
    put_option_name(arg, &name);
    buf_add_text(&text, arg->help ? arg->help : "");
    if (arg->fallback != NULL)
        buf_printf(&text, " (%s when not given)", arg->fallback);
    put_padded(to, buf_text(&name), 26, buf_text(&text));
    buf_free(&name);
    buf_free(&text);
}

static void put_global_options(struct buf *to)
{
    for (size_t i = 0; i < OPTION_COUNT; i++)
        put_option(&option_table()[i].arg, to);
}

/* Commands of one plugin. */
static void put_commands(const struct registry *registry, const struct plugin *plugin, struct buf *to)
{
    buf_printf(to, "\n%s: %s\n", plugin->name, plugin->summary ? plugin->summary : "");
    for (size_t i = 0; i < registry->count; i++)
        if (strcmp(registry->origin[i], plugin->name) == 0)
            put_padded(to, registry->op[i]->name, 18, registry->op[i]->summary);
}

void help_list(const struct registry *registry, struct buf *to)
{
    buf_add_text(to, "lockstep [options]                       the console\n"
                     "lockstep [options] COMMAND [argument…]   one command\n"
                     "lockstep [options] run FILE              a command file\n");
    for (size_t i = 1; i <= registry->plugin_count; i++) /* the core, which is first, comes last */
        put_commands(registry, registry->plugin[i % registry->plugin_count], to);
    buf_add_text(to, "\noptions, before or after the command:\n");
    put_global_options(to);
    buf_add_text(to, "\nlockstep help COMMAND explains one command. An option can come from the environment: "
                     "LOCKSTEP_PORT "
                     "or MOS_PORT\nis --port, and so on for all but --confirm, --accept and --dry-run.\n");
}

void help_command(const struct op *op, struct buf *to)
{
    parser_usage(op, to);
    buf_printf(to, "\n\n%s\n", op->summary);
    if (*help_hazard(op->hazard))
        buf_printf(to, "%s\n", help_hazard(op->hazard));
    if (op->help != NULL) {
        buf_add_byte(to, '\n');
        put_wrapped(to, op->help, 0, 0);
    }
    if (op->args != NULL && op->args[0].name != NULL)
        buf_add_text(to, "\narguments:\n");
    for (const struct op_arg *a = op->args; a != NULL && a->name != NULL; a++) {
        struct buf text = BUF_INIT;
        buf_printf(&text, "%s%s%s%s", a->help ? a->help : "", a->type == TYPE_CHOICE ? " (" : "",
                   a->type == TYPE_CHOICE ? a->choices : "", a->type == TYPE_CHOICE ? ")" : "");
        put_padded(to, a->name, 18, buf_text(&text));
        buf_free(&text);
    }
    if (op->options != NULL && op->options[0].name != NULL)
        buf_add_text(to, "\noptions:\n");
    for (const struct op_arg *a = op->options; a != NULL && a->name != NULL; a++)
        put_option(a, to);
    if (op->example != NULL)
        buf_printf(to, "\nexample:\n%s\n", op->example);
}

static cJSON *args_json(const struct op_arg *list)
{
    static const char *const types[] = {"word",     "choice",      "number",     "slot",       "file",
                                        "new-file", "device-file", "config-key", "assignment", "method",
                                        "json",     "command",     "text",       "flag"};
    cJSON *array = cJSON_CreateArray();
    for (const struct op_arg *a = list; a != NULL && a->name != NULL; a++) {
        cJSON *arg = cJSON_CreateObject();
        cJSON_AddStringToObject(arg, "name", a->name);
        cJSON_AddStringToObject(arg, "type", types[a->type]);
        cJSON_AddBoolToObject(arg, "optional", (a->flags & ARG_OPTIONAL) != 0);
        cJSON_AddBoolToObject(arg, "repeat", (a->flags & ARG_REPEAT) != 0);
        cJSON_AddBoolToObject(arg, "secret", (a->flags & ARG_SECRET) != 0);
        cJSON_AddStringToObject(arg, "help", a->help ? a->help : "");
        if (a->type == TYPE_CHOICE)
            cJSON_AddStringToObject(arg, "choices", a->choices);
        if (a->fallback != NULL)
            cJSON_AddStringToObject(arg, "fallback", a->fallback);
        cJSON_AddItemToArray(array, arg);
    }
    return array;
}

cJSON *help_json(const struct op *op)
{
    static const char *const hazards[] = {"none", "writes", "resets", "irreversible"};
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "name", op->name);
    cJSON_AddStringToObject(object, "summary", op->summary);
    cJSON_AddStringToObject(object, "hazard", hazards[op->hazard]);
    cJSON_AddItemToObject(object, "arguments", args_json(op->args));
    cJSON_AddItemToObject(object, "options", args_json(op->options));
    return object;
}
