/* Views: what the console shows of a subject, built from the snapshot as rows of styled cells. Part of the
 * plugin ABI.
 *
 * A view knows nothing of the terminal: it fills a page; the console draws it, scrolls, sorts, searches,
 * filters, copies and writes it to a file. It emits command lines only, by its keys. One file and one table
 * row make a view. */
#ifndef SHELL_VIEW_H
#define SHELL_VIEW_H

#include "device/snapshot.h"

#include <stdbool.h>
#include <stddef.h>

enum view_style { /* meanings, not colours: themes give the colours; each has a sign of its own beside the
                     colour */
                  VIEW_PLAIN,
                  VIEW_DIM,    /* less important, or stale */
                  VIEW_TITLE,  /* a heading */
                  VIEW_GOOD,   /* as it should be */
                  VIEW_WARN,   /* wants attention */
                  VIEW_BAD,    /* wrong or dangerous */
                  VIEW_LOCKED, /* can't be changed any more */
                  VIEW_OPEN,   /* can still be changed */
                  VIEW_VALUE,  /* data of the device */
                  VIEW_MARK,   /* the piece that belongs to the cursor's row (a byte of the field) */
                  VIEW_STYLES
};

struct view_page; /* under construction */

struct view_column {
    const char *key, *title;
    int width;     /* least columns */
    bool flexible; /* takes what is left */
    bool numeric;  /* sorts as a number, aligned right */
};

struct view_key {
    const char *key;     /* "a", "Enter", "F5", "^R" */
    const char *label;   /* hint line: two words at most */
    const char *command; /* the line it emits; {id} is the row's id, {KEY} a column's cell of the row, {?TEXT}
                            asks for a value */
    bool edit;           /* the line is put into the command pane for the person to finish, not run */
};

struct view_context {
    const struct snapshot *snapshot;
    int64_t now_ms;
    const char *port;     /* printable */
    const char *selected; /* id of the row under the cursor, "" */
    bool ascii;           /* no line art, no signs beyond ASCII */
    /* The device log, oldest first: view_log below. */
    const void *console;
};

struct view {
    const char *name, *title, *summary;
    unsigned parts; /* mask of 1 << enum snapshot_part: read for it, and their age is shown */
    int side_width; /* columns of a side text left of the table (the hex dump of the chip), 0: none */
    const struct view_key *keys; /* ends with key == NULL */
    void (*build)(struct view_page *page, const struct view_context *ctx);
    void (*side)(struct view_page *page, const struct view_context *ctx); /* text lines only; may be NULL */
    void (*detail)(struct view_page *page,
                   const struct view_context *ctx); /* about ctx->selected; may be NULL */
};

/* --- filling a page ------------------------------------------------------------------------------------- */

void view_columns(struct view_page *page, const struct view_column *columns, size_t count);
/* Bytes of a text that are shown at most, whatever a device calls itself. */
enum { VIEW_TEXT_MAX = 1024 };

/* Views never write signs themselves: LOCKED, OPEN, WARN … get theirs when the page is drawn.
 *
 * A line of text that can't be selected: headings, sentences. Any text is made printable and cut at
 * VIEW_TEXT_MAX bytes. */
void view_text(struct view_page *page, enum view_style style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A paragraph: as view_text, broken between words into lines of at most VIEW_MEASURE columns, so that no
 * reason is cut off on a narrow screen. */
enum { VIEW_MEASURE = 58 };
void view_words(struct view_page *page, enum view_style style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Begins a row; id names it in commands and keeps the cursor on it when the page is built anew. */
void view_row(struct view_page *page, const char *id);
/* Next cell of the row. Any text is made printable and cut to one line. */
void view_cell(struct view_page *page, enum view_style style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A span of the current text line (side panes): spans stand beside one another until view_text_end. */
void view_span(struct view_page *page, enum view_style style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void view_text_end(struct view_page *page);

/* A part that is missing: a short paragraph that says why and which command gets it. Returns true when it
 * wrote it (no data). */
bool view_missing(struct view_page *page, const struct view_context *ctx, enum snapshot_part part);

/* What a JSON tree holds at path "a.b.c": as it is (NULL when nothing), a string, a number. The tree is the
 * device's: anything of another type counts as missing. */
const cJSON *view_json_at(const cJSON *tree, const char *path);
double view_json_number(const cJSON *tree, const char *path, double fallback);
const char *view_json_text(const cJSON *tree, const char *path, const char *fallback);

#endif
