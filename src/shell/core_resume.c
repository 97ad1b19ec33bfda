/* resume: finishes or closes steps whose end an earlier run did not see. */
#include "shell/core.h"
#include "shell/recover.h"

#include <inttypes.h>
#include <stdio.h>

static void say_verdicts(struct op_call *call, const struct recover_list *list)
{
    static const struct op_column columns[] = {
        {"entry",     "ENTRY"    },
        {"operation", "OPERATION"},
        {"what",      "STEP"     },
        {"verdict",   "IT IS"    },
        {"why",       "BECAUSE"  },
    };
    op_table_begin(call, "open", columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < list->count; i++) {
        const struct recover_item *item = &list->item[i];
        char entry[24];
        snprintf(entry, sizeof entry, "%" PRId64, item->entry->seq);
        op_table_row(call,
                     (const char *[]){entry, item->entry->operation, item->entry->sentence,
                                      recover_verdict(item->judgement.verdict), item->judgement.sentence});
    }
    op_table_end(call);
}

static int settle(struct op_call *call, struct recover_list *list, bool close, struct error *e)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < list->count; i++)
        rc = close ? recover_close(call, &list->item[i], e) : recover_finish(call, &list->item[i], e);
    return rc;
}

static int run_resume(struct op_call *call, size_t step, struct error *e)
{
    (void)step;
    struct recover_list list;
    const char *dry = options_value(call->options, OPTION_DRY_RUN);
    bool close = op_arg_flag(call, "close");
    bool real = (dry != NULL && option_boolean(dry) == 0) &&
                !(call->session->rehearsal && call->session->script != NULL);
    int rc = recover_find(call, &list, e);
    if (rc == 0 && list.others > 0)
        op_note(call,
                "%zu open step%s in the ledger belong%s to other devices: nothing of theirs is done here.",
                list.others, list.others == 1 ? "" : "s", list.others == 1 ? "s" : "");
    if (rc == 0)
        say_verdicts(call, &list);
    if (rc == 0 && list.count == 0) {
        op_say(call, "No step on this device has an open end.");
    } else if (rc == 0 && (close || real)) {
        call->mode = "applied";
        rc = settle(call, &list, close, e);
        if (rc == 0)
            op_say(call, "%zu open step%s %s.", list.count, list.count == 1 ? "" : "s",
                   close ? "closed" : "finished");
    } else if (rc == 0) {
        op_say(call,
               "Nothing was sent. To finish: lockstep resume --dry-run=false; to leave it as it is: lockstep "
               "resume --close");
    }
    recover_list_free(&list);
    return rc;
}

static const struct op_arg options[] = {
    {.name = "close",
     .type = TYPE_FLAG,
     .help = "send nothing; write into the ledger what was found, and leave it at that"},
    {0},
};

const struct op core_resume = {
    .name = "resume",
    .summary = "finish or close steps whose end an earlier run did not see",
    .help =
        "After a crash, a pulled cable or a power cut the ledger holds a step that was begun and has no "
        "outcome. resume finds those of the attached device, reads the device, and says of each whether it "
        "is done, not done, partly done, or whether nobody can tell. With --dry-run=false it does again what "
        "is not known to be done: with a new plan, and with consent as for any irreversible command. What "
        "proves to be done is only verified. Steps of another device are never touched.",
    .example = "resume\nresume --dry-run=false\nresume --close",
    .options = options,
    .needs = NEED_RPC,
    .run = run_resume,
};
