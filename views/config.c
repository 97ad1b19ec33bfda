/* config: the device's configuration as dotted keys, http and rpc first. */
#include "views/views.h"
#include "views/words.h"

#include "codec/redact.h"

#include <stdio.h>
#include <string.h>

enum { ROWS_MAX = 3000 }; /* real devices have some hundred */

static const struct view_column columns[] = {
    {.key = "key",   .title = "key",   .width = 24, .flexible = true},
    {.key = "value", .title = "value", .width = 24, .flexible = true},
};

static const char *const first[] = {"http", "rpc"};

struct work {
    struct view_page *page;
    const struct view_context *ctx;
    unsigned rows;
};

static void add_value(const struct work *work, const char *path, const cJSON *value)
{
    const char *text = cJSON_GetStringValue(value);
    if (text != NULL && text[0] == '\0')
        view_cell(work->page, VIEW_DIM, "(empty)");
    else if (redact_is_secret(path) && (text != NULL || cJSON_IsNumber(value)))
        view_cell(work->page, VIEW_DIM, "%s", work->ctx->ascii ? "***" : "•••");
    else if (text != NULL)
        view_cell(work->page, VIEW_VALUE, "%s", text);
    else if (cJSON_IsNumber(value))
        view_cell(work->page, VIEW_VALUE, "%.10g", value->valuedouble);
    else if (cJSON_IsBool(value))
        view_cell(work->page, VIEW_VALUE, "%s", cJSON_IsTrue(value) ? "true" : "false");
    else
        view_cell(work->page, VIEW_DIM, "%s", cJSON_IsNull(value) ? "null" : "(deeper than is shown)");
}

static bool add_leaf(void *ctx, const char *path, const cJSON *value)
{
    struct work *work = ctx;
    if (work->rows++ == ROWS_MAX) {
        view_text(work->page, VIEW_WARN, "More settings than %d: the others are not shown.", ROWS_MAX);
        return false;
    }
    view_row(work->page, path);
    view_cell(work->page, VIEW_PLAIN, "%s", path);
    add_value(work, path, value);
    return true;
}

static bool is_group(const cJSON *item)
{
    return cJSON_IsObject(item) || cJSON_IsArray(item);
}

static bool is_first(const cJSON *item)
{
    bool is = false;
    for (size_t i = 0; i < COUNT(first); i++)
        is = is || (item->string != NULL && strcmp(item->string, first[i]) == 0);
    return is;
}

static bool add_group(struct work *work, const cJSON *item)
{
    view_text(work->page, VIEW_TITLE, "%s", item->string != NULL ? item->string : "");
    return words_walk(item, item->string != NULL ? item->string : "", add_leaf, work);
}

/* Groups in the order in which the firmware has them, then the settings that stand in none. */
static void build(struct view_page *page, const struct view_context *ctx)
{
    const cJSON *config = ctx->snapshot->config, *item;
    struct work work = {page, ctx, 0};
    bool on = true;
    if (view_missing(page, ctx, SNAPSHOT_CONFIG))
        return;
    view_columns(page, columns, COUNT(columns));
    for (size_t i = 0; i < COUNT(first) && on; i++) {
        item = cJSON_GetObjectItemCaseSensitive(config, first[i]);
        on = !is_group(item) || add_group(&work, item);
    }
    for (item = config->child; item != NULL && on; item = item->next)
        if (is_group(item) && !is_first(item))
            on = add_group(&work, item);
    if (on)
        view_text(page, VIEW_TITLE, "without a group");
    for (item = config->child; item != NULL && on; item = item->next)
        if (!is_group(item) && item->string != NULL)
            on = add_leaf(&work, item->string, item);
}

static void detail(struct view_page *page, const struct view_context *ctx)
{
    const cJSON *value = view_json_at(ctx->snapshot->config, ctx->selected);
    const char *text = cJSON_GetStringValue(value);
    if (value == NULL || value == ctx->snapshot->config)
        return;
    view_text(page, VIEW_TITLE, "%s", ctx->selected);
    if (redact_is_secret(ctx->selected) && (text == NULL || text[0] != '\0'))
        view_words(page, VIEW_DIM, "A secret: it is not shown.");
    else if (text != NULL)
        view_words(page, VIEW_VALUE, "%s", text[0] != '\0' ? text : "(empty)");
    view_words(page, VIEW_DIM, "config-set %s=VALUE writes it, reboots the device and reads it back.",
               ctx->selected);
}

static const struct view_key keys[] = {
    {"e",  "edit", "config-set {id}={?new value}", true },
    {NULL, NULL,   NULL,                           false},
};

const struct view view_config = {
    .name = "config",
    .title = "Configuration",
    .summary = "the device's settings",
    .parts = 1u << SNAPSHOT_CONFIG,
    .keys = keys,
    .build = build,
    .detail = detail,
};
