/* Where the panes stand on a screen of a given size. Pure. */
#ifndef TUI_LAYOUT_H
#define TUI_LAYOUT_H

#include "tui/canvas.h"

enum { LAYOUT_COLS_MIN = 80, LAYOUT_ROWS_MIN = 24 };

struct layout {
    bool fits;                       /* false: the screen is too small for anything but a sentence */
    struct rect header;              /* one row */
    struct rect list, view, command; /* with their frames */
    struct rect hints;               /* one row */
};

/* larger: the command pane takes most of the screen. */
void layout_make(struct layout *layout, int rows, int cols, bool larger);
struct rect layout_inside(struct rect frame); /* without the frame */

#endif
