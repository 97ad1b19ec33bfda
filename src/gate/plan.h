/* A plan: what an irreversible operation would do, bit by bit, before anything is sent.
 * Built by an operation's `plan` function, shown to people, asked about by the gate, written to the ledger.
 * All strings are copied in; no secret may ever be put in a plan (a key is named by its file and slot). */
#ifndef GATE_PLAN_H
#define GATE_PLAN_H

#include "base/buf.h"
#include "base/error.h"

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

struct plan_change { /* one thing that changes: "byte 87  LockConfig", "0x55", "0x00", "the zone can never be
                        written again" */
    char *what, *before, *after, *note;
};

struct plan_step {
    char *title; /* "lock the configuration zone" */
    struct plan_change *changes;
    size_t change_count;
    char *was, *will; /* digest of what reads back before and after, for a later judge; "" when not known */
};

struct plan_file { /* a file that the command needs, or makes */
    char *use;     /* "needs", "makes" */
    char *path;    /* absolute */
    char *digest;  /* SHA-256 of its content, 64 hex digits, or "". Keys are random: their digest tells
                      nothing about them */
};

struct plan_trap {  /* a consequence that wants its own, second consent */
    char *name;     /* for --accept NAME: "i2c-address" */
    char *sentence; /* what is dangerous about it */
    char *question; /* what to type, in words: "Type the new bus address (0x60 form)" */
    char *answer;   /* the exact line that consents on a terminal */
};

struct plan {
    char *title;     /* "lock the configuration zone of ATECC508A on esp32_0A1B2C" */
    char *operation; /* command name */
    char *identity;  /* whole identity for --confirm, lower case: the chip's serial number 012352aad1bbf378ee,
                        or a MAC */
    char *digits;    /* the four hex digits to type, from the identity: "f378" */
    char *where;     /* which digits those are: `the four digits before "ee" of this chip's serial number` */
    uint8_t state[32]; /* SHA-256 of the observed state the plan was made from */
    char *observed;    /* that state in hex, so that it can be told later what changed; "" when not given */
    char *expected;    /* the state after the last step in hex; "" when the steps do not change it */
    char **words;      /* the command line it came from, without global options and secrets */
    size_t word_count;
    struct plan_file *files;
    size_t file_count;
    struct plan_step *steps;
    size_t step_count;
    char **freezes; /* what else becomes permanent: one sentence each */
    size_t freeze_count;
    char **checks; /* what was checked before: one phrase each */
    size_t check_count;
    char **warnings;
    size_t warning_count;
    struct plan_trap *traps;
    size_t trap_count;
};

void plan_init(struct plan *plan, const char *operation);
void plan_free(struct plan *plan);
void plan_title(struct plan *plan, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Identity of an ATECC: 18 hex digits of its serial; sets identity, digits ("f378" of …f378ee) and where. */
void plan_identity_chip(struct plan *plan, const char *serial_hex);
void plan_identity_mac(struct plan *plan, const char *mac_hex); /* 12 hex digits; digits are the last four */
size_t plan_step_add(struct plan *plan, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Adds to the last step. note may be NULL. */
void plan_change_add(struct plan *plan, const char *what, const char *before, const char *after,
                     const char *note);
void plan_freeze_add(struct plan *plan, const char *format, ...) __attribute__((format(printf, 2, 3)));
void plan_check_add(struct plan *plan, const char *format, ...) __attribute__((format(printf, 2, 3)));
void plan_warning_add(struct plan *plan, const char *format, ...) __attribute__((format(printf, 2, 3)));
void plan_trap_add(struct plan *plan, const char *name, const char *answer, const char *question,
                   const char *sentence);

/* The bytes a plan is made from (and their digest in plan->state), and what they will be. No secrets. */
void plan_observed(struct plan *plan, const void *bytes, size_t len);
void plan_expected(struct plan *plan, const void *bytes, size_t len);
/* Of the last step: digests (hex) of what reads back before and after it; NULL: not known. */
void plan_step_digests(struct plan *plan, const char *was, const char *will);
void plan_word_add(struct plan *plan, const char *word);
void plan_file_add(struct plan *plan, const char *use, const char *path, const char *digest);

/* For people (several lines; the first says "plan (nothing sent): …" or "about to do: …") and for machines.
 */
void plan_text(const struct plan *plan, int nothing_sent, struct buf *to);
cJSON *plan_json(const struct plan *plan);

#endif
