/* The view pane: title, the page as a table, the side text left of it, the age of what it shows. */
#include "base/clock.h"
#include "tui/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GAP = 2, MARGIN = 2, TABLE_LEAST = 60 };

/* A cell as it is shown: its sign, its text. */
static int put_span(struct tui *tui, const struct view_span_text *span, int y, int x, int cols, int skip,
                    bool cut)
{
    struct buf text = BUF_INIT;
    view_span_shown(span, tui->ascii, &text);
    int used =
        skip > 0 || !cut
            ? canvas_put_scrolled(&tui->canvas, y, x, cols, skip, (enum style)span->style, buf_text(&text))
            : canvas_put(&tui->canvas, y, x, cols, (enum style)span->style, buf_text(&text));
    buf_free(&text);
    return used;
}

static int span_width(const struct tui *tui, const struct view_span_text *span)
{
    struct buf text = BUF_INIT;
    view_span_shown(span, tui->ascii, &text);
    int width = canvas_width(buf_text(&text));
    buf_free(&text);
    return width;
}

void draw_spans(struct tui *tui, const struct view_line *line, int y, int x, int cols, int skip)
{
    for (size_t i = 0; i < line->count && cols > 0; i++) {
        int width = span_width(tui, &line->span[i]);
        int used = skip >= width ? 0 : put_span(tui, &line->span[i], y, x, cols, skip, true);
        skip = skip > width ? skip - width : 0;
        x += used;
        cols -= used;
    }
}

static bool has_titles(const struct view_page *page)
{
    for (size_t i = 0; i < page->column_count; i++)
        if (page->columns[i].title != NULL && page->columns[i].title[0] != '\0')
            return true;
    return false;
}

/* A row's cells, or the columns' titles when line is NULL. */
static void put_row(struct tui *tui, const struct view_page *page, const struct view_line *line,
                    const int *widths, struct rect at, int left)
{
    int x = 0;
    for (size_t i = 0; i < page->column_count && widths[i] > 0; x += widths[i++] + GAP) {
        struct view_span_text title = {VIEW_PLAIN,
                                       (char *)(page->columns[i].title ? page->columns[i].title : "")};
        const struct view_span_text *span = line == NULL ? &title : i < line->count ? &line->span[i] : NULL;
        int skip = left > x ? left - x : 0, to = x - left + skip, room = widths[i] - skip;
        if (span == NULL || room <= 0 || to >= at.cols)
            continue;
        room = room < at.cols - to ? room : at.cols - to;
        int pad = page->columns[i].numeric ? widths[i] - span_width(tui, span) : 0;
        if (pad > 0 && skip == 0 && pad < room)
            put_span(tui, span, at.y, at.x + to + pad, room - pad, 0, true);
        else
            put_span(tui, span, at.y, at.x + to, room, skip, true);
    }
    if (line == NULL)
        for (int i = 0; i < at.cols; i++)
            if (rect_holds((struct rect){0, 0, tui->canvas.rows, tui->canvas.cols}, at.y, at.x + i))
                tui->canvas.cell[at.y * tui->canvas.cols + at.x + i].style = STYLE_COLUMN;
}

/* Lines and rows from `top` on. `at` is what is inside the frame; a column of margin at each side. */
static void put_lines(struct tui *tui, const struct pane *pane, const struct view_page *page, struct rect at,
                      long top, int left)
{
    int *widths = mem_alloc((page->column_count + 1) * sizeof *widths);
    struct rect row = {at.y, at.x + MARGIN, 1, at.cols - MARGIN - 1};
    view_page_widths(page, row.cols + left, widths);
    if (page->column_count > 0 && has_titles(page)) {
        put_row(tui, page, NULL, widths, row, left);
        row.y++;
    }
    for (long i = top; i < (long)page->count && row.y < at.y + at.rows; i++, row.y++) {
        const struct view_line *line = &page->line[i];
        struct rect whole = {row.y, at.x, 1, at.cols};
        if (line->id == NULL || page->column_count == 0) {
            draw_spans(tui, line, row.y, line->id == NULL ? at.x + 1 : row.x, at.cols - 2, left);
            continue;
        }
        put_row(tui, page, line, widths, row, left);
        if (pane == NULL)
            continue;
        canvas_hit(&tui->canvas, whole, HIT_ROW, i);
        if (i == pane->cursor) {
            canvas_put(&tui->canvas, row.y, at.x, 1, STYLE_KEY, "▸");
            canvas_over(&tui->canvas, whole, STYLE_CURSOR);
        }
    }
    free(widths);
}

void draw_page(struct tui *tui, const struct view_page *page, struct rect at, long top)
{
    put_lines(tui, NULL, page, at, top, 0);
}

/* --- the pane ------------------------------------------------------------------------------------------- */

static int side_cols(const struct tui *tui)
{
    const struct pane *pane = &tui->pane[tui->now];
    int inner = tui->layout.view.cols - 2;
    if (pane->view == NULL || pane->view->side == NULL || tui->reader == NULL ||
        inner - pane->view->side_width < TABLE_LEAST)
        return 0;
    return pane->view->side_width + 2;
}

int draw_view_rows(const struct tui *tui)
{
    const struct pane *pane = &tui->pane[tui->now];
    return tui->layout.view.rows - 2 - (pane->page.column_count > 0 && has_titles(&pane->page));
}

static bool part_is_stale(const struct tui *tui, const struct snapshot_state *state)
{
    return tui->snapshot.link != RPC_UP || state->why.code != 0;
}

/* "read 3 s ago", or why it is old: of the oldest part that the view shows. */
static void say_age(const struct tui *tui, const struct view *view, char *to, size_t size)
{
    const struct snapshot_state *oldest = NULL;
    bool asking = false;
    char words[32];
    *to = '\0';
    for (int part = 0; part < SNAPSHOT_PARTS; part++) {
        const struct snapshot_state *state = &tui->snapshot.part[part];
        if (!(view->parts & 1u << part))
            continue;
        asking = asking || state->asking;
        if (state->have && (oldest == NULL || state->read_ms < oldest->read_ms))
            oldest = state;
    }
    if (tui->reader == NULL)
        return;
    if (oldest == NULL) {
        snprintf(to, size, "%s", asking ? "reading" : "not read · r read");
        return;
    }
    int64_t age = (clock_ms() - oldest->read_ms) / 1000 * 1000;
    clock_words(age, words, sizeof words);
    if (age == 0)
        snprintf(words, sizeof words, "less than 1 s");
    if (tui->snapshot.link != RPC_UP)
        snprintf(to, size, "read %s ago · the link is lost", words);
    else if (oldest->why.code != 0)
        snprintf(to, size, "read %s ago · could not be read again", words);
    else
        snprintf(to, size, "read %s ago · %s", words,
                 asking && clock_ms() - oldest->asked_ms > 500 ? "reading again" : "r read again");
}

static bool is_stale(const struct tui *tui, const struct view *view)
{
    for (int part = 0; part < SNAPSHOT_PARTS; part++)
        if (view->parts & 1u << part && tui->snapshot.part[part].have &&
            part_is_stale(tui, &tui->snapshot.part[part]))
            return true;
    return false;
}

static void say_title(const struct pane *pane, struct buf *to)
{
    buf_add_text(to, panes_name(pane));
    if (*pane->filter)
        buf_printf(to, " · only \"%s\"", pane->filter);
    if (*pane->needle)
        buf_printf(to, " · /%s", pane->needle);
    if (pane->sort >= 0 && (size_t)pane->sort < pane->page.column_count)
        buf_printf(to, " · by %s%s", pane->page.columns[pane->sort].key,
                   pane->descending ? ", last first" : "");
}

static void put_side(struct tui *tui, const struct pane *pane, struct rect at, int cols)
{
    long top = 0, rows = at.rows;
    /* The marked line stays in sight. */
    for (size_t i = 0; i < pane->side.count; i++)
        for (size_t k = 0; k < pane->side.line[i].count; k++)
            if (pane->side.line[i].span[k].style == VIEW_MARK && (long)i >= top + rows)
                top = (long)i - rows + 1;
    for (long i = 0; i < rows && top + i < (long)pane->side.count; i++)
        draw_spans(tui, &pane->side.line[top + i], at.y + (int)i, at.x + 1, cols - 2, 0);
    for (int y = at.y; y < at.y + at.rows; y++)
        canvas_put(&tui->canvas, y, at.x + cols - 1, 1, STYLE_BORDER, "│");
}

/* How far one is in a page that does not fit: "12-30 of 60". */
static void add_place(const struct tui *tui, const struct pane *pane, char *to, size_t size)
{
    long rows = draw_view_rows(tui), count = (long)pane->page.count;
    size_t n = strlen(to);
    if (count <= rows)
        return;
    long last = pane->top + rows < count ? pane->top + rows : count;
    snprintf(to + n, size - n, "%slines %ld-%ld of %ld", n ? " · " : "", pane->top + 1, last, count);
}

void draw_view(struct tui *tui)
{
    struct pane *pane = panes_now(tui);
    struct rect frame = tui->layout.view, inside = layout_inside(frame);
    bool focus = tui->focus == FOCUS_VIEW;
    if (pane->view == NULL) {
        draw_log(tui, frame);
        return;
    }
    struct buf title = BUF_INIT;
    char age[128];
    panes_build(tui);
    say_title(pane, &title);
    say_age(tui, pane->view, age, sizeof age);
    add_place(tui, pane, age, sizeof age);
    canvas_box(&tui->canvas, frame, focus ? STYLE_BORDER_FOCUS : STYLE_BORDER, STYLE_PANE_TITLE,
               buf_text(&title), age);
    int side = side_cols(tui);
    if (side > 0)
        put_side(tui, pane, inside, side);
    struct rect table = {inside.y, inside.x + side, inside.rows, inside.cols - side};
    put_lines(tui, pane, &pane->page, table, pane->top, pane->left);
    if (is_stale(tui, pane->view))
        canvas_dim(&tui->canvas, inside);
    buf_free(&title);
}
