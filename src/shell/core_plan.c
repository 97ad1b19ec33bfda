/* plan: what a command, or a command file, would do for ever, as text, JSON, or a plan file. */
#include "base/file.h"
#include "base/text.h"
#include "gate/plan_file.h"
#include "shell/core.h"
#include "shell/irreversible.h"
#include "shell/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct planning {
    struct op_call *call;
    cJSON *plans, *left_out;
    const char *file;    /* of the command file, or NULL */
    size_t line;         /* in it */
    size_t changed_line; /* the line whose plan changes the state that later plans are made from, or 0 */
    bool to_file, stopped;
};

/* --- one command ---------------------------------------------------------------------------------------- */

static int check_plannable(struct op_call *inner, bool to_file, struct error *e)
{
    if (inner->op->plan == NULL) {
        error_set(e, ERR_USAGE, "%s does nothing that cannot be undone, so there is nothing to plan",
                  inner->op->name);
        return error_next(e, "Run it as it is.");
    }
    for (size_t i = 0; to_file && i < inner->parse->count; i++) {
        const struct parse_item *item = &inner->parse->item[i];
        if (parse_item_is_secret(inner->parse, item))
            return error_set(e, ERR_USAGE, "the line holds a secret, and a plan file must not");
        if (item->arg != NULL && item->arg->type == TYPE_FILE && strcmp(item->value, "-") == 0)
            return error_set(e, ERR_USAGE, "%s comes from standard input, which a plan file cannot name",
                             item->arg->name);
    }
    return 0;
}

static void keep_plan(struct planning *planning, const struct plan *plan)
{
    cJSON *json = plan_json(plan);
    if (planning->file != NULL) {
        cJSON_AddStringToObject(json, "file", planning->file);
        cJSON_AddNumberToObject(json, "line", (double)planning->line);
    }
    cJSON_AddItemToArray(planning->plans, json);
    if (*plan->expected != '\0' && strcmp(plan->expected, plan->observed) != 0)
        planning->changed_line = planning->line;
}

static int plan_command(struct planning *planning, const struct words *words, struct error *e)
{
    struct call_inside inside;
    struct plan plan = {0};
    int rc = call_inside_begin(planning->call, words, &inside, e);
    inside.call.plan = true;
    if (rc == 0)
        rc = check_plannable(&inside.call, planning->to_file, e);
    if (rc == 0 && inside.call.op->check != NULL)
        rc = inside.call.op->check(&inside.call, e);
    if (rc == 0)
        rc = irreversible_plan(&inside.call, &plan, e);
    if (rc == 0) {
        irreversible_report(&inside.call, &plan);
        keep_plan(planning, &plan);
    }
    plan_free(&plan);
    call_inside_end(planning->call, &inside);
    return rc;
}

/* --- a command file ------------------------------------------------------------------------------------- */

static void stop(struct planning *planning, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void stop(struct planning *planning, const char *format, ...)
{
    struct buf why = BUF_INIT;
    va_list ap;
    va_start(ap, format);
    buf_printf(&why, "%s:%zu ", planning->file, planning->line);
    buf_vprintf(&why, format, ap);
    va_end(ap);
    op_note(planning->call, "The plan ends before %s.", buf_text(&why));
    cJSON_AddItemToArray(planning->left_out, cJSON_CreateString(buf_text(&why)));
    planning->stopped = true;
    buf_free(&why);
}

/* `set` shapes the lines behind it, so it is carried out: settings and variables end with the plan. */
static int take_setting(struct planning *planning, const struct words *words, size_t at,
                        struct options *options, struct error *e)
{
    struct session *session = planning->call->session;
    struct buf value = {.secret = true};
    if (at + 2 >= words->count)
        return 0; /* only shows */
    const char *name = words->text[at + 1];
    for (size_t i = at + 2; i < words->count; i++)
        buf_printf(&value, "%s%s", value.len ? " " : "", words->text[i]);
    enum option_id id = option_find_setting(name);
    int rc = id != OPTION_NONE                     ? options_set(options, id, buf_text(&value), e)
             : vars_is_fixed(&session->vars, name) ? 0
                                                   : vars_set(&session->vars, name, buf_text(&value), e);
    buf_free(&value);
    return rc;
}

static void plan_irreversible(struct planning *planning, const struct words *words, const struct op *op)
{
    struct error why = {0};
    if (planning->changed_line != 0)
        stop(planning,
             "(%s): it is planned from what line %zu will have changed; plan it after that line was applied",
             op->name, planning->changed_line);
    else if (plan_command(planning, words, &why) != 0)
        stop(planning, "(%s), which cannot be planned now: %s", op->name, why.message);
}

/* Commands that only read, or write on this machine, are no part of a plan; those that change the device in
 * ways that can be changed back end it, for what follows may depend on them. */
static int plan_line(struct planning *planning, const struct words *words, struct options *options,
                     struct error *e)
{
    struct parse parse;
    int rc = parser_parse(&planning->call->session->registry, words, &parse, e);
    const struct op *op = parse.op;
    parse_free(&parse);
    if (rc != 0 || op == NULL)
        return rc;
    if (strcmp(op->name, "set") == 0) {
        size_t at = 0;
        while (strcmp(words->text[at], "set") != 0)
            at++;
        return take_setting(planning, words, at, options, e);
    }
    if (op->plan != NULL)
        plan_irreversible(planning, words, op);
    else if (op->needs & SHELL_RUNS_COMMANDS)
        stop(planning, "(%s): plan that file by itself", op->name);
    else if (op->hazard != HAZARD_NONE)
        stop(planning, "(%s), which changes the device and can be changed back: run it, then plan the rest",
             op->name);
    return 0;
}

static int plan_lines(struct planning *planning, const char *text, size_t len, struct error *e)
{
    struct op_call *call = planning->call;
    const struct options *before = call->options;
    struct options options;
    struct lexer lexer;
    int rc = 0;
    options_copy(before, &options);
    call->options = &options;
    lexer_start(&lexer, text, len, true);
    while (rc == 0 && !planning->stopped) {
        struct words words = WORDS_INIT;
        int got = lexer_next(&lexer, &words, &planning->line, e);
        rc = got < 0 ? got : 0;
        if (got == LEXER_LINE)
            rc = lexer_expand(&words, session_lookup, call->session, e);
        if (rc == 0 && got == LEXER_LINE)
            rc = plan_line(planning, &words, &options, e);
        words_free(&words);
        if (got == LEXER_END)
            break;
    }
    call->options = before;
    options_free(&options);
    return rc != 0 ? error_prefix(e, "%s:%zu", planning->file, planning->line) : 0;
}

static int plan_script(struct planning *planning, const char *path, struct error *e)
{
    struct session *session = planning->call->session;
    struct session_scope scope;
    struct buf text = BUF_INIT;
    char *folder = mem_printf("%.*s", strrchr(path, '/') ? (int)(strrchr(path, '/') - path) : 1,
                              strrchr(path, '/') ? path : ".");
    struct script script = {.name = path, .folder = folder, .outer = session->script, .fd = -1};
    int rc = file_read(path, SCRIPT_SIZE_MAX, &text, e);
    planning->file = path;
    session_scope_save(session, &scope);
    session->script = &script;
    if (rc == 0)
        rc = plan_lines(planning, buf_text(&text), text.len, e);
    session->script = script.outer;
    session_scope_restore(session, &scope);
    if (rc == 0 && cJSON_GetArraySize(planning->plans) == 0) {
        rc = error_set(e, planning->stopped ? ERR_REFUSED : ERR_USAGE,
                       "%s: there is nothing that can be planned now%s", path,
                       planning->stopped ? "" : ": no command in it is irreversible");
    }
    buf_free(&text);
    free(folder);
    return rc;
}

/* --- plan ----------------------------------------------------------------------------------------------- */

/* The words of the line; "-o FILE" may stand at its end, too. */
static int take_words(struct op_call *call, struct words *words, char **out, struct error *e)
{
    struct words all;
    int rc = lexer_line(op_arg_value(call, "COMMAND"), &all, e);
    for (size_t i = 0; i < all.count; i++)
        if (strcmp(all.text[i], "-o") == 0 && i + 1 < all.count)
            *out = mem_string(all.text[++i]);
        else
            words_add(words, all.text[i]);
    words_free(&all);
    if (rc == 0 && words->count == 0)
        rc = error_set(e, ERR_USAGE, "the command to plan is missing");
    return rc;
}

static int write_file(struct planning *planning, const char *path, struct error *e)
{
    struct op_call *call = planning->call;
    char hash[PLAN_HASH_SIZE];
    struct device *device = call->session->device;
    int rc = plan_file_write(path, "lockstep " LOCKSTEP_VERSION, device ? device_id_known(device) : NULL,
                             planning->plans, planning->left_out, hash, e);
    if (rc != 0)
        return rc;
    op_say(call, "Plan written to %s. To apply it: lockstep apply %s --confirm %s", path, path, hash);
    op_json(call, "file", cJSON_CreateString(path));
    op_json(call, "hash", cJSON_CreateString(hash));
    return 0;
}

static int run_plan(struct op_call *call, size_t step, struct error *e)
{
    (void)step;
    struct words words = WORDS_INIT;
    struct planning planning = {.call = call, .plans = cJSON_CreateArray(), .left_out = cJSON_CreateArray()};
    char *out = op_arg_value(call, "o") ? mem_string(op_arg_value(call, "o")) : NULL;
    call->mode = "plan";
    int rc = take_words(call, &words, &out, e);
    planning.to_file = out != NULL;
    bool is_file = rc == 0 && strcmp(words.text[0], "run") == 0;
    if (is_file && words.count != 2)
        rc = error_set(e, ERR_USAGE, "plan run takes one command file and nothing else");
    if (rc == 0)
        rc = is_file ? plan_script(&planning, words.text[1], e) : plan_command(&planning, &words, e);
    if (rc == 0 && is_file) {
        op_json(call, NULL, cJSON_CreateObject());
        op_json(call, "plans", cJSON_Duplicate(planning.plans, true));
        op_json(call, "left_out", cJSON_Duplicate(planning.left_out, true));
    }
    if (rc == 0 && out != NULL)
        rc = write_file(&planning, out, e);
    cJSON_Delete(planning.plans);
    cJSON_Delete(planning.left_out);
    words_free(&words);
    free(out);
    return rc;
}

static const struct op_arg args[] = {
    {.name = "COMMAND",
     .type = TYPE_TEXT,
     .help = "an irreversible command with its arguments, or: run FILE"},
    {0},
};
static const struct op_arg options[] = {
    {.name = "o",                                                     .type = TYPE_NEW_FILE, .help = "write a plan file for apply; existing files are kept"},
    {0},
};

const struct op core_plan = {
    .name = "plan",
    .summary = "show what an irreversible command would do, or keep it as a plan file",
    .help =
        "Shows the plan and sends nothing that changes the device. With -o FILE the plan is kept, with the "
        "state "
        "it was made from and a hash, and apply carries it out later: on the same device, in the same state, "
        "with "
        "the same files, or not at all. plan run FILE plans a command file's irreversible lines in order, up "
        "to "
        "the first that depends on a line before it: set is carried out, lines that only read are left out.",
    .example =
        "plan atca-lock-zone config\nplan atca-set-key 0 ecc.key.pem --write-key=slot4.key -o key.plan\n"
        "plan run provision.lks -o provision.plan",
    .args = args,
    .options = options,
    .needs = SHELL_TAKES_LINE,
    .run = run_plan,
};
