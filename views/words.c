/* What several views say alike: see words.h. */
#include "views/words.h"

#include "base/text.h"
#include "codec/atecc_policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 16, PATH_SIZE = 256 }; /* real paths have up to 50 characters */

enum view_style words_lock_style(uint8_t lock)
{
    return lock == ATECC_UNLOCKED ? VIEW_OPEN : VIEW_LOCKED;
}

const char *words_lock(uint8_t lock)
{
    return lock == ATECC_UNLOCKED ? "open" : "LOCKED";
}

void words_locks(struct view_page *page, const struct atecc_config *chip)
{
    view_span(page, VIEW_PLAIN, "%s  configuration zone ", atecc_model(chip));
    view_span(page, words_lock_style(chip->lock_config), "%s", words_lock(chip->lock_config));
    view_span(page, VIEW_PLAIN, "  data zone ");
    view_span(page, words_lock_style(chip->lock_value), "%s", words_lock(chip->lock_value));
    view_text_end(page);
}

const char *words_slot(words_fn *fn, const struct atecc_config *chip, unsigned slot, char to[WORDS_CELL])
{
    struct buf text = BUF_INIT;
    fn(chip, slot, &text);
    snprintf(to, WORDS_CELL, "%s", text.len > 0 ? buf_text(&text) : "–");
    buf_free(&text);
    return to;
}

const char *words_slots(uint16_t mask, char to[WORDS_CELL])
{
    size_t used = 0;
    snprintf(to, WORDS_CELL, "none");
    for (unsigned first = 0; first < ATECC_SLOTS; first++) {
        unsigned last = first;
        if (!(mask >> first & 1))
            continue;
        while (last + 1 < ATECC_SLOTS && mask >> (last + 1) & 1)
            last++;
        used += (size_t)snprintf(to + used, WORDS_CELL - used, "%s%u", used ? " " : "", first);
        if (last > first)
            used +=
                (size_t)snprintf(to + used, WORDS_CELL - used, "%c%u", last > first + 1 ? '-' : ' ', last);
        first = last;
    }
    return to;
}

bool words_is_fixed(const struct atecc_config *chip, unsigned slot)
{
    static const enum atecc_operation changes[] = {ATECC_WRITE_CLEAR, ATECC_WRITE_ENCRYPTED, ATECC_PRIV_WRITE,
                                                   ATECC_PRIV_WRITE_ENCRYPTED, ATECC_GEN_KEY};
    if (chip->lock_config == ATECC_UNLOCKED)
        return false;
    for (size_t i = 0; i < COUNT(changes); i++)
        if (atecc_predict(chip, changes[i], slot, NULL) == 0)
            return false;
    return true;
}

void words_heading(struct view_page *page, const char *text)
{
    view_text(page, VIEW_PLAIN, "%s", "");
    view_text(page, VIEW_TITLE, "%s", text);
}

int words_number(const char *id, unsigned end)
{
    uint64_t number;
    return text_number(id, end - 1, &number) == 0 ? (int)number : -1;
}

static bool walk(const cJSON *tree, const char *path, unsigned depth, words_leaf_fn *leaf, void *ctx)
{
    bool on = true;
    if ((!cJSON_IsObject(tree) && !cJSON_IsArray(tree)) || depth > DEPTH_MAX)
        return leaf(ctx, path, tree);
    unsigned place = 0;
    for (const cJSON *item = tree->child; item != NULL && on; item = item->next, place++) {
        const char *dot = path[0] != '\0' ? "." : "";
        char inner[PATH_SIZE], number[16];
        snprintf(number, sizeof number, "%u", place);
        snprintf(inner, sizeof inner, "%s%s%s", path, dot, item->string != NULL ? item->string : number);
        on = walk(item, inner, depth + 1, leaf, ctx);
    }
    return on;
}

bool words_walk(const cJSON *tree, const char *path, words_leaf_fn *leaf, void *ctx)
{
    return walk(tree, path, 0, leaf, ctx);
}
