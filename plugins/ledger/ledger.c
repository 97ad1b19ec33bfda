/* ledger [list|show|verify|export]: one operation, a table of actions. */
#include "ledger.h"
#include "base/file.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

struct action {
    const char *name;
    const char *what;    /* what its second argument is, NULL: it takes none */
    const char *options; /* own options that mean something here, each followed by a space */
    int (*run)(struct op_call *call, struct ledger *ledger, struct error *e);
};

static struct ledger_filter filter_of(const struct op_call *call)
{
    return (struct ledger_filter){.device = op_arg_value(call, "device"),
                                  .operation = op_arg_value(call, "operation"),
                                  .since = op_arg_value(call, "since"),
                                  .until = op_arg_value(call, "until")};
}

static int run_list(struct op_call *call, struct ledger *ledger, struct error *e)
{
    struct ledger_list list;
    struct ledger_filter filter = filter_of(call);
    filter.limit = (size_t)op_arg_number(call, "limit");
    int rc = ledger_list(ledger, &filter, &list, e);
    if (rc != 0)
        return rc;
    ledger_say_list(call, &list);
    if (list.count == 0)
        op_note(call, "The ledger %s has no such entry.", ledger_path(ledger));
    if (list.more)
        op_note(call, "Older entries are left out: --limit 0 shows all.");
    ledger_list_free(&list);
    return 0;
}

static int run_show(struct op_call *call, struct ledger *ledger, struct error *e)
{
    struct ledger_list list;
    uint64_t number = 0;
    const char *what = op_arg_value(call, "WHAT");
    if (what == NULL || text_number(what, INT64_MAX, &number) != 0 || number == 0) {
        error_set(e, ERR_USAGE, "which entry is to be shown is %s", what ? "not a number" : "missing");
        return error_next(e,
                          "lockstep ledger show 12, with a number from the first column of lockstep ledger.");
    }
    int rc = ledger_show(ledger, (int64_t)number, &list, e);
    if (rc != 0)
        return rc;
    ledger_say_entry(call, &list.entry[0]);
    ledger_list_free(&list);
    return 0;
}

static int run_verify(struct op_call *call, struct ledger *ledger, struct error *e)
{
    struct ledger_verdict verdict;
    int rc = ledger_verify(ledger, &verdict, e);
    for (size_t i = 0; i < verdict.finding_count; i++)
        op_say(call, "%s.", verdict.finding[i].sentence);
    if (rc == 0) {
        op_say(call, "The ledger is whole: nothing was edited, removed, added, moved or cut off.");
        op_field(call, "ledger", "File", "%s", ledger_path(ledger));
        op_field(call, NULL, "Entries", "%lld", (long long)verdict.count);
        op_json(call, "entries", cJSON_CreateNumber((double)verdict.count));
        op_field(call, "head", "Last hash", "%s", verdict.head);
    }
    ledger_verdict_free(&verdict);
    return rc;
}

static int run_export(struct op_call *call, struct ledger *ledger, struct error *e)
{
    struct ledger_filter filter = filter_of(call);
    const char *file = op_arg_value(call, "WHAT");
    bool csv = strcmp(op_arg_value(call, "format"), "csv") == 0;
    struct buf text = BUF_INIT;
    int rc = ledger_export(ledger, csv ? LEDGER_CSV : LEDGER_JSONL, &filter, &text, e);
    if (rc == 0 && (file == NULL || strcmp(file, "-") == 0)) {
        op_data(call, text.len ? text.data : (const uint8_t *)"", text.len, false);
    } else if (rc == 0) {
        rc = file_create(file, 0600, text.len ? text.data : (const uint8_t *)"", text.len, e);
        if (rc == 0)
            op_say(call, "Wrote %s.", file);
        op_json(call, "file", cJSON_CreateString(file));
    }
    buf_free(&text);
    return rc;
}

static const struct action actions[] = {
    {"list",   NULL,                "device operation since until limit ",  run_list  },
    {"show",   "an entry's number", "",                                     run_show  },
    {"verify", NULL,                "",                                     run_verify},
    {"export", "a file",            "device operation since until format ", run_export},
};

static const struct action *action_of(const struct op_call *call)
{
    const char *name = op_arg_value(call, "ACTION");
    size_t i = 0;
    while (strcmp(actions[i].name, name) != 0) /* the parser lets no other name pass */
        i++;
    return &actions[i];
}

static const struct op_arg ledger_args[] = {
    {"ACTION",                   TYPE_CHOICE, ARG_OPTIONAL, "what to do with the ledger", "list|show|verify|export", 0, "list"},
    {"WHAT",              TYPE_NEW_FILE, ARG_OPTIONAL,
     "show: the entry's number; export: a new file, - for standard output", NULL, 0, NULL},
    {0},
};
static const struct op_arg ledger_options[] = {
    {"device",    TYPE_WORD, 0, "only of this device: its identity, or the firmware's id", NULL, 0, NULL},
    {"operation",          TYPE_COMMAND, 0, "only of this command", NULL, 0, NULL},
    {"since",       TYPE_WORD, 0, "only from this time on: 2026-11-20, or 2026-11-20T10:42, in UTC", NULL, 0, NULL},
    {"until",       TYPE_WORD, 0, "only up to this time, it included", NULL, 0, NULL},
    {"limit", TYPE_NUMBER, 0, "list: the newest so many; 0: all", NULL, 1000000, "50"},
    {"format",          TYPE_CHOICE, 0, "export: JSON lines or CSV", "jsonl|csv", 0, "jsonl"},
    {0      },
};

/* An option or argument that would be without effect is refused: it was meant to have one. */
static int check_ledger(struct op_call *call, struct error *e)
{
    const struct action *action = action_of(call);
    if (action->what == NULL && op_arg_given(call, "WHAT")) {
        error_set(e, ERR_USAGE, "ledger %s takes nothing behind it", action->name);
        return error_next(e, "lockstep help ledger shows what each action takes.");
    }
    for (const struct op_arg *option = ledger_options; option->name != NULL; option++) {
        const char *found = strstr(action->options, option->name);
        if (op_arg_given(call, option->name) && found == NULL) {
            error_set(e, ERR_USAGE, "--%s means nothing to ledger %s", option->name, action->name);
            return error_next(e, "lockstep help ledger shows what each action takes.");
        }
    }
    return 0;
}

static int run_ledger(struct op_call *call, size_t step, struct error *e)
{
    (void)step;
    struct ledger *ledger;
    int rc = ledger_open(op_arg_value(call, "ledger"), &ledger, e); /* --ledger FILE, else the usual one */
    if (rc == 0)
        rc = action_of(call)->run(call, ledger, e);
    ledger_close(ledger);
    return rc;
}

const struct op ledger_op = {
    .name = "ledger",
    .summary = "what was planned, begun and done for ever, and by whom",
    .help =
        "Every irreversible step is written down before its first byte is sent, and again when its outcome "
        "is "
        "known. An intent that stays open tells of a step that was begun and whose end nobody saw.\n\n"
        "list shows the newest entries, show N one of them with its plan. verify recomputes the chain of "
        "hashes "
        "and finds an entry that was edited, removed, added or moved, and an end that was cut off. export "
        "writes all entries, or those that the options choose, as JSON lines or CSV.",
    .example =
        "ledger\nledger --device 012352aad1bbf378ee --since 2026-11-01\nledger show 12\nledger verify\n"
        "ledger export ledger.jsonl\nledger export - --format csv",
    .args = ledger_args,
    .options = ledger_options,
    .needs = NEED_NOTHING,
    .hazard = HAZARD_NONE,
    .check = check_ledger,
    .run = run_ledger,
};
