/* The whole screen, in the order in which its parts lie over one another. */
#include "base/text.h"
#include "tui/inside.h"

#include <stdio.h>
#include <string.h>

void draw_list(struct tui *tui)
{
    struct rect frame = tui->layout.list, at = layout_inside(frame);
    canvas_box(&tui->canvas, frame, STYLE_BORDER, STYLE_PANE_TITLE, "views", NULL);
    for (size_t i = 0; i < tui->panes && (int)i < at.rows; i++) {
        bool now = i == tui->now;
        int y = at.y + (int)i;
        char digit[4] = " ";
        if (i < 10)
            snprintf(digit, sizeof digit, "%zu", (i + 1) % 10);
        canvas_put(&tui->canvas, y, at.x + 1, 1, now ? STYLE_LIST_NOW : STYLE_KEY, digit);
        canvas_put(&tui->canvas, y, at.x + 3, at.cols - 5, now ? STYLE_LIST_NOW : STYLE_LIST,
                   panes_name(&tui->pane[i]));
        if (now)
            canvas_put(&tui->canvas, y, at.x + at.cols - 2, 1, STYLE_LIST_NOW, "◀");
        canvas_hit(&tui->canvas, (struct rect){y, at.x, 1, at.cols}, HIT_VIEW, (long)i);
    }
}

/* --- the hint line -------------------------------------------------------------------------------------- */

struct hints {
    struct tui *tui;
    struct rect at;
    int x;
    bool full;
};

/* "key label", which can be clicked. */
static void hint(struct hints *hints, const char *key, const char *label)
{
    struct tui *tui = hints->tui;
    int width = canvas_width(key) + 1 + canvas_width(label), y = hints->at.y;
    struct key parsed;
    if (hints->full || hints->x + width > hints->at.cols - 1) {
        hints->full = true;
        return;
    }
    if (keys_parse(key, &parsed))
        canvas_hit(&tui->canvas, (struct rect){y, hints->x, 1, width}, HIT_KEY, (long)parsed.code);
    int x = hints->x + canvas_put(&tui->canvas, y, hints->x, canvas_width(key), STYLE_KEY, key) + 1;
    canvas_put(&tui->canvas, y, x, canvas_width(label), STYLE_HINT, label);
    hints->x += width + 2;
}

static void hint_view(struct hints *hints)
{
    const struct view *view = panes_now(hints->tui)->view;
    char digits[8] = "0-9";
    if (hints->tui->panes < 10)
        snprintf(digits, sizeof digits, "1-%d", (int)(hints->tui->panes % 10));
    hint(hints, digits, "view");
    hint(hints, "?", "help");
    hint(hints, "q", "quit");
    hint(hints, ":", "command");
    if (view == NULL) {
        hint(hints, "p", hints->tui->log_paused ? "go on" : "hold");
        hint(hints, "&", "filter");
        hint(hints, "w", "save");
    }
    bool enter = view != NULL && view->detail != NULL;
    for (const struct view_key *key = view ? view->keys : NULL; key != NULL && key->key != NULL; key++) {
        hint(hints, key->key, key->label);
        enter = enter && strcmp(key->key, "Enter") != 0;
    }
    if (enter)
        hint(hints, "Enter", "details");
    hint(hints, "/", "search");
    hint(hints, "r", "read again");
    if (view != NULL)
        hint(hints, "w", "write");
}

static void hint_command(struct hints *hints)
{
    hint(hints, "Enter", "run");
    hint(hints, "Tab", "complete");
    hint(hints, "Up", "before");
    hint(hints, "^R", "search");
    hint(hints, "Esc", "to the view");
    hint(hints, "PageUp", "scroll");
    hint(hints, "F6", "larger");
}

static void put_ask(struct tui *tui, struct rect at)
{
    int x = at.x + 1;
    x += canvas_put(&tui->canvas, at.y, x, at.cols / 2, STYLE_KEY, tui->ask.label) + 1;
    int room = at.cols - x - 2, width = canvas_width(buf_text(&tui->ask.text));
    int skip = width > room ? width - room : 0;
    x += canvas_put_scrolled(&tui->canvas, at.y, x, room, skip, STYLE_INPUT, buf_text(&tui->ask.text));
    tui->canvas.cursor_y = at.y;
    tui->canvas.cursor_x = x;
}

void draw_hints(struct tui *tui)
{
    struct hints hints = {.tui = tui, .at = tui->layout.hints, .x = 1};
    if (tui->ask.kind != ASK_NONE) {
        put_ask(tui, hints.at);
    } else if (tui->message[0] != '\0') {
        canvas_put(&tui->canvas, hints.at.y, 1, hints.at.cols - 2, STYLE_NOTE, tui->message);
    } else if (tui->panel.state != PANEL_CLOSED) {
        bool done = tui->panel.state == PANEL_DONE;
        if (done)
            hint(&hints, "Enter", "close");
        else if (tui->panel.state != PANEL_WORKING)
            hint(&hints, "Esc", "leave, nothing is sent");
    } else if (tui->overlay.open) {
        hint(&hints, "Esc", "close");
        hint(&hints, "Up", "scroll");
    } else if (tui->focus == FOCUS_COMMAND) {
        hint_command(&hints);
    } else {
        hint_view(&hints);
    }
}

/* --- all of it ------------------------------------------------------------------------------------------ */

static void draw_too_small(struct tui *tui)
{
    struct canvas *canvas = &tui->canvas;
    char text[160];
    snprintf(text, sizeof text,
             "lockstep needs %d columns and %d rows; this terminal has %d and %d. Nothing is lost: make it "
             "larger.",
             LAYOUT_COLS_MIN, LAYOUT_ROWS_MIN, canvas->cols, canvas->rows);
    canvas_words(canvas, (struct rect){0, 0, canvas->rows, canvas->cols}, 0, STYLE_PLAIN, text);
}

void draw_screen(struct tui *tui)
{
    canvas_clear(&tui->canvas);
    tui->canvas.ascii = tui->ascii;
    layout_make(&tui->layout, tui->canvas.rows, tui->canvas.cols, tui->larger);
    if (!tui->layout.fits) {
        draw_too_small(tui);
        return;
    }
    draw_header(tui);
    draw_list(tui);
    draw_view(tui);
    draw_command(tui);
    if (tui->overlay.open)
        overlay_draw(tui);
    if (tui->panel.state != PANEL_CLOSED)
        panel_draw(tui);
    draw_hints(tui);
}
