/* Reads the YAML and JSON forms of the configuration zone, and judges every key. Internal to the text files.
 */
#ifndef CODEC_ATECC_PARSE_H
#define CODEC_ATECC_PARSE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* json: JSON's spelling of keys and JSON's quoting; else YAML. raw is written only on success. */
int atecc_parse(const char *text, size_t len, bool json, const char *name, uint8_t *raw, struct error *e);

/* Line and column (from 1) of an offset in a text. */
void atecc_text_place(const char *text, size_t offset, size_t *line, size_t *column);

#endif
