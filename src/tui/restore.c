/* Restore: see restore.h. The state is static because a signal handler can be given nothing. */
#include "tui/restore.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <curses.h>
#include <term.h>

static struct {
    int fd;
    bool known, armed;
    volatile sig_atomic_t away;
    struct termios settings;
    char text[256]; /* ends the drawing: attributes, cursor, keypad, alternate screen, mouse, paste marks */
    size_t len;
} saved = {.fd = -1};

static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
enum { CRASHES = sizeof crashes / sizeof crashes[0] };
static struct sigaction before[CRASHES];

static void on_crash(int number)
{
    if (saved.known && !saved.away) {
        ssize_t n = write(saved.fd, saved.text, saved.len);
        (void)n; /* nothing is left to do about it */
        tcsetattr(saved.fd, TCSANOW, &saved.settings);
    }
    raise(number); /* the handler is gone (SA_RESETHAND): this ends the program as the signal does */
}

void restore_remember(int fd)
{
    saved.fd = fd;
    saved.known = tcgetattr(fd, &saved.settings) == 0;
}

static void add(const char *text)
{
    size_t n = text != NULL && text != (char *)-1 ? strlen(text) : 0;
    if (n == 0 || saved.len + n > sizeof saved.text)
        return;
    memcpy(saved.text + saved.len, text, n);
    saved.len += n;
}

void restore_arm(int fd)
{
    static char stack[64 * 1024]; /* a crash may be an overflow of the usual one */
    static const char *const ends[] = {"sgr0", "cnorm", "rmkx", "rmcup"};
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_handler = on_crash,
                               .sa_flags = (int)(SA_RESETHAND | SA_NODEFER | SA_ONSTACK)};
    saved.fd = fd;
    saved.len = 0;
    add("\033[?1000l\033[?1006l\033[?2004l");
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        add(tigetstr(ends[i]));
    add("\r\n");
    sigaltstack(&alternate, NULL);
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < CRASHES; i++)
        sigaction(crashes[i], &action, &before[i]);
    saved.armed = true;
}

void restore_away(bool away)
{
    saved.away = away;
}

void restore_disarm(void)
{
    for (size_t i = 0; saved.armed && i < CRASHES; i++)
        sigaction(crashes[i], &before[i], NULL);
    saved.armed = false;
}
