/* The views as the console holds them: which there are, which is shown, where the cursor stands. */
#include "base/clock.h"
#include "base/text.h"
#include "tui/inside.h"
#include "views/views.h"

#include <stdlib.h>
#include <string.h>

/* The place of the view of that name, or as many as there are. */
static size_t find(const struct tui *tui, const char *name)
{
    size_t i = 0;
    while (i < tui->panes && strcmp(panes_name(&tui->pane[i]), name) != 0)
        i++;
    return i;
}

static void add(struct tui *tui, const struct view *view)
{
    tui->pane = mem_grow(tui->pane, (tui->panes + 1) * sizeof *tui->pane);
    tui->pane[tui->panes++] = (struct pane){.view = view,
                                            .selected = mem_string(""),
                                            .filter = mem_string(""),
                                            .needle = mem_string(""),
                                            .sort = -1};
}

/* The built-in views, the log, and what plugins bring: digits people know stay where they are. */
void panes_open(struct tui *tui)
{
    const struct view *view;
    for (size_t i = 0; views_table[i] != NULL; i++)
        add(tui, views_table[i]);
    add(tui, NULL);
    for (size_t i = 0; (view = registry_view(&tui->session->registry, i)) != NULL; i++)
        if (find(tui, view->name) == tui->panes)
            add(tui, view);
        else
            output_line(tui->output, STYLE_ERROR, "A plugin's view is left out: %s is there already.",
                        view->name);
}

void panes_close(struct tui *tui)
{
    for (size_t i = 0; i < tui->panes; i++) {
        struct pane *pane = &tui->pane[i];
        free(pane->selected);
        free(pane->filter);
        free(pane->needle);
        view_page_free(&pane->page);
        view_page_free(&pane->side);
    }
    free(tui->pane);
    tui->pane = NULL;
    tui->panes = 0;
}

struct pane *panes_now(struct tui *tui)
{
    return &tui->pane[tui->now];
}

const char *panes_name(const struct pane *pane)
{
    return pane->view != NULL ? pane->view->name : "log";
}

bool panes_show(struct tui *tui, size_t i)
{
    if (i >= tui->panes)
        return false;
    tui->now = i;
    tui->overlay.open = false;
    refresh_tick(tui);
    panes_build(tui); /* its keys work at once */
    tui_dirty(tui);
    return true;
}

bool panes_show_name(struct tui *tui, const char *name)
{
    return panes_show(tui, find(tui, name));
}

void panes_context(const struct tui *tui, const struct pane *pane, struct view_context *ctx)
{
    *ctx = (struct view_context){.snapshot = &tui->snapshot,
                                 .now_ms = clock_ms(),
                                 .port = tui->device ? device_port(tui->device) : "",
                                 .selected = pane->selected,
                                 .ascii = tui->ascii};
}

static bool is_row(const struct view_page *page, long i)
{
    return i >= 0 && i < (long)page->count && page->line[i].id != NULL;
}

void panes_move(struct tui *tui, long to, int step)
{
    struct pane *pane = panes_now(tui);
    long count = (long)pane->page.count, best = -1;
    to = to < 0 ? 0 : to >= count ? count - 1 : to;
    for (long i = to; i >= 0 && i < count && best < 0; i += step)
        best = is_row(&pane->page, i) ? i : -1;
    for (long i = to; i >= 0 && i < count && best < 0; i -= step)
        best = is_row(&pane->page, i) ? i : -1;
    pane->cursor = best;
    free(pane->selected);
    pane->selected = mem_string(best >= 0 ? pane->page.line[best].id : "");
}

/* The page built anew: the cursor stays on its row, or where that stood. */
static void settle(struct tui *tui, struct pane *pane)
{
    long found = *pane->selected ? view_page_find(&pane->page, pane->selected) : -1;
    if (found >= 0)
        pane->cursor = found;
    else
        panes_move(tui, pane->cursor > 0 ? pane->cursor : 0, 1);
}

/* The lines shown hold the cursor; without rows, the lines scroll by themselves. */
static void scroll(struct tui *tui, struct pane *pane)
{
    long rows = draw_view_rows(tui), count = (long)pane->page.count;
    if (pane->cursor >= 0) {
        if (pane->cursor < pane->top)
            pane->top = pane->cursor;
        if (pane->cursor >= pane->top + rows)
            pane->top = pane->cursor - rows + 1;
        /* Headings right above the first row come into sight with it. */
        bool first = true;
        for (long i = 0; i < pane->cursor; i++)
            first = first && !is_row(&pane->page, i);
        if (first && pane->cursor < rows)
            pane->top = 0;
    }
    if (pane->top > count - rows)
        pane->top = count - rows;
    if (pane->top < 0)
        pane->top = 0;
}

static void build_detached(const struct tui *tui, struct view_page *page)
{
    if (tui->work.running) {
        view_text(page, VIEW_DIM, "No device is attached yet.");
        return;
    }
    view_text(page, VIEW_TITLE, "No device is attached.");
    view_text(page, VIEW_PLAIN, "%s", "");
    view_text(page, VIEW_PLAIN, "attach PORT   attaches one: /dev/ttyUSB0, ws://ADDRESS/rpc …");
    view_text(page, VIEW_PLAIN, "ports         lists the serial ports of this machine");
    view_text(page, VIEW_PLAIN, "attach sim:   starts a virtual device to practise on");
}

void panes_build(struct tui *tui)
{
    struct pane *pane = panes_now(tui);
    struct view_context ctx;
    if (pane->view == NULL)
        return;
    panes_context(tui, pane, &ctx);
    view_page_free(&pane->page);
    view_page_init(&pane->page);
    if (tui->reader == NULL)
        build_detached(tui, &pane->page);
    else
        pane->view->build(&pane->page, &ctx);
    view_page_filter(&pane->page, pane->filter);
    if (pane->sort >= 0 && (size_t)pane->sort < pane->page.column_count)
        view_page_sort(&pane->page, (size_t)pane->sort, pane->descending);
    settle(tui, pane);
    scroll(tui, pane);
    view_page_free(&pane->side);
    view_page_init(&pane->side);
    panes_context(tui, pane, &ctx);
    if (pane->view->side != NULL && tui->reader != NULL)
        pane->view->side(&pane->side, &ctx);
}
