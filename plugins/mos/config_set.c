/* config-set and wifi: change keys of the configuration, save, reboot, and read every key back: a device
 * whose conf_acl denies a key says nothing about it. */
#include "mos.h"

#include "base/secret.h"
#include "base/text.h"
#include "codec/redact.h"
#include "device/files.h"
#include "link/link.h"
#include "rpc/client.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct change {
    char *key;
    cJSON *before, *after;
};

struct work {
    struct change *changes;
    size_t count;
    unsigned level; /* configuration level that is written, 0: the user's */
    bool saved;
};

static void release(void *state)
{
    struct work *work = state;
    for (size_t i = 0; i < work->count; i++) {
        if (cJSON_IsString(work->changes[i].after))
            secret_wipe(work->changes[i].after->valuestring, strlen(work->changes[i].after->valuestring));
        free(work->changes[i].key);
        cJSON_Delete(work->changes[i].before);
        cJSON_Delete(work->changes[i].after);
    }
    free(work->changes);
}

/* --- values by the type the key has --------------------------------------------------------------------- */

static cJSON *boolean_value(const char *text)
{
    bool yes = strcmp(text, "true") == 0;
    return yes || strcmp(text, "false") == 0 ? cJSON_CreateBool(yes) : NULL;
}

static cJSON *number_value(const char *text)
{
    char *end;
    double number = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(number) ? cJSON_CreateNumber(number) : NULL;
}

static cJSON *string_value(const char *text)
{
    return cJSON_CreateString(text);
}

static const struct kind {
    cJSON_bool (*is)(const cJSON *value);
    cJSON *(*make)(const char *text);
    const char *words;
} kinds[] = {
    {cJSON_IsBool,   boolean_value, "true or false"},
    {cJSON_IsNumber, number_value,  "a number"     },
    {cJSON_IsString, string_value,  "text"         },
};

static const struct kind *kind_of(const cJSON *value)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].is(value))
            return &kinds[i];
    return NULL;
}

/* Adds KEY=VALUE to the work, checked against what the key is now. Nothing has been sent yet. */
static int add(struct work *work, const cJSON *config, const char *key, const char *text, struct error *e)
{
    char safe_key[160], safe[96];
    text_safe(key, safe_key, sizeof safe_key);
    const cJSON *before = mos_config_find(config, key);
    if (before == NULL || *key == '\0')
        return mos_config_missing(config, key, e);
    const struct kind *kind = kind_of(before);
    if (kind == NULL) {
        error_set(e, ERR_REFUSED, "%s is a section, not a value that can be set", safe_key);
        return error_next(e, "config-get %s shows the keys in it.", safe_key);
    }
    cJSON *after = kind->make(text);
    if (after == NULL)
        return error_set(e, ERR_REFUSED, "%s takes %s, not \"%s\"", safe_key, kind->words,
                         redact_is_secret(key) ? "…" : text_safe(text, safe, sizeof safe));
    work->changes = mem_grow(work->changes, (work->count + 1) * sizeof *work->changes);
    work->changes[work->count++] = (struct change){mem_string(key), cJSON_Duplicate(before, true), after};
    return 0;
}

/* --- one Config.Set with only the changed keys ---------------------------------------------------------- */

static void put_in_tree(cJSON *tree, const char *path, const cJSON *value)
{
    char part[128];
    const char *dot;
    while ((dot = strchr(path, '.')) != NULL) {
        size_t n = (size_t)(dot - path);
        memcpy(part, path, n); /* mos_config_find took it, so it fits */
        part[n] = '\0';
        cJSON *next = cJSON_GetObjectItemCaseSensitive(tree, part);
        tree = next != NULL ? next : cJSON_AddObjectToObject(tree, part);
        path = dot + 1;
    }
    cJSON_DeleteItemFromObjectCaseSensitive(tree, path); /* given twice: the last one counts */
    if (cJSON_IsString(value))
        device_args_text(tree, path, value->valuestring);
    else
        cJSON_AddItemToObject(tree, path, cJSON_Duplicate(value, true));
}

struct how {
    bool save, reboot, try_once;
    unsigned level;
};

static struct how how_of(const struct op_call *call)
{
    bool save = !op_arg_flag(call, "no-save");
    return (struct how){
        .save = save,
        .reboot = save && !op_arg_flag(call, "no-reboot"), /* unsaved values would not outlive a reboot */
        .try_once = op_arg_flag(call, "try-once"),
        .level = (unsigned)op_arg_number(call, "level"),
    };
}

static int set_all(struct op_call *call, struct work *work, const struct how *how, struct error *e)
{
    cJSON *args = cJSON_CreateObject(), *tree = cJSON_AddObjectToObject(args, "config"), *result = NULL;
    for (size_t i = 0; i < work->count; i++)
        put_in_tree(tree, work->changes[i].key, work->changes[i].after);
    if (how->level > 0)
        cJSON_AddNumberToObject(args, "level", how->level);
    cJSON_AddBoolToObject(args, "save", how->save);
    cJSON_AddBoolToObject(args, "reboot", how->reboot);
    if (how->try_once)
        cJSON_AddBoolToObject(args, "try_once", true);
    int code = mos_call(call, "Config.Set", args, &result, e);
    work->saved = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(result, "saved"));
    cJSON_Delete(result);
    return code;
}

/* --- what the device has now ---------------------------------------------------------------------------- */

static bool equal(const cJSON *a, const cJSON *b)
{
    return a != NULL && cJSON_Compare(a, b, true);
}

/* The change whose key the device does not have as wanted, or NULL. */
static const struct change *first_different(const struct work *work, const cJSON *config)
{
    for (size_t i = 0; i < work->count; i++) {
        const struct change *change = &work->changes[i];
        bool overridden = false;
        for (size_t j = i + 1; j < work->count; j++)
            overridden = overridden || strcmp(work->changes[j].key, change->key) == 0;
        if (!overridden && !equal(mos_config_find(config, change->key), change->after))
            return change;
    }
    return NULL;
}

static int say_denied(const struct change *change, const cJSON *config, struct error *e)
{
    const cJSON *acl = mos_config_find(config, "conf_acl");
    char safe[128], key[160];
    text_safe(change->key, key, sizeof key);
    error_set(e, ERR_REFUSED,
              "the device took the call but kept %s as it was: its conf_acl (\"%s\") denies it", key,
              cJSON_IsString(acl) ? text_safe(acl->valuestring, safe, sizeof safe) : "");
    return error_next(e,
                      "Only the firmware's own configuration can open conf_acl; keys it allows can be set.");
}

static int say_different(const struct change *change, const cJSON *is, struct error *e)
{
    struct buf want = BUF_INIT, have = BUF_INIT;
    mos_json_pretty(change->after, true, &want);
    mos_json_pretty(is, true, &have);
    char key[160];
    text_safe(change->key, key, sizeof key);
    if (redact_is_secret(change->key))
        error_set(e, ERR_READBACK, "%s reads back otherwise than it was set", key);
    else
        error_set(e, ERR_READBACK, "%s was set to %.100s and reads back as %.100s", key, buf_text(&want),
                  buf_text(&have));
    buf_free(&want);
    buf_free(&have);
    return error_next(e, "config-get %s shows what it is now; set it once more.", key);
}

/* For machines: every changed key with the value that was read back; of a secret only that it is set. */
static void tell(struct op_call *call, const struct work *work, const cJSON *config)
{
    cJSON *values = cJSON_CreateObject();
    for (size_t i = 0; i < work->count; i++) {
        const char *key = work->changes[i].key;
        cJSON_DeleteItemFromObjectCaseSensitive(values, key); /* given twice */
        cJSON_AddItemToObject(values, key,
                              redact_is_secret(key) ? cJSON_CreateString("(set)")
                                                    : cJSON_Duplicate(mos_config_find(config, key), true));
    }
    op_json(call, "config", values);
}

/* Reads the level that was written: a higher one may still hide it. */
static int read_back(struct op_call *call, const struct work *work, struct error *e)
{
    cJSON *args = cJSON_CreateObject(), *config = NULL;
    if (work->level > 0)
        cJSON_AddNumberToObject(args, "level", work->level);
    device_config_forget(op_device(call));
    int code = mos_call(call, "Config.Get", args, &config, e);
    const struct change *wrong = code == 0 ? first_different(work, config) : NULL;
    if (wrong != NULL) {
        const cJSON *is = mos_config_find(config, wrong->key);
        code = !work->saved && equal(is, wrong->before) ? say_denied(wrong, config, e)
                                                        : say_different(wrong, is, e);
    }
    if (code == 0)
        tell(call, work, config);
    cJSON_Delete(config);
    return code;
}

/* Firmware that does not save by itself: first sees whether the values were taken at all. */
static int save_apart(struct op_call *call, struct work *work, const struct how *how, struct error *e)
{
    int code = read_back(call, work, e);
    if (code != 0)
        return code;
    cJSON *args = cJSON_CreateObject();
    cJSON_AddBoolToObject(args, "reboot", how->reboot);
    if (how->try_once)
        cJSON_AddBoolToObject(args, "try_once", true);
    return mos_call(call, "Config.Save", args, NULL, e);
}

static bool is_serial(struct op_call *call)
{
    struct link *link = rpc_link(device_rpc(op_device(call)));
    return link != NULL && link_is_serial(link);
}

/* Over a socket: the changed key after whose reboot this server is no longer where it is now, or NULL. */
static const char *moves_away(struct op_call *call, const struct work *work)
{
    static const char *const keys[] = {"http.enable",  "http.listen_addr", "http.ssl_cert",
                                       "http.ssl_key", "rpc.ws.enable",    "rpc.http_enable"};
    for (size_t i = 0; i < work->count && !is_serial(call); i++)
        for (size_t j = 0; j < sizeof keys / sizeof *keys; j++)
            if (strcmp(work->changes[i].key, keys[j]) == 0 &&
                !equal(work->changes[i].before, work->changes[i].after))
                return work->changes[i].key;
    return NULL;
}

/* Keys that may move it, or cut the way to it. */
static const char *may_move(const struct work *work)
{
    static const char *const sections[] = {"http.", "wifi.", "rpc.", "eth.", "mqtt."};
    for (size_t i = 0; i < work->count; i++)
        for (size_t j = 0; j < sizeof sections / sizeof *sections; j++)
            if (text_starts(work->changes[i].key, sections[j]))
                return work->changes[i].key;
    return NULL;
}

static int wait_reboot(struct op_call *call, const struct work *work, struct error *e)
{
    struct error why = {0};
    bool serial = is_serial(call);
    int code = device_wait_reboot(op_device(call), &why);
    if (code == ERR_CONNECTION && may_move(work) != NULL && !serial) {
        error_set(
            e, code,
            "the configuration was saved, but the device did not come back at %s: %s may have moved it: %s",
            device_port(op_device(call)), may_move(work), why.message);
        return error_next(e, "Attach to its new address and check with config-get.");
    }
    if (code != 0 && e != NULL)
        *e = why;
    return code;
}

/* What cannot be read back after the reboot is read back before it. */
static int reboot_away(struct op_call *call, const struct work *work, const char *key, struct error *e)
{
    enum { DROP_MS = 3000 };
    int code = read_back(call, work, e);
    if (code != 0)
        return code;
    op_note(call, "Saving and rebooting...");
    code = mos_call(call, "Sys.Reboot", NULL, NULL, e);
    if (code == ERR_CONNECTION && rpc_state(device_rpc(op_device(call))) != RPC_UP)
        code = 0; /* the drop was faster than the answer */
    if (code != 0)
        return code;
    rpc_wait_lost(device_rpc(op_device(call)), DROP_MS);
    op_note(call, "Saved and read back. %s moves the device away from %s: attach to its new address.", key,
            device_port(op_device(call)));
    return 0;
}

static int apply(struct op_call *call, struct work *work, struct error *e)
{
    struct how how = how_of(call);
    work->level = how.level;
    const char *away = how.reboot ? moves_away(call, work) : NULL;
    const cJSON *info;
    int code = device_info(op_device(call), true, &info, e); /* who must come back after the reboot */
    if (code != 0)
        return code;
    how.reboot = how.reboot && away == NULL;
    if (how.level > 0)
        op_note(call, "Setting new configuration (level %u)...", how.level);
    else
        op_note(call, "Setting new configuration...");
    code = set_all(call, work, &how, e);
    if (code == 0 && how.save && !work->saved)
        code = save_apart(call, work, &how, e);
    if (code == 0 && away != NULL)
        return reboot_away(call, work, away, e);
    if (code == 0 && how.save)
        op_note(call, how.reboot ? "Saving and rebooting..." : "Saving...");
    if (code == 0 && how.reboot)
        code = wait_reboot(call, work, e);
    return code == 0 ? read_back(call, work, e) : code;
}

static int current(struct op_call *call, const cJSON **config, struct error *e)
{
    op_note(call, "Getting configuration...");
    device_config_forget(op_device(call));
    int code = device_config(op_device(call), config, e);
    return code != 0 ? mos_explain(call, "Config.Get", e) : 0;
}

static int run_changes(struct op_call *call, size_t step, struct error *e)
{
    (void)step;
    return apply(call, op_state(call, sizeof(struct work), release), e);
}

static int check_set(struct op_call *call, struct error *e)
{
    struct work *work = op_state(call, sizeof *work, release);
    const cJSON *config;
    int code = current(call, &config, e);
    for (size_t i = 0; code == 0 && i < op_arg_count(call, "KEY=VALUE"); i++) {
        const char *item = op_arg_item(call, "KEY=VALUE", i);
        size_t n = strcspn(item, "=");
        char *key = mem_printf("%.*s", (int)n, item);
        code = add(work, config, key, item + n + (item[n] == '='), e);
        free(key);
    }
    return code;
}

static int check_wifi(struct op_call *call, struct error *e)
{
    const char *const pairs[][2] = {
        {"wifi.ap.enable", "false"},
        {               "wifi.sta.enable",          "true"       },
        { "wifi.sta.ssid",         op_arg_value(call,                "SSID")},
        { "wifi.sta.pass",         op_arg_value(call,                "PASS")}
    };
    struct work *work = op_state(call, sizeof *work, release);
    const cJSON *config;
    int code = current(call, &config, e);
    if (code == 0 && mos_config_find(config, "wifi.sta") == NULL)
        code = error_set(e, ERR_REFUSED,
                         "this firmware has no WiFi settings: it was built without the wifi library");
    for (size_t i = 0; code == 0 && i < sizeof pairs / sizeof *pairs; i++)
        if (mos_config_find(config, "wifi.ap") != NULL || i > 0)
            code = add(work, config, pairs[i][0], pairs[i][1], e);
    return code;
}

static const struct op_arg set_args[] = {
    {.name = "KEY=VALUE",
     .type = TYPE_ASSIGNMENT,
     .flags = ARG_REPEAT,
     .help = "http.ssl_key=ATCA:0; the value must fit the type the key has"},
    {0},
};

static const struct op_arg options[] = {
    {.name = "no-save",                                                .type = TYPE_FLAG, .help = "set only: the values are gone after the next reboot"},
    {.name = "no-reboot",
     .type = TYPE_FLAG,
     .help = "save, and let them come into force with a later reboot"},
    {.name = "try-once",
     .type = TYPE_FLAG,
     .help = "the device falls back to the old values after one reboot"},
    {.name = "level", .type = TYPE_NUMBER, .max = 255, .help = "configuration level that is written"},
    {0                                              },
};

static const struct op_arg wifi_args[] = {
    {.name = "SSID",                      .type = TYPE_WORD, .help = "network the device joins"},
    {.name = "PASS", .type = TYPE_WORD, .flags = ARG_SECRET, .help = "its password"},
    {0                     },
};

const struct op mos_op_config_set = {
    .name = "config-set",
    .summary = "change the device's configuration, save it and reboot",
    .help =
        "Reads the configuration, checks keys and types, sends the changed keys in one call, waits for the "
        "reboot and reads every key back. A key that the device keeps as it was (conf_acl) is an error.",
    .example = "config-set http.ssl_cert=ecc.crt.pem http.ssl_key=ATCA:0\nconfig-set debug.level=3 --no-save",
    .args = set_args,
    .options = options,
    .needs = NEED_RPC,
    .hazard = HAZARD_RESETS,
    .check = check_set,
    .run = run_changes,
};

const struct op mos_op_wifi = {
    .name = "wifi",
    .summary = "make the device join a WiFi network",
    .help = "Sets wifi.sta.enable, wifi.sta.ssid and wifi.sta.pass, switches the access point off, saves and "
            "reboots. In a command file write the password as ${NAME}.",
    .example = "wifi MyNetwork ${WIFI_PASS}",
    .args = wifi_args,
    .options = options,
    .needs = NEED_RPC,
    .hazard = HAZARD_RESETS,
    .check = check_wifi,
    .run = run_changes,
};
