/* Digest authentication: hashes, the challenge in an RPC frame and its answer, the two HTTP headers. Pure.
 * Source: RFC 7616; in frames the same shape with a constant method and uri (doc/protocols.md,
 * "Authentication").
 *
 * An HA1 is as good as the password for its realm: callers keep it in memory that they wipe. */
#ifndef CODEC_DIGEST_H
#define CODEC_DIGEST_H

#include "base/buf.h"
#include "base/error.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum digest_algorithm { DIGEST_MD5, DIGEST_SHA256 }; /* the numbers of rpc.auth_algo */
enum {
    DIGEST_HEX = 65,         /* the longest hash in hex, with its zero */
    DIGEST_NONCE_S = 3600,   /* a device takes a nonce of its own for this long */
    DIGEST_NAME_BYTES = 256, /* realms, users, nonces: what is longer is refused */
};

const char *digest_name(enum digest_algorithm algorithm); /* "MD5", "SHA-256" */
/* By name, letters' case ignored; NULL and "" are MD5. False for any other. */
bool digest_find(const char *name, enum digest_algorithm *algorithm);
/* Of an HA1 by its length in hex digits; false when it is none. */
bool digest_of_ha1(const char *ha1, enum digest_algorithm *algorithm);

/* H(user ":" realm ":" password) in lower-case hex. */
void digest_ha1(enum digest_algorithm algorithm, const char *user, const char *realm, const void *password,
                size_t len, char ha1[DIGEST_HEX]);

/* H(HA1 ":" nonce ":" nc ":" cnonce ":" qop ":" H(method ":" uri)), all hex in lower case. */
struct digest_terms {
    enum digest_algorithm algorithm;
    const char *nonce, *nc, *cnonce, *qop, *method, *uri;
};
void digest_response(const struct digest_terms *terms, const char *ha1, char response[DIGEST_HEX]);

/* --- in frames ------------------------------------------------------------------------------------------ */

struct digest_challenge {
    enum digest_algorithm algorithm;
    char realm[DIGEST_NAME_BYTES];  /* hostile bytes: text_safe before it is shown */
    char opaque[DIGEST_NAME_BYTES]; /* given back when it is not empty */
    uint64_t nonce;                 /* the device's clock in seconds; below 2^53 */
};

/* The message of an error 401: {"auth_type":"digest","nonce":N,"nc":1,"realm":"…","algorithm":"MD5"}, JSON in
 * a JSON string, hostile until parsed. ERR_REFUSED with what is wrong (no JSON, not digest, no number as
 * nonce, no realm, an algorithm that is not known) as part of a sentence. */
int digest_challenge_parse(const char *message, struct digest_challenge *challenge, struct error *e);
/* The message of such an error, for the side that challenges. */
void digest_challenge_text(const struct digest_challenge *challenge, struct buf *to);

/* "response" for a frame: nc "1", qop "auth", method "dummy_method", uri "dummy_uri". */
void digest_frame_response(const struct digest_challenge *challenge, const char *ha1, uint32_t cnonce,
                           char response[DIGEST_HEX]);
/* The frame's "auth" object; the caller deletes it. */
cJSON *digest_frame_auth(const struct digest_challenge *challenge, const char *user, const char *ha1,
                         uint32_t cnonce);

/* --- in HTTP -------------------------------------------------------------------------------------------- */

struct digest_http { /* WWW-Authenticate, or Authorization, taken apart; absent values are "" */
    enum digest_algorithm algorithm;
    char realm[DIGEST_NAME_BYTES], nonce[DIGEST_NAME_BYTES], opaque[DIGEST_NAME_BYTES];
    char qop[DIGEST_NAME_BYTES]; /* of a challenge the whole list */
    char username[DIGEST_NAME_BYTES], uri[DIGEST_NAME_BYTES], cnonce[DIGEST_NAME_BYTES];
    char nc[16], response[DIGEST_HEX];
    bool stale;
};

/* A header's value "Digest name=value, name=\"value\" …". ERR_REFUSED with what is wrong: another scheme, no
 * realm or nonce, an unknown algorithm, a value that is too long or does not end. Unknown names are ignored.
 */
int digest_http_parse(const char *value, struct digest_http *http, struct error *e);
bool digest_http_offers_auth(const struct digest_http *challenge); /* qop is absent or holds "auth" */

/* The value of an Authorization header that answers the challenge (qop=auth; nc counts the uses of this nonce
 * from 1). */
struct digest_request {
    const char *user, *ha1, *method, *uri;
    uint32_t nc, cnonce;
};
void digest_http_authorization(const struct digest_http *challenge, const struct digest_request *request,
                               struct buf *to);
/* True when an Authorization header's response is right for this HA1 and method. */
bool digest_http_check(const struct digest_http *authorization, const char *ha1, const char *method);

#endif
