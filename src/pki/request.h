/* Certificate requests and certificates for a key that only signs on demand (a chip's slot).
 * The outer structure is made by mbedTLS with the signer's public point and a throwaway scalar; then the
 * signature over the same to-be-signed bytes is replaced by the signer's and the result is verified before it
 * is given out. */
#ifndef PKI_REQUEST_H
#define PKI_REQUEST_H

#include "base/buf.h"
#include "pki/signer.h"

/* A subject as openssl's -subj writes it: "/C=IE/ST=Dublin/O=My \/ Co/CN=howdy", or as RFC 4514
 * "CN=howdy,O=X", which begins with the most specific part; a name in commas that begins with its country is
 * taken in the order written, as openssl shows names. Gives mbedTLS's form ("C=IE, ST=Dublin, …"). ERR_USAGE
 * for an unknown attribute, one that is there twice, a missing '=', an empty subject, a value mbedTLS's form
 * cannot hold (a backslash, # in front). */
int pki_subject_parse(const char *subject, struct buf *to, struct error *e);

/* Subject of a PEM request (csr-template, may carry openssl's -text before it) or certificate, in mbedTLS's
 * form. */
int pki_subject_of(const char *pem, size_t len, const char *name, struct buf *to, struct error *e);

/* PKCS#10 PEM. subject in mbedTLS's form. */
int pki_request_make(const char *subject, const struct pki_signer *signer, struct buf *pem, struct error *e);

struct pki_cert_options {
    const char *subject;      /* mbedTLS form; NULL: the template's */
    int days;                 /* validity from now; 0: the template's own dates */
    const char *template_pem; /* subject, key usages and alternative names come from here when not NULL */
    size_t template_len;
    const char *ca_cert_pem; /* issuer; NULL: self-signed by the signer */
    const char *ca_key_pem;  /* issuer's private key file, when ca_cert_pem is given */
};

/* X.509 v3 certificate over the signer's public key: self-signed by the signer, or signed by the CA's key. */
int pki_cert_make(const struct pki_cert_options *options, const struct pki_signer *signer, struct buf *pem,
                  struct error *e);

#endif
