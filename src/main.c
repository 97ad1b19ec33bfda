/* lockstep: options -> the console, one command, or a command file. The only place that ends the process. */
#include "base/loop.h"
#include "base/secret.h"
#include "shell/executor.h"
#include "shell/loader.h"
#include "shell/prompt.h"
#include "shell/script.h"
#include "tui/tui.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The one thing a signal handler can know. */
static struct session *volatile signalled;

/* A signal that nobody has served when the next one comes ends the program at once. */
static void on_end(int number)
{
    if (loop_interrupted(signalled->loop))
        signal(number, SIG_DFL);
    if (number != SIGINT)
        signalled->terminated = 1;
    loop_interrupt(signalled->loop);
}

static void on_redraw(int number)
{
    (void)number;
    signalled->redraw = 1;
}

static void catch_signals(struct session *session)
{
    static const struct {
        int number;
        void (*handler)(int number);
    } caught[] = {
        {SIGINT,   on_end   },
        {SIGTERM,  on_end   },
        {SIGHUP,   on_end   },
        {SIGCONT,  on_redraw},
        {SIGWINCH, on_redraw},
        {SIGPIPE,  SIG_IGN  }
    };
    signalled = session;
    for (size_t i = 0; i < sizeof caught / sizeof caught[0]; i++) {
        /* What only redraws does not break a write in the middle; what ends does. poll(2) wakes for both. */
        struct sigaction action = {.sa_handler = caught[i].handler,
                                   .sa_flags = caught[i].handler == on_redraw ? SA_RESTART : 0};
        sigemptyset(&action.sa_mask);
        sigaction(caught[i].number, &action, NULL);
    }
}

static void list_plugins(const struct session *session)
{
    for (size_t i = 0; i < session->registry.plugin_count; i++)
        fprintf(stderr, "lockstep: plugin %s %s\n", session->registry.plugin[i]->name,
                session->registry.plugin[i]->version ? session->registry.plugin[i]->version : "");
}

static bool wants_screen(const struct session *session)
{
    const char *terminal = getenv("TERM");
    if (options_flag(&session->options, OPTION_NO_TUI) || options_flag(&session->options, OPTION_JSON))
        return false;
    return terminal != NULL && *terminal != '\0' && strcmp(terminal, "dumb") != 0;
}

/* The curses console. */
static int run_screen(struct session *session)
{
    const struct options *options = &session->options;
    const char *size = options_value(options, OPTION_SCREEN_SIZE);
    struct tui_options screen = {.theme = options_value(options, OPTION_THEME),
                                 .keys = options_value(options, OPTION_KEYS),
                                 .ascii = options_flag(options, OPTION_ASCII),
                                 .no_mouse = !options_flag(options, OPTION_MOUSE)};
    struct error e = {0};
    int rc = size != NULL ? tui_parse_size(size, &screen.cols, &screen.rows, &e) : 0;
    if (rc == 0)
        rc = tui_run(session, &screen, &e);
    if (rc < 0)
        executor_tell(session, NULL, &e);
    return rc;
}

/* The program's command line, then the console or standard input when it held no command. */
static int run(struct session *session, const struct words *words)
{
    struct error e = {0};
    bool ran = false;
    int rc = executor_run_start(session, words, &ran, &e);
    if (options_flag(&session->options, OPTION_VERBOSE))
        list_plugins(session);
    if (ran)
        return rc;
    if (options_flag(&session->options, OPTION_VERSION))
        return printf("lockstep %s\n", LOCKSTEP_VERSION) < 0 ? ERR_REFUSED : 0;
    if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
        return wants_screen(session) ? run_screen(session) : prompt_run(session);
    return script_run_stdin(session, &e);
}

int main(int argc, char **argv)
{
    secret_harden_process();
    setlocale(LC_CTYPE, ""); /* for the width of text only: numbers keep their point */
    struct loop *loop = loop_new();
    struct session session;
    struct words words = WORDS_INIT;
    struct error e = {0};
    session_init(&session, loop);
    catch_signals(&session);
    session.on_terminal = isatty(STDIN_FILENO);
    loader_load_all(&session.registry, stderr);
    for (int i = 1; i < argc; i++)
        words_add(&words, argv[i]);
    int rc = options_from_environment(&session.options, &e);
    if (rc < 0)
        executor_tell(&session, NULL, &e);
    else
        rc = run(&session, &words);
    words_free(&words);
    session_free(&session);
    loop_free(loop);
    return rc == 0 ? 0 : error_exit_status(rc);
}
