/* Files of the device, but for writing them: see files.h. */
#include "device/files.h"

#include "base/secret.h"
#include "base/text.h"
#include "codec/frame.h"

#include <stdlib.h>
#include <string.h>

void device_args_text(cJSON *args, const char *key, const char *text)
{
    struct buf wire = {.secret = true};
    for (; *text != '\0'; text++) {
        uint8_t byte = (uint8_t)*text;
        if (byte >= 0x80)
            buf_add_byte(&wire, (uint8_t)(0xc0 | byte >> 6));
        buf_add_byte(&wire, byte >= 0x80 ? (uint8_t)(0x80 | (byte & 0x3f)) : byte);
    }
    cJSON_AddStringToObject(args, key, buf_text(&wire));
    buf_free(&wire);
}

/* --- lists ---------------------------------------------------------------------------------------------- */

int device_file_list(struct device *device, const char *method, const char *folder, cJSON **files,
                     struct error *e)
{
    cJSON *args = cJSON_CreateObject();
    device_args_text(args, "path", folder);
    int code = device_call(device, method, args, files, e);
    if (code == 0 && !cJSON_IsArray(*files)) {
        cJSON_Delete(*files);
        *files = NULL;
        code = error_set(e, ERR_REFUSED, "the device's answer to %s is not a list", method);
    }
    return code;
}

const char *device_file_name(const cJSON *item)
{
    const char *name = cJSON_GetStringValue(item);
    if (name == NULL)
        name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "name"));
    return name != NULL ? name : "";
}

double device_file_item_size(const cJSON *item)
{
    const cJSON *size = cJSON_GetObjectItemCaseSensitive(item, "size");
    return cJSON_IsNumber(size) && size->valuedouble > 0 ? size->valuedouble : 0;
}

const char *device_file_split(const char *name, char **folder)
{
    const char *slash = strrchr(name, '/');
    if (slash == NULL || slash == name) {
        *folder = mem_string("/");
        return slash == NULL ? name : slash + 1;
    }
    *folder = mem_printf("%.*s", (int)(slash - name), name);
    return slash + 1;
}

int device_file_size(struct device *device, const char *name, bool *found, uint64_t *size, struct error *e)
{
    char *folder;
    const char *last = device_file_split(name, &folder);
    cJSON *files = NULL, *item;
    *found = false;
    int code = device_file_list(device, "FS.ListExt", folder, &files, e);
    cJSON_ArrayForEach(item, files)
    {
        if (strcmp(device_file_name(item), last) == 0) {
            *found = true;
            *size = (uint64_t)device_file_item_size(item);
        }
    }
    cJSON_Delete(files);
    free(folder);
    return code;
}

/* --- reading -------------------------------------------------------------------------------------------- */

size_t device_file_chunk(struct device *device, const char *name)
{
    enum { SMALLEST = 48 };
    static const char around[] = "FS.Put{\"append\":false,\"data\":\"\"}";
    struct buf text = BUF_INIT;
    cJSON *args = cJSON_CreateObject();
    device_args_text(args, "filename", name);
    frame_json(&text, args);
    size_t payload = rpc_payload_limit(device_rpc(device), text.len + sizeof around);
    cJSON_Delete(args);
    buf_free(&text);
    return payload / 4 * 3 > SMALLEST ? payload / 4 * 3 : SMALLEST;
}

/* A file on its way here. Every answer must fit what the first one said of its size: else a device could go
 * on for ever, or a file that ends early would pass for a whole one. */
struct download {
    const char *name;
    size_t chunk, max, got;
    bool begun;
    double size; /* once begun */
    struct buf *to;
};

static int say_growing(const struct download *d, double left, struct error *e)
{
    char safe[160];
    error_set(e, ERR_REFUSED,
              "the device's answers about %s do not agree: it first gave a size of %.0f bytes, and after %zu "
              "it says that %.0f are left",
              text_safe(d->name, safe, sizeof safe), d->size, d->got, left);
    return error_next(e, "Get it again; a file that the firmware writes meanwhile changes under the reader.");
}

/* What an answer says is left, against what came: `came` bytes with this answer. */
static int check_left(struct download *d, const cJSON *rest, size_t came, struct error *e)
{
    double left = cJSON_IsNumber(rest) ? rest->valuedouble : -1;
    if (!(left >= 0 && left < 1e15)) {
        error_set(e, ERR_REFUSED, "the device's answer to FS.Get does not say how many bytes are left");
        return error_next(e, "Whether the file is whole cannot be told: nothing was kept.");
    }
    if (!d->begun)
        d->size = (double)d->got + left;
    d->begun = true;
    if (d->size > (double)d->max)
        return error_set(e, ERR_REFUSED,
                         "the device gives more than %zu bytes for this file, %.0f: that is more than files "
                         "of such boards have",
                         d->max, d->size);
    if ((double)d->got + left != d->size)
        return say_growing(d, left, e);
    if (left > 0 && came == 0)
        return error_set(e, ERR_REFUSED,
                         "the device says %.0f bytes are left of the file, but gives none of them", left);
    return 0;
}

static int get_piece(struct device *device, struct download *d, struct error *e)
{
    cJSON *args = cJSON_CreateObject(), *result = NULL;
    device_args_text(args, "filename", d->name);
    cJSON_AddNumberToObject(args, "offset", (double)d->got);
    cJSON_AddNumberToObject(args, "len", (double)d->chunk);
    int code = device_call(device, "FS.Get", args, &result, e);
    char *data = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(result, "data"));
    size_t before = d->to->len;
    if (code == 0 && (data == NULL || text_unbase64(data, strlen(data), d->to) != 0))
        code = error_set(e, ERR_REFUSED, "the device's answer to FS.Get holds no data");
    size_t came = d->to->len - before;
    d->got += came;
    if (code == 0)
        code = check_left(d, cJSON_GetObjectItemCaseSensitive(result, "left"), came, e);
    if (data != NULL)
        secret_wipe(data, strlen(data)); /* the file may hold passwords */
    cJSON_Delete(result);
    return code;
}

int device_file_get(struct device *device, const char *name, size_t max, device_progress_fn *progress,
                    void *ctx, struct buf *to, struct error *e)
{
    struct download d = {.name = name, .chunk = device_file_chunk(device, name), .max = max, .to = to};
    do {
        int code = get_piece(device, &d, e);
        if (code != 0)
            return code;
        if (progress != NULL)
            progress(ctx, d.got, (uint64_t)d.size);
    } while ((double)d.got < d.size);
    if (progress != NULL)
        progress(ctx, 0, 0);
    return 0;
}
