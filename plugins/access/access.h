/* What the commands for users and access rules share. */
#ifndef ACCESS_ACCESS_H
#define ACCESS_ACCESS_H

#include "base/buf.h"
#include "base/error.h"
#include "codec/acl.h"
#include "codec/htdigest.h"
#include "shell/plugin.h"

#include <cjson/cJSON.h>

extern const struct op access_op_htdigest, access_op_acl, access_op_check, access_op_login, access_op_logout,
    access_op_status, access_op_set;

/* --- files.c -------------------------------------------------------------------------------------------- */

/* A whole file of the device; found = false when there is none. to->secret is the caller's. */
int access_file_get(struct op_call *call, const char *name, struct buf *to, bool *found, struct error *e);
/* Writes a file and reads it back. ERR_READBACK when it differs. */
int access_file_put(struct op_call *call, const char *name, const struct buf *bytes, struct error *e);

/* The first line of a host file ("-": standard input) as a password. */
int access_password_read(const char *path, struct buf *password, struct error *e);

/* --- config.c ------------------------------------------------------------------------------------------- */

/* The value at a.b.c, or NULL. */
const cJSON *access_config_find(const cJSON *config, const char *path);
const char *access_config_text(const cJSON *config, const char *path); /* "" when there is none */
/* Puts a copy of value at a.b.c of a partial tree. */
void access_config_put(cJSON *tree, const char *path, const cJSON *value);

/* A way in, as the configuration has it. */
struct access_channel {
    const char *name;    /* for access-set channel: "uart", "ws" … */
    const char *type;    /* ch_type of access rules */
    const char *key;     /* the key that switches it, the first that the configuration has */
    const char *old_key; /* or this one; may be NULL */
    const char *needs;   /* a key that must be true or not empty besides; may be NULL */
    bool (*is_on)(const cJSON *value);
    int on, off; /* values of key; booleans when is_flag */
    bool is_flag;
    const char *where; /* a key whose value says where it listens; may be NULL */
};
extern const struct access_channel access_channels[]; /* ends with name == NULL */
const char *access_channel_key(const struct access_channel *channel, const cJSON *config); /* or NULL */
bool access_channel_is_on(const struct access_channel *channel, const cJSON *config);
/* ch_type of the link that the device is attached by. */
const char *access_own_type(struct op_call *call);

/* --- state.c -------------------------------------------------------------------------------------------- */

/* Who may do what: as a device has it, or as it would have it. */
struct access_rules {
    char *realm, *auth_file;
    enum digest_algorithm algorithm;
    char *acl_source; /* "rpc_acl.json", "rpc.acl"; NULL: there are no rules */
    struct acl acl;
    struct error acl_why; /* code != 0: the rules cannot be read */
    struct htdigest users;
    struct error users_why; /* code != 0: the password file cannot be read */
};

/* Reads them from the device. Files that cannot be read are told in *_why, not as failure. */
int access_rules_read(struct op_call *call, const cJSON *config, struct access_rules *rules, struct error *e);
void access_rules_free(struct access_rules *rules);
/* Whether a login is possible at all. */
bool access_rules_have_users(const struct access_rules *rules);
/* acl_decide, and allowed when there are no rules. entry may be NULL. */
enum acl_verdict access_decide(const struct access_rules *rules, const char *method, const char *user,
                               const char *type, size_t *entry);
/* "entry 3 of rpc_acl.json (line 4): method FS.*, any channel, +user1" */
void access_entry_words(const struct access_rules *rules, size_t entry, struct buf *to);
/* Names of users in the password file for this realm, each once; the array is the caller's, the names are
 * not.
 */
size_t access_users(const struct access_rules *rules, const char ***names);

/* A strictly read ACL file of this machine; the error names the file and the place. */
int access_acl_load(const char *path, struct acl *acl, struct buf *text, struct error *e);

/* --- attack.c ------------------------------------------------------------------------------------------- */

/* Calls methods as nobody and as each user, and tries false logins; shows what really happened. *wrong counts
 * what did not happen as the rules say. */
int access_attack(struct op_call *call, const struct access_rules *rules, size_t *wrong, struct error *e);

#endif
