/* A picture of the screen in memory: cells of styled characters, the cursor, and what a click on a place
 * means. Everything is drawn here first; display.h puts it on the terminal, and canvas_text writes it to a
 * file.
 *
 * Nothing that a terminal would obey can enter a cell: controls, invisible and undecodable characters become
 * "?", whatever the text's origin. In ASCII mode signs and line art become ASCII characters of one column. */
#ifndef TUI_CANVAS_H
#define TUI_CANVAS_H

#include "base/buf.h"
#include "tui/style.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

enum { CELL_CHARS = 3 }; /* a character and the combining marks on it */

struct cell {
    wchar_t text[CELL_CHARS]; /* ends with 0 unless full */
    uint8_t style;            /* enum style */
    uint8_t over;             /* a style whose background lies over it: STYLE_CURSOR, or 0 */
    uint8_t width;            /* 1, 2, or 0 for the right half of a wide character */
};

struct rect {
    int y, x, rows, cols;
};

struct hit { /* a place that can be clicked */
    struct rect at;
    int kind; /* the console's: enum hit_kind */
    long value;
};

struct canvas {
    int rows, cols;
    bool ascii;
    struct cell *cell;
    int cursor_y, cursor_x; /* -1: no cursor */
    struct hit *hit;
    size_t hits, hits_max;
};

void canvas_init(struct canvas *canvas, int rows, int cols, bool ascii);
void canvas_free(struct canvas *canvas);
void canvas_resize(struct canvas *canvas, int rows, int cols); /* empties it */
void canvas_clear(struct canvas *canvas);

/* Puts text at most `cols` columns wide, one line; what does not fit is cut and ends in "…". Returns the
 * columns used. Outside the canvas nothing is drawn. */
int canvas_put(struct canvas *canvas, int y, int x, int cols, enum style style, const char *text);
/* Same with a format. */
int canvas_print(struct canvas *canvas, int y, int x, int cols, enum style style, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
/* Same, but leaves out the first `skip` columns, and marks no cut: for panes that scroll sideways. */
int canvas_put_scrolled(struct canvas *canvas, int y, int x, int cols, int skip, enum style style,
                        const char *text);

/* Text folded at spaces into lines of at.cols columns; lines after the first stand as far in as the text's
 * leading blanks. Draws the lines from number `skip` on, at.rows of them at most. Returns how many lines the
 * text takes in all. canvas NULL: only counts them. */
int canvas_words(struct canvas *canvas, struct rect at, int skip, enum style style, const char *text);

void canvas_fill(struct canvas *canvas, struct rect at, enum style style); /* with blanks */
void canvas_over(struct canvas *canvas, struct rect at,
                 enum style over); /* a background over what is there */
/* A frame. title stands in the top line, note at the right end of the bottom line; either may be NULL. */
void canvas_box(struct canvas *canvas, struct rect at, enum style style, enum style title_style,
                const char *title, const char *note);
void canvas_hline(struct canvas *canvas, struct rect at, enum style style,
                  const char *title);                   /* ├─ title ─┤ */
void canvas_dim(struct canvas *canvas, struct rect at); /* everything in it looks stale */

void canvas_hit(struct canvas *canvas, struct rect at, int kind, long value);
const struct hit *canvas_hit_at(const struct canvas *canvas, int y,
                                int x); /* the last drawn there, or NULL */

/* The picture as lines of text without trailing blanks. */
void canvas_text(const struct canvas *canvas, struct buf *to);

/* Columns that a text takes on a canvas. */
int canvas_width(const char *text);
/* The byte at which text has taken at most `cols` columns. */
size_t canvas_cut(const char *text, int cols);
/* The next code point of UTF-8 text, 0 at its end; a byte that is no UTF-8 gives U+FFFD. */
uint32_t canvas_decode(const char **text);
/* Columns of a code point: 0 for a mark that joins the one before, 1, 2. */
int canvas_char_width(uint32_t code);

static inline bool rect_holds(struct rect at, int y, int x)
{
    return y >= at.y && y < at.y + at.rows && x >= at.x && x < at.x + at.cols;
}

#endif
