/* Reading entries: by filter, by number, open ones. */
#include "gate/ledger_inside.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

void ledger_list_free(struct ledger_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        ledger_entry_free(&list->entry[i]);
    free(list->entry);
    *list = (struct ledger_list){0};
}

/* A beginning of 2026-11-20T10:42:07Z, not cut inside a number. */
static int check_date(const char *name, const char *date, struct error *e)
{
    static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
    size_t n = date != NULL ? strlen(date) : 0, i = 0;
    while (i < n &&
           (form[i] == 'd' ? isdigit((unsigned char)date[i]) : form[i] != '\0' && form[i] == date[i]))
        i++;
    if (date == NULL || (i == n && n >= 4 && form[n - 1] != '-' && form[n - 1] != 'T' && form[n - 1] != ':' &&
                         form[n] != 'd'))
        return 0;
    error_set(e, ERR_USAGE, "%s is not a date: give 2026, 2026-11, 2026-11-20 or 2026-11-20T10:42, in UTC",
              name);
    return ERR_USAGE;
}

/* ?1 device, ?2 operation, ?3 kind, ?4 since, ?5 until, ?6 only open ones, ?7 limit. */
static const char by_filter[] =
    " FROM entry WHERE (?1 IS NULL OR lower(identity) = lower(?1) OR lower(device) = lower(?1))"
    " AND (?2 IS NULL OR operation = ?2) AND (?3 IS NULL OR kind = ?3)"
    " AND (?4 IS NULL OR substr(at, 1, length(?4)) >= ?4)"
    " AND (?5 IS NULL OR substr(at, 1, length(?5)) <= ?5)"
    " AND (?6 = 0 OR (kind = 'intent' AND answer IS NULL))"
    " ORDER BY seq DESC LIMIT ?7";
static const char answer[] = ", (SELECT min(o.seq) FROM entry AS o WHERE o.refers = entry.seq AND "
                             "o.kind = 'outcome') AS answer";

static const char by_number[] = " FROM entry WHERE seq = ?1";

static void bind_filter(sqlite3_stmt *query, const struct ledger_filter *filter)
{
    const char *texts[] = {filter->device, filter->operation, filter->kind, filter->since, filter->until};
    for (int i = 0; i < 5; i++)
        sqlite3_bind_text(query, i + 1, texts[i], -1, SQLITE_STATIC); /* NULL binds NULL */
    sqlite3_bind_int(query, 6, filter->open);
    sqlite3_bind_int64(query, 7, filter->limit ? (int64_t)filter->limit + 1 : -1);
}

static void add_row(struct ledger_list *list, size_t *room, sqlite3_stmt *query)
{
    if (list->count == *room) {
        *room = *room ? *room * 2 : 16;
        list->entry = mem_grow(list->entry, *room * sizeof *list->entry);
    }
    struct ledger_entry *entry = &list->entry[list->count++];
    ledger_row_read(query, entry);
    if (sqlite3_column_type(query, LEDGER_COLUMNS) == SQLITE_INTEGER)
        entry->answer = sqlite3_column_int64(query, LEDGER_COLUMNS);
    entry->open = entry->kind != NULL && strcmp(entry->kind, "intent") == 0 && entry->answer == LEDGER_ABSENT;
}

/* Newest first as they were read -> oldest first, without the one over the limit. */
static void put_in_order(struct ledger_list *list, size_t limit)
{
    list->more = limit != 0 && list->count > limit;
    if (list->more)
        ledger_entry_free(&list->entry[--list->count]);
    for (size_t i = 0, k = list->count; i + 1 < k; i++) {
        struct ledger_entry kept = list->entry[--k];
        list->entry[k] = list->entry[i];
        list->entry[i] = kept;
    }
}

static sqlite3_stmt *select_entries(struct ledger *ledger, const char *conditions, struct error *e)
{
    struct buf sql = BUF_INIT;
    buf_add_text(&sql, "SELECT ");
    ledger_column_names(&sql);
    buf_printf(&sql, "%s%s", answer, conditions);
    sqlite3_stmt *query = ledger_store_query(ledger, buf_text(&sql), e);
    buf_free(&sql);
    return query;
}

/* Reads what the query gives, and finalizes it. */
static int read_rows(struct ledger *ledger, sqlite3_stmt *query, struct ledger_list *list, struct error *e)
{
    size_t room = 0;
    int step;
    while ((step = sqlite3_step(query)) == SQLITE_ROW)
        add_row(list, &room, query);
    int rc = step == SQLITE_DONE ? 0 : ledger_store_fault(ledger, "read", e);
    sqlite3_finalize(query);
    if (rc != 0)
        ledger_list_free(list);
    return rc;
}

int ledger_list(struct ledger *ledger, const struct ledger_filter *filter, struct ledger_list *list,
                struct error *e)
{
    bool found = false;
    *list = (struct ledger_list){0};
    int rc = check_date("since", filter->since, e);
    if (rc == 0)
        rc = check_date("until", filter->until, e);
    if (rc == 0)
        rc = ledger_store_read(ledger, &found, e);
    sqlite3_stmt *query = rc == 0 && found ? select_entries(ledger, by_filter, e) : NULL;
    if (query == NULL)
        return rc == 0 && found ? ERR_REFUSED : rc;
    bind_filter(query, filter);
    rc = read_rows(ledger, query, list, e);
    put_in_order(list, filter->limit);
    return rc;
}

int ledger_open_intents(struct ledger *ledger, const char *identity, struct ledger_list *list,
                        struct error *e)
{
    struct ledger_filter filter = {.device = identity, .open = true};
    return ledger_list(ledger, &filter, list, e);
}

int ledger_show(struct ledger *ledger, int64_t seq, struct ledger_list *list, struct error *e)
{
    bool found = false;
    *list = (struct ledger_list){0};
    int rc = ledger_store_read(ledger, &found, e);
    sqlite3_stmt *query = rc == 0 && found ? select_entries(ledger, by_number, e) : NULL;
    if (rc != 0 || (found && query == NULL))
        return ERR_REFUSED;
    if (query != NULL) {
        sqlite3_bind_int64(query, 1, seq);
        rc = read_rows(ledger, query, list, e);
    }
    if (rc != 0 || list->count > 0)
        return rc;
    error_set(e, ERR_REFUSED, "the ledger %s has no entry %lld", ledger->path, (long long)seq);
    return error_next(e, "lockstep ledger lists the entries.");
}
