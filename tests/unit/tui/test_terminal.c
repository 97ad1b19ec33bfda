/* The whole console on a pseudo-terminal, its bytes read by libvterm, with a device that lies and swears: the
 * terminal's title, clipboard and modes are its user's, and the frames stay where they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/loop.h"
#include "tui/tui.h"

#include <arpa/inet.h>
#include <locale.h>
#include <netinet/in.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vterm.h>

enum { COLS = 100, ROWS = 30, PATIENCE_MS = 40000 };

struct watched { /* what the terminal was made to do */
    int titles, commands, bells;
    bool alternate, cursor;
    int mouse;
};

static int on_property(VTermProp property, VTermValue *value, void *user)
{
    struct watched *watched = user;
    watched->titles += property == VTERM_PROP_TITLE || property == VTERM_PROP_ICONNAME;
    if (property == VTERM_PROP_ALTSCREEN)
        watched->alternate = value->boolean;
    if (property == VTERM_PROP_CURSORVISIBLE)
        watched->cursor = value->boolean;
    if (property == VTERM_PROP_MOUSE)
        watched->mouse = value->number;
    return 1;
}

static int on_bell(void *user)
{
    ((struct watched *)user)->bells++;
    return 1;
}

static int on_command(const char *command, size_t len, void *user)
{
    (void)command;
    (void)len;
    ((struct watched *)user)->commands++;
    return 1;
}

/* --- the device ----------------------------------------------------------------------------------------- */

#define EVIL                                                                                                 \
    "\\u001b]0;OWNED\\u0007\\u001b]52;c;T1dORUQ=\\u0007\\u001b[2J\\u001b[?1000h\\u202etxt."                  \
    "exe\\u200b\\u009b31m日本語"

/* Log lines as they come on the wire. */
static const char evil_log[] =
    "\n\033]0;OWNED\a\n\033]52;c;T1dORUQ=\a\n\033[2J\033[1;1H\033c\n\x9b"
    "31m\x90q\x9c\n"
    "\033P1$r\033\\\n\xff\xfe\xc0\x80\n\033(0lqqk\017\016\n\033[31mE (1) red\033[0m\n"
    "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81 \xf0\x9f\x87\xa9\xf0\x9f\x87\xaa \xe2\x80\xae bidi\n";

static char *answer_of(const char *method)
{
    char *name = malloc(10241), *text;
    memset(name, 'n', 10240);
    name[10240] = '\0';
    if (strcmp(method, "Sys.GetInfo") == 0)
        text = mem_printf("{\"id\":\"" EVIL "%s\",\"app\":\"" EVIL "\",\"fw_version\":\"" EVIL
                          "\",\"arch\":\"" EVIL "\",\"mac\":\"" EVIL
                          "\",\"uptime\":-1e300,\"ram_size\":-5,\"ram_free\":1e99,\"fs_size\":{},"
                          "\"fs_free\":\"" EVIL "\"}",
                          name);
    else if (strcmp(method, "Config.Get") == 0)
        text = mem_printf("{\"" EVIL "\":{\"" EVIL "\":\"" EVIL
                          "%s\",\"b\":[],\"c\":null},\"http\":{\"enable\":\"" EVIL "\"},\"rpc\":["
                          "\"" EVIL "\"]}",
                          name);
    else if (strcmp(method, "FS.ListExt") == 0)
        text = mem_printf("[{\"name\":\"" EVIL "\",\"size\":1},{\"name\":\"%s\",\"size\":\"" EVIL
                          "\"},7,{\"size\":2}]",
                          name);
    else if (strcmp(method, "RPC.List") == 0)
        text = mem_string("[\"Sys.GetInfo\",\"" EVIL "\",5]");
    else
        text = NULL;
    free(name);
    return text;
}

static void serve_line(int fd, const char *line)
{
    const char *id = strstr(line, "\"id\":"), *method = strstr(line, "\"method\":\"");
    char name[64] = "";
    if (id == NULL || method == NULL)
        return;
    sscanf(method, "\"method\":\"%63[^\"]", name);
    char *result = answer_of(name);
    char *frame = result ? mem_printf("\n{\"id\":%ld,\"src\":\"" EVIL "\",\"result\":%s}\n",
                                      strtol(id + 5, NULL, 10), result)
                         : mem_printf("\n{\"id\":%ld,\"error\":{\"code\":500,\"message\":\"" EVIL "\"}}\n",
                                      strtol(id + 5, NULL, 10));
    dprintf(fd, "%s%s", evil_log, frame);
    free(frame);
    free(result);
}

/* The device in a process of its own; it ends when its peer does. */
static pid_t start_device(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 4), 0);
    getsockname(listener, (struct sockaddr *)&address, &size);
    *port = ntohs(address.sin_port);
    pid_t child = fork();
    if (child > 0)
        close(listener);
    if (child != 0)
        return child;
    int fd = accept(listener, NULL, NULL);
    char *flood = malloc(1024 * 1024);
    memset(flood, 'z', 1024 * 1024);
    send(fd, flood, 1024 * 1024, MSG_NOSIGNAL); /* a line of a megabyte */
    FILE *in = fdopen(fd, "r");
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, in) > 0)
        serve_line(fd, line);
    _exit(0);
}

/* --- the console ---------------------------------------------------------------------------------------- */

static char *write_keys(const char *keys)
{
    char *path = mem_string("/tmp/lockstep-keys-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_true(write(fd, keys, strlen(keys)) == (ssize_t)strlen(keys));
    close(fd);
    return path;
}

static int run_console(const char *keys, int port)
{
    struct session session;
    struct loop *loop = loop_new();
    struct error e = {0};
    char *url = mem_printf("tcp://127.0.0.1:%d", port);
    struct tui_options options = {.keys = keys};
    session_init(&session, loop);
    session.on_terminal = true;
    options_set(&session.options, OPTION_PORT, url, &e);
    int rc = tui_run(&session, &options, &e);
    if (rc != 0)
        fprintf(stderr, "%s\n", e.message);
    session_free(&session);
    loop_free(loop);
    free(url);
    return rc == 0 ? 0 : 1;
}

static pid_t start_console(const char *keys, int port, int *terminal)
{
    struct winsize size = {.ws_row = ROWS, .ws_col = COLS};
    pid_t child = forkpty(terminal, NULL, NULL, &size);
    assert_true(child >= 0);
    if (child != 0)
        return child;
    setenv("TERM", "xterm-256color", 1);
    setenv("XDG_STATE_HOME", "/nonexistent", 1);
    unsetenv("NO_COLOR");
    _exit(run_console(keys, port));
}

/* Every control sequence that was written is one that the console has a use for. */
static void check_sequences(const struct buf *bytes)
{
    for (size_t i = 0; i < bytes->len; i++) {
        uint8_t c = bytes->data[i], next = i + 1 < bytes->len ? bytes->data[i + 1] : 0;
        if (c == 0xc2 && next >= 0x80 && next < 0xa0)
            fail_msg("a C1 control at byte %zu", i);
        if (c < 0x20 && strchr("\r\n\b\t\033\017\a", c) == NULL)
            fail_msg("control %02x at byte %zu", c, i);
        if (c == 0x1b && strchr("[()78=>M", next) == NULL)
            fail_msg("escape %02x at byte %zu", next, i);
    }
}

static void check_frame(VTermScreen *screen)
{
    static const uint32_t left[] = {0x250c, 0x2502, 0x2514, 0x251c},
                          right[] = {0x2510, 0x2502, 0x2518, 0x2524};
    for (int row = 1; row < ROWS - 1; row++) {
        VTermScreenCell cell;
        bool begins = false, ends = false;
        vterm_screen_get_cell(screen, (VTermPos){row, 0}, &cell);
        for (size_t i = 0; i < 4; i++)
            begins = begins || cell.chars[0] == left[i];
        vterm_screen_get_cell(screen, (VTermPos){row, COLS - 1}, &cell);
        for (size_t i = 0; i < 4; i++)
            ends = ends || cell.chars[0] == right[i];
        if (!begins || !ends)
            fail_msg("row %d of the screen has lost its frame", row);
    }
}

struct seen {
    struct watched watched;
    struct buf bytes;
    int status, frames;
};

static void run(const char *script, struct seen *seen)
{
    static const VTermScreenCallbacks callbacks = {.settermprop = on_property, .bell = on_bell};
    static const VTermParserCallbacks unknown = {.osc = on_command, .dcs = on_command};
    int port, terminal;
    char *keys = write_keys(script), piece[4096];
    pid_t device = start_device(&port), console = start_console(keys, port, &terminal);
    VTerm *vterm = vterm_new(ROWS, COLS);
    VTermScreen *screen = vterm_obtain_screen(vterm);
    memset(seen, 0, sizeof *seen);
    vterm_set_utf8(vterm, 1);
    vterm_screen_enable_altscreen(screen, 1);
    vterm_screen_set_callbacks(screen, &callbacks, &seen->watched);
    vterm_screen_set_unrecognised_fallbacks(screen, &unknown, &seen->watched);
    vterm_screen_reset(screen, 1);
    for (int64_t end = clock_ms() + PATIENCE_MS; clock_ms() < end;) {
        struct pollfd fd = {.fd = terminal, .events = POLLIN};
        if (poll(&fd, 1, 25) == 0) { /* a moment of rest: the picture is whole */
            if (seen->watched.alternate) {
                check_frame(screen);
                seen->frames++;
            }
            continue;
        }
        ssize_t n = read(terminal, piece, sizeof piece);
        if (n <= 0)
            break;
        buf_add(&seen->bytes, piece, (size_t)n);
        vterm_input_write(vterm, piece, (size_t)n);
    }
    kill(device, SIGKILL);
    kill(console, SIGKILL);
    waitpid(device, NULL, 0);
    waitpid(console, &seen->status, 0);
    close(terminal);
    vterm_free(vterm);
    unlink(keys);
    free(keys);
}

static void test_hostile_device(void **state)
{
    (void)state;
    struct seen seen;
    run("settle\nwait "
        "read\n2\n3\n4\n5\nsettle\n<Down><Down><Enter>\n<Esc>\n6\nsettle\n<Down><Enter>\n<Esc>\n7\nwait red\n"
        "<Up><Up><Right>\n/"
        "OWNED<Enter>\n&31<Enter>\n<Esc>\nstatus<Enter>\nsettle\n<Esc>\n1\nr\nsettle\n?\n<Esc>\nq\n",
        &seen);
    if (!WIFEXITED(seen.status) || WEXITSTATUS(seen.status) != 0)
        fail_msg("the console ended with %d: %s", seen.status, buf_text(&seen.bytes));
    assert_int_equal(seen.watched.titles, 0);
    assert_int_equal(seen.watched.commands, 0);
    assert_true(seen.frames > 0);
    assert_false(seen.watched.alternate);
    assert_true(seen.watched.cursor);
    assert_int_equal(seen.watched.mouse, VTERM_PROP_MOUSE_NONE);
    check_sequences(&seen.bytes);
    assert_null(strstr(buf_text(&seen.bytes), "\033]"));
    buf_free(&seen.bytes);
}

/* The one sequence that reaches the clipboard is the one that the y key sends. */
static void test_copy(void **state)
{
    (void)state;
    struct seen seen;
    run("settle\n7\nwait red\n<End>\n<Up>\ny\nwait Copied\nq\n", &seen);
    assert_true(WIFEXITED(seen.status) && WEXITSTATUS(seen.status) == 0);
    const char *text = buf_text(&seen.bytes), *first = strstr(text, "\033]52;c;");
    assert_non_null(first);
    assert_null(strstr(first + 1, "\033]"));
    assert_null(strstr(text, "T1dORUQ=\a"));
    assert_int_equal(seen.watched.titles, 0);
    buf_free(&seen.bytes);
}

/* A wait that comes to nothing is told, with its place, and the terminal is given back. */
static void test_script_that_waits_in_vain(void **state)
{
    (void)state;
    struct seen seen;
    run("settle\nwait no such words\nq\n", &seen);
    assert_true(WIFEXITED(seen.status) && WEXITSTATUS(seen.status) == 1);
    assert_non_null(strstr(buf_text(&seen.bytes), ":2: \"no such words\" did not appear within 10 s"));
    assert_false(seen.watched.alternate);
    buf_free(&seen.bytes);
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_hostile_device), cmocka_unit_test(test_copy),
                                       cmocka_unit_test(test_script_that_waits_in_vain)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
