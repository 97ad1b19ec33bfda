/* The HTTP upgrade that opens a WebSocket (RFC 6455 section 4). Pure. */
#ifndef LINK_WS_HANDSHAKE_H
#define LINK_WS_HANDSHAKE_H

#include "link/http_message.h"

enum { WS_KEY_BYTES = 16 };

/* Appends the request. Neither Origin nor a sub-protocol is sent: devices ask for none. */
void ws_handshake_request(const struct link_url *url, const uint8_t key[WS_KEY_BYTES], struct buf *to);

/* Checks the answer's head. ERR_CONNECTION with the status and what it means here. */
int ws_handshake_check(const struct link_url *url, const struct http_head *head,
                       const uint8_t key[WS_KEY_BYTES], struct error *e);

/* Appends the Sec-WebSocket-Accept that belongs to a key (in base64, as it is sent). */
void ws_handshake_accept(const char *key_text, struct buf *to);

#endif
