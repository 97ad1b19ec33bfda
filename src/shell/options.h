/* Global options: one table for the program's command line, a console line, `set`, the environment, help, the
 * man page and completion. */
#ifndef SHELL_OPTIONS_H
#define SHELL_OPTIONS_H

#include "shell/plugin.h"

enum option_id {
    OPTION_PORT,
    OPTION_JSON,
    OPTION_CONFIRM,
    OPTION_ACCEPT,
    OPTION_LEDGER,
    OPTION_ESCROW,
    OPTION_PRODUCTION,
    OPTION_DRY_RUN,
    OPTION_TIMEOUT,
    OPTION_BAUD_RATE,
    OPTION_SET_CONTROL_LINES,
    OPTION_INVERTED_CONTROL_LINES,
    OPTION_HW_FLOW_CONTROL,
    OPTION_RECONNECT,
    OPTION_RPC_CREDS,
    OPTION_CA_CERT_FILE,
    OPTION_CERT_FILE,
    OPTION_KEY_FILE,
    OPTION_SERVER_NAME,
    OPTION_PIN,
    OPTION_INSECURE,
    OPTION_LOG,
    OPTION_VERBOSE,
    OPTION_E,
    OPTION_VAR,
    OPTION_NO_TUI,
    OPTION_THEME,
    OPTION_SCREEN_SIZE,
    OPTION_KEYS,
    OPTION_ASCII,
    OPTION_MOUSE,
    OPTION_X,
    OPTION_VERSION,
    OPTION_HELP,
    OPTION_COUNT,
    OPTION_NONE = -1,
};

enum option_flags {
    OPTION_START = 1,   /* only on the program's command line, not in a console line or `set` */
    OPTION_CONSENT = 2, /* gives or shapes consent: never from the environment */
    OPTION_LINE = 4,    /* about the one line it stands in: neither environment nor `set` */
};

struct option_def {
    struct op_arg arg; /* a name of one letter is written -N, a longer one --name */
    unsigned flags;    /* enum option_flags */
};

const struct option_def *option_table(void); /* OPTION_COUNT entries, index is the id */
enum option_id option_find(const char *name);
enum option_id option_find_setting(const char *name); /* one that `set` may set */

struct options {
    char *value[OPTION_COUNT]; /* as given, last one wins; NULL when not given */
    struct option_item {
        enum option_id id;
        char *value;
    } * list; /* every value of repeatable ones, in order */
    size_t list_count;
};

#define OPTIONS_INIT ((struct options){0})

/* Checks and stores. ERR_USAGE names the option and what it takes. */
int options_set(struct options *options, enum option_id id, const char *value, struct error *e);
/* LOCKSTEP_<NAME>, else MOS_<NAME>, for all but those of consent and of one line. */
int options_from_environment(struct options *options, struct error *e);
/* Value of LOCKSTEP_<NAME>, else MOS_<NAME>, else NULL; variable (64 chars) gets its name. */
const char *option_environment(const char *name, char *variable);
void options_copy(const struct options *from, struct options *to); /* to is uninitialised */
void options_free(struct options *options);

const char *options_value(const struct options *options,
                          enum option_id id); /* or the table's fallback, or NULL */
bool options_flag(const struct options *options, enum option_id id);
/* All values of a repeatable option; the array is the caller's to free, the strings are not. */
size_t options_list(const struct options *options, enum option_id id, const char ***values);

/* "20", "20s", "500ms", "2m" -> milliseconds; -1 when it is no duration. */
int64_t option_duration_ms(const char *text);

/* Checks a value against its type, and gives numbers and slots in *number (may be NULL). ERR_USAGE; a secret
 * value does not appear in the message. */
int option_check_value(const struct op_arg *arg, const char *value, uint64_t *number, struct error *e);
/* "true", "1", "yes" -> 1; "false", "0", "no" -> 0; else -1. */
int option_boolean(const char *text);

#endif
