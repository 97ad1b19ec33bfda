/* The command pane: what was run and said, and the line that is being typed. */
#include "base/clock.h"
#include "tui/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Pieces of at most cols columns that a line is folded into. */
static int fold_count(const char *text, int cols)
{
    int count = 1;
    for (size_t cut; canvas_width(text) > cols && (cut = canvas_cut(text, cols)) > 0; text += cut)
        count++;
    return count;
}

static void put_fold(struct tui *tui, const struct output_line *line, int piece, int y, int x, int cols)
{
    const char *text = line->text;
    for (int i = 0; i < piece; i++)
        text += canvas_cut(text, cols);
    canvas_put_scrolled(&tui->canvas, y, x, cols, 0, line->style, text);
}

/* Folded lines from the bottom up, `back` of them left out. */
static void put_output(struct tui *tui, struct rect at)
{
    size_t kept = output_kept(tui->output), skip = tui->back;
    int y = at.y + at.rows - 1;
    for (size_t i = 0; i < kept && y >= at.y; i++) {
        const struct output_line *line = output_back(tui->output, i);
        for (int piece = fold_count(line->text, at.cols) - 1; piece >= 0 && y >= at.y; piece--) {
            if (skip > 0)
                skip--;
            else
                put_fold(tui, line, piece, y--, at.x, at.cols);
        }
    }
    if (skip > 0) /* scrolled beyond the oldest line */
        tui->back -= skip < tui->back ? skip : tui->back;
}

static void put_input(struct tui *tui, struct rect at)
{
    struct buf text = BUF_INIT;
    int cursor = 0;
    bool focus = tui->focus == FOCUS_COMMAND;
    if (!focus && line_is_empty()) {
        canvas_put(&tui->canvas, at.y, at.x, at.cols, STYLE_DIM, ">");
        return;
    }
    line_picture(&text, &cursor);
    int skip = cursor >= at.cols ? cursor - at.cols + 1 + at.cols / 4 : 0;
    canvas_put_scrolled(&tui->canvas, at.y, at.x, at.cols, skip, STYLE_INPUT, buf_text(&text));
    if (skip > 0)
        canvas_put(&tui->canvas, at.y, at.x, 1, STYLE_DIM, "◀");
    if (focus && tui->panel.state == PANEL_CLOSED && tui->ask.kind == ASK_NONE && !tui->overlay.open) {
        tui->canvas.cursor_y = at.y;
        tui->canvas.cursor_x = at.x + cursor - skip;
    }
    buf_free(&text);
}

/* What is waited for and how long; how many commands wait behind it. */
static void say_work(const struct tui *tui, struct buf *to)
{
    char words[32];
    int64_t ms = clock_ms() - tui->work.begun_ms;
    if (tui->work.running && ms >= 300) {
        clock_words(ms / 1000 * 1000, words, sizeof words);
        buf_printf(to, "%s %s", tui->work.own ? tui->work.line : "waiting for the device:", words);
        if (tui->work.progress[0])
            buf_printf(to, " · %s", tui->work.progress);
        buf_add_text(to, " · ^C cancels");
    }
    if (tui->work.waiting > 0)
        buf_printf(to, "%s%zu %s", to->len ? " · " : "", tui->work.waiting,
                   tui->work.waiting == 1 ? "command waits" : "commands wait");
    if (tui->back > 0)
        buf_printf(to, "%s%zu lines below", to->len ? " · " : "", tui->back);
}

void draw_command(struct tui *tui)
{
    struct rect frame = tui->layout.command, at = layout_inside(frame);
    struct buf note = BUF_INIT;
    say_work(tui, &note);
    canvas_box(&tui->canvas, frame, tui->focus == FOCUS_COMMAND ? STYLE_BORDER_FOCUS : STYLE_BORDER,
               STYLE_PANE_TITLE, "command", buf_text(&note));
    canvas_hit(&tui->canvas, frame, HIT_COMMAND, 0);
    put_output(tui, (struct rect){at.y, at.x + 1, at.rows - 1, at.cols - 2});
    put_input(tui, (struct rect){at.y + at.rows - 1, at.x + 1, 1, at.cols - 2});
    buf_free(&note);
}
