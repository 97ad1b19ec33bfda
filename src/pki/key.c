/* Private keys from files of every usual form: see key.h. */
#include "pki/key.h"
#include "pki/der_key.h"
#include "pki/hex.h"
#include "pki/pem.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* What a PEM block means to someone who looks for a private key. */
enum meaning { IS_KEY, IS_CURVE, IS_REFUSED, IS_SKIPPED };
static const struct label {
    const char *label;
    enum meaning meaning;
    const char *what;
} labels[] = {
    {"EC PRIVATE KEY",          IS_KEY,     NULL                             },
    {"PRIVATE KEY",             IS_KEY,     NULL                             },
    {"EC PARAMETERS",           IS_CURVE,   "curve parameters"               },
    {"ENCRYPTED PRIVATE KEY",   IS_REFUSED, "an encrypted private key"       },
    {"RSA PRIVATE KEY",         IS_REFUSED, "an RSA private key"             },
    {"DSA PRIVATE KEY",         IS_REFUSED, "a DSA private key"              },
    {"OPENSSH PRIVATE KEY",     IS_REFUSED, "a private key in OpenSSH's form"},
    {"PUBLIC KEY",              IS_SKIPPED, "a public key"                   },
    {"RSA PUBLIC KEY",          IS_SKIPPED, "an RSA public key"              },
    {"CERTIFICATE",             IS_SKIPPED, "a certificate"                  },
    {"TRUSTED CERTIFICATE",     IS_SKIPPED, "a certificate"                  },
    {"CERTIFICATE REQUEST",     IS_SKIPPED, "a certificate request"          },
    {"NEW CERTIFICATE REQUEST", IS_SKIPPED, "a certificate request"          },
};

static const struct label unknown = {"", IS_SKIPPED, "no kind of key that is known here"};

static const struct label *label_of(const struct pem_block *block)
{
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++)
        if (strcmp(labels[i].label, block->label) == 0)
            return &labels[i];
    return &unknown;
}

static int refuse_encrypted(const char *name, struct error *e)
{
    error_set(e, ERR_REFUSED, "%s: it holds an encrypted private key", name);
    error_next(e, "decrypt it first: openssl pkey -in %s -out NEW, and delete NEW afterwards.", name);
    return ERR_REFUSED;
}

static int refuse_other(const char *what, const char *name, struct error *e)
{
    error_set(e, ERR_REFUSED, "%s: it holds %s, not a P-256 private key", name, what);
    error_next(e, "give the file with \"EC PRIVATE KEY\" or \"PRIVATE KEY\" in it, or 64 hex digits.");
    return ERR_REFUSED;
}

static int read_block(const struct pem_block *block, const struct label *label,
                      const struct pki_key_kind *curve, const char *name, struct secret *scalar,
                      char form[32], struct error *e)
{
    if (block->encrypted || strcmp(label->label, "ENCRYPTED PRIVATE KEY") == 0)
        return refuse_encrypted(name, e);
    if (label->meaning == IS_REFUSED)
        return refuse_other(label->what, name, e);
    return pki_der_key_read(block->der.data, block->der.len, curve, name, scalar, form, e);
}

/* The first private key decides; what stands before it, certificates say, is skipped. */
static int read_pem(const char *text, size_t len, const char *name, struct secret *scalar, char form[32],
                    struct error *e)
{
    const char *at = text, *end = text + len, *seen = NULL;
    struct pki_key_kind curve;
    bool has_curve = false;
    struct pem_block block;
    int code;
    while ((code = pem_next(&at, end, name, &block, e)) == 1) {
        const struct label *label = label_of(&block);
        if (label->meaning == IS_CURVE) {
            pki_curve_read(block.der.data, block.der.len, &curve);
            has_curve = true;
        } else if (label->meaning != IS_SKIPPED) {
            code = read_block(&block, label, has_curve ? &curve : NULL, name, scalar, form, e);
            pem_block_free(&block);
            return code;
        }
        if (seen == NULL)
            seen = label->what;
        pem_block_free(&block);
    }
    return code < 0 ? code : refuse_other(seen, name, e);
}

static int read_hex(const char *text, size_t len, const char *name, struct secret *scalar, char form[32],
                    struct error *e)
{
    struct secret bytes = SECRET_INIT;
    int code = pki_hex_read(text, len, name, &bytes, e);
    if (code == 0 && bytes.len != PKI_SCALAR_SIZE)
        code = error_set(e, ERR_REFUSED, "%s: the key has %zu bytes, a P-256 private key has %d", name,
                         bytes.len, PKI_SCALAR_SIZE);
    if (code == 0)
        code = pki_scalar_take(bytes.data, bytes.len, name, scalar, e);
    if (code == 0)
        snprintf(form, 32, "hex");
    secret_free(&bytes);
    return code;
}

int pki_key_read(const char *text, size_t len, const char *name, struct secret *scalar, char form[32],
                 struct error *e)
{
    enum { DER_SEQUENCE = 0x30 };
    if (pem_is(text, len))
        return read_pem(text, len, name, scalar, form, e);
    if (pki_is_text(text, len))
        return read_hex(text, len, name, scalar, form, e);
    if ((unsigned char)text[0] == DER_SEQUENCE)
        return pki_der_key_read((const uint8_t *)text, len, NULL, name, scalar, form, e);
    return refuse_other("neither PEM nor DER nor hex text", name, e);
}
