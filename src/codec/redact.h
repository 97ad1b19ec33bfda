/* Which values are secrets, by the name of their key: they are shown nowhere and kept in no history. Pure. */
#ifndef CODEC_REDACT_H
#define CODEC_REDACT_H

#include <stdbool.h>

/* Whether the key a.b.c, or an assignment a.b.c=…, holds a password, a key or the like: by its last part. */
bool redact_is_secret(const char *path);

/* Whether JSON text may have a member of such a name, at any depth: rather once too often. */
bool redact_holds_secret(const char *json);

#endif
