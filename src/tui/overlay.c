/* A page over the view: the help, made from the tables of keys, or the details of a row. */
#include "shell/plugin.h"
#include "tui/inside.h"

#include <stdio.h>
#include <string.h>

static const struct view_column help_columns[] = {
    {.key = "key",             .title = "key", .width = 9      },
    { .key = "what", .title = "what it does",    .width = 30, .flexible = true},
    { .key = "command", .title = "command line",    .width = 18, .flexible = true},
};

static void add_key(struct view_page *page, const char *key, const char *what, const char *command)
{
    view_row(page, key);
    view_cell(page, VIEW_VALUE, "%s", key);
    view_cell(page, VIEW_PLAIN, "%s", what);
    view_cell(page, VIEW_DIM, "%s", command ? command : "");
}

static void open(struct tui *tui, bool help, const char *title)
{
    view_page_free(&tui->overlay.page);
    view_page_init(&tui->overlay.page);
    tui->overlay.open = true;
    tui->overlay.is_help = help;
    tui->overlay.top = 0;
    snprintf(tui->overlay.title, sizeof tui->overlay.title, "%s", title);
    tui_dirty(tui);
}

static void add_log_keys(struct view_page *page)
{
    add_key(page, "p", "hold the log where it is, and go on", NULL);
    add_key(page, "w", "write the lines shown to a file", "save-log FILE");
}

void overlay_help(struct tui *tui)
{
    const struct pane *pane = panes_now(tui);
    struct view_page *page = &tui->overlay.page;
    open(tui, true, "keys, and the command lines they stand for");
    view_columns(page, help_columns, sizeof help_columns / sizeof help_columns[0]);
    view_text(page, VIEW_TITLE, "In this view: %s%s%s", panes_name(pane), pane->view ? ", " : "",
              pane->view ? pane->view->summary : "");
    if (pane->view == NULL)
        add_log_keys(page);
    for (const struct view_key *k = pane->view ? pane->view->keys : NULL; k != NULL && k->key != NULL; k++)
        add_key(page, k->key, k->label, k->command);
    view_text(page, VIEW_PLAIN, "%s", "");
    view_text(page, VIEW_TITLE, "Everywhere");
    add_key(page, "0-9", "the view with that number", "view NAME");
    for (const struct binding *b = keys_bindings(); b->key != NULL; b++)
        if (b->help != NULL)
            add_key(page, b->key, b->help, b->command);
    view_text(page, VIEW_PLAIN, "%s", "");
    view_text(page, VIEW_TITLE, "Signs");
    for (int i = 0; i < VIEW_STYLES; i++) {
        static const char *const meanings[VIEW_STYLES] = {[VIEW_GOOD] = "as it should be",
                                                          [VIEW_WARN] = "wants attention",
                                                          [VIEW_BAD] = "wrong or dangerous",
                                                          [VIEW_LOCKED] = "can't be changed any more",
                                                          [VIEW_OPEN] = "can still be changed"};
        if (meanings[i] != NULL)
            add_key(page, view_style_sign((enum view_style)i, tui->ascii), meanings[i], NULL);
    }
}

void overlay_detail(struct tui *tui)
{
    struct pane *pane = panes_now(tui);
    struct view_context ctx;
    char title[128];
    if (pane->view == NULL || pane->view->detail == NULL) {
        tui_message(tui, "There are no details here.");
        return;
    }
    snprintf(title, sizeof title, "%s %s", panes_name(pane), pane->selected);
    open(tui, false, title);
    panes_context(tui, pane, &ctx);
    pane->view->detail(&tui->overlay.page, &ctx);
}

void overlay_close(struct tui *tui)
{
    tui->overlay.open = false;
    tui_dirty(tui);
}

/* The help takes all but header and hints; details only what they need, at that end of the view where they do
 * not hide the row they are about. */
static struct rect place(const struct tui *tui)
{
    const struct pane *pane = &tui->pane[tui->now];
    struct rect at = tui->layout.view;
    if (tui->overlay.is_help)
        return (struct rect){at.y, 0, at.rows + tui->layout.command.rows, tui->canvas.cols};
    int wanted = (int)tui->overlay.page.count + 2, half = at.rows / 2 + 2;
    int rows = wanted < half ? wanted : half, below = at.rows - rows;
    bool hidden = pane->cursor - pane->top + at.rows - draw_view_rows(tui) - 1 >= below;
    return (struct rect){hidden ? at.y : at.y + below, at.x, rows, at.cols};
}

void overlay_key(struct tui *tui, struct key key)
{
    struct overlay *overlay = &tui->overlay;
    long rows = place(tui).rows - 2 - overlay->is_help, count = (long)overlay->page.count;
    static const struct {
        enum action action;
        int rows, pages, all;
    } moves[] = {
        {ACT_UP,        -1, 0,  0 },
        {ACT_DOWN,      1,  0,  0 },
        {ACT_PAGE_UP,   0,  -1, 0 },
        {ACT_PAGE_DOWN, 0,  1,  0 },
        {ACT_HOME,      0,  0,  -1},
        {ACT_END,       0,  0,  1 }
    };
    enum action action = keys_action(key);
    for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++)
        if (moves[i].action == action) {
            overlay->top += moves[i].rows + moves[i].pages * rows + moves[i].all * count;
            overlay->top = overlay->top > count - rows ? count - rows : overlay->top;
            overlay->top = overlay->top < 0 ? 0 : overlay->top;
            tui_dirty(tui);
            return;
        }
    overlay_close(tui);
    bool closes = key.code == KEY_ESC_CODE || key.code == KEY_ENTER_CODE || key.code == ' ' ||
                  key.code == 'q' || action == ACT_HELP;
    if (!closes) /* any other key means what it means without the page */
        input_key(tui, key);
}

void overlay_draw(struct tui *tui)
{
    struct overlay *overlay = &tui->overlay;
    struct rect frame = place(tui), at = layout_inside(frame);
    char note[128] = "Esc closes";
    long rows = at.rows - (overlay->page.column_count > 0), count = (long)overlay->page.count;
    if (count > rows)
        snprintf(note, sizeof note, "lines %ld-%ld of %ld · Esc closes", overlay->top + 1,
                 overlay->top + rows < count ? overlay->top + rows : count, count);
    canvas_fill(&tui->canvas, frame, STYLE_PLAIN);
    canvas_box(&tui->canvas, frame, STYLE_BORDER_FOCUS, STYLE_PANE_TITLE, overlay->title, note);
    draw_page(tui, &overlay->page, at, overlay->top);
}
