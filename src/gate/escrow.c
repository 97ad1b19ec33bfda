/* Keys on disk before the device hears of them: see escrow.h. */
#include "gate/escrow.h"
#include "base/buf.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_MODE = 0400 };

char *escrow_name(const char *path, const char *digits)
{
    char *name = mem_string(path);
    size_t left = strlen(digits);
    for (char *p = name + strlen(name); p > name && p[-1] != '/'; p--)
        if (p[-1] == '?' && left > 0)
            p[-1] = digits[--left];
    return name;
}

/* The second copy's path, or NULL when there is none. */
static char *copy_path(const char *path, const char *folder)
{
    if (folder == NULL)
        return NULL;
    const char *slash = strrchr(path, '/');
    return mem_printf("%s/%s", folder, slash ? slash + 1 : path);
}

static char *folder_of(const char *path)
{
    char *copy = mem_string(path), *folder = mem_string(dirname(copy));
    free(copy);
    return folder;
}

static bool is_there(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

static int check_new(const char *path, struct error *e)
{
    char *folder = folder_of(path);
    int code = 0;
    if (is_there(path)) {
        error_set(e, ERR_REFUSED, "%s exists already, and files are never overwritten", path);
        code = ERR_REFUSED;
        error_next(e, "Give another name, or move that file away.");
    } else if (access(folder, W_OK | X_OK) != 0) {
        code = error_set_errno(e, ERR_REFUSED, "%s cannot be made in %s", path, folder);
    }
    free(folder);
    return code;
}

/* Two names of one file are no second copy. */
static int check_folders_differ(const char *path, const char *folder, struct error *e)
{
    struct stat a, b;
    char *first = folder_of(path);
    int code = 0;
    if (stat(first, &a) == 0 && stat(folder, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino)
        code = error_set(e, ERR_REFUSED,
                         "--escrow %s is the folder of the key itself: that is no second copy", folder);
    free(first);
    return code;
}

int escrow_check(const char *path, const char *folder, struct error *e)
{
    char *copy = copy_path(path, folder);
    int code = check_new(path, e);
    if (code == 0 && copy != NULL)
        code = check_folders_differ(path, folder, e);
    if (code == 0 && copy != NULL)
        code = check_new(copy, e);
    free(copy);
    return code;
}

static int sync_folder(const char *path, struct error *e)
{
    char *folder = folder_of(path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int code = fd < 0 || fsync(fd) != 0
                   ? error_set_errno(e, ERR_REFUSED, "%s: its folder cannot be synced to disk", path)
                   : 0;
    if (fd >= 0)
        close(fd);
    free(folder);
    return code;
}

/* Whole under another name first; then the name, which must be free: link(2) never replaces. File systems
 * without links get it directly. */
static int keep_one(const char *path, const void *key, size_t len, struct error *e)
{
    char *whole = mem_printf("%s.%d.new", path, (int)getpid());
    int code = file_create(whole, KEY_MODE, key, len, e);
    if (code == 0 && link(whole, path) != 0) {
        if (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS)
            code = file_create(path, KEY_MODE, key, len, e);
        else if (errno == EEXIST)
            code = error_set(e, ERR_REFUSED, "%s exists already, and files are never overwritten", path);
        else
            code = error_set_errno(e, ERR_REFUSED, "%s cannot be made", path);
    }
    unlink(whole);
    if (code == 0)
        code = sync_folder(path, e);
    free(whole);
    return code;
}

static int refuse(const char *path, struct error *e)
{
    error_prefix(e, "nothing was sent: the key could not be kept in %s", path);
    return ERR_REFUSED;
}

int escrow_keep(const char *path, const char *folder, const void *key, size_t len, struct error *e)
{
    char *copy = copy_path(path, folder);
    int code = keep_one(path, key, len, e);
    if (code != 0)
        refuse(path, e);
    if (code == 0 && copy != NULL && keep_one(copy, key, len, e) != 0)
        code = refuse(copy, e);
    free(copy);
    return code;
}

static int same_key(const char *path, const void *key, size_t len, struct error *e)
{
    struct buf bytes = {.secret = true};
    int code = file_read(path, len + 1, &bytes, e);
    if (code == 0 && (bytes.len != len || memcmp(bytes.data, key, len) != 0))
        code = error_set(e, ERR_REFUSED, "%s holds another key", path);
    buf_free(&bytes);
    return code;
}

int escrow_keep_again(const char *path, const char *folder, const void *key, size_t len, struct error *e)
{
    char *copy = copy_path(path, folder);
    int code = same_key(path, key, len, e);
    if (code == 0)
        code = sync_folder(path, e);
    if (code == 0 && copy != NULL)
        code = is_there(copy) ? same_key(copy, key, len, e) : keep_one(copy, key, len, e);
    if (code != 0)
        refuse(path, e);
    free(copy);
    return code;
}
