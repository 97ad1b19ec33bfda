/* Asynchronous readings of a device: see snapshot.h.
 *
 * A reading is a call under way; its answer may come after the reader was closed, from inside rpc_close too.
 * So the reader lives until its last call has ended, and a closed one only counts down. */
#include "device/snapshot.h"
#include "base/clock.h"
#include "base/text.h"
#include "codec/atecc_policy.h"
#include "device/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CODE_NOT_FOUND = 404, /* of an RPC answer: no such method */
    CODE_FAILED = 500,    /* the method ran and was refused */
    LIST_MAX = 4096,      /* entries kept of a list: no device has as many files or methods */
    POINT_SIZE = 64,      /* X || Y */
};

/* One call under way, of one part. */
struct reading {
    struct snapshot_reader *reader;
    enum snapshot_part part;
};

struct snapshot_reader {
    struct loop *loop;
    struct device *device;
    struct snapshot *snapshot; /* NULL once closed */
    void (*changed)(void *ctx);
    void *ctx;
    struct loop_timer *notice; /* `changed` is due */
    unsigned holds;            /* calls under way and functions inside */
    struct reading reading[SNAPSHOT_PARTS];
    bool chip_waits; /* ATCA.GetConfig is no method: the configuration will say why */
    bool keys_wait;  /* the chip is read first */
    unsigned slot;   /* whose key is asked for */
    uint16_t there;  /* keys read so far, taken over when all slots were asked */
    uint8_t key[ATECC_SLOTS][POINT_SIZE];
};

/* --- parts ---------------------------------------------------------------------------------------------- */

static void replace(cJSON **place, cJSON *with)
{
    cJSON_Delete(*place);
    *place = with;
}

static const char *text_of(const cJSON *object, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    return text != NULL ? text : "";
}

/* Nothing that was read before may pass for another device's. */
static void drop_others(struct snapshot *snapshot)
{
    for (unsigned i = 0; i < SNAPSHOT_PARTS; i++) {
        snapshot->part[i].have = false;
        snapshot->part[i].read_ms = 0;
        if (!snapshot->part[i].asking)
            snapshot->part[i].asked_ms = 0;
    }
    replace(&snapshot->config, NULL);
    replace(&snapshot->files, NULL);
    replace(&snapshot->methods, NULL);
    memset(snapshot->key_there, 0, sizeof snapshot->key_there);
}

/* By its MAC: its name is a setting. */
static bool take_info(struct snapshot *snapshot, const cJSON *answer)
{
    if (!cJSON_IsObject(answer))
        return false;
    if (snapshot->info != NULL && strcmp(text_of(snapshot->info, "mac"), text_of(answer, "mac")) != 0)
        drop_others(snapshot);
    replace(&snapshot->info, cJSON_Duplicate(answer, true));
    return snapshot->info != NULL;
}

static bool take_config(struct snapshot *snapshot, const cJSON *answer)
{
    if (!cJSON_IsObject(answer))
        return false;
    replace(&snapshot->config, cJSON_Duplicate(answer, true));
    return snapshot->config != NULL;
}

/* Exactly `size` bytes of base64 in a string member. */
static bool take_bytes(const cJSON *answer, const char *key, uint8_t *to, size_t size)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(answer, key));
    struct buf raw = BUF_INIT;
    bool good = text != NULL && strlen(text) <= 2 * size && text_unbase64(text, strlen(text), &raw) == 0 &&
                raw.len == size;
    if (good)
        memcpy(to, raw.data, size);
    buf_free(&raw);
    return good;
}

/* Keys belong to the chip they were read from. */
static bool take_chip(struct snapshot *snapshot, const cJSON *answer)
{
    uint8_t raw[ATECC_CONFIG_SIZE], serial[ATECC_SERIAL_SIZE];
    memcpy(serial, snapshot->chip.serial, sizeof serial);
    if (!take_bytes(answer, "config", raw, sizeof raw))
        return false;
    atecc_config_decode(raw, &snapshot->chip);
    if (memcmp(serial, snapshot->chip.serial, sizeof serial) != 0) {
        memset(snapshot->key_there, 0, sizeof snapshot->key_there);
        snapshot->part[SNAPSHOT_KEYS].have = false;
    }
    return true;
}

/* A list's entries that `is_entry` takes. */
static cJSON *take_list(const cJSON *answer, bool (*is_entry)(const cJSON *item))
{
    cJSON *list = cJSON_CreateArray();
    const cJSON *item;
    int count = 0;
    cJSON_ArrayForEach(item, answer)
    {
        if (is_entry(item) && count++ < LIST_MAX)
            cJSON_AddItemToArray(list, cJSON_Duplicate(item, true));
    }
    return list;
}

static bool is_file(const cJSON *item)
{
    return cJSON_IsString(cJSON_GetObjectItemCaseSensitive(item, "name"));
}

static bool is_method(const cJSON *item)
{
    return cJSON_IsString(item);
}

static bool take_files(struct snapshot *snapshot, const cJSON *answer)
{
    if (!cJSON_IsArray(answer))
        return false;
    replace(&snapshot->files, take_list(answer, is_file));
    return true;
}

static bool take_methods(struct snapshot *snapshot, const cJSON *answer)
{
    if (!cJSON_IsArray(answer))
        return false;
    replace(&snapshot->methods, take_list(answer, is_method));
    return true;
}

static const struct part {
    const char *name, *command, *method, *wanted;
    bool (*take)(struct snapshot *snapshot, const cJSON *answer); /* false: not what was wanted */
} parts[SNAPSHOT_PARTS] = {
    [SNAPSHOT_INFO] = {"device",        "status",          "Sys.GetInfo",    "an object",                             take_info   },
    [SNAPSHOT_CONFIG] = {"configuration", "config-get",      "Config.Get",     "an object",                             take_config },
    [SNAPSHOT_CHIP] = {"chip",          "atca-get-config", "ATCA.GetConfig", "the 128 bytes of a configuration zone",
                       take_chip                                                                                                  },
    [SNAPSHOT_KEYS] = {"public keys",   "atca-slots",      "ATCA.GetPubKey", "the 64 bytes of a public key",          NULL        },
    [SNAPSHOT_FILES] = {"file list",     "ls -l",           "FS.ListExt",     "a list",                                take_files  },
    [SNAPSHOT_METHODS] = {"method list",   "call RPC.List",   "RPC.List",       "a list",                                take_methods},
};

const char *snapshot_part_name(enum snapshot_part part)
{
    return parts[part].name;
}

const char *snapshot_part_command(enum snapshot_part part)
{
    return parts[part].command;
}

/* --- the reader's life ---------------------------------------------------------------------------------- */

static void release(struct snapshot_reader *reader)
{
    if (--reader->holds == 0 && reader->snapshot == NULL)
        free(reader);
}

static void on_notice(void *ctx)
{
    struct snapshot_reader *reader = ctx;
    reader->notice = NULL;
    if (reader->changed != NULL)
        reader->changed(reader->ctx); /* may close the reader */
}

/* Changes that come together are told once, from the loop: whoever is told may ask at once again. */
static void tell(struct snapshot_reader *reader)
{
    reader->snapshot->generation++;
    if (reader->notice == NULL)
        reader->notice = loop_timer_start(reader->loop, 0, on_notice, reader);
}

struct snapshot_reader *snapshot_open(struct loop *loop, struct device *device, struct snapshot *snapshot,
                                      void (*changed)(void *ctx), void *ctx)
{
    struct snapshot_reader *reader = mem_alloc(sizeof *reader);
    memset(snapshot, 0, sizeof *snapshot);
    snapshot->link = rpc_state(device_rpc(device));
    reader->loop = loop;
    reader->device = device;
    reader->snapshot = snapshot;
    reader->changed = changed;
    reader->ctx = ctx;
    for (unsigned i = 0; i < SNAPSHOT_PARTS; i++)
        reader->reading[i] = (struct reading){reader, (enum snapshot_part)i};
    return reader;
}

void snapshot_close(struct snapshot_reader *reader)
{
    if (reader == NULL || reader->snapshot == NULL)
        return;
    struct snapshot *snapshot = reader->snapshot;
    cJSON_Delete(snapshot->info);
    drop_others(snapshot);
    memset(snapshot, 0, sizeof *snapshot);
    loop_timer_stop(reader->notice);
    reader->notice = NULL;
    reader->snapshot = NULL;
    reader->holds++;
    release(reader);
}

void snapshot_link(struct snapshot_reader *reader, enum rpc_state state, const struct error *why)
{
    reader->snapshot->link = state;
    if (why != NULL)
        reader->snapshot->link_why = *why;
    else if (state == RPC_UP)
        error_clear(&reader->snapshot->link_why);
    tell(reader);
}

/* --- a reading's end ------------------------------------------------------------------------------------ */

static void start_keys(struct snapshot_reader *reader);
static void explain_no_chip(struct snapshot_reader *reader);

static void follow_up(struct snapshot_reader *reader, enum snapshot_part part)
{
    if (part == SNAPSHOT_CONFIG && reader->chip_waits)
        explain_no_chip(reader);
    if (part == SNAPSHOT_CHIP && reader->keys_wait) {
        reader->keys_wait = false;
        start_keys(reader);
    }
}

static void end_part(struct snapshot_reader *reader, enum snapshot_part part, const struct error *why)
{
    struct snapshot_state *state = &reader->snapshot->part[part];
    state->asking = false;
    if (why != NULL) {
        state->why = *why;
    } else {
        error_clear(&state->why);
        state->have = true;
        state->read_ms = clock_ms();
    }
    tell(reader);
    follow_up(reader, part);
}

static void refuse_shape(enum snapshot_part part, struct error *e)
{
    error_set(e, ERR_REFUSED, "the device's answer to %s is not %s", parts[part].method, parts[part].wanted);
    error_next(e, "call %s shows what it answers.", parts[part].method);
}

static void on_answer(void *ctx, const cJSON *result, const struct error *e)
{
    const struct reading *reading = ctx;
    struct snapshot_reader *reader = reading->reader;
    enum snapshot_part part = reading->part;
    struct error why = {0};
    if (reader->snapshot == NULL) {
        release(reader);
        return;
    }
    if (e != NULL)
        why = *e;
    else if (!parts[part].take(reader->snapshot, result))
        refuse_shape(part, &why);
    if (part == SNAPSHOT_CHIP && why.remote == CODE_NOT_FOUND) {
        reader->chip_waits = true;
        snapshot_ask(reader, SNAPSHOT_CONFIG);
    } else {
        end_part(reader, part, why.code != 0 ? &why : NULL);
    }
    release(reader);
}

/* --- why there is no chip ------------------------------------------------------------------------------- */

/* The firmware has no ATCA methods; its configuration tells the reasons apart. */
static void explain_no_chip(struct snapshot_reader *reader)
{
    const struct snapshot *snapshot = reader->snapshot;
    const struct error *config_why = &snapshot->part[SNAPSHOT_CONFIG].why;
    const cJSON *sys = cJSON_GetObjectItemCaseSensitive(snapshot->config, "sys");
    struct error why = {0};
    reader->chip_waits = false;
    if (config_why->code != 0)
        device_say_no_settings(config_why, &why);
    else
        device_say_no_chip(cJSON_GetObjectItemCaseSensitive(sys, "atca"),
                           cJSON_GetObjectItemCaseSensitive(snapshot->config, "i2c"), &why);
    end_part(reader, SNAPSHOT_CHIP, &why);
}

/* --- public keys, slot by slot -------------------------------------------------------------------------- */

/* Statuses of a chip that did not answer, or not soundly (atecc_words_status): they say nothing of a key. */
static bool is_bus_trouble(int status)
{
    static const uint8_t trouble[] = {0xD0, 0xD4, 0xD7, 0xE5, 0xE6, 0xE7, 0xEC, 0xF0, 0xF1};
    return status > 0 && memchr(trouble, status, sizeof trouble) != NULL;
}

static bool is_no_key(const struct error *e)
{
    return e->remote == CODE_FAILED && !is_bus_trouble(atecc_status_in(e->message));
}

static void next_key(struct snapshot_reader *reader);

static void on_key(void *ctx, const cJSON *result, const struct error *e)
{
    const struct reading *reading = ctx;
    struct snapshot_reader *reader = reading->reader;
    struct error why = {0};
    if (reader->snapshot == NULL) {
        release(reader);
        return;
    }
    if (e == NULL && take_bytes(result, "pubkey", reader->key[reader->slot], POINT_SIZE))
        reader->there |= (uint16_t)(1u << reader->slot);
    else if (e == NULL)
        refuse_shape(SNAPSHOT_KEYS, &why);
    else if (!is_no_key(e))
        why = *e;
    if (why.code != 0) {
        end_part(reader, SNAPSHOT_KEYS, &why);
    } else {
        reader->slot++;
        next_key(reader);
    }
    release(reader);
}

static int ask_key(struct snapshot_reader *reader, struct error *why)
{
    cJSON *args = cJSON_CreateObject();
    cJSON_AddNumberToObject(args, "slot", reader->slot);
    reader->holds++;
    int code = rpc_call_start(device_rpc(reader->device), "ATCA.GetPubKey", args, 0, on_key,
                              &reader->reading[SNAPSHOT_KEYS], why);
    cJSON_Delete(args);
    return code;
}

/* The next slot that can give out a public key, or the end. */
static void next_key(struct snapshot_reader *reader)
{
    struct snapshot *snapshot = reader->snapshot;
    struct error why = {0};
    while (reader->slot < ATECC_SLOTS &&
           atecc_predict(&snapshot->chip, ATECC_GET_PUB_KEY, reader->slot, NULL) != 0)
        reader->slot++;
    if (reader->slot < ATECC_SLOTS) {
        if (ask_key(reader, &why) == 0)
            return;
        if (reader->snapshot != NULL)
            end_part(reader, SNAPSHOT_KEYS, &why);
        release(reader);
        return;
    }
    for (unsigned slot = 0; slot < ATECC_SLOTS; slot++) {
        snapshot->key_there[slot] = reader->there >> slot & 1;
        memcpy(snapshot->key[slot], reader->key[slot], POINT_SIZE);
    }
    end_part(reader, SNAPSHOT_KEYS, NULL);
}

static void start_keys(struct snapshot_reader *reader)
{
    const struct snapshot_state *chip = &reader->snapshot->part[SNAPSHOT_CHIP];
    if (!chip->have || chip->why.code != 0) {
        end_part(reader, SNAPSHOT_KEYS, &chip->why);
        return;
    }
    reader->slot = 0;
    reader->there = 0;
    next_key(reader);
}

/* Keys need a chip that was read, and is not being read. */
static void ask_keys(struct snapshot_reader *reader)
{
    const struct snapshot_state *chip = &reader->snapshot->part[SNAPSHOT_CHIP];
    reader->keys_wait = chip->asking || !chip->have || chip->why.code != 0;
    if (!reader->keys_wait)
        start_keys(reader);
    else
        snapshot_ask(reader, SNAPSHOT_CHIP);
}

/* --- asking --------------------------------------------------------------------------------------------- */

static void ask_call(struct snapshot_reader *reader, enum snapshot_part part)
{
    struct error why = {0};
    cJSON *args = cJSON_CreateObject();
    if (part == SNAPSHOT_FILES)
        cJSON_AddStringToObject(args, "path", "/");
    reader->holds++;
    int code =
        rpc_call_start(device_rpc(reader->device), parts[part].method, part == SNAPSHOT_FILES ? args : NULL,
                       0, on_answer, &reader->reading[part], &why);
    cJSON_Delete(args);
    if (code == 0)
        return;
    if (reader->snapshot != NULL)
        end_part(reader, part, &why);
    release(reader);
}

void snapshot_ask(struct snapshot_reader *reader, enum snapshot_part part)
{
    if (reader->snapshot == NULL || reader->snapshot->part[part].asking)
        return;
    reader->snapshot->part[part].asking = true;
    reader->snapshot->part[part].asked_ms = clock_ms();
    if (part == SNAPSHOT_KEYS)
        ask_keys(reader);
    else
        ask_call(reader, part);
}

/* What could not be read is not asked for again before its time, or a lost link would keep us busy. */
void snapshot_ask_old(struct snapshot_reader *reader, unsigned mask, int64_t max_age_ms)
{
    int64_t now = clock_ms();
    reader->holds++;
    for (unsigned i = 0; i < SNAPSHOT_PARTS && reader->snapshot != NULL; i++) {
        const struct snapshot_state *state = &reader->snapshot->part[i];
        int64_t last = state->read_ms > state->asked_ms ? state->read_ms : state->asked_ms;
        if (mask >> i & 1 && (last == 0 || now - last > max_age_ms))
            snapshot_ask(reader, (enum snapshot_part)i);
    }
    release(reader);
}
