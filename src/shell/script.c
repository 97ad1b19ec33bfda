/* Command files: see script.h. */
#include "shell/script.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "shell/executor.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct command { /* one line of a command file, taken apart */
    struct words words;
    size_t line;
};

static void set_true(void *ctx, short revents)
{
    (void)revents;
    *(bool *)ctx = true;
}

static bool is_true(void *ctx)
{
    return *(bool *)ctx;
}

/* Waits, with the loop turning, for more text. 0, or ERR_INTERRUPTED; at the end fd becomes -1. */
static int read_more(struct session *session, struct script *script, struct error *e)
{
    bool ready = false;
    struct loop_watch *watch = loop_watch_start(session->loop, script->fd, POLLIN, set_true, &ready);
    enum loop_result result = loop_run_until(session->loop, is_true, &ready, -1);
    loop_watch_stop(watch);
    if (result == LOOP_INTERRUPTED)
        return error_set(e, ERR_INTERRUPTED, "interrupted");
    char chunk[4096];
    ssize_t n = read(script->fd, chunk, sizeof chunk);
    if (n > 0)
        buf_add(&script->text, chunk, (size_t)n);
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        script->fd = -1;
    if (script->text.len - script->pos <= SCRIPT_SIZE_MAX)
        return 0;
    script->fd = -1;
    script->pos = script->text.len;
    return error_set(e, ERR_USAGE, "a command is longer than %d bytes", SCRIPT_SIZE_MAX);
}

/* The next command. LEXER_LINE, LEXER_END or an error. */
static int fetch(struct session *session, struct script *script, struct command *to, struct error *e)
{
    for (;;) {
        struct lexer lexer;
        lexer_start(&lexer, buf_text(&script->text) + script->pos, script->text.len - script->pos,
                    script->fd < 0);
        lexer.line = script->line;
        int rc = lexer_next(&lexer, &to->words, &to->line, e);
        if (script->fd < 0 || rc == LEXER_LINE || rc < 0) {
            script->pos += lexer.pos;
            script->line = lexer.line;
            return rc;
        }
        rc = read_more(session, script, e);
        if (rc < 0) {
            to->line = script->line;
            return rc;
        }
    }
}

static bool is_expect_error(const struct words *words)
{
    size_t i = 0;
    while (i + 1 < words->count &&
           (strcmp(words->text[i], "mos") == 0 || strcmp(words->text[i], "lockstep") == 0))
        i++;
    return i < words->count && strcmp(words->text[i], "expect-error") == 0;
}

/* Runs one command; fetched says what fetch returned for it. */
static int run_command(struct session *session, const struct script *script, struct command *command,
                       int fetched, struct error *e)
{
    char *where = mem_printf("%s:%zu", script->name, command->line);
    int rc = fetched < 0 ? fetched : lexer_expand(&command->words, session_lookup, session, e);
    if (rc < 0)
        executor_tell(session, where, e);
    else
        rc = executor_run(session, &command->words, where, e);
    free(where);
    return rc;
}

/* Runs all of it. Returns the first failure that was not expected. */
static int play(struct session *session, struct script *script, struct error *first)
{
    struct command now = {0}, next = {0};
    struct error e = {0};
    int failed = 0, fetched = fetch(session, script, &now, &e);
    while (fetched != LEXER_END && !session->quit) {
        int rc = run_command(session, script, &now, fetched, &e);
        size_t line = now.line;
        struct error what = e;
        words_free(&now.words);
        if (rc == ERR_INTERRUPTED || loop_interrupted(session->loop)) {
            *first = what;
            failed = ERR_INTERRUPTED;
            break;
        }
        error_clear(&e);
        fetched = session->quit ? LEXER_END : fetch(session, script, &next, &e);
        bool expected = fetched == LEXER_LINE && is_expect_error(&next.words);
        if (rc < 0 && !expected && failed == 0) {
            failed = rc;
            error_set(first, rc, "%s stopped at line %zu", script->name, line);
            if (script->go_on)
                error_set(first, rc, "%s went on after a failure at line %zu", script->name, line);
        }
        if (rc < 0 && !expected && !script->go_on)
            break;
        now = next;
        next = (struct command){0};
    }
    words_free(&now.words);
    words_free(&next.words);
    return failed;
}

static int play_inside(struct session *session, struct script *script, struct error *e)
{
    script->line = 1;
    script->outer = session->script;
    session->script = script;
    int rc = play(session, script, e);
    session->script = script->outer;
    buf_free(&script->text);
    return rc;
}

/* A path in a command file is relative to that file's folder. */
static char *resolve(const struct session *session, const char *path)
{
    char *full = path_expand(path);
    const char *folder = session->script ? session->script->folder : NULL;
    if (full[0] == '/' || folder == NULL || strcmp(full, "-") == 0)
        return full;
    char *joined = path_join(folder, full);
    free(full);
    return joined;
}

/* Refuses a file that is being run already, and nesting without end. */
static int check_nesting(const struct session *session, const char *real, const char *shown, struct error *e)
{
    int depth = 1;
    for (const struct script *s = session->script; s != NULL; s = s->outer, depth++)
        if (s->path != NULL && strcmp(s->path, real) == 0)
            return error_set(e, ERR_USAGE, "%s is being run already: a command file cannot contain itself",
                             shown);
    if (depth > SCRIPT_DEPTH_MAX)
        return error_set(e, ERR_USAGE,
                         "%s would be the command file number %d inside one another; %d are the limit", shown,
                         depth, SCRIPT_DEPTH_MAX);
    return 0;
}

/* Plays with options and variables of its own. A dry run that was asked for here holds for all of it. */
static int play_in_scope(struct session *session, struct script *script, const struct options *options,
                         struct error *e)
{
    struct session_scope scope;
    bool rehearsal = session->rehearsal;
    const char *dry = options_value(options, OPTION_DRY_RUN);
    session_scope_save(session, &scope);
    options_free(&session->options);
    options_copy(options, &session->options);
    session->rehearsal = rehearsal || (dry != NULL && option_boolean(dry) == 1);
    int rc = play_inside(session, script, e);
    session->rehearsal = rehearsal;
    session_scope_restore(session, &scope);
    return rc;
}

int script_run_file(struct session *session, const char *path, const struct options *options, bool *told,
                    struct error *e)
{
    char real[PATH_MAX], shown[512];
    struct script script = {.name = shown, .fd = -1};
    char *full = resolve(session, path);
    bool from_input = strcmp(full, "-") == 0;
    text_safe(from_input ? "stdin" : path, shown, sizeof shown);
    *told = false;
    bool had_commands = session->stdin_is_commands;
    int rc = 0;
    if (from_input && session->front != NULL)
        rc = error_set(e, ERR_USAGE, "standard input holds the keys of this console, not commands");
    else if (from_input)
        script.fd = STDIN_FILENO; /* lines as they come */
    else
        rc = file_read(full, SCRIPT_SIZE_MAX, &script.text, e);
    session->stdin_is_commands = had_commands || from_input;
    if (rc == 0 && !from_input) {
        script.path = realpath(full, real) ? mem_string(real) : path_join("/", full);
        script.folder = mem_printf("%.*s", (int)(strrchr(script.path, '/') - script.path), script.path);
        rc = check_nesting(session, script.path, shown, e);
    }
    if (rc == 0) {
        rc = options ? play_in_scope(session, &script, options, e) : play_inside(session, &script, e);
        *told = rc < 0;
    }
    session->stdin_is_commands = had_commands;
    buf_free(&script.text);
    free(script.path);
    free(script.folder);
    free(full);
    return rc;
}

int script_run_lines(struct session *session, const char *const *lines, size_t count, struct error *e)
{
    struct script script = {.name = "-e", .fd = -1};
    for (size_t i = 0; i < count; i++)
        buf_printf(&script.text, "%s\n", lines[i]);
    return play_inside(session, &script, e);
}

int script_run_stdin(struct session *session, struct error *e)
{
    struct script script = {.name = "stdin", .fd = STDIN_FILENO};
    session->stdin_is_commands = true;
    return play_inside(session, &script, e);
}
