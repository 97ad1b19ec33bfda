/* The console as a session's front end (shell/front.h): what commands say goes to the command pane, consent
 * is asked in the panel, and what only a console can do is done here. */
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "tui/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 256 * 1024 }; /* bytes of a file that are looked at */

/* A file's bytes that are text are shown as text. */
static bool is_text(const char *bytes, size_t len)
{
    struct buf shown = BUF_INIT;
    if (len <= TEXT_MAX)
        text_printable(bytes, len, true, 0, &shown);
    bool same = shown.len == len && len > 0 && memcmp(shown.data, bytes, len) == 0;
    buf_free(&shown);
    return same;
}

static void on_write(void *ctx, bool note, bool binary, const char *text, size_t len)
{
    struct tui *tui = ctx;
    enum style style = note ? STYLE_NOTE : STYLE_OUTPUT;
    if (binary && !is_text(text, len)) {
        output_line(tui->output, STYLE_NOTE,
                    "%zu bytes of binary data are not shown here; give a file to keep them.", len);
        tui_dirty(tui);
        return;
    }
    if (note)
        tui->work.note_line = tui->output->count;
    output_add(tui->output, style, text, len);
    panel_write(tui, text, len);
    tui->back = 0;
    tui_dirty(tui);
}

static void on_progress(void *ctx, const char *what, uint64_t done, uint64_t total)
{
    struct tui *tui = ctx;
    tui->work.progress[0] = '\0';
    if (total > 0)
        snprintf(tui->work.progress, sizeof tui->work.progress, "%.80s %llu %%", what,
                 (unsigned long long)(done * 100 / total));
    tui_dirty(tui);
}

/* A command that changes which device is attached: the snapshot lets go of the old one first. */
static bool changes_device(const char *line)
{
    static const char *const words[] = {"attach", "detach", "--port"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strstr(line, words[i]) != NULL)
            return true;
    return false;
}

static void on_begin(void *ctx, const char *line)
{
    struct tui *tui = ctx;
    const char *port = options_value(&tui->session->options, OPTION_PORT), *attached = tui->session->attached;
    if (*line == '\0' && tui->work.line != NULL)
        line = tui->work.line; /* could not be taken apart: as it was typed */
    output_line(tui->output, STYLE_COMMAND, "> %s", line);
    tui->work.note_line = tui->output->count;
    if (changes_device(line) || (port != NULL && attached != NULL && strcmp(port, attached) != 0))
        refresh_drop(tui);
    tui_dirty(tui);
}

static void on_end(void *ctx, int code)
{
    struct tui *tui = ctx;
    if (code != 0) /* the last note says why */
        output_restyle(tui->output, tui->work.note_line, STYLE_NOTE, STYLE_ERROR);
    front_take_stray(tui);
    tui->work.progress[0] = '\0';
    panel_finish(tui, code);
    tui_dirty(tui);
}

static void on_show(void *ctx, const struct plan *plan)
{
    panel_show(ctx, plan);
}

static int on_ask(void *ctx, const char *question, char *answer, size_t size, struct error *e)
{
    return panel_ask(ctx, question, answer, size, e);
}

/* --- what only a console can do ------------------------------------------------------------------------- */

static int do_view(struct tui *tui, const char *value, struct error *e)
{
    struct buf names = BUF_INIT;
    char safe[64];
    if (panes_show_name(tui, value)) {
        tui->focus = FOCUS_VIEW;
        return 0;
    }
    for (size_t i = 0; i < tui->panes; i++)
        buf_printf(&names, "%s%s", i ? ", " : "", panes_name(&tui->pane[i]));
    error_set(e, ERR_USAGE, "there is no view \"%s\"", text_safe(value, safe, sizeof safe));
    error_next(e, "Views are %s.", buf_text(&names));
    buf_free(&names);
    return e ? e->code : ERR_USAGE;
}

void front_set_theme(struct tui *tui, const char *name, struct error *e)
{
    struct theme theme;
    if (theme_load(&theme, name, e) < 0 && tui->theme.name[0] != '\0')
        return; /* the one in use stays */
    tui->theme = theme;
    snprintf(tui->theme.name, sizeof tui->theme.name, "%.31s", name);
    display_theme(tui->display, &tui->theme);
    tui_dirty(tui);
}

static int do_theme(struct tui *tui, const char *value, struct error *e)
{
    struct error why = {0};
    front_set_theme(tui, value, &why);
    if (why.code != 0 && e != NULL)
        *e = why;
    return why.code;
}

int front_save_screen(struct tui *tui, const char *path, struct error *e)
{
    struct buf text = BUF_INIT;
    char *full = path_expand(path);
    draw_screen(tui);
    canvas_text(&tui->canvas, &text);
    int rc = file_create(full, 0644, buf_text(&text), text.len, e);
    free(full);
    buf_free(&text);
    return rc;
}

static int do_save_screen(struct tui *tui, const char *value, struct error *e)
{
    int rc = front_save_screen(tui, value, e);
    char safe[200];
    if (rc == 0)
        output_line(tui->output, STYLE_NOTE, "The screen is in %s.", text_safe(value, safe, sizeof safe));
    return rc;
}

static int do_keys(struct tui *tui, const char *value, struct error *e)
{
    (void)value;
    (void)e;
    overlay_help(tui);
    return 0;
}

/* The session knows what is armed; the header shows it. */
static int do_arm(struct tui *tui, const char *value, struct error *e)
{
    (void)value;
    (void)e;
    tui_dirty(tui);
    return 0;
}

static int do_detaching(struct tui *tui, const char *value, struct error *e)
{
    (void)value;
    (void)e;
    refresh_drop(tui);
    return 0;
}

static int on_request(void *ctx, const char *what, const char *value, struct error *e)
{
    static const struct {
        const char *what;
        int (*run)(struct tui *tui, const char *value, struct error *e);
    } requests[] = {
        {"view",        do_view       },
        {"theme",       do_theme      },
        {"save-screen", do_save_screen},
        {"save-log",    log_keys_save },
        {"keys",        do_keys       },
        {"arm",         do_arm        },
        {"disarm",      do_arm        },
        {"edit",        edit_file     },
        {"detaching",   do_detaching  }
    };
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++)
        if (strcmp(requests[i].what, what) == 0)
            return requests[i].run(ctx, value ? value : "", e);
    return error_set(e, ERR_USAGE, "the console cannot do that: %s", what);
}

void front_set_up(struct tui *tui)
{
    tui->front = (struct front){.write = on_write,
                                .progress = on_progress,
                                .begin = on_begin,
                                .end = on_end,
                                .show = on_show,
                                .ask = on_ask,
                                .request = on_request,
                                .ctx = tui};
}

void front_take_stray(struct tui *tui)
{
    struct buf text = BUF_INIT;
    stray_take(&tui->stray, &text);
    if (text.len > 0)
        on_write(tui, true, false, buf_text(&text), text.len);
    buf_free(&text);
}
