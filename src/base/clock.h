/* Time: a monotonic clock for waiting, the wall clock for people. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

int64_t clock_ms(void); /* monotonic milliseconds */
int64_t clock_us(void); /* monotonic microseconds */

/* "2026-11-20T10:42:07Z" into `to` (at least 21 chars). */
void clock_iso(int64_t unix_seconds, char *to, size_t size);
int64_t clock_unix(void); /* wall clock, seconds since 1970 */

/* A duration as people say it: "850 ms", "12 s", "2 h 14 min", "3 d 4 h". */
void clock_words(int64_t ms, char *to, size_t size);

#endif
