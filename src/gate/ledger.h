/* The ledger: what was planned, begun and found out, in an append-only SQLite file in which every entry
 * carries the hash of the one before it. doc/ledger.md describes file, hash and head for an auditor.
 *
 * Nothing is opened before it is needed: ledger_open only remembers the path; reading a ledger that does not
 * exist finds no entries and makes no file. A write makes folder (0700) and file (0600).
 *
 * Every function that writes: ERR_REFUSED when the entry is not safely on disk (full disk, write-protected,
 * locked, damaged, or its tail is not the one it had), with what to do. Text is made printable on its way in.
 */
#ifndef GATE_LEDGER_H
#define GATE_LEDGER_H

#include "base/buf.h"
#include "base/error.h"
#include "gate/gate.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ledger;

enum { LEDGER_HASH_SIZE = 65 }; /* 64 lower-case hex digits and a NUL */
#define LEDGER_ABSENT INT64_MIN /* a number that an entry does not have */

/* path NULL: "<XDG state folder>/lockstep/ledger.sqlite". Touches no file. */
int ledger_open(const char *path, struct ledger **ledger, struct error *e);
void ledger_close(struct ledger *ledger); /* NULL is fine */
const char *ledger_path(const struct ledger *ledger);
/* How long a write waits for another program's: 5000 ms unless said otherwise. */
void ledger_set_patience(struct ledger *ledger, int ms);

/* --- writing -------------------------------------------------------------------------------------------- */

/* What the gate does not know. The strings are the caller's and outlive every use of the context; NULL is
 * fine. One context serves one gate_pass. */
struct ledger_context {
    const char *tool;   /* "lockstep 0.1.0" */
    const char *device; /* the firmware's id: "esp32_0A1B2C" */
    const char *port;   /* credentials cut out */
    const char *line;   /* the command line, secrets left out (parse_line) */
    const uint8_t
        *readback; /* SHA-256 of what was read back, or NULL; looked at when an outcome is written */

    struct ledger *ledger; /* set by ledger_bind; the rest is the ledger's own */
    int64_t plan_row;
    char plan_hash[LEDGER_HASH_SIZE];
};

/* Fills gate with callbacks that write to this ledger. ledger and context outlive gate's use. An intent is
 * synced to disk when its callback returns 0. The first one writes the session's entry, too. */
void ledger_bind(struct ledger *ledger, struct ledger_context *context, struct gate_ledger *gate);

/* Writes the entry of this run of lockstep unless this handle wrote it already; row (may be NULL) is its
 * number. */
int ledger_session_begin(struct ledger *ledger, const struct ledger_context *context, int64_t *row,
                         struct error *e);

/* The outcome of an intent, also of one that an earlier run left open. code: enum error_code. ERR_REFUSED
 * when there is no such intent or it has its outcome. */
int ledger_outcome(struct ledger *ledger, const struct ledger_context *context, int64_t intent, int code,
                   const char *sentence, struct error *e);

/* A remark; refers: the entry it is about, or 0. */
int ledger_note(struct ledger *ledger, const struct ledger_context *context, int64_t refers,
                const char *sentence, struct error *e);

/* --- reading -------------------------------------------------------------------------------------------- */

/* One entry. A string it does not have is NULL, a number LEDGER_ABSENT. After a file was tampered with, text
 * may be anything: text_printable before it is shown. */
struct ledger_entry {
    int64_t seq;                    /* 1, 2, 3 … */
    char *kind;                     /* session, plan, intent, outcome, note */
    char *at;                       /* 2026-11-20T10:42:07Z */
    char *tool, *who;               /* lockstep's version; user@host */
    char *identity, *device, *port; /* the chip's serial number or MAC; the firmware's id */
    char *operation, *line;         /* command; the whole line, secrets left out */
    char *plan, *plan_hash;         /* JSON; SHA-256 of those bytes */
    char *state;                    /* SHA-256 of the state the plan was made from */
    int64_t step;                   /* from 0 */
    int64_t refers;                 /* plan -> session, intent -> plan, outcome -> intent */
    int64_t code;                   /* of an outcome: enum error_code */
    char *sentence, *readback;      /* SHA-256 of what was read back */
    char *previous, *hash;          /* hash of the entry before; own hash */

    int64_t answer; /* of an intent: the number of its outcome, LEDGER_ABSENT while it is open */
    bool open;      /* an intent without an outcome */
    bool intact;    /* the content matches its hash */
};

struct ledger_list {
    struct ledger_entry *entry; /* oldest first */
    size_t count;
    bool more; /* older ones were left out by the limit */
};
void ledger_list_free(struct ledger_list *list);

struct ledger_filter {     /* what is NULL or 0 does not filter */
    const char *device;    /* identity or firmware's id, letters' case ignored */
    const char *operation; /* command */
    const char *kind;
    const char *since, *until; /* 2026, 2026-11, 2026-11-20, 2026-11-20T10:42 …; both inclusive, UTC */
    bool open;                 /* only intents without an outcome */
    size_t limit;              /* the newest so many; 0: all */
};

/* ERR_USAGE for a date that is none. */
int ledger_list(struct ledger *ledger, const struct ledger_filter *filter, struct ledger_list *list,
                struct error *e);
/* Intents without outcome of a device, by its identity (NULL: of all devices). */
int ledger_open_intents(struct ledger *ledger, const char *identity, struct ledger_list *list,
                        struct error *e);
/* One entry, in list->entry[0]; ERR_REFUSED when there is no such entry. */
int ledger_show(struct ledger *ledger, int64_t seq, struct ledger_list *list, struct error *e);

enum ledger_format { LEDGER_JSONL, LEDGER_CSV };
/* Entries as text, one a line, oldest first. JSON lines hold every value as it is, so each hash can be
 * recomputed. CSV (RFC 4180) puts ' before a text that a spreadsheet would take for a formula. */
int ledger_export(struct ledger *ledger, enum ledger_format format, const struct ledger_filter *filter,
                  struct buf *to, struct error *e);

/* --- verifying ------------------------------------------------------------------------------------------ */

enum { LEDGER_FINDINGS_MAX = 100 };

struct ledger_finding {
    int64_t seq; /* the entry, or 0: the file as a whole */
    char *sentence;
};

struct ledger_verdict {
    int64_t count;               /* entries there are */
    char head[LEDGER_HASH_SIZE]; /* hash of the last one, 64 zeros when there is none */
    struct ledger_finding *finding;
    size_t finding_count; /* at most LEDGER_FINDINGS_MAX */
};

/* Recomputes every hash and compares the end with ledger.head. 0: nothing was edited, removed, added, moved
 * or cut off. ERR_REFUSED: the verdict's findings say what (none when the file could not even be read). The
 * verdict is to be freed either way. */
int ledger_verify(struct ledger *ledger, struct ledger_verdict *verdict, struct error *e);
void ledger_verdict_free(struct ledger_verdict *verdict);

#endif
