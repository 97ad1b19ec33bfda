/* Lenient base64: see base64.h. */
#include "sim/base64.h"

#include <string.h>

void sim_base64_decode(const char *text, struct buf *to)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = 0;
    unsigned have = 0;
    for (const char *p = text; *p != '\0'; p++) {
        const char *at = strchr(alphabet, *p);
        if (at == NULL)
            break;
        bits = bits << 6 | (uint32_t)(at - alphabet);
        have += 6;
        if (have >= 8) {
            have -= 8;
            buf_add_byte(to, (uint8_t)(bits >> have));
        }
    }
}
