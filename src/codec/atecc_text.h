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

/* Appends the text form, byte for byte as mos writes it. Hex is "0x01, 0x23, 0x52, 0xaa, " four a line; JSON
 * has no newline at its end.
 *
 * Where mos has no words, bits that a host can set still survive. Keys of our own are printed when their bits
 * are not all 0, and only then (bits 1-7 of byte 14 are the factory's alone: as with mos, only hex holds
 * them): ChipMode.ClockDivider   byte 19, bits 3-7 SlotInfo[n].KeyConfig.ReservedBit13 LockValue and
 * LockConfig other than 0x55 and 0x00, and KeyTypes other than 4, 6 and 7, are written 0xNN. */
void atecc_text_write(const uint8_t raw[ATECC_CONFIG_SIZE], enum atecc_format format, struct buf *to);

/* Reads a text form; `name` (a file name) stands in messages as "name:LINE:COLUMN:", followed by the key's
 * path ("slotinfo[3].slotconfig.writekey"). Refused, each with its place: unknown, missing, repeated and
 * ill-typed keys, values that do not fit their bits, slots out of order, readkey on a private key's slot or
 * privatekeyslotconfig on another, YAML anchors, aliases, tags and second documents. Keys that only name
 * factory bytes (serialnum, revision, reserved13, i2cenable, reserved15) may be missing: those bytes are 0
 * then. keytype NonECC is read as Other. Hex may have 0x, commas and white space, and nothing else. raw is
 * untouched on error (ERR_REFUSED). */
int atecc_text_read(const char *text, size_t len, enum atecc_format format, const char *name,
                    uint8_t raw[ATECC_CONFIG_SIZE], struct error *e);

#endif
