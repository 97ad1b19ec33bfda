/* The one parser of --port. Pure. */
#ifndef LINK_URL_H
#define LINK_URL_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

enum link_scheme {
    LINK_SERIAL, /* /dev/ttyUSB0, serial:///dev/ttyUSB0; a pty looks the same and is told apart when opened */
    LINK_TCP,    /* tcp://host:port, UART framing over a socket */
    LINK_WS,     /* ws://host[:80]/rpc */
    LINK_WSS,
    LINK_HTTP, /* http://host[:80]/rpc */
    LINK_HTTPS,
    LINK_RFC2217,
    LINK_MQTT,
    LINK_MQTTS,
    LINK_UDP,
    LINK_SIM, /* sim:, sim:DIR, sim:DIR?chip=atecc608a&platform=esp8266 */
};

struct link_url {
    enum link_scheme scheme;
    char text[512];  /* as given, for messages (credentials in it are cut out) */
    char path[400];  /* device file, sim folder, or URL path with query ("/rpc") */
    char host[256];  /* without brackets for IPv6 */
    uint16_t port;   /* 0 when the scheme has none */
    char user[128];  /* user:password part of the authority, raw; secret */
    char query[256]; /* sim: options after '?' */
};

/* Parses a port. ERR_USAGE for an unknown scheme, a missing host, a bad port number, a URL that is too long.
 */
int link_url_parse(const char *text, struct link_url *url, struct error *e);

/* Scheme's name and whether this build can open it. */
const char *link_scheme_name(enum link_scheme scheme);

#endif
