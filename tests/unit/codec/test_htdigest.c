/* codec/htdigest: what is kept, what is changed, and Apache's htdigest as the judge where it is installed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "codec/htdigest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char sample[] =
    "# users of the bench\n"
    "\n"
    "joe:myproduct:da9e2fa4a0d2d5c0d0f2a4f6c1f3b1a7\n"
    "not an entry\n"
    "ann:other:0123456789abcdef0123456789abcdef\n"
    "sam:myproduct:753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\r\n"
    "bad:myproduct:12345\n"
    "joe:myproduct:ffffffffffffffffffffffffffffffff";

static void text_is(const struct htdigest *file, const char *text)
{
    struct buf b = BUF_INIT;
    htdigest_text(file, &b);
    assert_true(b.secret);
    assert_string_equal(buf_text(&b), text);
    buf_free(&b);
}

static void test_parse_keeps_everything(void **state)
{
    (void)state;
    struct htdigest f;
    htdigest_parse(sample, strlen(sample), &f);
    assert_int_equal(f.count, 8);
    char *with_end = mem_printf("%s\n", sample);
    text_is(&f, with_end);
    free(with_end);

    const struct htdigest_line *joe = htdigest_find(&f, "joe", "myproduct");
    assert_ptr_equal(joe, &f.lines[2]);
    assert_string_equal(joe->ha1, "da9e2fa4a0d2d5c0d0f2a4f6c1f3b1a7");
    const struct htdigest_line *sam = htdigest_find(&f, "sam", "myproduct");
    assert_non_null(sam);
    assert_int_equal(sam->algorithm, DIGEST_SHA256);
    assert_int_equal(strlen(sam->ha1), 64);
    assert_null(htdigest_find(&f, "joe", "other"));
    assert_null(htdigest_find(&f, "bad", "myproduct"));
    assert_null(htdigest_find(&f, "# users of the bench", ""));
    htdigest_free(&f);
    htdigest_parse("", 0, &f);
    assert_int_equal(f.count, 0);
    htdigest_free(&f);
}

static void test_change_add_delete(void **state)
{
    (void)state;
    struct htdigest f;
    bool changed;
    htdigest_parse(sample, strlen(sample), &f);
    /* changed in place, and the second line of the same user goes */
    assert_int_equal(htdigest_set(&f, "joe", "myproduct", DIGEST_MD5, "pw", 2, &changed, NULL), 0);
    assert_true(changed);
    assert_int_equal(f.count, 7);
    assert_string_equal(f.lines[2].text, "joe:myproduct:cf296eb104318f4497d175fc82e4d815");
    assert_string_equal(f.lines[3].text, "not an entry");
    assert_int_equal(htdigest_set(&f, "eve", "myproduct", DIGEST_SHA256, "a:b", 3, &changed, NULL), 0);
    assert_false(changed);
    assert_string_equal(f.lines[7].text, "eve:myproduct:"
                                         "ee4ab8f46e7098244a8482f9508aaa7f877845467e00eee668a3ad578bde697f");
    assert_true(htdigest_delete(&f, "ann", "other"));
    assert_false(htdigest_delete(&f, "ann", "other"));
    assert_false(htdigest_delete(&f, "joe", "other"));
    assert_int_equal(f.count, 7);
    assert_string_equal(f.lines[0].text, "# users of the bench");
    htdigest_free(&f);
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *user, *realm, *says;
    } rows[] = {
        {"",     "r",     "user is empty"    },
        {"u",    "",      "realm is empty"   },
        {"a:b",  "r",     "colon"            },
        {"u",    "r:s",   "colon"            },
        {"a\nb", "r",     "control character"},
        {"u",    "r\x7f", "control character"},
        {"#u",   "r",     "comment"          },
    };
    struct htdigest f = HTDIGEST_INIT;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct error e = {0};
        bool changed;
        assert_int_equal(htdigest_set(&f, rows[i].user, rows[i].realm, DIGEST_MD5, "p", 1, &changed, &e),
                         ERR_USAGE);
        if (strstr(e.message, rows[i].says) == NULL)
            fail_msg("\"%s\" is missing in: %s", rows[i].says, e.message);
    }
    assert_int_equal(f.count, 0);
    /* 126 characters are read by a device, 127 are not */
    char user[128] = "";
    memset(user, 'u', 59);
    assert_int_equal(htdigest_check(user, "r", DIGEST_SHA256, NULL), 0);
    memset(user, 'u', 60);
    struct error e = {0};
    assert_int_equal(htdigest_check(user, "r", DIGEST_SHA256, &e), ERR_USAGE);
    assert_non_null(strstr(e.message, "at most 60"));
    assert_int_equal(htdigest_check(user, "r", DIGEST_MD5, NULL), 0);
}

/* Apache's tool asks for the password on its terminal: script(1) is one. */
static bool apache(const char *path, const char *user, const char *password)
{
    char *line = mem_printf("command -v htdigest >/dev/null && command -v script >/dev/null && "
                            "(sleep 0.3; printf '%%s\\n' '%s'; sleep 0.3; printf '%%s\\n' '%s'; sleep 0.3) | "
                            "script -qec \"htdigest '%s' myproduct '%s'\" /dev/null >/dev/null 2>&1",
                            password, password, path, user);
    int status = system(line);
    free(line);
    return status == 0;
}

static void test_apache_agrees(void **state)
{
    (void)state;
    char path[] = "/tmp/lockstep-htdigest-XXXXXX";
    close(mkstemp(path));
    struct buf ours = BUF_INIT, theirs = BUF_INIT;
    struct htdigest f;
    bool changed;
    static const char before[] = "# kept\njoe:myproduct:00000000000000000000000000000000\n\nann:other:"
                                 "0123456789abcdef0123456789abcdef\n";
    htdigest_parse(before, strlen(before), &f);
    htdigest_text(&f, &ours);
    assert_int_equal(file_replace(path, 0600, ours.data, ours.len, NULL), 0);
    if (!apache(path, "joe", "se:cret1") || !apache(path, "new", "x")) {
        unlink(path);
        htdigest_free(&f);
        buf_free(&ours);
        skip();
    }
    assert_int_equal(htdigest_set(&f, "joe", "myproduct", DIGEST_MD5, "se:cret1", 8, &changed, NULL), 0);
    assert_int_equal(htdigest_set(&f, "new", "myproduct", DIGEST_MD5, "x", 1, &changed, NULL), 0);
    buf_clear(&ours);
    htdigest_text(&f, &ours);
    assert_int_equal(file_read(path, 4096, &theirs, NULL), 0);
    unlink(path);
    assert_string_equal(buf_text(&ours), buf_text(&theirs));
    htdigest_free(&f);
    buf_free(&ours);
    buf_free(&theirs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_keeps_everything),
        cmocka_unit_test(test_change_add_delete),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_apache_agrees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
