/* Options of a virtual device: see practice_options.h. */
#include "device/practice_options.h"
#include "base/buf.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *option;
    bool value;
} known[] = {
    {"chip",     "--chip",     true },
    {"platform", "--platform", true },
    {"fault",    "--fault",    true },
    {"pace",     "--pace",     false},
};

static void add(struct practice_args *args, const char *word, size_t len)
{
    args->argv[args->argc++] = mem_printf("%.*s", (int)len, word);
}

static int refuse(const char *word, size_t len, const char *what, struct error *e)
{
    char text[256], safe[128];
    snprintf(text, sizeof text, "%.*s", (int)len, word);
    error_set(e, ERR_USAGE, "the virtual device's option \"%s\" %s", text_safe(text, safe, sizeof safe),
              what);
    error_next(e, "write sim:DIR?chip=atecc608a&platform=esp8266; known are chip, platform, fault and pace.");
    return ERR_USAGE;
}

/* One "name=value" or "name". */
static int add_option(struct practice_args *args, const char *word, size_t len, struct error *e)
{
    const char *equals = memchr(word, '=', len);
    size_t name = equals ? (size_t)(equals - word) : len;
    size_t value = equals ? len - name - 1 : 0;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strlen(known[i].name) != name || memcmp(known[i].name, word, name) != 0)
            continue;
        if (known[i].value != (value > 0))
            return refuse(word, len, known[i].value ? "wants a value" : "takes no value", e);
        if (args->argc + 2 > PRACTICE_ARGS_MAX)
            return refuse(word, len, "is one too many", e);
        add(args, known[i].option, strlen(known[i].option));
        if (value > 0)
            add(args, equals + 1, value);
        return 0;
    }
    return refuse(word, len, "is not known", e);
}

int practice_args_make(const char *program, const char *folder, const char *query, struct practice_args *args,
                       struct error *e)
{
    const char *const first[] = {program, "--state", folder};
    *args = (struct practice_args){0};
    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++)
        add(args, first[i], strlen(first[i]));
    int code = 0;
    while (code == 0 && *query != '\0') {
        size_t len = strcspn(query, "&");
        if (len > 0)
            code = add_option(args, query, len, e);
        query += len + (query[len] == '&');
    }
    return code;
}

void practice_args_free(struct practice_args *args)
{
    for (int i = 0; i < args->argc; i++)
        free(args->argv[i]);
    *args = (struct practice_args){0};
}
