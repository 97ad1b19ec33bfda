/* Layout: see layout.h. */
#include "tui/layout.h"

enum {
    LIST_COLS = 17,
    LIST_COLS_WIDE = 20, /* from 110 columns on */
    COMMAND_ROWS = 6,    /* on 24 rows; a quarter of what is more is added */
    VIEW_ROWS_LEAST = 7, /* beside a larger command pane */
};

void layout_make(struct layout *layout, int rows, int cols, bool larger)
{
    *layout = (struct layout){.fits = rows >= LAYOUT_ROWS_MIN && cols >= LAYOUT_COLS_MIN};
    if (!layout->fits)
        return;
    int middle = rows - 2; /* between header and hints */
    int command = COMMAND_ROWS + (rows - LAYOUT_ROWS_MIN) / 4;
    int list = cols >= 110 ? LIST_COLS_WIDE : LIST_COLS;
    if (larger)
        command = middle - VIEW_ROWS_LEAST;
    layout->header = (struct rect){0, 0, 1, cols};
    layout->list = (struct rect){1, 0, middle - command, list};
    layout->view = (struct rect){1, list, middle - command, cols - list};
    layout->command = (struct rect){1 + middle - command, 0, command, cols};
    layout->hints = (struct rect){rows - 1, 0, 1, cols};
}

struct rect layout_inside(struct rect frame)
{
    return (struct rect){frame.y + 1, frame.x + 1, frame.rows - 2, frame.cols - 2};
}
