/* Serial ports through libserialport for real: the program runs itself again with tests/support/ttyshim.so
 * preloaded, which makes a pty look like /dev/ttyLOCKSTEP0 and writes down what happens to DTR and RTS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <libserialport.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <termios.h>

#define PORT "/dev/ttyLOCKSTEP0"

/* What the first run leaves for the second one in the environment. */
static int master_fd(void)
{
    return atoi(getenv("LOCKSTEP_TEST_MASTER"));
}

static const char *log_path(void)
{
    return getenv("LOCKSTEP_SHIM_LOG");
}

/* The lines' history since the last look. */
static void check_log(const char *want)
{
    char text[400] = "";
    FILE *f = fopen(log_path(), "r+");
    if (f != NULL) {
        text[fread(text, 1, sizeof text - 1, f)] = '\0';
        assert_int_equal(ftruncate(fileno(f), 0), 0);
        fclose(f);
    }
    assert_string_equal(text, want);
}

static void open_port(struct heard *h, const struct link_options *options)
{
    struct error e = {0};
    if (heard_open(h, PORT, options, &e) != 0)
        fail_msg("%s", e.message);
}

static struct termios port_settings(void)
{
    struct termios t;
    assert_int_equal(tcgetattr(master_fd(), &t), 0);
    return t;
}

static int reset(void **state)
{
    (void)state;
    char drop[4096];
    while (read(master_fd(), drop, sizeof drop) > 0)
        continue;
    return unlink(log_path()) == 0 || errno == ENOENT ? 0 : -1;
}

static void test_libserialport_sees_it(void **state)
{
    (void)state;
    struct sp_port *port;
    assert_int_equal(sp_get_port_by_name(PORT, &port), SP_OK);
    assert_int_equal(sp_open(port, SP_MODE_READ_WRITE), SP_OK);
    sp_close(port);
    sp_free_port(port);
    assert_int_not_equal(sp_get_port_by_name(getenv("LOCKSTEP_SHIM_PTY"), &port), SP_OK);
}

static void test_lines_released(void **state)
{
    (void)state;
    struct heard h = {0};
    struct error e;
    open_port(&h, NULL);
    check_log(
        "DTR=1 RTS=1\nDTR=0 RTS=0\n"); /* both in one step: no moment of DTR=0 RTS=1, which resets a board */
    assert_true(link_is_serial(h.link));
    assert_int_equal(link_set_lines(h.link, false, true, &e), 0);
    assert_int_equal(link_set_lines(h.link, true, false, &e), 0);
    assert_int_equal(link_set_lines(h.link, true, true, &e), 0);
    assert_int_equal(link_set_lines(h.link, false, false, &e), 0);
    check_log("DTR=0 RTS=1\nDTR=1 RTS=0\nDTR=1 RTS=1\nDTR=0 RTS=0\n");
    assert_int_equal(link_set_baud(h.link, 921600, &e), 0);
    check_log(""); /* another speed leaves the lines alone */
    heard_end(&h);
    check_log("");
}

static void test_lines_kept(void **state)
{
    (void)state;
    struct heard h = {0};
    struct link_options keep = {.keep_lines = true};
    open_port(&h, &keep);
    check_log("DTR=1 RTS=1\n"); /* as the kernel raises them, and nothing after it */
    assert_int_equal(port_settings().c_cflag & HUPCL, 0);
    heard_end(&h);
}

static void test_lines_inverted(void **state)
{
    (void)state;
    struct heard h = {0};
    struct error e;
    struct link_options inverted = {.inverted_lines = true};
    open_port(&h, &inverted);
    check_log("DTR=1 RTS=1\n");
    assert_int_equal(link_set_lines(h.link, false, false, &e), 0);
    heard_end(&h);
    check_log("DTR=0 RTS=0\n");
}

static void test_settings(void **state)
{
    (void)state;
    struct heard h = {0};
    struct link_options options = {.baud = 230400};
    open_port(&h, &options);
    struct termios t = port_settings();
    assert_int_equal(cfgetospeed(&t), B230400);
    assert_int_equal(cfgetispeed(&t), B230400);
    assert_int_equal(t.c_cflag & (CSIZE | PARENB | CSTOPB | CRTSCTS), CS8);
    assert_int_not_equal(t.c_cflag & HUPCL, 0);
    assert_int_equal(t.c_iflag & (IXON | IXOFF | IXANY | ICRNL | INLCR | IGNCR), 0);
    assert_int_equal(t.c_lflag & (ICANON | ECHO | ISIG | IEXTEN), 0);
    assert_int_equal(t.c_oflag & OPOST, 0);
    heard_end(&h);
}

static void test_flow_control(void **state)
{
    (void)state;
    struct heard h = {0};
    struct error e;
    struct link_options options = {.hw_flow = true};
    open_port(&h, &options);
    assert_int_not_equal(port_settings().c_cflag & CRTSCTS, 0);
    check_log("DTR=1 RTS=1\nDTR=0 RTS=1\n"); /* RTS is the kernel's then */
    assert_int_equal(link_set_lines(h.link, true, false, &e), 0);
    check_log("DTR=1 RTS=1\n");
    assert_int_equal(link_set_baud(h.link, 9600, &e), 0);
    assert_int_not_equal(port_settings().c_cflag & CRTSCTS, 0);
    heard_end(&h);
    open_port(&h, NULL); /* and off again */
    assert_int_equal(port_settings().c_cflag & CRTSCTS, 0);
    heard_end(&h);
}

static void test_round_trip(void **state)
{
    (void)state;
    struct heard h = {0};
    struct error e;
    char got[64];
    static const char bytes[] = "\x11\x13\x00\r\n\x03{\"id\":1}";
    open_port(&h, NULL);
    assert_int_equal(link_send(h.link, bytes, sizeof bytes, &e), 0);
    assert_int_equal(read(master_fd(), got, sizeof got), sizeof bytes);
    assert_memory_equal(got, bytes, sizeof bytes);
    assert_int_equal(write(master_fd(), bytes, sizeof bytes), sizeof bytes);
    assert_true(heard_wait_bytes(&h, sizeof bytes));
    assert_memory_equal(h.all.data, bytes, sizeof bytes);
    assert_int_equal(write(master_fd(), "stale", 5), 5);
    assert_int_equal(link_drop_input(h.link, &e), 0);
    assert_int_equal(write(master_fd(), "!", 1), 1);
    assert_true(heard_wait_bytes(&h, sizeof bytes + 1));
    assert_int_equal(h.all.len, sizeof bytes + 1);
    assert_int_equal(h.closed, 0);
    heard_end(&h);
}

/* Another process opens and locks the port as picocom and others do, and says so. */
static pid_t hold_port(void)
{
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(20);
        prctl(PR_SET_NAME, "some\x1btool");
        int fd = open(PORT, O_RDWR | O_NOCTTY);
        if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 || write(ready[1], "x", 1) != 1)
            _exit(1);
        pause();
        _exit(0);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return pid;
}

static void test_busy(void **state)
{
    (void)state;
    struct heard h = {0};
    struct error e = {0};
    char says[100];
    pid_t pid = hold_port();
    check_log("DTR=1 RTS=1\n");
    int code = heard_open(&h, PORT, NULL, &e);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    assert_int_equal(code, ERR_CONNECTION);
    snprintf(says, sizeof says, "The port " PORT " is busy: some\\x1btool (process %ld) has it open.",
             (long)pid);
    assert_string_equal(e.message, says);
    check_log("DTR=1 RTS=1\n"); /* the second open's own; the lines of a busy port are not touched */
    open_port(&h, NULL);        /* free again */
    assert_int_equal(heard_open(&(struct heard){.loop = h.loop}, PORT, NULL, &e), ERR_CONNECTION);
    assert_non_null(strstr(e.message, "another link of this one"));
    heard_end(&h);
}

/* Our own lock is there for others. */
static void test_locks(void **state)
{
    (void)state;
    struct heard h = {0};
    int excluded = 0;
    open_port(&h, NULL);
    int fd = open(PORT, O_RDWR | O_NOCTTY);
    if (fd >= 0) { /* root passes TIOCEXCL */
        assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), -1);
        assert_int_equal(errno, EWOULDBLOCK);
        assert_int_equal(ioctl(fd, TIOCGEXCL, &excluded), 0);
        assert_int_equal(excluded, 1);
    } else {
        assert_int_equal(errno, EBUSY);
    }
    heard_end(&h);
    if (fd >= 0) {
        assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
        assert_int_equal(ioctl(fd, TIOCGEXCL, &excluded), 0);
        assert_int_equal(excluded, 0);
        close(fd);
    }
}

/* A child process does not keep the port open. */
static void test_not_inherited(void **state)
{
    (void)state;
    struct heard h = {0};
    open_port(&h, NULL);
    for (int fd = 3; fd < 64; fd++) {
        struct stat st, port;
        if (fstat(fd, &st) == 0 && fstat(master_fd(), &port) == 0 && S_ISCHR(st.st_mode) &&
            strcmp(ttyname(fd) ? ttyname(fd) : "", getenv("LOCKSTEP_SHIM_PTY")) == 0 &&
            fd != atoi(getenv("LOCKSTEP_TEST_SLAVE")))
            assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    }
    heard_end(&h);
}

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* A tree as in /sys: SYS/NAME -> devices/KIND/NAME, with the USB device's files beside "device". */
static void add_port(const char *sys, const char *name, const char *kind, bool usb, const char *product)
{
    char folder[PATH_MAX], path[PATH_MAX], target[PATH_MAX];
    snprintf(target, sizeof target, "devices/%s/%s", kind, name);
    snprintf(folder, sizeof folder, "%.2000s/%.2000s", sys, target);
    snprintf(path, sizeof path, "mkdir -p '%.3000s/device'", folder);
    assert_int_equal(system(path), 0);
    snprintf(path, sizeof path, "%.2000s/%s", sys, name);
    assert_int_equal(symlink(target, path), 0);
    if (!usb)
        return;
    write_file(folder, "busnum", "1\n");
    write_file(folder, "devnum", "7\n");
    write_file(folder, "idVendor", "10c4\n");
    write_file(folder, "idProduct", "ea60\n");
    write_file(folder, "product", product);
}

static void test_ports(void **state)
{
    (void)state;
    char sys[] = "/tmp/lockstep-test-XXXXXX", command[100];
    assert_non_null(mkdtemp(sys));
    add_port(sys, "ttyAMA0", "platform", false, "");
    add_port(sys, "ttyACM0", "usb1", true, "Board \x1b[31mred\n");
    add_port(sys, "ttyUSB10", "usb1", true, "CP2102 USB to UART\n");
    add_port(sys, "ttyUSB2", "usb1", true, "CP2102 USB to UART\n");
    add_port(sys, "tty0", "virtual", false, "");
    assert_int_equal(setenv("LOCKSTEP_SHIM_SYS", sys, 1), 0);
    struct link_port *ports;
    size_t count = link_ports(&ports);
    struct heard h = {0};
    struct error e = {0};
    int code = heard_open(&h, "/dev/ttyUSB99", NULL, &e);
    heard_end(&h);
    unsetenv("LOCKSTEP_SHIM_SYS");
    snprintf(command, sizeof command, "rm -r %s", sys);
    assert_int_equal(system(command), 0);

    static const char *const order[] = {"/dev/ttyUSB2", "/dev/ttyUSB10", "/dev/ttyACM0", "/dev/ttyAMA0"};
    assert_int_equal(count, 4);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(ports[i].path, order[i]);
    assert_string_equal(ports[0].description, "CP2102 USB to UART");
    assert_int_equal(ports[0].vid, 0x10c4);
    assert_int_equal(ports[0].pid, 0xea60);
    assert_string_equal(ports[2].description, "Board \\x1b[31mred");
    assert_int_equal(ports[3].vid, -1);
    assert_int_equal(ports[3].pid, -1);
    link_ports_free(ports, count);

    assert_int_equal(code, ERR_CONNECTION);
    assert_string_equal(e.message, "There is no port /dev/ttyUSB99.");
    assert_string_equal(e.next,
                        "The ports here are /dev/ttyUSB2, /dev/ttyUSB10, /dev/ttyACM0, /dev/ttyAMA0.");
}

/* Last: the port is gone for good after it. */
static void test_pulled(void **state)
{
    (void)state;
    struct heard h = {0};
    open_port(&h, NULL);
    close(master_fd());
    assert_true(heard_wait_closed(&h));
    assert_string_equal(h.why.message, PORT ": the port vanished: cable pulled or board reset.");
    heard_end(&h);
}

/* Its own path, and the shim's: build/tests/link/test_serial -> build/tests/support/ttyshim.so */
static int find_paths(char exe[PATH_MAX], char shim[PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", exe, PATH_MAX - 1);
    if (n <= 0)
        return -1;
    exe[n] = '\0';
    memcpy(shim, exe, (size_t)n + 1);
    for (int i = 0; i < 2; i++)
        *strrchr(shim, '/') = '\0';
    strncat(shim, "/support/ttyshim.so", PATH_MAX - strlen(shim) - 1);
    return access(shim, R_OK);
}

/* The first run: makes the pty, preloads the shim, begins anew. */
static int run_again(char **argv)
{
    char exe[PATH_MAX], shim[PATH_MAX], name[64], number[16], log[] = "/tmp/lockstep-lines-XXXXXX",
                                                              sanitizer[200];
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (find_paths(exe, shim) < 0 || master < 0 || grantpt(master) < 0 || unlockpt(master) < 0 ||
        ptsname_r(master, name, sizeof name) != 0) {
        fprintf(stderr, "no pty, or no shim at %s\n", shim);
        return 1;
    }
    int slave = open(name, O_RDWR | O_NOCTTY),
        log_fd = mkstemp(log); /* the slave keeps the pty alive between opens */
    if (slave < 0 || log_fd < 0)
        return 1;
    close(log_fd);
    const char *options = getenv("ASAN_OPTIONS");
    snprintf(sanitizer, sizeof sanitizer, "%s%sverify_asan_link_order=0", options ? options : "",
             options ? ":" : "");
    setenv("ASAN_OPTIONS", sanitizer, 1);
    setenv("LD_PRELOAD", shim, 1);
    setenv("LOCKSTEP_SHIM_PTY", name, 1);
    setenv("LOCKSTEP_SHIM_LOG", log, 1);
    snprintf(number, sizeof number, "%d", master);
    setenv("LOCKSTEP_TEST_MASTER", number, 1);
    snprintf(number, sizeof number, "%d", slave);
    setenv("LOCKSTEP_TEST_SLAVE", number, 1);
    execv(exe, argv);
    perror("running again");
    return 1;
}

int main(int argc, char **argv)
{
    (void)argc;
    if (getenv("LOCKSTEP_SHIM_PTY") == NULL)
        return run_again(argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_libserialport_sees_it, reset),
        cmocka_unit_test_setup(test_lines_released, reset),
        cmocka_unit_test_setup(test_lines_kept, reset),
        cmocka_unit_test_setup(test_lines_inverted, reset),
        cmocka_unit_test_setup(test_settings, reset),
        cmocka_unit_test_setup(test_flow_control, reset),
        cmocka_unit_test_setup(test_round_trip, reset),
        cmocka_unit_test_setup(test_busy, reset),
        cmocka_unit_test_setup(test_locks, reset),
        cmocka_unit_test_setup(test_not_inherited, reset),
        cmocka_unit_test(test_ports),
        cmocka_unit_test_setup(test_pulled, reset),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(log_path());
    return failed;
}
