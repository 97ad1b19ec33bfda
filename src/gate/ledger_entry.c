/* An entry's columns, and the hash over them (doc/ledger.md): every column but the hash itself, in the
 * table's order, each as one letter for its type, its length in bytes, a colon, its bytes, a newline. Lengths
 * stand in front, so nothing can move from one column to the next without changing what is hashed. */
#include "base/text.h"
#include "gate/ledger_inside.h"
#include "pki/key.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char ledger_zero_hash[LEDGER_HASH_SIZE] =
    "0000000000000000000000000000000000000000000000000000000000000000";

static const char hash_domain[] = "lockstep-ledger-1\n";

#define NUMBER(name, required)                                                                               \
    {                                                                                                        \
#name, false, required, offsetof(struct ledger_entry, name)                                          \
    }
#define TEXT(name, required)                                                                                 \
    {                                                                                                        \
#name, true, required, offsetof(struct ledger_entry, name)                                           \
    }
const struct ledger_column ledger_columns[LEDGER_COLUMNS] = {
    NUMBER(seq, true),      TEXT(kind, true),      TEXT(at, true),        TEXT(tool, false),
    TEXT(who, true),        TEXT(identity, false), TEXT(device, false),   TEXT(port, false),
    TEXT(operation, false), TEXT(line, false),     TEXT(plan, false),     TEXT(plan_hash, false),
    TEXT(state, false),     NUMBER(step, false),   NUMBER(refers, false), NUMBER(code, false),
    TEXT(sentence, false),  TEXT(readback, false), TEXT(previous, true),  TEXT(hash, true),
};

enum { HASHED_COLUMNS = LEDGER_COLUMNS - 1 };

static char **text_at(const struct ledger_entry *entry, const struct ledger_column *column)
{
    return (char **)((char *)entry + column->at);
}

static int64_t *number_at(const struct ledger_entry *entry, const struct ledger_column *column)
{
    return (int64_t *)((char *)entry + column->at);
}

const char *ledger_entry_text(const struct ledger_entry *entry, const struct ledger_column *column)
{
    return *text_at(entry, column);
}

int64_t ledger_entry_number(const struct ledger_entry *entry, const struct ledger_column *column)
{
    return *number_at(entry, column);
}

void ledger_entry_free(struct ledger_entry *entry)
{
    for (size_t i = 0; i < LEDGER_COLUMNS; i++)
        if (ledger_columns[i].is_text)
            free(*text_at(entry, &ledger_columns[i]));
    *entry = LEDGER_ENTRY_INIT;
}

void ledger_column_names(struct buf *to)
{
    for (size_t i = 0; i < LEDGER_COLUMNS; i++)
        buf_printf(to, "%s%s", i ? ", " : "", ledger_columns[i].name);
}

char *ledger_clean(const char *text)
{
    struct buf clean = BUF_INIT;
    if (text != NULL)
        text_printable(text, strlen(text), false, 0, &clean);
    if (clean.len > 0)
        return buf_take(&clean);
    buf_free(&clean);
    return NULL;
}

/* --- the hash ------------------------------------------------------------------------------------------- */

static void put_field(struct buf *to, char type, const void *bytes, size_t len)
{
    buf_printf(to, "%c%zu:", type, len);
    buf_add(to, bytes, len);
    buf_add_byte(to, '\n');
}

static void put_number(struct buf *to, int64_t number)
{
    char digits[24];
    put_field(to, 'i', digits, (size_t)snprintf(digits, sizeof digits, "%" PRId64, number));
}

static void finish_hash(struct buf *content, char hash[LEDGER_HASH_SIZE])
{
    uint8_t digest[32];
    pki_sha256(content->data, content->len, digest);
    text_hex(digest, sizeof digest, hash);
    buf_free(content);
}

void ledger_entry_hash(const struct ledger_entry *entry, char hash[LEDGER_HASH_SIZE])
{
    struct buf content = BUF_INIT;
    buf_add_text(&content, hash_domain);
    for (size_t i = 0; i < HASHED_COLUMNS; i++) {
        const struct ledger_column *column = &ledger_columns[i];
        const char *text = column->is_text ? *text_at(entry, column) : NULL;
        if (column->is_text ? text == NULL : *number_at(entry, column) == LEDGER_ABSENT)
            put_field(&content, 'n', "", 0);
        else if (column->is_text)
            put_field(&content, 't', text, strlen(text));
        else
            put_number(&content, *number_at(entry, column));
    }
    finish_hash(&content, hash);
}

void ledger_row_hash(sqlite3_stmt *row, int64_t seq, char hash[LEDGER_HASH_SIZE])
{
    /* By the type a value is stored as: one that became another type hashes to something else. */
    static const char types[] = {[SQLITE_INTEGER] = 'i',
                                 [SQLITE_FLOAT] = 'f',
                                 [SQLITE_TEXT] = 't',
                                 [SQLITE_BLOB] = 'b',
                                 [SQLITE_NULL] = 'n'};
    struct buf content = BUF_INIT;
    buf_add_text(&content, hash_domain);
    for (int i = 0; i < HASHED_COLUMNS; i++) {
        int type = sqlite3_column_type(row, i);
        const void *bytes = type == SQLITE_BLOB ? sqlite3_column_blob(row, i) : sqlite3_column_text(row, i);
        if (i == 0 && seq != 0)
            put_number(&content, seq);
        else
            put_field(&content, types[type], bytes ? bytes : "", (size_t)sqlite3_column_bytes(row, i));
    }
    finish_hash(&content, hash);
}

void ledger_row_read(sqlite3_stmt *row, struct ledger_entry *entry)
{
    char hash[LEDGER_HASH_SIZE];
    *entry = LEDGER_ENTRY_INIT;
    ledger_row_hash(row, 0, hash);
    for (int i = 0; i < LEDGER_COLUMNS; i++) {
        const struct ledger_column *column = &ledger_columns[i];
        const char *text = (const char *)sqlite3_column_text(row, i);
        if (text != NULL && column->is_text)
            *text_at(entry, column) = mem_string(text);
        else if (text != NULL)
            *number_at(entry, column) = sqlite3_column_int64(row, i);
    }
    entry->intact = entry->hash != NULL && strcmp(entry->hash, hash) == 0;
}
