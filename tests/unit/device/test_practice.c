/* The virtual device's process, played by shell scripts: started with the right words, ended in every case.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/path.h"
#include "device/practice.h"
#include "device/practice_options.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct loop *loop;
static char folder[] = "/tmp/test-practice-XXXXXX";
static char state_folder[64];

/* Puts `script` where practice_start looks for lockstep-sim: in PATH, as none lies beside the test. */
static void install(const char *script)
{
    char path[96];
    snprintf(path, sizeof path, "%s/lockstep-sim", folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
    assert_true(fd >= 0);
    dprintf(fd, "#!/bin/sh\n%s\n", script);
    close(fd);
}

static void slurp(const char *name, char *to, size_t size)
{
    char path[128];
    struct buf b = BUF_INIT;
    snprintf(path, sizeof path, "%s/%s", state_folder, name);
    file_read(path, 4096, &b, NULL);
    snprintf(to, size, "%s", buf_text(&b));
    buf_free(&b);
}

static struct link_url sim_url(const char *path, const char *query)
{
    struct link_url url = {.scheme = LINK_SIM, .text = "sim:"};
    snprintf(url.path, sizeof url.path, "%s", path);
    snprintf(url.query, sizeof url.query, "%s", query);
    return url;
}

/* Stays until SIGTERM, and says then that it was asked to end. */
#define STAY                                                                                                 \
    "trap 'echo ended > \"$2/ended\"; exit 0' TERM\n"                                                        \
    "echo $$ > \"$2/pid\"; echo \"$@\" > \"$2/args\"\n"                                                      \
    "echo 'uart /dev/pts/77'; echo 'http 127.0.0.1:1'; echo ready\n"                                         \
    "while sleep 0.05; do :; done\n"

static void test_starts_and_ends(void **state)
{
    (void)state;
    struct practice *p = NULL;
    struct error e = {0};
    char text[256];
    install(STAY);
    struct link_url url = sim_url(state_folder, "chip=atecc608a&platform=esp8266&pace");
    if (practice_start(loop, &url, &p, &e) != 0)
        fail_msg("%s", e.message);
    assert_string_equal(practice_uart(p), "/dev/pts/77");
    practice_stop(p);
    slurp("ended", text, sizeof text);
    assert_string_equal(text, "ended\n");
    slurp("args", text, sizeof text);
    char wanted[256];
    snprintf(wanted, sizeof wanted, "--state %s --chip atecc608a --platform esp8266 --pace\n", state_folder);
    assert_string_equal(text, wanted);
    slurp("pid", text, sizeof text);
    assert_int_equal(kill(atoi(text), 0), -1); /* gone and reaped */
    assert_int_equal(errno, ESRCH);
    practice_stop(NULL);
}

static void test_private_folder_is_removed(void **state)
{
    (void)state;
    struct practice *p = NULL;
    char script[512], text[256];
    snprintf(script, sizeof script,
             "mkdir -p \"$2/fs/deep\"; echo x > \"$2/fs/deep/file\"; echo \"$2\" > %s/where\n" STAY,
             state_folder);
    install(script);
    struct link_url url = sim_url("", "");
    assert_int_equal(practice_start(loop, &url, &p, NULL), 0);
    slurp("where", text, sizeof text);
    text[strcspn(text, "\n")] = '\0';
    struct stat info;
    assert_int_equal(stat(text, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    practice_stop(p);
    assert_int_equal(stat(text, &info), -1);
}

static void test_does_not_come_up(void **state)
{
    (void)state;
    static const struct {
        const char *script, *message;
    } cases[] = {
        {"echo 'first' >&2; printf 'chip.json is \\033[2Jbroken\\n' >&2; exit 3",
         "ended before it was ready: chip.json is \\x1b[2Jbroken"                                            },
        {"echo ready; sleep 60",                                                  "has no UART"              },
        {"exit 0",                                                                "ended before it was ready"},
        {"echo 'uart /dev/pts/1'; exit 0",                                        "ended before it was ready"},
        {"head -c 300000 /dev/zero; exit 0",                                      "ended before it was ready"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct practice *p = (struct practice *)1;
        struct error e = {0};
        install(cases[i].script);
        struct link_url url = sim_url(state_folder, "");
        assert_int_equal(practice_start(loop, &url, &p, &e), ERR_CONNECTION);
        assert_null(p);
        if (strstr(e.message, cases[i].message) == NULL)
            fail_msg("case %zu: %s", i, e.message);
    }
}

static void interrupt(void *ctx)
{
    loop_interrupt(ctx);
}

static void test_interrupted(void **state)
{
    (void)state;
    struct practice *p = NULL;
    struct error e = {0};
    install("sleep 60 & echo $! > \"$2/pid\"; trap 'kill $!; exit' TERM; wait $!");
    struct link_url url = sim_url(state_folder, "");
    loop_timer_start(loop, 100, interrupt, loop);
    assert_int_equal(practice_start(loop, &url, &p, &e), ERR_INTERRUPTED);
    loop_interrupt_clear(loop);
}

static void test_no_program(void **state)
{
    (void)state;
    struct practice *p = NULL;
    struct error e = {0};
    char *path = mem_string(getenv("PATH"));
    setenv("PATH", "/nowhere::/nothing", 1);
    struct link_url url = sim_url("", "");
    assert_int_equal(practice_start(loop, &url, &p, &e), ERR_CONNECTION);
    assert_non_null(strstr(e.message, "no program lockstep-sim"));
    setenv("PATH", path, 1);
    free(path);
}

/* Killed, we leave no virtual device behind. */
static void test_ends_with_us(void **state)
{
    (void)state;
    int hold[2];
    char text[64], byte;
    install(STAY);
    assert_int_equal(pipe(hold), 0); /* its other end closes when the last of parent and child is gone */
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct practice *p = NULL;
        struct link_url url = sim_url(state_folder, "");
        close(hold[0]);
        if (practice_start(loop, &url, &p, NULL) != 0)
            _exit(1);
        kill(getpid(), SIGKILL);
    }
    int status;
    waitpid(pid, &status, 0);
    close(hold[1]);
    assert_true(WIFSIGNALED(status));
    struct pollfd fd = {.fd = hold[0], .events = POLLIN};
    assert_int_equal(poll(&fd, 1, 5000), 1);
    assert_int_equal(read(hold[0], &byte, 1), 0);
    close(hold[0]);
    slurp("ended", text, sizeof text);
    assert_string_equal(text, "ended\n");
}

static void test_options(void **state)
{
    (void)state;
    static const struct {
        const char *query;
        int code;
        const char *words; /* after the folder */
    } cases[] = {
        {"",                                                                             0,         ""                             },
        {"chip=atecc608a",                                                               0,         " --chip atecc608a"            },
        {"&platform=esp32&&chip=none&",                                                  0,         " --platform esp32 --chip none"},
        {"fault=drop=3",                                                                 0,         " --fault drop=3"              },
        {"chip",                                                                         ERR_USAGE, NULL                           },
        {"chip=",                                                                        ERR_USAGE, NULL                           },
        {"pace=1",                                                                       ERR_USAGE, NULL                           },
        {"chi=x",                                                                        ERR_USAGE, NULL                           },
        {"chips=x",                                                                      ERR_USAGE, NULL                           },
        {"=x",                                                                           ERR_USAGE, NULL                           },
        {"state=/etc",                                                                   ERR_USAGE, NULL                           },
        {"chip=a&chip=a&chip=a&chip=a&chip=a&chip=a&chip=a&chip=a&chip=a&chip=a&chip=a", ERR_USAGE, NULL                           },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct practice_args args;
        struct error e = {0};
        int code = practice_args_make("/bin/sim", "/tmp/d", cases[i].query, &args, &e);
        assert_int_equal(code, cases[i].code);
        struct buf line = BUF_INIT;
        for (int a = 0; a < args.argc; a++)
            buf_printf(&line, "%s%s", a ? " " : "", args.argv[a]);
        assert_null(args.argv[args.argc]);
        if (code == 0) {
            char *wanted = mem_printf("/bin/sim --state /tmp/d%s", cases[i].words);
            assert_string_equal(buf_text(&line), wanted);
            free(wanted);
        } else {
            assert_non_null(strstr(e.next, "chip"));
        }
        buf_free(&line);
        practice_args_free(&args);
    }
    struct practice *p = NULL; /* and nothing is started for them */
    struct link_url url = sim_url(state_folder, "chip");
    install("touch \"$2/started\"");
    assert_int_equal(practice_start(loop, &url, &p, NULL), ERR_USAGE);
    char path[128];
    snprintf(path, sizeof path, "%s/started", state_folder);
    assert_int_equal(access(path, F_OK), -1);
}

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(state_folder, sizeof state_folder, "%s/state", folder);
    char *path = mem_printf("%s:%s", folder, getenv("PATH"));
    setenv("PATH", path, 1);
    free(path);
    return 0;
}

static int each(void **state)
{
    (void)state;
    char *command = mem_printf("rm -rf '%s' && mkdir '%s'", state_folder, state_folder);
    int code = system(command);
    free(command);
    return code;
}

static int tear_down(void **state)
{
    (void)state;
    char *command = mem_printf("rm -rf '%s'", folder);
    int code = system(command);
    free(command);
    return code;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_starts_and_ends, each),
        cmocka_unit_test_setup(test_private_folder_is_removed, each),
        cmocka_unit_test_setup(test_does_not_come_up, each),
        cmocka_unit_test_setup(test_interrupted, each),
        cmocka_unit_test_setup(test_no_program, each),
        cmocka_unit_test_setup(test_ends_with_us, each),
        cmocka_unit_test_setup(test_options, each),
    };
    loop = loop_new();
    int failed = cmocka_run_group_tests(tests, set_up, tear_down);
    loop_free(loop);
    return failed;
}
