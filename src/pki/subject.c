/* Subjects as people write them: see request.h. */
#include "base/text.h"
#include "pki/mbed.h"
#include "pki/pem.h"
#include "pki/request.h"

#include <mbedtls/oid.h>

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { PARTS_MAX = 16, VALUE_MAX = 200 };

/* Attributes by each name that openssl, RFC 4514 or people use; the first column is the one mbedTLS knows.
 * Bounds in characters: X.520's upper bounds (RFC 5280 appendix A). */
static const struct attribute {
    const char *name, *other;
    size_t least, most;
    bool ascii; /* a PrintableString or an IA5String; the others are UTF-8 */
} attributes[] = {
    {"C",            "countryName",            2, 2,         true },
    {"ST",           "stateOrProvinceName",    1, 128,       false},
    {"ST",           "S",                      1, 128,       false},
    {"L",            "localityName",           1, 128,       false},
    {"O",            "organizationName",       1, 64,        false},
    {"OU",           "organizationalUnitName", 1, 64,        false},
    {"CN",           "commonName",             1, 64,        false},
    {"serialNumber", "serialNumber",           1, 64,        true },
    {"emailAddress", "email",                  1, 128,       true },
    {"emailAddress", "E",                      1, 128,       true },
    {"SN",           "surname",                1, 64,        false},
    {"GN",           "givenName",              1, 64,        false},
    {"title",        "title",                  1, 64,        false},
    {"DC",           "domainComponent",        1, 63,        true },
    {"dnQualifier",  "dnQualifier",            1, VALUE_MAX, true },
};

static const struct attribute *find_attribute(const char *name)
{
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++)
        if (strcasecmp(attributes[i].name, name) == 0 || strcasecmp(attributes[i].other, name) == 0)
            return &attributes[i];
    return NULL;
}

/* One attribute and its value, and the whole subject as a list of them in the order they are encoded. */
struct part {
    const struct attribute *attribute;
    struct buf value;
};
struct parts {
    struct part list[PARTS_MAX];
    size_t count;
};

static void parts_free(struct parts *parts)
{
    for (size_t i = 0; i < parts->count; i++)
        buf_free(&parts->list[i].value);
}

static int refuse(const char *name, const char *what, struct error *e)
{
    char safe[160];
    error_set(e, ERR_USAGE, "the subject's part \"%s\" %s", text_safe(name, safe, sizeof safe), what);
    error_next(e, "write it like /C=IE/O=My Company/CN=howdy.");
    return ERR_USAGE;
}

static size_t characters(const struct buf *b)
{
    size_t n = 0;
    for (size_t i = 0; i < b->len; i++)
        n += (b->data[i] & 0xC0) != 0x80;
    return n;
}

/* Reads the same when made printable. */
static bool is_plain(const struct buf *value)
{
    struct buf shown = BUF_INIT;
    text_printable(buf_text(value), value->len, false, 0, &shown);
    bool same = shown.len == value->len && memchr(buf_text(value), '\t', value->len) == NULL;
    buf_free(&shown);
    return same;
}

/* mbedTLS's text form has no way to write some values: a backslash, and "#" in front (where 3.6 reads DER).
 */
static int check_value(const char *name, const struct attribute *a, const struct buf *value, struct error *e)
{
    if (!is_plain(value))
        return refuse(name, "holds a control character, an invisible one, or text that is no UTF-8", e);
    for (size_t i = 0; i < value->len; i++) {
        if (value->data[i] == '\\')
            return refuse(name, "holds a backslash", e);
        if (a->ascii && value->data[i] > 0x7e)
            return refuse(name, "takes ASCII only", e);
    }
    if (value->len > 0 && value->data[0] == '#')
        return refuse(name, "begins with #", e);
    if (value->len == 0)
        return refuse(name, "has no value", e);
    if (characters(value) < a->least)
        return refuse(name, "is too short", e);
    if (characters(value) > a->most || value->len > VALUE_MAX)
        return refuse(name, "is too long", e);
    return 0;
}

/* mbedTLS keeps one value an attribute: a second one would silently take the first one's place. */
static int add_part(struct parts *parts, const char *name, struct buf *value, struct error *e)
{
    const struct attribute *a = find_attribute(name);
    int code =
        a == NULL ? refuse(name, "is no attribute that is known here", e) : check_value(name, a, value, e);
    for (size_t i = 0; code == 0 && i < parts->count; i++)
        if (strcmp(parts->list[i].attribute->name, a->name) == 0)
            code = refuse(name, "is there twice", e);
    if (code == 0 && parts->count == PARTS_MAX)
        code = refuse(name, "is one too many", e);
    if (code != 0)
        buf_free(value);
    else
        parts->list[parts->count++] = (struct part){a, *value};
    return code;
}

static void trim(struct buf *b, size_t keep)
{
    while (b->len > keep && b->data[b->len - 1] == ' ')
        b->data[--b->len] = '\0';
}

static bool unescape_hex(const char **at, struct buf *value)
{
    uint8_t byte;
    if (!isxdigit((unsigned char)(*at)[0]) || !isxdigit((unsigned char)(*at)[1]) ||
        text_unhex(*at, 2, false, &byte, 1) != 1)
        return false;
    buf_add_byte(value, byte);
    *at += 2;
    return true;
}

/* A value up to an unescaped separator. A backslash takes the next character, or two hex digits, as they are.
 * An unescaped '+' would begin a second value of the same part. */
static int read_value(const char **at, char separator, const char *name, struct buf *value, struct error *e)
{
    size_t keep = 0; /* escaped spaces at the end stay */
    while (**at != '\0' && **at != separator) {
        char c = *(*at)++;
        if (c == '+')
            return refuse(
                name, "has a \"+\": several values in one part; write \\+ if it is meant as it stands", e);
        if (c != '\\') {
            buf_add_byte(value, (uint8_t)c);
            continue;
        }
        if (**at == '\0')
            return refuse(name, "ends in a backslash", e);
        if (!unescape_hex(at, value))
            buf_add_byte(value, (uint8_t) * (*at)++);
        keep = value->len;
    }
    trim(value, keep);
    return 0;
}

static int read_part(const char **at, char separator, struct parts *parts, struct error *e)
{
    char name[64] = "";
    while (**at == ' ')
        ++*at;
    size_t len = strcspn(*at, "=/,");
    snprintf(name, sizeof name, "%.*s", (int)len, *at);
    for (size_t n = strlen(name); n > 0 && name[n - 1] == ' '; n--)
        name[n - 1] = '\0';
    *at += len;
    if (**at != '=')
        return refuse(name, "has no \"=\"", e);
    ++*at;
    while (**at == ' ')
        ++*at;
    struct buf value = BUF_INIT;
    int code = read_value(at, separator, name, &value, e);
    if (code != 0) {
        buf_free(&value);
        return code;
    }
    return add_part(parts, name, &value, e);
}

static void write_parts(const struct parts *parts, bool backwards, struct buf *to)
{
    for (size_t i = 0; i < parts->count; i++) {
        const struct part *p = &parts->list[backwards ? parts->count - 1 - i : i];
        buf_printf(to, "%s%s=", i ? ", " : "", p->attribute->name);
        for (size_t k = 0; k < p->value.len; k++) {
            if (p->value.data[k] == ',')
                buf_add_byte(to, '\\');
            buf_add_byte(to, p->value.data[k]);
        }
    }
}

int pki_subject_parse(const char *subject, struct buf *to, struct error *e)
{
    struct parts parts = {.count = 0};
    const char *at = subject;
    char separator = *at == '/' ? '/' : ',';
    int code = 0;
    at += *at == '/';
    if (at[strspn(at, " ")] == '\0') {
        error_set(e, ERR_USAGE, "the subject is empty");
        error_next(e, "write it like /C=IE/O=My Company/CN=howdy.");
        return ERR_USAGE;
    }
    while (code == 0 && *at != '\0') {
        code = read_part(&at, separator, &parts, e);
        at += code == 0 && *at == separator;
    }
    if (code == 0)
        write_parts(&parts, separator == ',' && strcmp(parts.list[0].attribute->name, "C") != 0, to);
    parts_free(&parts);
    return code;
}

/* --- out of requests and certificates --- */

static int add_name(struct parts *parts, const mbedtls_x509_name *name, struct error *e)
{
    const char *type = NULL;
    struct buf value = BUF_INIT;
    if (mbedtls_oid_get_attr_short_name(&name->oid, &type) != 0)
        type = "?";
    buf_add(&value, name->val.p, name->val.len);
    return add_part(parts, type, &value, e);
}

static int names_text(const mbedtls_x509_name *names, const char *name, struct buf *to, struct error *e)
{
    struct parts parts = {.count = 0};
    int code = 0;
    for (; code == 0 && names != NULL; names = names->next)
        if (names->oid.p != NULL)
            code = add_name(&parts, names, e);
    if (code == 0 && parts.count == 0)
        code = error_set(e, ERR_REFUSED, "%s: its subject is empty", name);
    else if (code != 0)
        code = error_prefix(e, "%s", name);
    if (code == 0)
        write_parts(&parts, false, to);
    parts_free(&parts);
    if (code != 0 && e != NULL)
        e->code = ERR_REFUSED; /* the file's fault, not the command line's */
    return code == 0 ? 0 : ERR_REFUSED;
}

static int subject_of_certificate(const struct buf *der, const char *name, struct buf *to, struct error *e)
{
    mbedtls_x509_crt cert;
    mbedtls_x509_crt_init(&cert);
    int code = mbedtls_x509_crt_parse_der(&cert, der->data, der->len);
    code = code != 0 ? mbed_error(code, name, e) : names_text(&cert.subject, name, to, e);
    mbedtls_x509_crt_free(&cert);
    return code;
}

static int subject_of_request(const struct buf *der, const char *name, struct buf *to, struct error *e)
{
    mbedtls_x509_csr request;
    mbedtls_x509_csr_init(&request);
    int code = mbedtls_x509_csr_parse_der(&request, der->data, der->len);
    code = code != 0 ? mbed_error(code, name, e) : names_text(&request.subject, name, to, e);
    mbedtls_x509_csr_free(&request);
    return code;
}

static const struct {
    const char *label;
    int (*read)(const struct buf *der, const char *name, struct buf *to, struct error *e);
} sources[] = {
    {"CERTIFICATE REQUEST",     subject_of_request    },
    {"NEW CERTIFICATE REQUEST", subject_of_request    },
    {"CERTIFICATE",             subject_of_certificate},
};

int pki_subject_of(const char *pem, size_t len, const char *name, struct buf *to, struct error *e)
{
    const char *at = pem, *end = pem + len;
    struct pem_block block;
    int code;
    while ((code = pem_next(&at, end, name, &block, e)) == 1) {
        for (size_t i = 0; i < sizeof sources / sizeof sources[0] && code == 1; i++)
            if (strcmp(sources[i].label, block.label) == 0)
                code = sources[i].read(&block.der, name, to, e);
        pem_block_free(&block);
        if (code != 1)
            return code;
    }
    return code < 0 ? code
                    : error_set(e, ERR_REFUSED, "%s: it holds no certificate and no request in PEM", name);
}
