/* Config.Get, Config.Set, Config.Save. */
#include "base/buf.h"
#include "sim/config.h"
#include "sim/rpc_methods.h"

#include <stdlib.h>
#include <string.h>

/* Below 0 and above 8 is the user's. */
static int level_of(int64_t asked)
{
    return asked > 0 && asked < SIM_CONFIG_USER_LEVEL ? (int)asked : SIM_CONFIG_USER_LEVEL;
}

void sim_config_get_method(struct board *b, const struct sim_channel *channel, const cJSON *args,
                           struct sim_reply *reply)
{
    (void)channel;
    int level = level_of(sim_args_number(args, "level", -1));
    const cJSON *value = sim_config_get_level(b->config, level, sim_args_text(args, "key"));
    if (value == NULL)
        sim_reply_error(reply, 404, "invalid config key");
    else
        reply->result = cJSON_Duplicate(value, 1);
}

/* The defaults of level 0 cannot be set. */
static bool find_level(const cJSON *args, struct sim_reply *reply, int *level)
{
    int64_t asked = sim_args_number(args, "level", -1);
    *level = level_of(asked);
    if (asked == 0)
        sim_reply_error(reply, 400, "not allowed");
    return asked != 0;
}

/* Answers {"saved": true}, or the error. */
static bool save(struct board *b, int level, bool once, struct sim_reply *reply)
{
    struct error e = {0};
    if (sim_config_save(b->config, b->fs, level, once, &e) == 0) {
        reply->result = cJSON_CreateObject();
        cJSON_AddBoolToObject(reply->result, "saved", true);
        return true;
    }
    board_log(b, LOG_ERROR, "mgos_sys_config.c:290", "%s", e.message);
    sim_reply_error(reply, -1, "error saving config: %.200s", e.message);
    return false;
}

/* {"key":"a.b","value":1} says the same as {"config":{"a":{"b":1}}}; "value" and "config" are one. */
static cJSON *tree_of_key(const char *key, const cJSON *value)
{
    cJSON *tree = cJSON_Duplicate(value, 1);
    char *rest = mem_string(key);
    while (*rest != '\0') {
        char *dot = strrchr(rest, '.');
        cJSON *outer = cJSON_CreateObject();
        cJSON_AddItemToObject(outer, dot ? dot + 1 : rest, tree);
        tree = outer;
        *(dot ? dot : rest) = '\0';
    }
    free(rest);
    return tree;
}

void sim_config_set_method(struct board *b, const struct sim_channel *channel, const cJSON *args,
                           struct sim_reply *reply)
{
    (void)channel;
    int level;
    const char *key = sim_args_text(args, "key");
    const cJSON *config = cJSON_GetObjectItemCaseSensitive(args, "config");
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(args, "value");
    if (!find_level(args, reply, &level))
        return;
    if (config == NULL && value == NULL) {
        sim_reply_error(reply, 400, "value is required");
        return;
    }
    if (key != NULL && sim_config_get(b->config, key) == NULL) {
        sim_reply_error(reply, 404, "invalid config key");
        return;
    }
    cJSON *tree = tree_of_key(key ? key : "", config ? config : value);
    char why[160];
    enum sim_config_result result = sim_config_merge(b->config, level, tree, why, sizeof why);
    cJSON_Delete(tree);
    if (result == SIM_CONFIG_BAD) {
        sim_reply_error(reply, 400, "%s", why);
    } else if (result == SIM_CONFIG_SET && sim_args_flag(args, "save")) {
        if (save(b, level, sim_args_flag(args, "try_once"), reply) && sim_args_flag(args, "reboot"))
            board_restart(b, BOARD_SHUTDOWN_MS);
    } else {
        reply->result = cJSON_CreateObject();
        cJSON_AddBoolToObject(reply->result, "saved", false);
    }
}

void sim_config_save_method(struct board *b, const struct sim_channel *channel, const cJSON *args,
                            struct sim_reply *reply)
{
    (void)channel;
    if (save(b, SIM_CONFIG_USER_LEVEL, sim_args_flag(args, "try_once"), reply) &&
        sim_args_flag(args, "reboot"))
        board_restart(b, BOARD_SHUTDOWN_MS);
}
