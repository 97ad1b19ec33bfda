/* Which names a certificate is for, and how it is called in a sentence. Pure. Source: RFC 6125, RFC 5280
 * section 4.2.1.6. */
#ifndef LINK_TLS_NAMES_H
#define LINK_TLS_NAMES_H

#include "base/buf.h"

#include <mbedtls/x509_crt.h>
#include <stdbool.h>

/* Does the certificate name `host` (a DNS name, or an IPv4 or IPv6 address, its zone ignored) among its
 * alternative names? */
bool tls_names_match(const mbedtls_x509_crt *cert, const char *host);

/* Is `name` its common name, and has it neither a dNSName nor an iPAddress that would count instead? */
bool tls_names_match_common(const mbedtls_x509_crt *cert, const char *name);

/* Has it a dNSName or an iPAddress? */
bool tls_names_has_any(const mbedtls_x509_crt *cert);

/* "a.example, *.b.example, 10.0.0.1", printable, at most `max` of them and then how many more. */
void tls_names_list(const mbedtls_x509_crt *cert, unsigned max, struct buf *to);

/* The common name, printable; false when there is none. */
bool tls_names_common(const mbedtls_x509_name *name, struct buf *to);

/* A name in a sentence: CN="x", or all of it where it has no common name. */
const char *tls_names_words(const mbedtls_x509_name *name, char *to, size_t size);

/* True for an address (with its bytes, 4 or 16, and their number). */
bool tls_names_address(const char *host, uint8_t bytes[16], size_t *len);

#endif
