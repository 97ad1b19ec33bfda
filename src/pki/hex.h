/* Keys written as hex text. */
#ifndef PKI_HEX_H
#define PKI_HEX_H

#include "base/error.h"
#include "base/secret.h"

#include <stdbool.h>

/* All of a text as bytes: pairs of hex digits, with white space and 0x between them. ERR_REFUSED names the
 * first character that is none of these (by its line, not by itself: it may be part of a key), half a byte, a
 * text that holds nothing, and PEM. */
int pki_hex_read(const char *text, size_t len, const char *name, struct secret *bytes, struct error *e);

/* Holds only what text files hold. */
bool pki_is_text(const char *text, size_t len);

#endif
