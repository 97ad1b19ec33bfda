/* A pty as a port: bytes both ways, the send queue, holding back, the end; and the device files that are no
 * port. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sys/stat.h>
#include <termios.h>

static int new_pty(char *name, size_t size)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    assert_true(master >= 0);
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    assert_int_equal(ptsname_r(master, name, size), 0);
    return master;
}

static void open_pty(struct heard *h, int *master, char *name, size_t size)
{
    struct error e = {0};
    *master = new_pty(name, size);
    if (heard_open(h, name, NULL, &e) != 0)
        fail_msg("%s", e.message);
}

/* The other end as part of the same loop: takes what comes, and gives it back when `echo`. */
struct far_end {
    int fd;
    struct buf got, back;
    bool echo;
};

static void far_event(void *ctx, short revents)
{
    struct far_end *f = ctx;
    uint8_t chunk[4096];
    if (revents & POLLIN) {
        ssize_t n = read(f->fd, chunk, sizeof chunk);
        if (n > 0)
            buf_add(&f->got, chunk, (size_t)n);
        if (n > 0 && f->echo)
            buf_add(&f->back, chunk, (size_t)n);
    }
    if (f->back.len > 0) {
        ssize_t n = write(f->fd, f->back.data, f->back.len < 4096 ? f->back.len : 4096);
        if (n > 0)
            buf_drop_front(&f->back, (size_t)n);
    }
}

static bool far_has(void *ctx)
{
    return ((struct far_end *)ctx)->got.len > 0;
}

/* The end of both ends. */
static void far_end(struct far_end *f, struct loop_watch *watch, struct heard *h)
{
    loop_watch_stop(watch);
    buf_free(&f->got);
    buf_free(&f->back);
    heard_end(h);
    close(f->fd);
}

static void test_round_trip(void **state)
{
    (void)state;
    struct heard h = {0};
    char name[64];
    int master;
    struct error e;
    open_pty(&h, &master, name, sizeof name);
    assert_false(link_is_message(h.link));
    assert_true(link_is_serial(h.link));
    assert_int_equal(link_frame_limit(h.link), 4096);
    assert_string_equal(link_name(h.link), name);

    /* raw: nothing is echoed, nothing translated */
    static const char bytes[] = "\x00\x03\x04\x0d\x0a\x11\x13\x1a\x7f\xff{\"id\":1}";
    struct far_end far = {.fd = master};
    struct loop_watch *w = loop_watch_start(h.loop, master, POLLIN, far_event, &far);
    assert_int_equal(link_send(h.link, bytes, sizeof bytes, &e), 0);
    assert_int_equal(link_pending(h.link), 0);
    loop_run_until(h.loop, far_has, &far, clock_ms() + 5000);
    assert_int_equal(far.got.len, sizeof bytes);
    assert_memory_equal(far.got.data, bytes, sizeof bytes);
    assert_int_equal(h.all.len, 0);
    assert_int_equal(write(master, bytes, sizeof bytes), sizeof bytes);
    assert_true(heard_wait_bytes(&h, sizeof bytes));
    assert_memory_equal(h.all.data, bytes, sizeof bytes);
    far_end(&far, w, &h);
}

static void test_settings(void **state)
{
    (void)state;
    struct heard h = {0};
    struct link_options options = {.baud = 921600};
    struct termios t;
    struct error e = {0};
    char name[64];
    int master = new_pty(name, sizeof name);
    assert_int_equal(heard_open(&h, name, &options, &e), 0);
    assert_int_equal(tcgetattr(master, &t), 0);
    assert_int_equal(cfgetospeed(&t), B921600);
    assert_int_equal(t.c_lflag & (ICANON | ECHO | ISIG), 0);
    assert_int_equal(t.c_iflag & (IXON | IXOFF | ICRNL), 0);
    assert_int_equal(link_set_baud(h.link, 115200, &e), 0);
    tcgetattr(master, &t);
    assert_int_equal(cfgetospeed(&t), B115200);
    assert_int_equal(link_set_baud(h.link, 12345, &e), ERR_REFUSED);
    assert_non_null(strstr(e.message, "12345 baud"));
    assert_int_equal(link_set_lines(h.link, false, true, &e), ERR_REFUSED);
    assert_non_null(strstr(e.message, "is a pty: it has no modem lines"));
    assert_int_equal(write(master, "stale", 5), 5);
    assert_int_equal(link_drop_input(h.link, &e), 0);
    assert_int_equal(write(master, "new", 3), 3);
    assert_true(heard_wait_bytes(&h, 3));
    assert_string_equal(buf_text(&h.all), "new");
    heard_end(&h);
    close(master);
}

static void test_megabyte_echo(void **state)
{
    (void)state;
    enum { SIZE = 1 << 20 };
    struct heard h = {0};
    char name[64];
    int master;
    struct error e;
    open_pty(&h, &master, name, sizeof name);
    struct far_end far = {.fd = master, .echo = true};
    struct loop_watch *w = loop_watch_start(h.loop, master, POLLIN | POLLOUT, far_event, &far);
    uint8_t *bytes = malloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (uint8_t)(i * 31 + i / 251);
    assert_int_equal(link_send(h.link, bytes, SIZE, &e), 0);
    assert_true(link_pending(h.link) > SIZE / 2); /* a pty's buffer is a few KiB */
    assert_true(heard_wait_bytes(&h, SIZE));
    assert_int_equal(h.all.len, SIZE);
    assert_memory_equal(h.all.data, bytes, SIZE);
    assert_int_equal(link_pending(h.link), 0);
    free(bytes);
    far_end(&far, w, &h);
}

static void test_hold(void **state)
{
    (void)state;
    struct heard h = {0};
    char name[64];
    int master;
    struct error e;
    open_pty(&h, &master, name, sizeof name);
    struct far_end far = {.fd = master};
    struct loop_watch *w = loop_watch_start(h.loop, master, POLLIN, far_event, &far);
    link_hold(h.link, true);
    assert_int_equal(link_send(h.link, "held", 4, &e), 0);
    for (int i = 0; i < 5; i++)
        loop_turn(h.loop, 10);
    assert_int_equal(far.got.len, 0);
    assert_int_equal(link_pending(h.link), 4);
    assert_int_equal(write(master, "in", 2), 2); /* receiving goes on meanwhile */
    assert_true(heard_wait_bytes(&h, 2));
    link_hold(h.link, false);
    loop_run_until(h.loop, far_has, &far, clock_ms() + 5000);
    assert_string_equal(buf_text(&far.got), "held");
    assert_int_equal(link_pending(h.link), 0);
    far_end(&far, w, &h);
}

static void test_master_gone(void **state)
{
    (void)state;
    struct heard h = {0};
    char name[64], text[200];
    int master;
    struct error e = {0};
    open_pty(&h, &master, name, sizeof name);
    close(master);
    assert_true(heard_wait_closed(&h));
    assert_int_equal(h.why.code, ERR_CONNECTION);
    snprintf(text, sizeof text, "%s: the program at the other end of the pty is gone.", name);
    assert_string_equal(h.why.message, text);
    assert_int_equal(link_send(h.link, "x", 1, &e), ERR_CONNECTION);
    assert_non_null(strstr(e.message, "is gone"));
    assert_int_equal(link_set_baud(h.link, 9600, &e), ERR_CONNECTION);
    assert_int_equal(link_drop_input(h.link, &e), ERR_CONNECTION);
    link_hold(h.link, true);
    for (int i = 0; i < 3; i++)
        loop_turn(h.loop, 5);
    assert_int_equal(h.closed, 1);
    heard_end(&h);

    struct heard again = {0};
    if (heard_open(&again, name, NULL, &e) != 0) /* else another program was given the number meanwhile */
        assert_non_null(strstr(e.message, name));
    heard_end(&again);
}

static void test_close_in_callback(void **state)
{
    (void)state;
    struct heard h = {.close_on_data = true};
    char name[64];
    int master;
    open_pty(&h, &master, name, sizeof name);
    assert_int_equal(write(master, "x", 1), 1);
    assert_true(heard_wait_bytes(&h, 1));
    assert_null(h.link);
    assert_int_equal(h.closed, 0);
    heard_end(&h);
    close(master);
}

static void close_in_closed(void *ctx, const struct error *why)
{
    struct heard *h = ctx;
    heard_closed(ctx, why);
    link_close(h->link);
    h->link = NULL;
}

static void test_close_in_closed(void **state)
{
    (void)state;
    static const struct link_events events = {heard_data, close_in_closed};
    struct heard h = {.loop = loop_new()};
    struct link_url url;
    struct error e;
    char name[64];
    int master = new_pty(name, sizeof name);
    assert_int_equal(link_url_parse(name, &url, &e), 0);
    assert_int_equal(link_open(h.loop, &url, NULL, &events, &h, &h.link, &e), 0);
    close(master);
    assert_true(heard_wait_closed(&h));
    assert_null(h.link);
    heard_end(&h);
}

static void test_no_such_port(void **state)
{
    (void)state;
    static const struct {
        const char *path, *says;
    } bad[] = {
        {"/dev/ttyUSB99", "There is no port /dev/ttyUSB99."                    },
        {"/dev/null/x",   "There is no port /dev/null/x."                      },
        {"/tmp",          "/tmp is a folder, not a serial port."               },
        {"/etc/passwd",   "/etc/passwd is an ordinary file, not a serial port."},
        {"/dev/null",     "/dev/null is not a serial port"                     },
        {"10.0.0.5",      "There is no port 10.0.0.5."                         },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct heard h = {0};
        struct error e = {0};
        assert_int_equal(heard_open(&h, bad[i].path, NULL, &e), ERR_CONNECTION);
        assert_null(h.link);
        if (strstr(e.message, bad[i].says) == NULL)
            fail_msg("%s: %s", bad[i].path, e.message);
        assert_true(e.next[0] != '\0');
        if (strchr(bad[i].path, '/') == NULL)
            assert_non_null(strstr(e.next, "ws://10.0.0.5/rpc"));
        assert_int_equal(heard_open(&h, bad[i].path, NULL, NULL), ERR_CONNECTION);
        heard_end(&h);
    }
}

/* In a child without root's rights. Exit status 0: refused with the words wanted. */
static int try_without_rights(const char *name, const char *says, const char *next)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct heard h = {0};
        struct error e = {0};
        alarm(10);
        if (getuid() == 0 && (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0))
            _exit(9);
        int code = heard_open(&h, name, NULL, &e);
        bool good = code == ERR_CONNECTION && strstr(e.message, says) != NULL && strstr(e.next, next) != NULL;
        if (!good)
            fprintf(stderr, "%d: %s / %s\n", code, e.message, e.next);
        _exit(good ? 0 : 1);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_no_permission(void **state)
{
    (void)state;
    char name[64], says[200], next[200];
    int master = new_pty(name, sizeof name);
    struct stat st;
    assert_int_equal(stat(name, &st), 0);
    const struct group *group = getgrgid(st.st_gid);
    const struct passwd *owner = getpwuid(st.st_uid);
    assert_non_null(group);
    assert_non_null(owner);
    /* The owner has none, so that the test also holds for a user who is in the group. */
    assert_int_equal(chmod(name, 0060), 0);
    snprintf(says, sizeof says, "belongs to the group %s and you are not in it", group->gr_name);
    snprintf(next, sizeof next, "sudo usermod -aG %s $USER", group->gr_name);
    assert_int_equal(try_without_rights(name, says, next), 0);
    assert_int_equal(chmod(name, 0000), 0);
    snprintf(says, sizeof says, "only its owner, %s, may", owner->pw_name);
    assert_int_equal(try_without_rights(name, says, "udev rule"), 0);
    close(master);
}

/* Through a symbolic link, as lockstep-sim --pty makes one. */
static void test_symbolic_link(void **state)
{
    (void)state;
    char name[64], path[] = "/tmp/lockstep-test-XXXXXX", file[100];
    int master = new_pty(name, sizeof name);
    assert_non_null(mkdtemp(path));
    snprintf(file, sizeof file, "%s/uart", path);
    assert_int_equal(symlink(name, file), 0);
    struct heard h = {0};
    struct error e = {0};
    int code = heard_open(&h, file, NULL, &e);
    unlink(file);
    rmdir(path);
    assert_int_equal(code, 0);
    assert_true(link_is_serial(h.link));
    heard_end(&h);
    close(master);
}

static void test_not_in_this_build(void **state)
{
    (void)state;
    static const char *const urls[] = {"mqtt://h/t", "mqtts://h/t", "udp://h:1", "sim:"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct heard h = {0};
        struct error e = {0};
        assert_int_equal(heard_open(&h, urls[i], NULL, &e), ERR_USAGE);
        assert_null(h.link);
        assert_non_null(strstr(e.message, "cannot be opened by this build"));
        assert_true(e.next[0] != '\0');
        assert_int_equal(heard_open(&h, urls[i], NULL, NULL), ERR_USAGE);
        heard_end(&h);
    }
}

static void test_ports_list(void **state)
{
    (void)state;
    struct link_port *ports;
    size_t count = link_ports(&ports);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(strncmp(ports[i].path, "/dev/", 5), 0);
    link_ports_free(ports, count);
    link_ports_free(NULL, 0);
    link_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_megabyte_echo),     cmocka_unit_test(test_hold),
        cmocka_unit_test(test_master_gone),       cmocka_unit_test(test_close_in_callback),
        cmocka_unit_test(test_close_in_closed),   cmocka_unit_test(test_no_such_port),
        cmocka_unit_test(test_no_permission),     cmocka_unit_test(test_symbolic_link),
        cmocka_unit_test(test_not_in_this_build), cmocka_unit_test(test_ports_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
