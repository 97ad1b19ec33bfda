/* A third party's view for the console: what the device calls itself, and a key that runs a command line. */
#include "shell/plugin.h"
#include "shell/view.h"

static const struct view_column columns[] = {
    {.key = "what", .title = "what", .width = 10, .flexible = false},
    {.key = "is",   .title = "is",   .width = 20, .flexible = true },
};

static void build(struct view_page *page, const struct view_context *ctx)
{
    view_columns(page, columns, sizeof columns / sizeof columns[0]);
    if (view_missing(page, ctx, SNAPSHOT_INFO))
        return;
    view_row(page, "name");
    view_cell(page, VIEW_PLAIN, "name");
    view_cell(page, VIEW_VALUE, "%s", view_json_text(ctx->snapshot->info, "id", "none"));
    view_row(page, "firmware");
    view_cell(page, VIEW_PLAIN, "firmware");
    view_cell(page, VIEW_VALUE, "%s", view_json_text(ctx->snapshot->info, "app", "none"));
}

static void detail(struct view_page *page, const struct view_context *ctx)
{
    view_words(page, VIEW_PLAIN, "The badge says its %s.", ctx->selected);
}

static const struct view_key keys[] = {
    {"b",  "say it", "echo the badge of {id}", false},
    {NULL, NULL,     NULL,                     false},
};

static const struct view badge = {.name = "badge",
                                  .title = "Badge",
                                  .summary = "what the device calls itself",
                                  .parts = 1u << SNAPSHOT_INFO,
                                  .keys = keys,
                                  .build = build,
                                  .detail = detail};
/* The name of a built-in view: the console leaves it out and says so. */
static const struct view zones = {.name = "zones", .title = "-", .summary = "-", .build = build};

static const struct view *const views[] = {&badge, &zones, NULL};
static const struct op *const ops[] = {NULL};

const struct plugin lockstep_plugin = {.abi = PLUGIN_ABI,
                                       .name = "view",
                                       .version = "1",
                                       .summary = "a view for the console",
                                       .ops = ops,
                                       .views = views};
