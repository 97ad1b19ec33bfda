/* What atca-set-config last wrote to a chip: see atca.h. One small JSON file per serial number, in the state
 * folder, so that a lock can compare with it in a later session too. */
#include "atca.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "codec/frame.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MEMORY_MAX = 4096 };

/* "sim:" and "sim:?…" end with the session: the next one is another chip, though it has the same number. */
static bool port_ends_with_session(const char *port)
{
    return text_starts(port, "sim:") && (port[4] == '\0' || port[4] == '?');
}

static char *memory_path(const struct atecc_config *config)
{
    char serial[2 * ATECC_SERIAL_SIZE + 1];
    atecc_serial_hex(config, serial);
    char *name = mem_printf("atca-%s.config", serial), *path = path_xdg(PATH_STATE, name);
    free(name);
    return path;
}

static int save(const char *path, const cJSON *memory, struct error *e)
{
    char *copy = mem_string(path);
    int code = file_make_folder(dirname(copy), 0700, e);
    free(copy);
    struct buf text = BUF_INIT;
    frame_json(&text, memory);
    buf_add_byte(&text, '\n');
    if (code == 0)
        code = file_replace(path, 0600, text.data, text.len, e);
    buf_free(&text);
    return code;
}

int atca_remember(struct op_call *call, const struct atecc_config *config,
                  const uint8_t raw[ATECC_CONFIG_SIZE], const char *file, struct error *e)
{
    struct buf bytes = BUF_INIT;
    char when[24];
    clock_iso(clock_unix(), when, sizeof when);
    text_base64(raw, ATECC_CONFIG_SIZE, &bytes);
    cJSON *memory = cJSON_CreateObject();
    cJSON_AddStringToObject(memory, "port", device_port(op_device(call)));
    cJSON_AddNumberToObject(memory, "session", getpid());
    cJSON_AddStringToObject(memory, "file", file);
    cJSON_AddStringToObject(memory, "when", when);
    cJSON_AddStringToObject(memory, "config", buf_text(&bytes));
    char *path = memory_path(config);
    int code = save(path, memory, e);
    free(path);
    cJSON_Delete(memory);
    buf_free(&bytes);
    return code;
}

static const char *member(const cJSON *memory, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(memory, key);
    return cJSON_IsString(item) ? item->valuestring : "";
}

/* A virtual device's memory is for its own folder, or its own session; a real chip's serial number suffices.
 */
static bool is_about(const cJSON *memory, const char *port)
{
    const char *then = member(memory, "port");
    if (!text_starts(then, "sim:") && !text_starts(port, "sim:"))
        return true;
    const cJSON *session = cJSON_GetObjectItemCaseSensitive(memory, "session");
    bool same = cJSON_IsNumber(session) && session->valuedouble == (double)getpid();
    return strcmp(then, port) == 0 && (same || !port_ends_with_session(port));
}

static bool parse(const cJSON *json, const char *port, struct atca_memory *memory)
{
    const char *text = member(json, "config");
    struct buf bytes = BUF_INIT;
    bool good = is_about(json, port) && text_unbase64(text, strlen(text), &bytes) == 0 &&
                bytes.len == sizeof memory->raw;
    if (good) {
        memcpy(memory->raw, bytes.data, sizeof memory->raw);
        text_safe(member(json, "file"), memory->file, sizeof memory->file);
        text_safe(member(json, "when"), memory->when, sizeof memory->when);
    }
    buf_free(&bytes);
    return good;
}

bool atca_recall(struct op_call *call, const struct atecc_config *config, struct atca_memory *memory)
{
    struct buf text = BUF_INIT;
    struct error ignored = {0};
    char *path = memory_path(config);
    bool found = false;
    if (file_read(path, MEMORY_MAX, &text, &ignored) == 0) {
        cJSON *json = frame_json_parse(buf_text(&text), text.len, &ignored);
        found = json != NULL && parse(json, device_port(op_device(call)), memory);
        cJSON_Delete(json);
    }
    free(path);
    buf_free(&text);
    return found;
}
