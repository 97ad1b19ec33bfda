/* Digest authentication (RFC 7616) as the firmware checks it, in frames and over HTTP. Pure. */
#ifndef SIM_DIGEST_H
#define SIM_DIGEST_H

#include "sim/request.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sim_digest_algo { SIM_DIGEST_MD5 = 0, SIM_DIGEST_SHA256 = 1 }; /* as rpc.auth_algo counts */

enum { SIM_DIGEST_SIZE = 65 }; /* hex digits of the longest, and a NUL */

struct sim_digest_answer {
    char user[64], realm[64], nonce[32], nc[16], cnonce[64], qop[16], response[SIM_DIGEST_SIZE];
};

const char *sim_digest_name(enum sim_digest_algo algo); /* "MD5", "SHA-256" */

/* HA1 of a user of that realm in the text of an htdigest file ("user:realm:HA1" lines). */
bool sim_digest_find(const char *file, const char *user, const char *realm, char ha1[SIM_DIGEST_SIZE]);

/* What the response must be. */
void sim_digest_response(enum sim_digest_algo algo, const char *ha1, const struct sim_digest_answer *a,
                         const char *method, const char *uri, char response[SIM_DIGEST_SIZE]);

/* The fields of an "Authorization: Digest …" header; false for another scheme or a field too long. */
bool sim_digest_header(struct sim_span header, struct sim_digest_answer *a);

/* A nonce is the device's clock in seconds and serves for an hour. */
bool sim_digest_fresh(uint64_t nonce, int64_t now);

#endif
