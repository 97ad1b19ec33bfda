/* The names of a list that are nearest to a mistyped one. */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include <stdbool.h>
#include <stddef.h>

enum { NEAREST_COUNT = 3, NEAREST_NAME_SIZE = 96, NEAREST_WORDS_SIZE = 384 };

/* {.word = "…"} to begin with; then each name of the list is offered. */
struct nearest {
    const char *word;
    bool dotted; /* of names a.b.c the last part counts, too: people forget where a name lives */
    size_t count;
    struct {
        char name[NEAREST_NAME_SIZE]; /* longer ones are no candidates */
        unsigned distance;
    } best[NEAREST_COUNT];
};

void nearest_offer(struct nearest *nearest, const char *name);

/* "a, b or c", printable, with prefix before each; "" when none is near. Returns `to`. */
const char *nearest_words(const struct nearest *nearest, const char *prefix, char to[NEAREST_WORDS_SIZE]);

#endif
