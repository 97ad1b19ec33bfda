/* Executor: see executor.h. Find, parse, attach, check; then run, or plan and pass the gate. */
#include "shell/executor.h"
#include "base/clock.h"
#include "shell/call.h"
#include "shell/irreversible.h"
#include "shell/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- every command -------------------------------------------------------------------------------------- */

static int run_plain(struct op_call *call, struct error *e)
{
    const struct op *op = call->op;
    call->entered = true;
    int rc = op->run(call, 0, e);
    if (rc == 0 && op->verify != NULL)
        rc = op->verify(call, 0, e);
    if (rc == 0 && op->finish != NULL)
        rc = op->finish(call, e);
    return rc;
}

/* A dry run is the default for what cannot be undone. Asked for, it must not run what has no plan and changes
 * something. */
static int settle_mode(struct op_call *call, struct error *e)
{
    bool rehearsal = call->session->rehearsal && call->session->script != NULL;
    const char *asked = rehearsal ? "true" : options_value(call->options, OPTION_DRY_RUN);
    bool dry = asked ? option_boolean(asked) == 1 : call->op->plan != NULL;
    call->plan = dry && call->op->plan != NULL;
    if (!dry || call->plan || call->op->hazard == HAZARD_NONE)
        return 0;
    error_set(e, ERR_USAGE, "%s has no dry run, and one was asked for: nothing was sent", call->op->name);
    return error_next(e, "Leave --dry-run out: what %s changes can be changed back.", call->op->name);
}

/* With its lines coming from standard input a command cannot read a file from there. */
static int check_standard_input(const struct op_call *call, struct error *e)
{
    for (size_t i = 0; call->session->stdin_is_commands && i < call->parse->count; i++) {
        const struct parse_item *item = &call->parse->item[i];
        if (item->arg != NULL && item->arg->type == TYPE_FILE && strcmp(item->value, "-") == 0)
            return error_set(e, ERR_USAGE,
                             "%s cannot be read from standard input: the commands come from there",
                             item->arg->name);
    }
    return 0;
}

static int perform(struct op_call *call, struct error *e)
{
    const struct op *op = call->op;
    struct session *session = call->session;
    unsigned needs = op->needs & (NEED_RPC | NEED_ATCA);
    int rc = parser_check(call->parse, e);
    if (rc == 0)
        rc = check_standard_input(call, e);
    if (rc == 0)
        rc = settle_mode(call, e);
    if (rc == 0 && (needs || op->needs & SHELL_NEED_PORT))
        rc = session_attach(session, call->options, e);
    if (rc == 0 && needs)
        rc = device_require(session->device, needs, e);
    if (rc == 0 && op->check != NULL)
        rc = op->check(call, e);
    if (rc == 0)
        rc = op->plan != NULL ? irreversible_run(call, e) : run_plain(call, e);
    return rc;
}

/* --help behind a command is `help COMMAND`. */
static void turn_to_help(struct session *session, struct parse *parse)
{
    struct words words = WORDS_INIT;
    words_add(&words, "help");
    if (parse->op != NULL)
        words_add(&words, parse->op->name);
    parse_free(parse);
    parser_parse(&session->registry, &words, parse, NULL);
    words_free(&words);
}

static void remember(struct session *session, struct op_call *call, const struct error *e)
{
    unsigned needs = call->op ? call->op->needs : 0;
    if (needs & SHELL_KEEPS_LAST || (needs & SHELL_RUNS_COMMANDS && (e->code == 0 || call->told)))
        return;
    session_forget_last(session);
    session->last = (struct session_last){.any = true,
                                          .error = *e,
                                          .command = mem_string(call->parse->command),
                                          .text = call->report.text,
                                          .result = call->report.result};
    call->report.text = BUF_INIT;
    call->report.result = NULL;
}

/* Says what is about to run, secrets masked: to the front end, and with --verbose to the person. */
static void begin(struct op_call *call, int rc)
{
    const struct front *front = call->session->front;
    struct buf line = BUF_INIT;
    report_open(call);
    parse_line(call->parse, 0, NULL, &line);
    if (front != NULL)
        front->begin(front->ctx, buf_text(&line));
    if (rc == 0 && options_flag(call->options, OPTION_VERBOSE))
        report_echo(call, buf_text(&line));
    buf_free(&line);
}

/* A machine's record says which device it is about: asked once, when the command has not done so. */
static void name_device(struct op_call *call, int rc)
{
    struct device *device = call->session->device;
    const cJSON *info;
    bool cut = rc == ERR_CONNECTION || rc == ERR_INTERRUPTED;
    if (call->report.json && !cut && call->op != NULL && call->op->needs != NEED_NOTHING && device != NULL &&
        device_id_known(device) == NULL && rpc_state(device_rpc(device)) == RPC_UP)
        device_info(device, false, &info, NULL);
}

/* Runs a parsed command with its options and closes its report. rc: what parsing said, e filled if it failed.
 */
static int run_parsed(struct session *session, struct parse *parse, const struct options *options,
                      const char *where, int rc, struct error *e)
{
    int64_t start = clock_us();
    struct op_call call = {.op = parse->op, .parse = parse, .session = session, .options = options};
    call.report.json = options_flag(options, OPTION_JSON);
    begin(&call, rc);
    if (rc == 0)
        rc = perform(&call, e);
    name_device(&call, rc);
    session_note_device(session);
    if (rc < 0 && (e->code == 0 || *e->message == '\0'))
        error_set(e, rc, rc == ERR_INTERRUPTED ? "interrupted" : "the command ended without saying why");
    if (rc == 0)
        error_clear(e);
    int64_t elapsed = (clock_us() - start + 500) / 1000;
    report_close(&call, where, elapsed, e);
    remember(session, &call, e);
    call_free(&call);
    if (session->front != NULL)
        session->front->end(session->front->ctx, e->code);
    return e->code;
}

int executor_run(struct session *session, const struct words *words, const char *where, struct error *e)
{
    struct parse parse;
    struct options options;
    error_clear(e);
    options_copy(&session->options, &options);
    int rc = parser_parse(&session->registry, words, &parse, e);
    int applied = parser_apply_options(&parse, false, &options, rc < 0 ? NULL : e);
    rc = rc < 0 ? rc : applied;
    for (size_t i = 0; rc == 0 && i < parse.count; i++)
        if (parse.item[i].global == OPTION_HELP) {
            turn_to_help(session, &parse);
            break;
        }
    if (parse.command != NULL || rc < 0)
        rc = run_parsed(session, &parse, &options, where, rc, e);
    parse_free(&parse);
    options_free(&options);
    return rc;
}

void executor_tell(struct session *session, const char *where, struct error *e)
{
    struct parse parse = PARSE_INIT;
    parse.command = mem_string("");
    run_parsed(session, &parse, &session->options, where, e->code, e);
    parse_free(&parse);
}

int executor_run_line(struct session *session, const char *line, const char *where, struct error *e)
{
    struct words words;
    error_clear(e);
    int rc = lexer_line(line, &words, e);
    if (rc == 0)
        rc = lexer_expand(&words, session_lookup, session, e);
    if (rc < 0)
        executor_tell(session, where, e);
    else if (words.count > 0)
        rc = executor_run(session, &words, where, e);
    words_free(&words);
    return rc;
}

static void apply_variables(struct session *session, struct error *e)
{
    const char **values;
    size_t count = options_list(&session->options, OPTION_VAR, &values);
    for (size_t i = 0; i < count && e->code == 0; i++)
        vars_assign(&session->vars, values[i], e);
    free(values);
}

int executor_run_start(struct session *session, const struct words *words, bool *ran, struct error *e)
{
    struct parse parse;
    error_clear(e);
    int rc = parser_parse(&session->registry, words, &parse, e);
    int applied = parser_apply_options(&parse, true, &session->options, rc < 0 ? NULL : e);
    rc = rc < 0 ? rc : applied;
    if (rc == 0)
        apply_variables(session, e);
    rc = rc < 0 ? rc : e->code;
    if (rc == 0 && options_flag(&session->options, OPTION_HELP))
        turn_to_help(session, &parse);
    const char *dry = options_value(&session->options, OPTION_DRY_RUN);
    session->rehearsal = dry != NULL && option_boolean(dry) == 1;
    const char **lines;
    size_t line_count = rc == 0 ? options_list(&session->options, OPTION_E, &lines) : 0;
    *ran = rc < 0 || parse.command != NULL || line_count > 0;
    bool failed_before = rc < 0;
    if (line_count > 0)
        rc = script_run_lines(session, lines, line_count, e);
    if (!failed_before)
        free(lines);
    if (failed_before || (rc == 0 && parse.command != NULL && !session->quit))
        rc = run_parsed(session, &parse, &session->options, NULL, rc, e);
    parse_free(&parse);
    return rc;
}
