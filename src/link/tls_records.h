/* What can be seen of the other side's TLS records without their keys: what mbedTLS does not tell. Pure.
 * Source: RFC 5246 sections 6.2 and 7.4. */
#ifndef LINK_TLS_RECORDS_H
#define LINK_TLS_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TLS_RECORD_HEAD = 5 };

struct tls_records {
    size_t bytes;
    uint8_t first[TLS_RECORD_HEAD]; /* as many as there are of the very first bytes */
    uint8_t head[TLS_RECORD_HEAD];
    size_t have, left; /* of the header; of the body behind it */
    uint8_t message[4];
    size_t message_have, message_left; /* of a handshake message's header and body */
    uint8_t alert[2];                  /* level and description of the last one in the clear; 0: none */
    size_t alert_have;
    bool hidden;            /* ChangeCipherSpec came: bodies are encrypted */
    bool over;              /* set by the caller: the handshake is done */
    bool wants_certificate; /* CertificateRequest */
    bool renegotiates;      /* a handshake record behind the handshake of TLS 1.2: HelloRequest */
};

void tls_records_see(struct tls_records *r, const void *bytes, size_t len);

/* Did the very first bytes look like TLS? `http`: like an HTTP answer. */
bool tls_records_is_tls(const struct tls_records *r, bool *http);

#endif
