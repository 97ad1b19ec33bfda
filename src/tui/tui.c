/* The console: see tui.h. Opens and closes its parts, and turns the loop. */
#include "base/clock.h"
#include "base/text.h"
#include "tui/inside.h"

#include <langinfo.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- drawing, when it is due ---------------------------------------------------------------------------- */

void tui_draw_now(struct tui *tui)
{
    loop_timer_stop(tui->draw);
    tui->draw = NULL;
    front_take_stray(tui);
    loop_timer_stop(tui->draw); /* what was written asked for a drawing: it is here */
    tui->draw = NULL;
    draw_screen(tui);
    display_draw(tui->display, &tui->canvas);
    tui->drawn_us = clock_us();
}

static void on_draw(void *ctx)
{
    struct tui *tui = ctx;
    tui->draw = NULL;
    if (!tui->ended)
        tui_draw_now(tui);
}

void tui_dirty(struct tui *tui)
{
    int64_t since = (clock_us() - tui->drawn_us) / 1000;
    if (tui->draw == NULL && !tui->ended)
        tui->draw = loop_timer_start(tui->loop, since >= DRAW_MS ? 0 : DRAW_MS - since, on_draw, tui);
}

void tui_message(struct tui *tui, const char *format, ...)
{
    struct buf text = BUF_INIT;
    va_list ap;
    va_start(ap, format);
    buf_vprintf(&text, format, ap);
    va_end(ap);
    text_safe(buf_text(&text), tui->message, sizeof tui->message);
    buf_free(&text);
    tui_dirty(tui);
}

void tui_resized(struct tui *tui, int rows, int cols)
{
    display_resize(tui->display, rows, cols);
    display_size(tui->display, &rows, &cols);
    canvas_resize(&tui->canvas, rows, cols);
    tui_dirty(tui);
}

/* --- what the loop brings ------------------------------------------------------------------------------- */

static void on_input(void *ctx, short revents)
{
    struct tui *tui = ctx;
    struct key key;
    bool any = false;
    if (revents & (POLLHUP | POLLERR | POLLNVAL) && !(revents & POLLIN)) {
        error_set(&tui->error, ERR_INTERRUPTED, "the terminal is gone");
        tui_end(tui, ERR_INTERRUPTED);
        return;
    }
    for (int i = 0; i < 1024 && !tui->ended && display_read_key(tui->display, &key); i++, any = true)
        input_key(tui, key);
    if (any && !tui->ended)
        tui_draw_now(tui);
}

static void on_tick(void *ctx)
{
    struct tui *tui = ctx;
    tui->tick = loop_timer_start(tui->loop, TICK_MS, on_tick, tui);
    if (!tui->work.running)
        refresh_device(tui);
    refresh_tick(tui);
    tui_dirty(tui);
}

static void on_log(void *ctx, const char *line, size_t len)
{
    struct tui *tui = ctx;
    log_add(tui->log, line, len);
    if (panes_now(tui)->view == NULL)
        tui_dirty(tui);
}

static void on_notice(void *ctx, const char *sentence)
{
    refresh_lost(ctx, sentence);
}

void tui_end(struct tui *tui, int code)
{
    if (!tui->ended)
        tui->code = code;
    tui->ended = true;
    loop_interrupt(tui->loop);
}

/* --- opening and closing -------------------------------------------------------------------------------- */

int tui_parse_size(const char *text, int *cols, int *rows, struct error *e)
{
    char safe[48], end;
    if (sscanf(text, "%4dx%4d%c", cols, rows, &end) == 2 && *cols >= 1 && *rows >= 1 && *cols <= 1000 &&
        *rows <= 1000)
        return 0;
    return error_set(e, ERR_USAGE, "\"%s\" is no screen size: it reads COLUMNSxROWS, as 100x30",
                     text_safe(text, safe, sizeof safe));
}

static bool is_utf8(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static int open_all(struct tui *tui, struct error *e)
{
    const struct tui_options *options = tui->options;
    struct display_options display = {
        .rows = options->rows, .cols = options->cols, .mouse = !options->no_mouse};
    struct error why = {0};
    int rows, cols;
    tui->ascii = options->ascii || !is_utf8();
    tui->mouse = !options->no_mouse;
    int rc = display_open(&display, &tui->display, e);
    if (rc == 0)
        rc = stray_begin(&tui->stray, e);
    if (rc == 0)
        rc = signals_open(tui, e);
    if (rc < 0)
        return rc;
    display_size(tui->display, &rows, &cols);
    canvas_init(&tui->canvas, rows, cols, tui->ascii);
    tui->output = output_new();
    panes_open(tui);
    tui->log = log_new();
    front_set_up(tui);
    front_set_theme(tui, options->theme ? options->theme : "default", &why);
    if (why.code != 0 && options->theme != NULL)
        output_line(tui->output, STYLE_ERROR, "%s. %s", why.message, why.next);
    refresh_drop(tui);
    line_open(tui);
    tui->session->watcher = (struct session_watcher){on_log, on_notice, tui};
    tui->session->front = &tui->front;
    tui->input = loop_watch_start(tui->loop, display_input(tui->display), POLLIN, on_input, tui);
    on_tick(tui);
    return options->keys ? script_keys_open(tui, options->keys, e) : 0;
}

static void close_all(struct tui *tui)
{
    tui->ended = true;
    script_keys_close(tui);
    loop_timer_stop(tui->tick);
    loop_timer_stop(tui->draw);
    loop_watch_stop(tui->input);
    tui->session->watcher = (struct session_watcher){0};
    tui->session->front = NULL;
    snapshot_close(tui->reader);
    work_clear(tui);
    if (tui->input != NULL)
        line_close(tui);
    ask_close(tui);
    panel_close(tui);
    view_page_free(&tui->overlay.page);
    buf_free(&tui->ask.text);
    panes_close(tui);
    output_free(tui->output);
    log_free(tui->log);
    canvas_free(&tui->canvas);
    signals_close(tui);
    stray_end(&tui->stray);
    display_close(tui->display);
    loop_interrupt_clear(tui->loop);
}

static bool has_work(void *ctx)
{
    struct tui *tui = ctx;
    return tui->ended || work_is_due(tui) || refresh_reconnect_due(tui) || refresh_name_due(tui);
}

static void turn(struct tui *tui)
{
    while (!tui->ended) {
        if (work_is_due(tui))
            work_run_next(tui);
        else if (refresh_reconnect_due(tui))
            refresh_reconnect(tui);
        else if (refresh_name_due(tui))
            refresh_name(tui);
        else if (loop_run_until(tui->loop, has_work, tui, -1) == LOOP_INTERRUPTED)
            loop_interrupt_clear(tui->loop);
    }
}

int tui_run(struct session *session, const struct tui_options *options, struct error *e)
{
    struct tui *tui = mem_alloc(sizeof *tui);
    *tui =
        (struct tui){.session = session, .options = options, .loop = session->loop, .stray = {.memory = -1}};
    int rc = open_all(tui, e);
    if (rc == 0) {
        tui_draw_now(tui);
        if (session->device == NULL)
            work_push(tui, "attach");
        turn(tui);
        rc = tui->code;
        if (rc != 0 && e != NULL)
            *e = tui->error;
    }
    close_all(tui);
    free(tui);
    return rc;
}
