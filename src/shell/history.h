/* The console's history: in $XDG_STATE_HOME/lockstep/history (0600), without secrets. */
#ifndef SHELL_HISTORY_H
#define SHELL_HISTORY_H

#include "base/buf.h"
#include "shell/registry.h"

enum { HISTORY_MAX = 2000 }; /* lines kept */

struct history {
    char *path; /* NULL when there is no place for it */
};

/* Reads the file into readline's list. What cannot be read is no error: history starts empty. */
void history_open(struct history *history);
/* Adds a line to readline's list and to the file, secrets in it replaced by ${NAME}. */
void history_add(struct history *history, const struct registry *registry, const char *line);
void history_close(struct history *history);

/* What may be kept of a line, appended to `to`. False: it must not be kept, because it could not be taken
 * apart and so a secret could not be found in it. Pure. */
bool history_redact(const struct registry *registry, const char *line, struct buf *to);

#endif
