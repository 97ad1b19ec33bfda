/* access-set: what is to change. Nothing is sent here but questions. */
#include "set.h"

#include "base/file.h"
#include "base/secret.h"
#include "base/text.h"
#include "rpc/client.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>

void set_free(struct set_work *work)
{
    for (size_t i = 0; i < work->key_count; i++) {
        cJSON_Delete(work->keys[i].before);
        cJSON_Delete(work->keys[i].after);
    }
    access_rules_free(&work->now);
    access_rules_free(&work->next);
    buf_free(&work->upload.bytes);
    free(work->upload.name);
    free(work->user);
    cJSON_Delete(work->config);
}

/* A key that the configuration has; `after` is consumed. One that stays as it is changes nothing. */
static int change(struct set_work *work, const char *key, cJSON *after, struct error *e)
{
    const cJSON *before = access_config_find(work->config, key);
    if (before == NULL || work->key_count == SET_KEYS) {
        cJSON_Delete(after);
        return error_set(e, ERR_REFUSED, "this device's configuration has no key %s", key);
    }
    if (cJSON_Compare(before, after, true)) {
        cJSON_Delete(after);
        return 0;
    }
    work->keys[work->key_count++] = (struct set_key){key, cJSON_Duplicate(before, true), after};
    return 0;
}

/* --- the file's name on the device ---------------------------------------------------------------------- */

static int is_same(struct set_work *work, const char *name, bool *same, struct error *e)
{
    struct buf there = {.secret = true};
    bool found = false;
    int code = access_file_get(work->call, name, &there, &found, e);
    *same = found && there.len == work->upload.bytes.len &&
            memcmp(there.data, work->upload.bytes.data, there.len) == 0;
    buf_free(&there);
    return code;
}

/* A device reads these files at every call: the one in use is never written to. When it is the same already,
 * it stays; else the wanted name is taken, or the one beside it. */
static int free_name(struct set_work *work, const char *wanted, const char *used, struct error *e)
{
    bool same = false;
    int code = *used != '\0' ? is_same(work, used, &same, e) : 0;
    const char *dot = strrchr(wanted, '.');
    size_t stem = dot != NULL && dot != wanted ? (size_t)(dot - wanted) : strlen(wanted);
    if (code != 0)
        return code;
    if (same)
        work->upload.name = mem_string(used);
    else if (strcmp(wanted, used) != 0)
        work->upload.name = mem_string(wanted);
    else
        work->upload.name = mem_printf("%.*s-2%s", (int)stem, wanted, wanted + stem);
    return 0;
}

static int name_upload(struct set_work *work, const char *path, const char *used, struct error *e)
{
    const char *given = op_arg_value(work->call, "name");
    char *copy = mem_string(path);
    int code = free_name(work, given != NULL ? given : basename(copy), used, e);
    free(copy);
    return code;
}

/* --- auth, acl, channel, off ---------------------------------------------------------------------------- */

static int need_value(struct set_work *work, const char *what, struct error *e)
{
    if (op_arg_given(work->call, "VALUE"))
        return 0;
    error_set(e, ERR_USAGE, "access-set %s wants %s", op_arg_value(work->call, "WHAT"), what);
    return error_next(e, "help access-set shows how each of them is written.");
}

/* The realm and the algorithm that all lines of the file agree on. */
static int check_users(const struct htdigest *file, const char *path, const char *given, char **realm,
                       enum digest_algorithm *algorithm, struct error *e)
{
    const struct htdigest_line *first = NULL;
    for (size_t i = 0; i < file->count; i++) {
        const struct htdigest_line *line = &file->lines[i];
        if (line->user == NULL || (given != NULL && strcmp(line->realm, given) != 0))
            continue;
        if (first == NULL)
            first = line;
        if (strcmp(line->realm, first->realm) != 0) {
            error_set(e, ERR_USAGE, "%s has users of several realms (%s, %s)", path, first->realm,
                      line->realm);
            return error_next(e, "Say with --realm which the device shall use.");
        }
        if (line->algorithm != first->algorithm)
            return error_set(e, ERR_REFUSED,
                             "%s has lines of MD5 and of SHA-256, and a device takes one kind", path);
        if (strlen(line->text) > HTDIGEST_LINE_MAX)
            return error_set(e, ERR_REFUSED,
                             "the line of %s in %s is longer than the %d bytes a device reads", line->user,
                             path, HTDIGEST_LINE_MAX);
    }
    if (first == NULL) {
        error_set(e, ERR_REFUSED, "%s has no user%s%s", path, given != NULL ? " of realm " : "",
                  given != NULL ? given : "");
        return error_next(e, "htdigest %s REALM USER --password-file FILE adds one.", path);
    }
    *realm = mem_string(first->realm);
    *algorithm = first->algorithm;
    return 0;
}

static int prepare_auth(struct set_work *work, struct error *e)
{
    const char *path = op_arg_value(work->call, "VALUE");
    struct access_rules *next = &work->next;
    work->upload.bytes.secret = true;
    int code = need_value(work, "a password file: access-set auth rpc_auth.txt", e);
    if (code == 0)
        code = file_read(path, HTDIGEST_FILE_MAX, &work->upload.bytes, e);
    if (code != 0)
        return code;
    htdigest_free(&next->users);
    htdigest_parse(buf_text(&work->upload.bytes), work->upload.bytes.len, &next->users);
    free(next->realm);
    next->realm = NULL;
    code =
        check_users(&next->users, path, op_arg_value(work->call, "realm"), &next->realm, &next->algorithm, e);
    if (code == 0)
        code = name_upload(work, path, work->now.auth_file, e);
    if (code != 0)
        return code;
    error_clear(&next->users_why);
    free(next->auth_file);
    next->auth_file = mem_string(work->upload.name);
    code = change(work, "rpc.auth_domain", cJSON_CreateString(next->realm), e);
    if (code == 0)
        code = change(work, "rpc.auth_file", cJSON_CreateString(next->auth_file), e);
    bool old = access_config_find(work->config, "rpc.auth_algo") == NULL; /* firmware that knows MD5 alone */
    if (code == 0 && !(old && next->algorithm == DIGEST_MD5))
        code = change(work, "rpc.auth_algo", cJSON_CreateNumber(next->algorithm), e);
    return code;
}

/* "@file" in rpc.acl where the firmware has no rpc.acl_file; both set is an error to a device. */
static int change_acl(struct set_work *work, const char *file, struct error *e)
{
    bool has_file = access_config_find(work->config, "rpc.acl_file") != NULL;
    char *at = mem_printf("%s%s", has_file || *file == '\0' ? "" : "@", has_file ? "" : file);
    int code = 0;
    if (access_config_find(work->config, "rpc.acl") != NULL || !has_file)
        code = change(work, "rpc.acl", cJSON_CreateString(at), e);
    if (code == 0 && has_file)
        code = change(work, "rpc.acl_file", cJSON_CreateString(file), e);
    free(at);
    return code;
}

static int prepare_acl(struct set_work *work, struct error *e)
{
    const char *path = op_arg_value(work->call, "VALUE");
    struct access_rules *next = &work->next;
    int code = need_value(work, "a file of rules: access-set acl rpc_acl.json", e);
    acl_free(&next->acl);
    if (code == 0)
        code = access_acl_load(path, &next->acl, &work->upload.bytes, e);
    const char *acl = work->now.acl_source != NULL ? work->now.acl_source : "";
    if (code == 0)
        code = name_upload(work, path, acl, e);
    if (code != 0)
        return code;
    error_clear(&next->acl_why);
    free(next->acl_source);
    next->acl_source = mem_string(work->upload.name);
    return change_acl(work, work->upload.name, e);
}

static int prepare_channel(struct set_work *work, struct error *e)
{
    const char *name = op_arg_value(work->call, "VALUE"), *state = op_arg_value(work->call, "STATE");
    int code = need_value(work, "a channel, and on or off: access-set channel http off", e);
    if (code == 0 && state == NULL)
        code = error_set(e, ERR_USAGE, "access-set channel %s wants on or off behind it", name);
    if (code != 0)
        return code;
    const struct access_channel *one = access_channels;
    while (one->name != NULL && strcmp(one->name, name) != 0)
        one++;
    if (one->name == NULL || (one->on == one->off && !one->is_flag)) {
        error_set(e, ERR_USAGE, "access-set channel switches uart, ws, http and mqtt, not \"%s\"", name);
        return error_next(e, "config-set changes other keys.");
    }
    bool on = strcmp(state, "on") == 0;
    const char *key = access_channel_key(one, work->config);
    if (key == NULL)
        return error_set(e, ERR_REFUSED,
                         "this device's configuration has no key %s: its firmware lacks the channel",
                         one->key);
    work->closes = on ? NULL : one->type;
    return change(work, key,
                  one->is_flag ? cJSON_CreateBool(on) : cJSON_CreateNumber(on ? one->on : one->off), e);
}

static int prepare_off(struct set_work *work, struct error *e)
{
    struct access_rules *next = &work->next;
    free(next->acl_source);
    next->acl_source = NULL;
    acl_free(&next->acl);
    error_clear(&next->acl_why);
    int code = change_acl(work, "", e);
    if (code == 0)
        code = change(work, "rpc.auth_file", cJSON_CreateString(""), e);
    return code;
}

static const struct {
    const char *name;
    int (*prepare)(struct set_work *work, struct error *e);
} kinds[] = {
    {"auth",    prepare_auth   },
    {"acl",     prepare_acl    },
    {"channel", prepare_channel},
    {"off",     prepare_off    },
};

/* Takes the login of the options, so that the calls after the change are made with it. */
static int take_login(struct set_work *work, struct error *e)
{
    struct rpc_client *client = device_rpc(op_device(work->call));
    const char *user = op_arg_value(work->call, "user"), *path = op_arg_value(work->call, "password-file");
    if ((user == NULL) != (path == NULL))
        return error_set(e, ERR_USAGE, "--user and --password-file belong together");
    int code = 0;
    if (user != NULL) {
        struct buf password = {.secret = true}, creds = {.secret = true};
        code = access_password_read(path, &password, e);
        buf_printf(&creds, "%s:", user);
        buf_add(&creds, password.data, password.len);
        if (code == 0)
            code = rpc_set_creds(client, buf_text(&creds), e);
        buf_free(&password);
        buf_free(&creds);
    }
    if (code == 0 && rpc_user(client) != NULL)
        work->user = mem_string(rpc_user(client));
    return code;
}

int set_prepare(struct set_work *work, struct error *e)
{
    const cJSON *config;
    struct device *device = op_device(work->call);
    int code = take_login(work, e);
    device_config_forget(device);
    if (code == 0)
        code = device_config(device, &config, e);
    if (code == 0) {
        work->config = cJSON_Duplicate(config, true);
        code = access_rules_read(work->call, work->config, &work->now, e);
    }
    if (code == 0)
        code = access_rules_read(work->call, work->config, &work->next, e);
    const char *what = op_arg_value(work->call, "WHAT");
    for (size_t i = 0; code == 0 && i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].name, what) == 0) {
            code = kinds[i].prepare(work, e);
            break;
        }
    return code;
}

/* --- nobody locks himself out --------------------------------------------------------------------------- */

/* What it takes to change all this back. */
static const char *const needed[] = {"Sys.GetInfo", "Config.Get", "Config.Set",
                                     "Config.Save", "Sys.Reboot", "FS.Get"};

static int say_locked_out(struct set_work *work, const char *method, size_t entry, enum acl_verdict verdict,
                          struct error *e)
{
    struct buf why = BUF_INIT;
    access_entry_words(&work->next, entry, &why);
    if (verdict == ACL_LOGIN) {
        error_set(e, ERR_REFUSED,
                  "this would lock you out: %s would want a login, and there is none (%.300s)", method,
                  buf_text(&why));
        error_next(e, "Nothing was changed. Give --user and --password-file of one who may call it.");
    } else {
        error_set(e, ERR_REFUSED, "this would lock %s out of %s over %s (%.300s)",
                  work->user != NULL ? work->user : "you", method, access_own_type(work->call),
                  buf_text(&why));
        error_next(e, "Nothing was changed. Let a user of yours call %s, and come as that user.", method);
    }
    buf_free(&why);
    return ERR_REFUSED;
}

static int check_password(struct set_work *work, struct error *e)
{
    const struct htdigest_line *line = htdigest_find(&work->next.users, work->user, work->next.realm);
    if (line == NULL || !access_rules_have_users(&work->next)) {
        error_set(e, ERR_REFUSED,
                  "this would lock you out: the device's password file has no user %s in realm \"%s\"",
                  work->user, work->next.realm);
        return error_next(e, "Nothing was changed. Set the users first: access-set auth FILE.");
    }
    if (line->algorithm == work->next.algorithm &&
        rpc_creds_fit(device_rpc(op_device(work->call)), line->algorithm, work->next.realm, line->ha1))
        return 0;
    error_set(e, ERR_REFUSED,
              "this would lock you out: the password of %s is not the one in the password file", work->user);
    return error_next(e, "Nothing was changed. Check the password, or set it with htdigest.");
}

int set_check_lockout(struct set_work *work, struct error *e)
{
    const char *type = access_own_type(work->call);
    if (work->closes != NULL && strcmp(work->closes, type) == 0) {
        error_set(e, ERR_REFUSED, "this would close the channel that the device is attached by (%s)", type);
        return error_next(e, "Nothing was changed. Attach over another channel first.");
    }
    if (strcmp(type, "HTTP") == 0)
        return error_set(e, ERR_REFUSED, "over http:// a login is not answered: attach over ws:// or serial");
    if (work->next.acl_why.code != 0) {
        *e = work->next.acl_why;
        return e->code;
    }
    bool login = false;
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        size_t entry;
        enum acl_verdict verdict = access_decide(&work->next, needed[i], work->user, type, &entry);
        if (verdict != ACL_ALLOWED)
            return say_locked_out(work, needed[i], entry, verdict, e);
        login = login || access_decide(&work->next, needed[i], NULL, type, NULL) == ACL_LOGIN;
    }
    return login ? check_password(work, e) : 0;
}
