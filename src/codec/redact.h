/* Which values are secrets, by the name of their key: they are shown nowhere and kept in no history. Pure. */
#ifndef CODEC_REDACT_H
#define CODEC_REDACT_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the key a.b.c, or an assignment a.b.c=…, holds a password, a key or the like: by its last part. */
bool redact_is_secret(const char *path);

/* Whether JSON text may have a member of such a name, at any depth: rather once too often. */
bool redact_holds_secret(const char *json);

/* How much of a device's log line may be shown: all of it, or what stands before a frame that it quotes. A
 * firmware that logs what it receives logs keys and passwords with it. *open is kept from line to line: the
 * last one broke off inside such a frame, so that this one may go on with it. */
size_t redact_log_line(const char *line, size_t len, bool *open);

#endif
