/* Commands: those that wait, and the one that runs. They run at the top of the loop only; while one waits for
 * the device it turns the loop itself, so keys, the log and the clock go on. */
#include "base/clock.h"
#include "base/secret.h"
#include "shell/executor.h"
#include "shell/parser.h"
#include "tui/inside.h"

#include <stdlib.h>
#include <string.h>

static void forget(char *line)
{
    if (line != NULL)
        secret_wipe(line, strlen(line));
    free(line);
}

void work_push(struct tui *tui, const char *line)
{
    struct work *work = &tui->work;
    tui->back = 0;
    tui_dirty(tui);
    line += strspn(line, " \t:"); /* a colon is a habit of hands, no part of any command */
    if (*line == '\0')
        return;
    if (work->waiting == QUEUE_MAX) {
        output_line(tui->output, STYLE_ERROR, "%d commands wait already: this one was not taken.", QUEUE_MAX);
        return;
    }
    work->queue[work->waiting++] = mem_string(line);
    if (work->running && work->own)
        loop_interrupt(tui->loop); /* the console's own errand gives way */
}

bool work_is_due(const struct tui *tui)
{
    return tui->work.waiting > 0;
}

void work_clear(struct tui *tui)
{
    for (size_t i = 0; i < tui->work.waiting; i++)
        forget(tui->work.queue[i]);
    tui->work.waiting = 0;
}

void work_cancel(struct tui *tui)
{
    if (tui->work.running)
        loop_interrupt(tui->loop);
    if (tui->work.waiting > 0) {
        output_line(tui->output, STYLE_NOTE, "Commands that waited are dropped: %zu.", tui->work.waiting);
        work_clear(tui);
    }
}

/* The operation that a line names, or NULL. */
static const struct op *operation_of(const struct tui *tui, const char *line)
{
    struct words words;
    struct parse parse = PARSE_INIT;
    const struct op *op = NULL;
    if (lexer_line(line, &words, NULL) == 0) {
        parser_parse(&tui->session->registry, &words, &parse, NULL);
        op = parse.op;
        parse_free(&parse);
    }
    words_free(&words);
    return op;
}

void work_run_next(struct tui *tui)
{
    struct work *work = &tui->work;
    char *line = work->queue[0];
    struct error e = {0};
    work->waiting--;
    memmove(work->queue, work->queue + 1, work->waiting * sizeof *work->queue);
    const struct op *op = operation_of(tui, line);
    work->running = true;
    work->line = line;
    work->begun_ms = clock_ms();
    work->progress[0] = '\0';
    work->first_line = tui->output->count;
    loop_interrupt_clear(tui->loop);
    line_remember(tui, line);
    tui_draw_now(tui);
    executor_run_line(tui->session, line, NULL, &e);
    loop_interrupt_clear(tui->loop);
    work->running = false;
    work->line = NULL;
    forget(line);
    refresh_device(tui);
    if (op != NULL && op->hazard != HAZARD_NONE)
        refresh_changed(tui);
    if (tui->session->quit || tui->leaving)
        tui_end(tui, 0);
    tui_dirty(tui);
}
