/* A small file to the device: see atca.h. Chunks as large as the link takes, then read back and compared. */
#include "atca.h"

#include "base/text.h"
#include "rpc/client.h"

#include <string.h>

static size_t chunk_size(struct op_call *call, const char *name)
{
    enum { ENVELOPE = 128, SMALLEST = 48 };
    size_t text = rpc_payload_limit(device_rpc(op_device(call)), ENVELOPE + strlen(name));
    size_t bytes = text / 4 * 3;
    return bytes > SMALLEST ? bytes : SMALLEST;
}

static int put(struct op_call *call, const char *name, const uint8_t *bytes, size_t len, bool append,
               struct error *e)
{
    cJSON *args = cJSON_CreateObject();
    cJSON_AddStringToObject(args, "filename", name);
    cJSON_AddBoolToObject(args, "append", append);
    atca_args_bytes(args, "data", bytes, len);
    return device_call(op_device(call), "FS.Put", args, NULL, e);
}

/* Compares one piece; what came back may be shorter than asked for. got is how much was equal. */
static int get_equal(struct op_call *call, const char *name, const uint8_t *bytes, size_t at, size_t len,
                     size_t *got, struct error *e)
{
    cJSON *args = cJSON_CreateObject(), *result = NULL;
    cJSON_AddStringToObject(args, "filename", name);
    cJSON_AddNumberToObject(args, "offset", (double)at);
    cJSON_AddNumberToObject(args, "len", (double)len);
    int code = device_call(op_device(call), "FS.Get", args, &result, e);
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(result, "data");
    struct buf back = BUF_INIT;
    if (code == 0 && cJSON_IsString(data))
        text_unbase64(data->valuestring, strlen(data->valuestring), &back);
    if (code == 0 && (back.len == 0 || back.len > len || memcmp(back.data, bytes, back.len) != 0)) {
        code = error_set(e, ERR_READBACK, "%s was uploaded, but reads back otherwise from byte %zu on", name,
                         at);
        error_next(e, "Upload it again with put.");
    }
    *got = back.len;
    buf_free(&back);
    cJSON_Delete(result);
    return code;
}

int atca_upload(struct op_call *call, const char *name, const void *bytes, size_t len, struct error *e)
{
    size_t chunk = chunk_size(call, name);
    const uint8_t *p = bytes;
    int code = 0;
    for (size_t at = 0; code == 0 && at < len; at += chunk)
        code = put(call, name, p + at, len - at < chunk ? len - at : chunk, at > 0, e);
    for (size_t at = 0, got = 0; code == 0 && at < len; at += got)
        code = get_equal(call, name, p + at, at, len - at < chunk ? len - at : chunk, &got, e);
    return code;
}
