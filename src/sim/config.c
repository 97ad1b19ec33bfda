/* The configuration tree: see config.h. */
#include "sim/config.h"
#include "base/buf.h"
#include "base/file.h"
#include "codec/frame.h"

#include <fnmatch.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct sim_config {
    cJSON *tree;
    cJSON *below[SIM_CONFIG_USER_LEVEL + 1]; /* [n]: the tree of all levels under n */
};

static const cJSON *member(const cJSON *node, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(node, name);
}

static bool same_type(const cJSON *known, const cJSON *given)
{
    return cJSON_IsBool(known) ? cJSON_IsBool(given) : known->type == given->type;
}

static double whole(double number)
{
    return number > -9e15 && number < 9e15 ? (double)(int64_t)number : number;
}

/* Puts given's leaves over known's where the key is known and the type fits. */
static void overlay(cJSON *known, const cJSON *given)
{
    for (cJSON *to = known->child; to != NULL; to = to->next) {
        const cJSON *from = member(given, to->string);
        if (from == NULL || !same_type(to, from))
            continue;
        if (cJSON_IsObject(to))
            overlay(to, from);
        else if (cJSON_IsString(to))
            cJSON_SetValuestring(to, from->valuestring);
        else if (cJSON_IsNumber(to)) /* an integer field cuts a fraction off */
            cJSON_SetNumberValue(to, to->valuedouble == whole(to->valuedouble) ? whole(from->valuedouble)
                                                                               : from->valuedouble);
        else
            to->type = from->type;
    }
}

/* What of tree differs from base: a partial tree, maybe empty. */
static cJSON *difference(const cJSON *tree, const cJSON *base)
{
    cJSON *changed = cJSON_CreateObject();
    for (const cJSON *now = tree->child; now != NULL; now = now->next) {
        const cJSON *was = member(base, now->string);
        if (cJSON_IsObject(now)) {
            cJSON *inner = difference(now, was);
            if (inner->child != NULL)
                cJSON_AddItemToObject(changed, now->string, inner);
            else
                cJSON_Delete(inner);
        } else if (!cJSON_Compare(now, was, 1)) {
            cJSON_AddItemToObject(changed, now->string, cJSON_Duplicate(now, 1));
        }
    }
    return changed;
}

static char *level_path(const char *fs, int level, bool once)
{
    return mem_printf("%s/conf%d%s.json", fs, level, once ? ".once" : "");
}

/* False when the file is there and is no JSON object. */
static bool load_file(cJSON *tree, const char *path)
{
    struct buf text = BUF_INIT;
    bool fine = true;
    if (access(path, F_OK) == 0) {
        cJSON *given = NULL;
        if (file_read(path, 65536, &text, NULL) == 0)
            given = frame_json_parse(buf_text(&text), text.len, NULL);
        fine = cJSON_IsObject(given);
        if (fine)
            overlay(tree, given);
        cJSON_Delete(given);
    }
    buf_free(&text);
    return fine;
}

static cJSON *default_tree(const char *device_id, const char *mac)
{
    cJSON *tree = cJSON_Parse(sim_config_defaults);
    cJSON *device = cJSON_GetObjectItem(tree, "device");
    cJSON_SetValuestring(cJSON_GetObjectItem(device, "id"), device_id);
    cJSON_SetValuestring(cJSON_GetObjectItem(device, "mac"), mac);
    char ssid[24];
    snprintf(ssid, sizeof ssid, "Mongoose_%s", strlen(mac) > 6 ? mac + strlen(mac) - 6 : mac);
    cJSON *ap = cJSON_GetObjectItem(cJSON_GetObjectItem(tree, "wifi"), "ap");
    cJSON_SetValuestring(cJSON_GetObjectItem(ap, "ssid"), ssid);
    return tree;
}

struct sim_config *sim_config_load(const char *fs, const char *device_id, const char *mac, int *broken)
{
    struct sim_config *c = mem_alloc(sizeof *c);
    c->tree = default_tree(device_id, mac);
    *broken = 0;
    for (int level = 1; level <= SIM_CONFIG_USER_LEVEL; level++) {
        c->below[level] = cJSON_Duplicate(c->tree, 1);
        char *path = level_path(fs, level, false), *once = level_path(fs, level, true);
        bool fine = load_file(c->tree, access(once, F_OK) == 0 ? once : path);
        unlink(once);
        if (!fine)
            *broken = level;
        free(path);
        free(once);
    }
    return c;
}

void sim_config_free(struct sim_config *c)
{
    if (c == NULL)
        return;
    cJSON_Delete(c->tree);
    for (int level = 0; level <= SIM_CONFIG_USER_LEVEL; level++)
        cJSON_Delete(c->below[level]);
    free(c);
}

static cJSON *tree_of(const struct sim_config *c, int level)
{
    return level == SIM_CONFIG_USER_LEVEL ? c->tree : c->below[level + 1];
}

const cJSON *sim_config_get_level(const struct sim_config *c, int level, const char *key)
{
    const cJSON *node = tree_of(c, level);
    for (const char *p = key ? key : ""; node != NULL && *p != '\0';) {
        size_t n = strcspn(p, ".");
        const cJSON *child = cJSON_IsObject(node) ? node->child : NULL;
        while (child != NULL && (strlen(child->string) != n || strncmp(child->string, p, n) != 0))
            child = child->next;
        node = child;
        p += n;
        p += *p == '.';
    }
    return node;
}

const cJSON *sim_config_get(const struct sim_config *c, const char *key)
{
    return sim_config_get_level(c, SIM_CONFIG_USER_LEVEL, key);
}

bool sim_config_flag(const struct sim_config *c, const char *key)
{
    return cJSON_IsTrue(sim_config_get(c, key));
}

int sim_config_number(const struct sim_config *c, const char *key)
{
    const cJSON *value = sim_config_get(c, key);
    return cJSON_IsNumber(value) ? value->valueint : 0;
}

const char *sim_config_text(const struct sim_config *c, const char *key)
{
    const cJSON *value = sim_config_get(c, key);
    return cJSON_IsString(value) ? value->valuestring : "";
}

bool sim_config_allows(const char *acl, const char *key)
{
    char pattern[128];
    for (const char *p = acl; *p != '\0';) {
        size_t n = strcspn(p, ",");
        bool deny = *p == '-';
        size_t skip = *p == '-' || *p == '+';
        snprintf(pattern, sizeof pattern, "%.*s", (int)(n - skip), p + skip);
        if (fnmatch(pattern, key, 0) == 0)
            return !deny;
        p += n;
        p += *p == ',';
    }
    return false;
}

static const char *type_words(const cJSON *known)
{
    return cJSON_IsNumber(known)   ? "a number"
           : cJSON_IsString(known) ? "a string"
           : cJSON_IsBool(known)   ? "a boolean"
                                   : "an object";
}

/* Looks before anything is changed. */
static enum sim_config_result check(const struct sim_config *c, const cJSON *known, const cJSON *given,
                                    const char *prefix, char *why, size_t size)
{
    enum sim_config_result result = SIM_CONFIG_SET;
    for (const cJSON *from = given->child; from != NULL; from = from->next) {
        const cJSON *to = member(known, from->string);
        if (to == NULL)
            continue;
        char *key = mem_printf("%s%s%s", prefix, *prefix ? "." : "", from->string);
        enum sim_config_result one = SIM_CONFIG_SET;
        if (!same_type(to, from)) {
            snprintf(why, size, "invalid config value: [%s] is not %s", key, type_words(to));
            one = SIM_CONFIG_BAD;
        } else if (cJSON_IsObject(to)) {
            one = check(c, to, from, key, why, size);
        } else if (!sim_config_allows(sim_config_text(c, "conf_acl"), key)) {
            one = SIM_CONFIG_DENIED;
        }
        free(key);
        if (one == SIM_CONFIG_BAD)
            return one;
        if (one == SIM_CONFIG_DENIED)
            result = one;
    }
    return result;
}

enum sim_config_result sim_config_merge(struct sim_config *c, int level, const cJSON *tree, char *why,
                                        size_t size)
{
    enum sim_config_result result = check(c, c->tree, tree, "", why, size);
    if (result == SIM_CONFIG_SET)
        overlay(tree_of(c, level), tree);
    return result;
}

int sim_config_save(const struct sim_config *c, const char *fs, int level, bool once, struct error *e)
{
    cJSON *changed = difference(tree_of(c, level), c->below[level]);
    struct buf text = BUF_INIT;
    frame_json(&text, changed);
    buf_add_text(&text, "\n");
    char *path = level_path(fs, level, once);
    int rc = file_replace(path, 0600, text.data, text.len, e);
    free(path);
    buf_free(&text);
    cJSON_Delete(changed);
    return rc;
}
