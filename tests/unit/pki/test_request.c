/* Requests for a key that only signs, judged by openssl; subjects in and out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pki/request.h"

#include "chip.h"

static void test_request_verifies(void **state)
{
    (void)state;
    struct chip chip;
    /* many, as r and s with a leading zero or a high bit change the signature's length */
    for (int i = 0; i < 24; i++) {
        struct pki_signer signer = chip_signer(&chip);
        struct buf pem = BUF_INIT, mine = BUF_INIT;
        struct error e = {0};
        if (pki_request_make("C=IE, L=Dublin, O=ACME Ltd, OU=Testing, CN=test.acme.com", &signer, &pem, &e) !=
            0)
            fail_msg("%s", e.message);
        assert_int_equal(chip.calls, 1);
        spit("csr.pem", pem.data, pem.len);
        assert_sh(sh("openssl req -in csr.pem -verify -noout"));
        assert_log("verify OK");
        assert_sh(sh("openssl req -in csr.pem -noout -subject -pubkey -nameopt RFC2253 > out; tail -n +2 out "
                     "> key; cat out"));
        assert_log("CN=test.acme.com,OU=Testing,O=ACME Ltd,L=Dublin,C=IE");
        struct buf out = slurp("out"); /* the public key is the chip's */
        assert_int_equal(pki_point_pem(signer.point, &mine, NULL), 0);
        assert_non_null(strstr(buf_text(&out), buf_text(&mine)));
        buf_free(&out);
        buf_free(&mine);
        buf_free(&pem);
    }
    assert_sh(sh("openssl req -in csr.pem -noout -text"));
    assert_log("Signature Algorithm: ecdsa-with-SHA256");
    assert_log("ASN1 OID: prime256v1");
}

static void test_request_refused(void **state)
{
    (void)state;
    struct chip chip;
    struct buf pem = BUF_INIT;
    struct error e = {0};
    struct pki_signer signer = chip_signer(&chip);
    chip.code = ERR_CONNECTION;
    assert_int_equal(pki_request_make("CN=x", &signer, &pem, &e), ERR_CONNECTION);
    assert_string_equal(e.message, "the chip refused to sign");
    signer = chip_signer(&chip);
    chip.damage = 1;
    assert_int_equal(pki_request_make("CN=x", &signer, &pem, &e), ERR_REFUSED);
    assert_non_null(strstr(e.message, "does not belong"));
    signer = chip_signer(&chip);
    chip.scalar[5] ^= 1; /* another key signs than the one that was read */
    assert_int_equal(pki_request_make("CN=x", &signer, &pem, &e), ERR_REFUSED);
    signer = chip_signer(&chip);
    signer.point[63] ^= 1;
    assert_int_equal(pki_request_make("CN=x", &signer, &pem, &e), ERR_REFUSED);
    assert_non_null(strstr(e.message, "not a point of the curve"));
    assert_int_equal(chip.calls, 0);
    signer = chip_signer(&chip);
    assert_int_equal(pki_request_make("BOGUS=x", &signer, &pem, &e), ERR_REFUSED);
    assert_int_equal(pki_request_make("no name", &signer, &pem, &e), ERR_REFUSED);
    assert_int_equal(pem.len, 0);
    buf_free(&pem);
}

static void test_subjects(void **state)
{
    (void)state;
    static const struct {
        const char *given, *wanted; /* NULL: refused, and the sentence holds: */
        const char *sentence;
    } cases[] = {
        {"/C=IE/ST=Dublin/L=Docks/O=MyCompany/CN=howdy",                          "C=IE, ST=Dublin, L=Docks, O=MyCompany, CN=howdy",
         NULL                                                                                                                                                    },
        {"/CN=howdy",                                                             "CN=howdy",                                        NULL                        },
        {"/CN=howdy/",                                                            "CN=howdy",                                        NULL                        },
        {"/O=My \\/ Co/CN=a=b",                                                   "O=My / Co, CN=a=b",                               NULL                        },
        {"/O=Smith, Jones/CN=x",                                                  "O=Smith\\, Jones, CN=x",                          NULL                        },
        {"/commonName=x/countryName=ie/emailAddress=a@b.c",                       "CN=x, C=ie, emailAddress=a@b.c",                  NULL                        },
        {"CN=howdy,O=X",                                                          "O=X, CN=howdy",                                   NULL                        }, /* RFC 4514: the most specific part first */
        {"CN=howdy, OU=A B , O=Smith\\, Jones,C=IE",                              "C=IE, O=Smith\\, Jones, OU=A B, CN=howdy",        NULL                        },
        {"C=IE, O=X, CN=howdy",                                                   "C=IE, O=X, CN=howdy",                             NULL                        }, /* as openssl shows names */
        {"CN=a\\+b\\2Cc",                                                         "CN=a+b\\,c",                                      NULL                        },
        {"cn = howdy",                                                            "CN=howdy",                                        NULL                        },
        {"/CN=J\xc3\xbcrgen",                                                     "CN=J\xc3\xbcrgen",                                NULL                        },
        {"",                                                                      NULL,                                              "is empty"                  },
        {"/",                                                                     NULL,                                              "is empty"                  },
        {"   ",                                                                   NULL,                                              "is empty"                  },
        {"howdy",                                                                 NULL,                                              "has no \"=\""              },
        {"/CN",                                                                   NULL,                                              "has no \"=\""              },
        {"/CN=x//O=y",                                                            NULL,                                              "has no \"=\""              },
        {"/=x",                                                                   NULL,                                              "no attribute that is known"},
        {"/CN=",                                                                  NULL,                                              "has no value"              },
        {"/CN=  ",                                                                NULL,                                              "has no value"              },
        {"/XY=z",                                                                 NULL,                                              "\"XY\" is no attribute"    },
        {"/CN=a/CN=b",                                                            NULL,                                              "there twice"               },
        {"/CN=a+O=b",                                                             NULL,                                              "several values"            },
        {"/C=IRL",                                                                NULL,                                              "too long"                  },
        {"/C=I",                                                                  NULL,                                              "too short"                 },
        {"/CN=0123456789012345678901234567890123456789012345678901234567890123",
         "CN=0123456789012345678901234567890123"
         "456789012345678901234567890123",                                                                                           NULL                        },
        {"/CN=01234567890123456789012345678901234567890123456789012345678901234", NULL,                                              "too long"                  },
        {"/CN=a\\\\b",                                                            NULL,                                              "backslash"                 },
        {"/CN=ab\\",                                                              NULL,                                              "ends in a backslash"       },
        {"/CN=#0401",                                                             NULL,                                              "begins with #"             },
        {"/CN=a\nb",                                                              NULL,                                              "control character"         },
        {"/CN=a\x1b[2Jb",                                                         NULL,                                              "control character"         },
        {"/CN=a\xff",                                                             NULL,                                              "no UTF-8"                  },
        {"/CN=a\\00b",                                                            NULL,                                              "control character"         },
        {"/C=\xc3\xbc\xc3\xbc",                                                   NULL,                                              "ASCII only"                },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf got = BUF_INIT;
        struct error e = {0};
        int code = pki_subject_parse(cases[i].given, &got, &e);
        if (code != (cases[i].wanted ? 0 : ERR_USAGE) ||
            (cases[i].wanted && strcmp(buf_text(&got), cases[i].wanted) != 0) ||
            (cases[i].sentence && strstr(e.message, cases[i].sentence) == NULL))
            fail_msg("\"%s\": %d \"%s\" %s", cases[i].given, code, buf_text(&got), e.message);
        if (code != 0)
            assert_int_equal(got.len, 0);
        buf_free(&got);
    }
}

/* What is parsed is what openssl finds in the request. */
static void test_subjects_arrive(void **state)
{
    (void)state;
    static const char *const subjects[] = {
        "/C=IE/ST=Dublin/L=Docks/O=MyCompany/CN=howdy",
        "/O=Smith, Jones/CN=x",
        "/CN=a=b",
        "/O=My \\/ Co/CN=x",
        "/CN=\"quoted\" <x>; y",
        "/emailAddress=a@b.c/serialNumber=12/title=T/GN=g/SN=s/DC=d",
    };
    struct chip chip;
    struct pki_signer signer = chip_signer(&chip);
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
        struct buf name = BUF_INIT, pem = BUF_INIT;
        assert_int_equal(pki_subject_parse(subjects[i], &name, NULL), 0);
        assert_int_equal(pki_request_make(buf_text(&name), &signer, &pem, NULL), 0);
        spit("mine.pem", pem.data, pem.len);
        spit("subject", subjects[i], strlen(subjects[i]));
        assert_sh(
            sh("openssl req -in mine.pem -noout -subject -nameopt RFC2253 > mine && openssl ecparam -name "
               "prime256v1 "
               "-genkey -noout -out k && openssl req -new -key k -utf8 -subj \"$(cat subject)\" -out "
               "theirs.pem && "
               "openssl req -in theirs.pem -noout -subject -nameopt RFC2253 > theirs && diff mine theirs"));
        struct buf back = BUF_INIT; /* and it reads back as it was */
        assert_int_equal(pki_subject_of(buf_text(&pem), pem.len, "mine.pem", &back, NULL), 0);
        assert_string_equal(buf_text(&back), buf_text(&name));
        buf_free(&back);
        buf_free(&name);
        buf_free(&pem);
    }
}

static int subject_of(const char *path, struct buf *to, struct error *e)
{
    struct buf pem = slurp(path);
    error_clear(e);
    int code = pki_subject_of(buf_text(&pem), pem.len, path, to, e);
    buf_free(&pem);
    return code;
}

static void test_subject_of_templates(void **state)
{
    (void)state;
    struct buf name = BUF_INIT;
    struct error e;
    /* the seeds' way: -text before the PEM */
    assert_sh(
        sh("openssl ecparam -out k -name prime256v1 -genkey && openssl req -new -subj '/C=IE/L=Dublin/O=ACME "
           "Ltd/OU=Testing/CN=test.acme.com' -sha256 -key k -text -out csr.tmpl && openssl x509 -in csr.tmpl "
           "-text "
           "-out crt.tmpl -req -signkey k -days 3650"));
    assert_int_equal(subject_of("csr.tmpl", &name, &e), 0);
    assert_string_equal(buf_text(&name), "C=IE, L=Dublin, O=ACME Ltd, OU=Testing, CN=test.acme.com");
    buf_clear(&name);
    assert_int_equal(subject_of("crt.tmpl", &name, &e), 0);
    assert_string_equal(buf_text(&name), "C=IE, L=Dublin, O=ACME Ltd, OU=Testing, CN=test.acme.com");
    buf_clear(&name);
    static const struct {
        const char *make, *sentence;
    } bad[] = {
        {"openssl req -new -subj / -key k -out f",            "f: "                          },
        {"openssl req -new -subj /OU=a/OU=b -key k -out f",   "there twice"                  },
        {"openssl req -new -subj /UID=a -key k -out f",       "no attribute that is known"   },
        {"openssl req -new -subj '/CN=a\\\\b' -key k -out f", "backslash"                    },
        {"cp k f",                                            "no certificate and no request"},
        {": > f",                                             "no certificate and no request"},
        {"sed 's/^MII/AAA/' crt.tmpl > f",                    "f: "                          },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_sh(sh("%s", bad[i].make));
        int code = subject_of("f", &name, &e);
        if (code != ERR_REFUSED || e.code != ERR_REFUSED || strstr(e.message, bad[i].sentence) == NULL)
            fail_msg("%s: %d %s", bad[i].make, code, e.message);
        assert_int_equal(name.len, 0);
    }
    buf_free(&name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_verifies),
        cmocka_unit_test(test_request_refused),
        cmocka_unit_test(test_subjects),
        cmocka_unit_test(test_subjects_arrive),
        cmocka_unit_test(test_subject_of_templates),
    };
    return cmocka_run_group_tests(tests, bench_open, bench_close);
}
