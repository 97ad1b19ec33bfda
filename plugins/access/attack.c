/* The device's access rules, tried out: every method that can be called without harm, as nobody and as each
 * user, and logins that are false in every way. The table shows what happened, not what should. */
#include "access.h"

#include "base/secret.h"
#include "base/text.h"
#include "rpc/client.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { USERS_MOST = 8, WAIT_MS = 3000 };

/* Calls without consequences: what reads, and what is refused for its arguments before it does anything.
 * `denied_only`: never sent to a device whose rules let it through, whatever its arguments. */
static const struct harmless {
    const char *method, *args;
    bool denied_only;
} harmless[] = {
    {"RPC.List",       NULL,                            false},
    {"RPC.Ping",       NULL,                            false},
    {"RPC.Describe",   NULL,                            false},
    {"Sys.GetInfo",    NULL,                            false},
    {"Sys.Reboot",     "{\"delay_ms\":-1}",             true },
    {"Sys.SetDebug",   NULL,                            true },
    {"Config.Get",     "{\"key\":\"rpc.auth_domain\"}", false},
    {"Config.Set",     "{\"config\":{}}",               false},
    {"Config.Save",    "{\"try_once\":true}",           true },
    {"FS.List",        NULL,                            false},
    {"FS.ListExt",     NULL,                            false},
    {"FS.Get",         NULL,                            false},
    {"FS.Put",         NULL,                            true },
    {"FS.Remove",      NULL,                            true },
    {"FS.Rename",      NULL,                            true },
    {"I2C.Scan",       NULL,                            false},
    {"ATCA.GetConfig", NULL,                            false},
    {"ATCA.GetPubKey", "{\"slot\":99}",                 false},
    {"ATCA.Sign",      "{\"slot\":99}",                 true },
    {"ATCA.AES",       "{\"slot\":99}",                 true },
    {"ATCA.SetConfig", NULL,                            true },
    {"ATCA.LockZone",  "{\"zone\":99}",                 true },
    {"ATCA.SetKey",    "{\"slot\":99}",                 true },
    {"ATCA.GenKey",    "{\"slot\":99}",                 true },
};

struct attack {
    struct op_call *call;
    const struct access_rules *rules;
    const char *type;
    const char **users;
    size_t user_count;
    const cJSON *methods; /* NULL: the device does not say which it has */
    size_t wrong;
    struct digest_challenge challenge; /* a fresh one of the device */
    bool challenged;
};

static const struct harmless *find_harmless(const char *method)
{
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++)
        if (strcmp(harmless[i].method, method) == 0)
            return &harmless[i];
    return NULL;
}

static bool is_there(const struct attack *a, const char *name)
{
    const cJSON *method;
    cJSON_ArrayForEach(method, a->methods)
    {
        if (strcmp(method->valuestring, name) == 0)
            return true;
    }
    return a->methods == NULL;
}

static int send(struct attack *a, const char *method, const cJSON *auth, struct rpc_said *said,
                struct error *e)
{
    const struct harmless *h = find_harmless(method);
    cJSON *args = h != NULL && h->args != NULL ? cJSON_Parse(h->args) : NULL;
    int code = rpc_call_as(device_rpc(op_device(a->call)), method, args, auth, WAIT_MS, said, e);
    cJSON_Delete(args);
    return code;
}

/* --- what an answer means ------------------------------------------------------------------------------- */

enum outcome { LET_THROUGH, ASKED, DENIED, MALFORMED };

static enum outcome outcome_of(const struct rpc_said *said)
{
    if (said->code == 401)
        return ASKED;
    if (said->code == 403 && strcmp(said->message, "unauthorized") == 0)
        return DENIED;
    if (said->code == 400 && strcmp(said->message, "bad request") == 0)
        return MALFORMED;
    return LET_THROUGH;
}

static const char *outcome_word(enum outcome outcome)
{
    static const char *const words[] = {[LET_THROUGH] = "let through",
                                        [ASKED] = "asked to log in",
                                        [DENIED] = "denied",
                                        [MALFORMED] = "refused as malformed"};
    return words[outcome];
}

static enum outcome expected(enum acl_verdict verdict)
{
    static const enum outcome outcomes[] = {
        [ACL_ALLOWED] = LET_THROUGH, [ACL_DENIED] = DENIED, [ACL_LOGIN] = ASKED};
    return outcomes[verdict];
}

/* --- methods by users ----------------------------------------------------------------------------------- */

static cJSON *right_auth(const struct attack *a, const char *user)
{
    const struct htdigest_line *line = htdigest_find(&a->rules->users, user, a->rules->realm);
    uint32_t cnonce;
    secret_random(&cnonce, sizeof cnonce);
    return digest_frame_auth(&a->challenge, user, line->ha1, cnonce);
}

/* One cell: what happened, with a ! when the rules say otherwise. */
static int try_cell(struct attack *a, const char *method, const char *user, char *to, size_t size,
                    struct error *e)
{
    enum acl_verdict verdict = access_decide(a->rules, method, user, a->type, NULL);
    if ((verdict == ACL_ALLOWED && find_harmless(method)->denied_only) || (user != NULL && !a->challenged)) {
        snprintf(to, size, "%s", verdict == ACL_ALLOWED ? "(allowed)" : "(not tried)");
        return 0;
    }
    struct rpc_said said;
    cJSON *auth = user != NULL ? right_auth(a, user) : NULL;
    int code = send(a, method, auth, &said, e);
    cJSON_Delete(auth);
    if (code != 0)
        return code;
    enum outcome outcome = outcome_of(&said);
    bool as_said = outcome == expected(verdict);
    a->wrong += !as_said;
    snprintf(to, size, "%s%s", outcome_word(outcome), as_said ? "" : " !");
    return 0;
}

static int try_method(struct attack *a, const char *method, struct error *e)
{
    char cells_text[USERS_MOST + 1][32];
    const char *cells[USERS_MOST + 2] = {method};
    int code = 0;
    for (size_t i = 0; code == 0 && i <= a->user_count; i++) {
        code = try_cell(a, method, i == 0 ? NULL : a->users[i - 1], cells_text[i], sizeof cells_text[i], e);
        cells[i + 1] = cells_text[i];
    }
    if (code == 0)
        op_table_row(a->call, cells);
    return code;
}

static int try_methods(struct attack *a, struct error *e)
{
    struct op_column columns[USERS_MOST + 2] = {
        {"method", "Method"},
        {"nobody", "nobody"},
    };
    char names[USERS_MOST][64];
    for (size_t i = 0; i < a->user_count; i++)
        columns[i + 2].key = columns[i + 2].title = text_safe(a->users[i], names[i], sizeof names[i]);
    int code = 0;
    op_say(a->call, "\nCalled over %s; (…) was not sent", a->type);
    op_table_begin(a->call, "methods", columns, a->user_count + 2);
    for (size_t i = 0; code == 0 && i < sizeof harmless / sizeof harmless[0]; i++) {
        if (is_there(a, harmless[i].method))
            code = try_method(a, harmless[i].method, e);
    }
    op_table_end(a->call);
    return code;
}

/* --- false logins --------------------------------------------------------------------------------------- */

struct forgery {
    const char *name;
    void (*forge)(struct attack *a, struct digest_challenge *challenge, char user[64], char ha1[DIGEST_HEX]);
    enum outcome want;
    const char *said; /* when it is let through, and that is no surprise */
};

static void forge_password(struct attack *a, struct digest_challenge *challenge, char user[64],
                           char ha1[DIGEST_HEX])
{
    uint8_t noise[16];
    secret_random(noise, sizeof noise);
    digest_ha1(challenge->algorithm, user, a->rules->realm, noise, sizeof noise, ha1);
}

static void forge_user(struct attack *a, struct digest_challenge *challenge, char user[64],
                       char ha1[DIGEST_HEX])
{
    snprintf(user, 64, "nobody-%x", (unsigned)challenge->nonce & 0xFFFF);
    forge_password(a, challenge, user, ha1);
}

static void forge_old_nonce(struct attack *a, struct digest_challenge *challenge, char user[64],
                            char ha1[DIGEST_HEX])
{
    (void)a, (void)user, (void)ha1;
    challenge->nonce = challenge->nonce > 2 * DIGEST_NONCE_S ? challenge->nonce - DIGEST_NONCE_S - 60 : 0;
}

static void forge_future_nonce(struct attack *a, struct digest_challenge *challenge, char user[64],
                               char ha1[DIGEST_HEX])
{
    (void)a, (void)user, (void)ha1;
    challenge->nonce += 60;
}

static void forge_realm(struct attack *a, struct digest_challenge *challenge, char user[64],
                        char ha1[DIGEST_HEX])
{
    (void)a, (void)user, (void)ha1;
    snprintf(challenge->realm, sizeof challenge->realm, "no-such-realm");
}

static void forge_algorithm(struct attack *a, struct digest_challenge *challenge, char user[64],
                            char ha1[DIGEST_HEX])
{
    (void)a, (void)user, (void)ha1;
    challenge->algorithm = challenge->algorithm == DIGEST_MD5 ? DIGEST_SHA256 : DIGEST_MD5;
}

static void forge_nothing(struct attack *a, struct digest_challenge *challenge, char user[64],
                          char ha1[DIGEST_HEX])
{
    (void)a, (void)challenge, (void)user, (void)ha1;
}

static const struct forgery forgeries[] = {
    {"wrong password",           forge_password,     ASKED,       NULL                                                   },
    {"unknown user",             forge_user,         ASKED,       NULL                                                   },
    {"expired nonce",            forge_old_nonce,    ASKED,       NULL                                                   },
    {"nonce of the future",      forge_future_nonce, ASKED,       NULL                                                   },
    {"wrong realm",              forge_realm,        MALFORMED,   NULL                                                   },
    {"wrong algorithm",          forge_algorithm,    MALFORMED,   NULL                                                   },
    {"right login",              forge_nothing,      LET_THROUGH, NULL                                                   },
    {"the same frame once more", NULL,               LET_THROUGH, "a login that is overheard serves for an hour: use TLS"},
};

/* Makes the auth of a forgery; one without a function repeats the one before. */
static cJSON *make_auth(struct attack *a, const struct forgery *f, const char *who, cJSON *before)
{
    struct digest_challenge challenge = a->challenge;
    char user[64], ha1[DIGEST_HEX];
    if (f->forge == NULL)
        return before;
    cJSON_Delete(before);
    snprintf(user, sizeof user, "%s", who);
    snprintf(ha1, sizeof ha1, "%s", htdigest_find(&a->rules->users, who, a->rules->realm)->ha1);
    f->forge(a, &challenge, user, ha1);
    uint32_t cnonce;
    secret_random(&cnonce, sizeof cnonce);
    cJSON *auth = digest_frame_auth(&challenge, user, ha1, cnonce);
    secret_wipe(ha1, sizeof ha1);
    return auth;
}

/* A method whose rule asks who is there, and a user whom it lets through. */
static bool find_target(const struct attack *a, const char **method, const char **user)
{
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++) {
        *method = harmless[i].method;
        if (harmless[i].denied_only || !is_there(a, *method) ||
            access_decide(a->rules, *method, NULL, a->type, NULL) != ACL_LOGIN)
            continue;
        for (size_t u = 0; u < a->user_count; u++) {
            *user = a->users[u];
            if (access_decide(a->rules, *method, *user, a->type, NULL) == ACL_ALLOWED)
                return true;
        }
    }
    return false;
}

static int try_forgery(struct attack *a, const struct forgery *f, const char *method, const cJSON *auth,
                       struct error *e)
{
    struct rpc_said said;
    int code = send(a, method, auth, &said, e);
    if (code != 0)
        return code;
    enum outcome outcome = outcome_of(&said);
    a->wrong += outcome != f->want;
    const char *const cells[] = {f->name, method, outcome_word(outcome),
                                 outcome != f->want ? "! not as it should be"
                                 : f->said != NULL  ? f->said
                                                    : ""};
    op_table_row(a->call, cells);
    return 0;
}

static int try_forgeries(struct attack *a, struct error *e)
{
    static const struct op_column columns[] = {
        {"login",    "Login"   },
        {"method",   "Called"  },
        {"happened", "Happened"},
        {"note",     ""        },
    };
    const char *method, *user;
    cJSON *auth = NULL;
    int code = 0;
    if (!a->challenged || !find_target(a, &method, &user))
        return 0;
    op_say(a->call, "%s", "");
    op_table_begin(a->call, "logins", columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; code == 0 && i < sizeof forgeries / sizeof forgeries[0]; i++) {
        auth = make_auth(a, &forgeries[i], user, auth);
        code = try_forgery(a, &forgeries[i], method, auth, e);
    }
    cJSON_Delete(auth);
    op_table_end(a->call);
    return code;
}

/* --- all of it ------------------------------------------------------------------------------------------ */

/* A nonce to log in with: any method asks for it whose rule does. */
static int get_challenge(struct attack *a, struct error *e)
{
    int code = 0;
    for (size_t i = 0; code == 0 && !a->challenged && i < sizeof harmless / sizeof harmless[0]; i++) {
        struct rpc_said said;
        if (harmless[i].denied_only || !is_there(a, harmless[i].method) ||
            access_decide(a->rules, harmless[i].method, NULL, a->type, NULL) != ACL_LOGIN)
            continue;
        code = send(a, harmless[i].method, NULL, &said, e);
        if (code == 0 && said.code == 401)
            a->challenged = digest_challenge_parse(said.message, &a->challenge, NULL) == 0;
    }
    return code;
}

/* Users whose line a device can use. */
static size_t usable_users(const struct access_rules *rules, const char **users, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count && kept < USERS_MOST; i++)
        if (htdigest_find(&rules->users, users[i], rules->realm)->algorithm == rules->algorithm &&
            strlen(users[i]) < 64)
            users[kept++] = users[i];
    return kept;
}

int access_attack(struct op_call *call, const struct access_rules *rules, size_t *wrong, struct error *e)
{
    struct attack a = {.call = call, .rules = rules, .type = access_own_type(call)};
    struct error ignored = {0};
    if (device_methods(op_device(call), &a.methods, &ignored) != 0)
        a.methods = NULL;
    size_t count = access_users(rules, &a.users);
    if (rules->acl_source != NULL) /* without rules it makes no difference who it is */
        a.user_count = usable_users(rules, a.users, count);
    int code = get_challenge(&a, e);
    if (code == 0)
        code = try_methods(&a, e);
    if (code == 0)
        code = try_forgeries(&a, e);
    free(a.users);
    *wrong = a.wrong;
    op_json(call, "wrong", cJSON_CreateNumber((double)a.wrong));
    return code;
}
