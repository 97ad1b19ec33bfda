/* files: what lies in the device's file system, and which settings name it. */
#include "views/views.h"
#include "views/words.h"

#include "codec/redact.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct view_column columns[] = {
    {.key = "name",    .title = "name",     .width = 20, .flexible = true},
    {.key = "bytes",   .title = "bytes",    .width = 8,  .numeric = true },
    {.key = "setting", .title = "named by", .width = 16, .flexible = true},
};

enum { SETTINGS_MAX = 512 };

/* The settings that hold any text: one of them may be a file's name. */
struct settings {
    struct {
        char path[96];
        const char *text;
    } item[SETTINGS_MAX];
    size_t count;
};

/* Files are named with or without a "/" before them. */
static bool collect(void *ctx, const char *path, const cJSON *value)
{
    struct settings *settings = ctx;
    const char *text = cJSON_GetStringValue(value);
    if (text == NULL || text[0] == '\0' || redact_is_secret(path))
        return true;
    snprintf(settings->item[settings->count].path, sizeof settings->item[0].path, "%s", path);
    settings->item[settings->count].text = text + (text[0] == '/');
    return ++settings->count < SETTINGS_MAX;
}

static struct settings *settings_of(const struct snapshot *snapshot)
{
    struct settings *settings = mem_alloc(sizeof *settings);
    words_walk(snapshot->config, "", collect, settings);
    return settings;
}

/* Path of the first setting that names the file, or "". */
static const char *named_by(const struct settings *settings, const char *name)
{
    for (size_t i = 0; i < settings->count && name[0] != '\0'; i++)
        if (strcmp(settings->item[i].text, name) == 0)
            return settings->item[i].path;
    return "";
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static const char *name_of(const cJSON *file)
{
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(file, "name"));
    return name != NULL ? name : "";
}

static int by_name(const void *a, const void *b)
{
    return strcmp(name_of(*(const cJSON *const *)a), name_of(*(const cJSON *const *)b));
}

static void add_file(struct view_page *page, const struct settings *settings, const cJSON *file)
{
    const char *name = name_of(file), *path = named_by(settings, name);
    double size = view_json_number(file, "size", -1);
    view_row(page, name);
    view_cell(page, VIEW_VALUE, "%s", name);
    if (size >= 0 && size < 1e12)
        view_cell(page, VIEW_PLAIN, "%.0f", size);
    else
        view_cell(page, VIEW_DIM, "?");
    /* A key that a setting names lies here for whoever reads the flash. */
    view_cell(page, ends_with(path, "ssl_key") ? VIEW_WARN : VIEW_PLAIN, "%s", path);
}

static void build(struct view_page *page, const struct view_context *ctx)
{
    const cJSON *files = ctx->snapshot->files, *file;
    if (view_missing(page, ctx, SNAPSHOT_FILES))
        return;
    view_columns(page, columns, COUNT(columns));
    size_t count = 0;
    const cJSON **sorted = mem_alloc(((size_t)cJSON_GetArraySize(files) + 1) * sizeof *sorted);
    struct settings *settings = settings_of(ctx->snapshot);
    cJSON_ArrayForEach(file, files) sorted[count++] = file;
    qsort(sorted, count, sizeof *sorted, by_name);
    for (size_t i = 0; i < count; i++)
        add_file(page, settings, sorted[i]);
    if (count == 0)
        view_text(page, VIEW_DIM, "The device lists no files; put FILE brings one there.");
    free(settings);
    free(sorted);
}

static void detail(struct view_page *page, const struct view_context *ctx)
{
    if (ctx->selected[0] == '\0' || !ctx->snapshot->part[SNAPSHOT_FILES].have)
        return;
    struct settings *settings = settings_of(ctx->snapshot);
    const char *path = named_by(settings, ctx->selected);
    view_text(page, VIEW_TITLE, "%s", ctx->selected);
    if (ends_with(path, "ssl_key"))
        view_words(page, VIEW_WARN,
                   "The setting %s names this private key: whoever reads the flash has it. A key in the chip "
                   "(ATCA:SLOT) can't be read.",
                   path);
    else if (path[0] != '\0')
        view_words(page, VIEW_PLAIN, "The setting %s names this file.", path);
    else if (ctx->snapshot->part[SNAPSHOT_CONFIG].have)
        view_words(page, VIEW_DIM, "No setting names this file.");
    else
        view_words(page, VIEW_DIM, "Which setting names it is not known: the configuration was not read.");
    free(settings);
}

static const struct view_key keys[] = {
    {"v",  "view",      "get {id}",                  false},
    {"x",  "save here", "get {id} {?new file here}", false},
    {"u",  "upload",    "put {?file here}",          false},
    {"d",  "delete",    "rm {id}",                   true },
    {NULL, NULL,        NULL,                        false},
};

const struct view view_files = {
    .name = "files",
    .title = "Files",
    .summary = "the device's file system",
    .parts = 1u << SNAPSHOT_FILES | 1u << SNAPSHOT_CONFIG,
    .keys = keys,
    .build = build,
    .detail = detail,
};
