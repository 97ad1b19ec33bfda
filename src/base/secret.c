/* Secret memory: see secret.h. */
#include "base/secret.h"
#include "base/buf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>

void secret_new(struct secret *s, size_t len)
{
    s->data = mem_alloc(len + 1);
    s->len = len;
    mlock(s->data, len + 1); /* best effort: the limit of an ordinary user may be small */
}

void secret_set(struct secret *s, const void *bytes, size_t len)
{
    struct secret fresh;
    secret_new(&fresh, len);
    if (len)
        memcpy(fresh.data, bytes, len);
    secret_free(s);
    *s = fresh;
}

void secret_free(struct secret *s)
{
    if (s->data != NULL) {
        explicit_bzero(s->data, s->len + 1);
        munlock(s->data, s->len + 1);
        free(s->data);
    }
    *s = SECRET_INIT;
}

void secret_wipe(void *bytes, size_t len)
{
    explicit_bzero(bytes, len);
}

void secret_random(void *bytes, size_t len)
{
    uint8_t *p = bytes;
    while (len > 0) {
        ssize_t n = getrandom(p, len, 0);
        if (n < 0 && errno != EINTR)
            abort(); /* a kernel without getrandom: no key may be made there */
        if (n > 0) {
            p += n;
            len -= (size_t)n;
        }
    }
}

int secret_equal(const void *a, const void *b, size_t len)
{
    const volatile uint8_t *x = a, *y = b;
    uint8_t diff = 0;
    for (size_t i = 0; i < len; i++)
        diff |= x[i] ^ y[i];
    return diff == 0;
}

void secret_harden_process(void)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
}
