/* Logging in: see login.h. */
#include "rpc/login.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* Five minutes less than the device's hour: a call may wait, and clocks differ. */
enum { KEEP_MS = (DIGEST_NONCE_S - 300) * 1000 };

/* {"realm":"","nonce":N,"username":"","cnonce":N,"algorithm":"SHA-256","response":"…"} with ,"auth": around
 * it and the longest numbers; a realm that is not known yet is taken to be as long as most are. */
enum { AUTH_BYTES = 200, LIKELY_REALM_BYTES = 64 };

int rpc_login_set(struct rpc_login *login, const char *creds, struct error *e)
{
    const char *colon = creds == NULL ? NULL : strchr(creds, ':');
    if (creds != NULL && (colon == NULL || colon == creds)) {
        error_set(e, ERR_USAGE, "The credentials are not of the form user:password: %s.",
                  colon == NULL ? "there is no colon in them" : "the user is empty");
        return error_next(e, "Give --rpc-creds user:password, or @file with that in its first line.");
    }
    rpc_login_clear(login);
    if (creds == NULL)
        return 0;
    login->user = mem_printf("%.*s", (int)(colon - creds), creds);
    secret_set(&login->password, colon + 1, strlen(colon + 1));
    return 0;
}

void rpc_login_forget(struct rpc_login *login)
{
    login->ready = false;
    secret_wipe(login->ha1, sizeof login->ha1);
}

void rpc_login_clear(struct rpc_login *login)
{
    rpc_login_forget(login);
    secret_free(&login->password);
    free(login->user);
    *login = (struct rpc_login){0};
}

int rpc_login_challenge(struct rpc_login *login, const char *message, struct error *e)
{
    struct digest_challenge challenge;
    int code = digest_challenge_parse(message, &challenge, e);
    if (code != 0)
        return code;
    login->challenge = challenge;
    login->taken_ms = clock_ms();
    login->ready = true;
    digest_ha1(challenge.algorithm, login->user, challenge.realm, login->password.data, login->password.len,
               login->ha1);
    return 0;
}

bool rpc_login_is_ready(const struct rpc_login *login)
{
    return login->user != NULL && login->ready && clock_ms() - login->taken_ms < KEEP_MS;
}

cJSON *rpc_login_auth(const struct rpc_login *login)
{
    uint32_t cnonce;
    secret_random(&cnonce, sizeof cnonce);
    return digest_frame_auth(&login->challenge, login->user, login->ha1, cnonce);
}

size_t rpc_login_bytes(const struct rpc_login *login)
{
    if (login->user == NULL)
        return 0;
    size_t known = strlen(login->challenge.realm) + strlen(login->challenge.opaque);
    return AUTH_BYTES + strlen(login->user) + (login->ready ? known : LIKELY_REALM_BYTES);
}

/* --- words ---------------------------------------------------------------------------------------------- */

static int told(struct error *e, int remote)
{
    if (e != NULL)
        e->remote = remote;
    return ERR_REFUSED;
}

int rpc_explain_login_wanted(const char *method, const char *message, struct error *e)
{
    struct digest_challenge challenge;
    struct error why = {0};
    char realm[128];
    if (digest_challenge_parse(message, &challenge, &why) == 0)
        error_set(e, ERR_REFUSED, "%s was refused: this device asks for a user and password (realm \"%s\").",
                  method, text_safe(challenge.realm, realm, sizeof realm));
    else
        error_set(e, ERR_REFUSED, "%s was refused: this device asks for a user and password, but %s.", method,
                  why.message);
    error_next(e, "Give them with --rpc-creds user:password or --rpc-creds @file.");
    return told(e, 401);
}

int rpc_explain_login_broken(const char *method, const struct error *why, struct error *e)
{
    error_set(e, ERR_REFUSED, "%s was refused, and the device's login cannot be answered: %s.", method,
              why->message);
    error_next(e, "Look at rpc.auth_domain and rpc.auth_algo on the device, over a channel that its access "
                  "rules leave open.");
    return told(e, 401);
}

/* A nonce is the device's clock in seconds. */
static bool is_expired(uint64_t used, const char *message, uint64_t *now)
{
    struct digest_challenge fresh;
    if (digest_challenge_parse(message, &fresh, NULL) != 0)
        return false;
    *now = fresh.nonce;
    return fresh.nonce < used || fresh.nonce - used >= DIGEST_NONCE_S;
}

int rpc_explain_login_refused(const char *method, const struct rpc_login *login, const char *message,
                              struct error *e)
{
    char user[128], realm[128];
    uint64_t used = login->challenge.nonce, now = 0;
    text_safe(login->user, user, sizeof user);
    text_safe(login->challenge.realm, realm, sizeof realm);
    if (is_expired(used, message, &now)) {
        error_set(e, ERR_REFUSED,
                  "%s was refused: the login of %s came with an expired nonce: the device gave %llu and says "
                  "%llu a moment later, so its clock jumped.",
                  method, user, (unsigned long long)used, (unsigned long long)now);
        error_next(e, "Try again; a board that sets its clock while it starts needs a moment.");
    } else {
        error_set(e, ERR_REFUSED, "%s was refused: wrong user or password for realm \"%s\" (user %s).",
                  method, realm, user);
        error_next(e, "Check --rpc-creds, and that the device's rpc.auth_file has this user for this realm.");
    }
    return told(e, 401);
}

int rpc_explain_login_malformed(const char *method, const struct rpc_login *login, struct error *e)
{
    char realm[128];
    error_set(e, ERR_REFUSED,
              "%s was refused: the device did not take realm \"%s\" with %s, though it asked for them just "
              "now (bad request, error 400).",
              method, text_safe(login->challenge.realm, realm, sizeof realm),
              digest_name(login->challenge.algorithm));
    error_next(e, "Its rpc.auth_domain or rpc.auth_algo may have been changed this moment: try again.");
    return told(e, 400);
}

int rpc_explain_login_denied(const char *method, const struct rpc_login *login, struct error *e)
{
    char user[128];
    error_set(e, ERR_REFUSED,
              "%s was refused: the device's access rules (ACL) do not allow it to user %s on this channel "
              "(unauthorized, error 403).",
              method, text_safe(login->user, user, sizeof user));
    error_next(e, "Log in as a user that the rules allow; access-status shows them.");
    return told(e, 403);
}
