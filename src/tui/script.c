/* Key scripts: keys from a file, pressed through the same path as a person's. For tests and for screens in
 * the documentation; doc/console.md describes the format. */
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "tui/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEYS_SIZE_MAX = 256 * 1024,
    STEP_MS = 1,
    PANEL_STEP_MS = 20, /* at the gate keys come as slowly as a person's */
    WAIT_MS = 10000,
};

struct script {
    char *name;
    struct buf text;
    size_t at;     /* next byte of text */
    size_t line;   /* its line, from 1 */
    size_t told;   /* the line that messages name */
    size_t end;    /* end of the line of keys under way; 0: none */
    char *awaited; /* text that must show, or NULL */
    bool settling; /* until nothing is asked or running */
    int64_t deadline;
    struct loop_timer *timer;
};

static void step(void *ctx);

static void go_on(struct tui *tui, int64_t ms)
{
    tui->script->timer = loop_timer_start(tui->loop, ms, step, tui);
}

static void fail(struct tui *tui, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void fail(struct tui *tui, const char *format, ...)
{
    struct buf text = BUF_INIT;
    va_list ap;
    va_start(ap, format);
    buf_vprintf(&text, format, ap);
    va_end(ap);
    error_set(&tui->error, ERR_EXPECT, "%s:%zu: %s", tui->script->name, tui->script->told, buf_text(&text));
    buf_free(&text);
    tui_end(tui, ERR_EXPECT);
}

/* --- waiting -------------------------------------------------------------------------------------------- */

static bool shows(struct tui *tui, const char *text)
{
    struct buf screen = BUF_INIT;
    draw_screen(tui);
    canvas_text(&tui->canvas, &screen);
    bool found = strstr(buf_text(&screen), text) != NULL;
    buf_free(&screen);
    return found;
}

static bool is_quiet(const struct tui *tui)
{
    bool asking = false;
    for (int part = 0; part < SNAPSHOT_PARTS; part++)
        asking = asking || tui->snapshot.part[part].asking;
    return !asking && !tui->work.running && tui->work.waiting == 0;
}

/* True while the script has to wait. */
static bool waits(struct tui *tui)
{
    struct script *script = tui->script;
    bool over = script->awaited ? shows(tui, script->awaited) : script->settling ? is_quiet(tui) : true;
    if (!over && clock_ms() > script->deadline) {
        if (script->awaited != NULL)
            fail(tui, "\"%s\" did not appear within %d s", script->awaited, WAIT_MS / 1000);
        else
            fail(tui, "commands and readings did not end within %d s", WAIT_MS / 1000);
        return true;
    }
    if (over) {
        free(script->awaited);
        script->awaited = NULL;
        script->settling = false;
    }
    return !over || tui->panel.state == PANEL_SETTLING || line_is_busy();
}

/* --- what a line does ----------------------------------------------------------------------------------- */

static void do_wait(struct tui *tui, const char *rest)
{
    tui->script->awaited = mem_string(rest);
    tui->script->deadline = clock_ms() + WAIT_MS;
}

static void do_settle(struct tui *tui, const char *rest)
{
    (void)rest;
    tui->script->settling = true;
    tui->script->deadline = clock_ms() + WAIT_MS;
}

static void do_resize(struct tui *tui, const char *rest)
{
    int cols, rows;
    struct error e = {0};
    if (tui_parse_size(rest, &cols, &rows, &e) < 0)
        fail(tui, "%s", e.message);
    else
        tui_resized(tui, rows, cols);
}

static void do_save(struct tui *tui, const char *rest)
{
    struct error e = {0};
    if (front_save_screen(tui, rest, &e) < 0)
        fail(tui, "%s", e.message);
}

static const struct {
    const char *word;
    void (*run)(struct tui *tui, const char *rest);
} directives[] = {
    {"wait ",   do_wait  },
    {"settle",  do_settle},
    {"resize ", do_resize},
    {"save ",   do_save  }
};

/* The next key of the line: a character, or a name between < and >. */
static void press(struct tui *tui)
{
    struct script *script = tui->script;
    const char *text = buf_text(&script->text) + script->at;
    const char *end = *text == '<' ? memchr(text, '>', script->end - script->at) : NULL;
    struct key key = {0};
    if (end != NULL) {
        char *name = mem_printf("%.*s", (int)(end - text - 1), text + 1);
        bool known = keys_parse(name, &key);
        if (!known)
            fail(tui, "there is no key <%s>", name);
        free(name);
        script->at += (size_t)(end - text) + 1;
        if (!known)
            return;
    } else {
        const char *next = text;
        key.code = canvas_decode(&next);
        script->at += (size_t)(next - text);
    }
    if (script->at >= script->end) { /* before the key acts: it may turn the loop */
        script->at = script->end + 1;
        script->end = 0;
        script->line++;
    }
    go_on(tui, tui->panel.state != PANEL_CLOSED ? PANEL_STEP_MS : STEP_MS);
    input_key(tui, key);
}

/* Begins the next line; false at the end. */
static bool next_line(struct tui *tui)
{
    struct script *script = tui->script;
    if (script->at >= script->text.len)
        return false;
    const char *text = buf_text(&script->text) + script->at;
    size_t n = strcspn(text, "\n");
    script->told = script->line;
    if (n == 0 || *text == '#') {
        script->at += n + 1;
        script->line++;
        return true;
    }
    for (size_t i = 0; i < sizeof directives / sizeof directives[0]; i++)
        if (text_starts(text, directives[i].word)) {
            size_t skip = strlen(directives[i].word);
            char *rest = mem_printf("%.*s", (int)(n > skip ? n - skip : 0), text + skip);
            directives[i].run(tui, rest);
            free(rest);
            script->at += n + 1;
            script->line++;
            return true;
        }
    script->end = script->at + n;
    return true;
}

static void step(void *ctx)
{
    struct tui *tui = ctx;
    struct script *script = tui->script;
    script->timer = NULL;
    if (tui->ended)
        return;
    if (waits(tui)) {
        if (!tui->ended)
            go_on(tui, 20);
        return;
    }
    if (script->end > 0)
        press(tui);
    else if (next_line(tui) && !tui->ended)
        go_on(tui, STEP_MS);
}

int script_keys_open(struct tui *tui, const char *path, struct error *e)
{
    struct script *script = mem_alloc(sizeof *script);
    int rc = file_read(path, KEYS_SIZE_MAX, &script->text, e);
    if (rc < 0) {
        free(script);
        return rc;
    }
    script->name = mem_string(path);
    script->line = 1;
    tui->script = script;
    go_on(tui, STEP_MS);
    return 0;
}

void script_keys_close(struct tui *tui)
{
    struct script *script = tui->script;
    if (script == NULL)
        return;
    loop_timer_stop(script->timer);
    free(script->name);
    free(script->awaited);
    buf_free(&script->text);
    free(script);
    tui->script = NULL;
}
