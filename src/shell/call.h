/* One call of one operation: what plugin.h's op_… functions work on. */
#ifndef SHELL_CALL_H
#define SHELL_CALL_H

#include "shell/parser.h"
#include "shell/session.h"

struct report {
    bool json;
    struct buf text; /* what was written for people, kept for expect */
    cJSON *result;   /* what was said for machines; NULL: nothing */
    cJSON *table;    /* rows of the table under way */
    char *table_key;
    const struct op_column *columns;
    size_t column_count;
    bool progress; /* a progress line stands on the terminal */
};

struct op_call {
    const struct op *op; /* NULL when the command is unknown */
    struct parse *parse;
    struct session *session;
    const struct options *options; /* the session's, with those of the line */
    struct report report;
    bool plan;             /* a dry run */
    bool entered;          /* run() of an operation that needs no plan was called */
    bool told;             /* a failure of a command run inside was told already */
    const char *mode;      /* "plan" or "applied" of a command whose record does not say so; or NULL */
    size_t step;           /* the step that is next */
    bool resuming;         /* finishes one that was broken off */
    const char *plan_hash; /* of the plan file that is applied, or NULL */
    bool has_readback;
    uint8_t readback[32];
    void *state;
    size_t state_size;
    void (*release)(void *state);
};

void call_free(struct op_call *call);

/* Begins the report. */
void report_open(struct op_call *call);

/* Ends the report: text to its end, or the one JSON object. `where` is "FILE:LINE" or NULL. `e` holds the
 * outcome; output that could not be written turns success into a failure. */
void report_close(struct op_call *call, const char *where, int64_t elapsed_ms, struct error *e);

/* "+ LINE" on standard error: the line that is about to run. */
void report_echo(struct op_call *call, const char *line);

/* JSON text that is valid UTF-8 and holds nothing a terminal obeys: such characters become \uNNNN. */
void report_safe_json(const char *json, struct buf *to);

/* Columns that a text takes on a terminal. */
size_t report_width(const char *text);

#endif
