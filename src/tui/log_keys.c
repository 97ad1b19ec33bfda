/* Keys of the log view. */
#include "base/file.h"
#include "tui/inside.h"

#include <stdlib.h>
#include <string.h>

/* Puts the cursor on a row: from then on the log stands still. */
static void hold(struct tui *tui, long row)
{
    long rows = (long)log_rows(tui->log);
    if (rows == 0)
        return;
    row = row < 0 ? 0 : row >= rows ? rows - 1 : row;
    tui->log_paused = true;
    tui->log_held = log_number(tui->log, (size_t)row);
}

static long row_now(const struct tui *tui)
{
    long rows = (long)log_rows(tui->log);
    if (!tui->log_paused)
        return rows - 1;
    long row = (long)log_row_of(tui->log, tui->log_held);
    return row < rows ? row : rows - 1;
}

void log_keys_search(struct tui *tui, bool backwards)
{
    const char *needle = panes_now(tui)->needle;
    if (*needle == '\0')
        return;
    long found = log_search(tui->log, needle, row_now(tui), !backwards); /* the newest is nearest */
    if (found < 0)
        tui_message(tui, "No line that was kept holds \"%s\".", needle);
    else
        hold(tui, found);
}

bool log_keys_action(struct tui *tui, enum action action)
{
    long page = tui->layout.view.rows - 3, row = row_now(tui);
    static const struct {
        enum action action;
        int rows, pages;
    } moves[] = {
        {ACT_UP,        -1, 0 },
        {ACT_DOWN,      1,  0 },
        {ACT_PAGE_UP,   0,  -1},
        {ACT_PAGE_DOWN, 0,  1 }
    };
    for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++)
        if (moves[i].action == action) {
            hold(tui, row + moves[i].rows + moves[i].pages * page);
            return true;
        }
    if (action == ACT_HOME)
        hold(tui, 0);
    else if (action == ACT_END)
        tui->log_paused = false;
    return action == ACT_HOME || action == ACT_END;
}

bool log_keys_key(struct tui *tui, struct key key)
{
    if (key.code != 'p' || key.alt)
        return false;
    if (tui->log_paused)
        tui->log_paused = false;
    else
        hold(tui, row_now(tui));
    return true;
}

int log_keys_save(struct tui *tui, const char *path, struct error *e)
{
    struct buf text = BUF_INIT;
    size_t rows = log_rows(tui->log);
    for (size_t i = 0; i < rows; i++) {
        size_t len;
        struct buf shown = BUF_INIT;
        const char *line = log_line(tui->log, i, &len);
        log_show(line, len, &shown);
        buf_printf(&text, "%s\n", buf_text(&shown));
        buf_free(&shown);
    }
    int rc = file_create(path, 0644, buf_text(&text), text.len, e);
    if (rc == 0)
        output_line(tui->output, STYLE_NOTE, "%zu log lines are in %s.", rows, path);
    buf_free(&text);
    return rc;
}
