/* access-set: the change itself, for one start of the device only until it has proved itself. */
#include "set.h"

#include "base/text.h"
#include "link/link.h"
#include "rpc/client.h"

#include <string.h>

/* Reset by the serial adapter's lines, where the board has them: RTS holds it in reset, DTR low starts the
 * firmware. */
enum { RESET_MS = 100 };

static cJSON *tree_of(const struct set_work *work, bool after)
{
    cJSON *tree = cJSON_CreateObject();
    for (size_t i = 0; i < work->key_count; i++)
        access_config_put(tree, work->keys[i].key, after ? work->keys[i].after : work->keys[i].before);
    return tree;
}

static int set_config(struct set_work *work, bool after, bool once, bool *saved, struct error *e)
{
    cJSON *args = cJSON_CreateObject(), *result = NULL;
    cJSON_AddItemToObject(args, "config", tree_of(work, after));
    cJSON_AddBoolToObject(args, "save", true);
    if (once)
        cJSON_AddBoolToObject(args, "try_once", true);
    cJSON_AddBoolToObject(args, "reboot", true);
    int code = device_call(op_device(work->call), "Config.Set", args, &result, e);
    *saved = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(result, "saved"));
    cJSON_Delete(result);
    return code;
}

/* The first key that is not as wanted, or NULL. */
static const struct set_key *first_other(const struct set_work *work, const cJSON *config, bool after)
{
    for (size_t i = 0; i < work->key_count; i++) {
        const struct set_key *key = &work->keys[i];
        if (!cJSON_Compare(access_config_find(config, key->key), after ? key->after : key->before, true))
            return key;
    }
    return NULL;
}

static int read_config(struct set_work *work, const cJSON **config, struct error *e)
{
    device_config_forget(op_device(work->call));
    return device_config(op_device(work->call), config, e);
}

static int check_config(struct set_work *work, bool after, struct error *e)
{
    const cJSON *config;
    int code = read_config(work, &config, e);
    if (code != 0)
        return code;
    const struct set_key *other = first_other(work, config, after);
    if (other == NULL)
        return 0;
    return error_set(e, ERR_READBACK, "%s does not read back as it was set", other->key);
}

/* --- taking it back ------------------------------------------------------------------------------------- */

static void pulse_reset(struct rpc_client *client)
{
    struct link *link = rpc_link(client);
    if (link == NULL || !link_is_serial(link) || link_set_lines(link, false, true, NULL) != 0)
        return;
    rpc_wait_lost(client, RESET_MS);
    if (rpc_link(client) != NULL)
        link_set_lines(rpc_link(client), false, false, NULL);
}

/* Any start of the device brings the old configuration back: asks for one in every way there is. */
static int restart(struct set_work *work, struct error *e)
{
    struct device *device = op_device(work->call);
    struct rpc_client *client = device_rpc(device);
    struct rpc_said said;
    int code = rpc_state(client) == RPC_UP ? 0 : rpc_reconnect(client, 5000, e);
    if (code == 0 && device_reboot(device, e) == 0)
        return 0;
    if (code == 0 && rpc_call_as(client, "Sys.Reboot", NULL, NULL, 2000, &said, e) == 0 && said.code == 0)
        return device_wait_reboot(device, e);
    pulse_reset(client);
    return device_wait_reboot(device, e);
}

/* Firmware that knows no try_once has kept it: it is set back. */
static int set_back(struct set_work *work, struct error *e)
{
    const cJSON *config;
    bool saved;
    int code = read_config(work, &config, e);
    if (code == 0 && first_other(work, config, false) == NULL)
        return 0;
    if (code == 0)
        code = set_config(work, false, false, &saved, e);
    if (code == 0)
        code = device_wait_reboot(op_device(work->call), e);
    return code == 0 ? check_config(work, false, e) : code;
}

/* e holds why it is taken back; what becomes of that is said, and the code stays. */
static int roll_back(struct set_work *work, struct error *e)
{
    struct error why = {0};
    int kept = e->code;
    op_note(work->call, "It did not work: %s", e->message);
    op_note(work->call, "Taking the change back...");
    int code = restart(work, &why);
    if (code == 0)
        code = set_back(work, &why);
    if (code == 0) {
        op_json(work->call, "rolled_back", cJSON_CreateBool(true));
        error_next(e, "The device has its old settings again, and answers.");
        return kept;
    }
    error_prefix(e, "the new settings do not work, and the device could not be told to restart");
    error_next(
        e, "Restart the board by hand (power or reset): the new settings were set for one start only, and "
           "it comes back with the old ones.");
    return kept;
}

/* --- there ---------------------------------------------------------------------------------------------- */

static int say_not_taken(struct set_work *work, struct error *e)
{
    char acl[96];
    text_safe(access_config_text(work->config, "conf_acl"), acl, sizeof acl);
    error_set(e, ERR_REFUSED,
              "the device took the call but changed nothing: its conf_acl (\"%s\") denies these keys", acl);
    return error_next(e, "Only the firmware's own configuration can open conf_acl.");
}

/* The answer said that nothing was saved: denied, or firmware whose Config.Set does not save. */
static int save_apart(struct set_work *work, struct error *e)
{
    const cJSON *config;
    int code = read_config(work, &config, e);
    if (code != 0)
        return code;
    if (first_other(work, config, true) != NULL)
        return say_not_taken(work, e);
    cJSON *args = cJSON_CreateObject();
    cJSON_AddBoolToObject(args, "try_once", true);
    cJSON_AddBoolToObject(args, "reboot", true);
    return device_call(op_device(work->call), "Config.Save", args, NULL, e);
}

static int upload(struct set_work *work, struct error *e)
{
    struct buf there = {.secret = true};
    bool found = false;
    if (work->upload.name == NULL)
        return 0;
    int code = access_file_get(work->call, work->upload.name, &there, &found, e);
    bool same = found && there.len == work->upload.bytes.len &&
                memcmp(there.data, work->upload.bytes.data, there.len) == 0;
    buf_free(&there);
    if (code == 0 && !same)
        code = access_file_put(work->call, work->upload.name, &work->upload.bytes, e);
    if (code == 0)
        op_note(work->call, "%s: %zu bytes %s", work->upload.name, work->upload.bytes.len,
                same ? "are there already" : "written and read back");
    return code;
}

int set_apply(struct set_work *work, struct error *e)
{
    const cJSON *info;
    bool saved = false;
    int code = upload(work, e);
    if (code == 0)
        code = device_info(op_device(work->call), true, &info, e); /* who must come back after the reboot */
    if (code != 0)
        return code;
    op_note(work->call, "Setting it for one start of the device, and rebooting...");
    code = set_config(work, true, true, &saved, e);
    if (code == 0 && !saved) {
        code = save_apart(work, e);
        if (code == ERR_REFUSED && e->remote == 0)
            return code; /* nothing was changed */
    }
    if (code == ERR_REFUSED && e->remote == 400)
        return code; /* nor when it takes a value for wrong */
    if (code == 0)
        code = device_wait_reboot(op_device(work->call), e);
    if (code == 0)
        code = check_config(work, true, e);
    return code == 0 ? 0 : roll_back(work, e);
}

int set_keep(struct set_work *work, struct error *e)
{
    int code = device_call(op_device(work->call), "Config.Save", NULL, NULL, e);
    if (code == 0)
        code = check_config(work, true, e);
    return code == 0 ? 0 : roll_back(work, e);
}
