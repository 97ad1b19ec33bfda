/* Writing a file in chunks while the chunk before is read back: see files.h. */
#include "device/files.h"

#include "base/loop.h"
#include "base/secret.h"
#include "base/text.h"
#include "device/inside.h"

#include <stdlib.h>
#include <string.h>

enum { ATTEMPTS = 3, CODE_DONE = 1 };

/* One call on its way. It outlives the transfer when that is interrupted: then it frees itself. */
struct flight {
    bool started, done, abandoned;
    int code;
    struct error error;
    cJSON *result;
};

static void landed(void *ctx, const cJSON *result, const struct error *e)
{
    struct flight *flight = ctx;
    if (flight->abandoned) {
        free(flight);
        return;
    }
    flight->done = true;
    flight->code = e != NULL ? e->code : 0;
    if (e != NULL)
        flight->error = *e;
    else
        flight->result = cJSON_Duplicate(result, true);
}

/* Frees a flat object after wiping its strings: the file may be a server's key. */
static void free_wiped(cJSON *object)
{
    cJSON *item;
    cJSON_ArrayForEach(item, object)
    {
        if (cJSON_IsString(item))
            secret_wipe(item->valuestring, strlen(item->valuestring));
    }
    cJSON_Delete(object);
}

static void flight_start(struct device *device, struct flight *flight, const char *method, cJSON *args)
{
    flight->started = true;
    flight->code = rpc_call_start(device_rpc(device), method, args, 0, landed, flight, &flight->error);
    flight->done = flight->done || flight->code != 0;
    free_wiped(args);
}

static void flight_end(struct flight *flight)
{
    if (flight->started && !flight->done) {
        flight->abandoned = true; /* landed() frees it */
        return;
    }
    free_wiped(flight->result);
    free(flight);
}

/* A put and a get in the air together: the one fills the wire one way, the other the other way. */
struct pair {
    struct flight *put, *get;
};

static bool both_landed(void *ctx)
{
    const struct pair *pair = ctx;
    return (!pair->put->started || pair->put->done) && (!pair->get->started || pair->get->done);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t put_size(const struct device_put *t)
{
    return least(t->chunk, t->len - t->written);
}

static size_t get_size(const struct device_put *t)
{
    return least(t->chunk, t->written - t->verified);
}

static cJSON *put_args(const struct device_put *t)
{
    struct buf text = {.secret = true};
    cJSON *args = cJSON_CreateObject();
    text_base64(t->data + t->written, put_size(t), &text);
    device_args_text(args, "filename", t->name);
    cJSON_AddBoolToObject(args, "append", t->written > 0);
    cJSON_AddStringToObject(args, "data", buf_text(&text));
    buf_free(&text);
    return args;
}

static cJSON *get_args(const struct device_put *t)
{
    cJSON *args = cJSON_CreateObject();
    device_args_text(args, "filename", t->name);
    cJSON_AddNumberToObject(args, "offset", (double)t->verified);
    cJSON_AddNumberToObject(args, "len", (double)get_size(t));
    return args;
}

/* --- what came of a put --------------------------------------------------------------------------------- */

/* A lost answer: the file's size says whether the chunk arrived. CODE_DONE, 0 to send it again, or an error.
 */
static int ask_size(struct device *device, struct device_put *t, const struct error *lost, struct error *e)
{
    bool found;
    uint64_t size = 0;
    int code = device_require(device, NEED_RPC, e);
    if (code == 0 && (code = device_file_size(device, t->name, &found, &size, e)) != 0)
        t->refused = "FS.ListExt";
    if (code != 0)
        return code;
    if (found && size == t->written + put_size(t))
        return CODE_DONE;
    if (t->written == 0 || (found && size == t->written))
        return 0;
    error_set(e, ERR_REFUSED,
              "an answer of the device was lost (%.200s), and its file now has %llu bytes where %zu or %zu "
              "would be "
              "right",
              lost->message, (unsigned long long)size, t->written, t->written + put_size(t));
    return error_next(e, "Put the file again: it starts afresh.");
}

static int refuse(struct device_put *t, const char *method, const struct error *why, struct error *e)
{
    t->refused = method;
    if (e != NULL)
        *e = *why;
    return why->code;
}

static int settle_put(struct device *device, struct device_put *t, const struct flight *put, unsigned *lost,
                      struct error *e)
{
    if (!put->started)
        return 0;
    int code = put->code == 0 ? CODE_DONE : put->code;
    if (code == ERR_CONNECTION && ++*lost < ATTEMPTS)
        code = ask_size(device, t, &put->error, e);
    else if (code < 0)
        code = refuse(t, "FS.Put", &put->error, e);
    if (code == CODE_DONE) {
        t->begun = true;
        t->written += put_size(t);
        *lost = 0;
        return 0;
    }
    return code;
}

/* --- what came of a get --------------------------------------------------------------------------------- */

static int say_different(const struct device_put *t, size_t at, struct error *e)
{
    char safe[160];
    error_set(e, ERR_READBACK, "%s was written, but reads back otherwise from byte %zu on",
              text_safe(t->name, safe, sizeof safe), at);
    return error_next(e, "Put it again; if that stays so, the line or the flash is not sound.");
}

static int compare(struct device_put *t, const cJSON *result, size_t asked, struct error *e)
{
    const char *data = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(result, "data"));
    struct buf back = {.secret = true};
    size_t same = 0;
    if (data != NULL)
        text_unbase64(data, strlen(data), &back);
    while (same < back.len && same < asked && back.data[same] == t->data[t->verified + same])
        same++;
    int code =
        back.len == 0 || back.len > asked || same < back.len ? say_different(t, t->verified + same, e) : 0;
    if (code == 0)
        t->verified += same;
    buf_free(&back);
    return code;
}

static int settle_get(struct device *device, struct device_put *t, const struct flight *get, size_t asked,
                      unsigned *lost, struct error *e)
{
    if (!get->started)
        return 0;
    if (get->code == ERR_CONNECTION && ++*lost < ATTEMPTS)
        return device_require(device, NEED_RPC, e); /* asked again in the next round */
    if (get->code != 0)
        return refuse(t, "FS.Get", &get->error, e);
    *lost = 0;
    return compare(t, get->result, asked, e);
}

/* --- rounds --------------------------------------------------------------------------------------------- */

static int say_interrupted(const struct device_put *t, struct error *e)
{
    char safe[160];
    error_set(e, ERR_INTERRUPTED, "interrupted: %s has %zu of %zu bytes on the device",
              text_safe(t->name, safe, sizeof safe), t->written, t->len);
    return error_next(e, "Put it again, or rm it.");
}

/* The get goes first: the device then answers it while it receives the chunk. */
static int round_of(struct device *device, struct device_put *t, unsigned *lost_put, unsigned *lost_get,
                    struct error *e)
{
    struct pair pair = {mem_alloc(sizeof *pair.put), mem_alloc(sizeof *pair.get)};
    size_t asked = get_size(t);
    if (t->verify && asked > 0)
        flight_start(device, pair.get, "FS.Get", get_args(t));
    if (!t->begun || t->written < t->len)
        flight_start(device, pair.put, "FS.Put", put_args(t));
    int code = loop_run_until(device->loop, both_landed, &pair, -1) == LOOP_DONE ? 0 : say_interrupted(t, e);
    if (code == 0)
        code = settle_get(device, t, pair.get, asked, lost_get, e);
    if (code == 0)
        code = settle_put(device, t, pair.put, lost_put, e);
    flight_end(pair.put);
    flight_end(pair.get);
    return code;
}

/* An empty file is made, too: it takes one chunk of nothing. */
static bool is_complete(const struct device_put *t)
{
    return t->begun && t->written == t->len && (!t->verify || t->verified == t->len);
}

static void tell(const struct device_put *t, uint64_t done, uint64_t total)
{
    if (t->progress != NULL)
        t->progress(t->ctx, done, total);
}

int device_file_put(struct device *device, struct device_put *t, struct error *e)
{
    unsigned lost_put = 0, lost_get = 0;
    int code = 0;
    if (t->chunk == 0)
        t->chunk = device_file_chunk(device, t->name);
    while (code == 0 && !is_complete(t)) {
        code = round_of(device, t, &lost_put, &lost_get, e);
        tell(t, t->verify ? (t->written + t->verified) / 2 : t->written, t->len);
    }
    tell(t, 0, 0);
    return code;
}
