/* Verifying: every hash anew, every link of the chain, and the end against the head. */
#include "base/text.h"
#include "gate/ledger_inside.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOVE_TRIES = 20000, /* hashes spent on finding out whether an entry was moved */
    HEAD_TRIES = 5,     /* readings of ledger and head while another program writes */
};

struct scan {
    struct ledger *ledger;
    struct ledger_verdict *verdict;
    int64_t expected; /* number of the next entry */
    char previous[LEDGER_HASH_SIZE];
    struct ledger_head head;
    char at_head[LEDGER_HASH_SIZE]; /* hash of the entry that the head names */
    unsigned tries;
};

static void find(struct ledger_verdict *verdict, int64_t seq, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void find(struct ledger_verdict *verdict, int64_t seq, const char *format, ...)
{
    struct buf raw = BUF_INIT, clean = BUF_INIT;
    va_list ap;
    if (verdict->finding_count == LEDGER_FINDINGS_MAX)
        return;
    va_start(ap, format);
    buf_vprintf(&raw, format, ap);
    va_end(ap);
    text_printable(buf_text(&raw), raw.len, false, 0, &clean);
    verdict->finding = mem_grow(verdict->finding, (verdict->finding_count + 1) * sizeof *verdict->finding);
    verdict->finding[verdict->finding_count++] = (struct ledger_finding){seq, buf_take(&clean)};
    buf_free(&raw);
}

static void verdict_clear(struct ledger_verdict *verdict)
{
    for (size_t i = 0; i < verdict->finding_count; i++)
        free(verdict->finding[i].sentence);
    free(verdict->finding);
    *verdict = (struct ledger_verdict){0};
    memcpy(verdict->head, ledger_zero_hash, sizeof verdict->head);
}

void ledger_verdict_free(struct ledger_verdict *verdict)
{
    verdict_clear(verdict);
}

/* --- one entry ------------------------------------------------------------------------------------------ */

static void check_number(struct scan *scan, int64_t seq)
{
    if (seq < scan->expected)
        find(scan->verdict, seq, "entry %" PRId64 " was inserted: the first entry is 1", seq);
    else if (seq == scan->expected + 1)
        find(scan->verdict, scan->expected, "entry %" PRId64 " is missing: it was removed", scan->expected);
    else if (seq > scan->expected)
        find(scan->verdict, scan->expected,
             "entries %" PRId64 " to %" PRId64 " are missing: they were removed", scan->expected, seq - 1);
}

/* The number under which a row's content fits its hash, or 0. */
static int64_t number_it_had(struct scan *scan, sqlite3_stmt *row, const char *stored)
{
    char hash[LEDGER_HASH_SIZE];
    int64_t end = scan->head.count > scan->expected ? scan->head.count : scan->expected + 1;
    for (int64_t seq = 1; seq <= end && scan->tries < MOVE_TRIES; seq++, scan->tries++) {
        ledger_row_hash(row, seq, hash);
        if (strcmp(hash, stored) == 0)
            return seq;
    }
    return 0;
}

static void check_content(struct scan *scan, sqlite3_stmt *row, int64_t seq, const char *stored)
{
    char hash[LEDGER_HASH_SIZE];
    ledger_row_hash(row, 0, hash);
    if (strcmp(hash, stored) == 0)
        return;
    int64_t had = number_it_had(scan, row, stored);
    if (had != 0)
        find(scan->verdict, seq, "entry %" PRId64 " was moved here: it was written as entry %" PRId64, seq,
             had);
    else
        find(scan->verdict, seq,
             "entry %" PRId64 " was edited or inserted: its content does not match its hash", seq);
}

/* The text of a column that must be text of that very length; "" when it is not. */
static const char *stored_hash(sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    bool is_hash = sqlite3_column_type(row, column) == SQLITE_TEXT &&
                   sqlite3_column_bytes(row, column) == LEDGER_HASH_SIZE - 1 && text != NULL &&
                   strlen(text) == LEDGER_HASH_SIZE - 1;
    return is_hash ? text : "";
}

static void check_row(struct scan *scan, sqlite3_stmt *row)
{
    int64_t seq = sqlite3_column_int64(row, 0);
    bool follows = seq == scan->expected;
    check_number(scan, seq);
    const char *stored = stored_hash(row, LEDGER_COLUMNS - 1);
    check_content(scan, row, seq, stored);
    if (follows && strcmp(stored_hash(row, LEDGER_COLUMNS - 2), scan->previous) != 0)
        find(scan->verdict, seq,
             "entry %" PRId64
             " does not follow the entry before it: one of them was edited, moved or replaced",
             seq);
    if (seq == scan->head.count)
        snprintf(scan->at_head, sizeof scan->at_head, "%s", stored);
    snprintf(scan->previous, sizeof scan->previous, "%s", stored);
    if (seq >= scan->expected)
        scan->expected = seq + 1;
    scan->verdict->count++;
}

/* --- the file ------------------------------------------------------------------------------------------- */

static void find_fault(struct scan *scan)
{
    struct error e = {0};
    ledger_store_fault(scan->ledger, "read", &e);
    find(scan->verdict, 0, "%s", e.message);
}

static void check_structure(struct scan *scan)
{
    if (!ledger_store_is_ours(scan->ledger))
        find(scan->verdict, 0, "the tables, indexes or triggers are not as lockstep made them");
    sqlite3_stmt *query = ledger_store_query(scan->ledger, "PRAGMA integrity_check(10)", NULL);
    int step = SQLITE_ERROR;
    while (query != NULL && (step = sqlite3_step(query)) == SQLITE_ROW) {
        const char *said = (const char *)sqlite3_column_text(query, 0);
        if (said == NULL || strcmp(said, "ok") != 0)
            find(scan->verdict, 0, "the database file is damaged: %s", said ? said : "");
    }
    if (step != SQLITE_DONE)
        find_fault(scan);
    sqlite3_finalize(query);
}

static void check_rows(struct scan *scan)
{
    struct buf sql = BUF_INIT;
    buf_add_text(&sql, "SELECT ");
    ledger_column_names(&sql);
    buf_add_text(&sql, " FROM entry NOT INDEXED ORDER BY seq");
    sqlite3_stmt *query = ledger_store_query(scan->ledger, buf_text(&sql), NULL);
    int step = SQLITE_ERROR;
    buf_free(&sql);
    while (query != NULL && (step = sqlite3_step(query)) == SQLITE_ROW)
        check_row(scan, query);
    if (step != SQLITE_DONE)
        find_fault(scan);
    sqlite3_finalize(query);
    memcpy(scan->verdict->head, scan->previous, sizeof scan->verdict->head);
}

/* What the head's not fitting means. */
static void judge_end(struct scan *scan)
{
    struct ledger_verdict *verdict = scan->verdict;
    const struct ledger_head *head = &scan->head;
    int64_t last = scan->expected - 1;
    if (!head->exists && last > 0)
        find(verdict, 0, "%s is gone: whether entries were cut off the end cannot be said",
             scan->ledger->head_path);
    else if (last < head->count)
        find(verdict, last + 1,
             "entries %" PRId64 " to %" PRId64 " are missing at the end: they were cut off", last + 1,
             head->count);
    else if (strcmp(scan->at_head, head->hash) != 0 && head->count > 0)
        find(verdict, head->count,
             "entry %" PRId64 " is not the one that %s remembers: it, and what is before it, was rewritten",
             head->count, scan->ledger->head_path);
    else
        find(verdict, head->count + 1,
             "entries %" PRId64 " to %" PRId64
             " at the end were not written by lockstep: %s does not know them",
             head->count + 1, last, scan->ledger->head_path);
}

/* Reads everything once. False: another program wrote meanwhile and the end cannot be judged by this reading.
 */
static bool scan_once(struct ledger *ledger, bool has_file, struct ledger_verdict *verdict)
{
    struct scan scan = {.ledger = ledger, .verdict = verdict, .expected = 1};
    struct ledger_head after;
    struct error e = {0};
    verdict_clear(verdict);
    memcpy(scan.previous, ledger_zero_hash, sizeof scan.previous);
    if (ledger_head_read(ledger, &scan.head, &e) != 0) {
        find(verdict, 0, "%s", e.message);
        scan.head.exists = false;
    }
    if (has_file) {
        check_structure(&scan);
        check_rows(&scan);
    }
    int64_t last = scan.expected - 1;
    bool readable = ledger_head_read(ledger, &after, NULL) == 0;
    if (e.code != 0 || (!scan.head.exists && last == 0) ||
        ledger_head_fits(&scan.head, last, verdict->head) ||
        (readable && ledger_head_fits(&after, last, verdict->head)))
        return true;
    judge_end(&scan);
    return readable && memcmp(&after, &scan.head, sizeof after) == 0;
}

int ledger_verify(struct ledger *ledger, struct ledger_verdict *verdict, struct error *e)
{
    bool found = false;
    *verdict = (struct ledger_verdict){0};
    verdict_clear(verdict);
    int rc = ledger_store_read(ledger, &found, e);
    if (rc != 0)
        return rc;
    for (int i = 0; i < HEAD_TRIES && !scan_once(ledger, found, verdict); i++)
        ;
    if (verdict->finding_count == 0)
        return 0;
    size_t more = verdict->finding_count - 1;
    error_set(e, ERR_REFUSED, "the ledger %s is not as it was written: %s", ledger->path,
              verdict->finding[0].sentence);
    if (more > 0) {
        struct error first = e ? *e : (struct error){0};
        error_set(e, ERR_REFUSED, "%s; and %zu more finding%s", first.message, more, more > 1 ? "s" : "");
    }
    return error_next(e,
                      "keep it and %s as they are for whoever audits them, and begin a new ledger with "
                      "--ledger FILE.",
                      ledger->head_path);
}
