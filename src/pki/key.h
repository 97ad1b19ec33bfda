/* Keys as files hold them, and public keys as a chip gives them.
 * All EC numbers are P-256, big-endian, 32 bytes left-padded with zeros. */
#ifndef PKI_KEY_H
#define PKI_KEY_H

#include "base/buf.h"
#include "base/error.h"
#include "base/secret.h"

#include <stdint.h>

enum { PKI_SCALAR_SIZE = 32, PKI_POINT_SIZE = 64, PKI_FINGERPRINT_SIZE = 65 };

/* Reads an ECC P-256 private key from a file's text: PEM "EC PRIVATE KEY" (with or without "EC PARAMETERS"
 * before it), PKCS#8 "PRIVATE KEY", "ENCRYPTED PRIVATE KEY" (refused by name: decrypt it first), DER of
 * either, or 64 hex digits (white space and 0x allowed). scalar gets 32 bytes; form gets mos's name for what
 * was parsed ("EC PRIVATE KEY", "PRIVATE KEY", "hex"). Another curve, RSA, a public key, a certificate, a
 * wrong length, a scalar of 0 or beyond the order: ERR_REFUSED by name. `name` stands in messages. */
int pki_key_read(const char *text, size_t len, const char *name, struct secret *scalar, char form[32],
                 struct error *e);

/* The public point X || Y of a private scalar. */
int pki_key_point(const uint8_t scalar[PKI_SCALAR_SIZE], uint8_t point[PKI_POINT_SIZE], struct error *e);

/* SubjectPublicKeyInfo PEM ("PUBLIC KEY") of a point; ERR_REFUSED when it is not on the curve. */
int pki_point_pem(const uint8_t point[PKI_POINT_SIZE], struct buf *to, struct error *e);

/* SHA-256 of a point's SubjectPublicKeyInfo in 64 hex digits: what `openssl pkey -pubin -outform DER` and a
 * digest of it give. */
void pki_fingerprint(const uint8_t point[PKI_POINT_SIZE], char to[PKI_FINGERPRINT_SIZE]);

/* First public key in a PEM certificate or PUBLIC KEY, when it is P-256. */
int pki_point_read(const char *text, size_t len, const char *name, uint8_t point[PKI_POINT_SIZE],
                   struct error *e);

/* Hex text of a symmetric key (white space and 0x allowed): bytes must be a multiple of 32 and at most max.
 * Words that are no hex are an error (mos would read "deadbeef" out of any prose). */
int pki_symmetric_read(const char *text, size_t len, const char *name, size_t max, struct secret *key,
                       struct error *e);

/* SHA-256, for fingerprints and digests. */
void pki_sha256(const void *bytes, size_t len, uint8_t digest[32]);

/* ECDSA P-256 check of a raw r || s signature over a digest: 0, or ERR_REFUSED. */
int pki_verify(const uint8_t point[PKI_POINT_SIZE], const uint8_t digest[32], const uint8_t signature[64],
               struct error *e);

#endif
