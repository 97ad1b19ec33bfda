/* expect, expect-error, expect-json: what the command before must have said. */
#include "base/text.h"
#include "shell/call.h"
#include "shell/core.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "/…/" is an extended regular expression, anything else a piece of text. 1 found, 0 not, <0 error. */
static int find(const char *pattern, const char *text, struct error *e)
{
    size_t n = strlen(pattern);
    if (n < 2 || pattern[0] != '/' || pattern[n - 1] != '/')
        return strstr(text, pattern) != NULL;
    char *inner = mem_printf("%.*s", (int)(n - 2), pattern + 1);
    regex_t regex;
    int rc = regcomp(&regex, inner, REG_EXTENDED | REG_NEWLINE | REG_NOSUB);
    free(inner);
    if (rc != 0) {
        char why[128], safe[128];
        regerror(rc, NULL, why, sizeof why);
        return error_set(e, ERR_USAGE, "%s is not a regular expression (%s)",
                         text_safe(pattern, safe, sizeof safe), why);
    }
    bool found = regexec(&regex, text, 0, NULL, 0) == 0;
    regfree(&regex);
    return found;
}

static int need_last(const struct session_last *last, struct error *e)
{
    if (last->any)
        return 0;
    error_set(e, ERR_USAGE, "no command was run before");
    return error_next(e, "Put this line behind the command whose answer it is about.");
}

/* Fails with what was said instead. */
static int not_found(const struct session_last *last, const char *what, const char *pattern, const char *said,
                     struct error *e)
{
    char shown[160];
    error_set(e, ERR_EXPECT, "%s of %s does not contain %s", what, last->command,
              text_safe(pattern, shown, sizeof shown));
    struct buf text = BUF_INIT;
    size_t n = strlen(said);
    while (n > 0 && said[n - 1] == '\n')
        n--;
    text_printable(said, n, true, 200, &text);
    for (size_t i = 0; i < text.len; i++)
        text.data[i] = text.data[i] == '\n' ? '|' : text.data[i];
    if (n > 0)
        error_next(e, "It said: %s", buf_text(&text));
    else
        error_next(e, "It said nothing.");
    buf_free(&text);
    return ERR_EXPECT;
}

static int run_expect(struct op_call *call, size_t step, struct error *e)
{
    (void)step;
    const struct session_last *last = &call->session->last;
    const char *pattern = op_arg_value(call, "TEXT");
    if (need_last(last, e) < 0)
        return ERR_USAGE;
    if (last->error.code != 0) {
        error_set(e, ERR_EXPECT, "%s did not succeed: %s", last->command, last->error.message);
        return error_next(e, "Use expect-error for a failure that is meant.");
    }
    int found = find(pattern, buf_text(&last->text), e);
    return found < 0 ? found : found ? 0 : not_found(last, "the answer", pattern, buf_text(&last->text), e);
}

static int run_expect_error(struct op_call *call, size_t step, struct error *e)
{
    (void)step;
    const struct session_last *last = &call->session->last;
    const char *pattern = op_arg_value(call, "TEXT");
    if (need_last(last, e) < 0)
        return ERR_USAGE;
    if (last->error.code == 0)
        return error_set(e, ERR_EXPECT, "%s succeeded and was expected to fail", last->command);
    char *said = mem_printf("%s\n%s", last->error.message, last->error.next);
    int found = find(pattern, said, e);
    int rc = found < 0 ? found : found ? 0 : not_found(last, "the error", pattern, said, e);
    free(said);
    return rc;
}

/* "a.b[0].c" or "a.b.0.c"; "." is the whole. */
static const cJSON *walk(const cJSON *at, const char *path)
{
    while (at != NULL && *path != '\0') {
        size_t skip = strspn(path, ".[]"), n = strcspn(path + skip, ".[]");
        path += skip;
        if (n == 0)
            continue;
        char *key = mem_printf("%.*s", (int)n, path);
        uint64_t index;
        if (!cJSON_IsArray(at))
            at = cJSON_GetObjectItemCaseSensitive(at, key);
        else
            at = text_number(key, INT32_MAX, &index) == 0 ? cJSON_GetArrayItem(at, (int)index) : NULL;
        free(key);
        path += n;
    }
    return at;
}

static bool equals(const cJSON *actual, const char *wanted)
{
    cJSON *value = cJSON_ParseWithOpts(wanted, NULL, true);
    bool equal = (value != NULL && cJSON_Compare(actual, value, true)) ||
                 (cJSON_IsString(actual) && strcmp(actual->valuestring, wanted) == 0);
    cJSON_Delete(value);
    return equal;
}

static int run_expect_json(struct op_call *call, size_t step, struct error *e)
{
    (void)step;
    const struct session_last *last = &call->session->last;
    const char *path = op_arg_value(call, "PATH"), *wanted = op_arg_value(call, "VALUE");
    char safe_path[128], safe[160];
    if (need_last(last, e) < 0)
        return ERR_USAGE;
    if (last->error.code != 0)
        return error_set(e, ERR_EXPECT, "%s did not succeed: %s", last->command, last->error.message);
    text_safe(path, safe_path, sizeof safe_path);
    const cJSON *actual = last->result ? walk(last->result, path) : NULL;
    if (actual == NULL) {
        error_set(e, ERR_EXPECT, "the result of %s has no %s", last->command, safe_path);
        return error_next(e, "lockstep --json %s shows the result.", last->command);
    }
    if (equals(actual, wanted))
        return 0;
    char *text = cJSON_PrintUnformatted(actual);
    error_set(e, ERR_EXPECT, "%s in the result of %s is %s", safe_path, last->command,
              text_safe(text ? text : "?", safe, sizeof safe));
    cJSON_free(text);
    return error_next(e, "Expected: %s", text_safe(wanted, safe, sizeof safe));
}

static const struct op_arg text_args[] = {
    {"TEXT", TYPE_TEXT, 0, "text to find, or /REGEX/ (POSIX extended)", NULL, 0, NULL},
    {0    },
};
static const struct op_arg json_args[] = {
    {"PATH", TYPE_WORD, 0, "place in the result: a.b[0].c, or . for all of it", NULL, 0, NULL},
    {"VALUE",     TYPE_TEXT, 0, "JSON value, or the text of a string", NULL, 0, NULL},
    {0 },
};

const struct op core_expect = {
    .name = "expect",
    .summary = "check that the command before said a text",
    .help = "Fails with exit status 6 when the answer of the command before does not contain the text. What "
            "is seen is "
            "what the command wrote for people, on standard output and in notes, a plan included.",
    .example = "expect 'SetKey successful.'\nexpect /config is (un)?locked/",
    .args = text_args,
    .needs = SHELL_KEEPS_LAST,
    .run = run_expect,
};
const struct op core_expect_error = {
    .name = "expect-error",
    .summary = "check that the command before failed with a text",
    .help = "Fails with exit status 6 when the command before succeeded, or failed with other words. A "
            "command file does "
            "not stop at a failure that is followed by expect-error.",
    .example = "expect-error 'slots 0 to 15'",
    .args = text_args,
    .needs = SHELL_KEEPS_LAST,
    .run = run_expect_error,
};
const struct op core_expect_json = {
    .name = "expect-json",
    .summary = "check a value in the result of the command before",
    .help = "Compares one value of what --json gives as \"result\". Fails with exit status 6 when it is "
            "missing or "
            "different.",
    .example = "expect-json rpc.enable true\nexpect-json steps[0].title 'lock the configuration zone'",
    .args = json_args,
    .needs = SHELL_KEEPS_LAST,
    .run = run_expect_json,
};
