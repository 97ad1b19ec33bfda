/* ls, get, rm: files on the device. */
#include "mos.h"

#include "base/file.h"
#include "base/text.h"
#include "device/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_MAX = 16 * 1024 * 1024 }; /* the largest flash these boards have; file systems are smaller */

/* --- what is there -------------------------------------------------------------------------------------- */

static int list(struct op_call *call, const char *method, const char *path, cJSON **result, struct error *e)
{
    int code = device_file_list(op_device(call), method, path, result, e);
    return code != 0 ? mos_explain(call, method, e) : 0;
}

int mos_file_missing(struct op_call *call, const char *name, struct error *e)
{
    char *folder, safe[160];
    struct nearest near = {.word = device_file_split(name, &folder)};
    cJSON *files = NULL, *item;
    struct error ignored = {0};
    if (list(call, "FS.List", folder, &files, &ignored) == 0)
        cJSON_ArrayForEach(item, files) nearest_offer(&near, device_file_name(item));
    error_set(e, ERR_REFUSED, "there is no file %s on the device", text_safe(name, safe, sizeof safe));
    mos_offer(&near, "ls shows the files there are.", e);
    cJSON_Delete(files);
    free(folder);
    return ERR_REFUSED;
}

/* --- ls ------------------------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(device_file_name(*(cJSON *const *)a), device_file_name(*(cJSON *const *)b));
}

static void show_list(struct op_call *call, const cJSON *files, bool sizes)
{
    size_t count = (size_t)cJSON_GetArraySize(files), n = 0;
    const cJSON **sorted = mem_alloc((count + 1) * sizeof *sorted), *item;
    cJSON *out = cJSON_CreateArray();
    cJSON_ArrayForEach(item, files) sorted[n++] = item;
    qsort(sorted, n, sizeof *sorted, by_name);
    for (size_t i = 0; i < n; i++) {
        const char *name = device_file_name(sorted[i]);
        struct buf line = BUF_INIT;
        text_printable(name, strlen(name), false, 0, &line);
        if (sizes)
            buf_printf(&line, " %.0f", device_file_item_size(sorted[i]));
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

static void show_progress(void *ctx, uint64_t done, uint64_t total)
{
    op_progress(ctx, "get", done, total);
}

static int get_all(struct op_call *call, const char *name, struct buf *to, struct error *e)
{
    int code = device_file_get(op_device(call), name, FILE_MAX, show_progress, call, to, e);
    return code != 0 ? mos_explain(call, "FS.Get", e) : 0;
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
    device_args_text(args, "filename", name);
    int code = mos_call(call, "FS.Remove", args, NULL, &why);
    if (code == ERR_REFUSED && device_file_size(op_device(call), name, &found, &size, &ignored) == 0 &&
        !found)
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
