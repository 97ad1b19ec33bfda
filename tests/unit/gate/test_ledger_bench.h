/* What the ledger's tests share: a scratch folder, a ledger in it, a plan, SQL by another hand. */
#ifndef TESTS_LEDGER_BENCH_H
#define TESTS_LEDGER_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "gate/ledger.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERIAL "012352aad1bbf378ee"

struct bench {
    char folder[64], path[128], head[128];
    struct ledger *ledger;
    struct ledger_context context;
    struct gate_ledger gate;
    struct plan plan;
};

static inline void fill_plan(struct plan *plan, const char *serial)
{
    plan_init(plan, "atca-lock-zone");
    plan_title(plan, "lock the configuration zone");
    plan_identity_chip(plan, serial);
    memset(plan->state, 0x5A, sizeof plan->state);
    plan_step_add(plan, "write the zone");
    plan_change_add(plan, "byte 20", "0x00", "0x8f", NULL);
    plan_step_add(plan, "lock it");
    plan_change_add(plan, "byte 87  LockConfig", "0x55", "0x00", "for ever");
}

static inline void open_again(struct bench *b)
{
    ledger_close(b->ledger);
    assert_int_equal(ledger_open(b->path, &b->ledger, NULL), 0);
    b->context = (struct ledger_context){.tool = "lockstep 0.1.0",
                                         .device = "esp32_0A1B2C",
                                         .port = "/dev/ttyUSB0",
                                         .line = "atca-lock-zone config --dry-run=false"};
    ledger_bind(b->ledger, &b->context, &b->gate);
}

static inline void bench_begin(struct bench *b)
{
    *b = (struct bench){.folder = "/tmp/lockstep-ledger-XXXXXX"};
    assert_non_null(mkdtemp(b->folder));
    snprintf(b->path, sizeof b->path, "%s/new/ledger.sqlite", b->folder);
    snprintf(b->head, sizeof b->head, "%s/new/ledger.head", b->folder);
    fill_plan(&b->plan, SERIAL);
    open_again(b);
}

static inline void bench_end(struct bench *b)
{
    char command[128];
    ledger_close(b->ledger);
    plan_free(&b->plan);
    snprintf(command, sizeof command, "rm -rf '%s'", b->folder);
    assert_int_equal(system(command), 0);
}

static inline int64_t intend(struct bench *b, size_t step)
{
    struct error e = {0};
    int64_t row = 0;
    int rc = b->gate.intent(b->gate.ctx, &b->plan, step, &row, &e);
    if (rc != 0)
        fail_msg("intent: %s", e.message);
    return row;
}

static inline void conclude(struct bench *b, int64_t row, int code, const char *sentence)
{
    struct error e = {0};
    if (b->gate.outcome(b->gate.ctx, row, code, sentence, &e) != 0)
        fail_msg("outcome: %s", e.message);
}

/* session, plan, then `steps` intents with their outcomes: 2 + 2 * steps entries. */
static inline void write_steps(struct bench *b, size_t steps)
{
    for (size_t i = 0; i < steps; i++)
        conclude(b, intend(b, i == 0 ? 0 : 1), 0, "done");
}

static inline sqlite3 *by_hand(struct bench *b)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(b->path, &db), SQLITE_OK);
    /* An attacker's first act: the guards that only keep the honest from slips. */
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_exec(db, "PRAGMA ignore_check_constraints=1", NULL, NULL, NULL);
    return db;
}

static inline void sql(struct bench *b, const char *text)
{
    char *why = NULL;
    sqlite3 *db = by_hand(b);
    if (sqlite3_exec(db, text, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", text, why);
    sqlite3_close(db);
}

static inline void copy_file(const char *from, const char *to)
{
    struct buf bytes = BUF_INIT;
    assert_int_equal(file_read(from, 64 << 20, &bytes, NULL), 0);
    unlink(to);
    assert_int_equal(file_create(to, 0600, bytes.data, bytes.len, NULL), 0);
    buf_free(&bytes);
}

/* Verifies and gives the first finding ("" when sound); the number of its entry in *seq. */
static inline int verify_says(struct bench *b, char *said, size_t size, int64_t *seq)
{
    struct ledger_verdict verdict;
    struct error e = {0};
    open_again(b);
    int rc = ledger_verify(b->ledger, &verdict, &e);
    const char *first = verdict.finding_count ? verdict.finding[0].sentence : rc ? e.message : "";
    snprintf(said, size, "%s", first);
    *seq = verdict.finding_count ? verdict.finding[0].seq : -1;
    assert_true((rc == 0) == (e.code == 0));
    assert_true(rc == 0 || e.next[0] != '\0');
    ledger_verdict_free(&verdict);
    return rc;
}

static inline void assert_sound(struct bench *b)
{
    char said[768];
    int64_t seq;
    if (verify_says(b, said, sizeof said, &seq) != 0)
        fail_msg("not sound: %s", said);
}

static inline void assert_finds(struct bench *b, int64_t seq, const char *words)
{
    char said[768];
    int64_t found;
    assert_int_equal(verify_says(b, said, sizeof said, &found), ERR_REFUSED);
    if (strstr(said, words) == NULL || found != seq)
        fail_msg("entry %lld: %s; wanted entry %lld: %s", (long long)found, said, (long long)seq, words);
}

static inline size_t count_of(struct bench *b, const struct ledger_filter *filter)
{
    struct ledger_list list;
    assert_int_equal(ledger_list(b->ledger, filter, &list, NULL), 0);
    size_t count = list.count;
    ledger_list_free(&list);
    return count;
}

#endif
