/* The virtual device's process: see practice.h. */
#include "device/practice.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "device/practice_options.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    READY_MS = 15000, /* keys of a fresh chip are made in this time, on a slow machine too */
    END_MS = 5000,    /* for saving its state */
    LINE_MAX_BYTES = 4096,
};

static const char program_name[] = "lockstep-sim", log_name[] = "sim.log";

struct practice {
    struct loop *loop;
    pid_t pid;
    int out; /* its standard output */
    struct loop_watch *watch;
    struct buf lines; /* what it printed before "ready" */
    bool ready, ended;
    char *folder, *uart;
    bool own_folder;
};

/* Beside the running program, then along PATH; NULL if nowhere. */
static char *find_program(void)
{
    char *folder = path_program_folder();
    char *found = path_join(folder, program_name);
    free(folder);
    const char *path = getenv("PATH");
    while (access(found, X_OK) != 0) {
        free(found);
        if (path == NULL || *path == '\0')
            return NULL;
        size_t len = strcspn(path, ":");
        char *part = mem_printf("%.*s", (int)len, len ? path : ".");
        found = path_join(part, program_name);
        free(part);
        path += len + (path[len] == ':');
    }
    return found;
}

static int make_folder(struct practice *p, const char *wanted, struct error *e)
{
    if (*wanted != '\0') {
        p->folder = path_expand(wanted);
        return file_make_folder(p->folder, 0700, e);
    }
    const char *root = getenv("TMPDIR");
    p->folder = path_join(root && *root == '/' ? root : "/tmp", "lockstep-sim-XXXXXX");
    if (mkdtemp(p->folder) == NULL)
        return error_set_errno(e, ERR_REFUSED, "making a folder %s for the virtual device", p->folder);
    p->own_folder = true;
    return 0;
}

static int open_log(const struct practice *p, struct error *e)
{
    char *path = path_join(p->folder, log_name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        error_set_errno(e, ERR_REFUSED, "opening %s for the virtual device's messages", path);
    free(path);
    return fd;
}

/* In the child, between fork and exec: only calls that are safe there. Its own process group keeps a Ctrl-C
 * that is meant for us away from it; its parent's death ends it. */
static void become(char *const *argv, int out, int err, pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    setpgid(0, 0);
    int in = open("/dev/null", O_RDONLY);
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent || dup2(in, 0) < 0 || dup2(out, 1) < 0 ||
        dup2(err, 2) < 0)
        _exit(126);
    execv(argv[0], argv);
    _exit(127);
}

static int spawn(struct practice *p, char *const *argv, struct error *e)
{
    int pipes[2];
    int err = open_log(p, e);
    if (err < 0)
        return ERR_REFUSED;
    if (pipe2(pipes, O_CLOEXEC) != 0) {
        close(err);
        return error_set_errno(e, ERR_REFUSED, "starting the virtual device");
    }
    pid_t parent = getpid();
    p->pid = fork();
    if (p->pid == 0)
        become(argv, pipes[1], err, parent);
    int saved = errno;
    close(pipes[1]);
    close(err);
    p->out = pipes[0];
    fcntl(p->out, F_SETFL, O_NONBLOCK);
    errno = saved;
    return p->pid > 0 ? 0 : error_set_errno(e, ERR_REFUSED, "starting the virtual device");
}

static void take_line(struct practice *p, char *line)
{
    if (text_starts(line, "uart ") && p->uart == NULL)
        p->uart = mem_string(line + 5);
    p->ready = p->ready || strcmp(line, "ready") == 0;
}

static void take_lines(struct practice *p)
{
    char *end;
    while (!p->ready && p->lines.len > 0 && (end = memchr(p->lines.data, '\n', p->lines.len)) != NULL) {
        *end = '\0';
        take_line(p, (char *)p->lines.data);
        buf_drop_front(&p->lines, (size_t)(end + 1 - (char *)p->lines.data));
    }
    if (p->ready || p->lines.len > LINE_MAX_BYTES)
        buf_clear(&p->lines);
}

/* Goes on after "ready": a full pipe would hold the virtual device up. */
static void on_output(void *ctx, short revents)
{
    struct practice *p = ctx;
    char bytes[LINE_MAX_BYTES];
    ssize_t n = read(p->out, bytes, sizeof bytes);
    (void)revents;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        p->ended = true;
        loop_watch_stop(p->watch);
        p->watch = NULL;
        return;
    }
    if (!p->ready) {
        buf_add(&p->lines, bytes, (size_t)n);
        take_lines(p);
    }
}

static bool is_settled(void *ctx)
{
    const struct practice *p = ctx;
    return p->ready || p->ended;
}

/* The last of its messages, printable: the last line, and with an indented one (what it may be) the line that
 * it belongs to. */
static char *last_words(const struct practice *p)
{
    struct buf text = BUF_INIT, shown = BUF_INIT;
    char *path = path_join(p->folder, log_name);
    file_read(path, 1 << 20, &text, NULL);
    free(path);
    while (text.len > 0 && text.data[text.len - 1] == '\n')
        text.data[--text.len] = '\0';
    char *start = (char *)text.data, *line = start ? start + text.len : NULL;
    while (line > start && (line[-1] != '\n' || *line == ' ')) {
        line--;
        if (*line == '\n')
            *line = ' ';
    }
    for (const char *c = line ? line : ""; *c != '\0'; c++) /* one space for the indent */
        if (!(c[0] == ' ' && c[1] == ' '))
            buf_add_byte(&shown, (uint8_t)*c);
    buf_clear(&text);
    buf_add_text(&text, buf_text(&shown));
    buf_clear(&shown);
    text_printable(buf_text(&text), text.len, false, 300, &shown);
    buf_free(&text);
    return buf_take(&shown);
}

static int wait_ready(struct practice *p, struct error *e)
{
    enum loop_result result = loop_run_until(p->loop, is_settled, p, clock_ms() + READY_MS);
    if (result == LOOP_INTERRUPTED)
        return error_set(e, ERR_INTERRUPTED, "interrupted while the virtual device was starting");
    if (result == LOOP_DONE && p->ready && p->uart != NULL)
        return 0;
    char *words = last_words(p);
    const char *how = result == LOOP_TIMEOUT ? "was not ready in time"
                      : p->ready             ? "has no UART"
                                             : "ended before it was ready";
    error_set(e, ERR_CONNECTION, "the virtual device in %s %s%s%s", p->folder, how, *words ? ": " : "",
              words);
    free(words);
    error_next(e, "see what %s --state %s says.", program_name, p->own_folder ? "DIR" : p->folder);
    return ERR_CONNECTION;
}

static int start(struct practice *p, const struct link_url *url, struct error *e)
{
    struct practice_args args = {0};
    char *program = find_program();
    if (program == NULL) {
        error_set(e, ERR_CONNECTION,
                  "there is no program %s beside lockstep or in PATH, so %s has no virtual device",
                  program_name, url->text);
        error_next(e, "build or install it (make, make install), or attach to a real port.");
        return ERR_CONNECTION;
    }
    int code =
        practice_args_make(program, "", url->query, &args, e); /* a bad option leaves no folder behind */
    practice_args_free(&args);
    if (code == 0)
        code = make_folder(p, url->path, e);
    if (code == 0)
        code = practice_args_make(program, p->folder, url->query, &args, e);
    if (code == 0)
        code = spawn(p, args.argv, e);
    practice_args_free(&args);
    free(program);
    if (code != 0)
        return code;
    p->watch = loop_watch_start(p->loop, p->out, POLLIN, on_output, p);
    return wait_ready(p, e);
}

int practice_start(struct loop *loop, const struct link_url *url, struct practice **practice, struct error *e)
{
    struct practice *p = mem_alloc(sizeof *p);
    p->loop = loop;
    p->out = -1;
    *practice = NULL;
    int code = start(p, url, e);
    if (code != 0) {
        practice_stop(p);
        return code;
    }
    *practice = p;
    return 0;
}

const char *practice_uart(const struct practice *practice)
{
    return practice->uart;
}

/* Waits for its end, or for the end of its output where the kernel has no pidfd, or for 20 ms where it has
 * neither and the output ended first. */
static void wait_for_end(struct practice *p, int pidfd, int64_t left)
{
    struct pollfd fds[] = {
        {.fd = pidfd,                  .events = POLLIN},
        {.fd = p->ended ? -1 : p->out, .events = POLLIN}
    };
    char drop[4096];
    if (poll(fds, 2, (int)(p->ended && pidfd < 0 && left > 20 ? 20 : left)) > 0 && fds[1].revents)
        p->ended = read(p->out, drop, sizeof drop) == 0;
}

/* SIGTERM makes it save its state and end; one that does not end in time is killed. */
static void end_process(struct practice *p)
{
    int64_t deadline = clock_ms() + END_MS, left;
    int pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
    kill(p->pid, SIGTERM);
    pid_t gone;
    while ((gone = waitpid(p->pid, NULL, WNOHANG)) == 0 && (left = deadline - clock_ms()) > 0)
        wait_for_end(p, pidfd, left);
    if (gone == 0) {
        kill(p->pid, SIGKILL);
        waitpid(p->pid, NULL, 0);
    }
    if (pidfd >= 0)
        close(pidfd);
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *where)
{
    (void)info, (void)type, (void)where;
    remove(path);
    return 0;
}

void practice_stop(struct practice *practice)
{
    if (practice == NULL)
        return;
    loop_watch_stop(practice->watch);
    if (practice->pid > 0)
        end_process(practice);
    if (practice->out >= 0)
        close(practice->out);
    if (practice->own_folder)
        nftw(practice->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    buf_free(&practice->lines);
    free(practice->folder);
    free(practice->uart);
    free(practice);
}
