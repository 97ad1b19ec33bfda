/* The page that a view fills (view.h): lines of styled spans, kept apart from any terminal, so that it can be
 * drawn, sorted, searched, filtered, copied, written as text, and tested without one. For the console, not
 * for plugins. */
#ifndef SHELL_VIEW_PAGE_H
#define SHELL_VIEW_PAGE_H

#include "base/buf.h"
#include "shell/view.h"

struct view_span_text {
    enum view_style style;
    char *text; /* printable, one line */
};

struct view_line {
    char *id; /* NULL: text that can't be selected; else a row whose spans are its cells */
    struct view_span_text *span;
    size_t count;
};

struct view_page {
    const struct view_column *columns; /* NULL: text only */
    size_t column_count;
    struct view_line *line;
    size_t count, capacity;
    bool open; /* a text line of spans is under way */
};

void view_page_init(struct view_page *page);
void view_page_free(struct view_page *page);

/* Rows only: runs of rows between text lines are sorted by a column's cells (numeric ones by number), stable.
 */
void view_page_sort(struct view_page *page, size_t column, bool descending);
/* Drops rows of which no cell holds `needle` (letters' case ignored; "" keeps all). Text lines stay. */
void view_page_filter(struct view_page *page, const char *needle);
/* Next line after `from` (wrapping) that holds needle; -1 if none. backwards searches the other way. */
long view_page_search(const struct view_page *page, const char *needle, long from, bool backwards);
/* Line number of the row with this id, or -1. */
long view_page_find(const struct view_page *page, const char *id);

/* Column widths for `width` terminal columns, two between columns: least widths, then the flexible ones share
 * what is left, as far as their cells need it; when even the least do not fit, columns from the right get 0.
 * widths has column_count entries. */
void view_page_widths(const struct view_page *page, int width, int *widths);
/* The page as plain text of that width (the `w` key, tests): titles first unless all are empty. */
void view_page_text(const struct view_page *page, int width, bool ascii, struct buf *to);

/* The sign that stands for a style where colour alone would speak ("●" LOCKED, "○" OPEN, "!" BAD …; ASCII:
 * "#", "o"). */
const char *view_style_sign(enum view_style style, bool ascii);

/* --- drawing: what the console and view_page_text share ------------------------------------------------- */

/* Appends a span as it is shown: the sign of its style, its text; with ascii, nothing beyond ASCII ("I²C"
 * becomes "I2C"). Characters of which the locale does not know how many columns they take are escaped. */
void view_span_shown(const struct view_span_text *span, bool ascii, struct buf *to);
/* Columns that a printable UTF-8 text takes on a terminal. */
int view_width(const char *text);
/* Appends text, cut to `width` columns: "…" ("~") stands for what is missing. Returns the columns it takes.
 */
int view_fit(const char *text, int width, bool ascii, struct buf *to);

#endif
