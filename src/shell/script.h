/* Command files: one command a line, run by the executor (doc/command-files.md). */
#ifndef SHELL_SCRIPT_H
#define SHELL_SCRIPT_H

#include "shell/session.h"

enum { SCRIPT_DEPTH_MAX = 16, SCRIPT_SIZE_MAX = 1024 * 1024 };

struct script {
    const char *name;     /* as it stands in messages */
    char *path;           /* its real path, NULL for lines that come from no file */
    char *folder;         /* the folder of path, or NULL */
    struct script *outer; /* the one that runs this one, or NULL */
    bool go_on;           /* on-error continue */
    struct buf text;      /* what was read and not yet run */
    size_t pos, line;     /* next character of text, and its line */
    int fd;               /* where more comes from, or -1 */
};

/* Runs a file until its first failure, whose code it returns (with on-error continue: to its end). Each
 * failure is told when it happens, with file and line; *told is true then, and e only sums up. Relative paths
 * are relative to the command file that names them. With `options` (run) the file starts with these, and what
 * it sets, options and variables, ends with it; with NULL (include) the session's are used and stay changed.
 */
int script_run_file(struct session *session, const char *path, const struct options *options, bool *told,
                    struct error *e);

/* Lines given with -e. */
int script_run_lines(struct session *session, const char *const *lines, size_t count, struct error *e);

/* Standard input, line by line as it comes, under the name stdin. */
int script_run_stdin(struct session *session, struct error *e);

#endif
