/* The console: the attached device as views, a command line under them, on one screen. */
#ifndef TUI_TUI_H
#define TUI_TUI_H

#include "shell/session.h"

struct tui_options {
    const char *theme; /* name; NULL: "default" */
    int rows, cols;    /* size to draw, instead of the terminal's; 0: the terminal's */
    const char *keys;  /* file of keys to press (doc/console.md); NULL: none */
    bool ascii;        /* no line art, whatever the locale */
    bool no_mouse;
};

/* "100x30" -> columns and rows. ERR_USAGE. */
int tui_parse_size(const char *text, int *cols, int *rows, struct error *e);

/* Until quit. Returns 0, or what made it end: ERR_REFUSED when the terminal can't be drawn on, ERR_EXPECT
 * when a key script waited for a text that did not come. The error is filled, and told by the caller. */
int tui_run(struct session *session, const struct tui_options *options, struct error *e);

#endif
