/* Lexer: see lexer.h. */
#include "shell/lexer.h"
#include "base/buf.h"
#include "base/secret.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void add_masked(struct words *words, char *text, char *mask)
{
    words->text = mem_grow(words->text, (words->count + 1) * sizeof *words->text);
    words->mask = mem_grow(words->mask, (words->count + 1) * sizeof *words->mask);
    words->text[words->count] = text;
    words->mask[words->count++] = mask;
}

void words_add(struct words *words, const char *text)
{
    add_masked(words, mem_string(text), mem_string(""));
}

static void wipe_string(char *s)
{
    if (s != NULL)
        secret_wipe(s, strlen(s));
    free(s);
}

void words_free(struct words *words)
{
    for (size_t i = 0; i < words->count; i++) {
        wipe_string(words->text[i]);
        free(words->mask[i]);
    }
    free(words->text);
    free(words->mask);
    *words = WORDS_INIT;
}

void lexer_start(struct lexer *lexer, const char *text, size_t len, bool final)
{
    *lexer = (struct lexer){.text = text, .len = len, .line = 1, .final = final};
}

/* Where the scan of one command is. */
struct scan {
    const struct lexer *lexer;
    size_t pos, line;
    char quote;          /* open quote, or 0 */
    size_t quote_at;     /* its place */
    bool in_word;        /* a word was begun, perhaps an empty one: '' */
    struct buf text;     /* the word so far */
    struct buf mask;     /* '$' or ' ' for each byte of it */
    struct words *words; /* words already complete */
};

static void put(struct scan *s, char c, bool expands)
{
    s->in_word = true;
    buf_add_byte(&s->text, (uint8_t)c);
    buf_add_byte(&s->mask, expands && c == '$' ? '$' : ' ');
}

static void end_word(struct scan *s)
{
    if (s->in_word) {
        add_masked(s->words, mem_string(buf_text(&s->text)), mem_string(buf_text(&s->mask)));
        buf_clear(&s->text);
        buf_clear(&s->mask);
    }
    s->in_word = false;
}

/* Characters from the start of the line that holds `at` to `at`, counted from 1. */
static size_t column(const struct lexer *lexer, size_t at)
{
    size_t count = 1;
    for (size_t i = at; i > 0 && lexer->text[i - 1] != '\n'; i--)
        if (((unsigned char)lexer->text[i - 1] & 0xC0) != 0x80)
            count++;
    return count;
}

/* A backslash at s->pos with a character behind it. */
static void take_escape(struct scan *s)
{
    char c = s->lexer->text[s->pos + 1];
    s->pos += 2;
    if (c == '\n')
        s->line++;
    else if (c == '\r' && s->pos < s->lexer->len && s->lexer->text[s->pos] == '\n')
        s->pos++, s->line++;
    else if (s->quote == '"' && strchr("\"\\$", c) == NULL)
        put(s, '\\', false), put(s, c, false);
    else
        put(s, c, false);
}

static void take_quoted(struct scan *s, char c)
{
    s->pos++;
    if (c == s->quote)
        s->quote = 0;
    else
        put(s, c, s->quote == '"');
    if (c == '\n')
        s->line++;
}

static void skip_comment(struct scan *s)
{
    while (s->pos < s->lexer->len && s->lexer->text[s->pos] != '\n')
        s->pos++;
}

/* Takes one character or escape. Returns true when it ended the command. */
static bool take(struct scan *s)
{
    char c = s->lexer->text[s->pos];
    if (c == '\\' && s->quote != '\'' && s->pos + 1 < s->lexer->len) {
        take_escape(s);
    } else if (s->quote) {
        take_quoted(s, c);
    } else if (c == '\n') {
        s->pos++, s->line++;
        end_word(s);
        return s->words->count > 0;
    } else if (isspace((unsigned char)c)) {
        s->pos++;
        end_word(s);
    } else if (c == '#' && !s->in_word) {
        skip_comment(s);
    } else if (c == '\'' || c == '"') {
        s->quote = c;
        s->quote_at = s->pos++;
        s->in_word = true;
    } else {
        s->pos++;
        if (c != '\\' || s->pos < s->lexer->len) /* a backslash that ends the text joins nothing */
            put(s, c, true);
    }
    return false;
}

/* What the end of the text means for the command under way. */
static int at_end(struct scan *s, struct error *e)
{
    if (!s->lexer->final && (s->in_word || s->words->count > 0 || s->pos > s->lexer->pos))
        return LEXER_MORE;
    if (s->quote) {
        error_set(e, ERR_USAGE, "the quote %c opened in column %zu is not closed", s->quote,
                  column(s->lexer, s->quote_at));
        return error_next(e, "Close the quote, or put a backslash before it if it is meant as a character.");
    }
    end_word(s);
    return s->words->count > 0 ? LEXER_LINE : LEXER_END;
}

/* The line on which the command's first word starts: blank lines and comments before it are passed. */
static void skip_blank(struct lexer *lexer)
{
    while (lexer->pos < lexer->len) {
        char c = lexer->text[lexer->pos];
        size_t end = lexer->pos;
        if (c == '#')
            while (end < lexer->len && lexer->text[end] != '\n')
                end++;
        else if (isspace((unsigned char)c))
            end++;
        if (end == lexer->pos || (c == '#' && end == lexer->len && !lexer->final))
            return;
        lexer->pos = end;
        if (c == '\n')
            lexer->line++;
    }
}

int lexer_next(struct lexer *lexer, struct words *to, size_t *line, struct error *e)
{
    *to = WORDS_INIT;
    skip_blank(lexer);
    struct scan s = {.lexer = lexer, .pos = lexer->pos, .line = lexer->line, .words = to};
    s.text.secret = true;
    *line = lexer->line;
    int rc = -1;
    while (rc < 0 && s.pos < lexer->len) {
        if (lexer->text[s.pos] == '\0') {
            rc = error_set(e, ERR_USAGE, "column %zu holds a zero byte, which no command can",
                           column(lexer, s.pos));
            s.pos = lexer->len;
            break;
        }
        if (take(&s))
            rc = LEXER_LINE;
    }
    if (rc == -1)
        rc = at_end(&s, e);
    buf_free(&s.text);
    buf_free(&s.mask);
    if (rc != LEXER_LINE)
        words_free(to);
    if (rc != LEXER_MORE) {
        lexer->pos = s.pos;
        lexer->line = s.line;
    }
    return rc;
}

int lexer_line(const char *text, struct words *to, struct error *e)
{
    struct lexer lexer;
    size_t line;
    lexer_start(&lexer, text, strlen(text), true);
    int rc = lexer_next(&lexer, to, &line, e);
    return rc < 0 ? rc : 0;
}

static bool is_name_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-';
}

/* Expands one word; its text is replaced. */
static int expand_word(struct words *words, size_t i, const char *(*lookup)(void *ctx, const char *name),
                       void *ctx, struct error *e)
{
    const char *text = words->text[i], *mask = words->mask[i];
    struct buf out = {.secret = true};
    int rc = 0;
    for (size_t k = 0; text[k] != '\0' && rc == 0;) {
        if (mask[k] != '$' || text[k + 1] != '{') {
            buf_add_byte(&out, (uint8_t)text[k++]);
            continue;
        }
        size_t n = 0;
        while (is_name_char(text[k + 2 + n]))
            n++;
        char name[64];
        if (text[k + 2 + n] != '}' || n == 0 || n >= sizeof name) {
            rc = error_set(e, ERR_USAGE, "\"${\" is not followed by a variable's name and \"}\"");
            error_next(e, "Write ${NAME}, or '${' in single quotes if these characters are meant.");
            break;
        }
        memcpy(name, text + k + 2, n);
        name[n] = '\0';
        const char *value = lookup(ctx, name);
        if (value == NULL) {
            rc = error_set(e, ERR_USAGE, "the variable %s is not set", name);
            error_next(e, "Give it with --var %s=VALUE, or with: set %s VALUE", name, name);
            break;
        }
        buf_add_text(&out, value);
        k += n + 3;
    }
    if (rc == 0) {
        wipe_string(words->text[i]);
        words->text[i] = mem_string(buf_text(&out));
        free(words->mask[i]);
        words->mask[i] = mem_string("");
    }
    buf_free(&out);
    return rc;
}

int lexer_expand(struct words *words, const char *(*lookup)(void *ctx, const char *name), void *ctx,
                 struct error *e)
{
    for (size_t i = 0; i < words->count; i++) {
        if (strchr(words->mask[i], '$') == NULL)
            continue;
        int rc = expand_word(words, i, lookup, ctx, e);
        if (rc < 0)
            return rc;
    }
    return 0;
}

bool lexer_is_continued(const char *line)
{
    struct lexer lexer;
    struct words words;
    size_t at, n = strlen(line);
    if (n == 0 || line[n - 1] != '\\')
        return false;
    /* With a line's end behind it the backslash joins: then the command is still open. */
    char *ended = mem_printf("%s\n", line);
    lexer_start(&lexer, ended, n + 1, false);
    int rc = lexer_next(&lexer, &words, &at, NULL);
    words_free(&words);
    free(ended);
    return rc == LEXER_MORE;
}

#define SAFE "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%^"

void lexer_quote(const char *word, bool expand, struct buf *to)
{
    bool variable = expand && strstr(word, "${") != NULL;
    if (*word != '\0' && word[strspn(word, variable ? SAFE "${}" : SAFE)] == '\0') {
        buf_add_text(to, word);
        return;
    }
    if (strchr(word, '\'') == NULL && !variable) {
        buf_printf(to, "'%s'", word);
        return;
    }
    buf_add_byte(to, '"');
    for (const char *p = word; *p != '\0'; p++) {
        if (*p == '"' || *p == '\\' || (*p == '$' && !variable))
            buf_add_byte(to, '\\');
        buf_add_byte(to, (uint8_t)*p);
    }
    buf_add_byte(to, '"');
}
