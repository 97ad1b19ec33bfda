/* Base64 as the firmware's scanner takes it: it stops at the first character that does not belong there and
 * keeps what it has until then, so that bad base64 is accepted as garbage. */
#ifndef SIM_BASE64_H
#define SIM_BASE64_H

#include "base/buf.h"

void sim_base64_decode(const char *text, struct buf *to);

#endif
