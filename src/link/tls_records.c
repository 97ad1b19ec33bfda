/* Records from outside: see tls_records.h. */
#include "link/tls_records.h"

#include <string.h>

enum { CHANGE_CIPHER_SPEC = 20, ALERT = 21, HANDSHAKE = 22, APPLICATION_DATA = 23, CERTIFICATE_REQUEST = 13 };

/* Fills a header of `size` bytes; returns how many bytes it took. */
static size_t fill(uint8_t *head, size_t size, size_t *have, const uint8_t *p, size_t len)
{
    size_t n = size - *have < len ? size - *have : len;
    memcpy(head + *have, p, n);
    *have += n;
    return n;
}

static void see_messages(struct tls_records *r, const uint8_t *p, size_t len)
{
    while (len > 0) {
        size_t n;
        if (r->message_left > 0) {
            n = r->message_left < len ? r->message_left : len;
            r->message_left -= n;
        } else {
            n = fill(r->message, sizeof r->message, &r->message_have, p, len);
            if (r->message_have == sizeof r->message) {
                r->wants_certificate |= r->message[0] == CERTIFICATE_REQUEST;
                r->message_left = (size_t)r->message[1] << 16 | (size_t)r->message[2] << 8 | r->message[3];
                r->message_have = 0;
            }
        }
        p += n;
        len -= n;
    }
}

static void see_body(struct tls_records *r, const uint8_t *p, size_t len)
{
    if (r->hidden)
        return;
    if (r->head[0] == HANDSHAKE)
        see_messages(r, p, len);
    if (r->head[0] == ALERT)
        fill(r->alert, sizeof r->alert, &r->alert_have, p, len);
}

static void begin_record(struct tls_records *r)
{
    r->left = (size_t)r->head[3] << 8 | r->head[4];
    r->have = 0;
    r->alert_have = 0;
    if (r->head[0] == CHANGE_CIPHER_SPEC)
        r->hidden = true;
    if (r->head[0] == HANDSHAKE && r->over)
        r->renegotiates = true;
}

void tls_records_see(struct tls_records *r, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    for (size_t i = 0; i < len && r->bytes + i < sizeof r->first; i++)
        r->first[r->bytes + i] = p[i];
    r->bytes += len;
    while (len > 0) {
        size_t n;
        if (r->left > 0) {
            n = r->left < len ? r->left : len;
            see_body(r, p, n);
            r->left -= n;
        } else {
            n = fill(r->head, sizeof r->head, &r->have, p, len);
            if (r->have == sizeof r->head)
                begin_record(r);
        }
        p += n;
        len -= n;
    }
}

bool tls_records_is_tls(const struct tls_records *r, bool *http)
{
    size_t n = r->bytes < sizeof r->first ? r->bytes : sizeof r->first;
    *http = n == sizeof r->first && memcmp(r->first, "HTTP/", sizeof r->first) == 0;
    return n < 2 ||
           (r->first[0] >= CHANGE_CIPHER_SPEC && r->first[0] <= APPLICATION_DATA && r->first[1] == 3);
}
