/* The program: see run.h. */
#include "sim/run.h"
#include "sim/board.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { STATUS_POWER_CUT = 3 };

static void on_signal(void *ctx, short revents)
{
    (void)revents;
    struct board *b = ctx;
    b->stop = true;
}

static bool ended(void *ctx)
{
    const struct board *b = ctx;
    return b->stop;
}

static int complain(const struct error *e)
{
    fprintf(stderr, "lockstep-sim: %s\n", e->message);
    if (*e->next)
        fprintf(stderr, "  %s\n", e->next);
    return error_exit_status(e->code);
}

static int run_board(struct loop *loop, const struct sim_options *options)
{
    struct board b;
    struct error e = {0};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), status = 0;
    struct loop_watch *watch = loop_watch_start(loop, fd, POLLIN, on_signal, &b);
    if (board_start(&b, loop, options, &e) < 0) {
        status = complain(&e);
    } else {
        loop_run_until(loop, ended, &b, -1);
        if (b.failure.code != 0)
            status = complain(&b.failure);
    }
    bool power_lost = b.power_lost;
    board_end(&b);
    loop_watch_stop(watch);
    close(fd);
    return power_lost ? STATUS_POWER_CUT : status;
}

int sim_run(int argc, char **argv)
{
    struct sim_options options;
    struct error e = {0};
    if (sim_options_parse(argc, argv, &options, &e) < 0)
        return complain(&e);
    if (options.help) {
        sim_options_help(stdout);
        return 0;
    }
    if (options.version) {
        printf("lockstep-sim %s\n", LOCKSTEP_VERSION);
        return 0;
    }
    struct loop *loop = loop_new();
    int status = run_board(loop, &options);
    loop_free(loop);
    return status;
}
