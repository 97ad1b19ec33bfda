/* Entries as tables and fields. The file may have been tampered with, so nothing in it is shown as it is. */
#include "base/text.h"
#include "ledger.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SENTENCE_SHOWN = 100 }; /* bytes of a sentence in the table for people */

static char *printable(const char *text, size_t max)
{
    struct buf clean = BUF_INIT;
    if (text != NULL)
        text_printable(text, strlen(text), false, max, &clean);
    return buf_take(&clean);
}

static const char *kind_note(const struct ledger_entry *entry)
{
    return !entry->intact ? ", altered" : entry->open ? ", open" : "";
}

static char *outcome_words(const struct ledger_entry *entry, size_t max)
{
    char *sentence = printable(entry->sentence, max);
    if (entry->code == LEDGER_ABSENT || entry->code == 0)
        return sentence;
    char *words = mem_printf("%s: %s", error_name((int)entry->code), sentence);
    free(sentence);
    return words;
}

static void say_row(struct op_call *call, const struct ledger_entry *entry)
{
    char *cells[] = {
        mem_printf("%" PRId64, entry->seq),
        printable(entry->at, 0),
        mem_printf("%s%s", entry->kind ? entry->kind : "", kind_note(entry)),
        printable(entry->identity ? entry->identity : entry->device, 0),
        printable(entry->operation, 0),
        outcome_words(entry, op_is_json(call) ? 0 : SENTENCE_SHOWN),
    };
    char *kind = printable(cells[2], 0);
    free(cells[2]);
    cells[2] = kind;
    op_table_row(call, (const char *const *)cells);
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
        free(cells[i]);
}

void ledger_say_list(struct op_call *call, const struct ledger_list *list)
{
    static const struct op_column columns[] = {
        {"entry",     "ENTRY"    },
        {"at",        "TIME"     },
        {"kind",      "KIND"     },
        {"device",    "DEVICE"   },
        {"operation", "OPERATION"},
        {"what",      "WHAT"     },
    };
    op_table_begin(call, "entries", columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < list->count; i++)
        say_row(call, &list->entry[i]);
    op_table_end(call);
}

static void say_text(struct op_call *call, const char *key, const char *label, const char *text)
{
    if (text == NULL)
        return;
    char *clean = printable(text, 0);
    op_field(call, key, label, "%s", clean);
    free(clean);
}

static void say_number(struct op_call *call, const char *key, const char *label, int64_t number)
{
    if (number != LEDGER_ABSENT)
        op_field(call, key, label, "%" PRId64, number);
}

/* JSON as an outline, whatever its form: one value a line, two blanks for each level, "- " before what is in
 * a list. What is empty is left out. cJSON bounds the depth of what it parses. */
static void put_outline(const cJSON *value, int depth, struct buf *to)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, value)
    {
        const char *text = cJSON_GetStringValue(item);
        bool deeper = cJSON_IsObject(item) || cJSON_IsArray(item);
        if (deeper ? item->child == NULL : text != NULL && *text == '\0')
            continue;
        char *number = deeper || text != NULL ? NULL : cJSON_PrintUnformatted(item);
        buf_printf(to, "%*s%s%s%s%s\n", 2 * depth, "", item->string ? item->string : "-",
                   item->string ? ":" : "", deeper ? "" : " ",
                   deeper         ? ""
                   : text != NULL ? text
                                  : number);
        cJSON_free(number);
        put_outline(item, depth + 1, to);
    }
}

/* The plan: for machines as an object, for people as an outline. */
static void say_plan(struct op_call *call, const char *text)
{
    cJSON *plan = text ? cJSON_Parse(text) : NULL;
    if (plan == NULL) {
        say_text(call, "plan", "Plan", text);
        return;
    }
    struct buf outline = BUF_INIT, clean = BUF_INIT;
    put_outline(plan, 1, &outline);
    text_printable(buf_text(&outline), outline.len, true, 0, &clean);
    while (clean.len > 0 && clean.data[clean.len - 1] == '\n')
        clean.data[--clean.len] = '\0';
    op_say(call, "Plan\n%s", buf_text(&clean));
    op_json(call, "plan", plan);
    buf_free(&outline);
    buf_free(&clean);
}

void ledger_say_entry(struct op_call *call, const struct ledger_entry *entry)
{
    char *outcome = outcome_words(entry, 0);
    op_field(call, "entry", "Entry", "%" PRId64, entry->seq);
    say_text(call, "kind", "Kind", entry->kind);
    say_text(call, "at", "Time", entry->at);
    say_text(call, "what", "What", outcome);
    say_text(call, "who", "Who", entry->who);
    say_text(call, "tool", "Tool", entry->tool);
    say_text(call, "identity", "Identity", entry->identity);
    say_text(call, "device", "Device", entry->device);
    say_text(call, "port", "Port", entry->port);
    say_text(call, "operation", "Operation", entry->operation);
    say_text(call, "line", "Line", entry->line);
    say_number(call, "step", "Step (from 0)", entry->step);
    say_number(call, "refers", "Belongs to", entry->refers);
    say_number(call, "code", "Code", entry->code);
    say_number(call, "outcome", "Outcome", entry->answer);
    if (entry->open)
        op_field(call, "outcome", "Outcome", "none: it is open");
    say_text(call, "plan_hash", "Plan's hash", entry->plan_hash);
    say_text(call, "state", "State before", entry->state);
    say_text(call, "readback", "Read back", entry->readback);
    say_text(call, "previous", "Hash before", entry->previous);
    say_text(call, "hash", "Hash", entry->hash);
    op_field(call, "intact", "Content", "%s",
             entry->intact ? "matches its hash" : "does not match its hash: it was altered");
    say_plan(call, entry->plan);
    free(outcome);
}
