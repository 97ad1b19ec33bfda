/* Export: JSON lines and CSV (RFC 4180), from the column table. */
#include "base/text.h"
#include "gate/ledger_inside.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <string.h>

/* Text as it was written is printable already and stays as it is; only what another hand put in changes. */
static void add_json(cJSON *line, const struct ledger_entry *entry, const struct ledger_column *column)
{
    const char *text = column->is_text ? ledger_entry_text(entry, column) : NULL;
    if (text != NULL) {
        struct buf clean = BUF_INIT;
        text_printable(text, strlen(text), false, 0, &clean);
        cJSON_AddStringToObject(line, column->name, buf_text(&clean));
        buf_free(&clean);
    } else if (!column->is_text && ledger_entry_number(entry, column) != LEDGER_ABSENT) {
        cJSON_AddNumberToObject(line, column->name, (double)ledger_entry_number(entry, column));
    } else {
        cJSON_AddNullToObject(line, column->name);
    }
}

static void put_jsonl(const struct ledger_entry *entry, struct buf *to)
{
    cJSON *line = cJSON_CreateObject();
    for (size_t i = 0; i < LEDGER_COLUMNS; i++)
        add_json(line, entry, &ledger_columns[i]);
    char *text = cJSON_PrintUnformatted(line);
    buf_printf(to, "%s\n", text);
    cJSON_free(text);
    cJSON_Delete(line);
}

/* Quoted, quotes doubled. What begins like a formula (=, +, -, @) would be run by a spreadsheet: ' in front.
 */
static void put_csv_text(const char *text, struct buf *to)
{
    struct buf clean = BUF_INIT;
    text_printable(text, strlen(text), false, 0, &clean);
    buf_add_text(to, "\"");
    if (clean.len > 0 && strchr("=+-@\t", clean.data[0]) != NULL)
        buf_add_text(to, "'");
    for (size_t i = 0; i < clean.len; i++) {
        if (clean.data[i] == '"')
            buf_add_text(to, "\"");
        buf_add_byte(to, clean.data[i]);
    }
    buf_add_text(to, "\"");
    buf_free(&clean);
}

static void put_csv(const struct ledger_entry *entry, struct buf *to)
{
    for (size_t i = 0; i < LEDGER_COLUMNS; i++) {
        const struct ledger_column *column = &ledger_columns[i];
        const char *text = column->is_text ? ledger_entry_text(entry, column) : NULL;
        if (i > 0)
            buf_add_text(to, ",");
        if (text != NULL)
            put_csv_text(text, to);
        else if (!column->is_text && ledger_entry_number(entry, column) != LEDGER_ABSENT)
            buf_printf(to, "%" PRId64, ledger_entry_number(entry, column));
    }
    buf_add_text(to, "\r\n");
}

static void put_csv_titles(struct buf *to)
{
    for (size_t i = 0; i < LEDGER_COLUMNS; i++)
        buf_printf(to, "%s%s", i ? "," : "", ledger_columns[i].name);
    buf_add_text(to, "\r\n");
}

int ledger_export(struct ledger *ledger, enum ledger_format format, const struct ledger_filter *filter,
                  struct buf *to, struct error *e)
{
    static void (*const puts[])(const struct ledger_entry *,
                                struct buf *) = {[LEDGER_JSONL] = put_jsonl, [LEDGER_CSV] = put_csv};
    struct ledger_list list;
    int rc = ledger_list(ledger, filter, &list, e);
    if (rc != 0)
        return rc;
    if (format == LEDGER_CSV)
        put_csv_titles(to);
    for (size_t i = 0; i < list.count; i++)
        puts[format](&list.entry[i], to);
    ledger_list_free(&list);
    return 0;
}
