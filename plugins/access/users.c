/* htdigest: users in a password file. login, logout: who calls from now on. */
#include "access.h"

#include "base/file.h"
#include "base/secret.h"
#include "base/text.h"
#include "rpc/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- htdigest ------------------------------------------------------------------------------------------- */

static int load(const char *path, bool must_be_new, bool *there, struct htdigest *file, struct error *e)
{
    struct buf text = {.secret = true};
    *there = access(path, F_OK) == 0;
    *file = HTDIGEST_INIT;
    if (*there && must_be_new) {
        error_set(e, ERR_REFUSED, "%s is there already, and -c makes a new file", path);
        return error_next(e, "Leave -c out to add the user to it, or give another name.");
    }
    int code = *there ? file_read(path, HTDIGEST_FILE_MAX, &text, e) : 0;
    if (code == 0)
        htdigest_parse(buf_text(&text), text.len, file);
    buf_free(&text);
    return code;
}

static int save(const char *path, bool there, const struct htdigest *file, struct error *e)
{
    struct buf text = {.secret = true};
    htdigest_text(file, &text);
    int code = there ? file_replace(path, 0600, text.data, text.len, e)
                     : file_create(path, 0600, text.data, text.len, e);
    buf_free(&text);
    return code;
}

static int set_user(struct op_call *call, struct htdigest *file, const char *user, const char *realm,
                    const char **did, struct error *e)
{
    const char *from = op_arg_value(call, "password-file");
    enum digest_algorithm algorithm = DIGEST_MD5;
    digest_find(op_arg_value(call, "algorithm"), &algorithm);
    int code = htdigest_check(user, realm, algorithm, e);
    if (code != 0)
        return code;
    if (from == NULL) {
        error_set(e, ERR_USAGE, "a password is needed for %s, and --password-file does not say where it is",
                  user);
        return error_next(e,
                          "Give --password-file FILE, or --password-file - to read it from standard input.");
    }
    struct buf password = {.secret = true};
    bool changed = false;
    code = access_password_read(from, &password, e);
    if (code == 0)
        code = htdigest_set(file, user, realm, algorithm, password.data, password.len, &changed, e);
    *did = changed ? "changed" : "added";
    buf_free(&password);
    return code;
}

static int delete_user(struct op_call *call, struct htdigest *file, const char *user, const char *realm,
                       const char **did, struct error *e)
{
    *did = "deleted";
    if (htdigest_delete(file, user, realm))
        return 0;
    return error_set(e, ERR_REFUSED, "%s has no user %s in realm %s", op_arg_value(call, "FILE"), user,
                     realm);
}

static int run_htdigest(struct op_call *call, size_t step, struct error *e)
{
    const char *path = op_arg_value(call, "FILE"), *realm = op_arg_value(call, "REALM"),
               *user = op_arg_value(call, "USER"), *did = "";
    struct htdigest file;
    bool there, remove = op_arg_flag(call, "delete");
    (void)step;
    int code = load(path, op_arg_flag(call, "c"), &there, &file, e);
    if (code == 0)
        code = (remove ? delete_user : set_user)(call, &file, user, realm, &did, e);
    if (code == 0)
        code = save(path, there, &file, e);
    if (code == 0) {
        op_note(call, "%s: user %s of realm %s %s%s", path, user, realm, did, there ? "" : " (new file)");
        op_json(call, "file", cJSON_CreateString(path));
        op_json(call, "user", cJSON_CreateString(user));
        op_json(call, "realm", cJSON_CreateString(realm));
        op_json(call, "did", cJSON_CreateString(did));
    }
    htdigest_free(&file);
    return code;
}

static const struct op_arg htdigest_args[] = {
    {.name = "FILE",                                         .type = TYPE_WORD, .help = "password file here; made when it is missing"},
    {.name = "REALM", .type = TYPE_WORD, .help = "as rpc.auth_domain of the device says"},
    {.name = "USER",                                        .type = TYPE_WORD, .help = "the user"},
    {0      },
};

static const struct op_arg htdigest_options[] = {
    {.name = "password-file",
     .type = TYPE_FILE,
     .help = "file with the password in its first line; - is standard input"},
    {.name = "algorithm",
     .type = TYPE_CHOICE,
     .choices = "md5|sha-256",
     .fallback = "md5",
     .help = "hash of the line; what rpc.auth_algo of the device says (0 is md5, 1 is sha-256)"},
    {.name = "delete",                                                                        .type = TYPE_FLAG, .help = "take the user out of the file"},
    {.name = "c",                                                                   .type = TYPE_FLAG, .help = "make a new file; an existing one is refused"},
    {0},
};

const struct op access_op_htdigest = {
    .name = "htdigest",
    .summary = "add, change or delete a user of a password file",
    .help =
        "The file has lines user:realm:hash, as Apache's htdigest writes them. Comments and lines that are "
        "not "
        "understood are kept. The file is readable by its owner only: a hash is as good as the password for "
        "its realm.",
    .example = "htdigest rpc_auth.txt myproduct joe --password-file joe.password\n"
               "htdigest rpc_auth.txt myproduct joe --delete",
    .args = htdigest_args,
    .options = htdigest_options,
    .needs = NEED_NOTHING,
    .hazard = HAZARD_WRITES,
    .run = run_htdigest,
};

/* --- login, logout -------------------------------------------------------------------------------------- */

static int run_login(struct op_call *call, size_t step, struct error *e)
{
    struct buf creds = {.secret = true}, password = {.secret = true};
    const char *user = op_arg_value(call, "USER");
    const cJSON *info;
    (void)step;
    int code = access_password_read(op_arg_value(call, "password-file"), &password, e);
    if (code == 0 && strchr(user, ':') != NULL)
        code = error_set(e, ERR_USAGE, "a user's name holds no colon");
    if (code == 0) {
        buf_printf(&creds, "%s:", user);
        buf_add(&creds, password.data, password.len);
        code = rpc_set_creds(device_rpc(op_device(call)), buf_text(&creds), e);
    }
    if (code == 0)
        code = device_info(op_device(call), true, &info, e);
    if (code == 0)
        op_note(call, "Calls are made as %s from now on.", user);
    buf_free(&creds);
    buf_free(&password);
    return code;
}

static int run_logout(struct op_call *call, size_t step, struct error *e)
{
    (void)step;
    int code = rpc_set_creds(device_rpc(op_device(call)), NULL, e);
    if (code == 0)
        op_note(call, "Calls are made without a login from now on.");
    return code;
}

static const struct op_arg login_args[] = {
    {.name = "USER",      .type = TYPE_WORD, .help = "the user"},
    {0},
};

static const struct op_arg login_options[] = {
    {.name = "password-file",
     .type = TYPE_FILE,
     .fallback = "-",
     .help = "file with the password in its first line; - is standard input"},
    {0        },
};

const struct op access_op_login = {
    .name = "login",
    .summary = "call the attached device as this user",
    .help = "Holds until logout, another login or detach. --rpc-creds does the same from the start.",
    .example = "login alice --password-file alice.password",
    .args = login_args,
    .options = login_options,
    .needs = NEED_RPC,
    .hazard = HAZARD_NONE,
    .run = run_login,
};

const struct op access_op_logout = {
    .name = "logout",
    .summary = "call the attached device without a login",
    .needs = NEED_RPC,
    .hazard = HAZARD_NONE,
    .run = run_logout,
};
