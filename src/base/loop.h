/* The one event loop: descriptors and timers over poll(2). Single-threaded.
 *
 * Re-entrant on purpose: a command that must wait for the device calls loop_run_until, and while it waits
 * every other watch (log lines, keys, a second device) is served as usual. Callbacks may add, change and stop
 * watches and timers, their own included. */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct loop_watch;
struct loop_timer;

typedef void loop_watch_fn(void *ctx, short revents); /* revents as poll(2) */
typedef void loop_timer_fn(void *ctx);

struct loop *loop_new(void);
void loop_free(struct loop *loop); /* stops what is still watched; descriptors stay open */

struct loop_watch *loop_watch_start(struct loop *loop, int fd, short events, loop_watch_fn *fn, void *ctx);
void loop_watch_events(struct loop_watch *watch, short events);
void loop_watch_stop(struct loop_watch *watch); /* NULL is fine */

/* Fires once after ms milliseconds and is gone then. */
struct loop_timer *loop_timer_start(struct loop *loop, int64_t ms, loop_timer_fn *fn, void *ctx);
void loop_timer_stop(struct loop_timer *timer); /* only a timer that has not fired; NULL is fine */

/* Waits for events for at most max_ms (negative: no limit) and serves them. */
void loop_turn(struct loop *loop, int64_t max_ms);

enum loop_result { LOOP_DONE = 0, LOOP_TIMEOUT = 1, LOOP_INTERRUPTED = 2 };

/* Turns until done(ctx) is true, clock_ms() passes deadline_ms (negative: none), or loop_interrupt was
 * called. */
enum loop_result loop_run_until(struct loop *loop, bool (*done)(void *ctx), void *ctx, int64_t deadline_ms);

/* Safe in a signal handler. Ends the innermost loop_run_until; stays set until cleared. */
void loop_interrupt(struct loop *loop);
bool loop_interrupted(const struct loop *loop);
void loop_interrupt_clear(struct loop *loop);
/* While held, an interruption is noted but neither told nor does it end a wait: for a step that must be seen
 * to its end. */
void loop_interrupt_hold(struct loop *loop, bool on);

#endif
