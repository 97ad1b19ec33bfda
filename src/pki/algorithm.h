/* What kind of key an AlgorithmIdentifier (RFC 5280) names. */
#ifndef PKI_ALGORITHM_H
#define PKI_ALGORITHM_H

#include <stddef.h>
#include <stdint.h>

enum pki_algorithm { PKI_P256, PKI_OTHER, PKI_EXPLICIT_CURVE, PKI_NO_CURVE };

struct pki_key_kind {
    enum pki_algorithm algorithm;
    char name[64]; /* "P-384", "RSA", "Ed25519", "of kind 1.2.3.4" */
};

/* From the contents of an AlgorithmIdentifier: the OID and its parameters. */
void pki_algorithm_read(const uint8_t *der, size_t len, struct pki_key_kind *kind);

/* From EcpkParameters (RFC 5480): a curve's OID. */
void pki_curve_read(const uint8_t *der, size_t len, struct pki_key_kind *kind);

#endif
