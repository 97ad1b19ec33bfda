/* The parser of --port: see url.h. A table says what each scheme has; one function fills each part. */
#include "link/url.h"
#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum shape {
    SHAPE_FILE, /* a device file */
    SHAPE_NET,  /* [user[:password]@]host[:port][/path] */
    SHAPE_SIM,  /* [folder][?options] */
};

/* Ports: RFC 9110 (http), RFC 6455 section 3 (ws), IANA (mqtt). 0: the URL must name one. */
static const struct {
    const char *name;
    enum shape shape;
    uint16_t port;
    const char *path; /* what an empty path and "/" mean; NULL: kept as given */
} schemes[] = {
    [LINK_SERIAL] = {"serial",  SHAPE_FILE, 0,    NULL  },
      [LINK_TCP] = {"tcp",     SHAPE_NET,  0,    NULL  },
    [LINK_WS] = {"ws",      SHAPE_NET,  80,   "/rpc"},
      [LINK_WSS] = {"wss",     SHAPE_NET,  443,  "/rpc"},
    [LINK_HTTP] = {"http",    SHAPE_NET,  80,   "/rpc"},
      [LINK_HTTPS] = {"https",   SHAPE_NET,  443,  "/rpc"},
    [LINK_RFC2217] = {"rfc2217", SHAPE_NET,  0,    NULL  },
      [LINK_MQTT] = {"mqtt",    SHAPE_NET,  1883, NULL  },
    [LINK_MQTTS] = {"mqtts",   SHAPE_NET,  8883, NULL  },
      [LINK_UDP] = {"udp",     SHAPE_NET,  0,    NULL  },
    [LINK_SIM] = {"sim",     SHAPE_SIM,  0,    NULL  },
};
enum { SCHEMES = sizeof schemes / sizeof schemes[0] };

const char *link_scheme_name(enum link_scheme scheme)
{
    return (unsigned)scheme < SCHEMES ? schemes[scheme].name : "?";
}

static int find_scheme(const char *name, size_t len)
{
    for (int i = 0; i < SCHEMES; i++)
        if (strlen(schemes[i].name) == len && strncasecmp(schemes[i].name, name, len) == 0)
            return i;
    return -1;
}

/* Length of a scheme in front of `mark` ("://" or ":"), 0 when there is none (RFC 3986 section 3.1). */
static size_t scheme_length(const char *text, const char *mark)
{
    size_t n = 0;
    while (isalnum((unsigned char)text[n]) || (n > 0 && strchr("+-.", text[n]) != NULL && text[n] != '\0'))
        n++;
    return n > 0 && text_starts(text + n, mark) ? n : 0;
}

/* Copies len bytes; -1 when they do not fit. */
static int put(char *to, size_t size, const char *from, size_t len)
{
    if (len >= size)
        return -1;
    memcpy(to, from, len);
    to[len] = '\0';
    return 0;
}

static int too_long(const char *what, size_t size, struct error *e)
{
    return error_set(e, ERR_USAGE, "The port's %s is longer than %zu characters.", what, size - 1);
}

static int unknown_scheme(const char *name, size_t len, struct error *e)
{
    char given[32], shown[64];
    snprintf(given, sizeof given, "%.*s", (int)len, name);
    const char *best = NULL;
    unsigned least = 3;
    for (int i = 0; i < SCHEMES; i++) {
        unsigned d = text_distance(given, schemes[i].name);
        if (d < least) {
            least = d;
            best = schemes[i].name;
        }
    }
    error_set(e, ERR_USAGE, "The port's scheme \"%s\" is not one that lockstep knows%s%s%s.",
              text_safe(given, shown, sizeof shown), best ? "; the nearest is \"" : "", best ? best : "",
              best ? "\"" : "");
    return error_next(e, "Give a device file such as /dev/ttyUSB0, or ws://HOST/rpc, http://HOST/rpc, "
                         "tcp://HOST:PORT, sim:");
}

/* Host names, IPv4 and IPv6 addresses (with a zone after %). */
static bool host_is_good(const char *host, bool bracketed)
{
    for (const char *p = host; *p; p++)
        if (!isalnum((unsigned char)*p) && strchr(bracketed ? ":.%-_" : ".-_", *p) == NULL)
            return false;
    return host[0] != '\0';
}

static int parse_port(const char *digits, size_t len, int scheme, struct link_url *url, struct error *e)
{
    char text[8];
    uint64_t port = 0;
    bool decimal = len > 0;
    for (size_t i = 0; i < len; i++)
        decimal = decimal && isdigit((unsigned char)digits[i]);
    if (!decimal || put(text, sizeof text, digits, len) < 0 || text_number(text, 65535, &port) < 0 ||
        port == 0) {
        error_set(e, ERR_USAGE, "The port number in this %s:// address is not one from 1 to 65535.",
                  schemes[scheme].name);
        return error_next(e, "Write it after the host: %s://HOST:PORT", schemes[scheme].name);
    }
    url->port = (uint16_t)port;
    return 0;
}

/* host, [host], with :port behind. */
static int parse_host(const char *at, const char *end, int scheme, struct link_url *url, struct error *e)
{
    const char *name = schemes[scheme].name;
    bool bracketed = at < end && *at == '[';
    const char *host = bracketed ? at + 1 : at;
    const char *stop = memchr(host, bracketed ? ']' : ':', (size_t)(end - host));
    if (bracketed && stop == NULL)
        return error_set(e, ERR_USAGE, "The address after %s:// opens a [ and does not close it.", name);
    if (!bracketed && stop != NULL && memchr(stop + 1, ':', (size_t)(end - stop - 1)) != NULL) {
        error_set(e, ERR_USAGE, "The host in this %s:// address has more than one colon.", name);
        return error_next(e, "Write an IPv6 address in brackets: %s://[::1]:PORT", name);
    }
    if (stop == NULL)
        stop = end;
    if (put(url->host, sizeof url->host, host, (size_t)(stop - host)) < 0)
        return too_long("host", sizeof url->host, e);
    if (url->host[0] == '\0') {
        error_set(e, ERR_USAGE, "No host stands after %s://.", name);
        return error_next(e, "Write %s://HOST%s", name, schemes[scheme].port ? "" : ":PORT");
    }
    if (!host_is_good(url->host, bracketed))
        return error_set(e, ERR_USAGE,
                         "The host in this %s:// address has a character that no host name has.", name);
    const char *rest = stop + (bracketed ? 1 : 0);
    url->port = schemes[scheme].port;
    if (rest < end && *rest == ':')
        return parse_port(rest + 1, (size_t)(end - rest - 1), scheme, url, e);
    if (rest < end)
        return error_set(e, ERR_USAGE, "Something other than :PORT follows the ] in this %s:// address.",
                         name);
    if (url->port != 0)
        return 0;
    error_set(e, ERR_USAGE, "This %s:// address names no port number.", name);
    return error_next(e, "Write %s://HOST:PORT", name);
}

/* A path goes into a request line as it is: no white space, nothing outside ASCII, no fragment. */
static int parse_path(const char *path, int scheme, struct link_url *url, struct error *e)
{
    for (const char *p = path; *p; p++)
        if (*p <= ' ' || *p > '~' || *p == '#')
            return error_set(e, ERR_USAGE,
                             "The path in this %s:// address has a character that must be written %%XX.",
                             schemes[scheme].name);
    const char *stand_in = schemes[scheme].path;
    bool empty = path[0] == '\0' || strcmp(path, "/") == 0;
    const char *slash = path[0] == '?' ? "/" : "";
    int n = snprintf(url->path, sizeof url->path, "%s%s", slash, empty && stand_in ? stand_in : path);
    return n < (int)sizeof url->path ? 0 : too_long("path", sizeof url->path, e);
}

static int parse_net(const char *rest, int scheme, struct link_url *url, struct error *e)
{
    const char *end = rest + strcspn(rest, "/?#"), *host = rest;
    for (const char *p = rest; p < end; p++)
        if (*p == '@')
            host = p + 1;
    if (host > rest && put(url->user, sizeof url->user, rest, (size_t)(host - 1 - rest)) < 0)
        return too_long("user and password", sizeof url->user, e);
    /* A password may hold / ? #: what follows would be taken for the path and shown. */
    if (strchr(end, '@') != NULL) {
        error_set(e, ERR_USAGE, "An @ stands in the path of this %s:// address.", schemes[scheme].name);
        return error_next(
            e, "Write / ? # and @ of a password as %%2F %%3F %%23 %%40, or give it with --rpc-creds.");
    }
    if (parse_host(host, end, scheme, url, e) != 0 || parse_path(end, scheme, url, e) != 0)
        return ERR_USAGE;
    int n = snprintf(url->text, sizeof url->text, "%s://%s", schemes[scheme].name, host);
    return n < (int)sizeof url->text ? 0 : too_long("address", sizeof url->text, e);
}

static int parse_file(const char *path, struct link_url *url, struct error *e)
{
    if (path[0] == '\0') {
        error_set(e, ERR_USAGE, "No device file stands after serial://.");
        return error_next(e, "Write /dev/ttyUSB0, or serial:///dev/ttyUSB0");
    }
    if (put(url->path, sizeof url->path, path, strlen(path)) < 0)
        return too_long("path", sizeof url->path, e);
    text_safe(path, url->text, sizeof url->text);
    return 0;
}

static int parse_sim(const char *rest, struct link_url *url, struct error *e)
{
    if (text_starts(rest, "//")) {
        error_set(e, ERR_USAGE, "A virtual device is not written with //.");
        return error_next(e, "Write sim: for a fresh one, sim:DIR for one that keeps its state in a folder.");
    }
    size_t folder = strcspn(rest, "?");
    if (put(url->path, sizeof url->path, rest, folder) < 0)
        return too_long("folder", sizeof url->path, e);
    const char *query = rest[folder] ? rest + folder + 1 : "";
    if (put(url->query, sizeof url->query, query, strlen(query)) < 0)
        return too_long("list of options", sizeof url->query, e);
    char safe[sizeof url->text - 8];
    snprintf(url->text, sizeof url->text, "sim:%s", text_safe(rest, safe, sizeof safe));
    return 0;
}

static int parse(const char *text, struct link_url *url, struct error *e)
{
    for (const char *p = text; *p; p++)
        if (iscntrl((unsigned char)*p))
            return error_set(e, ERR_USAGE, "The port has a control character in it.");
    size_t len = scheme_length(text, "://");
    size_t word = scheme_length(text, ":");
    if (word == 3 && strncasecmp(text, "sim", 3) == 0) {
        url->scheme = LINK_SIM;
        return parse_sim(text + 4, url, e);
    }
    if (len == 0 && word > 0 && find_scheme(text, word) >= 0)
        return error_set(e, ERR_USAGE, "The port's scheme must be followed by //: %.*s://…", (int)word, text);
    if (len == 0) {
        url->scheme = LINK_SERIAL;
        return parse_file(text, url, e);
    }
    int scheme = find_scheme(text, len);
    if (scheme < 0)
        return unknown_scheme(text, len, e);
    url->scheme = (enum link_scheme)scheme;
    const char *rest = text + len + 3;
    return schemes[scheme].shape == SHAPE_FILE ? parse_file(rest, url, e) : parse_net(rest, scheme, url, e);
}

int link_url_parse(const char *text, struct link_url *url, struct error *e)
{
    *url = (struct link_url){0};
    if (text == NULL || text[0] == '\0') {
        error_set(e, ERR_USAGE, "The port is empty.");
        error_next(e, "Give --port /dev/ttyUSB0, ws://HOST/rpc or sim:, or look with the ports command.");
        return ERR_USAGE;
    }
    int code = parse(text, url, e);
    if (code != 0) {
        explicit_bzero(url, sizeof *url);
        return ERR_USAGE;
    }
    return 0;
}
