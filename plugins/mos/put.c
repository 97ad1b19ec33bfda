/* put: a file from this machine to the device.
 *
 * FS.Put empties its target with the first chunk, so a transfer that breaks off would leave a device without
 * the file it may need to start its server. Therefore a file that exists and takes more than one chunk is
 * written under another name, read back, and renamed over the old one; with too little room for both, or a
 * name too long for that, it is written in place. */
#include "mos.h"

#include "base/file.h"
#include "base/text.h"
#include "device/files.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FILE_MAX = 64 * 1024 * 1024,
    NAME_MAX_DEVICE = 31, /* SPIFFS: 32 bytes with the terminating zero */
    BLOCK_SLACK = 8192,   /* what a small flash file system needs besides the bytes */
};

static const char aside_ending[] = ".new";

static size_t chunk_of(const struct op_call *call, size_t limit)
{
    size_t wanted = (size_t)op_arg_number(call, "chunk-size");
    return wanted != 0 ? wanted : limit;
}

static int check_chunk(struct op_call *call, size_t limit, struct error *e)
{
    if (!op_arg_given(call, "chunk-size"))
        return 0;
    size_t wanted = (size_t)op_arg_number(call, "chunk-size");
    if (wanted >= 1 && wanted <= limit)
        return 0;
    return error_set(e, ERR_USAGE,
                     "--chunk-size %zu does not fit this link: it takes 1 to %zu bytes of a file at once",
                     wanted, limit);
}

/* Free bytes of the device's file system; 0 when it does not say. */
static double room(struct op_call *call)
{
    const cJSON *info = NULL;
    struct error ignored = {0};
    if (device_info(op_device(call), true, &info, &ignored) != 0)
        return 0;
    const cJSON *free_bytes = cJSON_GetObjectItemCaseSensitive(info, "fs_free");
    return cJSON_IsNumber(free_bytes) ? free_bytes->valuedouble : 0;
}

static bool goes_aside(struct op_call *call, const char *name, size_t len, size_t chunk)
{
    bool found = false;
    uint64_t size;
    struct error ignored = {0};
    return len > chunk && strlen(name) + strlen(aside_ending) <= NAME_MAX_DEVICE &&
           device_file_size(op_device(call), name, &found, &size, &ignored) == 0 && found &&
           room(call) > (double)len + BLOCK_SLACK;
}

static int file_call(struct op_call *call, const char *method, const char *key, const char *name,
                     const char *other_key, const char *other, struct error *e)
{
    cJSON *args = cJSON_CreateObject();
    device_args_text(args, key, name);
    if (other_key != NULL)
        device_args_text(args, other_key, other);
    return mos_call(call, method, args, NULL, e);
}

/* Some file systems do not rename over a file that is there. */
static int rename_over(struct op_call *call, const char *from, const char *to, struct error *e)
{
    int code = file_call(call, "FS.Rename", "src", from, "dst", to, e);
    if (code != ERR_REFUSED)
        return code;
    code = file_call(call, "FS.Remove", "filename", to, NULL, NULL, e);
    if (code == 0)
        code = file_call(call, "FS.Rename", "src", from, "dst", to, e);
    if (code != 0)
        error_prefix(e, "the file is on the device as %s, but could not be renamed to %s", from, to);
    return code;
}

static void show_progress(void *ctx, uint64_t done, uint64_t total)
{
    op_progress(ctx, "put", done, total);
}

static int send(struct op_call *call, const char *name, const struct buf *bytes, struct error *e)
{
    size_t limit = device_file_chunk(op_device(call), name);
    int code = check_chunk(call, limit, e);
    if (code != 0)
        return code;
    size_t chunk = chunk_of(call, limit);
    char *aside = goes_aside(call, name, bytes->len, chunk) ? mem_printf("%s%s", name, aside_ending) : NULL;
    struct device_put put = {
        .name = aside != NULL ? aside : name,
        .data = bytes->data,
        .len = bytes->len,
        .chunk = chunk,
        .verify = !op_arg_flag(call, "no-verify"),
        .progress = show_progress,
        .ctx = call,
    };
    code = device_file_put(op_device(call), &put, e);
    if (code != 0 && put.refused != NULL)
        code = mos_explain(call, put.refused, e);
    if (code == 0 && aside != NULL)
        code = rename_over(call, aside, name, e);
    free(aside);
    return code;
}

/* What is wrong here is said before the device is asked anything. */
static int check(struct op_call *call, struct error *e)
{
    const char *host = op_arg_value(call, "HOST");
    struct buf bytes = {.secret = true};
    if (strcmp(host, "-") == 0) /* can be read only once */
        return op_arg_given(call, "DEVICE") ? 0
                                            : error_set(e, ERR_USAGE,
                                                        "standard input has no name: say what the file is "
                                                        "called on the device");
    int code = file_read(host, FILE_MAX, &bytes, e);
    buf_free(&bytes);
    return code;
}

static int run(struct op_call *call, size_t step, struct error *e)
{
    const char *host = op_arg_value(call, "HOST"), *given = op_arg_value(call, "DEVICE");
    struct buf bytes = {.secret = true}; /* may be a server's key */
    (void)step;
    int code = file_read(host, FILE_MAX, &bytes, e);
    char *copy = mem_string(host);
    const char *name = given != NULL ? given : basename(copy);
    if (code == 0)
        code = send(call, name, &bytes, e);
    if (code == 0) {
        op_note(call, "%s: %zu bytes written%s", name, bytes.len,
                op_arg_flag(call, "no-verify") ? "" : " and read back");
        op_json(call, "file", cJSON_CreateString(name));
        op_json(call, "bytes", cJSON_CreateNumber((double)bytes.len));
        op_json(call, "verified", cJSON_CreateBool(!op_arg_flag(call, "no-verify")));
    }
    free(copy);
    buf_free(&bytes);
    return code;
}

static const struct op_arg args[] = {
    {.name = "HOST",                            .type = TYPE_FILE, .help = "file here; - is standard input"},
    {.name = "DEVICE",
     .type = TYPE_DEVICE_FILE,
     .flags = ARG_OPTIONAL,
     .help = "its name on the device; the same when left out"},
    {0                         },
};

static const struct op_arg options[] = {
    {.name = "chunk-size",
     .type = TYPE_NUMBER,
     .max = 65536,
     .help = "bytes of the file in one call; as many as the link takes when left out"},
    {.name = "no-verify",         .type = TYPE_FLAG, .help = "do not read back what was written"},
    {0                   },
};

const struct op mos_op_put = {
    .name = "put",
    .summary = "write a file to the device and read it back",
    .help = "Writes in chunks as large as the link takes, and reads each back while the next one travels. A "
            "file that "
            "exists is replaced only when the new one is complete, if there is room for both.",
    .example = "put ecc.crt.pem\nput build/ca.pem ca.pem --no-verify",
    .args = args,
    .options = options,
    .needs = NEED_RPC,
    .hazard = HAZARD_WRITES,
    .check = check,
    .run = run,
};
