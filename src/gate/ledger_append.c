/* Appending: the write lock, the tail's check, entries chained by their hashes, the head.
 *
 * The head is written twice. Before the commit it names both ends, so that whatever instant the power goes at
 * the file fits it; after the commit only the new one, so that from then on a cut tail does not. */
#include "base/clock.h"
#include "gate/ledger_inside.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

static int run_sql(struct ledger *ledger, const char *sql, struct error *e)
{
    return sqlite3_exec(ledger->db, sql, NULL, NULL, NULL) == SQLITE_OK
               ? 0
               : ledger_store_fault(ledger, "written", e);
}

static int read_last(struct ledger *ledger, struct error *e)
{
    sqlite3_stmt *query =
        ledger_store_query(ledger, "SELECT seq, hash FROM entry ORDER BY seq DESC LIMIT 1", e);
    if (query == NULL)
        return ERR_REFUSED;
    int step = sqlite3_step(query), rc = 0;
    bool any = step == SQLITE_ROW;
    if (!any && step != SQLITE_DONE)
        rc = ledger_store_fault(ledger, "read", e);
    const char *hash = any ? (const char *)sqlite3_column_text(query, 1) : ledger_zero_hash;
    ledger->last = any ? sqlite3_column_int64(query, 0) : 0;
    snprintf(ledger->last_hash, sizeof ledger->last_hash, "%s", hash ? hash : "");
    sqlite3_finalize(query);
    return rc;
}

static int refuse_tail(const struct ledger *ledger, const char *what, struct error *e)
{
    error_set(e, ERR_REFUSED, "the ledger %s %s", ledger->path, what);
    return error_next(e,
                      "lockstep ledger verify says where. Keep it and %s for whoever audits them, and begin "
                      "a new ledger with --ledger FILE.",
                      ledger->head_path);
}

static int refuse_head(struct error *e)
{
    error_prefix(e, "the ledger's head cannot be written");
    error_next(e, "look at the room and the rights of its folder, or give another file with --ledger FILE.");
    return ERR_REFUSED;
}

/* A ledger that lost its end must not grow over the gap. */
static int check_tail(struct ledger *ledger, struct error *e)
{
    struct ledger_head head;
    int rc = ledger_head_read(ledger, &head, e);
    if (rc != 0)
        return rc;
    if (!head.exists && ledger->last == 0) {
        head = (struct ledger_head){.count = 0};
        memcpy(head.hash, ledger_zero_hash, sizeof head.hash);
        rc = ledger_head_write(ledger, &head, e);
        return rc ? refuse_head(e) : 0;
    }
    if (!head.exists)
        return refuse_tail(ledger, "has lost the file that remembers its end", e);
    if (!ledger_head_fits(&head, ledger->last, ledger->last_hash))
        return refuse_tail(ledger, "does not end as it did: entries were cut off, added or changed", e);
    return 0;
}

int ledger_begin(struct ledger *ledger, struct error *e)
{
    int rc = ledger_store_write(ledger, e);
    if (rc == 0)
        rc = run_sql(ledger, "BEGIN IMMEDIATE", e);
    if (rc != 0)
        return rc;
    rc = read_last(ledger, e);
    if (rc == 0)
        rc = check_tail(ledger, e);
    if (rc != 0)
        ledger_abandon(ledger);
    ledger->begun_at = ledger->last;
    memcpy(ledger->begun_hash, ledger->last_hash, sizeof ledger->begun_hash);
    return rc;
}

int ledger_check_room(const struct ledger *ledger, struct error *e)
{
    struct statvfs disk;
    if (statvfs(ledger->path, &disk) != 0 || disk.f_blocks == 0) /* it does not say */
        return 0;
    unsigned long long room = (unsigned long long)disk.f_bavail * disk.f_frsize;
    if (room >= LEDGER_ROOM)
        return 0;
    error_set(e, ERR_REFUSED,
              "the disk of the ledger %s is full: %llu KiB are left, and an outcome wants room, too (%d KiB)",
              ledger->path, room / 1024, LEDGER_ROOM / 1024);
    return error_next(e, "make room on it, or give another file with --ledger FILE.");
}

void ledger_abandon(struct ledger *ledger)
{
    if (!sqlite3_get_autocommit(ledger->db))
        sqlite3_exec(ledger->db, "ROLLBACK", NULL, NULL, NULL);
}

static char *who_is_it(void)
{
    char host[256] = "", name[64], space[2048];
    struct passwd entry, *found = NULL;
    uid_t uid = getuid();
    if (gethostname(host, sizeof host - 1) != 0 || *host == '\0')
        snprintf(host, sizeof host, "unknown");
    snprintf(name, sizeof name, "uid-%u", (unsigned)uid);
    getpwuid_r(uid, &entry, space, sizeof space, &found);
    char *raw = mem_printf("%s@%s", found ? found->pw_name : name, host);
    char *clean = ledger_clean(raw);
    free(raw);
    return clean;
}

static void set_text(char **field, char *owned)
{
    free(*field);
    *field = owned;
}

static void fill_entry(struct ledger *ledger, struct ledger_entry *entry)
{
    char at[24], hash[LEDGER_HASH_SIZE];
    clock_iso(clock_unix(), at, sizeof at);
    entry->seq = ledger->last + 1;
    set_text(&entry->at, mem_string(at));
    set_text(&entry->who, who_is_it());
    set_text(&entry->previous, mem_string(ledger->last_hash));
    ledger_entry_hash(entry, hash);
    set_text(&entry->hash, mem_string(hash));
}

static void bind_entry(sqlite3_stmt *insert, const struct ledger_entry *entry)
{
    for (int i = 0; i < LEDGER_COLUMNS; i++) {
        const struct ledger_column *column = &ledger_columns[i];
        if (column->is_text)
            sqlite3_bind_text(insert, i + 1, ledger_entry_text(entry, column), -1, SQLITE_STATIC);
        else if (ledger_entry_number(entry, column) != LEDGER_ABSENT)
            sqlite3_bind_int64(insert, i + 1, ledger_entry_number(entry, column));
    }
}

int ledger_put(struct ledger *ledger, struct ledger_entry *entry, struct error *e)
{
    struct buf sql = BUF_INIT;
    fill_entry(ledger, entry);
    buf_add_text(&sql, "INSERT INTO entry (");
    ledger_column_names(&sql);
    buf_add_text(&sql, ") VALUES (");
    for (int i = 0; i < LEDGER_COLUMNS; i++)
        buf_add_text(&sql, i ? ", ?" : "?");
    buf_add_text(&sql, ")");
    sqlite3_stmt *insert = ledger_store_query(ledger, buf_text(&sql), e);
    buf_free(&sql);
    if (insert == NULL)
        return ERR_REFUSED;
    bind_entry(insert, entry);
    int rc = sqlite3_step(insert) == SQLITE_DONE ? 0 : ledger_store_fault(ledger, "written", e);
    sqlite3_finalize(insert);
    if (rc != 0)
        return rc;
    ledger->last = entry->seq;
    memcpy(ledger->last_hash, entry->hash, sizeof ledger->last_hash);
    return 0;
}

/* From now on only the new end is right. Another program may have appended since: the newest counts, and the
 * lock keeps it the newest. If this is not done the head stays with both ends, which the next write mends. */
static void settle_head(struct ledger *ledger)
{
    struct ledger_head head = {0};
    if (run_sql(ledger, "BEGIN IMMEDIATE", NULL) != 0)
        return;
    if (read_last(ledger, NULL) == 0) {
        head.count = ledger->last;
        memcpy(head.hash, ledger->last_hash, sizeof head.hash);
        ledger_head_write(ledger, &head, NULL);
    }
    ledger_abandon(ledger);
}

int ledger_commit(struct ledger *ledger, struct error *e)
{
    struct ledger_head head = {.count = ledger->begun_at, .next = ledger->last};
    memcpy(head.hash, ledger->begun_hash, sizeof head.hash);
    memcpy(head.next_hash, ledger->last_hash, sizeof head.next_hash);
    int rc = ledger_head_write(ledger, &head, e);
    if (rc != 0)
        refuse_head(e);
    if (rc == 0)
        rc = run_sql(ledger, "COMMIT", e);
    if (rc != 0)
        ledger_abandon(ledger);
    else
        settle_head(ledger);
    return rc;
}
