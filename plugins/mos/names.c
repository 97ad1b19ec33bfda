/* Names near a wrong one: see mos.h. */
#include "mos.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { BEST = 3 };

/* Of a.b.c the last part counts, too: people forget where a key lives more often than what it is called. */
static unsigned distance(const char *wanted, const char *name)
{
    const char *a = strrchr(wanted, '.'), *b = strrchr(name, '.');
    unsigned whole = text_distance(wanted, name);
    unsigned last = text_distance(a ? a + 1 : wanted, b ? b + 1 : name) + 1;
    return whole < last ? whole : last;
}

void mos_near_offer(struct mos_near *near, const char *name)
{
    unsigned d = distance(near->wanted, name);
    size_t at = near->count;
    if (d > 1 + strlen(near->wanted) / 4)
        return;
    while (at > 0 && near->best[at - 1].distance > d)
        at--;
    if (at == BEST)
        return;
    if (near->count == BEST)
        free(near->best[--near->count].name);
    memmove(near->best + at + 1, near->best + at, (near->count - at) * sizeof *near->best);
    near->best[at].name = mem_string(name);
    near->best[at].distance = d;
    near->count++;
}

void mos_near_words(struct mos_near *near, struct buf *to)
{
    for (size_t i = 0; i < near->count; i++) {
        const char *name = near->best[i].name;
        buf_add_text(to, i == 0 ? "Did you mean " : i + 1 == near->count ? " or " : ", ");
        text_printable(name, strlen(name), false, 0, to);
        free(near->best[i].name);
    }
    if (near->count > 0)
        buf_add_byte(to, '?');
    near->count = 0;
}
