/* What cannot be undone: see irreversible.h. */
#include "shell/irreversible.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "pki/key.h"
#include "shell/recover.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX = 64 * 1024 * 1024 };

/* --- ledger --------------------------------------------------------------------------------------------- */

int irreversible_ledger(struct op_call *call, struct ledger **ledger, struct error *e)
{
    struct session *session = call->session;
    const char *path = options_value(call->options, OPTION_LEDGER);
    if (session->ledger != NULL && path != NULL && strcmp(path, ledger_path(session->ledger)) != 0) {
        ledger_close(session->ledger);
        session->ledger = NULL;
    }
    int rc = session->ledger != NULL ? 0 : ledger_open(path, &session->ledger, e);
    *ledger = session->ledger;
    return rc;
}

void irreversible_context(struct op_call *call, struct buf *line, struct ledger_context *context)
{
    struct device *device = call->session->device;
    parse_line(call->parse, 0, NULL, line);
    *context = (struct ledger_context){.tool = "lockstep " LOCKSTEP_VERSION,
                                       .device = device ? device_id_known(device) : NULL,
                                       .port = device ? device_port(device) : NULL,
                                       .line = buf_text(line)};
}

/* --- the plan ------------------------------------------------------------------------------------------- */

/* A path that means the same in another folder; streams stay as they are. */
static char *absolute(const char *path)
{
    char *full = path_expand(path);
    if (*full == '/' || strcmp(full, "-") == 0 || strcmp(full, "--") == 0)
        return full;
    char *here = getcwd(NULL, 0), *joined = path_join(here ? here : ".", full);
    free(here);
    free(full);
    return joined;
}

static void digest_of(const char *path, char to[65])
{
    struct buf bytes = {.secret = true};
    uint8_t digest[32];
    *to = '\0';
    if (strcmp(path, "-") != 0 && file_read(path, FILE_MAX, &bytes, NULL) == 0) {
        pki_sha256(buf_text(&bytes), bytes.len, digest);
        text_hex(digest, sizeof digest, to);
    }
    buf_free(&bytes);
}

/* Which global options belong to what a command does, and not to how it is told to. */
static bool is_part_of_command(const struct parse_item *item)
{
    return item->global == OPTION_NONE || item->global == OPTION_ESCROW || item->global == OPTION_PRODUCTION;
}

static void add_item(struct plan *plan, const struct parse *parse, const struct parse_item *item)
{
    const struct op_arg *arg = item->arg ? item->arg : &option_table()[item->global].arg;
    bool needs = arg->type == TYPE_FILE, makes = arg->type == TYPE_NEW_FILE;
    bool is_path = needs || makes || item->global == OPTION_ESCROW;
    bool is_stream = strcmp(item->value, "-") == 0 || strcmp(item->value, "--") == 0;
    char *value = parse_item_is_secret(parse, item) ? mem_printf("${%s}", arg->name)
                  : is_path                         ? absolute(item->value)
                                                    : mem_string(item->value);
    char digest[65] = "";
    if (needs && !(arg->flags & ARG_SECRET))
        digest_of(value, digest);
    if ((needs || makes) && !is_stream)
        plan_file_add(plan, needs ? "needs" : "makes", value, digest);
    char *word = item->is_option ? mem_printf("--%s=%s", arg->name, value) : mem_string(value);
    plan_word_add(plan, word);
    free(word);
    free(value);
}

/* The command line that the plan came from: with it, and with nothing else, it can be carried out later. */
static void add_words(struct op_call *call, struct plan *plan)
{
    const struct parse *parse = call->parse;
    plan_word_add(plan, parse->command);
    for (int options = 1; options >= 0; options--) {
        for (size_t i = 0; i < parse->count; i++)
            if (parse->item[i].is_option == (options == 1) && is_part_of_command(&parse->item[i]))
                add_item(plan, parse, &parse->item[i]);
        if (options)
            plan_word_add(plan, "--");
    }
}

int irreversible_plan(struct op_call *call, struct plan *plan, struct error *e)
{
    plan_init(plan, call->op->name);
    int rc = call->op->plan(call, plan, e);
    if (rc == 0)
        add_words(call, plan);
    return rc;
}

/* The second consents that the plan's traps want and the line does not give yet. */
static void add_accepts(const struct op_call *call, const struct plan *plan, struct buf *line)
{
    const char **given;
    size_t count = options_list(call->options, OPTION_ACCEPT, &given);
    for (size_t i = 0; i < plan->trap_count; i++) {
        bool there = false;
        for (size_t k = 0; k < count; k++)
            there = there || strcmp(given[k], plan->traps[i].name) == 0;
        if (!there)
            buf_printf(line, "--accept %s ", plan->traps[i].name);
    }
    free(given);
}

/* The plan, and the line that would really do it. */
void irreversible_report(struct op_call *call, const struct plan *plan)
{
    struct buf text = BUF_INIT, line = BUF_INIT;
    plan_text(plan, 1, &text);
    if (text.len > 0 && text.data[text.len - 1] == '\n')
        text.len--;
    const char *port = options_value(call->options, OPTION_PORT) ? device_port(call->session->device) : NULL;
    buf_add_text(&line, "lockstep ");
    add_accepts(call, plan, &line);
    parse_line(call->parse, PARSE_LINE_REAL, port, &line);
    op_say(call, "%.*s", (int)text.len, buf_text(&text));
    op_say(call, "To do it: %s", buf_text(&line));
    cJSON *json = plan_json(plan);
    cJSON_AddStringToObject(json, "line", buf_text(&line));
    op_json(call, NULL, json);
    buf_free(&text);
    buf_free(&line);
}

/* --- the gate ------------------------------------------------------------------------------------------- */

static void show_plan(void *ctx, const struct plan *plan)
{
    struct op_call *call = ctx;
    const struct front *front = call->session->front;
    bool asks = options_value(call->options, OPTION_CONFIRM) == NULL && call->plan_hash == NULL;
    if (front != NULL && asks) {
        front->show(front->ctx, plan);
        return;
    }
    struct buf text = BUF_INIT;
    plan_text(plan, 0, &text);
    if (text.len > 0 && text.data[text.len - 1] == '\n')
        text.len--;
    op_note(call, "%.*s", (int)text.len, buf_text(&text)); /* standard output may be the file of a new key */
    buf_free(&text);
}

static int ask(void *ctx, const char *question, char *answer, size_t size, struct error *e)
{
    struct op_call *call = ctx;
    const struct front *front = call->session->front;
    return front != NULL ? front->ask(front->ctx, question, answer, size, e)
                         : gate_ask_terminal(NULL, question, answer, size, e);
}

/* Reads anew what the plan was made from, by making it again. */
static int observe(void *ctx, char identity[64], uint8_t state[32], struct error *e)
{
    struct op_call *call = ctx;
    struct plan now;
    if (call->session->device != NULL)
        device_chip_forget(call->session->device);
    plan_init(&now, call->op->name);
    int rc = call->op->plan(call, &now, e);
    if (rc == 0) {
        snprintf(identity, 64, "%s", now.identity ? now.identity : "");
        memcpy(state, now.state, sizeof now.state);
    }
    plan_free(&now);
    return rc;
}

struct pass {
    struct op_call *call;
    struct ledger_context context;
};

static int observe_for(void *ctx, char identity[64], uint8_t state[32], struct error *e)
{
    struct pass *pass = ctx;
    return observe(pass->call, identity, state, e);
}

static int run_step(void *ctx, size_t step, struct error *e)
{
    struct pass *pass = ctx;
    pass->call->has_readback = false;
    pass->context.readback = NULL;
    int rc = pass->call->op->run(pass->call, step, e);
    pass->call->step = step + 1;
    return rc;
}

static int verify_step(void *ctx, size_t step, struct error *e)
{
    struct pass *pass = ctx;
    int rc = pass->call->op->verify ? pass->call->op->verify(pass->call, step, e) : 0;
    if (pass->call->has_readback)
        pass->context.readback = pass->call->readback;
    return rc;
}

/* Ctrl-C waits while a step is under way: it is finished and read back first. */
static int hold_step(void *ctx, bool on, struct error *e)
{
    struct pass *pass = ctx;
    struct loop *loop = pass->call->session->loop;
    loop_interrupt_hold(loop, on);
    if (on || !loop_interrupted(loop))
        return 0;
    error_set(e, ERR_INTERRUPTED,
              "interrupted between two steps: what was begun is done and read back, the "
              "steps that were left were not sent");
    return error_next(e, "run the same command again to do the rest.");
}

static int pass_gate(struct op_call *call, const struct plan *plan, struct ledger *ledger, struct error *e)
{
    bool asks = (call->session->front != NULL || call->session->on_terminal) && !call->report.json;
    const char **accepted;
    size_t accepted_count = options_list(call->options, OPTION_ACCEPT, &accepted);
    struct gate_consent consent = {.confirm = options_value(call->options, OPTION_CONFIRM),
                                   .hash = call->plan_hash,
                                   .accept = accepted,
                                   .accept_count = accepted_count,
                                   .ask = asks ? ask : NULL,
                                   .show = call->report.json ? NULL : show_plan,
                                   .ctx = call};
    struct buf line = BUF_INIT;
    struct pass pass = {.call = call};
    struct gate_work work = {
        .observe = observe_for, .run = run_step, .verify = verify_step, .hold = hold_step, .ctx = &pass};
    struct gate_ledger records;
    irreversible_context(call, &line, &pass.context);
    ledger_bind(ledger, &pass.context, &records);
    call->step = 0;
    int rc = gate_pass(plan, &consent, &work, &records, e);
    if (rc == 0 && call->report.json)
        op_json(call, "plan", plan_json(plan));
    loop_interrupt_hold(call->session->loop, false);
    free(accepted);
    buf_free(&line);
    return rc;
}

/* A console is read-only until it is armed for the very device that is attached. */
static int check_armed(struct op_call *call, struct error *e)
{
    struct session *session = call->session;
    const cJSON *info;
    if (session->front == NULL || session->device == NULL)
        return 0;
    int rc = device_info(session->device, false, &info, e);
    session_note_device(session);
    if (rc != 0 || (session->name[0] != '\0' && strcmp(session->armed, session->name) == 0))
        return rc;
    error_set(e, ERR_CONSENT, "the console is read-only for %s: nothing was sent", session->name);
    return error_next(e, "arm allows it for the device that is attached; the step itself will still ask.");
}

int irreversible_pass(struct op_call *call, const struct plan *plan, struct error *e)
{
    struct ledger *ledger;
    struct recover_before before = {0};
    int rc = check_armed(call, e);
    if (rc == 0)
        rc = irreversible_ledger(call, &ledger, e);
    const cJSON *ignored;
    if (rc == 0 && call->session->device != NULL && device_id_known(call->session->device) == NULL)
        device_info(call->session->device, false, &ignored, NULL); /* for the ledger; it can do without */
    if (rc == 0 && !call->resuming)
        rc = recover_before_step(call, plan, &before, e);
    call->resuming = call->resuming || before.count > 0;
    if (rc == 0)
        rc = pass_gate(call, plan, ledger, e);
    if (rc == 0)
        rc = recover_after_step(call, &before, e);
    recover_before_free(&before);
    return rc;
}

int irreversible_run(struct op_call *call, struct error *e)
{
    struct plan plan;
    int rc = irreversible_plan(call, &plan, e);
    if (rc == 0 && call->plan)
        irreversible_report(call, &plan);
    else if (rc == 0)
        rc = irreversible_pass(call, &plan, e);
    plan_free(&plan);
    if (rc == 0 && !call->plan && call->op->finish != NULL)
        rc = call->op->finish(call, e);
    return rc;
}

/* --- a command inside a command ------------------------------------------------------------------------- */

/* The device that is attached stays, unless the inner line names a port of its own. */
static int attach_for(const struct call_inside *inside, struct error *e)
{
    struct session *session = inside->call.session;
    bool names_port = false;
    for (size_t i = 0; i < inside->parse.count; i++)
        names_port = names_port || inside->parse.item[i].global == OPTION_PORT;
    if (!names_port && session->device != NULL && rpc_state(device_rpc(session->device)) == RPC_UP)
        return 0;
    return session_attach(session, &inside->options, e);
}

/* Files are named by their whole path, so that the same command says the same from any folder. */
static void name_files_whole(struct parse *parse)
{
    for (size_t i = 0; i < parse->count; i++) {
        struct parse_item *item = &parse->item[i];
        bool is_file =
            item->arg != NULL && (item->arg->type == TYPE_FILE || item->arg->type == TYPE_NEW_FILE);
        if (!is_file)
            continue;
        char *whole = absolute(item->value);
        free(item->value);
        item->value = whole;
    }
}

int call_inside_begin(struct op_call *outer, const struct words *words, struct call_inside *inside,
                      struct error *e)
{
    struct session *session = outer->session;
    options_copy(outer->options, &inside->options);
    int rc = parser_parse(&session->registry, words, &inside->parse, e);
    if (rc == 0)
        rc = parser_apply_options(&inside->parse, false, &inside->options, e);
    inside->call = (struct op_call){.op = inside->parse.op,
                                    .parse = &inside->parse,
                                    .session = session,
                                    .options = &inside->options,
                                    .report = outer->report,
                                    .plan_hash = outer->plan_hash,
                                    .resuming = outer->resuming};
    inside->call.report.json = inside->call.report.json || options_flag(&inside->options, OPTION_JSON);
    outer->report = (struct report){.json = inside->call.report.json};
    if (rc == 0 && inside->parse.op == NULL)
        rc = error_set(e, ERR_USAGE, "no command was given");
    if (rc == 0)
        rc = parser_check(&inside->parse, e);
    name_files_whole(&inside->parse);
    unsigned needs = rc == 0 ? inside->call.op->needs : 0;
    if (needs & (NEED_RPC | NEED_ATCA | SHELL_NEED_PORT))
        rc = attach_for(inside, e);
    if (rc == 0 && needs & (NEED_RPC | NEED_ATCA))
        rc = device_require(session->device, needs & (NEED_RPC | NEED_ATCA), e);
    return rc;
}

void call_inside_end(struct op_call *outer, struct call_inside *inside)
{
    outer->report = inside->call.report;
    outer->told = outer->told || inside->call.told;
    inside->call.report = (struct report){0};
    call_free(&inside->call);
    parse_free(&inside->parse);
    options_free(&inside->options);
}
