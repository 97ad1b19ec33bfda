/* What a key does: the topmost thing on the screen gets it. */
#include "base/text.h"
#include "tui/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* --- actions of the view pane --------------------------------------------------------------------------- */

static void move(struct tui *tui, int step, long rows)
{
    struct pane *pane = panes_now(tui);
    if (pane->cursor < 0)
        pane->top += step * rows; /* nothing to select: the lines scroll */
    else
        panes_move(tui, pane->cursor + step * rows, step);
}

static void search(struct tui *tui, bool backwards)
{
    struct pane *pane = panes_now(tui);
    if (pane->view == NULL) {
        log_keys_search(tui, backwards);
        return;
    }
    if (*pane->needle == '\0')
        return;
    long from = pane->cursor >= 0 ? pane->cursor : pane->top;
    long found = view_page_search(&pane->page, pane->needle, from, backwards);
    if (found < 0)
        tui_message(tui, "Nothing here holds \"%s\".", pane->needle);
    else if (pane->page.line[found].id != NULL)
        panes_move(tui, found, 1);
    else
        pane->top = found;
}

static void sort(struct tui *tui, bool turn)
{
    struct pane *pane = panes_now(tui);
    int count = (int)pane->page.column_count;
    if (pane->view == NULL || count == 0) {
        tui_message(tui, "There are no columns to sort by here.");
    } else if (turn) {
        pane->descending = !pane->descending;
        pane->sort = pane->sort < 0 ? 0 : pane->sort;
    } else {
        pane->sort = pane->sort + 1 < count ? pane->sort + 1 : -1;
    }
}

/* The value of a row is its last cell that is not empty; of a line of the log, the line. */
static void copy(struct tui *tui)
{
    const struct pane *pane = panes_now(tui);
    const char *value = NULL;
    struct buf line = BUF_INIT;
    if (pane->view == NULL && log_rows(tui->log) > 0) {
        size_t len, last = log_rows(tui->log) - 1,
                    row = tui->log_paused ? log_row_of(tui->log, tui->log_held) : last;
        const char *bytes = log_line(tui->log, row < last ? row : last, &len);
        log_show(bytes, len, &line);
        value = buf_text(&line);
    } else if (pane->view != NULL && pane->cursor >= 0) {
        const struct view_line *row = &pane->page.line[pane->cursor];
        for (size_t i = row->count; i-- > 0 && value == NULL;)
            value = row->span[i].text[0] != '\0' ? row->span[i].text : NULL;
    }
    if (value != NULL) {
        display_copy(tui->display, value);
        tui_message(tui, "Copied: %s", value);
    } else {
        tui_message(tui, "Move to a row first: its value is copied.");
    }
    buf_free(&line);
}

static void write_screen(struct tui *tui)
{
    char stamp[32];
    time_t now = time(NULL);
    struct tm local;
    const struct pane *pane = panes_now(tui);
    localtime_r(&now, &local);
    strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &local);
    char *line = pane->view ? mem_printf("save-screen lockstep-%s-%s.txt", panes_name(pane), stamp)
                            : mem_printf("save-log lockstep-log-%s.txt", stamp);
    work_push(tui, line);
    free(line);
}

static void leave(struct tui *tui)
{
    struct pane *pane = panes_now(tui);
    char **texts[] = {&pane->needle, &pane->filter};
    for (size_t i = 0; i < 2; i++)
        if (**texts[i] != '\0') {
            free(*texts[i]);
            *texts[i] = mem_string("");
        }
    if (pane->view == NULL)
        log_filter(tui->log, "");
}

/* A command is let finish: what it began may be half done on the device. */
static void quit(struct tui *tui)
{
    if (!tui->work.running || tui->work.own) {
        tui_end(tui, 0);
        return;
    }
    tui->leaving = true;
    work_clear(tui);
    tui_message(tui, "Leaving when the command has ended; ^C cancels it.");
}

static void interrupt(struct tui *tui)
{
    if (tui->work.running || tui->work.waiting > 0)
        work_cancel(tui);
    else if (tui->focus == FOCUS_COMMAND)
        line_drop(tui);
    else
        tui_message(tui, "Nothing is running. q leaves lockstep.");
}

static void turn_mouse(struct tui *tui)
{
    tui->mouse = !tui->mouse;
    display_mouse(tui->display, tui->mouse);
    tui_message(tui,
                tui->mouse ? "The mouse is on." : "The mouse is off: the terminal selects text as usual.");
}

static void act_page(struct tui *tui, enum action action)
{
    long rows = draw_view_rows(tui), count = (long)panes_now(tui)->page.count;
    struct pane *pane = panes_now(tui);
    static const struct {
        enum action action;
        int step, lines, pages, all;
    } moves[] = {
        {ACT_UP,        -1, 1, 0, 0},
        {ACT_DOWN,      1,  1, 0, 0},
        {ACT_PAGE_UP,   -1, 0, 1, 0},
        {ACT_PAGE_DOWN, 1,  0, 1, 0},
        {ACT_HOME,      -1, 0, 0, 1},
        {ACT_END,       1,  0, 0, 1}
    };
    for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++)
        if (moves[i].action == action)
            move(tui, moves[i].step, moves[i].lines + moves[i].pages * (rows - 1) + moves[i].all * count);
    if (action == ACT_LEFT)
        pane->left = pane->left > 8 ? pane->left - 8 : 0;
    if (action == ACT_RIGHT && pane->left < 400)
        pane->left += 8;
}

static void act_ask(struct tui *tui, enum action action)
{
    if (action == ACT_SEARCH)
        ask_open(tui, ASK_SEARCH, "search:");
    else if (action == ACT_FILTER)
        ask_open(tui, ASK_FILTER, "only lines with:");
    else
        search(tui, action == ACT_PREVIOUS);
}

static void act_view(struct tui *tui, enum action action)
{
    panes_show(tui, (tui->now + (action == ACT_VIEW_NEXT ? 1 : tui->panes - 1)) % tui->panes);
}

static void act_one(struct tui *tui, enum action action)
{
    static void (*const plain[])(struct tui *) = {[ACT_DETAIL] = overlay_detail, [ACT_COPY] = copy,
                                                  [ACT_WRITE] = write_screen,    [ACT_READ] = refresh_ask,
                                                  [ACT_LEAVE] = leave,           [ACT_HELP] = overlay_help,
                                                  [ACT_SUSPEND] = signals_stop,  [ACT_INTERRUPT] = interrupt,
                                                  [ACT_MOUSE] = turn_mouse,      [ACT_QUIT] = quit};
    if ((size_t)action < sizeof plain / sizeof plain[0] && plain[action] != NULL)
        plain[action](tui);
    else if (action == ACT_SORT || action == ACT_SORT_TURN)
        sort(tui, action == ACT_SORT_TURN);
    else if (action == ACT_COMMAND)
        tui->focus = FOCUS_COMMAND;
    else if (action == ACT_LARGER)
        tui->larger = !tui->larger;
    else if (action == ACT_REDRAW)
        display_redraw(tui->display);
}

void input_action(struct tui *tui, enum action action)
{
    tui_dirty(tui);
    if (panes_now(tui)->view == NULL && log_keys_action(tui, action))
        return;
    if (action >= ACT_UP && action <= ACT_PAGE_DOWN)
        act_page(tui, action);
    else if (action >= ACT_SEARCH && action <= ACT_PREVIOUS)
        act_ask(tui, action);
    else if (action == ACT_VIEW_NEXT || action == ACT_VIEW_BACK)
        act_view(tui, action);
    else
        act_one(tui, action);
}

/* --- who gets a key ------------------------------------------------------------------------------------- */

static void view_key(struct tui *tui, struct key key)
{
    if (view_keys_run(tui, key))
        return;
    if (panes_now(tui)->view == NULL && log_keys_key(tui, key))
        return;
    if (key.code >= '0' && key.code <= '9' && !key.alt) {
        size_t i = key.code == '0' ? 9 : key.code - '1';
        if (!panes_show(tui, i))
            tui_message(tui, "There is no view %c.", (char)key.code);
        return;
    }
    enum action action = keys_action(key);
    if (action != ACT_NONE) {
        input_action(tui, action);
    } else if (keys_is_text(key) || key.code == K_PASTE_BEGIN) {
        tui->focus = FOCUS_COMMAND;
        line_key(tui, key);
    }
}

static bool scroll_output(struct tui *tui, struct key key)
{
    size_t page = (size_t)(tui->layout.command.rows > 4 ? tui->layout.command.rows - 4 : 1);
    switch (key.code) {
    case K_PAGE_UP:
        tui->back += page;
        return true;
    case K_PAGE_DOWN:
        tui->back -= tui->back < page ? tui->back : page;
        return true;
    case K_SHIFT_UP:
        tui->back++;
        return true;
    case K_SHIFT_DOWN:
        tui->back -= tui->back > 0;
        return true;
    default:
        return false;
    }
}

static void command_key(struct tui *tui, struct key key)
{
    bool leaves =
        (key.code == KEY_ESC_CODE && !line_wants_esc()) || (key.code == KEY_TAB_CODE && line_is_empty());
    if (leaves)
        tui->focus = FOCUS_VIEW;
    else if (!scroll_output(tui, key))
        line_key(tui, key);
}

/* Keys that mean the same wherever one is. */
static bool common_key(struct tui *tui, struct key key)
{
    static const enum action common[] = {ACT_INTERRUPT, ACT_REDRAW, ACT_SUSPEND, ACT_LARGER, ACT_MOUSE};
    enum action action = keys_action(key);
    for (size_t i = 0; i < sizeof common / sizeof common[0]; i++)
        if (common[i] == action) {
            input_action(tui, action);
            return true;
        }
    if (key.code != K_F1)
        return false;
    overlay_help(tui);
    return true;
}

void input_key(struct tui *tui, struct key key)
{
    tui->message[0] = '\0';
    tui_dirty(tui);
    if (key.code == 0 || !tui->layout.fits)
        return;
    if (tui->panel.state != PANEL_CLOSED && key.code != KEY_CTRL('C') && key.code != KEY_CTRL('L'))
        panel_key(tui, key);
    else if (key.code == K_MOUSE)
        mouse_key(tui, key);
    else if (tui->ask.kind != ASK_NONE && key.code != KEY_CTRL('L') && key.code != KEY_CTRL('Z'))
        ask_key(tui, key.code == KEY_CTRL('C') ? (struct key){.code = KEY_ESC_CODE} : key);
    else if (common_key(tui, key))
        return;
    else if (tui->overlay.open)
        overlay_key(tui, key);
    else if (tui->focus == FOCUS_COMMAND)
        command_key(tui, key);
    else
        view_key(tui, key);
}
