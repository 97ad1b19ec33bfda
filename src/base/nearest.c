/* Near names: see nearest.h. */
#include "base/nearest.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* A third of the letters may differ, one at least. */
static unsigned limit(size_t letters)
{
    return letters >= 6 ? (unsigned)(letters / 3) : letters >= 4 ? 2 : 1;
}

static const char *last_part(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot != NULL ? dot + 1 : name;
}

static unsigned distance(const struct nearest *nearest, const char *name)
{
    const char *word = nearest->word;
    unsigned whole = text_distance(word, name);
    if (strlen(word) >= 3 && text_starts(name, word)) /* the beginning of a name is always near */
        return 1;
    if (!nearest->dotted)
        return whole;
    unsigned last = text_distance(last_part(word), last_part(name)) + 1;
    return last < whole ? last : whole;
}

void nearest_offer(struct nearest *nearest, const char *name)
{
    unsigned d = distance(nearest, name);
    size_t at = nearest->count, len = strlen(name);
    if (d > limit(strlen(nearest->word)) || d >= len || len >= NEAREST_NAME_SIZE)
        return;
    while (at > 0 && nearest->best[at - 1].distance > d)
        at--;
    if (at == NEAREST_COUNT)
        return;
    if (nearest->count < NEAREST_COUNT)
        nearest->count++;
    memmove(nearest->best + at + 1, nearest->best + at, (nearest->count - 1 - at) * sizeof *nearest->best);
    memcpy(nearest->best[at].name, name, len + 1);
    nearest->best[at].distance = d;
}

const char *nearest_words(const struct nearest *nearest, const char *prefix, char to[NEAREST_WORDS_SIZE])
{
    size_t used = 0;
    *to = '\0';
    for (size_t i = 0; i < nearest->count && used < NEAREST_WORDS_SIZE; i++) {
        char name[NEAREST_NAME_SIZE];
        used += (size_t)snprintf(to + used, NEAREST_WORDS_SIZE - used, "%s%s%s",
                                 i == 0                    ? ""
                                 : i + 1 == nearest->count ? " or "
                                                           : ", ",
                                 prefix, text_safe(nearest->best[i].name, name, sizeof name));
    }
    return to;
}
