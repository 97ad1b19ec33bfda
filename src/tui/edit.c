/* A file in the person's editor: the terminal is the editor's meanwhile, the loop goes on. */
#include "tui/inside.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct editor {
    bool ended;
};

static void on_end(void *ctx, short revents)
{
    (void)revents;
    ((struct editor *)ctx)->ended = true;
}

static bool has_ended(void *ctx)
{
    return ((struct editor *)ctx)->ended;
}

/* $VISUAL and $EDITOR may hold options: the shell takes them apart; the path is its argument. */
static void become_editor(const struct tui *tui, const char *path)
{
    const char *editor = getenv("VISUAL");
    if (editor == NULL || *editor == '\0')
        editor = getenv("EDITOR");
    char *line = mem_printf("%s \"$1\"", editor != NULL && *editor != '\0' ? editor : "vi");
    static const int usual[] = {SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGPIPE, SIGWINCH};
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
        signal(usual[i], SIG_DFL);
    dup2(tui->stray.out, STDOUT_FILENO);
    dup2(tui->stray.error, STDERR_FILENO);
    execl("/bin/sh", "sh", "-c", line, "sh", path, (char *)NULL);
    _exit(127);
}

int edit_file(struct tui *tui, const char *path, struct error *e)
{
    struct editor editor = {false};
    int status = 0;
    display_leave(tui->display);
    loop_watch_events(tui->input, 0);
    pid_t child = fork();
    if (child == 0)
        become_editor(tui, path);
    int handle = child > 0 ? (int)syscall(SYS_pidfd_open, child, 0) : -1;
    if (handle >= 0) {
        struct loop_watch *watch = loop_watch_start(tui->loop, handle, POLLIN, on_end, &editor);
        while (loop_run_until(tui->loop, has_ended, &editor, -1) == LOOP_INTERRUPTED && !tui->ended)
            loop_interrupt_clear(tui->loop);
        loop_watch_stop(watch);
        close(handle);
    }
    if (child > 0)
        waitpid(child, &status, 0);
    loop_watch_events(tui->input, POLLIN);
    display_return(tui->display);
    tui_resized(tui, tui->options->rows, tui->options->cols);
    if (child < 0)
        return error_set_errno(e, ERR_REFUSED, "the editor could not be started");
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    error_set(e, ERR_REFUSED, "the editor ended without success, so what it wrote is not used");
    return error_next(e, "Set VISUAL or EDITOR to the editor that you use.");
}
