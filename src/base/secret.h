/* Memory for keys and passwords: locked into RAM where the system allows, wiped when given back.
 * Source of the rule: design, principle 5. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stddef.h>
#include <stdint.h>

struct secret {
    uint8_t *data; /* NULL when empty; data[len] is always 0 */
    size_t len;
};

#define SECRET_INIT ((struct secret){0})

void secret_new(struct secret *s, size_t len);                    /* zeroed bytes */
void secret_set(struct secret *s, const void *bytes, size_t len); /* replaces what s held */
void secret_free(struct secret *s);                               /* wipes; s is empty after */
void secret_wipe(void *bytes, size_t len);                        /* for arrays on the stack */

/* Fills bytes from the kernel's random source (getrandom). Never returns short. */
void secret_random(void *bytes, size_t len);

/* Compares without a data-dependent branch; 1 when equal. */
int secret_equal(const void *a, const void *b, size_t len);

/* No core dumps, no ptrace by the same user: called once by main before any secret is read. */
void secret_harden_process(void);

#endif
