/* Certificate requests: see request.h. */
#include "pki/request.h"
#include "pki/outer.h"
#include "pki/pem.h"

enum { DER_MAX = 8192 };

static int write_der(mbedtls_x509write_csr *request, const char *subject, mbedtls_pk_context *key,
                     const struct pki_signer *signer, struct buf *to, struct error *e)
{
    uint8_t der[DER_MAX];
    mbedtls_x509write_csr_set_md_alg(request, MBEDTLS_MD_SHA256);
    mbedtls_x509write_csr_set_key(request, key);
    int code = mbedtls_x509write_csr_set_subject_name(request, subject);
    if (code != 0)
        return mbed_error(code, "writing the request's subject", e);
    int len = mbedtls_x509write_csr_der(request, der, sizeof der, mbed_random, NULL); /* at the array's end */
    if (len < 0)
        return mbed_error(len, "writing the request", e);
    return pki_sign_again(der + sizeof der - len, (size_t)len, signer, to, e);
}

/* What comes out must be a request that reads back. */
static int check_result(const struct buf *der, struct error *e)
{
    mbedtls_x509_csr made;
    mbedtls_x509_csr_init(&made);
    int code = mbedtls_x509_csr_parse_der(&made, der->data, der->len);
    mbedtls_x509_csr_free(&made);
    return code == 0 ? 0 : mbed_error(code, "reading the new request back", e);
}

int pki_request_make(const char *subject, const struct pki_signer *signer, struct buf *pem, struct error *e)
{
    mbedtls_x509write_csr request;
    mbedtls_pk_context key;
    struct buf der = BUF_INIT;
    mbedtls_x509write_csr_init(&request);
    mbedtls_pk_init(&key);
    int code = pki_stand_in(signer, &key, e);
    if (code == 0)
        code = write_der(&request, subject, &key, signer, &der, e);
    if (code == 0)
        code = check_result(&der, e);
    if (code == 0)
        pem_write("CERTIFICATE REQUEST", der.data, der.len, pem);
    buf_free(&der);
    mbedtls_pk_free(&key);
    mbedtls_x509write_csr_free(&request);
    return code;
}
