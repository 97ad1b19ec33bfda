/* The public face of lockstep for plugins: the operation record, what a handler may ask for, and the plugin
 * record. A plugin is a shared object that exports one symbol, `const struct plugin lockstep_plugin`.
 *
 * Handlers never exit, never draw and never read the terminal: they take arguments, talk to the device, and
 * report. Everything an operation is, is data here; parser, help, man page, completion, linter and JSON read
 * it from here. */
#ifndef SHELL_PLUGIN_H
#define SHELL_PLUGIN_H

#include "base/error.h"
#include "device/device.h"
#include "gate/plan.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Raised when a struct below changes; a plugin of another number is refused by file name. */
enum { PLUGIN_ABI = 3 };

struct op_call; /* one call of one operation: its arguments, device and report */
struct view;    /* a view of the console: shell/view.h */

enum op_hazard {
    HAZARD_NONE,         /* reads only */
    HAZARD_WRITES,       /* changes something that can be changed back */
    HAZARD_RESETS,       /* reboots the device */
    HAZARD_IRREVERSIBLE, /* goes through the gate: dry run by default */
};

enum op_type {                   /* what a value is: checked by the parser, completed by type */
               TYPE_WORD,        /* any one word */
               TYPE_CHOICE,      /* one of `choices`, "a|b|c" */
               TYPE_NUMBER,      /* whole number 0..max */
               TYPE_SLOT,        /* chip slot 0..15 */
               TYPE_FILE,        /* host file to read ("-" standard input) */
               TYPE_NEW_FILE,    /* host file to write ("-" standard output, "--" standard error) */
               TYPE_DEVICE_FILE, /* file on the device */
               TYPE_CONFIG_KEY,  /* a.b.c of the device's configuration */
               TYPE_ASSIGNMENT,  /* KEY=VALUE of the device's configuration */
               TYPE_METHOD,      /* RPC method */
               TYPE_JSON,        /* JSON text */
               TYPE_COMMAND,     /* a command's name */
               TYPE_TEXT,        /* all that is left of the line, words joined by one space */
               TYPE_FLAG,        /* options only: no value, or =true / =false */
};

enum op_arg_flags {
    ARG_OPTIONAL = 1,
    ARG_REPEAT = 2,
    ARG_SECRET = 4 /* never in history, records or messages */
};

struct op_arg {
    const char *name; /* "SLOT"; for an option its long name without dashes: "write-key" */
    enum op_type type;
    unsigned flags;
    const char *help;     /* one line */
    const char *choices;  /* TYPE_CHOICE */
    uint64_t max;         /* TYPE_NUMBER */
    const char *fallback; /* value when not given, or NULL */
};

/* What became of a step whose end nobody saw, from what the device says now. */
enum op_verdict {
    OP_UNKNOWN,  /* the device does not tell */
    OP_NOT_DONE, /* as before the step */
    OP_DONE,
    OP_PARTLY, /* begun, and to be done again */
};
struct op_judgement {
    enum op_verdict verdict;
    char sentence[320]; /* what was read that says so; printable */
};

struct op {
    const char *name, *summary;
    const char *help;             /* paragraphs for `help NAME` and the man page; may be NULL */
    const char *example;          /* lines for help; may be NULL */
    const struct op_arg *args;    /* ends with name == NULL; may be NULL */
    const struct op_arg *options; /* own options beside the global ones; same form; may be NULL */
    unsigned needs;               /* enum device_need */
    enum op_hazard hazard;
    int (*check)(struct op_call *call, struct error *e); /* may be NULL; no change, may read the device */
    int (*plan)(struct op_call *call, struct plan *plan,
                struct error *e);                                      /* irreversible only: required there */
    int (*run)(struct op_call *call, size_t step, struct error *e);    /* step 0 unless a plan has more */
    int (*verify)(struct op_call *call, size_t step, struct error *e); /* may be NULL */
    int (*finish)(struct op_call *call, struct error *e);              /* after the last step; may be NULL */
    /* Irreversible only; may be NULL: nobody can tell. Reads the device, changes nothing. `plan` is the plan
     * as it was recorded (plan_json). Called in place of check; finish may follow when the verdict is done.
     */
    int (*judge)(struct op_call *call, size_t step, const cJSON *plan, struct op_judgement *judgement,
                 struct error *e);
};

/* --- what a handler may ask for ------------------------------------------------------------------------- */

const char *op_arg_value(const struct op_call *call,
                         const char *name); /* argument's or option's text, fallback, or NULL */
uint64_t op_arg_number(const struct op_call *call,
                       const char *name);                       /* TYPE_NUMBER, TYPE_SLOT; 0 when absent */
bool op_arg_flag(const struct op_call *call, const char *name); /* TYPE_FLAG; false when absent */
bool op_arg_given(const struct op_call *call, const char *name);
size_t op_arg_count(const struct op_call *call, const char *name); /* ARG_REPEAT: how many */
const char *op_arg_item(const struct op_call *call, const char *name, size_t i);

struct device *
op_device(struct op_call *call); /* attached and checked as `needs` says; NULL for NEED_NOTHING */
struct loop *op_loop(struct op_call *call);
bool op_is_plan(const struct op_call *call); /* a dry run */
bool op_is_json(const struct op_call *call);

/* The step that is next: 0 while a plan is made or consent is asked for. A plan is made again before each. */
size_t op_step(const struct op_call *call);
/* True when this call finishes one that was broken off: files it was to make may be there already. */
bool op_is_resume(const struct op_call *call);
/* What verify has read back: its digest goes into the ledger. No secrets. */
void op_readback(struct op_call *call, const void *bytes, size_t len);
/* The i-th of the device's latest log lines, printable, newest first; NULL at the end. */
const char *op_log_line(const struct op_call *call, size_t i);

/* Zeroed memory that lives as long as the call and is handed from check to plan to run to verify; freed by
 * `release` (may be NULL) and wiped after the call. One per call: the second and later calls return the same
 * memory. */
void *op_state(struct op_call *call, size_t size, void (*release)(void *state));

/* --- reports: text and JSON from one source ------------------------------------------------------------- */

/* A line for people on standard output. Device text must have gone through text_printable. */
void op_say(struct op_call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Progress and notes for people, on standard error. */
void op_note(struct op_call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "label  value" for people, result[key] = value for machines. */
void op_field(struct op_call *call, const char *key, const char *label, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* For machines only: result[key] = value, which is consumed. key NULL: the whole result. */
void op_json(struct op_call *call, const char *key, cJSON *value);
/* A payload on standard output as it is (a file's bytes, YAML); in --json it is result.data, base64 when
 * `binary`. */
void op_data(struct op_call *call, const void *bytes, size_t len, bool binary);

/* Tables: op_table_begin, then a row of as many strings as columns, then op_table_end. JSON: result[key] =
 * array of objects by column key. */
struct op_column {
    const char *key, *title;
};
void op_table_begin(struct op_call *call, const char *key, const struct op_column *columns, size_t count);
void op_table_row(struct op_call *call, const char *const *cells);
void op_table_end(struct op_call *call);

/* Progress of long work: done and total in bytes; drawn on terminals only. total 0 ends it. */
void op_progress(struct op_call *call, const char *what, uint64_t done, uint64_t total);

/* --- the plugin record ---------------------------------------------------------------------------------- */

struct plugin {
    uint32_t abi; /* PLUGIN_ABI */
    const char *name, *version, *summary;
    const struct op *const *ops;  /* ends with NULL */
    int (*init)(struct error *e); /* may be NULL */
    /* Adds this subject's lines to `status`; may be NULL. Called with a device attached. */
    int (*status)(struct op_call *call, struct error *e);
    /* Views for the console, shown after its own; ends with NULL; may be NULL. */
    const struct view *const *views;
};

#endif
