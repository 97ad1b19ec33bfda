/* The log pane: device log lines, newest last, coloured by level. */
#include "tui/inside.h"

#include <stdio.h>
#include <string.h>

/* First row shown: the newest fill the pane, or the held one stands at its end. */
static size_t first_row(const struct tui *tui, size_t rows, size_t room)
{
    size_t end = rows;
    if (tui->log_paused && rows > 0) {
        size_t held = log_row_of(tui->log, tui->log_held);
        end = held + 1 < rows ? held + 1 : rows;
        end = end < room ? (rows < room ? rows : room) : end;
    }
    return end > room ? end - room : 0;
}

static void put_line(struct tui *tui, size_t row, struct rect at, const struct pane *pane)
{
    size_t len;
    struct buf text = BUF_INIT;
    const char *line = log_line(tui->log, row, &len);
    enum style style = log_show(line, len, &text);
    static const struct {
        enum style style;
        const char *mark; /* colour is never the only sign */
    } marks[] = {
        {STYLE_LOG_ERROR, "!"  },
        {STYLE_LOG_WARN,  "▲"},
    };
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (marks[i].style == style)
            canvas_put(&tui->canvas, at.y, at.x, 1, style, marks[i].mark);
    canvas_put_scrolled(&tui->canvas, at.y, at.x + 2, at.cols - 3, pane->left, style, buf_text(&text));
    if (tui->log_paused && log_number(tui->log, row) == tui->log_held)
        canvas_over(&tui->canvas, at, STYLE_CURSOR);
    buf_free(&text);
}

void draw_log(struct tui *tui, struct rect frame)
{
    struct pane *pane = panes_now(tui);
    struct rect at = layout_inside(frame);
    size_t rows = log_rows(tui->log), room = (size_t)at.rows, first = first_row(tui, rows, room);
    struct buf title = BUF_INIT, note = BUF_INIT;
    buf_add_text(&title, "log");
    if (*pane->filter)
        buf_printf(&title, " · only \"%s\"", pane->filter);
    if (*pane->needle)
        buf_printf(&title, " · /%s", pane->needle);
    buf_printf(&note, "%zu lines", rows);
    if (tui->log_paused)
        buf_printf(&note, " · held at %llu, %llu came since · p go on", (unsigned long long)tui->log_held + 1,
                   (unsigned long long)(log_received(tui->log) - tui->log_held - 1));
    else
        buf_add_text(&note, " · following · p hold");
    canvas_box(&tui->canvas, frame, tui->focus == FOCUS_VIEW ? STYLE_BORDER_FOCUS : STYLE_BORDER,
               STYLE_PANE_TITLE, buf_text(&title), buf_text(&note));
    if (rows == 0)
        canvas_put(&tui->canvas, at.y, at.x + 1, at.cols - 2, STYLE_DIM,
                   *pane->filter ? "No line that was kept holds this text."
                                 : "The device has not logged anything yet.");
    for (size_t i = 0; i < room && first + i < rows; i++)
        put_line(tui, first + i, (struct rect){at.y + (int)i, at.x, 1, at.cols}, pane);
    buf_free(&title);
    buf_free(&note);
}
