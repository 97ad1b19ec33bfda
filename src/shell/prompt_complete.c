/* readline completion: see prompt_complete.h. */
#include "shell/prompt_complete.h"
#include "base/buf.h"
#include "shell/complete.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <readline/readline.h>

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

static char **complete(const char *text, int start, int end)
{
    loop_watch_events(*input_watch, 0); /* what is typed meanwhile waits */
    complete_free(&candidates);
    complete_line(asked_session, rl_line_buffer, (size_t)start, (size_t)end, &candidates);
    loop_watch_events(*input_watch, POLLIN);
    rl_attempted_completion_over = !candidates.files; /* host files only where one can stand */
    if (candidates.count == 1) {
        size_t n = strlen(candidates.text[0]);
        rl_completion_suppress_append = n > 0 && candidates.text[0][n - 1] == '=';
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
}
