/* What several views say alike. */
#ifndef VIEWS_WORDS_H
#define VIEWS_WORDS_H

#include "base/buf.h"
#include "shell/view.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

enum { WORDS_CELL = 192 };

/* Style and word of a lock byte: 0x55 is open, 0x00 locked, and any other value counts as locked too. */
enum view_style words_lock_style(uint8_t lock);
const char *words_lock(uint8_t lock);

/* One line with both zones' lock states, above tables whose rows depend on them. */
void words_locks(struct view_page *page, const struct atecc_config *chip);

/* The words of an atecc_words_… function as a string in `to`; "–" when it says nothing. Returns `to`. */
typedef void words_fn(const struct atecc_config *config, unsigned slot, struct buf *to);
const char *words_slot(words_fn *fn, const struct atecc_config *chip, unsigned slot, char to[WORDS_CELL]);

/* "0-3 8 14" for the bits of mask, "none" for none. Returns `to`. */
const char *words_slots(uint16_t mask, char to[WORDS_CELL]);

/* Whether nothing can change any more what the slot holds. While the configuration zone is open everything
 * can. */
bool words_is_fixed(const struct atecc_config *chip, unsigned slot);

/* A heading in a detail page, after an empty line unless it is the first. */
void words_heading(struct view_page *page, const char *text);

/* A number that a person typed or a view named ("16"), or -1 unless it is below `end`. */
int words_number(const char *id, unsigned end);

/* Calls `leaf` for each value of a configuration tree by its dotted path, depth first; false ends the walk.
 * Trees deeper than any firmware's (16) are cut there. */
typedef bool words_leaf_fn(void *ctx, const char *path, const cJSON *value);
bool words_walk(const cJSON *tree, const char *path, words_leaf_fn *leaf, void *ctx);

#endif
