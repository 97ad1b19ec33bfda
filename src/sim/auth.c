/* Authentication and authorisation: see auth.h. */
#include "sim/auth.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/secret.h"
#include "base/text.h"
#include "codec/acl.h"
#include "sim/config.h"
#include "sim/digest.h"
#include "sim/rpc_methods.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *setting(const struct board *b, const char *scope, const char *name)
{
    char key[40];
    snprintf(key, sizeof key, "%s.%s", scope, name);
    return sim_config_text(b->config, key);
}

static enum sim_digest_algo algo_of(const struct board *b, const char *scope)
{
    char key[40];
    snprintf(key, sizeof key, "%s.auth_algo", scope);
    return sim_config_number(b->config, key) == SIM_DIGEST_SHA256 ? SIM_DIGEST_SHA256 : SIM_DIGEST_MD5;
}

static bool read_device_file(struct board *b, const char *name, struct buf *text)
{
    char *path = sim_fs_path(b, name);
    bool fine = path != NULL && file_read(path, SIM_FS_SIZE, text, NULL) == 0;
    free(path);
    if (!fine)
        board_log(b, LOG_ERROR, "mgos_rpc.c:211", "Error reading %s", name);
    return fine;
}

/* --- the ACL -------------------------------------------------------------------------------------------- */

/* The firmware's JSON reader wants no commas and minds no further ones: puts them where they belong. */
static void mend_commas(const char *json, size_t len, struct buf *to)
{
    char last = '\0'; /* the last character outside strings that is no blank */
    for (size_t i = 0; i < len; i++) {
        char c = json[i];
        if (strchr(" \t\r\n", c) != NULL) {
            buf_add_byte(to, (uint8_t)c);
            continue;
        }
        if (strchr("{[\"", c) != NULL && last != '\0' && strchr("{[:,", last) == NULL)
            buf_add_byte(to, ',');
        if ((c == ']' || c == '}') && last == ',')
            *strrchr((char *)to->data, ',') = ' ';
        size_t start = i;
        if (c == '"')
            for (i++; i < len && json[i] != '"'; i++)
                i += json[i] == '\\';
        buf_add(to, json + start, (i < len ? i + 1 : len) - start);
        last = c;
    }
}

/* The first entry for the method and the channel's type; "" when none matches. False: no JSON array. */
static bool find_entry(const char *json, size_t len, const char *method, const char *type, char *entry,
                       size_t size)
{
    struct buf strict = BUF_INIT;
    mend_commas(json, len, &strict);
    cJSON *list = frame_json_parse(buf_text(&strict), strict.len, NULL);
    buf_free(&strict);
    bool fine = cJSON_IsArray(list);
    *entry = '\0';
    for (const cJSON *item = fine ? list->child : NULL; item != NULL; item = item->next) {
        const char *pattern = sim_args_text(item, "method"), *only = sim_args_text(item, "ch_type");
        const char *acl = sim_args_text(item, "acl");
        if (acl == NULL || (pattern == NULL && only == NULL) || (only != NULL && strcmp(only, type) != 0) ||
            (pattern != NULL && !acl_match(pattern, method)))
            continue;
        snprintf(entry, size, "%s", acl);
        break;
    }
    cJSON_Delete(list);
    return fine;
}

/* The ACL entry that counts for this call. False: there is an error, and no answer. */
static bool acl_entry(struct board *b, const char *method, const char *type, char *entry, size_t size)
{
    const char *acl = sim_config_text(b->config, "rpc.acl"),
               *file = sim_config_text(b->config, "rpc.acl_file");
    if (*acl != '\0' && *file != '\0') {
        board_log(b, LOG_ERROR, "mgos_rpc.c:202", "Both acl and acl_file are set!");
        return false;
    }
    if (*acl == '@')
        file = acl + 1;
    else if (*file == '\0' && *acl != '[') {
        snprintf(entry, size, "%s", *acl ? acl : "*"); /* no ACL: everything is allowed */
        return true;
    }
    struct buf text = BUF_INIT;
    bool fine = true;
    if (*file != '\0')
        fine = read_device_file(b, file, &text);
    else
        buf_add_text(&text, acl);
    fine = fine && find_entry(buf_text(&text), text.len, method, type, entry, size);
    buf_free(&text);
    return fine;
}

/* --- who is it ------------------------------------------------------------------------------------------ */

/* True when the answer's response is the one that its user's HA1 gives. */
static bool is_genuine(struct board *b, const char *scope, const struct sim_digest_answer *a,
                       const char *method, const char *uri)
{
    struct buf file = {.secret = true};
    char ha1[SIM_DIGEST_SIZE], wanted[SIM_DIGEST_SIZE];
    bool known = read_device_file(b, setting(b, scope, "auth_file"), &file) &&
                 sim_digest_find(buf_text(&file), a->user, a->realm, ha1);
    buf_free(&file);
    if (!known)
        return false;
    sim_digest_response(algo_of(b, scope), ha1, a, method, uri, wanted);
    secret_wipe(ha1, sizeof ha1);
    return strlen(wanted) == strlen(a->response) && secret_equal(wanted, a->response, strlen(wanted));
}

/* A number or a string, as text. False: it is missing. */
static bool field(const cJSON *auth, const char *name, char *to, size_t size)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(auth, name);
    if (cJSON_IsNumber(value))
        snprintf(to, size, "%.0f", value->valuedouble);
    else if (cJSON_IsString(value))
        snprintf(to, size, "%s", value->valuestring);
    return cJSON_IsNumber(value) || cJSON_IsString(value);
}

/* The user that an in-band auth object proves; "" for none. False: it makes no sense. */
static bool user_of_frame(struct board *b, const cJSON *auth, char *user, size_t size)
{
    struct sim_digest_answer a = {.nc = "1", .qop = "auth"};
    *user = '\0';
    if (auth == NULL)
        return true;
    const char *algorithm = sim_args_text(auth, "algorithm");
    uint64_t nonce;
    if (!field(auth, "realm", a.realm, sizeof a.realm) || !field(auth, "username", a.user, sizeof a.user) ||
        !field(auth, "nonce", a.nonce, sizeof a.nonce) || !field(auth, "cnonce", a.cnonce, sizeof a.cnonce) ||
        !field(auth, "response", a.response, sizeof a.response) ||
        text_number(a.nonce, UINT32_MAX, &nonce) < 0 ||
        strcmp(a.realm, setting(b, "rpc", "auth_domain")) != 0 ||
        strcmp(algorithm ? algorithm : "MD5", sim_digest_name(algo_of(b, "rpc"))) != 0)
        return false;
    if (sim_digest_fresh(nonce, clock_unix()) && is_genuine(b, "rpc", &a, "dummy_method", "dummy_uri"))
        snprintf(user, size, "%s", a.user);
    return true;
}

enum sim_auth_result sim_auth_check(struct board *b, const struct sim_channel *channel, const char *method,
                                    const cJSON *auth, struct sim_auth_found *found)
{
    const char *entry = found->entry;
    char *user = found->user;
    *found = (struct sim_auth_found){0};
    if (!acl_entry(b, method, channel->type, found->entry, sizeof found->entry))
        return SIM_AUTH_ERROR;
    if (strcmp(entry, "*") == 0 || strcmp(entry, "+*") == 0)
        return SIM_AUTH_ALLOWED;
    if (*entry == '\0' || strcmp(entry, "-*") == 0)
        return SIM_AUTH_DENIED;
    bool enabled = *setting(b, "rpc", "auth_domain") && *setting(b, "rpc", "auth_file");
    if (enabled && !user_of_frame(b, auth, user, sizeof found->user))
        return SIM_AUTH_BAD;
    if (*user == '\0')
        snprintf(user, sizeof found->user, "%s", channel->user);
    if (*user == '\0')
        return SIM_AUTH_REQUIRED;
    return acl_list_allows(entry, user) ? SIM_AUTH_ALLOWED : SIM_AUTH_DENIED;
}

void sim_auth_challenge(const struct board *b, char *to, size_t size)
{
    struct buf realm = BUF_INIT;
    cJSON *text = cJSON_CreateString(setting(b, "rpc", "auth_domain"));
    frame_json(&realm, text);
    snprintf(to, size,
             "{\"auth_type\": \"digest\", \"nonce\": %lld, \"nc\": 1, \"realm\": %s, \"algorithm\": \"%s\"}",
             (long long)clock_unix(), buf_text(&realm), sim_digest_name(algo_of(b, "rpc")));
    cJSON_Delete(text);
    buf_free(&realm);
}

/* --- over HTTP ------------------------------------------------------------------------------------------ */

bool sim_auth_http(struct board *b, const struct sim_request *r, const char *scope, char *user, size_t size)
{
    struct sim_digest_answer a;
    char *end;
    *user = '\0';
    if (!*setting(b, scope, "auth_file") || !sim_digest_header(sim_request_header(r, "Authorization"), &a) ||
        strcmp(a.realm, setting(b, scope, "auth_domain")) != 0)
        return false;
    uint64_t nonce = strtoull(a.nonce, &end, 16);
    char *method = mem_printf("%.*s", (int)r->method.len, r->method.at);
    char *uri = mem_printf("%.*s", (int)r->target.len, r->target.at);
    bool fine =
        *end == '\0' && sim_digest_fresh(nonce, clock_unix()) && is_genuine(b, scope, &a, method, uri);
    free(method);
    free(uri);
    if (fine)
        snprintf(user, size, "%s", a.user);
    return fine;
}

void sim_auth_http_challenge(const struct board *b, const char *scope, struct buf *header)
{
    buf_printf(header,
               "WWW-Authenticate: Digest qop=\"auth\", realm=\"%s\", nonce=\"%llx\", algorithm=%s\r\n",
               setting(b, scope, "auth_domain"), (long long unsigned)clock_unix(),
               sim_digest_name(algo_of(b, scope)));
}
