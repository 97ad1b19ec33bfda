/* gen-key and gen-cert: keys and certificates in files on this machine, so that a whole provisioning needs no
 * other tool. Nothing here talks to a device. */
#include "atca.h"

#include "base/file.h"
#include "base/text.h"
#include "gate/escrow.h"
#include "pki/request.h"

#include <libgen.h>
#include <mbedtls/ecdsa.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* --- gen-key -------------------------------------------------------------------------------------------- */

/* The folder of a new file, made when it is missing: for keys, so for their owner only. */
static int make_folder_of(const char *path, struct error *e)
{
    char *copy = mem_string(path);
    int code = file_make_folder(dirname(copy), 0700, e);
    free(copy);
    return code;
}

static void secret_text(struct buf *to)
{
    uint8_t key[ATECC_BLOCK_SIZE];
    char text[2 * sizeof key + 1];
    secret_random(key, sizeof key);
    text_hex(key, sizeof key, text);
    buf_printf(to, "%s\n", text);
    secret_wipe(key, sizeof key);
    secret_wipe(text, sizeof text);
}

/* A random scalar is out of range once in 2^32 tries: then the next one is taken. */
static void ecc_text(struct buf *to)
{
    uint8_t scalar[PKI_SCALAR_SIZE], point[PKI_POINT_SIZE];
    struct error ignored = {0};
    do {
        secret_random(scalar, sizeof scalar);
    } while (pki_key_point(scalar, point, &ignored) != 0);
    atca_key_pem(scalar, point, to);
    secret_wipe(scalar, sizeof scalar);
}

/* With --keep a file that is there and holds such a key is left as it is. */
static int keep_key(const char *file, bool is_secret, struct error *e)
{
    struct buf text = {.secret = true};
    struct secret key = SECRET_INIT;
    char form[32];
    int code = file_read(file, ATCA_TEXT_MAX, &text, e);
    if (code == 0 && is_secret)
        code = pki_symmetric_read(buf_text(&text), text.len, file, ATECC_BLOCK_SIZE, &key, e);
    else if (code == 0)
        code = pki_key_read(buf_text(&text), text.len, file, &key, form, e);
    secret_free(&key);
    buf_free(&text);
    return code;
}

static bool is_there(const char *file)
{
    struct stat st;
    return lstat(file, &st) == 0;
}

static int gen_key(struct op_call *call, size_t step, struct error *e)
{
    const char *file = op_arg_value(call, "FILE");
    bool is_secret = op_arg_flag(call, "secret");
    struct buf text = {.secret = true};
    (void)step;
    if (atca_is_stream(file))
        return error_set(e, ERR_USAGE, "a private key goes into a file, never to the terminal");
    if (op_arg_flag(call, "keep") && is_there(file)) {
        int code = keep_key(file, is_secret, e);
        if (code == 0)
            op_say(call, "%s holds a key already and is used as it is.", file);
        return code;
    }
    char *name = NULL; /* refuses a ? */
    int code = atca_key_file_name(call, file, &name, e);
    free(name);
    if (code == 0)
        code = make_folder_of(file, e);
    if (code == 0)
        code = escrow_check(file, op_arg_value(call, "escrow"), e);
    if (code != 0)
        return code;
    if (is_secret)
        secret_text(&text);
    else
        ecc_text(&text);
    code = escrow_keep(file, op_arg_value(call, "escrow"), text.data, text.len, e);
    buf_free(&text);
    if (code == 0)
        op_say(call, "%s made: %s.", file, is_secret ? "32 random bytes" : "ECC P-256 private key");
    return code;
}

/* --- gen-cert ------------------------------------------------------------------------------------------- */

static int random_bytes(void *ctx, unsigned char *to, size_t len)
{
    (void)ctx;
    secret_random(to, len);
    return 0;
}

/* pki_signer.sign with a private scalar in memory. */
static int sign(void *ctx, const uint8_t digest[32], uint8_t signature[64], struct error *e)
{
    const struct secret *scalar = ctx;
    mbedtls_ecp_group group;
    mbedtls_mpi d, r, s;
    mbedtls_ecp_group_init(&group);
    mbedtls_mpi_init(&d);
    mbedtls_mpi_init(&r);
    mbedtls_mpi_init(&s);
    int bad = mbedtls_ecp_group_load(&group, MBEDTLS_ECP_DP_SECP256R1);
    if (bad == 0)
        bad = mbedtls_mpi_read_binary(&d, scalar->data, scalar->len);
    if (bad == 0)
        bad = mbedtls_ecdsa_sign(&group, &r, &s, &d, digest, 32, random_bytes, NULL);
    if (bad == 0)
        bad = mbedtls_mpi_write_binary(&r, signature, 32);
    if (bad == 0)
        bad = mbedtls_mpi_write_binary(&s, signature + 32, 32);
    mbedtls_mpi_free(&s);
    mbedtls_mpi_free(&r);
    mbedtls_mpi_free(&d);
    mbedtls_ecp_group_free(&group);
    return bad ? error_set(e, ERR_REFUSED, "signing with the key of the file did not work (mbedTLS -0x%04x)",
                           (unsigned)-bad)
               : 0;
}

static int read_signer(const char *file, struct secret *scalar, struct pki_signer *signer, struct error *e)
{
    struct buf text = {.secret = true};
    char form[32];
    int code = file_read(file, ATCA_TEXT_MAX, &text, e);
    if (code == 0)
        code = pki_key_read(buf_text(&text), text.len, file, scalar, form, e);
    if (code == 0)
        code = pki_key_point(scalar->data, signer->point, e);
    signer->sign = sign;
    signer->ctx = scalar;
    buf_free(&text);
    return code;
}

/* With --keep a certificate that is there must be for this key. */
static int keep_cert(const char *file, const struct pki_signer *signer, struct error *e)
{
    struct buf text = BUF_INIT;
    uint8_t point[PKI_POINT_SIZE];
    int code = file_read(file, ATCA_TEXT_MAX, &text, e);
    if (code == 0)
        code = pki_point_read(buf_text(&text), text.len, file, point, e);
    buf_free(&text);
    if (code == 0 && memcmp(point, signer->point, sizeof point) != 0) {
        error_set(e, ERR_REFUSED, "%s is there already, and it is a certificate of another key", file);
        return error_next(e, "Give another name, or move that file away.");
    }
    return code;
}

static int make_cert(struct op_call *call, const char *file, const struct pki_signer *signer, struct error *e)
{
    struct buf subject = BUF_INIT, pem = BUF_INIT;
    struct pki_cert_options options = {.days = (int)op_arg_number(call, "days")};
    int code = pki_subject_parse(op_arg_value(call, "subject"), &subject, e);
    options.subject = buf_text(&subject);
    if (code == 0)
        code = pki_cert_make(&options, signer, &pem, e);
    if (code == 0)
        code = atca_give(call, file, 0644, pem.data, pem.len, e);
    buf_free(&subject);
    buf_free(&pem);
    if (code == 0 && !atca_is_stream(file))
        op_say(call, "%s made: self-signed certificate, valid for %d days.", file, options.days);
    return code;
}

static int gen_cert(struct op_call *call, size_t step, struct error *e)
{
    const char *file = op_arg_value(call, "CERT");
    struct secret scalar = SECRET_INIT;
    struct pki_signer signer = {0};
    (void)step;
    int code = read_signer(op_arg_value(call, "KEY"), &scalar, &signer, e);
    if (code == 0 && op_arg_flag(call, "keep") && !atca_is_stream(file) && is_there(file)) {
        code = keep_cert(file, &signer, e);
        if (code == 0)
            op_say(call, "%s holds a certificate of this key already and is used as it is.", file);
    } else if (code == 0) {
        code = atca_new_file_check(file, e);
        if (code == 0)
            code = make_cert(call, file, &signer, e);
    }
    secret_free(&scalar);
    return code;
}

static const struct op_arg key_args[] = {
    {.name = "FILE",
     .type = TYPE_NEW_FILE,
     .help = "new file for the key (0400); its folder is made if missing"},
    {0},
};

static const struct op_arg key_options[] = {
    {.name = "secret",                                                 .type = TYPE_FLAG, .help = "32 random bytes in hex, for a slot that guards writes"},
    {.name = "keep", .type = TYPE_FLAG, .help = "leave a file that holds such a key already as it is"},
    {0                                                  },
};

const struct op atca_op_file_key = {
    .name = "gen-key",
    .summary = "make a key in a file on this machine",
    .help =
        "Makes an ECC P-256 private key as PEM, or with --secret 32 random bytes as hex. The file is new: an "
        "existing one is never overwritten; --keep uses it as it is. --escrow FOLDER keeps a second copy.",
    .example = "gen-key ecc.key.pem\ngen-key slot4.key --secret",
    .args = key_args,
    .options = key_options,
    .needs = NEED_NOTHING,
    .hazard = HAZARD_NONE,
    .run = gen_key,
};

static const struct op_arg cert_args[] = {
    {.name = "KEY",                         .type = TYPE_FILE, .help = "ECC P-256 private key file"},
    {.name = "CERT", .type = TYPE_NEW_FILE, .help = "new file for the certificate"},
    {0                       },
};

static const struct op_arg cert_options[] = {
    {.name = "subject",
     .type = TYPE_WORD,
     .fallback = "/CN=localhost",
     .help = "whose it is: /C=IE/O=My Co/CN=name"},
    {.name = "days",
     .type = TYPE_NUMBER,
     .max = 36500,
     .fallback = "3650",
     .help = "days it is valid from now"},
    {.name = "keep",                           .type = TYPE_FLAG, .help = "leave a certificate of this key that is there as it is"},
    {0        },
};

const struct op atca_op_file_cert = {
    .name = "gen-cert",
    .summary = "make a self-signed certificate of a key file",
    .help = "Makes an X.509 certificate of the key in KEY, signed by that key.",
    .example = "gen-cert ecc.key.pem ecc.crt.pem --subject /CN=board-17",
    .args = cert_args,
    .options = cert_options,
    .needs = NEED_NOTHING,
    .hazard = HAZARD_NONE,
    .run = gen_cert,
};
