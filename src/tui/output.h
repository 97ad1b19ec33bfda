/* The command pane's memory: what commands said, line by line, newest last. */
#ifndef TUI_OUTPUT_H
#define TUI_OUTPUT_H

#include "tui/style.h"

#include <stdbool.h>
#include <stddef.h>

enum { OUTPUT_LINES_MAX = 5000, OUTPUT_LINE_MAX = 8192 };

struct output_line {
    enum style style;
    char *text; /* printable, one line */
};

struct output {
    struct output_line line[OUTPUT_LINES_MAX]; /* ring */
    size_t count;                              /* ever added */
    bool open;                                 /* the last line has no newline yet */
};

struct output *output_new(void);
void output_free(struct output *output);
/* Adds text, made printable; newlines end lines. */
void output_add(struct output *output, enum style style, const char *text, size_t len);
void output_line(struct output *output, enum style style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Lines from number `from` on (counted from the first ever added) that look like `was` look like `now`. */
void output_restyle(struct output *output, size_t from, enum style was, enum style now);
size_t output_kept(const struct output *output);
/* i counts from the newest line, 0. */
const struct output_line *output_back(const struct output *output, size_t i);

#endif
