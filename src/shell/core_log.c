/* log, console: what the device says by itself. */
#include "base/text.h"
#include "shell/call.h"
#include "shell/core.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int run_log(struct op_call *call, size_t step, struct error *e)
{
    (void)step;
    (void)e;
    const struct session *session = call->session;
    size_t have = session->log_count < SESSION_LOG_LINES ? session->log_count : SESSION_LOG_LINES;
    size_t wanted = (size_t)op_arg_number(call, "N"), count = have < wanted ? have : wanted;
    cJSON *lines = cJSON_CreateArray();
    for (size_t i = session->log_count - count; i < session->log_count; i++) {
        const char *line = session->log[i % SESSION_LOG_LINES];
        op_say(call, "%s", line);
        cJSON_AddItemToArray(lines, cJSON_CreateString(line));
    }
    op_json(call, "lines", lines);
    if (count == 0)
        op_note(call, "No log line came since the device was attached. console shows them as they come.");
    return 0;
}

/* --- console -------------------------------------------------------------------------------------------- */

enum { CONSOLE_JSON_LINES = 10000 }; /* bound of what --json collects */

struct console {
    struct op_call *call;
    cJSON *lines; /* --json only */
    bool timestamp, ended, lost;
    char why[512];
};

static void put_time(struct buf *to)
{
    struct timespec now;
    struct tm local;
    char text[32];
    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &local);
    strftime(text, sizeof text, "%H:%M:%S", &local);
    buf_printf(to, "%s.%03ld  ", text, now.tv_nsec / 1000000);
}

static void console_log(void *ctx, const char *line, size_t len)
{
    struct console *console = ctx;
    struct buf text = BUF_INIT;
    if (console->timestamp)
        put_time(&text);
    text_printable_log(line, len, 0, &text);
    op_say(console->call, "%s", buf_text(&text));
    fflush(stdout);
    if (cJSON_GetArraySize(console->lines) < CONSOLE_JSON_LINES)
        cJSON_AddItemToArray(console->lines, cJSON_CreateString(buf_text(&text)));
    buf_free(&text);
}

static void console_notice(void *ctx, const char *sentence)
{
    struct console *console = ctx;
    console->lost = true;
    snprintf(console->why, sizeof console->why, "%s", sentence);
}

/* What is typed is read and dropped; its end ends the console. */
static void console_input(void *ctx, short revents)
{
    (void)revents;
    struct console *console = ctx;
    char drop[256];
    if (read(STDIN_FILENO, drop, sizeof drop) <= 0)
        console->ended = true;
}

static bool console_done(void *ctx)
{
    const struct console *console = ctx;
    return console->ended || console->lost;
}

static int run_console(struct op_call *call, size_t step, struct error *e)
{
    (void)step;
    struct session *session = call->session;
    struct console console = {
        .call = call, .timestamp = op_arg_flag(call, "timestamp"), .lines = cJSON_CreateArray()};
    struct session_watcher before = session->watcher;
    session->watcher = (struct session_watcher){console_log, console_notice, &console};
    bool reads = !session->stdin_is_commands && !op_arg_flag(call, "no-input");
    struct loop_watch *watch =
        reads ? loop_watch_start(session->loop, STDIN_FILENO, POLLIN, console_input, &console) : NULL;
    op_note(call, "Log of %s. Ctrl-C ends it.", device_port(session->device));
    enum loop_result result = loop_run_until(session->loop, console_done, &console, -1);
    loop_watch_stop(watch);
    session->watcher = before;
    op_json(call, "lines", console.lines);
    if (result == LOOP_INTERRUPTED)
        return error_set(e, ERR_INTERRUPTED, "ended by Ctrl-C");
    return console.lost ? error_set(e, ERR_CONNECTION, "%s", console.why) : 0;
}

static const struct op_arg log_args[] = {
    {"N",           TYPE_NUMBER, ARG_OPTIONAL, "how many lines", NULL, SESSION_LOG_LINES, "20"},
    {0},
};
static const struct op_arg console_options[] = {
    {"timestamp", TYPE_FLAG, 0, "put the time of day before each line", NULL, 0, NULL},
    {"no-input",          TYPE_FLAG, 0, "do not end with standard input", NULL, 0, NULL},
    {0      },
};

const struct op core_log = {
    .name = "log",
    .summary = "the last log lines of the device",
    .args = log_args,
    .run = run_log,
};
const struct op core_console = {
    .name = "console",
    .summary = "show the device's log as it comes",
    .help = "Ends with Ctrl-C (exit status 130), the end of standard input (0) or a lost link (3). Control "
            "characters are "
            "shown, not obeyed. In a command file standard input is not read.",
    .options = console_options,
    .needs = SHELL_NEED_PORT,
    .run = run_console,
};
