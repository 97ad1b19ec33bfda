/* Digest authentication: the HTTP headers. See digest.h. Source: RFC 7616 sections 3.3 and 3.4. */
#include "base/secret.h"
#include "base/text.h"
#include "codec/digest.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Parameters that are kept, and where. */
static const struct {
    const char *name;
    size_t offset, size;
} fields[] = {
#define FIELD(member)                                                                                        \
    {                                                                                                        \
#member, offsetof(struct digest_http, member), sizeof((struct digest_http *)0)->member               \
    }
    FIELD(realm), FIELD(nonce),  FIELD(opaque), FIELD(qop),      FIELD(username),
    FIELD(uri),   FIELD(cnonce), FIELD(nc),     FIELD(response),
#undef FIELD
};

/* One name=value; *at moves behind it and the comma that follows. */
struct parameter {
    char name[32], value[DIGEST_NAME_BYTES];
};

static const char *skip_space(const char *at)
{
    while (*at == ' ' || *at == '\t')
        at++;
    return at;
}

/* Behind the closing quote, or NULL: it does not end, or is too long. \x stands for x. */
static const char *take_quoted(const char *at, char *to, size_t size)
{
    size_t n = 0;
    for (at++; *at != '"'; at++) {
        if (*at == '\\' && at[1] != '\0')
            at++;
        if (*at == '\0' || n + 1 >= size)
            return NULL;
        to[n++] = *at;
    }
    to[n] = '\0';
    return at + 1;
}

static const char *take_word(const char *at, const char *stops, char *to, size_t size)
{
    size_t n = strcspn(at, stops);
    if (n >= size)
        return NULL;
    memcpy(to, at, n);
    to[n] = '\0';
    return at + n;
}

static const char *take_parameter(const char *at, struct parameter *p)
{
    at = take_word(at, "= \t,\"", p->name, sizeof p->name);
    if (at == NULL || p->name[0] == '\0')
        return NULL;
    at = skip_space(at);
    if (*at != '=')
        return NULL;
    at = skip_space(at + 1);
    at = *at == '"' ? take_quoted(at, p->value, sizeof p->value)
                    : take_word(at, " \t,\"", p->value, sizeof p->value);
    if (at == NULL)
        return NULL;
    at = skip_space(at);
    if (*at != ',' && *at != '\0')
        return NULL;
    while (*at == ',' || *at == ' ' || *at == '\t')
        at++;
    return at;
}

static int keep(struct digest_http *http, const struct parameter *p, struct error *e)
{
    char safe[96];
    if (strcasecmp(p->name, "algorithm") == 0 && !digest_find(p->value, &http->algorithm))
        return error_set(e, ERR_REFUSED,
                         "it asks for the hash algorithm \"%s\", and MD5 and SHA-256 are known here",
                         text_safe(p->value, safe, sizeof safe));
    if (strcasecmp(p->name, "stale") == 0)
        http->stale = strcasecmp(p->value, "true") == 0;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (strcasecmp(fields[i].name, p->name) != 0)
            continue;
        char *to = (char *)http + fields[i].offset;
        if (*to != '\0')
            return error_set(e, ERR_REFUSED, "its digest header gives %s twice", fields[i].name);
        if (strlen(p->value) >= fields[i].size)
            return error_set(e, ERR_REFUSED, "the %s in its digest header is too long", fields[i].name);
        strcpy(to, p->value);
    }
    return 0;
}

static int take_all(const char *at, struct digest_http *http, struct error *e)
{
    struct parameter p = {0};
    int code = 0;
    at = skip_space(at);
    while (code == 0 && *at != '\0') {
        at = take_parameter(at, &p);
        if (at == NULL)
            return error_set(e, ERR_REFUSED, "its digest header is not name=value, name=value …");
        code = keep(http, &p, e);
    }
    if (code == 0 && (http->realm[0] == '\0' || http->nonce[0] == '\0'))
        code = error_set(e, ERR_REFUSED, "its digest header names no realm or no nonce");
    return code;
}

int digest_http_parse(const char *value, struct digest_http *http, struct error *e)
{
    static const char scheme[] = "Digest";
    size_t n = sizeof scheme - 1;
    *http = (struct digest_http){0};
    value = skip_space(value);
    if (strncasecmp(value, scheme, n) != 0 || (value[n] != ' ' && value[n] != '\t'))
        return error_set(e, ERR_REFUSED, "it asks for a login of another kind than digest");
    int code = take_all(value + n, http, e);
    if (code != 0)
        *http = (struct digest_http){0};
    return code;
}

bool digest_http_offers_auth(const struct digest_http *challenge)
{
    char list[DIGEST_NAME_BYTES], *rest = NULL;
    strcpy(list, challenge->qop);
    if (list[0] == '\0')
        return true;
    for (char *one = strtok_r(list, ", \t", &rest); one != NULL; one = strtok_r(NULL, ", \t", &rest))
        if (strcasecmp(one, "auth") == 0)
            return true;
    return false;
}

static void add_quoted(struct buf *to, const char *name, const char *value)
{
    buf_printf(to, "%s=\"", name);
    for (; *value != '\0'; value++) {
        if (*value == '"' || *value == '\\')
            buf_add_byte(to, '\\');
        if (!iscntrl((unsigned char)*value)) /* a header is one line */
            buf_add_byte(to, (uint8_t)*value);
    }
    buf_add_byte(to, '"');
}

void digest_http_authorization(const struct digest_http *challenge, const struct digest_request *r,
                               struct buf *to)
{
    char nc[16], cnonce[16], response[DIGEST_HEX];
    snprintf(nc, sizeof nc, "%08lx", (unsigned long)r->nc);
    snprintf(cnonce, sizeof cnonce, "%08lx", (unsigned long)r->cnonce);
    struct digest_terms terms = {.algorithm = challenge->algorithm,
                                 .nonce = challenge->nonce,
                                 .nc = nc,
                                 .cnonce = cnonce,
                                 .qop = "auth",
                                 .method = r->method,
                                 .uri = r->uri};
    digest_response(&terms, r->ha1, response);
    buf_add_text(to, "Digest ");
    add_quoted(to, "username", r->user);
    add_quoted(to, ", realm", challenge->realm);
    add_quoted(to, ", nonce", challenge->nonce);
    add_quoted(to, ", uri", r->uri);
    buf_printf(to, ", algorithm=%s, qop=auth, nc=%s", digest_name(challenge->algorithm), nc);
    add_quoted(to, ", cnonce", cnonce);
    add_quoted(to, ", response", response);
    if (challenge->opaque[0])
        add_quoted(to, ", opaque", challenge->opaque);
}

bool digest_http_check(const struct digest_http *a, const char *ha1, const char *method)
{
    char right[DIGEST_HEX];
    struct digest_terms terms = {.algorithm = a->algorithm,
                                 .nonce = a->nonce,
                                 .nc = a->nc,
                                 .cnonce = a->cnonce,
                                 .qop = a->qop,
                                 .method = method,
                                 .uri = a->uri};
    digest_response(&terms, ha1, right);
    bool same = strlen(a->response) == strlen(right) && secret_equal(a->response, right, strlen(right));
    secret_wipe(right, sizeof right);
    return same;
}
