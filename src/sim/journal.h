/* journal.jsonl: every request the board received and what it did, one JSON object a line, flushed at once.
 * Keys, passwords and file data stand in it as "sha256:HEX" of their bytes. */
#ifndef SIM_JOURNAL_H
#define SIM_JOURNAL_H

#include "base/error.h"

#include <cjson/cJSON.h>
#include <stdint.h>

struct sim_journal;

int sim_journal_open(const char *path, struct sim_journal **journal, struct error *e);
void sim_journal_close(struct sim_journal *journal);

/* A request: id 0 for a notification. `did` says what became of it ("answered", "dropped"…). `message` may be
 * NULL. Args are borrowed and may be NULL. */
struct sim_journal_request {
    const char *channel, *method, *did, *message;
    const char *user; /* who logged in for it; NULL or "": nobody */
    int64_t id;
    const cJSON *args;
    int code;
};
void sim_journal_request(struct sim_journal *journal, const struct sim_journal_request *r);

/* Something that is no request: "boot", "reboot", "drop", "power-cut"… with a word on why. */
void sim_journal_event(struct sim_journal *journal, const char *event, const char *why);

/* A copy of args with its secrets replaced. NULL for NULL. */
cJSON *sim_journal_redact(const char *method, const cJSON *args);

#endif
