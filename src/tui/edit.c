/* A file of the device in the person's editor: fetched by get, written back by put when it was changed. The
 * terminal is the editor's meanwhile, the loop goes on. */
#include "base/file.h"
#include "shell/executor.h"
#include "shell/lexer.h"
#include "tui/inside.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EDIT_MAX = 8 * 1024 * 1024 };

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

static int run_editor(struct tui *tui, const char *path, struct error *e)
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
    error_set(e, ERR_REFUSED, "the editor ended without success, so nothing is written to the device");
    return error_next(e, "Set VISUAL or EDITOR to the editor that you use.");
}

/* "get NAME PATH", "put PATH NAME": run as lines of their own, so that they are seen and recorded. */
static int run_line(struct tui *tui, const char *command, const char *first, const char *second,
                    struct error *e)
{
    struct buf line = BUF_INIT;
    struct error why = {0};
    buf_printf(&line, "%s -- ", command);
    lexer_quote(first, false, &line);
    buf_add_byte(&line, ' ');
    lexer_quote(second, false, &line);
    int rc = executor_run_line(tui->session, buf_text(&line), NULL, &why);
    buf_free(&line);
    return rc == 0 ? 0 : error_set(e, rc, "%s did not succeed, as told above", command);
}

/* Fetches, edits, and writes back what was changed. */
static int edit_copy(struct tui *tui, const char *name, const char *path, struct error *e)
{
    struct buf before = {.secret = true}, after = {.secret = true};
    int rc = run_line(tui, "get", name, path, e);
    if (rc == 0)
        rc = file_read(path, EDIT_MAX, &before, e);
    if (rc == 0)
        rc = run_editor(tui, path, e);
    if (rc == 0)
        rc = file_read(path, EDIT_MAX, &after, e);
    bool same = rc == 0 && before.len == after.len && memcmp(before.data, after.data, after.len) == 0;
    if (rc == 0 && same)
        output_line(tui->output, STYLE_NOTE, "The file was not changed: nothing is written.");
    else if (rc == 0)
        rc = run_line(tui, "put", path, name, e);
    buf_free(&before);
    buf_free(&after);
    return rc;
}

int edit_file(struct tui *tui, const char *name, struct error *e)
{
    char folder[] = "/tmp/lockstep-edit-XXXXXX";
    const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
    if (*base == '\0' || mkdtemp(folder) == NULL) /* 0700 */
        return error_set(e, ERR_REFUSED, "no folder for a copy of the file could be made");
    char *path = mem_printf("%s/%s", folder, base);
    int rc = edit_copy(tui, name, path, e);
    if (rc != 0 && access(path, F_OK) == 0) {
        output_line(tui->output, STYLE_NOTE, "The copy is kept in %s.", path);
    } else {
        unlink(path);
        rmdir(folder);
    }
    free(path);
    return rc;
}
