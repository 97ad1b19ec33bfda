/* Building a plan: see plan.h. Every string is made printable on its way in, so that nothing a device said
 * can reach a terminal raw through a plan. */
#include "gate/plan.h"
#include "base/text.h"
#include "pki/key.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { SERIAL_DIGITS = 18, MAC_DIGITS = 12, ASKED_DIGITS = 4 };

static char *printable(const char *s)
{
    struct buf b = BUF_INIT;
    if (s != NULL)
        text_printable(s, strlen(s), false, 0, &b);
    return buf_take(&b);
}

static char *printable_format(const char *format, va_list ap)
{
    struct buf b = BUF_INIT;
    buf_vprintf(&b, format, ap);
    char *clean = printable(buf_text(&b));
    buf_free(&b);
    return clean;
}

static void set_string(char **field, char *owned)
{
    free(*field);
    *field = owned;
}

static void add_string(char ***list, size_t *count, char *owned)
{
    *list = mem_grow(*list, (*count + 1) * sizeof **list);
    (*list)[(*count)++] = owned;
}

static void free_strings(char **list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(list[i]);
    free(list);
}

void plan_init(struct plan *plan, const char *operation)
{
    *plan = (struct plan){
        .title = mem_string(""),
        .operation = printable(operation),
        .identity = mem_string(""),
        .digits = mem_string(""),
        .where = mem_string(""),
        .observed = mem_string(""),
        .expected = mem_string(""),
    };
}

static void free_step(struct plan_step *step)
{
    for (size_t i = 0; i < step->change_count; i++) {
        struct plan_change *c = &step->changes[i];
        free(c->what);
        free(c->before);
        free(c->after);
        free(c->note);
    }
    free(step->changes);
    free(step->title);
    free(step->was);
    free(step->will);
}

void plan_free(struct plan *plan)
{
    for (size_t i = 0; i < plan->step_count; i++)
        free_step(&plan->steps[i]);
    free(plan->steps);
    for (size_t i = 0; i < plan->trap_count; i++) {
        struct plan_trap *t = &plan->traps[i];
        free(t->name);
        free(t->sentence);
        free(t->question);
        free(t->answer);
    }
    free(plan->traps);
    for (size_t i = 0; i < plan->file_count; i++) {
        free(plan->files[i].use);
        free(plan->files[i].path);
        free(plan->files[i].digest);
    }
    free(plan->files);
    free(plan->observed);
    free(plan->expected);
    free_strings(plan->words, plan->word_count);
    free_strings(plan->freezes, plan->freeze_count);
    free_strings(plan->checks, plan->check_count);
    free_strings(plan->warnings, plan->warning_count);
    free(plan->title);
    free(plan->operation);
    free(plan->identity);
    free(plan->digits);
    free(plan->where);
    *plan = (struct plan){0};
}

void plan_title(struct plan *plan, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    set_string(&plan->title, printable_format(format, ap));
    va_end(ap);
}

/* The identity in lower case without 0x, colons, dashes and spaces; NULL unless exactly `digits` hex digits
 * are left. */
static char *identity_of(const char *text, size_t digits)
{
    struct buf b = BUF_INIT;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
        text += 2;
    for (; *text != '\0'; text++) {
        if (isxdigit((unsigned char)*text))
            buf_add_byte(&b, (uint8_t)tolower((unsigned char)*text));
        else if (strchr(":- ", *text) == NULL)
            break;
    }
    if (*text == '\0' && b.len == digits)
        return buf_take(&b);
    buf_free(&b);
    return NULL;
}

/* A text that is no identity leaves the plan without one: the gate refuses such a plan. */
static void set_identity(struct plan *plan, char *identity, size_t digits_at)
{
    if (identity == NULL) {
        set_string(&plan->identity, mem_string(""));
        set_string(&plan->digits, mem_string(""));
        return;
    }
    set_string(&plan->digits, mem_printf("%.*s", ASKED_DIGITS, identity + digits_at));
    set_string(&plan->identity, identity);
}

void plan_identity_chip(struct plan *plan, const char *serial_hex)
{
    char *identity = identity_of(serial_hex, SERIAL_DIGITS);
    size_t last = SERIAL_DIGITS - 2;
    set_string(&plan->where, mem_printf("the four digits before \"%s\" of this chip's serial number",
                                        identity ? identity + last : "ee"));
    set_identity(plan, identity, last - ASKED_DIGITS);
}

void plan_identity_mac(struct plan *plan, const char *mac_hex)
{
    set_string(&plan->where, mem_string("the last four digits of this board's MAC address"));
    set_identity(plan, identity_of(mac_hex, MAC_DIGITS), MAC_DIGITS - ASKED_DIGITS);
}

size_t plan_step_add(struct plan *plan, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    plan->steps = mem_grow(plan->steps, (plan->step_count + 1) * sizeof *plan->steps);
    plan->steps[plan->step_count] = (struct plan_step){
        .title = printable_format(format, ap), .was = mem_string(""), .will = mem_string("")};
    va_end(ap);
    return plan->step_count++;
}

void plan_change_add(struct plan *plan, const char *what, const char *before, const char *after,
                     const char *note)
{
    if (plan->step_count == 0)
        plan_step_add(plan, "%s", plan->title);
    struct plan_step *step = &plan->steps[plan->step_count - 1];
    step->changes = mem_grow(step->changes, (step->change_count + 1) * sizeof *step->changes);
    step->changes[step->change_count++] = (struct plan_change){
        .what = printable(what),
        .before = printable(before),
        .after = printable(after),
        .note = printable(note),
    };
}

void plan_freeze_add(struct plan *plan, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    add_string(&plan->freezes, &plan->freeze_count, printable_format(format, ap));
    va_end(ap);
}

void plan_check_add(struct plan *plan, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    add_string(&plan->checks, &plan->check_count, printable_format(format, ap));
    va_end(ap);
}

void plan_warning_add(struct plan *plan, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    add_string(&plan->warnings, &plan->warning_count, printable_format(format, ap));
    va_end(ap);
}

void plan_trap_add(struct plan *plan, const char *name, const char *answer, const char *question,
                   const char *sentence)
{
    plan->traps = mem_grow(plan->traps, (plan->trap_count + 1) * sizeof *plan->traps);
    plan->traps[plan->trap_count++] = (struct plan_trap){
        .name = printable(name),
        .sentence = printable(sentence),
        .question = printable(question),
        .answer = printable(answer),
    };
}

static char *hex_of(const void *bytes, size_t len)
{
    char *hex = mem_alloc(2 * len + 1);
    text_hex(bytes, len, hex);
    return hex;
}

void plan_observed(struct plan *plan, const void *bytes, size_t len)
{
    pki_sha256(bytes, len, plan->state);
    set_string(&plan->observed, hex_of(bytes, len));
}

void plan_expected(struct plan *plan, const void *bytes, size_t len)
{
    set_string(&plan->expected, hex_of(bytes, len));
}

void plan_step_digests(struct plan *plan, const char *was, const char *will)
{
    if (plan->step_count == 0)
        return;
    struct plan_step *step = &plan->steps[plan->step_count - 1];
    set_string(&step->was, printable(was));
    set_string(&step->will, printable(will));
}

void plan_word_add(struct plan *plan, const char *word)
{
    add_string(&plan->words, &plan->word_count, printable(word));
}

void plan_file_add(struct plan *plan, const char *use, const char *path, const char *digest)
{
    plan->files = mem_grow(plan->files, (plan->file_count + 1) * sizeof *plan->files);
    plan->files[plan->file_count++] =
        (struct plan_file){.use = printable(use), .path = printable(path), .digest = printable(digest)};
}
