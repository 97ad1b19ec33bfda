/* The small question in the hint line: a text to search for, to filter by, or a value that a key's command
 * wants. */
#include "shell/lexer.h"
#include "tui/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ask_open(struct tui *tui, enum ask_kind kind, const char *label)
{
    tui->ask.kind = kind;
    snprintf(tui->ask.label, sizeof tui->ask.label, "%s", label);
    buf_clear(&tui->ask.text);
    tui_dirty(tui);
}

void ask_close(struct tui *tui)
{
    tui->ask.kind = ASK_NONE;
    free(tui->ask.command);
    tui->ask.command = NULL;
    buf_clear(&tui->ask.text);
    tui_dirty(tui);
}

static void drop_char(struct buf *text)
{
    while (text->len > 0 && (text->data[text->len - 1] & 0xC0) == 0x80)
        text->len--;
    text->len -= text->len > 0;
    if (text->data != NULL)
        text->data[text->len] = '\0';
}

static void set(char **to, const char *text)
{
    free(*to);
    *to = mem_string(text);
}

static void take_search(struct tui *tui)
{
    set(&panes_now(tui)->needle, buf_text(&tui->ask.text));
    ask_close(tui);
    input_action(tui, ACT_NEXT);
}

static void take_filter(struct tui *tui)
{
    struct pane *pane = panes_now(tui);
    set(&pane->filter, buf_text(&tui->ask.text));
    if (pane->view == NULL)
        log_filter(tui->log, pane->filter);
    ask_close(tui);
}

/* The answer stands quoted where the line asked for it; then the next question, or the command. */
static void take_value(struct tui *tui)
{
    char *line = tui->ask.command, *from = strstr(line, "{?"), *to = from ? strchr(from, '}') : NULL;
    struct buf filled = BUF_INIT;
    bool edit = tui->ask.edit;
    tui->ask.command = NULL;
    if (to != NULL) {
        buf_add(&filled, line, (size_t)(from - line));
        lexer_quote(buf_text(&tui->ask.text), false, &filled);
        buf_add_text(&filled, to + 1);
    }
    free(line);
    ask_close(tui);
    view_keys_ask_next(tui, buf_take(&filled), edit);
}

static void take(struct tui *tui)
{
    static void (*const takers[])(struct tui *) = {
        [ASK_SEARCH] = take_search, [ASK_FILTER] = take_filter, [ASK_VALUE] = take_value};
    if (tui->ask.kind == ASK_VALUE && tui->ask.text.len == 0)
        ask_close(tui); /* nothing given: nothing done */
    else
        takers[tui->ask.kind](tui);
}

void ask_key(struct tui *tui, struct key key)
{
    struct buf *text = &tui->ask.text;
    tui_dirty(tui);
    if (key.code == KEY_ESC_CODE)
        ask_close(tui);
    else if (key.code == KEY_ENTER_CODE)
        take(tui);
    else if (key.code == K_BACKSPACE)
        drop_char(text);
    else if (key.code == KEY_CTRL('U'))
        buf_clear(text);
    else if (keys_is_text(key) && text->len < ASK_TEXT)
        keys_bytes(key, text);
}
