/* The keys of the view shown: each makes a command line of its template and the row under the cursor. */
#include "shell/lexer.h"
#include "tui/inside.h"

#include <stdlib.h>
#include <string.h>

/* The text of a row's cell by the column's key, or NULL. */
static const char *cell_of(const struct pane *pane, const char *name, size_t len)
{
    const struct view_page *page = &pane->page;
    if (pane->cursor < 0 || (size_t)pane->cursor >= page->count)
        return NULL;
    const struct view_line *row = &page->line[pane->cursor];
    for (size_t i = 0; i < page->column_count && i < row->count; i++)
        if (strlen(page->columns[i].key) == len && strncmp(page->columns[i].key, name, len) == 0)
            return row->span[i].text;
    return NULL;
}

/* {id} and {COLUMN} become the row's, quoted; {?…} stays for ask. False: the row lacks what is named. */
static bool fill(const struct pane *pane, const char *command, struct buf *to)
{
    while (*command != '\0') {
        const char *end = *command == '{' && command[1] != '?' ? strchr(command, '}') : NULL;
        if (end == NULL) {
            buf_add_byte(to, (uint8_t)*command++);
            continue;
        }
        size_t len = (size_t)(end - command) - 1;
        bool id = len == 2 && strncmp(command + 1, "id", 2) == 0;
        const char *value = id ? (*pane->selected ? pane->selected : NULL) : cell_of(pane, command + 1, len);
        if (value == NULL)
            return false;
        lexer_quote(value, false, to);
        command = end + 1;
    }
    return true;
}

/* Asks what the line still asks for; then it runs, or goes to the command line to be finished. */
void view_keys_ask_next(struct tui *tui, char *line, bool edit)
{
    char *from = strstr(line, "{?"), *to = from ? strchr(from, '}') : NULL;
    if (to == NULL) {
        if (edit) {
            tui->focus = FOCUS_COMMAND;
            line_set(line, strlen(line));
        } else {
            work_push(tui, line);
        }
        free(line);
        tui_dirty(tui);
        return;
    }
    char *label = mem_printf("%.*s:", (int)(to - from - 2), from + 2);
    ask_open(tui, ASK_VALUE, label);
    tui->ask.command = line;
    tui->ask.edit = edit;
    free(label);
}

void view_keys_emit(struct tui *tui, const char *command, bool edit)
{
    struct buf line = BUF_INIT;
    if (!fill(panes_now(tui), command, &line)) {
        tui_message(tui, "This key works on a row; move to one first.");
        buf_free(&line);
        return;
    }
    buf_add(&line, "", 0);
    view_keys_ask_next(tui, buf_take(&line), edit);
}

bool view_keys_run(struct tui *tui, struct key key)
{
    const struct view *view = panes_now(tui)->view;
    for (const struct view_key *k = view ? view->keys : NULL; k != NULL && k->key != NULL; k++) {
        struct key bound;
        if (!keys_parse(k->key, &bound) || bound.code != key.code || bound.alt != key.alt)
            continue;
        view_keys_emit(tui, k->command, k->edit);
        return true;
    }
    return false;
}
