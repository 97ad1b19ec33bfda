/* Files that survive: read whole with a bound, written once and synced, or replaced in one step.
 * Errors are ERR_REFUSED with the path and what to do in the message. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buf.h"
#include "base/error.h"

#include <sys/types.h>

/* Appends the file's bytes to `to` ("-" reads standard input). Over max bytes is an error.
 * Set to->secret before calling when the file holds a key. */
int file_read(const char *path, size_t max, struct buf *to, struct error *e);

/* Makes a NEW file (O_EXCL: an existing one is never touched), writes, syncs it and its folder, reads it back
 * and compares. On any failure the unfinished file is removed. For keys, certificates and whatever must not
 * be lost. */
int file_create(const char *path, mode_t mode, const void *bytes, size_t len, struct error *e);

/* Replaces path in one step (temporary file beside it, synced, renamed, folder synced): for state, not for
 * keys. */
int file_replace(const char *path, mode_t mode, const void *bytes, size_t len, struct error *e);

/* mkdir -p. Existing folders are fine. */
int file_make_folder(const char *path, mode_t mode, struct error *e);

/* Writes all of it to a descriptor, through short writes and EINTR. */
int file_write_all(int fd, const void *bytes, size_t len, struct error *e);

#endif
