/* Text and numbers as people and wires write them: hex, base64, printable forms, near names.
 * Nothing here allocates except through struct buf. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lower-case hex without separators. `to` holds 2 * len + 1 chars. */
void text_hex(const uint8_t *bytes, size_t len, char *to);

/* Reads exactly len bytes of hex; white space, and a 0x before a pair, are skipped when loose. Returns the
 * number of bytes found, or -1 for a character that is not hex, half a byte, or more than max bytes. */
int text_unhex(const char *s, size_t n, bool loose, uint8_t *to, size_t max);

/* Standard base64 with padding (RFC 4648 section 4). */
void text_base64(const void *bytes, size_t len, struct buf *to);

/* Strict decode: padding required, no white space. Returns 0, or -1 and `to` as it was. */
int text_unbase64(const char *s, size_t n, struct buf *to);

/* Appends s so that no terminal obeys it: C0, DEL, C1, bidi controls, zero-width and other invisible
 * characters become \xNN or \u{NNNN}; invalid UTF-8 becomes \xNN per byte. Tab is kept, newline only when
 * `newlines`. At most max input bytes are shown, then "…" is added (max 0: no limit). */
void text_printable(const char *s, size_t n, bool newlines, size_t max, struct buf *to);

/* Same for a log line: sequences that set colours (ESC [ digits and ; m) are dropped. */
void text_printable_log(const char *s, size_t n, size_t max, struct buf *to);

/* Same as text_printable into a fixed array (cut at its size); returns `to`, so it can stand in a printf. */
const char *text_safe(const char *s, char *to, size_t size);

/* Levenshtein distance, letters' case ignored. Words over 63 characters count as far apart. */
unsigned text_distance(const char *a, const char *b);

/* Whole-string decimal or 0x number. Returns 0, or -1 when it is not one or does not fit. */
int text_number(const char *s, uint64_t max, uint64_t *value);

bool text_starts(const char *s, const char *prefix);
bool text_ends(const char *s, const char *suffix);

#endif
