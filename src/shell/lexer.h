/* Command lines to words, as the shell quotes them. Pure.
 *
 * '…' takes everything as it is; in "…" a backslash protects " \ $ and a line's end; outside quotes a
 * backslash protects any character and a backslash at a line's end joins the next line; # at the start of a
 * word begins a comment. ${NAME} is expanded in a step of its own (lexer_expand) and its value is never split
 * or expanded again; in single quotes and behind a backslash it stays as it is. */
#ifndef SHELL_LEXER_H
#define SHELL_LEXER_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* Words of one command. Freeing wipes them: a word may be a password. */
struct words {
    char **text;
    char **mask; /* mask[i][k] == '$' where text[i][k] is a dollar sign that may expand */
    size_t count;
};

#define WORDS_INIT ((struct words){0})

void words_add(struct words *words, const char *text);
void words_free(struct words *words);

struct lexer {
    const char *text;
    size_t len, pos;
    size_t line; /* of pos, from 1 */
    bool final;  /* nothing will be added behind text */
};

enum lexer_result {
    LEXER_END = 0,  /* no command is left */
    LEXER_LINE = 1, /* words and *line are filled */
    LEXER_MORE =
        2, /* the command does not end within text and text is not final; pos has not moved past it */
};

void lexer_start(struct lexer *lexer, const char *text, size_t len, bool final);

/* The next command with at least one word, and the line it starts on. Returns an enum lexer_result, or
 * ERR_USAGE for an unclosed quote or a zero byte, with its column; what was wrong is skipped then. */
int lexer_next(struct lexer *lexer, struct words *to, size_t *line, struct error *e);

/* One line that must be complete: ERR_USAGE as above. No words for an empty line. */
int lexer_line(const char *text, struct words *to, struct error *e);

/* Replaces every ${NAME}. lookup returns the value or NULL: ERR_USAGE names the variable then. */
int lexer_expand(struct words *words, const char *(*lookup)(void *ctx, const char *name), void *ctx,
                 struct error *e);

/* True when the line ends in a backslash that joins the next line. */
bool lexer_is_continued(const char *line);

struct buf;
/* Appends a word quoted so that the lexer gives it back; with `expand` a ${…} in it still expands. */
void lexer_quote(const char *word, bool expand, struct buf *to);

#endif
