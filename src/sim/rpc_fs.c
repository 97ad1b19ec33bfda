/* FS.*: files of the device, in the folder fs of its state. */
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "sim/rpc_methods.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *sim_fs_path(const struct board *b, const char *name)
{
    while (*name == '/')
        name++;
    for (const char *p = name; *p != '\0';) {
        size_t n = strcspn(p, "/");
        if (n == 2 && p[0] == '.' && p[1] == '.')
            return NULL;
        p += n;
        p += *p == '/';
    }
    return path_join(b->fs, name);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names in a folder, sorted so that runs are alike. Caller frees each and the list. */
static char **list_names(const char *folder, size_t *count)
{
    char **names = NULL;
    *count = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *d; dir != NULL && (d = readdir(dir)) != NULL;) {
        if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
            continue;
        names = mem_grow(names, (*count + 1) * sizeof *names);
        names[(*count)++] = mem_string(d->d_name);
    }
    if (dir != NULL)
        closedir(dir);
    if (names != NULL)
        qsort(names, *count, sizeof *names, by_name);
    return names;
}

static int64_t size_of(const char *folder, const char *name)
{
    struct stat st;
    char *path = path_join(folder, name);
    int64_t size = stat(path, &st) == 0 ? st.st_size : 0;
    free(path);
    return size;
}

int64_t sim_fs_free(const struct board *b)
{
    size_t count;
    char **names = list_names(b->fs, &count);
    int64_t free_bytes = SIM_FS_SIZE;
    for (size_t i = 0; i < count; i++) {
        free_bytes -= size_of(b->fs, names[i]);
        free(names[i]);
    }
    free(names);
    return free_bytes > 0 ? free_bytes : 0;
}

static void list(struct board *b, const cJSON *args, struct sim_reply *reply, bool sizes)
{
    const char *path = sim_args_text(args, "path");
    char *folder = sim_fs_path(b, path ? path : "/");
    size_t count = 0;
    char **names = folder ? list_names(folder, &count) : NULL;
    reply->result = cJSON_CreateArray();
    for (size_t i = 0; i < count; i++) {
        cJSON *item = sizes ? cJSON_CreateObject() : cJSON_CreateString(names[i]);
        if (sizes) {
            cJSON_AddStringToObject(item, "name", names[i]);
            cJSON_AddNumberToObject(item, "size", (double)size_of(folder, names[i]));
        }
        cJSON_AddItemToArray(reply->result, item);
        free(names[i]);
    }
    free(names);
    free(folder);
}

void sim_fs_list(struct board *b, const struct sim_channel *channel, const cJSON *args,
                 struct sim_reply *reply)
{
    (void)channel;
    list(b, args, reply, false);
}

void sim_fs_list_ext(struct board *b, const struct sim_channel *channel, const cJSON *args,
                     struct sim_reply *reply)
{
    (void)channel;
    list(b, args, reply, true);
}

/* The path that args name, or NULL with the error set. Caller frees. */
static char *required_path(struct board *b, const cJSON *args, const char *name, struct sim_reply *reply)
{
    const char *value = sim_args_text(args, name);
    if (value == NULL || *value == '\0') {
        sim_reply_error(reply, 400, "%s is required", name);
        return NULL;
    }
    char *path = sim_fs_path(b, value);
    if (path == NULL)
        sim_reply_error(reply, 400, "failed to open file \"%.100s\"", value);
    return path;
}

void sim_fs_get(struct board *b, const struct sim_channel *channel, const cJSON *args,
                struct sim_reply *reply)
{
    (void)channel;
    char *path = required_path(b, args, "filename", reply);
    if (path == NULL)
        return;
    int64_t offset = sim_args_number(args, "offset", 0), len = sim_args_number(args, "len", -1);
    struct buf bytes = {.secret = true};
    struct stat st;
    if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || file_read(path, SIM_FS_SIZE, &bytes, NULL) < 0) {
        sim_reply_error(reply, 400, "failed to open file \"%.100s\"", sim_args_text(args, "filename"));
    } else if (offset < 0 || len < -1) {
        sim_reply_error(reply, 400, "illegal offset or length");
    } else {
        int64_t size = (int64_t)bytes.len, from = offset < size ? offset : size;
        int64_t n = len < 0 || len > size - from ? size - from : len;
        sim_reply_bytes(reply, "data", buf_text(&bytes) + from, (size_t)n);
        cJSON_AddNumberToObject(reply->result, "left", (double)(size - from - n));
    }
    buf_free(&bytes);
    free(path);
}

/* To append, or to write at the offset: 0 begins the file anew. Returns the descriptor or -1. */
static int open_for_put(const char *path, bool append, int64_t offset)
{
    int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : offset == 0 ? O_TRUNC : 0);
    int fd = open(path, flags, 0600);
    if (fd >= 0 && !append && lseek(fd, (off_t)offset, SEEK_SET) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

void sim_fs_put(struct board *b, const struct sim_channel *channel, const cJSON *args,
                struct sim_reply *reply)
{
    (void)channel;
    char *path = required_path(b, args, "filename", reply);
    if (path == NULL)
        return;
    struct buf bytes = {.secret = true};
    sim_args_bytes(args, "data", &bytes);
    int64_t offset = sim_args_number(args, "offset", 0);
    bool fits = (int64_t)bytes.len <= sim_fs_free(b) && offset >= 0 && offset <= SIM_FS_SIZE;
    int fd = fits ? open_for_put(path, sim_args_flag(args, "append"), offset) : -1;
    if (!fits)
        sim_reply_error(reply, 500, "failed to write data");
    else if (fd < 0)
        sim_reply_error(reply, 400, "failed to open file \"%.100s\"", sim_args_text(args, "filename"));
    else if (file_write_all(fd, buf_text(&bytes), bytes.len, NULL) < 0)
        sim_reply_error(reply, 500, "failed to write data");
    if (fd >= 0)
        close(fd);
    buf_free(&bytes);
    free(path);
}

void sim_fs_remove(struct board *b, const struct sim_channel *channel, const cJSON *args,
                   struct sim_reply *reply)
{
    (void)channel;
    char *path = required_path(b, args, "filename", reply);
    if (path != NULL && unlink(path) != 0)
        sim_reply_error(reply, 500, "remove failed");
    free(path);
}

void sim_fs_rename(struct board *b, const struct sim_channel *channel, const cJSON *args,
                   struct sim_reply *reply)
{
    (void)channel;
    char *from = required_path(b, args, "src", reply);
    char *to = from ? required_path(b, args, "dst", reply) : NULL;
    if (to != NULL && rename(from, to) != 0)
        sim_reply_error(reply, 500, "rename failed");
    free(from);
    free(to);
}
