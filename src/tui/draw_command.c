/* The command pane: what was run and said, and the line that is being typed. */
#include "base/clock.h"
#include "tui/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Folded lines from the bottom up, `back` of them left out. */
static void put_output(struct tui *tui, struct rect at)
{
    size_t kept = output_kept(tui->output), back = tui->back;
    int y = at.y + at.rows; /* above which the next line ends */
    for (size_t i = 0; i < kept && y > at.y; i++) {
        const struct output_line *line = output_back(tui->output, i);
        int rows = canvas_words(NULL, at, 0, line->style, line->text);
        int hidden = back < (size_t)rows ? (int)back : rows, shown = rows - hidden;
        back -= (size_t)hidden;
        int skip = shown > y - at.y ? shown - (y - at.y) : 0;
        y -= shown - skip;
        canvas_words(&tui->canvas, (struct rect){y, at.x, shown - skip, at.cols}, skip, line->style,
                     line->text);
    }
    tui->back -= back; /* scrolled beyond the oldest line */
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

/* Folded lines of the last command's output that do not fit. */
static int lines_above(const struct tui *tui, struct rect at)
{
    int rows = 0;
    size_t lines = tui->output->count - tui->work.first_line, kept = output_kept(tui->output);
    for (size_t i = 0; i < lines && i < kept; i++)
        rows += canvas_words(NULL, at, 0, STYLE_OUTPUT, output_back(tui->output, i)->text);
    rows -= (int)tui->back + at.rows;
    return rows > 0 ? rows : 0;
}

/* What is waited for and how long; how many commands wait behind it. */
static void say_work(const struct tui *tui, struct rect at, struct buf *to)
{
    int above = lines_above(tui, at);
    char words[32];
    int64_t ms = clock_ms() - tui->work.begun_ms;
    bool asking = tui->panel.state == PANEL_SETTLING || tui->panel.state == PANEL_ASKING;
    if (asking)
        buf_add_text(to, "waiting for the answer");
    else if (tui->work.running && ms >= 300) {
        clock_words(ms / 1000 * 1000, words, sizeof words);
        buf_printf(to, "%s %s", tui->work.own ? tui->work.line : "waiting for the device:", words);
        if (tui->work.progress[0])
            buf_printf(to, " · %s", tui->work.progress);
        buf_add_text(to, " · ^C cancels");
    }
    if (tui->work.waiting > 0)
        buf_printf(to, "%s%zu %s", to->len ? " · " : "", tui->work.waiting,
                   tui->work.waiting == 1 ? "command waits" : "commands wait");
    if (above > 0)
        buf_printf(to, "%s%d %s above · F6 larger", to->len ? " · " : "", above,
                   above == 1 ? "line" : "lines");
    if (tui->back > 0)
        buf_printf(to, "%s%zu %s below", to->len ? " · " : "", tui->back, tui->back == 1 ? "line" : "lines");
}

void draw_command(struct tui *tui)
{
    struct rect frame = tui->layout.command, at = layout_inside(frame);
    struct buf note = BUF_INIT;
    struct rect lines = {at.y, at.x + 1, at.rows - 1, at.cols - 2};
    say_work(tui, lines, &note);
    canvas_box(&tui->canvas, frame, tui->focus == FOCUS_COMMAND ? STYLE_BORDER_FOCUS : STYLE_BORDER,
               STYLE_PANE_TITLE, "command", buf_text(&note));
    canvas_hit(&tui->canvas, frame, HIT_COMMAND, 0);
    put_output(tui, lines);
    put_input(tui, (struct rect){at.y + at.rows - 1, at.x + 1, 1, at.cols - 2});
    buf_free(&note);
}
