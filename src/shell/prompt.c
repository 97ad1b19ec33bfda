/* Line mode: see prompt.h. readline by its callback interface inside the loop; its terminal state is put back
 * while a command runs, so that a command, and the gate's question, have the terminal as the shell left it.
 */
#include "shell/prompt.h"
#include "base/secret.h"
#include "base/text.h"
#include "shell/executor.h"
#include "shell/history.h"
#include "shell/prompt_complete.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

struct prompt {
    struct session *session;
    struct loop_watch *watch;
    struct history history;
    struct buf line; /* what was typed, with lines that a backslash continued */
    bool shown;      /* readline has the terminal */
    bool ended;
};

/* readline's line handler takes no context: this is the prompt that has the terminal now. */
static struct prompt *current;

static void on_line(char *text);

static char *prompt_text(const struct prompt *prompt)
{
    const char *id = prompt->session->device ? device_id_known(prompt->session->device) : NULL;
    char safe[64];
    if (prompt->line.len > 0)
        return mem_string("> ");
    return mem_printf("%s> ", id ? text_safe(id, safe, sizeof safe) : "lockstep");
}

static void show(struct prompt *prompt)
{
    char *text = prompt_text(prompt);
    current = prompt;
    rl_callback_handler_install(text, on_line);
    free(text);
    loop_watch_events(prompt->watch, POLLIN);
    prompt->shown = true;
}

static void hide(struct prompt *prompt)
{
    rl_callback_handler_remove();
    loop_watch_events(prompt->watch, 0);
    prompt->shown = false;
}

static void run_line(struct prompt *prompt, const char *line)
{
    struct error e;
    history_add(&prompt->history, &prompt->session->registry, line);
    executor_run_line(prompt->session, line, NULL, &e);
    loop_interrupt_clear(prompt->session->loop);
}

/* A whole line was typed; NULL is the end of input. */
static void on_line(char *text)
{
    struct prompt *prompt = current;
    hide(prompt);
    if (text == NULL) {
        prompt->ended = true;
        fputc('\n', stdout);
        return;
    }
    buf_add_text(&prompt->line, text);
    secret_wipe(text, strlen(text));
    free(text);
    if (lexer_is_continued(buf_text(&prompt->line))) {
        prompt->line.data[prompt->line.len - 1] = ' ';
    } else {
        char *line = buf_take(&prompt->line);
        run_line(prompt, line);
        secret_wipe(line, strlen(line));
        free(line);
    }
    prompt->ended = prompt->session->quit || prompt->session->terminated;
    if (!prompt->ended)
        show(prompt);
}

static void on_input(void *ctx, short revents)
{
    struct prompt *prompt = ctx;
    if (revents & (POLLHUP | POLLNVAL | POLLERR) && !(revents & POLLIN))
        prompt->ended = true;
    else if (prompt->shown)
        rl_callback_read_char();
}

/* Writes a line above the prompt and what is typed there. */
static void put_above(struct prompt *prompt, const char *text)
{
    if (prompt->shown)
        rl_clear_visible_line();
    printf("%s\n", text);
    fflush(stdout);
    if (prompt->shown)
        rl_forced_update_display();
}

static void on_log(void *ctx, const char *line, size_t len)
{
    struct prompt *prompt = ctx;
    struct buf text = BUF_INIT;
    if (!options_flag(&prompt->session->options, OPTION_LOG))
        return;
    text_printable_log(line, len, 4096, &text);
    put_above(prompt, buf_text(&text));
    buf_free(&text);
}

/* While a command runs it is the command that tells. */
static void on_notice(void *ctx, const char *sentence)
{
    struct prompt *prompt = ctx;
    if (prompt->shown)
        put_above(prompt, sentence);
}

/* Ctrl-C at the prompt: the line is dropped, a new one begins. */
static void drop_line(struct prompt *prompt)
{
    loop_interrupt_clear(prompt->session->loop);
    buf_clear(&prompt->line);
    prompt->ended = prompt->session->terminated;
    if (!prompt->shown || prompt->ended)
        return;
    rl_free_line_state();
    rl_callback_sigcleanup();
    hide(prompt);
    fputs("^C\n", stdout);
    fflush(stdout);
    show(prompt);
}

/* Asked on every turn of the loop: a good place to see what a signal handler left. */
static bool is_ended(void *ctx)
{
    struct prompt *prompt = ctx;
    if (prompt->session->redraw && prompt->shown) {
        prompt->session->redraw = 0;
        rl_resize_terminal();
        rl_deprep_terminal();
        rl_prep_terminal(1); /* a shell that had the terminal in between left it otherwise */
        rl_forced_update_display();
    }
    return prompt->ended;
}

int prompt_run(struct session *session)
{
    struct prompt prompt = {.session = session, .line = {.secret = true}};
    rl_catch_signals = 0; /* the loop serves Ctrl-C */
    rl_readline_name = "lockstep";
    prompt_complete_install(session, &prompt.watch);
    history_open(&prompt.history);
    session->watcher = (struct session_watcher){on_log, on_notice, &prompt};
    prompt.watch = loop_watch_start(session->loop, STDIN_FILENO, 0, on_input, &prompt);
    printf("lockstep %s. help lists the commands, Tab completes, Ctrl-D ends.\n", LOCKSTEP_VERSION);
    show(&prompt);
    while (loop_run_until(session->loop, is_ended, &prompt, -1) == LOOP_INTERRUPTED)
        drop_line(&prompt);
    if (prompt.shown)
        hide(&prompt);
    loop_watch_stop(prompt.watch);
    session->watcher = (struct session_watcher){0};
    history_close(&prompt.history);
    buf_free(&prompt.line);
    return session->terminated ? ERR_INTERRUPTED : 0;
}
