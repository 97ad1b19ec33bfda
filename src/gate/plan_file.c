/* Plan files: see plan_file.h. */
#include "gate/plan_file.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "pki/key.h"

#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 4 * 1024 * 1024 };

static const char *text_of(const cJSON *object, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    return text ? text : "";
}

/* SHA-256 of the file's JSON without white space and without its hash. */
static void hash_of(const cJSON *file, char hash[PLAN_HASH_SIZE])
{
    uint8_t digest[32];
    cJSON *copy = cJSON_Duplicate(file, true);
    cJSON_DeleteItemFromObjectCaseSensitive(copy, "hash");
    char *text = cJSON_PrintUnformatted(copy);
    pki_sha256(text ? text : "", text ? strlen(text) : 0, digest);
    text_hex(digest, sizeof digest, hash);
    cJSON_free(text);
    cJSON_Delete(copy);
}

int plan_file_write(const char *path, const char *tool, const char *device, const cJSON *plans,
                    const cJSON *left_out, char hash[PLAN_HASH_SIZE], struct error *e)
{
    char when[24];
    cJSON *file = cJSON_CreateObject();
    clock_iso(clock_unix(), when, sizeof when);
    cJSON_AddNumberToObject(file, "lockstep_plan", PLAN_FILE_VERSION);
    cJSON_AddStringToObject(file, "mode", "plan");
    cJSON_AddStringToObject(file, "tool", tool);
    cJSON_AddStringToObject(file, "made", when);
    cJSON_AddItemToObject(file, "device", device ? cJSON_CreateString(device) : cJSON_CreateNull());
    cJSON_AddItemToObject(file, "plans", cJSON_Duplicate(plans, true));
    cJSON_AddItemToObject(file, "left_out", cJSON_Duplicate(left_out, true));
    hash_of(file, hash);
    cJSON_AddStringToObject(file, "hash", hash);
    char *text = cJSON_Print(file);
    char *whole = mem_printf("%s\n", text ? text : "");
    int code = file_create(path, 0600, whole, strlen(whole), e);
    cJSON_free(text);
    free(whole);
    cJSON_Delete(file);
    return code;
}

static int check_version(const cJSON *file, const char *path, struct error *e)
{
    const cJSON *version = cJSON_GetObjectItemCaseSensitive(file, "lockstep_plan");
    char tool[64];
    if (!cJSON_IsNumber(version))
        return error_set(e, ERR_REFUSED, "%s is not a plan file of lockstep", path);
    if (version->valuedouble == PLAN_FILE_VERSION)
        return 0;
    error_set(e, ERR_REFUSED,
              "%s is a plan file of version %.0f, made by %s; this lockstep understands version %d", path,
              version->valuedouble, text_safe(text_of(file, "tool"), tool, sizeof tool), PLAN_FILE_VERSION);
    return error_next(e, "Make the plan again with this lockstep, or apply it with the one that made it.");
}

static int check_content(const cJSON *file, const char *path, char hash[PLAN_HASH_SIZE], struct error *e)
{
    const cJSON *plans = cJSON_GetObjectItemCaseSensitive(file, "plans");
    hash_of(file, hash);
    if (strcmp(hash, text_of(file, "hash")) != 0) {
        error_set(e, ERR_REFUSED, "%s was edited after it was made: its hash does not fit its content", path);
        return error_next(e, "Make the plan again: a plan file is applied as it was made, or not at all.");
    }
    if (!cJSON_IsArray(plans) || cJSON_GetArraySize(plans) == 0)
        return error_set(e, ERR_REFUSED, "%s holds no plan", path);
    return 0;
}

int plan_file_read(const char *path, cJSON **file, char hash[PLAN_HASH_SIZE], struct error *e)
{
    struct buf text = BUF_INIT;
    *file = NULL;
    int code = file_read(path, FILE_MAX, &text, e);
    if (code == 0)
        *file = cJSON_ParseWithLengthOpts(buf_text(&text), text.len + 1, NULL, true);
    buf_free(&text);
    if (code == 0 && !cJSON_IsObject(*file))
        code = error_set(e, ERR_REFUSED, "%s is not a plan file of lockstep", path);
    if (code == 0)
        code = check_version(*file, path, e);
    return code == 0 ? check_content(*file, path, hash, e) : code;
}

/* --- still the same? ------------------------------------------------------------------------------------ */

static int compare_files(const cJSON *recorded, const struct plan *now, struct error *e)
{
    const cJSON *file;
    size_t i = 0;
    cJSON_ArrayForEach(file, cJSON_GetObjectItemCaseSensitive(recorded, "files"))
    {
        if (i < now->file_count && strcmp(text_of(file, "path"), now->files[i].path) == 0 &&
            strcmp(text_of(file, "sha256"), now->files[i].digest) != 0) {
            error_set(e, ERR_REFUSED, "nothing was sent: %s is no longer the file the plan was made with",
                      now->files[i].path);
            return error_next(e, "Put that file back, or make the plan again.");
        }
        i++;
    }
    return 0;
}

int plan_file_compare(const cJSON *recorded, const struct plan *now, struct error *e)
{
    /* Not the title: it names the device by its firmware's id once that is known. */
    static const char *const parts[] = {"operation", "identity", "state",   "expected", "words",
                                        "files",     "steps",    "freezes", "traps"};
    int code = compare_files(recorded, now, e);
    cJSON *json = plan_json(now);
    for (size_t i = 0; code == 0 && i < sizeof parts / sizeof *parts; i++) {
        const cJSON *was = cJSON_GetObjectItemCaseSensitive(recorded, parts[i]);
        const cJSON *is = cJSON_GetObjectItemCaseSensitive(json, parts[i]);
        if ((was == NULL && is == NULL) || cJSON_Compare(was, is, true))
            continue;
        code = error_set(
            e, ERR_REFUSED,
            "nothing was sent: the plan is stale: its \"%s\" is not what the command would do now", parts[i]);
        error_next(e, "Make the plan again and compare the two.");
    }
    cJSON_Delete(json);
    return code;
}
