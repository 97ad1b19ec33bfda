/* Prints the configuration zone as YAML and as JSON, byte for byte as mos does. Internal to the text files.
 */
#ifndef CODEC_ATECC_PRINT_H
#define CODEC_ATECC_PRINT_H

#include "base/buf.h"

void atecc_print_yaml(const uint8_t *raw, struct buf *to);
void atecc_print_json(const uint8_t *raw, struct buf *to);

#endif
