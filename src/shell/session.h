/* What lives as long as the program: options, variables, the attached device, what the last command said. */
#ifndef SHELL_SESSION_H
#define SHELL_SESSION_H

#include "base/buf.h"
#include "base/loop.h"
#include "shell/connect.h"
#include "shell/front.h"
#include "shell/options.h"
#include "shell/registry.h"
#include "shell/vars.h"

#include <signal.h>

enum { SESSION_LOG_LINES = 500 }; /* device log lines remembered for `log` */

enum { SESSION_NAME_SIZE = 96 };

/* The command before, for expect, expect-error and expect-json. */
struct session_last {
    bool any;
    struct error error; /* code 0: it succeeded */
    char *command;
    struct buf text; /* what it wrote for people, standard output and notes */
    cJSON *result;   /* or NULL */
};

struct session_watcher { /* who wants to see the device's log lines and its link's fate; fields may be NULL */
    void (*log)(void *ctx, const char *line, size_t len);
    void (*notice)(void *ctx, const char *sentence); /* "the link is lost: …" */
    void *ctx;
};

struct ledger; /* gate/ledger.h */
struct script; /* a command file under way: script.h */

struct session {
    struct loop *loop;
    struct registry registry;
    struct options options;
    struct vars vars;
    struct device *device;         /* NULL while detached */
    char name[SESSION_NAME_SIZE];  /* MAC or id of the device, "" until it was asked: to know it again after a
                                      loss */
    char armed[SESSION_NAME_SIZE]; /* the device (name) that a console may do irreversible things to, "": none
                                    */
    char *attached;                /* the port as it was asked for */
    char *let_go;                  /* the port that attach could not open or detach closed, "" for none named;
                                      NULL: ports are opened on demand */
    bool let_go_failed;            /* attach did not succeed */
    struct script *script;         /* innermost, or NULL */
    struct ledger *ledger;         /* NULL until a command asked for it */
    struct connect connect;        /* what the attached link was opened with */
    struct session_last last;
    char *log[SESSION_LOG_LINES]; /* ring, printable */
    size_t log_count;             /* ever received */
    struct session_watcher watcher;
    const struct front *front; /* where reports go and who is asked; NULL: plain lines (front.h) */
    bool stdin_is_commands;    /* standard input holds command lines */
    bool on_terminal;          /* a person is there: standard input is a terminal */
    bool quit;
    bool rehearsal; /* --dry-run was asked for around command files: no line in them can undo that */
    /* Set by signal handlers, served by whoever waits. */
    volatile sig_atomic_t terminated; /* asked to end: SIGTERM, SIGHUP */
    volatile sig_atomic_t redraw;     /* stopped and continued, or the terminal has a new size */
};

/* Core operations only; plugins are loaded with loader.h. The loop is the caller's and outlives the session.
 */
void session_init(struct session *session, struct loop *loop);
void session_free(struct session *session);

/* Opens the port of `options` (or the only serial port there is) unless it is open already; a link that was
 * lost is opened again and the device must be the same. ERR_USAGE when there is no port to choose,
 * ERR_CONNECTION. */
int session_attach(struct session *session, const struct options *options, struct error *e);
void session_detach(struct session *session);
/* After detach, or an attach that failed: the session's port is forgotten, so that no command goes to a
 * device that nobody chose. session_attach refuses (ERR_CONNECTION) until a port is named again; `port` (may
 * be NULL) is what attach without a port opens then. */
void session_let_go(struct session *session, const char *port, bool failed);
/* A note for the person, outside of any command's report: standard error, or the front end. */
void session_note(struct session *session, const char *sentence);
/* A sentence for the person, outside of any command's report: standard error, or the front end. */
void session_warn(struct session *session, const char *sentence);
/* Remembers which device this is, if it is known by now. */
void session_note_device(struct session *session);

/* A variable for ${NAME}, or NULL; HERE is the folder of the command file that is being run. ctx: the
 * session. */
const char *session_lookup(void *ctx, const char *name);

void session_forget_last(struct session *session);

/* Options and variables of a command file are its own: saved before it, put back after it. */
struct session_scope {
    struct options options;
    struct vars vars;
};
void session_scope_save(const struct session *session, struct session_scope *scope);
void session_scope_restore(struct session *session, struct session_scope *scope);

#endif
