/* Event loop: see loop.h. Stopped entries are only marked during a turn and swept after it, so that a
 * callback can stop anything, its own watch included, without a pointer going stale under the turn. */
#include "base/loop.h"
#include "base/buf.h"
#include "base/clock.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

struct loop_watch {
    struct loop *loop;
    struct loop_watch *next;
    loop_watch_fn *fn;
    void *ctx;
    int fd;
    short events;
    bool stopped;
};

struct loop_timer {
    struct loop *loop;
    struct loop_timer *next;
    loop_timer_fn *fn;
    void *ctx;
    int64_t due;
    bool stopped;
};

struct loop {
    struct loop_watch *watches;
    struct loop_timer *timers;
    int depth; /* turns under way: sweeping waits for the outermost */
    int wake[2];
    volatile sig_atomic_t interrupted;
    bool held;
};

struct loop *loop_new(void)
{
    struct loop *loop = mem_alloc(sizeof *loop);
    if (pipe2(loop->wake, O_CLOEXEC | O_NONBLOCK) < 0)
        loop->wake[0] = loop->wake[1] = -1;
    return loop;
}

static void sweep(struct loop *loop)
{
    for (struct loop_watch **p = &loop->watches; *p != NULL;) {
        struct loop_watch *w = *p;
        if (w->stopped) {
            *p = w->next;
            free(w);
        } else {
            p = &w->next;
        }
    }
    for (struct loop_timer **p = &loop->timers; *p != NULL;) {
        struct loop_timer *t = *p;
        if (t->stopped) {
            *p = t->next;
            free(t);
        } else {
            p = &t->next;
        }
    }
}

void loop_free(struct loop *loop)
{
    if (loop == NULL)
        return;
    for (struct loop_watch *w = loop->watches; w != NULL; w = w->next)
        w->stopped = true;
    for (struct loop_timer *t = loop->timers; t != NULL; t = t->next)
        t->stopped = true;
    sweep(loop);
    close(loop->wake[0]);
    close(loop->wake[1]);
    free(loop);
}

struct loop_watch *loop_watch_start(struct loop *loop, int fd, short events, loop_watch_fn *fn, void *ctx)
{
    struct loop_watch *w = mem_alloc(sizeof *w);
    *w = (struct loop_watch){
        .loop = loop, .next = loop->watches, .fn = fn, .ctx = ctx, .fd = fd, .events = events};
    loop->watches = w;
    return w;
}

void loop_watch_events(struct loop_watch *watch, short events)
{
    watch->events = events;
}

void loop_watch_stop(struct loop_watch *watch)
{
    if (watch == NULL)
        return;
    watch->stopped = true;
    if (watch->loop->depth == 0)
        sweep(watch->loop);
}

struct loop_timer *loop_timer_start(struct loop *loop, int64_t ms, loop_timer_fn *fn, void *ctx)
{
    struct loop_timer *t = mem_alloc(sizeof *t);
    *t =
        (struct loop_timer){.loop = loop, .next = loop->timers, .fn = fn, .ctx = ctx, .due = clock_ms() + ms};
    loop->timers = t;
    return t;
}

void loop_timer_stop(struct loop_timer *timer)
{
    if (timer == NULL)
        return;
    timer->stopped = true;
    if (timer->loop->depth == 0)
        sweep(timer->loop);
}

static int wait_ms(const struct loop *loop, int64_t max_ms)
{
    int64_t now = clock_ms(), best = max_ms;
    for (const struct loop_timer *t = loop->timers; t != NULL; t = t->next) {
        int64_t left = t->due > now ? t->due - now : 0;
        if (!t->stopped && (best < 0 || left < best))
            best = left;
    }
    return best > 60000 ? 60000 : (int)best;
}

static void fire_timers(struct loop *loop)
{
    int64_t now = clock_ms();
    for (struct loop_timer *t = loop->timers; t != NULL; t = t->next) {
        if (t->stopped || t->due > now)
            continue;
        t->stopped = true; /* before the call: it may start the same timer anew */
        t->fn(t->ctx);
    }
}

void loop_turn(struct loop *loop, int64_t max_ms)
{
    size_t n = 1;
    for (struct loop_watch *w = loop->watches; w != NULL; w = w->next)
        n++;
    struct pollfd *fds = mem_alloc(n * sizeof *fds);
    struct loop_watch **who = mem_alloc(n * sizeof *who);
    size_t used = 0;
    fds[used++] = (struct pollfd){.fd = loop->wake[0], .events = POLLIN};
    for (struct loop_watch *w = loop->watches; w != NULL; w = w->next) {
        if (w->stopped)
            continue;
        who[used] = w;
        fds[used++] = (struct pollfd){.fd = w->fd, .events = w->events};
    }
    loop->depth++;
    if (poll(fds, used, wait_ms(loop, max_ms)) > 0) {
        char drop[64];
        if (fds[0].revents)
            while (read(loop->wake[0], drop, sizeof drop) > 0)
                continue;
        for (size_t i = 1; i < used; i++)
            if (fds[i].revents && !who[i]->stopped)
                who[i]->fn(who[i]->ctx, fds[i].revents);
    }
    fire_timers(loop);
    loop->depth--;
    if (loop->depth == 0)
        sweep(loop);
    free(fds);
    free(who);
}

enum loop_result loop_run_until(struct loop *loop, bool (*done)(void *ctx), void *ctx, int64_t deadline_ms)
{
    while (!done(ctx)) {
        if (loop_interrupted(loop))
            return LOOP_INTERRUPTED;
        int64_t left = deadline_ms < 0 ? -1 : deadline_ms - clock_ms();
        if (deadline_ms >= 0 && left <= 0)
            return LOOP_TIMEOUT;
        loop_turn(loop, left);
    }
    return LOOP_DONE;
}

void loop_interrupt(struct loop *loop)
{
    loop->interrupted = 1;
    ssize_t n = write(loop->wake[1], "", 1);
    (void)n; /* a full pipe wakes the loop just as well */
}

bool loop_interrupted(const struct loop *loop)
{
    return loop->interrupted != 0 && !loop->held;
}

void loop_interrupt_clear(struct loop *loop)
{
    loop->interrupted = 0;
}

void loop_interrupt_hold(struct loop *loop, bool on)
{
    loop->held = on;
}
