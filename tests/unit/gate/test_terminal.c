/* The question on a real terminal (a pty): only a line typed after the question was shown counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "gate/gate.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define QUESTION "Type the digits: "

/* What the child saw: its result, and the answer or the reason, on a pipe beside the terminal. */
struct result {
    int code;
    char text[sizeof(struct error)];
};

static void child(int report, const char *term)
{
    struct result r = {0};
    struct error e = {0};
    char answer[64] = "";
    char go;
    setenv("TERM", term, 1);
    if (read(report, &go, 1) != 1) /* what was typed ahead is there by now */
        _exit(1);
    r.code = gate_ask_terminal(NULL, QUESTION, answer, sizeof answer, &e);
    snprintf(r.text, sizeof r.text, "%s", r.code == 0 ? answer : e.message);
    _exit(write(report, &r, sizeof r) == (ssize_t)sizeof r ? 0 : 1);
}

/* Reads the terminal until `text` shows up. */
static bool wait_for(int fd, const char *text, char *seen, size_t size)
{
    size_t n = strlen(seen);
    int64_t end = clock_ms() + 5000;
    while (strstr(seen, text) == NULL && clock_ms() < end && n + 1 < size) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, 100) <= 0)
            continue;
        ssize_t got = read(fd, seen + n, size - n - 1);
        if (got <= 0)
            break;
        n += (size_t)got;
        seen[n] = '\0';
    }
    return strstr(seen, text) != NULL;
}

/* Types `ahead` before the question, then each of `after` once it is shown. NULL in `after` ends it; hang_up
 * closes the terminal instead. */
static struct result converse(const char *term, const char *ahead, size_t ahead_len, const char *after,
                              size_t after_len, bool hang_up)
{
    int pair[2], master = -1;
    char seen[65536] = "";
    struct result r = {.code = 1};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    pid_t pid = forkpty(&master, NULL, NULL, NULL);
    assert_true(pid >= 0);
    if (pid == 0) {
        signal(SIGHUP, SIG_IGN);
        close(pair[0]);
        child(pair[1], term);
    }
    close(pair[1]);
    if (ahead_len)
        assert_int_equal(write(master, ahead, ahead_len), (ssize_t)ahead_len);
    assert_int_equal(write(pair[0], "g", 1), 1);
    assert_true(wait_for(master, QUESTION, seen, sizeof seen));
    if (after_len)
        assert_int_equal(write(master, after, after_len), (ssize_t)after_len);
    if (hang_up)
        close(master);
    struct pollfd p = {.fd = pair[0], .events = POLLIN};
    if (poll(&p, 1, 5000) > 0)
        assert_int_equal(read(pair[0], &r, sizeof r), (ssize_t)sizeof r);
    else
        kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    close(pair[0]);
    if (!hang_up)
        close(master);
    return r;
}

static void test_lines(void **state)
{
    (void)state;
    static const struct {
        const char *ahead, *after;
        int code;
        const char *text;
    } cases[] = {
        {"",                   "f378\n",                   0,           "f378"                },
        {"",                   "f378\r",                   0,           "f378"                },
        {"",                   "f37x\1778\n",              0,           "f378"                }, /* rubbed out */
        {"",                   "\n",                       0,           ""                    },
        {"",                   "a word of more words\n",   0,           "a word of more words"},
        {"",                   "\004",                     ERR_CONSENT, "input ended"         },
        {"",                   "f378\004",                 ERR_CONSENT, "end with Enter"      },
        {"",                   "\033",                     ERR_CONSENT, "Esc"                 },
        {"",                   "f378\033",                 ERR_CONSENT, "Esc"                 },
        {"",                   "\003",                     ERR_CONSENT, "Ctrl-C"              },
        {"",                   "f378\003",                 ERR_CONSENT, "Ctrl-C"              },
        {"",                   "f3\00178\n",               ERR_CONSENT, "control characters"  },
        {"",                   "f378\nf378\n",             ERR_CONSENT, "more than one line"  },
        {"",                   "f378\n\n",                 ERR_CONSENT, "more than one line"  },
        {"",                   "f378\nhalf a line",        ERR_CONSENT, "more than one line"  },
        {"",                   "\033[200~f378\033[201~\n", ERR_CONSENT, "pasted"              },
        {"",                   "f378\033[201~\n",          ERR_CONSENT, "pasted"              },
        {"f378\n",             "\004",                     ERR_CONSENT, "input ended"         }, /* typed ahead */
        {"f378",               "\n",                       0,           ""                    },
        {"f378\nf378\nf378\n", "\004",                     ERR_CONSENT, "input ended"         },
        {"f3",                 "78\n",                     0,           "78"                  },
        {"\004\004",           "f378\n",                   0,           "f378"                },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct result r = converse("xterm", cases[i].ahead, strlen(cases[i].ahead), cases[i].after,
                                   strlen(cases[i].after), false);
        if (r.code != cases[i].code || strstr(r.text, cases[i].text) == NULL)
            fail_msg("case %zu: %d %s", i, r.code, r.text);
        if (r.code == 0)
            assert_string_equal(r.text, cases[i].text);
    }
}

static void test_too_long(void **state)
{
    (void)state;
    char text[300];
    memset(text, 'f', sizeof text);
    text[sizeof text - 1] = '\n';
    struct result r = converse("dumb", "", 0, text, sizeof text, false);
    assert_int_equal(r.code, ERR_CONSENT);
    r = converse("dumb", "", 0, text + sizeof text - 64, 64, false); /* 63 fit */
    assert_int_equal(r.code, 0);
    assert_int_equal(strlen(r.text), 63);
    r = converse("dumb", "", 0, text + sizeof text - 65, 65, false);
    assert_int_equal(r.code, ERR_CONSENT);
}

/* A NUL inside the line must not cut it to something that would match. */
static void test_nul_is_no_end(void **state)
{
    (void)state;
    struct result r = converse("xterm", "", 0, "f378\0more\n", 10, false);
    assert_int_equal(r.code, ERR_CONSENT);
}

static void test_big_paste_ahead(void **state)
{
    (void)state;
    static char text[3000];
    for (size_t i = 0; i < sizeof text; i += 5)
        memcpy(text + i, "f378\n", 5);
    struct result r = converse("xterm", text, sizeof text, "f378\n", 5, false);
    assert_int_equal(r.code, 0);
    assert_string_equal(r.text, "f378");
    r = converse("xterm", text, sizeof text, "\004", 1, false);
    assert_int_equal(r.code, ERR_CONSENT);
}

static void test_hang_up(void **state)
{
    (void)state;
    struct result r = converse("xterm", "", 0, "", 0, true);
    assert_int_equal(r.code, ERR_CONSENT);
}

static void test_no_terminal(void **state)
{
    (void)state;
    int report[2];
    struct result r = {0};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, report), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        setsid(); /* a session of its own has no /dev/tty */
        child(report[1], "xterm");
    }
    assert_int_equal(write(report[0], "g", 1), 1);
    assert_int_equal(read(report[0], &r, sizeof r), (ssize_t)sizeof r);
    waitpid(pid, NULL, 0);
    close(report[0]);
    close(report[1]);
    assert_int_equal(r.code, ERR_CONSENT);
    assert_non_null(strstr(r.text, "no terminal"));
}

/* The terminal is as it was, whatever was answered. */
static void test_terminal_is_restored(void **state)
{
    (void)state;
    static const char *const answers[] = {"f378\n", "\033", "\004"};
    for (size_t i = 0; i < 3; i++) {
        int master = -1, status = 1;
        char seen[4096] = "";
        pid_t pid = forkpty(&master, NULL, NULL, NULL);
        assert_true(pid >= 0);
        if (pid == 0) {
            struct termios before, after;
            char answer[64];
            tcgetattr(0, &before);
            before.c_lflag &= (tcflag_t)~ECHOKE;
            tcsetattr(0, TCSANOW, &before);
            tcgetattr(0, &before);
            gate_ask_terminal(NULL, QUESTION, answer, sizeof answer, NULL);
            tcgetattr(0, &after);
            bool same = before.c_lflag == after.c_lflag && before.c_iflag == after.c_iflag &&
                        before.c_oflag == after.c_oflag &&
                        memcmp(before.c_cc, after.c_cc, sizeof after.c_cc) == 0;
            _exit(same ? 0 : 1);
        }
        assert_true(wait_for(master, QUESTION, seen, sizeof seen));
        assert_int_equal(write(master, answers[i], strlen(answers[i])), (ssize_t)strlen(answers[i]));
        waitpid(pid, &status, 0);
        close(master);
        assert_int_equal(status, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_nul_is_no_end),
        cmocka_unit_test(test_big_paste_ahead),
        cmocka_unit_test(test_hang_up),
        cmocka_unit_test(test_no_terminal),
        cmocka_unit_test(test_terminal_is_restored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
