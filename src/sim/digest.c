/* Digest authentication: see digest.h. */
#include "sim/digest.h"
#include "base/buf.h"
#include "base/text.h"

#include <ctype.h>
#include <mbedtls/md.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    mbedtls_md_type_t type;
    size_t size;
} algos[] = {
    [SIM_DIGEST_MD5] = {"MD5",     MBEDTLS_MD_MD5,    16},
      [SIM_DIGEST_SHA256] = {"SHA-256", MBEDTLS_MD_SHA256, 32}
};

const char *sim_digest_name(enum sim_digest_algo algo)
{
    return algos[algo].name;
}

static void hash(enum sim_digest_algo algo, const struct buf *text, char hex[SIM_DIGEST_SIZE])
{
    uint8_t sum[32];
    mbedtls_md(mbedtls_md_info_from_type(algos[algo].type), text->data, text->len, sum);
    text_hex(sum, algos[algo].size, hex);
}

bool sim_digest_find(const char *file, const char *user, const char *realm, char ha1[SIM_DIGEST_SIZE])
{
    size_t nu = strlen(user), nr = strlen(realm);
    for (const char *line = file; *line != '\0';) {
        size_t n = strcspn(line, "\r\n");
        if (n > nu + nr + 2 && n - nu - nr - 2 < SIM_DIGEST_SIZE && memcmp(line, user, nu) == 0 &&
            line[nu] == ':' && memcmp(line + nu + 1, realm, nr) == 0 && line[nu + 1 + nr] == ':') {
            snprintf(ha1, SIM_DIGEST_SIZE, "%.*s", (int)(n - nu - nr - 2), line + nu + nr + 2);
            return true;
        }
        line += n;
        line += strspn(line, "\r\n");
    }
    return false;
}

void sim_digest_response(enum sim_digest_algo algo, const char *ha1, const struct sim_digest_answer *a,
                         const char *method, const char *uri, char response[SIM_DIGEST_SIZE])
{
    char ha2[SIM_DIGEST_SIZE];
    struct buf text = BUF_INIT;
    buf_printf(&text, "%s:%s", method, uri);
    hash(algo, &text, ha2);
    buf_clear(&text);
    buf_printf(&text, "%s:%s:%s:%s:%s:%s", ha1, a->nonce, a->nc, a->cnonce, a->qop, ha2);
    hash(algo, &text, response);
    buf_free(&text);
}

static const struct {
    const char *name;
    size_t at, size;
} fields[] = {
#define FIELD(header, member)                                                                                \
    {                                                                                                        \
        header, offsetof(struct sim_digest_answer, member), sizeof(((struct sim_digest_answer *)0)->member)  \
    }
    FIELD("username", user), FIELD("realm", realm), FIELD("nonce", nonce),       FIELD("nc", nc),
    FIELD("cnonce", cnonce), FIELD("qop", qop),     FIELD("response", response),
#undef FIELD
};

/* Stores one name=value; names that mean nothing here are fine. */
static bool store(struct sim_digest_answer *a, struct sim_span name, struct sim_span value)
{
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (strlen(fields[i].name) != name.len || strncasecmp(fields[i].name, name.at, name.len) != 0)
            continue;
        if (value.len >= fields[i].size)
            return false;
        snprintf((char *)a + fields[i].at, fields[i].size, "%.*s", (int)value.len, value.at);
    }
    return true;
}

bool sim_digest_header(struct sim_span header, struct sim_digest_answer *a)
{
    static const char scheme[] = "Digest ";
    *a = (struct sim_digest_answer){0};
    if (header.at == NULL || header.len < sizeof scheme ||
        strncasecmp(header.at, scheme, sizeof scheme - 1) != 0)
        return false;
    const char *p = header.at + sizeof scheme - 1, *end = header.at + header.len;
    while (p < end) {
        while (p < end && (isspace((unsigned char)*p) || *p == ','))
            p++;
        const char *equals = memchr(p, '=', (size_t)(end - p));
        if (equals == NULL)
            return p == end;
        struct sim_span name = {p, (size_t)(equals - p)}, value;
        bool quoted = equals + 1 < end && equals[1] == '"';
        value.at = equals + 1 + quoted;
        const char *stop = memchr(value.at, quoted ? '"' : ',', (size_t)(end - value.at));
        if (stop == NULL)
            stop = end;
        value.len = (size_t)(stop - value.at);
        if (!store(a, name, value))
            return false;
        p = stop + (stop < end);
    }
    return true;
}

bool sim_digest_fresh(uint64_t nonce, int64_t now)
{
    enum { NONCE_SECONDS = 3600 };
    return now >= 0 && nonce <= (uint64_t)now && (uint64_t)now - nonce < NONCE_SECONDS;
}
