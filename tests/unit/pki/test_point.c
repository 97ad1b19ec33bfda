/* Public points in and out; signatures of openssl's making. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pki/key.h"

#include "bench.h"

static void test_known_answers(void **state)
{
    (void)state;
    /* k = 1 gives the base point (FIPS 186-4 D.1.2.3) */
    uint8_t scalar[32] = {[31] = 1}, point[64], wanted[64], digest[32];
    assert_int_equal(pki_key_point(scalar, point, NULL), 0);
    text_unhex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
               "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
               128, false, wanted, 64);
    assert_memory_equal(point, wanted, 64);
    char fingerprint[PKI_FINGERPRINT_SIZE];
    pki_fingerprint(point, fingerprint); /* by openssl's pkey and dgst */
    assert_string_equal(fingerprint, "5cd252fb0ce8932436faf8ccd1040981b89ee4ad6b9fe9e2a2b7e71aacb27cd3");
    /* FIPS 180-4's example "abc" */
    pki_sha256("abc", 3, digest);
    text_unhex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", 64, false, wanted, 32);
    assert_memory_equal(digest, wanted, 32);
    memset(scalar, 0, sizeof scalar);
    assert_int_equal(pki_key_point(scalar, point, NULL), ERR_REFUSED);
    memset(scalar, 0xff, sizeof scalar);
    assert_int_equal(pki_key_point(scalar, point, NULL), ERR_REFUSED);
}

static void test_not_on_the_curve(void **state)
{
    (void)state;
    uint8_t point[64] = {0};
    struct buf pem = BUF_INIT;
    struct error e = {0};
    assert_int_equal(pki_point_pem(point, &pem, &e), ERR_REFUSED);
    memset(point, 0xff, sizeof point);
    assert_int_equal(pki_point_pem(point, &pem, &e), ERR_REFUSED);
    assert_non_null(strstr(e.message, "not a point of the curve"));
    assert_int_equal(pem.len, 0);
    buf_free(&pem);
}

static int read_point(const char *path, uint8_t point[64], struct error *e)
{
    struct buf b = slurp(path);
    int code = pki_point_read(buf_text(&b), b.len, path, point, e);
    buf_free(&b);
    return code;
}

static void test_points_read(void **state)
{
    (void)state;
    uint8_t a[64], b[64];
    struct buf pem = BUF_INIT, theirs;
    struct error e = {0};
    assert_sh(sh("openssl ecparam -name prime256v1 -genkey -out k.pem && openssl ec -in k.pem -pubout -out "
                 "p.pem && openssl req "
                 "-new -x509 -subj /CN=x -key k.pem -text -out c.pem && openssl req -new -subj /CN=x -key "
                 "k.pem -out r.pem"));
    assert_int_equal(read_point("p.pem", a, NULL), 0);
    assert_int_equal(pki_point_pem(a, &pem, NULL), 0);
    theirs = slurp("p.pem");
    assert_string_equal(buf_text(&pem), buf_text(&theirs));
    assert_int_equal(read_point("c.pem", b, NULL), 0);
    assert_memory_equal(a, b, 64);
    assert_int_equal(read_point("r.pem", b, NULL), 0);
    assert_memory_equal(a, b, 64);
    buf_free(&pem);
    buf_free(&theirs);
    static const struct {
        const char *make, *sentence;
    } bad[] = {
        {"cp k.pem f",                                                                         "holds no public key"},
        {": > f",                                                                              "holds no public key"},
        {"openssl ecparam -name secp384r1 -genkey -noout | openssl ec -pubout -out f",         "of 384 bits"        },
        {"openssl ecparam -name secp256k1 -genkey -noout | openssl ec -pubout -out f",         "not P-256"          },
        {"openssl genrsa 1024 | openssl rsa -pubout -out f",                                   "RSA of 1024 bits"   },
        {"openssl genrsa -out rsa 1024 && openssl req -new -x509 -subj /CN=x -key rsa -out f",
         "RSA of 1024 bits"                                                                                         },
        {"openssl genpkey -algorithm ED25519 | openssl pkey -pubout -out f",                   "f: "                },
        {"head -3 p.pem > f",                                                                  "no END line"        },
        {"sed 's/^MF/AA/' p.pem > f",                                                          "f: "                },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_sh(sh("%s", bad[i].make));
        int code = read_point("f", b, &e);
        if (code != ERR_REFUSED || strstr(e.message, bad[i].sentence) == NULL)
            fail_msg("%s: %d %s", bad[i].make, code, e.message);
    }
}

/* openssl signs, we check; any flipped byte is found. */
static void test_verify(void **state)
{
    (void)state;
    uint8_t point[64], digest[32], signature[64] = {0};
    assert_sh(sh("openssl ecparam -name prime256v1 -genkey -noout -out k.pem && openssl ec -in k.pem -pubout "
                 "-out p.pem && "
                 "printf hello > text && openssl dgst -sha256 -sign k.pem -out sig text"));
    struct buf der = slurp("sig");
    const uint8_t *p = der.data + 2; /* two INTEGERs to r || s */
    for (size_t i = 0; i < 2; i++) {
        size_t len = p[1], skip = len > 32 ? len - 32 : 0;
        memcpy(signature + i * 32 + 32 - (len - skip), p + 2 + skip, len - skip);
        p += 2 + len;
    }
    buf_free(&der);
    assert_int_equal(read_point("p.pem", point, NULL), 0);
    pki_sha256("hello", 5, digest);
    assert_int_equal(pki_verify(point, digest, signature, NULL), 0);
    for (size_t i = 0; i < 64; i += 7) {
        signature[i] ^= 1;
        assert_int_equal(pki_verify(point, digest, signature, NULL), ERR_REFUSED);
        signature[i] ^= 1;
        digest[i / 2] ^= 1;
        assert_int_equal(pki_verify(point, digest, signature, NULL), ERR_REFUSED);
        digest[i / 2] ^= 1;
        point[i] ^= 1;
        assert_int_equal(pki_verify(point, digest, signature, NULL), ERR_REFUSED);
        point[i] ^= 1;
    }
    memset(signature, 0, 32);
    assert_int_equal(pki_verify(point, digest, signature, NULL), ERR_REFUSED);
    memset(signature, 0, 64);
    assert_int_equal(pki_verify(point, digest, signature, NULL), ERR_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers),
        cmocka_unit_test(test_not_on_the_curve),
        cmocka_unit_test(test_points_read),
        cmocka_unit_test(test_verify),
    };
    return cmocka_run_group_tests(tests, bench_open, bench_close);
}
