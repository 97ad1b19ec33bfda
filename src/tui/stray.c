/* Stray: see stray.h. A file in memory takes any amount without ever making the writer wait. */
#include "tui/stray.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STRAY_MAX = 8 * 1024 * 1024 }; /* bytes shown of what was written at once */

int stray_begin(struct stray *stray, struct error *e)
{
    fflush(stdout);
    fflush(stderr);
    stray->memory = memfd_create("lockstep-output", MFD_CLOEXEC);
    if (stray->memory < 0 || fcntl(stray->memory, F_SETFL, O_APPEND) < 0)
        return error_set_errno(e, ERR_REFUSED, "no memory file for the console's output could be made");
    stray->out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    stray->error = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    dup2(stray->memory, STDOUT_FILENO);
    dup2(stray->memory, STDERR_FILENO);
    return 0;
}

void stray_take(struct stray *stray, struct buf *to)
{
    struct stat now;
    fflush(stdout);
    if (stray->memory < 0 || fstat(stray->memory, &now) != 0 || now.st_size == 0)
        return;
    char piece[8192];
    for (off_t at = 0; at < now.st_size && at < STRAY_MAX;) {
        ssize_t n = pread(stray->memory, piece, sizeof piece, at);
        if (n <= 0)
            break;
        buf_add(to, piece, (size_t)n);
        at += n;
    }
    if (ftruncate(stray->memory, 0) != 0)
        lseek(stray->memory, 0, SEEK_END); /* shown again, rather than lost */
}

void stray_end(struct stray *stray)
{
    if (stray->memory < 0)
        return;
    fflush(stdout);
    fflush(stderr);
    dup2(stray->out, STDOUT_FILENO);
    dup2(stray->error, STDERR_FILENO);
    close(stray->out);
    close(stray->error);
    close(stray->memory);
    stray->memory = -1;
}
