/* Line mode: a prompt on the terminal, with history, completion, and log lines above it. */
#ifndef SHELL_PROMPT_H
#define SHELL_PROMPT_H

#include "shell/session.h"

/* Until quit, the end of input, or a signal to end (ERR_INTERRUPTED). Failures of commands were told when
 * they happened. */
int prompt_run(struct session *session);

#endif
