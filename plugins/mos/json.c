/* JSON for people: see mos.h. The shape is the one mos prints: two-space indent, arrays one item a line. */
#include "mos.h"

#include "base/text.h"
#include "codec/frame.h"

#include <stdlib.h>
#include <string.h>

/* A string, number or word. As it is when a terminal shows it so, else pure ASCII with \u escapes. */
static void scalar(const cJSON *value, struct buf *to)
{
    struct buf printable = BUF_INIT;
    char *text = cJSON_PrintUnformatted(value);
    if (text != NULL)
        text_printable(text, strlen(text), false, 0, &printable);
    if (text != NULL && strcmp(text, buf_text(&printable)) == 0)
        buf_add_text(to, text);
    else
        frame_json(to, value);
    cJSON_free(text);
    buf_free(&printable);
}

static void indent(struct buf *to, unsigned depth)
{
    buf_add_byte(to, '\n');
    for (unsigned i = 0; i < depth; i++)
        buf_add_text(to, "  ");
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const cJSON *const *)a)->string, (*(const cJSON *const *)b)->string);
}

static void pretty(const cJSON *value, bool sorted, unsigned depth, struct buf *to);

static void members(const cJSON *value, bool sorted, unsigned depth, struct buf *to)
{
    bool object = cJSON_IsObject(value);
    size_t count = (size_t)cJSON_GetArraySize(value), n = 0;
    const cJSON **list = mem_alloc((count + 1) * sizeof *list), *item;
    cJSON_ArrayForEach(item, value) list[n++] = item;
    if (object && sorted)
        qsort(list, count, sizeof *list, by_name);
    for (size_t i = 0; i < count; i++) {
        indent(to, depth + 1);
        if (object) {
            cJSON *key = cJSON_CreateStringReference(list[i]->string);
            scalar(key, to);
            cJSON_Delete(key);
            buf_add_text(to, ": ");
        }
        pretty(list[i], sorted, depth + 1, to);
        if (i + 1 < count)
            buf_add_byte(to, ',');
    }
    free(list);
    if (count > 0)
        indent(to, depth);
}

static void pretty(const cJSON *value, bool sorted, unsigned depth, struct buf *to)
{
    if (!cJSON_IsObject(value) && !cJSON_IsArray(value)) {
        scalar(value, to);
        return;
    }
    buf_add_byte(to, cJSON_IsObject(value) ? '{' : '[');
    members(value, sorted, depth, to);
    buf_add_byte(to, cJSON_IsObject(value) ? '}' : ']');
}

void mos_json_pretty(const cJSON *value, bool sorted, struct buf *to)
{
    if (value == NULL)
        buf_add_text(to, "null");
    else
        pretty(value, sorted, 0, to);
}
