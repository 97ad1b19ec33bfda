/* The gate's panel: the plan, its consequences and the question, over everything else. What was typed or
 * pasted before it was drawn, and a paste at any time, is no answer; Esc leaves and nothing is sent. */
#include "base/clock.h"
#include "base/secret.h"
#include "tui/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SETTLE_MS = 200, /* after drawing, keys are thrown away for so long */
    PASTE_US = 6000, /* keys nearer to one another are no typing (20 a second is fast) */
    COLS_MOST = 102,
    TYPED_MAX = 96,
    PAGE = 8, /* lines */
};

/* --- what it says --------------------------------------------------------------------------------------- */

static int widest_what(const struct plan_step *step)
{
    int widest = 0;
    for (size_t i = 0; i < step->change_count; i++) {
        int width = canvas_width(step->changes[i].what);
        widest = width > widest ? width : widest;
    }
    return widest;
}

static void add_changes(struct view_page *page, const struct plan_step *step)
{
    int widest = widest_what(step);
    for (size_t i = 0; i < step->change_count; i++) {
        const struct plan_change *change = &step->changes[i];
        int pad = widest - canvas_width(change->what);
        bool noted = change->note != NULL && *change->note != '\0';
        view_text(page, VIEW_VALUE, "  %s%*s   %s → %s%s%s", change->what, pad, "", change->before,
                  change->after, noted ? "   " : "", noted ? change->note : "");
    }
}

static void add_list(struct view_page *page, enum view_style style, const char *label, char *const *items,
                     size_t count)
{
    for (size_t i = 0; i < count; i++)
        view_text(page, style, "  %s %s", label, items[i]);
}

/* All of them in one sentence. */
static void add_sentence(struct view_page *page, enum view_style style, const char *label, char *const *items,
                         size_t count, const char *between)
{
    struct buf text = BUF_INIT;
    for (size_t i = 0; i < count; i++)
        buf_printf(&text, "%s%s", i ? between : "", items[i]);
    if (count > 0)
        view_text(page, style, "  %s %s", label, buf_text(&text));
    buf_free(&text);
}

static void fill(struct view_page *page, const struct plan *plan)
{
    view_text(page, VIEW_TITLE, "%s", plan->title ? plan->title : "");
    view_text(page, VIEW_PLAIN, "%s", "");
    for (size_t i = 0; i < plan->step_count; i++) {
        if (plan->step_count > 1)
            view_text(page, VIEW_TITLE, "  step %zu: %s", i + 1, plan->steps[i].title);
        add_changes(page, &plan->steps[i]);
    }
    view_text(page, VIEW_PLAIN, "%s", "");
    add_sentence(page, VIEW_PLAIN, "Becomes permanent too:", plan->freezes, plan->freeze_count, ", ");
    add_list(page, VIEW_WARN, "Warning:", plan->warnings, plan->warning_count);
    for (size_t i = 0; i < plan->trap_count; i++)
        view_text(page, VIEW_BAD, "  Trap: %s", plan->traps[i].sentence);
    add_sentence(page, VIEW_DIM, "checked:", plan->checks, plan->check_count, " · ");
}

void panel_show(struct tui *tui, const struct plan *plan)
{
    panel_close(tui);
    struct panel *panel = &tui->panel;
    panel->title = mem_string("can't be undone");
    view_page_init(&panel->page);
    fill(&panel->page, plan);
    panel->state = PANEL_WORKING;
    tui_dirty(tui);
}

void panel_close(struct tui *tui)
{
    struct panel *panel = &tui->panel;
    loop_timer_stop(panel->timer);
    secret_wipe(panel->text, sizeof panel->text);
    free(panel->title);
    free(panel->question);
    view_page_free(&panel->page);
    *panel = (struct panel){0};
    tui_dirty(tui);
}

void panel_write(struct tui *tui, const char *text, size_t len)
{
    struct panel *panel = &tui->panel;
    if (panel->state != PANEL_WORKING)
        return;
    while (len > 0) {
        const char *end = memchr(text, '\n', len);
        size_t n = end ? (size_t)(end - text) : len;
        view_text(&panel->page, VIEW_TITLE, "  %.*s", (int)n, text);
        n += end != NULL;
        text += n;
        len -= n;
    }
    panel->top = (long)panel->page.count;
}

/* The command is over: what became of it stands until a key is pressed. */
void panel_finish(struct tui *tui, int code)
{
    struct panel *panel = &tui->panel;
    if (panel->state == PANEL_CLOSED)
        return;
    if (code == ERR_CONSENT)
        panel_close(tui);
    else
        panel->state = PANEL_DONE;
}

/* --- the question --------------------------------------------------------------------------------------- */

static void on_settled(void *ctx)
{
    struct tui *tui = ctx;
    tui->panel.timer = NULL;
    tui->panel.state = PANEL_ASKING;
    tui->panel.key_us = clock_us();
    tui_dirty(tui);
}

static bool is_answered(void *ctx)
{
    return ((struct tui *)ctx)->panel.code <= 0;
}

static int refuse(struct tui *tui, int code, const char *why, struct error *e)
{
    panel_close(tui);
    return error_set(e, code, "%s", why);
}

int panel_ask(struct tui *tui, const char *question, char *answer, size_t size, struct error *e)
{
    struct panel *panel = &tui->panel;
    free(panel->question);
    panel->question = mem_string(question);
    if (panel->title == NULL)
        panel->title = mem_string("a question");
    panel->text[0] = '\0';
    panel->remark = NULL;
    panel->code = 1;
    panel->state = PANEL_SETTLING;
    tui_draw_now(tui);
    display_drop_input(tui->display);
    panel->timer = loop_timer_start(tui->loop, SETTLE_MS, on_settled, tui);
    enum loop_result how = loop_run_until(tui->loop, is_answered, tui, -1);
    loop_timer_stop(panel->timer);
    panel->timer = NULL;
    if (how == LOOP_INTERRUPTED)
        return refuse(tui, ERR_CONSENT, "the question was left with Ctrl-C", e);
    if (panel->code < 0)
        return refuse(tui, ERR_CONSENT, "the question was left with Esc", e);
    if (strlen(panel->text) >= size)
        return refuse(tui, ERR_CONSENT, "the answer is longer than anything that was asked for", e);
    snprintf(answer, size, "%s", panel->text);
    secret_wipe(panel->text, sizeof panel->text);
    free(panel->question);
    panel->question = NULL;
    panel->state = PANEL_WORKING;
    tui_draw_now(tui);
    return 0;
}

static void type(struct panel *panel, struct key key)
{
    size_t n = strlen(panel->text);
    if (key.code == K_BACKSPACE && n > 0)
        panel->text[n - 1] = '\0';
    else if (keys_is_text(key) && key.code < 0x7F && n + 1 < TYPED_MAX) {
        panel->text[n] = (char)key.code;
        panel->text[n + 1] = '\0';
    }
}

static void answer_key(struct panel *panel, struct key key)
{
    int64_t now = clock_us(), gap = now - panel->key_us;
    panel->key_us = now;
    if (key.code == KEY_ESC_CODE) {
        panel->code = ERR_CONSENT;
    } else if (key.code == K_PASTE_BEGIN || key.code == K_PASTE_END || gap < PASTE_US) {
        secret_wipe(panel->text, sizeof panel->text);
        panel->remark = "That came faster than typing: the answer must be typed, key by key. Begin again.";
    } else if (!panel->read) {
        panel->remark = "There is more to read first: PageDown.";
    } else if (key.code == KEY_ENTER_CODE) {
        panel->code = panel->text[0] != '\0' ? 0 : panel->code;
    } else {
        panel->remark = NULL;
        type(panel, key);
    }
}

static void close_read(struct tui *tui)
{
    panel_close(tui);
    refresh_tick(tui); /* what was held back while it stood */
}

void panel_key(struct tui *tui, struct key key)
{
    struct panel *panel = &tui->panel;
    tui_dirty(tui);
    if (key.code == K_PAGE_UP || key.code == K_PAGE_DOWN)
        panel->top += key.code == K_PAGE_UP ? -PAGE : PAGE;
    else if (panel->state == PANEL_DONE)
        close_read(tui);
    else if (panel->state == PANEL_ASKING)
        answer_key(panel, key);
}

/* --- drawing -------------------------------------------------------------------------------------------- */

static const char *text_of(const struct view_line *line)
{
    return line->count > 0 ? line->span[0].text : "";
}

/* Lines that the text takes, folded to the panel's columns. */
static int text_rows(const struct panel *panel, int cols)
{
    int rows = 0;
    for (size_t i = 0; i < panel->page.count; i++)
        rows +=
            canvas_words(NULL, (struct rect){0, 0, 0, cols}, 0, STYLE_PLAIN, text_of(&panel->page.line[i]));
    return rows;
}

static void put_text(struct tui *tui, struct rect at, int skip)
{
    struct panel *panel = &tui->panel;
    int bottom = at.y + at.rows;
    for (size_t i = 0; i < panel->page.count && at.y < bottom; i++) {
        const struct view_line *line = &panel->page.line[i];
        enum style style = line->count > 0 ? (enum style)line->span[0].style : STYLE_PLAIN;
        at.rows = bottom - at.y;
        int rows = canvas_words(&tui->canvas, at, skip, style, text_of(line));
        at.y += rows > skip ? rows - skip : 0;
        skip = skip > rows ? skip - rows : 0;
    }
}

static void put_question(struct tui *tui, struct rect at)
{
    struct panel *panel = &tui->panel;
    if (panel->state != PANEL_ASKING && panel->state != PANEL_SETTLING)
        return;
    const char *question = panel->question;
    size_t n = strlen(question);
    while (n > 0 && (question[n - 1] == ' ' || question[n - 1] == '\n'))
        n--;
    char *line = mem_printf("%.*s", (int)n, question);
    int rows = canvas_words(&tui->canvas, at, 0, STYLE_TITLE, line);
    free(line);
    int y = at.y + rows;
    int x = at.x + 2 + canvas_print(&tui->canvas, y, at.x + 2, at.cols - 4, STYLE_INPUT, "%s", panel->text);
    canvas_put(&tui->canvas, y, x, 4, STYLE_DIM, "____");
    tui->canvas.cursor_y = y;
    tui->canvas.cursor_x = x;
    if (panel->remark != NULL)
        canvas_put(&tui->canvas, y + 1, at.x, at.cols, STYLE_WARN, panel->remark);
}

void panel_draw(struct tui *tui)
{
    struct panel *panel = &tui->panel;
    struct canvas *canvas = &tui->canvas;
    int cols = canvas->cols - 4 < COLS_MOST ? canvas->cols - 4 : COLS_MOST, inner = cols - 4;
    bool asking = panel->question != NULL;
    int below =
        asking ? canvas_words(NULL, (struct rect){0, 0, 0, inner}, 0, STYLE_PLAIN, panel->question) + 3 : 0;
    int rows = text_rows(panel, inner), most = canvas->rows - 4 - below - 3;
    int shown = rows < most ? rows : most;
    long last = rows - shown;
    panel->top = panel->top > last ? last : panel->top < 0 ? 0 : panel->top;
    panel->read = panel->read || panel->top == last;
    struct rect frame = {0, (canvas->cols - cols) / 2, shown + below + 4, cols};
    frame.y = (canvas->rows - frame.rows) / 2;
    const char *note = panel->state == PANEL_DONE ? "Enter"
                       : asking                   ? "Esc leaves, nothing is sent"
                                                  : "working";
    struct rect text = {frame.y + 2, frame.x + 2, shown, inner};
    canvas_fill(canvas, frame, STYLE_PANEL);
    canvas_box(canvas, frame, STYLE_PANEL_BORDER, STYLE_PANEL_BORDER, panel->title,
               panel->top < last ? "there is more: PageDown" : note);
    put_text(tui, text, (int)panel->top);
    put_question(tui, (struct rect){text.y + shown + 1, frame.x + 2, below, inner});
}
