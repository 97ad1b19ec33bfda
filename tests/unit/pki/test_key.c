/* Private keys of every form the openssl command writes, and every refusal by its own sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pki/key.h"

#include "bench.h"

/* An ECPrivateKey without a public key, for openssl to turn into the other forms. */
static void write_sec1(const char *path, const uint8_t scalar[32])
{
    static const uint8_t head[] = {0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20};
    static const uint8_t tail[] = {0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    struct buf b = BUF_INIT;
    buf_add(&b, head, sizeof head);
    buf_add(&b, scalar, 32);
    buf_add(&b, tail, sizeof tail);
    spit(path, b.data, b.len);
    buf_free(&b);
}

static int read_file(const char *path, struct secret *scalar, char form[32], struct error *e)
{
    struct buf b = slurp(path);
    error_clear(e);
    memset(form, 0, 32);
    int code = pki_key_read(buf_text(&b), b.len, path, scalar, form, e);
    buf_free(&b);
    return code;
}

static void assert_reads(const char *path, const uint8_t scalar[32], const char *form)
{
    struct secret got = SECRET_INIT;
    struct error e = {0};
    char said[32];
    if (read_file(path, &got, said, &e) != 0)
        fail_msg("%s", e.message);
    assert_int_equal(got.len, 32);
    assert_memory_equal(got.data, scalar, 32);
    assert_string_equal(said, form);
    secret_free(&got);
}

static void assert_refused(const char *path, const char *sentence)
{
    struct secret got = SECRET_INIT;
    struct error e = {0};
    char said[32];
    int code = read_file(path, &got, said, &e);
    if (code != ERR_REFUSED || strstr(e.message, sentence) == NULL || strstr(e.message, path) == NULL)
        fail_msg("%s: %d, \"%s\" instead of \"%s\"", path, code, e.message, sentence);
    assert_null(got.data);
}

/* Each form of one scalar, with as many leading zero bytes as said: they must stay where they are. */
static void check_forms(size_t zeros)
{
    uint8_t scalar[32], point[64];
    char hex[65];
    memset(scalar, 0x11, sizeof scalar);
    memset(scalar, 0, zeros);
    scalar[31] = 0xfe;
    text_hex(scalar, 32, hex);
    write_sec1("raw.der", scalar);
    assert_sh(sh("openssl ec -inform DER -in raw.der -out sec1.pem && openssl ec -in sec1.pem -outform DER "
                 "-out sec1.der"
                 " && openssl pkcs8 -topk8 -nocrypt -in sec1.pem -out pkcs8.pem"
                 " && openssl pkcs8 -topk8 -nocrypt -in sec1.pem -outform DER -out pkcs8.der"
                 " && openssl ec -in sec1.pem -no_public -out nopublic.pem"
                 " && (openssl ecparam -name prime256v1; cat sec1.pem) > parameters.pem"
                 " && sed 's/$/\\r/' sec1.pem > crlf.pem"
                 " && openssl req -new -x509 -subj /CN=x -key sec1.pem -out cert.pem"
                 " && (cat cert.pem; echo some words; cat pkcs8.pem) > both.pem"
                 " && openssl pkey -in sec1.pem -text > text.pem"
                 " && openssl ec -in sec1.pem -pubout -out public.pem"));
    assert_reads("raw.der", scalar, "EC PRIVATE KEY");
    assert_reads("sec1.pem", scalar, "EC PRIVATE KEY");
    assert_reads("sec1.der", scalar, "EC PRIVATE KEY");
    assert_reads("nopublic.pem", scalar, "EC PRIVATE KEY");
    assert_reads("parameters.pem", scalar, "EC PRIVATE KEY");
    assert_reads("crlf.pem", scalar, "EC PRIVATE KEY");
    assert_reads("pkcs8.pem", scalar, "PRIVATE KEY");
    assert_reads("pkcs8.der", scalar, "PRIVATE KEY");
    assert_reads("both.pem", scalar, "PRIVATE KEY");
    assert_reads("text.pem", scalar, "PRIVATE KEY");
    spit("hex", hex, 64);
    assert_reads("hex", scalar, "hex");
    /* and the public key is the one openssl computes */
    struct buf mine = BUF_INIT, theirs = slurp("public.pem");
    assert_int_equal(pki_key_point(scalar, point, NULL), 0);
    assert_int_equal(pki_point_pem(point, &mine, NULL), 0);
    assert_string_equal(buf_text(&mine), buf_text(&theirs));
    buf_free(&mine);
    buf_free(&theirs);
}

static void test_forms(void **state)
{
    (void)state;
    check_forms(0);
}

static void test_leading_zeros_stay(void **state)
{
    (void)state;
    check_forms(1);
    check_forms(2);
    check_forms(12);
}

/* An encoder that drops leading zeros writes a shorter OCTET STRING. */
static void test_short_octets_are_padded(void **state)
{
    (void)state;
    static const uint8_t der[] = {0x30, 0x14, 0x02, 0x01, 0x01, 0x04, 0x03, 0xaa, 0xbb, 0xcc, 0xa0,
                                  0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    uint8_t scalar[32] = {0};
    memcpy(scalar + 29, "\xaa\xbb\xcc", 3);
    spit("short.der", der, sizeof der);
    assert_reads("short.der", scalar, "EC PRIVATE KEY");
}

static void test_hex_layouts(void **state)
{
    (void)state;
    uint8_t scalar[32];
    for (int i = 0; i < 32; i++)
        scalar[i] = (uint8_t)i;
    static const char *const texts[] = {
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "0x000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F\r\n",
        " 0x00 0x01 02030405 0607\n08090a0b0c0d0e0f\t10111213 14151617\n18191a1b1c1d1e1f\n\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        spit("hex", texts[i], strlen(texts[i]));
        assert_reads("hex", scalar, "hex");
    }
}

static void test_hex_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *sentence;
    } cases[] = {
        {"",                                                                   "the file is empty"      },
        {" \n\t\n",                                                            "the file is empty"      },
        {"0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",     "has 31 bytes"           },
        {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20", "has 33 bytes"           },
        {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1",    "half a byte"            },
        {"0 1",                                                                "half a byte"            },
        {"01 0x",                                                              "half a byte"            },
        {"01\n02\ndead beef, he said",                                         "line 3: not a hex digit"},
        {"0x01, 0x02",                                                         "line 1: not a hex digit"},
        {"0000000000000000000000000000000000000000000000000000000000000000",   "is zero"                },
        {"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",   "not below the order"    },
        {"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",   "not below the order"    },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        spit("hex", cases[i].text, strlen(cases[i].text));
        assert_refused("hex", cases[i].sentence);
    }
    uint8_t largest[32];
    static const char text[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550";
    assert_int_equal(text_unhex(text, 64, false, largest, 32), 32);
    spit("hex", text, 64);
    assert_reads("hex", largest, "hex");
}

/* A refusal must not tell a part of what may be a key. */
static void test_messages_hold_no_key(void **state)
{
    (void)state;
    struct secret got = SECRET_INIT;
    struct error e = {0};
    char form[32];
    static const char text[] = "f00dface f00dface f00dface zzz";
    assert_int_equal(pki_key_read(text, strlen(text), "file", &got, form, &e), ERR_REFUSED);
    assert_null(strstr(e.message, "f00d"));
    assert_null(strstr(e.message, "zzz"));
}

static void test_other_files_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *make, *sentence;
    } cases[] = {
        {"openssl ecparam -name secp384r1 -genkey -noout -out f",                              "is P-384, and must be P-256" },
        {"openssl ecparam -name secp384r1 -genkey -out f",                                     "is P-384"                    },
        {"openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out f",              "is P-384"                    },
        {"openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -outform DER -out f", "is P-521"                    },
        {"openssl ecparam -name secp256k1 -genkey -noout -out f",                              "is secp256k1"                },
        {"openssl ecparam -name brainpoolP256r1 -genkey -noout -out f",                        "is brainpoolP256r1"          },
        {"openssl ecparam -name sect283k1 -genkey -noout -out f",                              "of kind 1.3.132.0.16"        },
        {"openssl genpkey -algorithm ED25519 -out f",                                          "is Ed25519"                  },
        {"openssl genpkey -algorithm X25519 -outform DER -out f",                              "is X25519"                   },
        {"openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out f",                "is RSA"                      },
        {"openssl genrsa -traditional -out f 1024",                                            "an RSA private key"          },
        {"openssl genrsa -traditional 1024 | openssl rsa -traditional -outform DER -out f",
         "an RSA or DSA private key"                                                                                         },
        {"openssl ec -in k.pem -pubout -out f",                                                "it holds a public key"       },
        {"openssl ec -in k.pem -pubout -outform DER -out f",                                   "it holds a public key"       },
        {"openssl req -new -x509 -subj /CN=x -key k.pem -out f",                               "it holds a certificate"      },
        {"openssl req -new -x509 -subj /CN=x -key k.pem -outform DER -out f",                  "it holds a certificate or"   },
        {"openssl req -new -subj /CN=x -key k.pem -out f",                                     "a certificate request"       },
        {"openssl ecparam -name prime256v1 -out f",                                            "it holds curve parameters"   },
        {"openssl ec -in k.pem -aes128 -passout pass:abcd -out f",                             "an encrypted private key"    },
        {"openssl pkcs8 -topk8 -in k.pem -passout pass:abcd -out f",                           "an encrypted private key"    },
        {"openssl pkcs8 -topk8 -in k.pem -passout pass:abcd -outform DER -out f",              "an encrypted private key"    },
        {"openssl ec -in k.pem -param_enc explicit -out f",                                    "spells its curve out"        },
        {"head -4 k.pem > f",                                                                  "has no END line"             },
        {"sed 's/^M/=/' k.pem > f",                                                            "is damaged"                  },
        {"sed 's/^M/!/' k.pem > f",                                                            "is damaged"                  },
        {"sed 's/EC PRIVATE/FUNNY/' k.pem > f",                                                "no kind of key that is known"},
        {"openssl ec -in k.pem -outform DER | head -c 100 > f",                                "damaged"                     },
        {"(openssl ec -in k.pem -outform DER; echo) > f",                                      "damaged"                     },
        {"head -c 64 /dev/zero > f",                                                           "neither PEM nor DER nor hex" },
        {"printf '\\357\\273\\277%064d' 1 > f",                                                "neither PEM nor DER nor hex" },
    };
    assert_sh(sh("openssl ecparam -name prime256v1 -genkey -noout -out k.pem"));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_sh(sh("%s", cases[i].make));
        assert_refused("f", cases[i].sentence);
    }
}

/* The public key of another private key inside. */
static void test_mixed_halves_refused(void **state)
{
    (void)state;
    assert_sh(sh("openssl ecparam -name prime256v1 -genkey -noout -out k.pem && openssl ec -in k.pem "
                 "-outform DER -out k.der"));
    struct buf der = slurp("k.der");
    der.data[7 + 31] ^= 1;
    spit("mixed.der", der.data, der.len);
    assert_refused("mixed.der", "does not belong to the private key");
    buf_free(&der);
}

/* A bare ECPrivateKey that names no curve may be on any curve of 256 bits. */
static void test_no_curve_refused(void **state)
{
    (void)state;
    uint8_t der[5 + 2 + 32] = {0x30, 0x25, 0x02, 0x01, 0x01, 0x04, 0x20, [38] = 9};
    spit("bare.der", der, sizeof der);
    assert_refused("bare.der", "does not say which curve");
}

/* Every cut and every flipped byte of good files: a key or a sentence, and no harm. */
static void test_damaged_files(void **state)
{
    (void)state;
    assert_sh(sh("openssl ecparam -name prime256v1 -genkey -out k.pem && openssl pkcs8 -topk8 -nocrypt -in "
                 "k.pem -outform DER -out k.der"));
    static const char *const files[] = {"k.pem", "k.der"};
    for (size_t f = 0; f < 2; f++) {
        struct buf good = slurp(files[f]);
        for (size_t i = 0; i < 2 * good.len; i++) {
            struct secret got = SECRET_INIT;
            struct error e = {0};
            char form[32];
            size_t n = i < good.len ? i : good.len;
            uint8_t *copy = malloc(n + 1); /* exact size: a read beyond it is found */
            memcpy(copy, good.data, n);
            if (i >= good.len)
                copy[i - good.len] ^= 0x41;
            int code = pki_key_read((char *)copy, n, "f", &got, form, &e);
            assert_true(code == 0 || (code == ERR_REFUSED && e.message[0] != '\0'));
            secret_free(&got);
            free(copy);
        }
        buf_free(&good);
    }
}

static void test_symmetric(void **state)
{
    (void)state;
    static const struct {
        size_t digits, max;
        const char *sentence; /* NULL: taken */
    } cases[] = {
        {64,  32, NULL                                          },
        {64,  64, NULL                                          },
        {128, 64, NULL                                          },
        {128, 32, "there is room for 32"                        },
        {62,  32, "has 31 bytes, and must have a multiple of 32"},
        {66,  64, "has 33 bytes"                                },
        {0,   32, "is empty"                                    },
        {63,  32, "half a byte"                                 },
    };
    char text[200];
    struct error e;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct secret key = SECRET_INIT;
        memset(text, 'a', sizeof text);
        int code = pki_symmetric_read(text, cases[i].digits, "slot4.key", cases[i].max, &key, &e);
        if (cases[i].sentence == NULL) {
            assert_int_equal(code, 0);
            assert_int_equal(key.len, cases[i].digits / 2);
            assert_int_equal(key.data[key.len - 1], 0xaa);
        } else {
            assert_int_equal(code, ERR_REFUSED);
            assert_non_null(strstr(e.message, cases[i].sentence));
            assert_null(key.data);
        }
        secret_free(&key);
    }
    struct secret key = SECRET_INIT;
    static const char prose[] =
        "the cafe was added: deadbeef and so on, for sixty four and more letters in all";
    assert_int_equal(pki_symmetric_read(prose, strlen(prose), "f", 64, &key, &e), ERR_REFUSED);
    static const char pem[] = "-----BEGIN EC PRIVATE KEY-----\n";
    assert_int_equal(pki_symmetric_read(pem, strlen(pem), "f", 64, &key, &e), ERR_REFUSED);
    assert_non_null(strstr(e.message, "PEM"));
    assert_sh(sh("openssl rand -hex 32 > k"));
    struct buf b = slurp("k");
    assert_int_equal(pki_symmetric_read(buf_text(&b), b.len, "k", 32, &key, &e), 0);
    buf_free(&b);
    secret_free(&key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_leading_zeros_stay),
        cmocka_unit_test(test_short_octets_are_padded),
        cmocka_unit_test(test_hex_layouts),
        cmocka_unit_test(test_hex_refused),
        cmocka_unit_test(test_messages_hold_no_key),
        cmocka_unit_test(test_other_files_refused_by_name),
        cmocka_unit_test(test_mixed_halves_refused),
        cmocka_unit_test(test_no_curve_refused),
        cmocka_unit_test(test_damaged_files),
        cmocka_unit_test(test_symmetric),
    };
    return cmocka_run_group_tests(tests, bench_open, bench_close);
}
