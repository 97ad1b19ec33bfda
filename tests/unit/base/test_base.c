/* base: text codecs, errors, durable files, the loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/loop.h"
#include "base/path.h"
#include "base/secret.h"
#include "base/text.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void hex_reads_only_hex(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int loose, count;
    } rows[] = {
        {"00ff7F",     0, 3 },
        {"",           0, 0 },
        {"0",          0, -1},
        {"0g",         0, -1},
        {"00 ff",      0, -1},
        {"0x0 0",      1, -1},
        {"00 ff\n",    1, 2 },
        {"0x01 0x02",  1, 2 },
        {"0001020304", 0, -1}, /* one byte too many
  for the room given
  */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t out[4];
        assert_int_equal(text_unhex(rows[i].text, strlen(rows[i].text), rows[i].loose, out, 4),
                         rows[i].count);
    }
    uint8_t bytes[] = {0xde, 0xad, 0x00};
    char text[7];
    text_hex(bytes, 3, text);
    assert_string_equal(text, "dead00");
}

static void base64_known_answers(void **state)
{
    (void)state;
    static const char *rows[][2] = {
  /* RFC 4648 section 10 */
        {"",       ""        },
        {"f",      "Zg=="    },
        {"fo",     "Zm8="    },
        {"foo",    "Zm9v"    },
        {"foob",   "Zm9vYg=="},
        {"fooba",  "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"}
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf b = BUF_INIT;
        text_base64(rows[i][0], strlen(rows[i][0]), &b);
        assert_string_equal(buf_text(&b), rows[i][1]);
        struct buf back = BUF_INIT;
        assert_int_equal(text_unbase64(rows[i][1], strlen(rows[i][1]), &back), 0);
        assert_string_equal(buf_text(&back), rows[i][0]);
        buf_free(&b);
        buf_free(&back);
    }
    static const char *bad[] = {"Zg", "Zg=", "Z===", "Zg==Zg==", "Zm9v\n", "Zm9*", "===="};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct buf b = BUF_INIT;
        assert_int_equal(text_unbase64(bad[i], strlen(bad[i]), &b), -1);
        assert_int_equal(b.len, 0);
        buf_free(&b);
    }
}

static void nothing_hostile_reaches_a_terminal(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        size_t len;
        const char *out;
    } rows[] = {
        {"plain ü €",     12, "plain ü €"        },
        {"\x1b]0;title\x07", 10, "\\x1b]0;title\\x07"  },
        {"a\rb\x7f",         4,  "a\\x0db\\x7f"        },
        {"\xc2\x9b"
         "31m",     5,  "\\x9b31m"            }, /* C1 CSI as UTF-8 */
        {"\x9b"
         "31m",     4,  "\\x9b31m"            }, /* and as a raw byte */
        {"\xe2\x80\xae"
         "abc",     6,  "\\u{202e}abc"        }, /* right-to-left override */
        {"\xe2\x80\x8b",     3,  "\\u{200b}"           }, /* zero width space */
        {"\xed\xa0\x80",     3,  "\\xed\\xa0\\x80"     }, /* surrogate */
        {"\xc0\xaf",         2,  "\\xc0\\xaf"          }, /* overlong */
        {"\xf4\x90\x80\x80", 4,  "\\xf4\\x90\\x80\\x80"}, /* beyond U+10FFFF */
        {"\xe2\x82",         2,  "\\xe2\\x82"          }, /* cut short */
        {"a\nb\tc\0d",       7,  "a\\x0ab\tc\\x00d"    },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf b = BUF_INIT;
        text_printable(rows[i].in, rows[i].len, false, 0, &b);
        assert_string_equal(buf_text(&b), rows[i].out);
        buf_free(&b);
    }
    char small[8];
    assert_string_equal(text_safe("€€€€€", small, sizeof small), "€€");
}

static void numbers_and_distances(void **state)
{
    (void)state;
    uint64_t v = 7;
    assert_int_equal(text_number("15", 15, &v), 0);
    assert_int_equal(v, 15);
    assert_int_equal(text_number("0xf", 15, &v), 0);
    static const char *bad[] = {"16", "",   "-1",  "+1",  " 1",
                                "1 ", "0x", "0xg", "1.0", "99999999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(text_number(bad[i], 15, &v), -1);
    assert_int_equal(text_distance("atca-set-key", "atca-set-kye"), 2);
    assert_int_equal(text_distance("", "abc"), 3);
    assert_int_equal(text_distance("LS", "ls"), 0);
}

static void errors_are_sentences(void **state)
{
    (void)state;
    struct error e = {0};
    assert_int_equal(error_set(&e, ERR_CONSENT, "locking %s", "config"), ERR_CONSENT);
    error_prefix(&e, "slot %d", 4);
    assert_int_equal(error_next(&e, "try again"), ERR_CONSENT);
    assert_string_equal(e.message, "slot 4: locking config");
    static const int statuses[][2] = {
        {ERR_NONE,        0  },
        {ERR_REFUSED,     1  },
        {ERR_USAGE,       2  },
        {ERR_CONNECTION,  3  },
        {ERR_CONSENT,     4  },
        {ERR_READBACK,    5  },
        {ERR_EXPECT,      6  },
        {ERR_INTERRUPTED, 130}
    };
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
        assert_int_equal(error_exit_status(statuses[i][0]), statuses[i][1]);
    char longest[3000];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    memcpy(longest + sizeof e.message - 2, "€", 3); /* the cut falls inside a character */
    error_set(&e, ERR_REFUSED, "%s", longest);
    assert_int_equal(strlen(e.message), sizeof e.message - 2);
    assert_int_equal(error_set(NULL, ERR_USAGE, "nobody listens"), ERR_USAGE);
}

struct folder {
    char path[64];
};

static int folder_make(void **state)
{
    struct folder *f = calloc(1, sizeof *f);
    snprintf(f->path, sizeof f->path, "/tmp/lockstep-test-XXXXXX");
    *state = f;
    return mkdtemp(f->path) ? 0 : -1;
}

static int folder_remove(void **state)
{
    struct folder *f = *state;
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s", f->path);
    int rc = system(command);
    free(f);
    return rc;
}

static void files_are_never_overwritten(void **state)
{
    struct folder *f = *state;
    char *path = path_join(f->path, "key");
    struct error e = {0};
    assert_int_equal(file_create(path, 0400, "secret", 6, &e), 0);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0400);
    assert_int_equal(file_create(path, 0400, "other", 5, &e), ERR_REFUSED);
    assert_non_null(strstr(e.next, "never overwritten"));
    struct buf b = BUF_INIT;
    assert_int_equal(file_read(path, 100, &b, &e), 0);
    assert_string_equal(buf_text(&b), "secret");
    buf_clear(&b);
    assert_int_equal(file_read(path, 5, &b, &e), ERR_REFUSED);
    assert_int_equal(file_read(f->path, 5, &b, &e), ERR_REFUSED);
    assert_non_null(strstr(e.message, "folder"));
    char *link = path_join(f->path, "link");
    assert_int_equal(symlink("elsewhere", link), 0);
    assert_int_equal(file_create(link, 0600, "x", 1, &e), ERR_REFUSED); /* a planted link is not followed */
    buf_free(&b);
    free(path);
    free(link);
}

static void files_are_replaced_whole(void **state)
{
    struct folder *f = *state;
    char *deep = path_join(f->path, "a/b/c");
    char *path = path_join(deep, "state");
    struct error e = {0};
    assert_int_equal(file_make_folder(deep, 0700, &e), 0);
    assert_int_equal(file_make_folder(deep, 0700, &e), 0);
    assert_int_equal(file_replace(path, 0600, "one", 3, &e), 0);
    assert_int_equal(file_replace(path, 0600, "two!", 4, &e), 0);
    struct buf b = BUF_INIT;
    assert_int_equal(file_read(path, 100, &b, &e), 0);
    assert_string_equal(buf_text(&b), "two!");
    char *lost = path_join(f->path, "no/such/folder/state");
    assert_int_equal(file_replace(lost, 0600, "x", 1, &e), ERR_REFUSED);
    buf_free(&b);
    free(deep);
    free(path);
    free(lost);
}

static void secrets_are_wiped(void **state)
{
    (void)state;
    struct buf b = {.secret = true};
    buf_add_text(&b, "0123456789");
    uint8_t *where = b.data;
    buf_drop_front(&b, 4);
    assert_memory_equal(where, "456789\0\0\0\0", 10);
    buf_clear(&b);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(where[i], 0);
    buf_free(&b);
    struct secret s = SECRET_INIT;
    secret_set(&s, "abc", 3);
    assert_true(secret_equal(s.data, "abc", 3));
    assert_false(secret_equal(s.data, "abd", 3));
    secret_free(&s);
    assert_null(s.data);
}

struct loop_probe {
    struct loop *loop;
    struct loop_watch *watch;
    int pipe[2], fired, read;
};

static void on_readable(void *ctx, short revents)
{
    struct loop_probe *p = ctx;
    (void)revents;
    char c;
    assert_int_equal(read(p->pipe[0], &c, 1), 1);
    p->read++;
    loop_watch_stop(p->watch); /* a callback may stop its own watch */
    p->watch = NULL;
}

static void on_timer(void *ctx)
{
    struct loop_probe *p = ctx;
    if (p->fired++ == 0) {
        loop_timer_start(p->loop, 0, on_timer, p);
        assert_int_equal(write(p->pipe[1], "x", 1), 1);
    }
}

static bool both_came(void *ctx)
{
    struct loop_probe *p = ctx;
    return p->fired == 2 && p->read == 1;
}

static bool never(void *ctx)
{
    (void)ctx;
    return false;
}

static void on_nested_timer(void *ctx)
{
    struct loop_probe *p = ctx;
    p->fired++;
    assert_int_equal(loop_run_until(p->loop, never, NULL, clock_ms() + 5), LOOP_TIMEOUT);
}

static void the_loop_serves_watches_and_timers(void **state)
{
    (void)state;
    struct loop_probe p = {.loop = loop_new()};
    assert_int_equal(pipe(p.pipe), 0);
    p.watch = loop_watch_start(p.loop, p.pipe[0], POLLIN, on_readable, &p);
    loop_timer_start(p.loop, 1, on_timer, &p);
    assert_int_equal(loop_run_until(p.loop, both_came, &p, clock_ms() + 5000), LOOP_DONE);

    p.fired = 0; /* re-entrant: a callback that waits itself */
    loop_timer_start(p.loop, 0, on_nested_timer, &p);
    assert_int_equal(loop_run_until(p.loop, never, NULL, clock_ms() + 20), LOOP_TIMEOUT);
    assert_int_equal(p.fired, 1);

    struct loop_timer *stopped = loop_timer_start(p.loop, 0, on_timer, &p);
    loop_timer_stop(stopped);
    loop_interrupt(p.loop);
    assert_int_equal(loop_run_until(p.loop, never, NULL, -1), LOOP_INTERRUPTED);
    loop_interrupt_clear(p.loop);
    assert_int_equal(p.fired, 1);
    close(p.pipe[0]);
    close(p.pipe[1]);
    loop_free(p.loop);
}

static void paths_follow_xdg(void **state)
{
    (void)state;
    setenv("XDG_STATE_HOME", "/x/state", 1);
    char *p = path_xdg(PATH_STATE, "history");
    assert_string_equal(p, "/x/state/lockstep/history");
    free(p);
    setenv("XDG_STATE_HOME", "relative/is/ignored", 1);
    setenv("HOME", "/home/bench", 1);
    p = path_xdg(PATH_STATE, "");
    assert_string_equal(p, "/home/bench/.local/state/lockstep");
    free(p);
    p = path_expand("~/keys");
    assert_string_equal(p, "/home/bench/keys");
    free(p);
}

static void times_read_as_people_say_them(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *words;
    } rows[] = {
        {850,       "850 ms"    },
        {12000,     "12 s"      },
        {61000,     "1 min 1 s" },
        {8040000,   "2 h 14 min"},
        {273600000, "3 d 4 h"   }
    };
    char words[32];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        clock_words(rows[i].ms, words, sizeof words);
        assert_string_equal(words, rows[i].words);
    }
    clock_iso(1795165320, words, sizeof words);
    assert_string_equal(words, "2026-11-20T09:02:00Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_reads_only_hex),
        cmocka_unit_test(base64_known_answers),
        cmocka_unit_test(nothing_hostile_reaches_a_terminal),
        cmocka_unit_test(numbers_and_distances),
        cmocka_unit_test(errors_are_sentences),
        cmocka_unit_test_setup_teardown(files_are_never_overwritten, folder_make, folder_remove),
        cmocka_unit_test_setup_teardown(files_are_replaced_whole, folder_make, folder_remove),
        cmocka_unit_test(secrets_are_wiped),
        cmocka_unit_test(the_loop_serves_watches_and_timers),
        cmocka_unit_test(paths_follow_xdg),
        cmocka_unit_test(times_read_as_people_say_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
