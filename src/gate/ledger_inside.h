/* Inside the ledger: file, columns, head. Only ledger*.c include this. */
#ifndef GATE_LEDGER_INSIDE_H
#define GATE_LEDGER_INSIDE_H

#include "gate/ledger.h"

#include <sqlite3.h>

enum { LEDGER_SCHEMA = 1 };               /* PRAGMA user_version */
enum { LEDGER_APPLICATION = 0x4C4B4C47 }; /* PRAGMA application_id: "LKLG" */

struct ledger {
    char *path, *head_path;
    sqlite3 *db; /* NULL while not opened */
    bool writable;
    int patience_ms;
    int64_t session; /* this run's entry, 0: not written yet */
    int64_t last;    /* between ledger_begin and ledger_commit: the newest entry and its hash */
    char last_hash[LEDGER_HASH_SIZE];
    int64_t begun_at; /* what `last` and last_hash were at ledger_begin */
    char begun_hash[LEDGER_HASH_SIZE];
};

/* --- ledger_entry.c: the columns, and the hash over them ------------------------------------------------ */

struct ledger_column {
    const char *name;
    bool is_text, required;
    size_t at; /* offset in struct ledger_entry */
};
enum { LEDGER_COLUMNS = 20 };
extern const struct ledger_column ledger_columns[LEDGER_COLUMNS]; /* as in the table; the last is the hash */

#define LEDGER_ENTRY_INIT                                                                                    \
    ((struct ledger_entry){                                                                                  \
        .step = LEDGER_ABSENT, .refers = LEDGER_ABSENT, .code = LEDGER_ABSENT, .answer = LEDGER_ABSENT})

const char *ledger_entry_text(const struct ledger_entry *entry, const struct ledger_column *column);
int64_t ledger_entry_number(const struct ledger_entry *entry, const struct ledger_column *column);
void ledger_entry_free(struct ledger_entry *entry);
void ledger_column_names(struct buf *to); /* "seq, kind, …" */
extern const char ledger_zero_hash[LEDGER_HASH_SIZE];

/* The entry's hash over its content. */
void ledger_entry_hash(const struct ledger_entry *entry, char hash[LEDGER_HASH_SIZE]);
/* The same over a row of ledger_columns as it is stored, byte for byte; seq 0: the row's own number. */
void ledger_row_hash(sqlite3_stmt *row, int64_t seq, char hash[LEDGER_HASH_SIZE]);
/* A row of ledger_columns as an entry. */
void ledger_row_read(sqlite3_stmt *row, struct ledger_entry *entry);

/* --- ledger_store.c: the file --------------------------------------------------------------------------- */

/* Opens for reading; found = false: there is no file. */
int ledger_store_read(struct ledger *ledger, bool *found, struct error *e);
/* Opens for writing; makes the file when there is none. */
int ledger_store_write(struct ledger *ledger, struct error *e);
/* The table, its indexes and triggers are those that lockstep made. */
bool ledger_store_is_ours(struct ledger *ledger);
/* A statement, or NULL and e filled. */
sqlite3_stmt *ledger_store_query(struct ledger *ledger, const char *sql, struct error *e);
/* Why SQLite said no, in words. doing: "read", "written". Returns ERR_REFUSED. */
int ledger_store_fault(struct ledger *ledger, const char *doing, struct error *e);

/* --- ledger_head.c: the last entry, remembered beside the file ------------------------------------------ */

/* While an entry is being written the head names both ends that are right: the one before and the one after.
 */
struct ledger_head {
    bool exists;
    int64_t count, next; /* next 0: nothing under way */
    char hash[LEDGER_HASH_SIZE], next_hash[LEDGER_HASH_SIZE];
};

int ledger_head_read(const struct ledger *ledger, struct ledger_head *head, struct error *e);
int ledger_head_write(const struct ledger *ledger, const struct ledger_head *head, struct error *e);
bool ledger_head_fits(const struct ledger_head *head, int64_t count, const char *hash);

/* --- ledger_append.c: entries in one transaction -------------------------------------------------------- */

/* Takes the write lock and checks the tail against the head. After 0, ledger_commit or ledger_abandon ends
 * it.
 */
int ledger_begin(struct ledger *ledger, struct error *e);
/* ERR_REFUSED when the disk has less than LEDGER_ROOM left: an intent whose outcome may find no room is not
 * begun. */
enum { LEDGER_ROOM = 1024 * 1024 }; /* bytes: several times what intent, outcome and log take */
int ledger_check_room(const struct ledger *ledger, struct error *e);
/* Appends: seq, at, who, previous and hash are filled in here. entry->seq is the new number. On failure the
 * transaction is to be abandoned. */
int ledger_put(struct ledger *ledger, struct ledger_entry *entry, struct error *e);
int ledger_commit(struct ledger *ledger, struct error *e); /* on failure abandoned already */
void ledger_abandon(struct ledger *ledger);

/* Printable copy; NULL for NULL and "". */
char *ledger_clean(const char *text);

#endif
