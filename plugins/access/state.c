/* Who may do what, as a device has it. */
#include "access.h"

#include "base/file.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* --- reading -------------------------------------------------------------------------------------------- */

/* A file that the configuration names. *why tells what is wrong with it. */
static int read_named(struct op_call *call, const char *key, const char *name, struct buf *text,
                      struct error *why, struct error *e)
{
    char safe[96];
    bool found = false;
    int code = access_file_get(call, name, text, &found, why);
    text_safe(name, safe, sizeof safe);
    if (code == ERR_CONNECTION || code == ERR_INTERRUPTED) {
        if (e != NULL)
            *e = *why;
        return code;
    }
    if (code != 0)
        error_prefix(why, "%s (%s) could not be read", safe, key);
    else if (!found)
        error_set(why, ERR_REFUSED, "%s, which %s names, is not on the device", safe, key);
    return 0;
}

static int read_users(struct op_call *call, struct access_rules *rules, struct error *e)
{
    struct buf text = {.secret = true};
    int code = 0;
    if (*rules->auth_file != '\0')
        code = read_named(call, "rpc.auth_file", rules->auth_file, &text, &rules->users_why, e);
    if (code == 0 && rules->users_why.code == 0)
        htdigest_parse(buf_text(&text), text.len, &rules->users);
    buf_free(&text);
    return code;
}

static int read_acl_file(struct op_call *call, const char *key, const char *name, struct access_rules *rules,
                         struct error *e)
{
    struct buf text = BUF_INIT;
    char safe[96];
    rules->acl_source = mem_string(text_safe(name, safe, sizeof safe));
    int code = read_named(call, key, name, &text, &rules->acl_why, e);
    if (code == 0 && rules->acl_why.code == 0 &&
        acl_parse(buf_text(&text), text.len, &rules->acl, &rules->acl_why) != 0)
        error_prefix(&rules->acl_why, "%s on the device", rules->acl_source);
    buf_free(&text);
    return code;
}

/* rpc.acl holds "@file", JSON, or a plain list; rpc.acl_file a file; both are an error to a device. */
static int read_acl(struct op_call *call, const cJSON *config, struct access_rules *rules, struct error *e)
{
    const char *acl = access_config_text(config, "rpc.acl"),
               *file = access_config_text(config, "rpc.acl_file");
    if (*acl != '\0' && *file != '\0') {
        rules->acl_source = mem_string("rpc.acl and rpc.acl_file");
        error_set(&rules->acl_why, ERR_REFUSED,
                  "rpc.acl and rpc.acl_file are both set, which devices refuse");
        return 0;
    }
    if (*file != '\0' || *acl == '@')
        return read_acl_file(call, *file ? "rpc.acl_file" : "rpc.acl", *file ? file : acl + 1, rules, e);
    if (*acl == '\0')
        return 0;
    rules->acl_source = mem_string("rpc.acl");
    if (*acl == '[')
        acl_parse(acl, strlen(acl), &rules->acl, &rules->acl_why);
    else
        acl_from_list(acl, &rules->acl, &rules->acl_why);
    if (rules->acl_why.code != 0)
        error_prefix(&rules->acl_why, "rpc.acl");
    return 0;
}

int access_rules_read(struct op_call *call, const cJSON *config, struct access_rules *rules, struct error *e)
{
    *rules = (struct access_rules){0};
    const cJSON *algo = access_config_find(config, "rpc.auth_algo");
    rules->realm = mem_string(access_config_text(config, "rpc.auth_domain"));
    rules->auth_file = mem_string(access_config_text(config, "rpc.auth_file"));
    rules->algorithm = cJSON_IsNumber(algo) && algo->valuedouble == 1 ? DIGEST_SHA256 : DIGEST_MD5;
    int code = read_users(call, rules, e);
    if (code == 0)
        code = read_acl(call, config, rules, e);
    return code;
}

void access_rules_free(struct access_rules *rules)
{
    free(rules->realm);
    free(rules->auth_file);
    free(rules->acl_source);
    acl_free(&rules->acl);
    htdigest_free(&rules->users);
    *rules = (struct access_rules){0};
}

int access_acl_load(const char *path, struct acl *acl, struct buf *text, struct error *e)
{
    int code = file_read(path, ACL_FILE_MAX, text, e);
    if (code == 0 && (code = acl_parse(buf_text(text), text->len, acl, e)) != 0) {
        error_prefix(e, "%s", path);
        error_next(e, "Mend the file there; acl show %s reads it again.", path);
    }
    return code;
}

/* --- what follows --------------------------------------------------------------------------------------- */

bool access_rules_have_users(const struct access_rules *rules)
{
    return *rules->realm != '\0' && *rules->auth_file != '\0' && rules->users_why.code == 0;
}

enum acl_verdict access_decide(const struct access_rules *rules, const char *method, const char *user,
                               const char *type, size_t *entry)
{
    if (entry != NULL)
        *entry = ACL_NONE;
    return rules->acl_source == NULL ? ACL_ALLOWED : acl_decide(&rules->acl, method, user, type, entry);
}

void access_entry_words(const struct access_rules *rules, size_t entry, struct buf *to)
{
    char safe[3][ACL_TEXT_MAX * 4 + 1];
    if (rules->acl_source == NULL) {
        buf_add_text(to, "there are no access rules: everybody may call everything");
        return;
    }
    if (entry >= rules->acl.count) {
        buf_printf(to, "no entry of %s fits, and then a device refuses", rules->acl_source);
        return;
    }
    const struct acl_entry *one = &rules->acl.entries[entry];
    buf_printf(to, "entry %zu of %s (line %zu): method %s, %s%s, \"%s\"", entry + 1, rules->acl_source,
               one->line, one->method != NULL ? text_safe(one->method, safe[0], sizeof safe[0]) : "any",
               one->ch_type != NULL ? "channel " : "any channel",
               one->ch_type != NULL ? text_safe(one->ch_type, safe[1], sizeof safe[1]) : "",
               text_safe(one->list, safe[2], sizeof safe[2]));
}

size_t access_users(const struct access_rules *rules, const char ***names)
{
    size_t count = 0;
    *names = mem_alloc((rules->users.count + 1) * sizeof **names);
    for (size_t i = 0; i < rules->users.count; i++) {
        const struct htdigest_line *line = &rules->users.lines[i];
        if (line->user != NULL && htdigest_find(&rules->users, line->user, rules->realm) == line)
            (*names)[count++] = line->user;
    }
    return count;
}
