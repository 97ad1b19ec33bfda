/* The configuration zone as text: YAML, JSON and hex, as mos writes and reads them. Pure.
 * What atecc_text_write prints, atecc_text_read takes unchanged, in every format, and gives the same 128
 * bytes. */
#ifndef CODEC_ATECC_TEXT_H
#define CODEC_ATECC_TEXT_H

#include "base/buf.h"
#include "base/error.h"
#include "codec/atecc.h"

enum atecc_format { ATECC_YAML, ATECC_JSON, ATECC_HEX };

/* By name ("yaml", "json", "hex"); -1 if unknown. */
int atecc_format_by_name(const char *name);
/* By a file name's ending: .yaml/.yml, .json, everything else hex (mos's rule). */
enum atecc_format atecc_format_by_file(const char *path);

/* Appends the text form. Hex is mos's: "0x01, 0x23, 0x52, 0xaa, " four a line. */
void atecc_text_write(const uint8_t raw[ATECC_CONFIG_SIZE], enum atecc_format format, struct buf *to);

/* Reads a text form; `name` (a file name) stands in messages as "name:LINE:COLUMN". Unknown, missing,
 * repeated and ill-typed keys, values that do not fit their bits, anchors and aliases are refused, each with
 * its place (hex and JSON: offset or key path). Keys that only name factory bytes (serialnum, revision …) may
 * be missing: those bytes are 0 then. raw is untouched on error (ERR_REFUSED). */
int atecc_text_read(const char *text, size_t len, enum atecc_format format, const char *name,
                    uint8_t raw[ATECC_CONFIG_SIZE], struct error *e);

#endif
