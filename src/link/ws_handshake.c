/* WebSocket handshake: see ws_handshake.h. */
#include "link/ws_handshake.h"
#include "base/text.h"

#include <mbedtls/md.h>
#include <string.h>

void ws_handshake_accept(const char *key_text, struct buf *to)
{
    /* RFC 6455 section 1.3: the fixed GUID behind the key, SHA-1, base64. */
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    uint8_t digest[20];
    struct buf text = BUF_INIT;
    buf_printf(&text, "%s%s", key_text, guid);
    mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA1), text.data, text.len, digest);
    text_base64(digest, sizeof digest, to);
    buf_free(&text);
}

void ws_handshake_request(const struct link_url *url, const uint8_t key[WS_KEY_BYTES], struct buf *to)
{
    buf_printf(to, "GET %s HTTP/1.1\r\nHost: ", url->path);
    http_host_text(url, to);
    buf_add_text(
        to,
        "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ");
    text_base64(key, WS_KEY_BYTES, to);
    buf_add_text(to, "\r\n\r\n");
}

static int refused(const struct link_url *url, int status, struct error *e)
{
    static const struct {
        int status;
        const char *means, *next;
    } known[] = {
        {200, "it serves an ordinary page there, not a WebSocket",
         "Check the path: Mongoose OS serves RPC at /rpc."                                                                  },
        {401, "it wants a login for that path (http.auth_domain)",
         "Log in is not possible over this link: use the serial port, or take http.auth_domain off."                        },
        {403, "it denies access to that path",                        "Check the device's http access rules."               },
        {404, "this firmware has no rpc-ws, or the path is not /rpc",
         "Check the path, and that the firmware is built with rpc-ws and has rpc.ws.enable on."                             },
        {426, "it speaks another version of WebSocket",               "Check that the address is a Mongoose OS device's."   },
        {503, "it has no connection left to give",                    "Close other connections to the device and try again."},
    };
    char words[64];
    const char *means = "it does not open a WebSocket there",
               *next = "Check the address and the path: Mongoose OS serves RPC at /rpc.";
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].status == status) {
            means = known[i].means;
            next = known[i].next;
        }
    error_set(e, ERR_CONNECTION, "Opening %s: the device answered HTTP %s: %s.", url->text,
              http_status_words(status, words, sizeof words), means);
    error_next(e, "%s", next);
    return ERR_CONNECTION;
}

int ws_handshake_check(const struct link_url *url, const struct http_head *head,
                       const uint8_t key[WS_KEY_BYTES], struct error *e)
{
    char got[64] = "";
    struct buf key_text = BUF_INIT, accept = BUF_INIT;
    if (head->status != 101)
        return refused(url, head->status, e);
    if (!http_head_has(head, "Upgrade", "websocket") || !http_head_has(head, "Connection", "Upgrade"))
        return error_set(e, ERR_CONNECTION,
                         "Opening %s: the device answered HTTP 101 but did not switch to WebSocket.",
                         url->text);
    text_base64(key, WS_KEY_BYTES, &key_text);
    ws_handshake_accept(buf_text(&key_text), &accept);
    bool there = http_head_value(head, "Sec-WebSocket-Accept", got, sizeof got);
    bool good = there && strcmp(got, buf_text(&accept)) == 0;
    buf_free(&key_text);
    buf_free(&accept);
    if (good)
        return 0;
    error_set(e, ERR_CONNECTION, "Opening %s: the answer's Sec-WebSocket-Accept %s.", url->text,
              there ? "does not belong to our key" : "is missing");
    error_next(e, "A proxy or another kind of server may be answering: check the address.");
    return ERR_CONNECTION;
}
