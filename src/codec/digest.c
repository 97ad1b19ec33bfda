/* Digest authentication: hashes and frames. See digest.h. */
#include "codec/digest.h"
#include "base/secret.h"
#include "base/text.h"
#include "codec/frame.h"

#include <math.h>
#include <mbedtls/md.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    mbedtls_md_type_t type;
    size_t hex;
} algorithms[] = {
    [DIGEST_MD5] = {"MD5",     MBEDTLS_MD_MD5,    32},
    [DIGEST_SHA256] = {"SHA-256", MBEDTLS_MD_SHA256, 64},
};
enum { ALGORITHMS = sizeof algorithms / sizeof algorithms[0] };

const char *digest_name(enum digest_algorithm algorithm)
{
    return algorithms[algorithm].name;
}

bool digest_find(const char *name, enum digest_algorithm *algorithm)
{
    if (name == NULL || *name == '\0')
        name = algorithms[DIGEST_MD5].name;
    for (size_t i = 0; i < ALGORITHMS; i++) {
        if (strcasecmp(algorithms[i].name, name) == 0) {
            *algorithm = (enum digest_algorithm)i;
            return true;
        }
    }
    return false;
}

bool digest_of_ha1(const char *ha1, enum digest_algorithm *algorithm)
{
    size_t len = strlen(ha1);
    if (strspn(ha1, "0123456789abcdefABCDEF") != len)
        return false;
    for (size_t i = 0; i < ALGORITHMS; i++) {
        if (algorithms[i].hex == len) {
            *algorithm = (enum digest_algorithm)i;
            return true;
        }
    }
    return false;
}

static void hash(enum digest_algorithm algorithm, struct buf *text, char hex[DIGEST_HEX])
{
    uint8_t sum[MBEDTLS_MD_MAX_SIZE];
    const mbedtls_md_info_t *info = mbedtls_md_info_from_type(algorithms[algorithm].type);
    mbedtls_md(info, (const uint8_t *)buf_text(text), text->len, sum);
    text_hex(sum, algorithms[algorithm].hex / 2, hex);
    secret_wipe(sum, sizeof sum);
    buf_free(text);
}

void digest_ha1(enum digest_algorithm algorithm, const char *user, const char *realm, const void *password,
                size_t len, char ha1[DIGEST_HEX])
{
    struct buf text = {.secret = true};
    buf_printf(&text, "%s:%s:", user, realm);
    buf_add(&text, password, len);
    hash(algorithm, &text, ha1);
}

void digest_response(const struct digest_terms *t, const char *ha1, char response[DIGEST_HEX])
{
    struct buf text = {.secret = true};
    char ha2[DIGEST_HEX];
    buf_printf(&text, "%s:%s", t->method, t->uri);
    hash(t->algorithm, &text, ha2);
    buf_printf(&text, "%s:%s:%s:%s:%s:%s", ha1, t->nonce, t->nc, t->cnonce, t->qop, ha2);
    hash(t->algorithm, &text, response);
}

/* --- frames --------------------------------------------------------------------------------------------- */

/* A string member into an array; false when it is no string or does not fit. Absent gives "". */
static bool take_text(const cJSON *object, const char *name, char to[DIGEST_NAME_BYTES])
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    to[0] = '\0';
    if (item == NULL || cJSON_IsNull(item))
        return true;
    if (!cJSON_IsString(item) || strlen(item->valuestring) >= DIGEST_NAME_BYTES)
        return false;
    strcpy(to, item->valuestring);
    return true;
}

static bool take_nonce(const cJSON *object, uint64_t *nonce)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, "nonce");
    double most = 9007199254740992.0; /* 2^53: larger ones are not exact */
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0) || item->valuedouble >= most ||
        floor(item->valuedouble) != item->valuedouble)
        return false;
    *nonce = (uint64_t)item->valuedouble;
    return true;
}

static int take_challenge(const cJSON *json, struct digest_challenge *challenge, struct error *e)
{
    char type[DIGEST_NAME_BYTES], name[DIGEST_NAME_BYTES], safe[128];
    if (!cJSON_IsObject(json))
        return error_set(e, ERR_REFUSED, "its challenge is no JSON object");
    if (!take_text(json, "auth_type", type) || (type[0] && strcasecmp(type, "digest") != 0))
        return error_set(e, ERR_REFUSED, "it asks for a login of another kind than digest (\"%s\")",
                         text_safe(type, safe, sizeof safe));
    if (!take_text(json, "realm", challenge->realm) || challenge->realm[0] == '\0')
        return error_set(e, ERR_REFUSED, "its challenge names no usable realm");
    if (!take_nonce(json, &challenge->nonce))
        return error_set(e, ERR_REFUSED, "its challenge has no whole number as nonce");
    if (!take_text(json, "algorithm", name) || !digest_find(name, &challenge->algorithm))
        return error_set(e, ERR_REFUSED,
                         "it asks for the hash algorithm \"%s\", and MD5 and SHA-256 are known here",
                         text_safe(name, safe, sizeof safe));
    if (!take_text(json, "opaque", challenge->opaque))
        return error_set(e, ERR_REFUSED, "its challenge's \"opaque\" is no text of at most %d bytes",
                         DIGEST_NAME_BYTES - 1);
    return 0;
}

int digest_challenge_parse(const char *message, struct digest_challenge *challenge, struct error *e)
{
    *challenge = (struct digest_challenge){0};
    struct error why = {0};
    const char *text = message == NULL ? "" : message;
    cJSON *json = frame_json_parse(text, strlen(text), &why);
    int code = json == NULL ? error_set(e, ERR_REFUSED, "its challenge is no JSON")
                            : take_challenge(json, challenge, e);
    cJSON_Delete(json);
    if (code != 0)
        *challenge = (struct digest_challenge){0};
    return code;
}

void digest_challenge_text(const struct digest_challenge *challenge, struct buf *to)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "auth_type", "digest");
    cJSON_AddNumberToObject(json, "nonce", (double)challenge->nonce);
    cJSON_AddNumberToObject(json, "nc", 1);
    cJSON_AddStringToObject(json, "realm", challenge->realm);
    cJSON_AddStringToObject(json, "algorithm", digest_name(challenge->algorithm));
    if (challenge->opaque[0])
        cJSON_AddStringToObject(json, "opaque", challenge->opaque);
    frame_json(to, json);
    cJSON_Delete(json);
}

void digest_frame_response(const struct digest_challenge *challenge, const char *ha1, uint32_t cnonce,
                           char response[DIGEST_HEX])
{
    char nonce[24], client[16];
    snprintf(nonce, sizeof nonce, "%llu", (unsigned long long)challenge->nonce);
    snprintf(client, sizeof client, "%lu", (unsigned long)cnonce);
    struct digest_terms terms = {.algorithm = challenge->algorithm,
                                 .nonce = nonce,
                                 .nc = "1",
                                 .cnonce = client,
                                 .qop = "auth",
                                 .method = "dummy_method",
                                 .uri = "dummy_uri"};
    digest_response(&terms, ha1, response);
}

cJSON *digest_frame_auth(const struct digest_challenge *challenge, const char *user, const char *ha1,
                         uint32_t cnonce)
{
    char response[DIGEST_HEX];
    digest_frame_response(challenge, ha1, cnonce, response);
    cJSON *auth = cJSON_CreateObject();
    cJSON_AddStringToObject(auth, "realm", challenge->realm);
    cJSON_AddNumberToObject(auth, "nonce", (double)challenge->nonce);
    cJSON_AddStringToObject(auth, "username", user);
    cJSON_AddNumberToObject(auth, "cnonce", cnonce);
    cJSON_AddStringToObject(auth, "algorithm", digest_name(challenge->algorithm));
    cJSON_AddStringToObject(auth, "response", response);
    if (challenge->opaque[0])
        cJSON_AddStringToObject(auth, "opaque", challenge->opaque);
    return auth;
}
