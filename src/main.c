/* lockstep: options -> the console, one command, or a command file. The only place that ends the process. */
#include "base/loop.h"
#include "base/secret.h"
#include "shell/executor.h"
#include "shell/loader.h"
#include "shell/prompt.h"
#include "shell/script.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The one thing a signal handler can know. */
static struct loop *volatile interrupted_loop;

static void on_signal(int number)
{
    /* A signal that nobody has served when the next one comes ends the program at once. */
    if (loop_interrupted(interrupted_loop))
        signal(number, SIG_DFL);
    loop_interrupt(interrupted_loop);
}

static void catch_signals(struct loop *loop)
{
    static const int caught[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal};
    interrupted_loop = loop;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof caught / sizeof caught[0]; i++)
        sigaction(caught[i], &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void list_plugins(const struct session *session)
{
    for (size_t i = 0; i < session->registry.plugin_count; i++)
        fprintf(stderr, "lockstep: plugin %s %s\n", session->registry.plugin[i]->name,
                session->registry.plugin[i]->version ? session->registry.plugin[i]->version : "");
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
        return prompt_run(session);
    return script_run_stdin(session, &e);
}

int main(int argc, char **argv)
{
    secret_harden_process();
    setlocale(LC_ALL, "");
    struct loop *loop = loop_new();
    struct session session;
    struct words words = WORDS_INIT;
    struct error e = {0};
    catch_signals(loop);
    session_init(&session, loop);
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
