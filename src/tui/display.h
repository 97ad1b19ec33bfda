/* The terminal: ncurses behind a narrow door. Draws a canvas, reads keys, and leaves the terminal as it found
 * it, whatever ends the program. One at a time. */
#ifndef TUI_DISPLAY_H
#define TUI_DISPLAY_H

#include "base/error.h"
#include "tui/canvas.h"
#include "tui/keys.h"
#include "tui/theme.h"

struct display;

struct display_options {
    int rows, cols; /* 0: the terminal's own */
    bool mouse;
};

/* Takes the terminal over. ERR_REFUSED when its kind (TERM) is unknown or can't move a cursor. */
int display_open(const struct display_options *options, struct display **display, struct error *e);
void display_close(struct display *display); /* NULL is fine */

void display_theme(struct display *display, const struct theme *theme);
void display_size(const struct display *display, int *rows, int *cols);
/* The terminal's size now, or the given one when rows > 0. */
void display_resize(struct display *display, int rows, int cols);
void display_draw(struct display *display, const struct canvas *canvas);
void display_redraw(struct display *display); /* the next drawing starts from an empty screen */
void display_mouse(struct display *display, bool on);

int display_input(const struct display *display);                /* descriptor to watch */
bool display_read_key(struct display *display, struct key *key); /* false: none waits */
void display_drop_input(struct display *display);                /* what was typed and not yet read */

/* Gives the terminal back for a while (a stop, an editor), and takes it again. */
void display_leave(struct display *display);
void display_return(struct display *display);

void display_copy(struct display *display, const char *text); /* to the clipboard, by OSC 52 */

#endif
