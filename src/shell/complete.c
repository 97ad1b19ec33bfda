/* Completion: see complete.h. A table says which source answers for which type of argument. */
#include "shell/complete.h"
#include "base/text.h"
#include "shell/lexer.h"
#include "shell/parser.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct request {
    struct session *session;
    const struct op_arg *arg;
    const char *prefix; /* what is typed of the value */
    const char *before; /* stands in front of every candidate: "--format=" */
    struct complete_list *to;
};

static void offer(struct request *r, const char *text, const char *note)
{
    struct complete_list *list = r->to;
    if (!text_starts(text, r->prefix))
        return;
    for (const char *p = text; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7F)
            return; /* a device's name that would write on the terminal */
    list->text = mem_grow(list->text, (list->count + 1) * sizeof *list->text);
    list->note = mem_grow(list->note, (list->count + 1) * sizeof *list->note);
    list->text[list->count] = mem_printf("%s%s", r->before, text);
    list->note[list->count++] = note && *note ? mem_string(note) : NULL;
}

static void offer_choices(struct request *r)
{
    for (const char *p = r->arg->choices; *p != '\0';) {
        size_t n = strcspn(p, "|");
        char *word = mem_printf("%.*s", (int)n, p);
        offer(r, word, NULL);
        free(word);
        p += n + (p[n] == '|');
    }
}

static void offer_booleans(struct request *r)
{
    offer(r, "true", NULL);
    offer(r, "false", NULL);
}

/* What a slot holds, in words, when the chip's configuration is known already. */
static void offer_slots(struct request *r)
{
    struct atecc_config config;
    bool known = r->session->device != NULL && device_chip_known(r->session->device, &config);
    for (unsigned i = 0; i < ATECC_SLOTS; i++) {
        char number[4], note[80] = "";
        snprintf(number, sizeof number, "%u", i);
        if (known)
            snprintf(note, sizeof note, "%s%s%s",
                     config.slot[i].is_private                  ? "ECC private key"
                     : config.slot[i].key_type == ATECC_KEY_ECC ? "ECC public key"
                     : config.slot[i].is_secret                 ? "secret"
                                                                : "data",
                     config.slot[i].locked ? ", locked" : "",
                     config.slot[i].lockable ? "" : ", not lockable");
        offer(r, number, note);
    }
}

static void offer_commands(struct request *r)
{
    const struct registry *registry = &r->session->registry;
    for (size_t i = 0; i < registry->count; i++)
        offer(r, registry->op[i]->name, registry->op[i]->summary);
}

static void offer_strings(struct request *r, const cJSON *array)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, array) if (cJSON_IsString(item)) offer(r, item->valuestring, NULL);
}

static void offer_methods(struct request *r)
{
    const cJSON *methods;
    if (r->session->device != NULL && device_methods(r->session->device, &methods, NULL) == 0)
        offer_strings(r, methods);
}

static void offer_device_files(struct request *r)
{
    cJSON *files = NULL;
    if (r->session->device != NULL &&
        rpc_call(device_rpc(r->session->device), "FS.List", NULL, COMPLETE_WAIT_MS, &files, NULL) == 0)
        offer_strings(r, files);
    cJSON_Delete(files);
}

/* Keys of the device's configuration, a level at a time: "http", "http.", then "http.enable". */
static void offer_keys(struct request *r, const cJSON *tree)
{
    const char *dot = strrchr(r->prefix, '.');
    size_t path = dot ? (size_t)(dot - r->prefix) : 0;
    for (const char *p = r->prefix; p < r->prefix + path && tree != NULL;) {
        size_t n = strcspn(p, ".");
        char *name = mem_printf("%.*s", (int)n, p);
        tree = cJSON_GetObjectItemCaseSensitive(tree, name);
        free(name);
        p += n + 1;
    }
    bool assigns = r->arg->type == TYPE_ASSIGNMENT;
    const cJSON *item;
    cJSON_ArrayForEach(item, tree)
    {
        const char *name = item->string ? item->string : "";
        bool branch = cJSON_IsObject(item);
        char *key = mem_printf("%.*s%s%s", (int)path, r->prefix, dot ? "." : "", name);
        char *more = mem_printf("%s%s", key, branch ? "." : assigns ? "=" : "");
        if (branch && !assigns)
            offer(r, key, NULL);
        offer(r, more, NULL);
        free(more);
        free(key);
    }
}

static void offer_config(struct request *r)
{
    const cJSON *config;
    if (r->session->device != NULL && device_config(r->session->device, &config, NULL) == 0)
        offer_keys(r, config);
}

static void offer_files(struct request *r)
{
    r->to->files = true;
    r->to->files_from = strlen(r->before);
}

static void (*const sources[])(struct request *r) = {
    [TYPE_CHOICE] = offer_choices,
    [TYPE_SLOT] = offer_slots,
    [TYPE_FILE] = offer_files,
    [TYPE_NEW_FILE] = offer_files,
    [TYPE_DEVICE_FILE] = offer_device_files,
    [TYPE_CONFIG_KEY] = offer_config,
    [TYPE_ASSIGNMENT] = offer_config,
    [TYPE_METHOD] = offer_methods,
    [TYPE_COMMAND] = offer_commands,
    [TYPE_FLAG] = offer_booleans,
};

static void offer_value(struct request *r)
{
    size_t type = (size_t)r->arg->type;
    if (type < sizeof sources / sizeof sources[0] && sources[type] != NULL)
        sources[type](r);
}

static void offer_option_names(struct request *r, const struct op_arg *list)
{
    for (const struct op_arg *a = list; a != NULL && a->name != NULL; a++) {
        char *word = mem_printf("%s%s%s", a->name[1] ? "--" : "-", a->name,
                                a->type == TYPE_FLAG || a->name[1] == '\0' ? "" : "=");
        offer(r, word, a->help);
        free(word);
    }
}

static void offer_options(struct request *r, const struct op *op)
{
    offer_option_names(r, op ? op->options : NULL);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option_def *def = &option_table()[i];
        struct op_arg one[2] = {def->arg, {0}};
        if (!(def->flags & OPTION_START) && i != OPTION_X)
            offer_option_names(r, one);
    }
}

static const struct op_arg *find_option_arg(const struct op *op, const char *name)
{
    const struct op_arg *arg = op ? op_find_arg(op->options, name) : NULL;
    enum option_id id = arg ? OPTION_NONE : option_find(name);
    return id == OPTION_NONE ? arg : &option_table()[id].arg;
}

/* The argument that the next positional word fills. */
static const struct op_arg *next_argument(const struct parse *parse)
{
    const struct op_arg *next = parse->op ? parse->op->args : NULL;
    for (size_t i = 0; i < parse->count && next != NULL && next->name != NULL; i++)
        if (!parse->item[i].is_option && parse->item[i].arg == next && !(next->flags & ARG_REPEAT))
            next++;
    return next != NULL && next->name != NULL ? next : NULL;
}

/* The option whose value the next word is: "--format" without "=" just before. */
static const struct op_arg *open_option(const struct words *words, const struct op *op)
{
    const char *last = words->count ? words->text[words->count - 1] : "";
    if (last[0] != '-' || strchr(last, '=') != NULL)
        return NULL;
    const struct op_arg *arg = find_option_arg(op, last + strspn(last, "-"));
    return arg != NULL && arg->type != TYPE_FLAG ? arg : NULL;
}

static void complete_word(struct request *r, const struct parse *parse, const struct words *words, char *word)
{
    const struct op_arg *open = open_option(words, parse->op);
    char *equals = strchr(word, '=');
    if (open != NULL) {
        r->arg = open;
        offer_value(r);
    } else if (word[0] == '-' && equals != NULL) {
        char *name = mem_printf("%.*s", (int)(equals - word), word);
        r->arg = find_option_arg(parse->op, name + strspn(name, "-"));
        r->prefix = equals + 1;
        char *before = mem_printf("%s=", name);
        r->before = before;
        if (r->arg != NULL)
            offer_value(r);
        free(before);
        free(name);
    } else if (word[0] == '-') {
        offer_options(r, parse->op);
    } else if (parse->command == NULL) {
        offer_commands(r);
    } else {
        r->arg = next_argument(parse);
        if (r->arg != NULL)
            offer_value(r);
    }
}

void complete_line(struct session *session, const char *line, size_t start, size_t point,
                   struct complete_list *to)
{
    *to = COMPLETE_INIT;
    struct words words = WORDS_INIT;
    struct parse parse = PARSE_INIT;
    size_t end = start; /* inside a quote readline's word begins behind it */
    while (end > 0 && strchr("\"'", line[end - 1]) != NULL)
        end--;
    char *before = mem_printf("%.*s", (int)end, line),
         *word = mem_printf("%.*s", (int)(point - start), line + start);
    struct request r = {.session = session, .prefix = word, .before = "", .to = to};
    if (lexer_line(before, &words, NULL) == 0) {
        parser_parse(&session->registry, &words, &parse, NULL);
        complete_word(&r, &parse, &words, word);
    }
    parse_free(&parse);
    words_free(&words);
    free(before);
    free(word);
}

void complete_free(struct complete_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->text[i]);
        free(list->note[i]);
    }
    free(list->text);
    free(list->note);
    *list = COMPLETE_INIT;
}
