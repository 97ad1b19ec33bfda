/* Durable files: see file.h. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_fd(int fd, const char *path, size_t max, struct buf *to, struct error *e)
{
    uint8_t chunk[16384];
    size_t total = 0;
    int rc = 0;
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            rc = error_set_errno(e, ERR_REFUSED, "reading %s", path);
            break;
        }
        if (n == 0)
            break;
        total += (size_t)n;
        if (total > max) {
            rc = error_set(e, ERR_REFUSED,
                           "reading %s: it is larger than the %zu bytes that can be right here", path, max);
            break;
        }
        buf_add(to, chunk, (size_t)n);
    }
    if (to->secret)
        explicit_bzero(chunk, sizeof chunk);
    return rc;
}

int file_read(const char *path, size_t max, struct buf *to, struct error *e)
{
    if (strcmp(path, "-") == 0)
        return read_fd(STDIN_FILENO, "standard input", max, to, e);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set_errno(e, ERR_REFUSED, "opening %s", path);
    struct stat st;
    int rc;
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
        rc = error_set(e, ERR_REFUSED, "opening %s: it is a folder, a file is needed here", path);
    else
        rc = read_fd(fd, path, max, to, e);
    close(fd);
    return rc;
}

int file_write_all(int fd, const void *bytes, size_t len, struct error *e)
{
    const uint8_t *p = bytes;
    while (len > 0) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_set_errno(e, ERR_REFUSED, "writing");
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

static int sync_folder_of(const char *path, struct error *e)
{
    char *copy = mem_string(path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(copy);
    if (fd < 0)
        return error_set_errno(e, ERR_REFUSED, "opening the folder of %s", path);
    int rc = fsync(fd) < 0 ? error_set_errno(e, ERR_REFUSED, "syncing the folder of %s", path) : 0;
    close(fd);
    return rc;
}

static int write_synced(int fd, const char *path, mode_t mode, const void *bytes, size_t len, struct error *e)
{
    int rc = file_write_all(fd, bytes, len, e);
    if (rc != 0)
        return error_prefix(e, "%s", path);
    if (fchmod(fd, mode) < 0 || fsync(fd) < 0)
        return error_set_errno(e, ERR_REFUSED, "syncing %s to disk", path);
    return 0;
}

static int same_on_disk(const char *path, const void *bytes, size_t len, struct error *e)
{
    struct buf back = {.secret = true};
    int rc = file_read(path, len, &back, e);
    if (rc == 0 && (back.len != len || (len && memcmp(back.data, bytes, len) != 0)))
        rc = error_set(e, ERR_REFUSED, "%s does not read back as it was written", path);
    buf_free(&back);
    return rc;
}

int file_create(const char *path, mode_t mode, const void *bytes, size_t len, struct error *e)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        error_set_errno(e, ERR_REFUSED, "making %s", path);
        if (errno == EEXIST)
            error_next(e, "Existing files are never overwritten: give another name, or move %s away.", path);
        return ERR_REFUSED;
    }
    int rc = write_synced(fd, path, mode, bytes, len, e);
    if (close(fd) < 0 && rc == 0)
        rc = error_set_errno(e, ERR_REFUSED, "closing %s", path);
    if (rc == 0)
        rc = same_on_disk(path, bytes, len, e);
    if (rc == 0)
        rc = sync_folder_of(path, e);
    if (rc != 0)
        unlink(path);
    return rc;
}

int file_replace(const char *path, mode_t mode, const void *bytes, size_t len, struct error *e)
{
    char *temporary = mem_printf("%s.%d.new", path, (int)getpid());
    int rc = 0;
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        rc = error_set_errno(e, ERR_REFUSED, "making %s", temporary);
    } else {
        rc = write_synced(fd, temporary, mode, bytes, len, e);
        if (close(fd) < 0 && rc == 0)
            rc = error_set_errno(e, ERR_REFUSED, "closing %s", temporary);
        if (rc == 0 && rename(temporary, path) < 0)
            rc = error_set_errno(e, ERR_REFUSED, "replacing %s", path);
        if (rc == 0)
            rc = sync_folder_of(path, e);
        else
            unlink(temporary);
    }
    free(temporary);
    return rc;
}

int file_make_folder(const char *path, mode_t mode, struct error *e)
{
    char *copy = mem_string(path);
    int rc = 0;
    for (char *p = copy + 1; rc == 0; p++) {
        if (*p != '/' && *p != '\0')
            continue;
        char kept = *p;
        *p = '\0';
        if (mkdir(copy, mode) < 0 && errno != EEXIST)
            rc = error_set_errno(e, ERR_REFUSED, "making the folder %s", copy);
        *p = kept;
        if (kept == '\0')
            break;
    }
    free(copy);
    return rc;
}
