/* A plan as text and as JSON: see plan.h. Neither ever holds the digits the gate asks for, nor a trap's
 * answer, as a value of their own. */
#include "base/text.h"
#include "gate/plan.h"

#include <stdlib.h>
#include <string.h>

/* Columns a text takes on a terminal; plans hold no double-width text, so one per character. */
static size_t columns(const char *s)
{
    size_t n = 0;
    for (; *s != '\0'; s++)
        n += ((unsigned char)*s & 0xC0) != 0x80;
    return n;
}

static void pad(struct buf *to, const char *s, size_t width)
{
    buf_add_text(to, s);
    for (size_t n = columns(s); n < width; n++)
        buf_add_byte(to, ' ');
}

static char *change_bits(const struct plan_change *c)
{
    if (*c->before == '\0' || *c->after == '\0')
        return mem_printf("%s%s", c->before, c->after);
    return mem_printf("%s → %s", c->before, c->after);
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* The changes as three columns: what, bits, note. */
static void show_changes(const struct plan_step *step, struct buf *to)
{
    size_t what = 0, bits = 0;
    char **middle = mem_alloc((step->change_count + 1) * sizeof *middle);
    for (size_t i = 0; i < step->change_count; i++) {
        middle[i] = change_bits(&step->changes[i]);
        what = larger(what, columns(step->changes[i].what));
        bits = larger(bits, columns(middle[i]));
    }
    for (size_t i = 0; i < step->change_count; i++) {
        const char *note = step->changes[i].note;
        buf_add_text(to, "  ");
        pad(to, step->changes[i].what, what + 3);
        pad(to, middle[i], *note ? bits + 6 : 0);
        buf_printf(to, "%s\n", note);
        free(middle[i]);
    }
    free(middle);
}

static void show_steps(const struct plan *plan, struct buf *to)
{
    for (size_t i = 0; i < plan->step_count; i++) {
        const struct plan_step *step = &plan->steps[i];
        if (plan->step_count > 1)
            buf_printf(to, "  step %zu of %zu: %s\n", i + 1, plan->step_count, step->title);
        show_changes(step, to);
    }
}

static void show_list(const char *head, const char *between, char *const *list, size_t count, struct buf *to)
{
    for (size_t i = 0; i < count; i++)
        buf_printf(to, "%s%s", i == 0 ? head : between, list[i]);
    if (count > 0)
        buf_add_byte(to, '\n');
}

void plan_text(const struct plan *plan, int nothing_sent, struct buf *to)
{
    buf_printf(to, "%s: %s\n", nothing_sent ? "plan (nothing sent)" : "about to do", plan->title);
    show_steps(plan, to);
    show_list("  What becomes permanent: ", "; ", plan->freezes, plan->freeze_count, to);
    for (size_t i = 0; i < plan->warning_count; i++)
        buf_printf(to, "  Warning: %s\n", plan->warnings[i]);
    for (size_t i = 0; i < plan->trap_count; i++)
        buf_printf(to, "  Trap %s: %s (wants a consent of its own: --accept %s)\n", plan->traps[i].name,
                   plan->traps[i].sentence, plan->traps[i].name);
    for (size_t i = 0; i < plan->file_count; i++)
        buf_printf(to, "  %s the file %s\n", plan->files[i].use, plan->files[i].path);
    show_list("  checked: ", " · ", plan->checks, plan->check_count, to);
}

static cJSON *strings_json(char *const *list, size_t count)
{
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; i < count; i++)
        cJSON_AddItemToArray(array, cJSON_CreateString(list[i]));
    return array;
}

static cJSON *step_json(const struct plan_step *step)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "title", step->title);
    cJSON *changes = cJSON_AddArrayToObject(object, "changes");
    for (size_t i = 0; i < step->change_count; i++) {
        cJSON *change = cJSON_CreateObject();
        cJSON_AddStringToObject(change, "what", step->changes[i].what);
        cJSON_AddStringToObject(change, "before", step->changes[i].before);
        cJSON_AddStringToObject(change, "after", step->changes[i].after);
        cJSON_AddStringToObject(change, "note", step->changes[i].note);
        cJSON_AddItemToArray(changes, change);
    }
    if (*step->was != '\0')
        cJSON_AddStringToObject(object, "was", step->was);
    if (*step->will != '\0')
        cJSON_AddStringToObject(object, "will", step->will);
    return object;
}

static cJSON *traps_json(const struct plan *plan)
{
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; i < plan->trap_count; i++) {
        cJSON *trap = cJSON_CreateObject();
        cJSON_AddStringToObject(trap, "name", plan->traps[i].name);
        cJSON_AddStringToObject(trap, "sentence", plan->traps[i].sentence);
        cJSON_AddItemToArray(array, trap);
    }
    return array;
}

static cJSON *files_json(const struct plan *plan)
{
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; i < plan->file_count; i++) {
        cJSON *file = cJSON_CreateObject();
        cJSON_AddStringToObject(file, "use", plan->files[i].use);
        cJSON_AddStringToObject(file, "path", plan->files[i].path);
        if (*plan->files[i].digest != '\0')
            cJSON_AddStringToObject(file, "sha256", plan->files[i].digest);
        cJSON_AddItemToArray(array, file);
    }
    return array;
}

cJSON *plan_json(const struct plan *plan)
{
    char state[2 * sizeof plan->state + 1];
    text_hex(plan->state, sizeof plan->state, state);
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "title", plan->title);
    cJSON_AddStringToObject(object, "operation", plan->operation);
    cJSON_AddStringToObject(object, "identity", plan->identity);
    cJSON_AddStringToObject(object, "state", state);
    if (*plan->observed != '\0')
        cJSON_AddStringToObject(object, "observed", plan->observed);
    if (*plan->expected != '\0')
        cJSON_AddStringToObject(object, "expected", plan->expected);
    cJSON_AddItemToObject(object, "words", strings_json(plan->words, plan->word_count));
    cJSON_AddItemToObject(object, "files", files_json(plan));
    cJSON *steps = cJSON_AddArrayToObject(object, "steps");
    for (size_t i = 0; i < plan->step_count; i++)
        cJSON_AddItemToArray(steps, step_json(&plan->steps[i]));
    cJSON_AddItemToObject(object, "freezes", strings_json(plan->freezes, plan->freeze_count));
    cJSON_AddItemToObject(object, "checks", strings_json(plan->checks, plan->check_count));
    cJSON_AddItemToObject(object, "warnings", strings_json(plan->warnings, plan->warning_count));
    cJSON_AddItemToObject(object, "traps", traps_json(plan));
    return object;
}
