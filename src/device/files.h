/* Files of the device: listed, read and written by FS.* calls, in pieces as large as its link takes. */
#ifndef DEVICE_FILES_H
#define DEVICE_FILES_H

#include "base/buf.h"
#include "device/device.h"

/* Adds a string member to args so that the device gets these very bytes. Its JSON reader makes one byte of a
 * \u00XX and takes no other \u: so a byte over 0x7F goes as the character of that number. */
void device_args_text(cJSON *args, const char *key, const char *text);

/* FS.List or FS.ListExt of a folder: an array in *files, the caller's. */
int device_file_list(struct device *device, const char *method, const char *folder, cJSON **files,
                     struct error *e);
/* Name of an item of such a list ("" without one), and its size (0 when it does not say). */
const char *device_file_name(const cJSON *item);
double device_file_item_size(const cJSON *item);

/* Folder (mem_string's, the caller's) and last part of a file name; without a folder it is in "/", as mos has
 * it. */
const char *device_file_split(const char *name, char **folder);

/* Size by FS.ListExt; found = false when there is none of that name. */
int device_file_size(struct device *device, const char *name, bool *found, uint64_t *size, struct error *e);

/* Bytes of a file that fit into one FS.Put (FS.Get) of this link. */
size_t device_file_chunk(struct device *device, const char *name);

typedef void device_progress_fn(void *ctx, uint64_t done, uint64_t total); /* bytes; 0 of 0: it is over */

/* Reads a whole file by FS.Get. Refused: more than max bytes, by the first answer already; answers that do
 * not agree about the file's size. progress may be NULL. */
int device_file_get(struct device *device, const char *name, size_t max, device_progress_fn *progress,
                    void *ctx, struct buf *to, struct error *e);

/* One file on its way to the device: written in chunks and, when `verify`, read back one chunk behind, both
 * at the same time. A chunk whose answer was lost is sent again only when the file's size says it did not
 * arrive, so nothing is appended twice. ERR_READBACK when it reads back otherwise. */
struct device_put {
    const char *name; /* on the device */
    const uint8_t *data;
    size_t len;
    size_t chunk; /* bytes; 0: device_file_chunk */
    bool verify;
    device_progress_fn *progress; /* may be NULL */
    void *ctx;

    /* How far it came. */
    bool begun; /* a first chunk arrived: the file was emptied */
    size_t written, verified;
    const char *refused; /* the method whose error was returned, or NULL */
};
int device_file_put(struct device *device, struct device_put *put, struct error *e);

#endif
