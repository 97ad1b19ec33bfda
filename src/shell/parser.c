/* Parser: see parser.h. */
#include "shell/parser.h"
#include "base/buf.h"
#include "base/secret.h"
#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Words in front of a command that documents written for mos, and shells' prompts, have. */
static bool is_leading_word(const char *word)
{
    static const char *const words[] = {"mos", "lockstep", "$"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i], word) == 0)
            return true;
    return false;
}

/* An option's word: "--name", "--name=value" or "-n". What else begins with a dash is an argument: "-" and
 * "--" are files, "-secret" may be a password. */
static bool is_option_word(const char *word)
{
    return (word[0] == '-' && word[1] == '-' && word[2] != '\0') ||
           (word[0] == '-' && isalpha((unsigned char)word[1]) && word[2] == '\0');
}

struct option_word {
    char name[64];
    const char *value; /* behind the =, or NULL */
};

static struct option_word split_option(const char *word)
{
    struct option_word o = {.value = NULL};
    const char *name = word + (word[1] == '-' ? 2 : 1);
    size_t n = strcspn(name, "=");
    snprintf(o.name, sizeof o.name, "%.*s", (int)n, name);
    if (name[n] == '=')
        o.value = name + n + 1;
    return o;
}

/* Which option a word is, for this operation (or, while that is not known, for any). */
struct option_ref {
    const struct op_arg *arg; /* NULL: unknown */
    enum option_id global;
    bool foreign; /* some other operation's */
};

static struct option_ref find_option(const struct registry *registry, const struct op *op, const char *name)
{
    struct option_ref ref = {.arg = op ? op_find_arg(op->options, name) : NULL, .global = OPTION_NONE};
    if (ref.arg != NULL)
        return ref;
    ref.global = option_find(name);
    if (ref.global != OPTION_NONE) {
        ref.arg = &option_table()[ref.global].arg;
        return ref;
    }
    ref.arg = registry_find_option(registry, name);
    ref.foreign = ref.arg != NULL;
    return ref;
}

/* Index of the command's word, or words->count. */
static size_t find_command(const struct registry *registry, const struct words *words)
{
    for (size_t i = 0; i < words->count; i++) {
        const char *word = words->text[i];
        if (is_option_word(word)) {
            struct option_word o = split_option(word);
            struct option_ref ref = find_option(registry, NULL, o.name);
            if (ref.arg != NULL && ref.arg->type != TYPE_FLAG && o.value == NULL)
                i++;
        } else if (!is_leading_word(word)) {
            return i;
        }
    }
    return words->count;
}

struct parser {
    const struct registry *registry;
    const struct words *words;
    struct parse *parse;
    struct error *e;
    size_t at;                  /* next word */
    const struct op_arg *next;  /* next argument of the operation, or NULL */
    bool options_ended, failed; /* only the first error is kept */
};

static struct parse_item *add_item(struct parse *parse, const struct op_arg *arg, enum option_id global,
                                   bool is_option, const char *value)
{
    parse->item = mem_grow(parse->item, (parse->count + 1) * sizeof *parse->item);
    struct parse_item *item = &parse->item[parse->count++];
    *item = (struct parse_item){.arg = global == OPTION_NONE ? arg : NULL,
                                .global = global,
                                .is_option = is_option,
                                .value = mem_string(value)};
    return item;
}

static void fail(struct parser *p, const char *next, const char *format, const char *a, const char *b)
{
    if (p->failed)
        return;
    p->failed = true;
    char safe[96];
    error_set(p->e, ERR_USAGE, format, text_safe(a, safe, sizeof safe), b);
    if (next != NULL && *next != '\0')
        error_next(p->e, "%s", next);
}

static void fail_unknown_option(struct parser *p, const char *word, const char *name)
{
    const struct op *op = p->parse->op;
    struct nearest nearest = {.word = name};
    char near[NEAREST_WORDS_SIZE], next[NEAREST_WORDS_SIZE + 100];
    for (size_t i = 0; i < OPTION_COUNT; i++)
        nearest_offer(&nearest, option_table()[i].arg.name);
    for (const struct op_arg *a = op ? op->options : NULL; a != NULL && a->name != NULL; a++)
        nearest_offer(&nearest, a->name);
    nearest_words(&nearest, "--", near);
    snprintf(next, sizeof next, "%s%s%slockstep help%s%s lists the options.", *near ? "Near names: " : "",
             near, *near ? ". " : "", op ? " " : "", op ? op->name : "");
    char *shown =
        mem_printf("%.*s", (int)strcspn(word, "="), word); /* without its value: it may be a secret */
    fail(p, next, op ? "%s is not an option of %s" : "%s is not an option", shown, op ? op->name : "");
    free(shown);
}

static void take_option(struct parser *p, const char *word)
{
    struct option_word o = split_option(word);
    struct option_ref ref = find_option(p->registry, p->parse->op, o.name);
    const char *value = o.value;
    if (ref.arg != NULL && ref.arg->type != TYPE_FLAG && value == NULL) {
        if (p->at == p->words->count) {
            fail(p, ref.arg->help, "%s needs a value%s", word, "");
            return;
        }
        value = p->words->text[p->at++];
    }
    if (ref.arg == NULL || (ref.foreign && p->parse->op != NULL))
        fail_unknown_option(p, word, o.name);
    else if (!ref.foreign)
        add_item(p->parse, ref.arg, ref.global, true, value ? value : "true");
}

/* A command inside the command, as it is run and as it is shown: without its secrets. */
static void take_line(struct parser *p, const struct op_arg *arg)
{
    struct buf line = {.secret = true}, shown = BUF_INIT;
    struct words words = WORDS_INIT;
    struct parse inner;
    for (; p->at < p->words->count; p->at++) {
        if (line.len > 0)
            buf_add_byte(&line, ' ');
        lexer_quote(p->words->text[p->at], false, &line);
        words_add(&words, p->words->text[p->at]);
    }
    parser_parse(p->registry, &words, &inner, NULL);
    parse_line(&inner, 0, NULL, &shown);
    struct parse_item *item = add_item(p->parse, arg, OPTION_NONE, false, buf_text(&line));
    item->shown = buf_take(&shown);
    p->next = NULL;
    parse_free(&inner);
    words_free(&words);
    buf_free(&line);
}

/* All that is left of the line, words joined by one space. */
static void take_text(struct parser *p, const struct op_arg *arg)
{
    struct buf text = {.secret = true};
    for (; p->at < p->words->count; p->at++)
        buf_printf(&text, "%s%s", text.len ? " " : "", p->words->text[p->at]);
    add_item(p->parse, arg, OPTION_NONE, false, buf_text(&text));
    buf_free(&text);
    p->next = NULL;
}

static void take_argument(struct parser *p, const char *word)
{
    const struct op *op = p->parse->op;
    if (op == NULL)
        return; /* the unknown command is told already */
    if (p->next == NULL || p->next->name == NULL) {
        struct buf usage = BUF_INIT;
        parser_usage(op, &usage);
        fail(p, buf_text(&usage), "%s takes fewer arguments than it was given%s", op->name, "");
        buf_free(&usage);
        return;
    }
    add_item(p->parse, p->next, OPTION_NONE, false, word);
    if (!(p->next->flags & ARG_REPEAT))
        p->next++;
}

static void check_missing(struct parser *p)
{
    const struct op_arg *a = p->next;
    if (p->parse->op == NULL || a == NULL || a->name == NULL || a->flags & ARG_OPTIONAL)
        return;
    for (size_t i = 0; i < p->parse->count; i++)
        if (p->parse->item[i].arg == a || p->parse->item[i].global == OPTION_HELP)
            return;
    struct buf usage = BUF_INIT;
    parser_usage(p->parse->op, &usage);
    fail(p, buf_text(&usage), "%s is missing: %s", a->name, a->help ? a->help : "see its usage");
    buf_free(&usage);
}

static void fail_unknown_command(struct parser *p)
{
    char near[NEAREST_WORDS_SIZE], next[NEAREST_WORDS_SIZE + 100];
    registry_near_names(p->registry, p->parse->command, near);
    snprintf(next, sizeof next, "%s%s%slockstep help lists the commands.", *near ? "Near names: " : "", near,
             *near ? ". " : "");
    fail(p, next, "\"%s\" is not a command%s", p->parse->command, "");
}

static void take_word(struct parser *p, size_t command)
{
    size_t here = p->at;
    const char *word = p->words->text[here];
    if (here > command && p->next != NULL && p->next->name != NULL && p->next->type == TYPE_TEXT) {
        if (p->parse->op->needs & SHELL_TAKES_LINE)
            take_line(p, p->next);
        else
            take_text(p, p->next);
        return;
    }
    p->at++;
    bool last = p->at == p->words->count;
    if (here == command && p->parse->op == NULL)
        fail_unknown_command(p);
    if (here == command || (here < command && is_leading_word(word)))
        return;
    if (!p->options_ended && strcmp(word, "--") == 0 && !last)
        p->options_ended = true;
    else if (!p->options_ended && is_option_word(word))
        take_option(p, word);
    else
        take_argument(p, word);
}

int parser_parse(const struct registry *registry, const struct words *words, struct parse *parse,
                 struct error *e)
{
    *parse = PARSE_INIT;
    struct parser p = {.registry = registry, .words = words, .parse = parse, .e = e};
    size_t command = find_command(registry, words);
    if (command < words->count) {
        parse->command = mem_string(words->text[command]);
        parse->op = registry_find(registry, parse->command);
        p.next = parse->op ? parse->op->args : NULL;
    }

    while (p.at < words->count)
        take_word(&p, command);
    check_missing(&p);
    return p.failed ? ERR_USAGE : 0;
}

static bool is_given(const struct parse *parse, const struct op_arg *arg)
{
    for (size_t i = 0; i < parse->count; i++)
        if (parse->item[i].arg == arg)
            return true;
    return false;
}

int parser_check(struct parse *parse, struct error *e)
{
    char variable[64];
    for (const struct op_arg *a = parse->op->options; a != NULL && a->name != NULL; a++) {
        const char *value = is_given(parse, a) ? NULL : option_environment(a->name, variable);
        if (value != NULL)
            add_item(parse, a, OPTION_NONE, true, value);
    }
    for (size_t i = 0; i < parse->count; i++) {
        struct parse_item *item = &parse->item[i];
        if (item->arg == NULL || option_check_value(item->arg, item->value, &item->number, e) == 0)
            continue;
        if (item->is_option)
            return error_prefix(e, "%s%s", item->arg->name[1] ? "--" : "-", item->arg->name);
        return item->arg->type == TYPE_SLOT ? ERR_USAGE : error_prefix(e, "%s", item->arg->name);
    }
    return 0;
}

int parser_apply_options(const struct parse *parse, bool start, struct options *options, struct error *e)
{
    for (size_t i = 0; i < parse->count; i++) {
        const struct parse_item *item = &parse->item[i];
        if (item->global == OPTION_NONE)
            continue;
        const struct option_def *def = &option_table()[item->global];
        if (!start && def->flags & OPTION_START) {
            error_set(e, ERR_USAGE, "%s%s belongs to the start of the program, not to a line",
                      def->arg.name[1] ? "--" : "-", def->arg.name);
            return error_next(e, "lockstep help lists the options.");
        }
        if (options_set(options, item->global, item->value, e) < 0)
            return ERR_USAGE;
    }
    return 0;
}

void parse_free(struct parse *parse)
{
    for (size_t i = 0; i < parse->count; i++) {
        secret_wipe(parse->item[i].value, strlen(parse->item[i].value));
        free(parse->item[i].value);
        free(parse->item[i].shown);
    }
    free(parse->item);
    free(parse->command);
    *parse = PARSE_INIT;
}
