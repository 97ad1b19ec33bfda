/* The front end of a session: where reports go and who is asked. NULL in the session means plain lines:
 * standard output, standard error, /dev/tty. The curses console gives its own. */
#ifndef SHELL_FRONT_H
#define SHELL_FRONT_H

#include "gate/gate.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct front {
    /* Text of a report as it comes; `note` is what plain mode writes to standard error. Bytes of op_data that
     * are binary come with binary = true. */
    void (*write)(void *ctx, bool note, bool binary, const char *text, size_t len);
    void (*progress)(void *ctx, const char *what, uint64_t done, uint64_t total); /* total 0: over */
    /* A command begins and ends: the line as it is recorded (secrets masked). */
    void (*begin)(void *ctx, const char *line);
    void (*end)(void *ctx, int code);
    /* Consent, as struct gate_consent. */
    void (*show)(void *ctx, const struct plan *plan);
    int (*ask)(void *ctx, const char *question, char *answer, size_t size, struct error *e);
    /* What only a console can do: "view" NAME, "theme" NAME, "save-screen" FILE, "keys" "", … ERR_USAGE when
     * it can't. */
    int (*request)(void *ctx, const char *what, const char *value, struct error *e);
    void *ctx;
};

#endif
