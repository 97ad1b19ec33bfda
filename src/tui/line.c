/* The line being typed: readline by its callback interface, fed with our keys and drawn by us. readline has
 * one line per process and takes no context: what it calls back finds the console in `current`. */
#include "base/secret.h"
#include "base/text.h"
#include "shell/lexer.h"
#include "shell/prompt_complete.h"
#include "tui/inside.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <readline/history.h>
#include <readline/readline.h>

/* States in which readline has read a part of something. */
enum {
    BETWEEN_KEYS = RL_STATE_ISEARCH | RL_STATE_NSEARCH | RL_STATE_VIMOTION | RL_STATE_NUMERICARG |
                   RL_STATE_MULTIKEY | RL_STATE_CHARSEARCH | RL_STATE_METANEXT,
};

static struct tui *current;
static struct buf pending = {.secret = true}; /* bytes for readline */
static size_t pending_at;
static struct buf continued = {.secret = true}; /* lines that a backslash continues */
static FILE *nowhere[2];

static bool has_byte(void *ctx)
{
    (void)ctx;
    return pending_at < pending.len;
}

static int available(void)
{
    return has_byte(NULL);
}

static bool starving; /* readline waits for a byte in the middle of something */

/* readline asks for a byte in the middle of a sequence only when one is there; should it ever ask without,
 * the loop goes on until a key comes. */
static int next_byte(FILE *unused)
{
    (void)unused;
    starving = true;
    enum loop_result found = has_byte(NULL) ? LOOP_DONE : loop_run_until(current->loop, has_byte, NULL, -1);
    starving = false;
    if (found != LOOP_DONE)
        return KEY_CTRL('G'); /* interrupted: what is under way is left */
    return pending.data[pending_at++];
}

static void redisplay(void)
{
    tui_dirty(current);
}

/* The list of completions goes where a command's output goes. */
static void show_matches(char **matches, int count, int longest)
{
    int cols = current->layout.command.cols - 4, width = longest + 2, per_line = cols / width;
    struct buf line = BUF_INIT;
    per_line = per_line > 0 ? per_line : 1;
    for (int i = 1; i <= count && i <= COMPLETIONS_SHOWN; i++) {
        char safe[128];
        buf_printf(&line, "%-*s", width, text_safe(matches[i], safe, sizeof safe));
        if (i % per_line == 0 || i == count || i == COMPLETIONS_SHOWN) {
            output_line(current->output, STYLE_NOTE, "%s", buf_text(&line));
            buf_clear(&line);
        }
    }
    if (count > COMPLETIONS_SHOWN)
        output_line(current->output, STYLE_NOTE, "and %d more", count - COMPLETIONS_SHOWN);
    buf_free(&line);
    tui_dirty(current);
}

/* A line that ends in a backslash goes on in the next one. */
static void on_line(char *text)
{
    struct tui *tui = current;
    if (text == NULL) { /* Ctrl-D on an empty line */
        tui_end(tui, 0);
        return;
    }
    buf_add_text(&continued, text);
    secret_wipe(text, strlen(text));
    free(text);
    if (lexer_is_continued(buf_text(&continued))) {
        output_line(tui->output, STYLE_COMMAND, "> …");
        continued.data[continued.len - 1] = ' ';
        return;
    }
    work_push(tui, buf_text(&continued));
    buf_clear(&continued);
}

void line_open(struct tui *tui)
{
    current = tui;
    nowhere[0] = fopen("/dev/null", "r");
    nowhere[1] = fopen("/dev/null", "w");
    rl_readline_name = "lockstep";
    rl_instream = nowhere[0];
    rl_outstream = nowhere[1];
    rl_catch_signals = 0;
    rl_catch_sigwinch = 0;
    rl_change_environment = 0;
    rl_prep_term_function = NULL;
    rl_deprep_term_function = NULL;
    rl_getc_function = next_byte;
    rl_input_available_hook = available;
    rl_redisplay_function = redisplay;
    prompt_complete_install(tui->session, &tui->input);
    rl_completion_display_matches_hook = show_matches;
    rl_completion_query_items = 0;
    rl_variable_bind("show-all-if-ambiguous", "on"); /* unless inputrc says otherwise */
    rl_callback_handler_install("", on_line);
    history_open(&tui->history);
}

void line_close(struct tui *tui)
{
    rl_callback_handler_remove();
    rl_free_line_state();
    rl_free_undo_list();
    rl_clear_history(); /* with what was changed in its lines */
    history_close(&tui->history);
    buf_free(&pending);
    buf_free(&continued);
    pending_at = 0;
    rl_instream = stdin;
    rl_outstream = stdout;
    rl_prep_term_function = rl_prep_terminal;
    rl_deprep_term_function = rl_deprep_terminal;
    rl_getc_function = rl_getc;
    rl_input_available_hook = NULL;
    rl_redisplay_function = rl_redisplay;
    for (int i = 0; i < 2; i++)
        if (nowhere[i] != NULL)
            fclose(nowhere[i]);
}

/* readline is not to be entered from inside it: while it completes a word it turns the loop. */
static bool reading;

bool line_is_busy(void)
{
    return reading && !starving;
}

/* readline 8.2 crashes when a search is left by a key of several bytes (Ctrl-R Ctrl-X +): it is ended first.
 */
static void end_search(struct key key)
{
    struct buf bytes = BUF_INIT;
    keys_bytes(key, &bytes);
    bool prefix = key.code == KEY_CTRL('X') || (bytes.len > 1 && bytes.data[0] == '\033');
    if (prefix && RL_ISSTATE(RL_STATE_ISEARCH))
        buf_add_byte(&pending, '\033');
    buf_free(&bytes);
}

static void read_pending(const struct tui *tui)
{
    while (has_byte(NULL) && !tui->ended)
        rl_callback_read_char();
}

void line_key(struct tui *tui, struct key key)
{
    if (reading) {
        keys_bytes(key, &pending);
        return;
    }
    reading = true;
    end_search(key);
    read_pending(tui);
    keys_bytes(key, &pending);
    read_pending(tui);
    reading = false;
    buf_clear(&pending);
    pending_at = 0;
    tui_dirty(tui);
}

bool line_wants_esc(void)
{
    bool inserting = rl_editing_mode == 0 && rl_get_keymap() == vi_insertion_keymap;
    return inserting || RL_ISSTATE(RL_STATE_ISEARCH | RL_STATE_NSEARCH | RL_STATE_NUMERICARG);
}

bool line_is_empty(void)
{
    return rl_end == 0 && continued.len == 0 && !RL_ISSTATE(RL_STATE_ISEARCH | RL_STATE_NSEARCH);
}

void line_set(const char *text, size_t cursor)
{
    rl_replace_line(text, 1);
    rl_point = cursor <= (size_t)rl_end ? (int)cursor : rl_end;
}

void line_remember(struct tui *tui, const char *text)
{
    history_add(&tui->history, &tui->session->registry, text);
    if (!RL_ISSTATE(RL_STATE_ISEARCH | RL_STATE_NSEARCH))
        using_history(); /* the newest line is the first that Up and Ctrl-R find */
}

void line_drop(struct tui *tui)
{
    /* One state at a time is cleaned up, and several may stand: a search that waits for the rest of a key. */
    for (int i = 0; i < 4 && RL_ISSTATE(BETWEEN_KEYS); i++)
        rl_callback_sigcleanup();
    RL_UNSETSTATE(BETWEEN_KEYS);
    rl_free_line_state();
    rl_callback_sigcleanup();
    rl_callback_handler_remove();
    rl_replace_line("", 1);
    buf_clear(&continued);
    rl_callback_handler_install("", on_line);
    tui_dirty(tui);
}

/* Control characters as people write them. */
static void add_visible(const char *text, size_t len, struct buf *to)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20 || c == 0x7f)
            buf_printf(to, "^%c", c ^ 0x40);
        else
            buf_add_byte(to, c);
    }
}

/* What readline says instead of a prompt while it searches; between \001 and \002 stands what only terminals
 * read. */
static void add_prompt(struct buf *to)
{
    bool hidden = false;
    if (rl_display_prompt == NULL || *rl_display_prompt == '\0') {
        buf_add_text(to, continued.len ? "… " : "> ");
        return;
    }
    for (const char *p = rl_display_prompt; *p != '\0'; p++) {
        if (*p == RL_PROMPT_START_IGNORE || *p == RL_PROMPT_END_IGNORE)
            hidden = *p == RL_PROMPT_START_IGNORE;
        else if (!hidden)
            add_visible(p, 1, to);
    }
}

void line_picture(struct buf *to, int *cursor)
{
    add_prompt(to);
    struct buf before = BUF_INIT;
    add_visible(rl_line_buffer, (size_t)rl_point, &before);
    *cursor = canvas_width(buf_text(to)) + canvas_width(buf_text(&before));
    buf_add(to, before.data, before.len);
    add_visible(rl_line_buffer + rl_point, (size_t)(rl_end - rl_point), to);
    buf_free(&before);
}
