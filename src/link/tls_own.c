/* Our own certificate and key, for devices that ask who calls. */
#include "base/file.h"
#include "base/text.h"
#include "link/tls_impl.h"

#include <mbedtls/error.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 1 << 18 };

#define PKCS8_BEGIN "-----BEGIN ENCRYPTED PRIVATE KEY-----"
#define PKCS8_END "-----END ENCRYPTED PRIVATE KEY-----"

struct own {
    const struct link_tls *options;
    const char *path; /* of the key */
    char shown[200];
    struct buf text;
};

static int refuse(const char *what, const char *shown, int code, struct error *e)
{
    char words[160];
    mbedtls_strerror(code, words, sizeof words);
    return error_set(e, ERR_REFUSED, "%s %s: %s.", what, shown, words);
}

static int load_cert(struct tls_client *client, const char *path, struct error *e)
{
    struct buf text = {.secret = true}; /* the key may stand in the same file */
    char shown[200];
    int code = file_read(path, FILE_MAX, &text, e);
    text_safe(path, shown, sizeof shown);
    if (code == 0) {
        int rc = text.len ? mbedtls_x509_crt_parse(&client->own, text.data, text.len + 1)
                          : MBEDTLS_ERR_X509_INVALID_FORMAT;
        if (rc != 0) {
            code = error_set(e, ERR_REFUSED, "The client certificate file %s holds %s.", shown,
                             rc > 0 ? "a certificate that cannot be read" : "no certificate");
            error_next(
                e, "Give a PEM file with the certificate, and its CA's behind it if there is one between.");
        }
    }
    buf_free(&text);
    return code;
}

/* 0, or what mbedTLS says of the key with this password (NULL: none). */
static int try_key(struct tls_client *client, const struct buf *text, const struct secret *password)
{
    mbedtls_pem_context pem;
    size_t used;
    if (strstr(buf_text(text), PKCS8_BEGIN) == NULL)
        return tls_mbed_parse_key(&client->key, text->data, text->len + 1, password);
    if (password == NULL)
        return MBEDTLS_ERR_PK_PASSWORD_REQUIRED;
    mbedtls_pem_init(&pem);
    struct buf der = BUF_INIT, plain = {.secret = true};
    int code = mbedtls_pem_read_buffer(&pem, PKCS8_BEGIN, PKCS8_END, text->data, NULL, 0, &used);
    if (code == 0) {
        size_t len;
        const unsigned char *bytes = tls_mbed_pem(&pem, &len);
        buf_add(&der, bytes, len);
        code = tls_pbes2_open(&der, password, &plain);
    }
    if (code == 0 && plain.len == 0)
        code = MBEDTLS_ERR_PK_PASSWORD_MISMATCH;
    if (code == 0)
        code = tls_mbed_parse_key(&client->key, plain.data, plain.len, NULL);
    /* What a wrong password makes of the key: bad padding, or bytes that are no key. */
    bool unknown = code == MBEDTLS_ERR_PKCS5_FEATURE_UNAVAILABLE;
    mbedtls_pem_free(&pem);
    buf_free(&der);
    buf_free(&plain);
    return code == 0 || unknown ? code : MBEDTLS_ERR_PK_PASSWORD_MISMATCH;
}

static int load_encrypted(struct tls_client *client, struct own *own, struct error *e)
{
    struct secret password = SECRET_INIT;
    if (own->options->password == NULL) {
        error_set(e, ERR_REFUSED, "The key in %s is encrypted, and there is nobody to ask for its password.",
                  own->shown);
        return error_next(e, "Give its password, or a key file without one.");
    }
    int code = own->options->password(own->options->ctx, own->path, &password, e);
    if (code == 0) {
        int rc = try_key(client, &own->text, &password);
        if (rc == MBEDTLS_ERR_PKCS5_FEATURE_UNAVAILABLE) {
            code = error_set(e, ERR_REFUSED, "The key in %s is encrypted in a way that lockstep cannot undo.",
                             own->shown);
            error_next(e, "Encrypt it anew: openssl pkey -in FILE -aes256 -out NEWFILE");
        } else if (rc != 0) {
            code = error_set(e, ERR_REFUSED, "The password does not open the key in %s.", own->shown);
            error_next(e, "Try again with the right one.");
        }
    }
    secret_free(&password);
    return code;
}

static int load_key(struct tls_client *client, struct own *own, struct error *e)
{
    int code = file_read(own->path, FILE_MAX, &own->text, e);
    if (code != 0)
        return code;
    text_safe(own->path, own->shown, sizeof own->shown);
    if (own->text.len == 0)
        return error_set(e, ERR_REFUSED, "The key file %s is empty.", own->shown);
    int rc = try_key(client, &own->text, NULL);
    if (rc == MBEDTLS_ERR_PK_PASSWORD_REQUIRED)
        code = load_encrypted(client, own, e);
    else if (rc != 0)
        code = refuse("No private key can be read from", own->shown, rc, e);
    if (code == 0 && tls_mbed_check_pair(&client->own.pk, &client->key) != 0) {
        char cert[200];
        error_set(e, ERR_REFUSED, "The key in %s does not belong to the certificate in %s.", own->shown,
                  text_safe(own->options->cert_file, cert, sizeof cert));
        code = error_next(e, "Give the two that were made together.");
    }
    return code;
}

int tls_own_load(struct tls_client *client, const struct link_tls *options, struct error *e)
{
    struct own own = {.options = options, .text = {.secret = true}};
    if (options->cert_file == NULL && options->key_file == NULL)
        return 0;
    if (options->cert_file == NULL) {
        error_set(e, ERR_USAGE, "A client key was given without its certificate.");
        return error_next(e, "Give the certificate with --cert-file.");
    }
    own.path = options->key_file != NULL ? options->key_file : options->cert_file;
    int code = load_cert(client, options->cert_file, e);
    if (code == 0)
        code = load_key(client, &own, e);
    buf_free(&own.text);
    client->has_cert = code == 0;
    return code;
}
