/* ls, get, rm: files on the device. */
#include "mos.h"

#include "base/file.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_MAX = 64 * 1024 * 1024 }; /* more than any device's file system holds */

/* --- what is there -------------------------------------------------------------------------------------- */

/* Folder and last part of a device's file name; files without a folder are listed by "/", as mos does. */
static const char *split(const char *name, char **folder)
{
    const char *slash = strrchr(name, '/');
    if (slash == NULL || slash == name) {
        *folder = mem_string("/");
        return slash == NULL ? name : slash + 1;
    }
    *folder = mem_printf("%.*s", (int)(slash - name), name);
    return slash + 1;
}

static int list(struct op_call *call, const char *method, const char *path, cJSON **result, struct error *e)
{
    cJSON *args = cJSON_CreateObject();
    mos_json_text(args, "path", path);
    int code = mos_call(call, method, args, result, e);
    if (code == 0 && !cJSON_IsArray(*result)) {
        cJSON_Delete(*result);
        *result = NULL;
        code = error_set(e, ERR_REFUSED, "the device's answer to %s is not a list", method);
    }
    return code;
}

static const char *name_of(const cJSON *item)
{
    const char *name = cJSON_GetStringValue(item);
    if (name == NULL)
        name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "name"));
    return name != NULL ? name : "";
}

static double size_of(const cJSON *item)
{
    const cJSON *size = cJSON_GetObjectItemCaseSensitive(item, "size");
    return cJSON_IsNumber(size) && size->valuedouble > 0 ? size->valuedouble : 0;
}

int mos_file_size(struct op_call *call, const char *name, bool *found, uint64_t *size, struct error *e)
{
    char *folder;
    const char *last = split(name, &folder);
    cJSON *files = NULL, *item;
    *found = false;
    int code = list(call, "FS.ListExt", folder, &files, e);
    cJSON_ArrayForEach(item, files)
    {
        if (strcmp(name_of(item), last) == 0) {
            *found = true;
            *size = (uint64_t)size_of(item);
        }
    }
    cJSON_Delete(files);
    free(folder);
    return code;
}

int mos_file_missing(struct op_call *call, const char *name, struct error *e)
{
    char *folder, safe[160];
    struct nearest near = {.word = split(name, &folder)};
    cJSON *files = NULL, *item;
    struct error ignored = {0};
    if (list(call, "FS.List", folder, &files, &ignored) == 0)
        cJSON_ArrayForEach(item, files) nearest_offer(&near, name_of(item));
    error_set(e, ERR_REFUSED, "there is no file %s on the device", text_safe(name, safe, sizeof safe));
    mos_offer(&near, "ls shows the files there are.", e);
    cJSON_Delete(files);
    free(folder);
    return ERR_REFUSED;
}

/* --- ls ------------------------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(name_of(*(cJSON *const *)a), name_of(*(cJSON *const *)b));
}

static void show_list(struct op_call *call, const cJSON *files, bool sizes)
{
    size_t count = (size_t)cJSON_GetArraySize(files), n = 0;
    const cJSON **sorted = mem_alloc((count + 1) * sizeof *sorted), *item;
    cJSON *out = cJSON_CreateArray();
    cJSON_ArrayForEach(item, files) sorted[n++] = item;
    qsort(sorted, n, sizeof *sorted, by_name);
    for (size_t i = 0; i < n; i++) {
        const char *name = name_of(sorted[i]);
        struct buf line = BUF_INIT;
        text_printable(name, strlen(name), false, 0, &line);
        if (sizes)
            buf_printf(&line, " %.0f", size_of(sorted[i]));
        op_say(call, "%s", buf_text(&line));
        cJSON_AddItemToArray(out, cJSON_Duplicate(sorted[i], true));
        buf_free(&line);
    }
    op_json(call, "files", out);
    free(sorted);
}

static int run_ls(struct op_call *call, size_t step, struct error *e)
{
    bool sizes = op_arg_flag(call, "long") || op_arg_flag(call, "l");
    cJSON *files = NULL;
    (void)step;
    int code = list(call, sizes ? "FS.ListExt" : "FS.List", op_arg_value(call, "PATH"), &files, e);
    if (code == 0)
        show_list(call, files, sizes);
    cJSON_Delete(files);
    return code;
}

static const struct op_arg ls_args[] = {
    {.name = "PATH",
     .type = TYPE_DEVICE_FILE,
     .flags = ARG_OPTIONAL,
     .fallback = "/",
     .help = "folder on the device"},
    {0},
};

static const struct op_arg ls_options[] = {
    {.name = "long",                 .type = TYPE_FLAG, .help = "sizes in bytes, too"},
    {.name = "l", .type = TYPE_FLAG, .help = "the same as --long"},
    {0                   },
};

const struct op mos_op_ls = {
    .name = "ls",
    .summary = "list the device's files",
    .example = "ls\nls -l",
    .args = ls_args,
    .options = ls_options,
    .needs = NEED_RPC,
    .hazard = HAZARD_NONE,
    .run = run_ls,
};

/* --- get ------------------------------------------------------------------------------------------------ */

/* One piece; 0 with *left what is behind it. */
static int get_piece(struct op_call *call, const char *name, size_t len, struct buf *to, double *left,
                     struct error *e)
{
    cJSON *args = cJSON_CreateObject(), *result = NULL;
    mos_json_text(args, "filename", name);
    cJSON_AddNumberToObject(args, "offset", (double)to->len);
    cJSON_AddNumberToObject(args, "len", (double)len);
    int code = mos_call(call, "FS.Get", args, &result, e);
    const char *data = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(result, "data"));
    const cJSON *rest = cJSON_GetObjectItemCaseSensitive(result, "left");
    size_t before = to->len;
    if (code == 0 && (data == NULL || text_unbase64(data, strlen(data), to) != 0))
        code = error_set(e, ERR_REFUSED, "the device's answer to FS.Get holds no data");
    *left = cJSON_IsNumber(rest) ? rest->valuedouble : 0;
    if (code == 0 && *left > 0 && to->len == before)
        code = error_set(e, ERR_REFUSED,
                         "the device says %.0f bytes are left of the file, but gives none of them", *left);
    cJSON_Delete(result);
    return code;
}

static int get_all(struct op_call *call, const char *name, struct buf *to, struct error *e)
{
    size_t chunk = mos_chunk_limit(call, name);
    double left = 0;
    do {
        int code = get_piece(call, name, chunk, to, &left, e);
        if (code != 0)
            return code;
        if (to->len > FILE_MAX)
            return error_set(e, ERR_REFUSED, "the device gives more than %d MiB for this file: stopped",
                             FILE_MAX >> 20);
        op_progress(call, "get", to->len, to->len + (uint64_t)(left > 0 && left < 1e12 ? left : 0));
    } while (left > 0);
    op_progress(call, "get", 0, 0);
    return 0;
}

static int check_get(struct op_call *call, struct error *e)
{
    const char *host = op_arg_value(call, "HOST");
    struct stat st;
    if (host == NULL || strcmp(host, "-") == 0 || lstat(host, &st) != 0)
        return 0;
    error_set(e, ERR_REFUSED, "%s exists already, and files are never overwritten", host);
    return error_next(e, "Give another name, or move that file away.");
}

static int run_get(struct op_call *call, size_t step, struct error *e)
{
    enum { CODE_BAD_REQUEST = 400 };
    const char *name = op_arg_value(call, "FILE"), *host = op_arg_value(call, "HOST");
    struct buf bytes = BUF_INIT;
    struct error why = {0};
    (void)step;
    int code = get_all(call, name, &bytes, &why);
    if (code == ERR_REFUSED && why.remote == CODE_BAD_REQUEST && bytes.len == 0)
        code = mos_file_missing(call, name, e);
    else if (code != 0 && e != NULL)
        *e = why;
    if (code == 0 && host != NULL && strcmp(host, "-") != 0) {
        code = file_create(host, 0644, bytes.data, bytes.len, e);
        if (code == 0)
            op_note(call, "%zu bytes in %s", bytes.len, host);
    } else if (code == 0) {
        op_data(call, bytes.len ? (const void *)bytes.data : "", bytes.len, true);
    }
    buf_free(&bytes);
    return code;
}

static const struct op_arg get_args[] = {
    {.name = "FILE",                .type = TYPE_DEVICE_FILE, .help = "file on the device"},
    {.name = "HOST",
     .type = TYPE_NEW_FILE,
     .flags = ARG_OPTIONAL,
     .help = "new file here; standard output when left out"},
    {0               },
};

const struct op mos_op_get = {
    .name = "get",
    .summary = "read a file from the device",
    .example = "get conf9.json\nget ecc.crt.pem board.crt.pem",
    .args = get_args,
    .needs = NEED_RPC,
    .hazard = HAZARD_NONE,
    .check = check_get,
    .run = run_get,
};

/* --- rm ------------------------------------------------------------------------------------------------- */

static int run_rm(struct op_call *call, size_t step, struct error *e)
{
    const char *name = op_arg_value(call, "FILE");
    struct error why = {0}, ignored = {0};
    bool found = true;
    uint64_t size;
    (void)step;
    cJSON *args = cJSON_CreateObject();
    mos_json_text(args, "filename", name);
    int code = mos_call(call, "FS.Remove", args, NULL, &why);
    if (code == ERR_REFUSED && mos_file_size(call, name, &found, &size, &ignored) == 0 && !found)
        return mos_file_missing(call, name, e);
    if (code != 0 && e != NULL)
        *e = why;
    return code;
}

static const struct op_arg rm_args[] = {
    {.name = "FILE",                .type = TYPE_DEVICE_FILE, .help = "file on the device"},
    {0},
};

const struct op mos_op_rm = {
    .name = "rm",
    .summary = "remove a file from the device",
    .example = "rm old.crt.pem",
    .args = rm_args,
    .needs = NEED_RPC,
    .hazard = HAZARD_WRITES,
    .run = run_rm,
};
