/* Keys that we make for a device: safe on disk before the device hears of them. */
#ifndef GATE_ESCROW_H
#define GATE_ESCROW_H

#include "base/error.h"

#include <stddef.h>

/* Each '?' of the path's last part becomes a digit of `digits`, from the right: "slot4-????.key" and
 * 240AC4319BDC give "slot4-9BDC.key". A '?' that no digit is left for stays. The caller frees it. */
char *escrow_name(const char *path, const char *digits);

/* Before anything is asked of the device: the file must be new, its folder writable, and the folder for the
 * second copy (NULL: none) there, writable, and without a file of this name. ERR_REFUSED. */
int escrow_check(const char *path, const char *folder, struct error *e);

/* Writes the key to path and to folder/NAME (0400, never over an existing file). A file appears under its
 * name only when it is whole, synced and read back, so a crash in the middle leaves no half key that looks
 * like one. ERR_REFUSED: one of them could not be made durable, and the device must not be told. */
int escrow_keep(const char *path, const char *folder, const void *key, size_t len, struct error *e);

/* Same when path is there already from a run that was broken off: only the second copy is made if it is
 * missing, and compared if it is not. */
int escrow_keep_again(const char *path, const char *folder, const void *key, size_t len, struct error *e);

#endif
