/* What anything writes to standard output or standard error while the console has the screen: caught in
 * memory, so that it can neither disturb the screen nor be lost. */
#ifndef TUI_STRAY_H
#define TUI_STRAY_H

#include "base/buf.h"
#include "base/error.h"

struct stray {
    int memory;     /* -1 when off */
    int out, error; /* the real ones */
};

int stray_begin(struct stray *stray, struct error *e);
void stray_take(struct stray *stray, struct buf *to); /* what came since */
void stray_end(struct stray *stray);

#endif
