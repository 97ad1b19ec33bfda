/* Files of the device, and passwords in files here. */
#include "access.h"

#include "base/file.h"
#include "base/secret.h"
#include "base/text.h"
#include "rpc/client.h"

#include <string.h>

enum { GET_BYTES = 2048, PUT_MOST = 2048, PUT_LEAST = 48, PASSWORD_MAX = 4096 };

static int get_piece(struct op_call *call, const char *name, size_t offset, struct buf *to, bool *more,
                     struct error *e)
{
    cJSON *args = cJSON_CreateObject(), *result = NULL;
    cJSON_AddStringToObject(args, "filename", name);
    cJSON_AddNumberToObject(args, "offset", (double)offset);
    cJSON_AddNumberToObject(args, "len", GET_BYTES);
    int code = device_call(op_device(call), "FS.Get", args, &result, e);
    if (code != 0)
        return code;
    const char *data = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(result, "data"));
    const cJSON *left = cJSON_GetObjectItemCaseSensitive(result, "left");
    size_t before = to->len;
    if (data == NULL || text_unbase64(data, strlen(data), to) != 0)
        code = error_set(e, ERR_REFUSED, "the device's answer to FS.Get holds no base64 data");
    *more = cJSON_IsNumber(left) && left->valuedouble > 0 && to->len > before;
    if (data != NULL)
        secret_wipe(cJSON_GetObjectItemCaseSensitive(result, "data")->valuestring, strlen(data));
    cJSON_Delete(result);
    return code;
}

/* How a device says that there is no such file: wire facts, FS.Get. */
static bool is_missing(const struct error *e)
{
    return e->code == ERR_REFUSED && (e->remote == 400 || e->remote == 500) &&
           strstr(e->message, "open") != NULL;
}

int access_file_get(struct op_call *call, const char *name, struct buf *to, bool *found, struct error *e)
{
    struct error why = {0};
    bool more = true;
    int code = 0;
    *found = true;
    size_t start = to->len;
    while (code == 0 && more && to->len - start <= HTDIGEST_FILE_MAX)
        code = get_piece(call, name, to->len - start, to, &more, &why);
    if (code != 0 && is_missing(&why)) {
        *found = false;
        return 0;
    }
    if (code == 0 && more)
        code = error_set(&why, ERR_REFUSED, "the device's file is larger than %d bytes", HTDIGEST_FILE_MAX);
    if (code != 0 && e != NULL)
        *e = why;
    return code;
}

static int put_piece(struct op_call *call, const char *name, const uint8_t *bytes, size_t len, bool append,
                     struct error *e)
{
    struct buf text = {.secret = true};
    cJSON *args = cJSON_CreateObject();
    text_base64(bytes, len, &text);
    cJSON_AddStringToObject(args, "filename", name);
    cJSON_AddBoolToObject(args, "append", append);
    cJSON_AddStringToObject(args, "data", buf_text(&text));
    buf_free(&text);
    return device_call(op_device(call), "FS.Put", args, NULL, e);
}

static size_t piece_bytes(struct op_call *call, const char *name)
{
    static const char around[] = "FS.Put{\"filename\":\"\",\"append\":false,\"data\":\"\"}";
    size_t bytes = rpc_payload_limit(device_rpc(op_device(call)), sizeof around + strlen(name)) / 4 * 3;
    return bytes > PUT_MOST ? PUT_MOST : bytes < PUT_LEAST ? PUT_LEAST : bytes;
}

int access_file_put(struct op_call *call, const char *name, const struct buf *bytes, struct error *e)
{
    size_t each = piece_bytes(call, name), at = 0;
    int code = 0;
    do {
        size_t n = bytes->len - at < each ? bytes->len - at : each;
        code = put_piece(call, name, bytes->data + at, n, at > 0, e);
        at += n;
    } while (code == 0 && at < bytes->len);
    struct buf back = {.secret = true};
    bool found = false;
    if (code == 0)
        code = access_file_get(call, name, &back, &found, e);
    if (code == 0 && (!found || back.len != bytes->len || memcmp(back.data, bytes->data, bytes->len) != 0)) {
        error_set(e, ERR_READBACK, "%s was written to the device, but reads back otherwise", name);
        code = error_next(e, "Nothing uses it yet. Is there room in the device's file system? Try again.");
    }
    buf_free(&back);
    return code;
}

int access_password_read(const char *path, struct buf *password, struct error *e)
{
    password->secret = true;
    int code = file_read(path, PASSWORD_MAX, password, e);
    if (code != 0)
        return code;
    size_t n = strcspn(buf_text(password), "\r\n");
    if (n == 0) {
        error_set(e, ERR_REFUSED, "%s has no password in its first line", path);
        return error_next(
            e, "Write it there, with nothing before it; gen-key FILE --secret makes a random one.");
    }
    memset(password->data + n, 0, password->len - n);
    password->len = n;
    return 0;
}
