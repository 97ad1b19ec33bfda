/* What is wrong with a device's certificate, in words. */
#ifndef LINK_TLS_VERDICT_H
#define LINK_TLS_VERDICT_H

#include "link/tls_impl.h"
#include "link/trust.h"

struct tls_verdict {
    const struct tls_client *client;
    const mbedtls_x509_crt *leaf; /* the device's, the rest of its chain behind it */
    struct trust *trust;          /* empty when the key is pinned */
    char pin[LINK_TLS_PIN_SIZE];  /* of the leaf's key */
    uint32_t flags;               /* MBEDTLS_X509_BADCERT_…, of the whole chain */
    const mbedtls_x509_crt
        *culprit[32]; /* for each flag's bit, the certificate nearest to the leaf that has it */
};

/* A check of ours failed for a certificate. */
void tls_verdict_add(struct tls_verdict *v, uint32_t flags, const mbedtls_x509_crt *cert);

/* The problems as the middle of a sentence: "it expired on …; it is issued by …". */
void tls_verdict_words(const struct tls_verdict *v, struct buf *to);
/* "Opening …: the device's certificate is refused: …", and what helps. ERR_CONNECTION. */
void tls_verdict_error(const struct tls_verdict *v, struct error *why);

#endif
