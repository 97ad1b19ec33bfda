/* The one error type. A fallible function returns 0, or a negative code and fills a struct error whose
 * message reads as a sentence: what was being done, what was wrong; `next` says what to do about it.
 *
 * Contract: every function here accepts e == NULL (the text is dropped, the code is still returned).
 * Codes are never renumbered: a code's exit status is part of the command line contract. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

enum error_code {
    ERR_NONE = 0,
    ERR_REFUSED = -1,       /* the device, a file or a check refused: exit status 1 */
    ERR_USAGE = -2,         /* the command line itself is wrong: exit status 2 */
    ERR_CONNECTION = -3,    /* no connection, or lost, or no answer: exit status 3 */
    ERR_CONSENT = -4,       /* consent missing or not given: exit status 4 */
    ERR_READBACK = -5,      /* what was read back differs from what was written: exit status 5 */
    ERR_EXPECT = -6,        /* an `expect` of a command file failed: exit status 6 */
    ERR_INTERRUPTED = -130, /* Ctrl-C: exit status 130 */
};

struct error {
    int code;          /* enum error_code; 0 when nothing went wrong */
    int remote;        /* the device's own RPC error code (404, 500 …), or 0 */
    char message[768]; /* UTF-8, printable, no trailing newline; text from a device is already escaped */
    char next[320];    /* the next step, may be empty */
};

/* Fills e and returns code. The message is cut at the buffer's size, never split inside a UTF-8 character. */
int error_set(struct error *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Same, with ": <strerror(errno)>" behind the message. Reads errno before anything else. */
int error_set_errno(struct error *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Sets what to do next; returns e's code, so that `return error_next(e, …)` works after error_set. */
int error_next(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "<text>: " in front of the message already there; returns e's code. */
int error_prefix(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

void error_clear(struct error *e);

/* The process exit status that stands for a code (design: command line). Unknown codes count as 1. */
int error_exit_status(int code);

/* A stable word for a code ("refused", "usage", "no-connection", …) for machines. Never NULL. */
const char *error_name(int code);

#endif
