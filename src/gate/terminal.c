/* gate_ask_terminal: one line, typed by a person, after the question was shown.
 *
 * What was typed or pasted ahead is drained first. While the question stands the terminal is asked to mark
 * pastes (bracketed paste), Esc and Ctrl-C end the line at once, and whatever follows a line without a pause
 * counts as a paste. Each of these is a refusal: the safe way out of doubt here is that nothing is sent. */
#include "base/file.h"
#include "gate/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum {
    QUIET_MS = 40,           /* no key repeat and no typist is this fast; a paste is */
    DRAIN_MAX = 1024 * 1024, /* bytes typed ahead before we give up waiting for quiet */
    KEY_INTERRUPT = 0x03,
    KEY_ESCAPE = 0x1b,
    LINE_SIZE = 512,
};

static int refuse(struct error *e, const char *why)
{
    return error_set(e, ERR_CONSENT, "%s", why);
}

/* Byte by byte, no echo, no signals: for looking at what is there. */
static struct termios raw_mode(const struct termios *old)
{
    struct termios t = *old;
    t.c_iflag &= (tcflag_t) ~(ISTRIP | INLCR | IGNCR | IXON);
    t.c_iflag |= ICRNL;
    t.c_lflag &= (tcflag_t) ~(ICANON | ECHO | ISIG | IEXTEN);
    t.c_cc[VMIN] = 0;
    t.c_cc[VTIME] = 0;
    return t;
}

/* Whole lines with the kernel's editing; Esc and Ctrl-C end a line. */
static struct termios line_mode(const struct termios *old)
{
    struct termios t = raw_mode(old);
    t.c_lflag |= ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | IEXTEN;
    t.c_oflag |= OPOST | ONLCR;
    t.c_cc[VEOF] = 0x04;
    t.c_cc[VEOL] = KEY_INTERRUPT;
    t.c_cc[VEOL2] = KEY_ESCAPE;
    t.c_cc[VLNEXT] = _POSIX_VDISABLE;
    return t;
}

static bool more_input(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, QUIET_MS) != 0;
}

/* Throws away what was typed before the question, until the terminal is quiet. */
static int drain(int fd, struct error *e)
{
    size_t dropped = 0;
    tcflush(fd, TCIFLUSH);
    while (more_input(fd)) {
        char bytes[4096];
        ssize_t n = read(fd, bytes, sizeof bytes);
        if (n <= 0)
            return refuse(e, "the terminal is gone");
        dropped += (size_t)n;
        if (dropped > DRAIN_MAX)
            return refuse(e, "text keeps pouring into the terminal, so no answer could be told from it");
    }
    tcflush(fd, TCIFLUSH);
    return 0;
}

/* Reads one line into answer; a line that is not plain printable text is refused. */
static int read_line(int fd, char *answer, size_t size, struct error *e)
{
    char line[LINE_SIZE];
    ssize_t n = read(fd, line, sizeof line);
    if (n < 0)
        return refuse(e, errno == EINTR ? "the question was interrupted" : "the terminal is gone");
    if (n == 0)
        return refuse(e, "the terminal's input ended at the question");
    if (line[n - 1] == KEY_ESCAPE)
        return refuse(e, "the question was left with Esc, or text was pasted where it must be typed");
    if (line[n - 1] == KEY_INTERRUPT)
        return refuse(e, "the question was left with Ctrl-C");
    if (line[n - 1] != '\n')
        return refuse(e, "the answer did not end with Enter");
    size_t len = (size_t)n - 1;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            return refuse(e, "the answer holds control characters");
    if (len >= size)
        return refuse(e, "the answer is longer than anything that was asked for");
    memcpy(answer, line, len);
    answer[len] = '\0';
    return 0;
}

static bool marks_pastes(void)
{
    const char *term = getenv("TERM");
    return term != NULL && *term != '\0' && strcmp(term, "dumb") != 0;
}

static int ask(int fd, const struct termios *old, const char *question, char *answer, size_t size,
               struct error *e)
{
    struct termios raw = raw_mode(old), lines = line_mode(old);
    if (tcsetattr(fd, TCSAFLUSH, &raw) != 0)
        return refuse(e, "the terminal cannot be set up for the question");
    int code = drain(fd, e);
    if (code != 0)
        return code;
    if (tcsetattr(fd, TCSAFLUSH, &lines) != 0)
        return refuse(e, "the terminal cannot be set up for the question");
    if (marks_pastes())
        file_write_all(fd, "\033[?2004h", 8, NULL);
    tcflush(fd, TCIFLUSH);
    if (file_write_all(fd, question, strlen(question), NULL) != 0)
        return refuse(e, "the question cannot be shown on the terminal");
    code = read_line(fd, answer, size, e);
    tcsetattr(fd, TCSANOW, &raw); /* half a line behind the first shows up only in this mode */
    if (code == 0 && more_input(fd))
        code = refuse(e, "more than one line came at once: the answer must be typed, not pasted");
    if (marks_pastes())
        file_write_all(fd, "\033[?2004l", 8, NULL);
    if (code != 0)
        file_write_all(fd, "\n", 1, NULL);
    return code;
}

int gate_ask_terminal(void *ctx, const char *question, char *answer, size_t size, struct error *e)
{
    (void)ctx;
    struct termios old;
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return refuse(e, "there is no terminal to ask on");
    int code;
    if (tcgetpgrp(fd) != getpgrp())
        code = refuse(e, "lockstep runs in the background, where it cannot ask");
    else if (tcgetattr(fd, &old) != 0)
        code = refuse(e, "the terminal cannot be set up for the question");
    else {
        code = ask(fd, &old, question, answer, size, e);
        tcsetattr(fd, TCSAFLUSH, &old); /* drops the rest of a paste too */
    }
    close(fd);
    if (code != 0)
        memset(answer, 0, size);
    return code;
}
