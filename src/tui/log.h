/* The device's log as the console keeps it: the last 100,000 lines in bounded memory, with a filter. Bytes
 * are kept as they came; they are made printable when they are shown. */
#ifndef TUI_LOG_H
#define TUI_LOG_H

#include "base/buf.h"
#include "tui/style.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LOG_LINES_MAX = 100000, LOG_BYTES_MAX = 8 * 1024 * 1024, LOG_LINE_MAX = 4096 };

struct log;

struct log *log_new(void);
void log_free(struct log *log);
void log_add(struct log *log, const char *line, size_t len); /* over LOG_LINE_MAX bytes: cut, "…" behind */

uint64_t log_received(const struct log *log); /* lines ever added */

/* Shows only lines that hold the text, letters' case ignored; "" shows all. */
void log_filter(struct log *log, const char *needle);
size_t log_rows(const struct log *log);                    /* lines kept that the filter shows */
uint64_t log_number(const struct log *log, size_t row);    /* a line's number, counted from 0 for ever */
size_t log_row_of(const struct log *log, uint64_t number); /* first row with that number or a later one */
const char *log_line(const struct log *log, size_t row, size_t *len); /* raw bytes */
/* Next row from `from` that holds needle (wrapping), or -1. */
long log_search(const struct log *log, const char *needle, long from, bool backwards);

/* A line as it is shown: colour sequences left out, everything else printable; and its level as a style. */
enum style log_show(const char *line, size_t len, struct buf *to);

#endif
