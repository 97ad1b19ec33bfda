/* TLS under wss:// and https://: what a caller may choose, and what is known of the last handshake.
 *
 * Always: TLS 1.2 or 1.3 (1.3 where mbedTLS has it), forward secrecy, no renegotiation, and the device's
 * certificate checked before anything but the ClientHello leaves: chain, dates, name, key and signature
 * strength. A device that fails the check sees an alert and no byte of ours, no client certificate either.
 *
 * The name checked is the URL's host, or server_name: a DNS name against the certificate's dNSName entries
 * (`*` for one whole label), an address against its iPAddress entries. The common name counts only where
 * server_name was given and the certificate has neither kind of entry. */
#ifndef LINK_TLS_H
#define LINK_TLS_H

#include "base/error.h"
#include "base/secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct link;
struct link_tls_store;

/* All pointers must live as long as the link, and as long as it is opened again. NULL: the default. */
struct link_tls {
    const char *ca_file;     /* PEM bundle of trusted CAs (and CRLs); default: the system's */
    const char *cert_file;   /* client certificate, its chain behind it */
    const char *key_file;    /* its key; default: in cert_file */
    const char *server_name; /* checked, and sent in SNI, instead of the URL's host */
    /* sha256//BASE64 or 64 hex digits, of the SubjectPublicKeyInfo. One that matches stands in for the chain
     * and the name (dates and strengths are still checked); one that does not refuses, whatever the chain
     * says, and insecure or not. */
    const char *pin;
    bool insecure; /* nothing is checked (but a pin); `warning` says so each time a link is opened */

    /* An encrypted key_file: fills `to`, which is wiped after use. Not asked again while the store lives. */
    int (*password)(void *ctx, const char *key_file, struct secret *to, struct error *e);
    void (*warning)(void *ctx, const char *sentence);
    void *ctx;

    /* Keeps the session, the decrypted key and the figures between links to the same device, so that opening
     * again resumes instead of shaking hands in full. */
    struct link_tls_store *store;
};

struct link_tls_store *link_tls_store_new(void);
void link_tls_store_free(struct link_tls_store *store); /* links that use it go on; NULL is fine */

enum { LINK_TLS_PIN_SIZE = 64 };

struct link_tls_info {
    char version[16];               /* "TLSv1.2" */
    char suite[64];                 /* IANA's name */
    char pin[LINK_TLS_PIN_SIZE];    /* sha256//… of the device's key: what `pin` takes */
    char subject[256], issuer[256]; /* of its certificate, printable */
    char expires[24];               /* ISO 8601 */
    char warning[400];       /* insecure: what that means here, and what would have been refused; else "" */
    unsigned fragment;       /* largest record agreed on, bytes of plain text */
    bool resumed;            /* the last handshake */
    bool client_cert_wanted; /* the device asked for one (TLS 1.3 hides that: then as if it had not) */
    bool client_cert_sent;   /* … and had one from us */
    bool insecure, pinned;   /* what stood in for the check */
    int64_t handshake_us;    /* of the last handshake, the device's and the wire's time included */
    size_t bytes_in, bytes_out;       /* of the last handshake, record headers included */
    unsigned handshakes, resumptions; /* so far; resumptions are among the handshakes */
    char *chain; /* the device's certificates, PEM, its own first; NULL while there is none */
};

/* Of the last handshake that got as far as a certificate, a refused one included (handshakes is 0 then).
 * NULL: no TLS, or none yet. Valid until the next handshake. */
const struct link_tls_info *link_tls_info(const struct link *link);
const struct link_tls_info *link_tls_store_info(const struct link_tls_store *store);

#endif
