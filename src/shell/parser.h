/* Words of one command line -> which operation, with which arguments and options. Pure.
 *
 * Two steps, so that a line can be taken apart (for history, say) without its values being right:
 * parser_parse finds out what each word is; parser_check checks the values by type. */
#ifndef SHELL_PARSER_H
#define SHELL_PARSER_H

#include "shell/lexer.h"
#include "shell/options.h"
#include "shell/registry.h"

struct parse_item {
    const struct op_arg *arg; /* an argument or option of the operation; NULL for a global option */
    enum option_id global;    /* or OPTION_NONE */
    bool is_option;
    char *value;
    char *shown;     /* what stands for it in lines, when that is not its value: SHELL_TAKES_LINE; or NULL */
    uint64_t number; /* TYPE_NUMBER and TYPE_SLOT, after parser_check */
};

struct parse {
    char *command;       /* the command's word, NULL when there is none */
    const struct op *op; /* NULL when unknown */
    struct parse_item *item;
    size_t count;
};

#define PARSE_INIT ((struct parse){0})

/* A leading "mos", "lockstep" or "$" is dropped. ERR_USAGE for an unknown command or option, one argument too
 * many or too few; the parse holds what was understood even then. No command at all is no error. */
int parser_parse(const struct registry *registry, const struct words *words, struct parse *parse,
                 struct error *e);
/* Checks every value and takes those of options that the environment gives. ERR_USAGE. */
int parser_check(struct parse *parse, struct error *e);
/* Global options of the line into `options`. `start`: options of the program's start are allowed. ERR_USAGE.
 */
int parser_apply_options(const struct parse *parse, bool start, struct options *options, struct error *e);
void parse_free(struct parse *parse); /* wipes values */

/* Whether a line holds a secret: of an argument that is one by its flag, of an assignment or JSON with the
 * name of one, or a login in a URL. */
bool parse_has_secret(const struct parse *parse);
/* False for KEY=VALUE without a key or without the = (KEY = VALUE, say): no word of it tells what it holds.
 */
bool parse_is_whole(const struct parse *parse);
/* Appends text with the login of every URL in it (scheme://login@…) as ${LOGIN}. True when there was one. */
bool parse_mask_logins(const char *text, struct buf *to);

enum parse_line_flags {
    PARSE_LINE_PROGRAM = 1, /* "lockstep" in front */
    PARSE_LINE_REAL = 2,    /* --dry-run=false at the end, other --dry-run left out */
    PARSE_LINE_EXPAND = 4,  /* a ${…} in the words still expands */
};
/* The line again, quoted for a shell, secret values as ${NAME}; port is written instead of the line's. */
void parse_line(const struct parse *parse, unsigned flags, const char *port, struct buf *to);

/* "usage: NAME SLOT FILE [--write-key=FILE]". */
void parser_usage(const struct op *op, struct buf *to);

/* True when the whole value of this item is a secret: by the argument's flag, by the key of an assignment
 * that names a password, JSON with such a name or that is none, what FS.Put writes, any variable that `set`
 * sets. */
bool parse_item_is_secret(const struct parse *parse, const struct parse_item *item);

#endif
