/* Commands about the console itself: what it shows, and whether it may do what can't be undone. */
#include "shell/call.h"
#include "shell/core.h"
#include "shell/front.h"

#include <string.h>

/* Asks the front end for what only a console can do. The operation's name is the request's. */
static int request(struct op_call *call, const char *value, struct error *e)
{
    const struct front *front = call->session->front;
    if (front != NULL && front->request != NULL)
        return front->request(front->ctx, call->op->name, value, e);
    error_set(e, ERR_USAGE, "%s is about the console's screen, and these are plain lines", call->op->name);
    return error_next(e, "Start lockstep on a terminal, without --no-tui.");
}

static int run_request(struct op_call *call, size_t step, struct error *e)
{
    (void)step;
    return request(call, call->op->args ? op_arg_value(call, call->op->args[0].name) : "", e);
}

static int run_arm(struct op_call *call, size_t step, struct error *e)
{
    (void)step;
    struct session *session = call->session;
    const cJSON *info;
    int rc = device_info(op_device(call), false, &info, e);
    session_note_device(session);
    if (rc == 0 && session->front != NULL)
        rc = request(call, session->name, e);
    if (rc != 0)
        return rc;
    memcpy(session->armed, session->name, sizeof session->armed);
    op_say(call, "Armed for %s: --dry-run=false is taken now, and each step still asks. disarm ends it.",
           session->armed);
    op_json(call, "armed", cJSON_CreateString(session->armed));
    return 0;
}

static int run_disarm(struct op_call *call, size_t step, struct error *e)
{
    (void)step;
    struct session *session = call->session;
    session->armed[0] = '\0';
    int rc = session->front != NULL ? request(call, "", e) : 0;
    if (rc == 0)
        op_say(call, "Not armed: what can't be undone is planned only.");
    return rc;
}

static const struct op_arg view_args[] = {
    {.name = "NAME",                                                  .type = TYPE_WORD, .help = "overview, chip, zones, slots, config, files, log …"},
    {0}
};
const struct op core_view = {.name = "view",
                             .summary = "show a view of the console",
                             .args = view_args,
                             .run = run_request,
                             .example = "view slots"};

static const struct op_arg theme_args[] = {
    {.name = "NAME",
     .type = TYPE_WORD,
     .help = "default, light, high-contrast, mono, solarized, or a file's name"},
    {0}
};
const struct op core_theme = {
    .name = "theme", .summary = "choose the console's colours", .args = theme_args, .run = run_request};

static const struct op_arg file_args[] = {
    {.name = "FILE",                    .type = TYPE_NEW_FILE, .help = "text file to make here"},
    {0}
};
const struct op core_save_screen = {.name = "save-screen",
                                    .summary = "write the console's screen to a text file",
                                    .args = file_args,
                                    .run = run_request};
const struct op core_save_log = {.name = "save-log",
                                 .summary = "write the device's log as the console keeps it to a file",
                                 .args = file_args,
                                 .run = run_request};

static const struct op_arg edit_args[] = {
    {.name = "FILE",                .type = TYPE_DEVICE_FILE, .help = "file on the device"},
    {0}
};
const struct op core_edit = {.name = "edit",
                             .summary = "change a file of the device in $EDITOR, and write it back",
                             .help = "Reads the file, opens it in $EDITOR, and writes it back with put "
                                     "(which reads it back) when it was changed.",
                             .args = edit_args,
                             .needs = NEED_RPC,
                             .hazard = HAZARD_WRITES,
                             .run = run_request};

const struct op core_arm = {.name = "arm",
                            .summary = "allow the console to do what can't be undone to this device",
                            .help = "The console starts read-only: --dry-run=false is refused until it is "
                                    "armed for the device that is attached. Each "
                                    "step still asks for its digits. Another device, a detach and disarm end "
                                    "it. Commands outside the console "
                                    "need no arming.",
                            .needs = NEED_RPC,
                            .run = run_arm};
const struct op core_disarm = {
    .name = "disarm", .summary = "make the console read-only again", .run = run_disarm};
