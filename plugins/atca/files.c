/* Host files the chip's commands write: see atca.h. */
#include "atca.h"

#include "base/file.h"
#include "gate/escrow.h"

#include <ctype.h>
#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool atca_is_stream(const char *path)
{
    return path == NULL || strcmp(path, "-") == 0 || strcmp(path, "--") == 0;
}

int atca_new_file_check(const char *path, struct error *e)
{
    if (atca_is_stream(path))
        return 0;
    struct stat st;
    if (lstat(path, &st) == 0) {
        error_set(e, ERR_REFUSED, "%s exists already, and files are never overwritten", path);
        return error_next(e, "Give another name, or move that file away.");
    }
    char *copy = mem_string(path), *folder = dirname(copy);
    int code = 0;
    if (access(folder, W_OK | X_OK) != 0)
        code = error_set_errno(e, ERR_REFUSED, "%s cannot be made in %s", path, folder);
    free(copy);
    return code;
}

int atca_give(struct op_call *call, const char *path, mode_t mode, const void *bytes, size_t len,
              struct error *e)
{
    if (path != NULL && strcmp(path, "--") == 0)
        op_note(call, "%.*s", (int)len, (const char *)bytes);
    else if (atca_is_stream(path))
        op_data(call, bytes, len, false);
    else
        return file_create(path, mode, bytes, len, e);
    return 0;
}

bool atca_file_is_open(const char *path)
{
    struct stat st;
    return strcmp(path, "-") != 0 && stat(path, &st) == 0 && (st.st_mode & (S_IRGRP | S_IROTH)) != 0;
}

int atca_key_file_name(struct op_call *call, const char *path, char **name, struct error *e)
{
    const cJSON *info;
    char digits[32];
    size_t n = 0;
    free(*name);
    *name = atca_is_stream(path) ? NULL : mem_string(path);
    if (*name == NULL || strchr(path, '?') == NULL)
        return 0;
    if (op_device(call) == NULL) {
        error_set(e, ERR_USAGE,
                  "a ? in a file's name stands for a digit of the device, and this command asks none");
        return error_next(e, "Give a name without ?.");
    }
    int code = device_info(op_device(call), false, &info, e);
    if (code != 0)
        return code;
    const char *mac = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(info, "mac"));
    for (; mac != NULL && *mac != '\0' && n + 1 < sizeof digits; mac++)
        if (isxdigit((unsigned char)*mac))
            digits[n++] = (char)toupper((unsigned char)*mac);
    digits[n] = '\0';
    free(*name);
    *name = escrow_name(path, digits);
    return 0;
}
