/* readline completion: see prompt_complete.h. */
#include "shell/prompt_complete.h"
#include "base/buf.h"
#include "shell/complete.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <readline/readline.h>

#define QUOTED " \t\"'\\#$"

/* readline's hooks take no context. */
static struct session *asked_session;
static struct loop_watch **input_watch;
static struct complete_list candidates;
static size_t next_candidate;

static char *next_match(const char *text, int state)
{
    (void)text;
    if (state == 0)
        next_candidate = 0;
    if (next_candidate >= candidates.count)
        return NULL;
    char *copy = strdup(candidates.text[next_candidate++]); /* readline frees it with free */
    return copy;
}

static void add_candidate(char *text)
{
    candidates.text = mem_grow(candidates.text, (candidates.count + 1) * sizeof *candidates.text);
    candidates.note = mem_grow(candidates.note, (candidates.count + 1) * sizeof *candidates.note);
    candidates.text[candidates.count] = text;
    candidates.note[candidates.count++] = NULL;
}

/* "--write-key=slo": readline would look for a file of that whole name. */
static void add_files_behind_option(const char *text)
{
    char *file;
    for (int state = 0; (file = rl_filename_completion_function(text + candidates.files_from, state)) != NULL;
         state++) {
        add_candidate(mem_printf("%.*s%s", (int)candidates.files_from, text, file));
        free(file);
    }
    candidates.files = false;
}

static char **complete(const char *text, int start, int end)
{
    loop_watch_events(*input_watch, 0); /* what is typed meanwhile waits */
    complete_free(&candidates);
    complete_line(asked_session, rl_line_buffer, (size_t)start, (size_t)end, &candidates);
    loop_watch_events(*input_watch, POLLIN);
    if (candidates.files && candidates.files_from > 0 && candidates.files_from <= strlen(text))
        add_files_behind_option(text);
    rl_attempted_completion_over = !candidates.files; /* host files only where one can stand */
    rl_filename_completion_desired = 0;
    if (candidates.count == 1) { /* there is more to type behind these */
        size_t n = strlen(candidates.text[0]);
        rl_completion_suppress_append = n > 0 && strchr("=.", candidates.text[0][n - 1]) != NULL;
    }
    return rl_completion_matches(text, next_match);
}

/* Several candidates: with the words about them, where there are any. */
static void display(char **matches, int count, int longest)
{
    bool noted = false;
    for (size_t i = 0; i < candidates.count; i++)
        noted = noted || candidates.note[i] != NULL;
    if (!noted || candidates.count > 60 || candidates.files) {
        rl_display_match_list(matches, count, longest);
        rl_forced_update_display();
        return;
    }
    rl_crlf();
    for (size_t i = 0; i < candidates.count; i++)
        fprintf(rl_outstream, "%-*s  %s\n", longest, candidates.text[i],
                candidates.note[i] ? candidates.note[i] : "");
    rl_forced_update_display();
}

/* A file's name as the lexer reads it: backslashes outside quotes. */
static char *quote_name(char *text, int match_type, char *quote)
{
    (void)match_type;
    struct buf quoted = BUF_INIT;
    for (const char *p = text; *p != '\0'; p++) {
        if ((quote == NULL || *quote == '\0') && strchr(QUOTED, *p) != NULL)
            buf_add_byte(&quoted, '\\');
        buf_add_byte(&quoted, (uint8_t)*p);
    }
    return quoted.len ? buf_take(&quoted) : mem_string("");
}

static char *unquote_name(char *text, int quote)
{
    struct buf plain = BUF_INIT;
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\\' && p[1] != '\0' && quote == 0)
            p++;
        buf_add_byte(&plain, (uint8_t)*p);
    }
    return plain.len ? buf_take(&plain) : mem_string("");
}

static int is_quoted(char *line, int at)
{
    return at > 0 && line[at - 1] == '\\' && !is_quoted(line, at - 1);
}

void prompt_complete_install(struct session *session, struct loop_watch **watch)
{
    asked_session = session;
    input_watch = watch;
    rl_attempted_completion_function = complete;
    rl_completion_display_matches_hook = display;
    rl_completer_word_break_characters = " \t\n";
    rl_basic_word_break_characters = " \t\n";
    rl_completer_quote_characters = "\"'";
    rl_char_is_quoted_p = is_quoted;
    rl_filename_quote_characters = QUOTED;
    rl_filename_quoting_function = quote_name;
    rl_filename_dequoting_function = unquote_name;
}
