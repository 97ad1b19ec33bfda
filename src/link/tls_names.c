/* Names in certificates: see tls_names.h. */
#include "link/tls_names.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <mbedtls/oid.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* GeneralName's choices (RFC 5280 section 4.2.1.6), as the low bits of the tag. */
enum { GENERAL_DNS = 2, GENERAL_ADDRESS = 7, GENERAL_MASK = 0x1f };

bool tls_names_address(const char *host, uint8_t bytes[16], size_t *len)
{
    char plain[256];
    snprintf(plain, sizeof plain, "%.*s", (int)strcspn(host, "%"), host);
    *len = inet_pton(AF_INET, plain, bytes) == 1 ? 4 : inet_pton(AF_INET6, plain, bytes) == 1 ? 16 : 0;
    return *len > 0;
}

/* A pattern of the certificate against a host name: letters' case does not count, `*` stands for the whole
 * first label only, and the rest must have two labels at least ("*.com" matches nothing). */
static bool match_dns(const char *pattern, size_t len, const char *host)
{
    size_t host_len = strlen(host);
    if (host_len > 0 && host[host_len - 1] == '.')
        host_len--;
    if (memchr(pattern, '\0', len) != NULL)
        return false;
    if (len > 2 && pattern[0] == '*' && pattern[1] == '.') {
        const char *dot = memchr(host, '.', host_len);
        if (dot == NULL || dot == host || memchr(pattern + 2, '.', len - 2) == NULL)
            return false;
        host_len -= (size_t)(dot - host);
        host = dot;
        pattern++;
        len--;
    }
    return len == host_len && len > 0 && strncasecmp(pattern, host, len) == 0;
}

/* Steps through the alternative names that count; NULL behind the last one. */
static const mbedtls_x509_sequence *next_name(const mbedtls_x509_sequence *s)
{
    for (; s != NULL; s = s->next) {
        int kind = s->buf.tag & GENERAL_MASK;
        if (s->buf.p != NULL && (kind == GENERAL_DNS || kind == GENERAL_ADDRESS))
            return s;
    }
    return NULL;
}

static const mbedtls_x509_sequence *first_name(const mbedtls_x509_crt *cert)
{
    return next_name(&cert->subject_alt_names);
}

bool tls_names_has_any(const mbedtls_x509_crt *cert)
{
    return first_name(cert) != NULL;
}

bool tls_names_match(const mbedtls_x509_crt *cert, const char *host)
{
    uint8_t address[16];
    size_t len;
    bool is_address = tls_names_address(host, address, &len);
    for (const mbedtls_x509_sequence *s = first_name(cert); s != NULL; s = next_name(s->next)) {
        const mbedtls_x509_buf *b = &s->buf;
        bool for_address = (b->tag & GENERAL_MASK) == GENERAL_ADDRESS;
        if (for_address != is_address)
            continue;
        if (is_address ? b->len == len && memcmp(b->p, address, len) == 0
                       : match_dns((const char *)b->p, b->len, host))
            return true;
    }
    return false;
}

static const mbedtls_x509_name *find_common(const mbedtls_x509_name *name)
{
    for (; name != NULL; name = name->next)
        if (name->oid.p != NULL && MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &name->oid) == 0)
            return name;
    return NULL;
}

bool tls_names_match_common(const mbedtls_x509_crt *cert, const char *name)
{
    const mbedtls_x509_name *cn = find_common(&cert->subject);
    return cn != NULL && !tls_names_has_any(cert) && cn->val.len == strlen(name) &&
           strncasecmp((const char *)cn->val.p, name, cn->val.len) == 0;
}

bool tls_names_common(const mbedtls_x509_name *name, struct buf *to)
{
    const mbedtls_x509_name *cn = find_common(name);
    if (cn == NULL || cn->val.len == 0)
        return false;
    text_printable((const char *)cn->val.p, cn->val.len, false, 64, to);
    return true;
}

const char *tls_names_words(const mbedtls_x509_name *name, char *to, size_t size)
{
    struct buf common = BUF_INIT;
    char all[300] = "";
    if (tls_names_common(name, &common))
        snprintf(to, size, "CN=\"%s\"", buf_text(&common));
    else if (mbedtls_x509_dn_gets(all, sizeof all, name) > 0)
        text_safe(all, to, size);
    else
        snprintf(to, size, "a nameless subject");
    buf_free(&common);
    return to;
}

void tls_names_list(const mbedtls_x509_crt *cert, unsigned max, struct buf *to)
{
    unsigned count = 0;
    for (const mbedtls_x509_sequence *s = first_name(cert); s != NULL; s = next_name(s->next), count++) {
        char text[INET6_ADDRSTRLEN] = "";
        const mbedtls_x509_buf *b = &s->buf;
        if (count >= max)
            continue;
        buf_add_text(to, count ? ", " : "");
        if ((b->tag & GENERAL_MASK) == GENERAL_DNS)
            text_printable((const char *)b->p, b->len, false, 64, to);
        else if (b->len == 4 || b->len == 16)
            buf_add_text(to, inet_ntop(b->len == 4 ? AF_INET : AF_INET6, b->p, text, sizeof text));
        else
            buf_printf(to, "an address of %zu bytes", b->len);
    }
    if (count > max)
        buf_printf(to, " and %u more", count - max);
}
