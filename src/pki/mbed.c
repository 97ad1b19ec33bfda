/* See mbed.h. */
#include "pki/mbed.h"
#include "base/secret.h"

#include <mbedtls/error.h>

int mbed_random(void *ctx, unsigned char *to, size_t len)
{
    (void)ctx;
    secret_random(to, len);
    return 0;
}

int mbed_error(int code, const char *what, struct error *e)
{
    char words[160];
    mbedtls_strerror(code, words, sizeof words);
    return error_set(e, ERR_REFUSED, "%s: %s", what, words);
}
