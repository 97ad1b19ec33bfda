/* Signals, told to the loop through a pipe: a new size, an end, a continuation. */
#include "tui/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

static const int caught[] = {SIGWINCH, SIGTERM, SIGHUP, SIGINT};
enum { CAUGHT = sizeof caught / sizeof caught[0] };

/* A handler can be given nothing: the pipe it writes to is static. */
static int pipe_ends[2] = {-1, -1};
static struct sigaction before[CAUGHT];

static void on_signal(int number)
{
    int kept = errno;
    ssize_t n = write(pipe_ends[1], &(unsigned char){(unsigned char)number}, 1);
    (void)n; /* a full pipe says enough */
    errno = kept;
}

static void serve(void *ctx, short revents)
{
    struct tui *tui = ctx;
    unsigned char number;
    (void)revents;
    while (read(pipe_ends[0], &number, 1) == 1) {
        if (number == SIGWINCH) {
            if (tui->options->rows == 0)
                tui_resized(tui, 0, 0);
        } else if (number == SIGINT) {
            input_key(tui, (struct key){.code = KEY_CTRL('C')});
        } else {
            error_set(&tui->error, ERR_INTERRUPTED, "the console was ended by signal %d", number);
            tui->session->terminated = 1;
            tui_end(tui, ERR_INTERRUPTED);
        }
    }
}

int signals_open(struct tui *tui, struct error *e)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    if (pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) < 0)
        return error_set_errno(e, ERR_REFUSED, "no pipe for signals could be made");
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < CAUGHT; i++)
        sigaction(caught[i], &action, &before[i]);
    tui->signals = loop_watch_start(tui->loop, pipe_ends[0], POLLIN, serve, tui);
    return 0;
}

void signals_close(struct tui *tui)
{
    if (tui->signals == NULL)
        return;
    for (size_t i = 0; i < CAUGHT; i++)
        sigaction(caught[i], &before[i], NULL);
    loop_watch_stop(tui->signals);
    tui->signals = NULL;
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

void signals_stop(struct tui *tui)
{
    struct sigaction usual = {.sa_handler = SIG_DFL}, old;
    display_leave(tui->display);
    sigemptyset(&usual.sa_mask);
    sigaction(SIGTSTP, &usual, &old);
    kill(0, SIGTSTP); /* the whole job, as the terminal would */
    sigaction(SIGTSTP, &old, NULL);
    display_return(tui->display);
    if (tui->options->rows == 0)
        tui_resized(tui, 0, 0);
}
