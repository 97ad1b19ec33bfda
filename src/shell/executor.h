/* The one executor: every command line, from wherever it comes, passes here. */
#ifndef SHELL_EXECUTOR_H
#define SHELL_EXECUTOR_H

#include "shell/lexer.h"
#include "shell/session.h"

/* Parses and runs one command, reports it, and remembers it as the command before. `where` ("FILE:LINE", or
 * NULL) stands in its messages. Returns 0 or the error's code; e holds what was told already. */
int executor_run(struct session *session, const struct words *words, const char *where, struct error *e);

/* A line with quotes and ${…}. An empty line is fine. */
int executor_run_line(struct session *session, const char *line, const char *where, struct error *e);

/* The program's own command line: its options become the session's. *ran is false when it holds no command.
 */
int executor_run_start(struct session *session, const struct words *words, bool *ran, struct error *e);

/* Tells an error that belongs to no command (a line that could not be taken apart). */
void executor_tell(struct session *session, const char *where, struct error *e);

#endif
