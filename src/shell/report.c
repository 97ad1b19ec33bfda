/* Reports: text for people or one JSON object for machines, from the same calls (plugin.h, call.h). */
#include "base/text.h"
#include "shell/call.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

enum { TEXT_KEPT = 4 * 1024 * 1024 }; /* bytes of a command's output that expect can see */
enum { LABEL_WIDTH = 16 };

size_t report_width(const char *text)
{
    size_t width = 0, n = strlen(text);
    mbstate_t state = {0};
    while (n > 0) {
        wchar_t c;
        size_t used = mbrtowc(&c, text, n, &state);
        if (used == 0 || used > n)
            return width + n; /* not text of this locale: bytes are the best guess */
        int columns = wcwidth(c);
        width += columns > 0 ? (size_t)columns : 0;
        text += used;
        n -= used;
    }
    return width;
}

static void clear_progress(struct op_call *call)
{
    const struct front *front = call->session->front;
    if (call->report.progress && front != NULL)
        front->progress(front->ctx, "", 0, 0);
    else if (call->report.progress)
        fputs("\r\033[K", stderr);
    call->report.progress = false;
}

/* The one place where reports leave: to the front end, else to standard output and, notes, standard error. */
static void put(struct op_call *call, bool note, bool binary, const void *text, size_t len)
{
    const struct front *front = call->session->front;
    clear_progress(call);
    if (front != NULL) {
        front->write(front->ctx, note, binary, text, len);
        return;
    }
    if (note) /* in the order in which it was said, when both go to one place */
        fflush(stdout);
    fwrite(text, 1, len, note ? stderr : stdout);
}

/* Writes for people and remembers. */
static void emit(struct op_call *call, bool note, const void *text, size_t len)
{
    struct report *report = &call->report;
    if (!report->json)
        put(call, note, false, text, len);
    if (report->text.len + len <= TEXT_KEPT)
        buf_add(&report->text, text, len);
}

static void emit_line(struct op_call *call, bool note, const char *format, va_list ap)
{
    struct buf line = BUF_INIT;
    buf_vprintf(&line, format, ap);
    buf_add_byte(&line, '\n');
    emit(call, note, line.data, line.len);
    buf_free(&line);
}

void op_say(struct op_call *call, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    emit_line(call, false, format, ap);
    va_end(ap);
}

void op_note(struct op_call *call, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    emit_line(call, true, format, ap);
    va_end(ap);
}

void op_json(struct op_call *call, const char *key, cJSON *value)
{
    struct report *report = &call->report;
    if (key == NULL) {
        cJSON_Delete(report->result);
        report->result = value;
        return;
    }
    if (!cJSON_IsObject(report->result)) {
        cJSON *whole = report->result;
        report->result = cJSON_CreateObject();
        if (whole != NULL)
            cJSON_AddItemToObject(report->result, "value", whole);
    }
    cJSON_DeleteItemFromObjectCaseSensitive(report->result, key);
    cJSON_AddItemToObject(report->result, key, value);
}

void op_field(struct op_call *call, const char *key, const char *label, const char *format, ...)
{
    struct buf value = BUF_INIT, line = BUF_INIT;
    va_list ap;
    va_start(ap, format);
    buf_vprintf(&value, format, ap);
    va_end(ap);
    if (label != NULL) {
        size_t width = report_width(label);
        buf_printf(&line, "%s%*s  %s\n", label, width < LABEL_WIDTH ? (int)(LABEL_WIDTH - width) : 0, "",
                   buf_text(&value));
        emit(call, false, line.data, line.len);
    }
    if (key != NULL)
        op_json(call, key, cJSON_CreateString(buf_text(&value)));
    buf_free(&value);
    buf_free(&line);
}

void op_data(struct op_call *call, const void *bytes, size_t len, bool binary)
{
    struct buf text = BUF_INIT, shown = BUF_INIT;
    bool person = !call->report.json && (call->session->front ? !binary : isatty(STDOUT_FILENO));
    if (person) /* a terminal would obey what is in it */
        text_printable(bytes, len, true, 0, &shown);
    if (binary)
        text_base64(bytes, len, &text);
    else
        buf_add(&text, bytes, len);
    if (person)
        emit(call, false, shown.data, shown.len);
    else if (!binary)
        emit(call, false, bytes, len);
    else if (!call->report.json)
        put(call, false, true, bytes, len);
    buf_free(&shown);
    op_json(call, "data", cJSON_CreateString(buf_text(&text)));
    buf_free(&text);
}

void op_table_begin(struct op_call *call, const char *key, const struct op_column *columns, size_t count)
{
    struct report *report = &call->report;
    cJSON_Delete(report->table);
    free(report->table_key);
    report->table = cJSON_CreateArray();
    report->table_key = mem_string(key);
    report->columns = columns;
    report->column_count = count;
}

void op_table_row(struct op_call *call, const char *const *cells)
{
    struct report *report = &call->report;
    cJSON *row = cJSON_CreateObject();
    for (size_t i = 0; i < report->column_count; i++)
        cJSON_AddStringToObject(row, report->columns[i].key, cells[i] ? cells[i] : "");
    cJSON_AddItemToArray(report->table, row);
}

static const char *cell_text(const cJSON *row, const struct op_column *column)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(row, column->key));
    return text ? text : "";
}

/* One line of the table; row NULL: the titles. */
static void table_line(struct op_call *call, const cJSON *row, const size_t *width)
{
    const struct report *report = &call->report;
    struct buf line = BUF_INIT;
    for (size_t i = 0; i < report->column_count; i++) {
        const char *text = row ? cell_text(row, &report->columns[i]) : report->columns[i].title;
        size_t shown = report_width(text);
        buf_add_text(&line, text);
        if (i + 1 < report->column_count)
            buf_printf(&line, "%*s", (int)(width[i] - shown + 2), "");
    }
    while (line.len > 0 && line.data[line.len - 1] == ' ')
        line.len--;
    buf_add_byte(&line, '\n');
    emit(call, false, line.data, line.len);
    buf_free(&line);
}

void op_table_end(struct op_call *call)
{
    struct report *report = &call->report;
    size_t *width = mem_alloc((report->column_count + 1) * sizeof *width);
    bool titles = true;
    const cJSON *row;
    for (size_t i = 0; i < report->column_count; i++) {
        titles = titles && report->columns[i].title != NULL;
        width[i] = report->columns[i].title ? report_width(report->columns[i].title) : 0;
        cJSON_ArrayForEach(row, report->table)
        {
            size_t w = report_width(cell_text(row, &report->columns[i]));
            width[i] = w > width[i] ? w : width[i];
        }
    }
    if (titles && report->table->child != NULL)
        table_line(call, NULL, width);
    cJSON_ArrayForEach(row, report->table) table_line(call, row, width);
    free(width);
    op_json(call, report->table_key, report->table);
    report->table = NULL;
}

void op_progress(struct op_call *call, const char *what, uint64_t done, uint64_t total)
{
    const struct front *front = call->session->front;
    if (call->report.json || (front == NULL && !isatty(STDERR_FILENO)))
        return;
    if (total == 0) {
        clear_progress(call);
        return;
    }
    call->report.progress = true;
    if (front != NULL) {
        front->progress(front->ctx, what, done, total);
        return;
    }
    fprintf(stderr, "\r\033[K%s  %llu of %llu bytes (%llu %%)", what, (unsigned long long)done,
            (unsigned long long)total, (unsigned long long)(done * 100 / total));
    fflush(stderr);
}

/* Appends code as \uNNNN, a pair of surrogates above U+FFFF (RFC 8259 section 7). */
static void put_json_escape(unsigned long code, struct buf *to)
{
    if (code > 0xFFFF) {
        code -= 0x10000;
        buf_printf(to, "\\u%04lx", 0xD800 + (code >> 10));
        code = 0xDC00 + (code & 0x3FF);
    }
    buf_printf(to, "\\u%04lx", code);
}

void report_safe_json(const char *json, struct buf *to)
{
    struct buf shown = BUF_INIT;
    for (size_t i = 0; json[i] != '\0';) {
        unsigned char c = (unsigned char)json[i];
        size_t len = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
        len = strnlen(json + i, len);
        buf_clear(&shown);
        text_printable(json + i, len, true, 0, &shown);
        if (shown.len == len && memcmp(shown.data, json + i, len) == 0) {
            buf_add(to, json + i, len);
        } else if (c == 0x7F || (c >= 0xC2 && shown.len == 4)) { /* DEL, or a C1 control: shown as \xNN */
            put_json_escape(strtoul(buf_text(&shown) + 2, NULL, 16), to);
        } else if (text_starts(buf_text(&shown), "\\u{")) {
            put_json_escape(strtoul(buf_text(&shown) + 3, NULL, 16), to);
        } else { /* not UTF-8 */
            put_json_escape(0xFFFD, to);
            len = 1;
        }
        i += len;
    }
    buf_free(&shown);
}

/* "applied" only once something may have been sent: what was refused before its first step was a plan, and
 * what has no plan has read at most. */
static const char *mode_name(const struct op_call *call, bool ok)
{
    if (call->mode != NULL)
        return call->mode;
    if (call->op == NULL || call->op->hazard == HAZARD_NONE)
        return "read";
    if (call->op->plan != NULL)
        return !call->plan && (ok || call->step > 0) ? "applied" : "plan";
    return call->entered ? "applied" : "read";
}

static void write_json(struct op_call *call, const char *where, int64_t elapsed_ms, const struct error *e)
{
    struct session *session = call->session;
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "command",
                            call->op               ? call->op->name
                            : call->parse->command ? call->parse->command
                                                   : "");
    cJSON_AddBoolToObject(root, "ok", e->code == 0);
    cJSON_AddStringToObject(root, "mode", mode_name(call, e->code == 0));
    if (e->code == 0) {
        cJSON_AddItemToObject(root, "result",
                              call->report.result ? cJSON_Duplicate(call->report.result, true)
                                                  : cJSON_CreateNull());
    } else {
        cJSON *error = cJSON_AddObjectToObject(root, "error");
        char *message = mem_printf("%s%s%s", where ? where : "", where ? ": " : "", e->message);
        cJSON_AddNumberToObject(error, "code", error_exit_status(e->code));
        cJSON_AddStringToObject(error, "message", message);
        free(message);
    }
    const char *id = session->device ? device_id_known(session->device) : NULL;
    cJSON_AddItemToObject(root, "device", id ? cJSON_CreateString(id) : cJSON_CreateNull());
    cJSON_AddNumberToObject(root, "elapsed_ms", (double)elapsed_ms);
    char *text = cJSON_PrintUnformatted(root);
    struct buf safe = BUF_INIT;
    report_safe_json(text ? text : "{}", &safe);
    buf_add_byte(&safe, '\n');
    put(call, false, false, safe.data, safe.len);
    buf_free(&safe);
    cJSON_free(text);
    cJSON_Delete(root);
}

static void write_error(struct op_call *call, const char *where, const struct error *e)
{
    struct buf text = BUF_INIT;
    size_t n = strlen(e->message);
    if (call->session->front == NULL)
        buf_add_text(&text, "lockstep: ");
    if (where != NULL)
        buf_printf(&text, "%s: ", where);
    if (call->op != NULL)
        buf_printf(&text, "%s: ", call->op->name);
    buf_printf(&text, "%s%s\n", e->message, n > 0 && strchr(".?!:", e->message[n - 1]) != NULL ? "" : ".");
    if (*e->next) /* as it is: it may end in a line to copy */
        buf_printf(&text, "  Next: %s\n", e->next);
    put(call, true, false, text.data, text.len);
    buf_free(&text);
}

void report_echo(struct op_call *call, const char *line)
{
    char *text = mem_printf("+ %s\n", line);
    put(call, true, false, text, strlen(text));
    free(text);
}

void report_open(struct op_call *call)
{
    if (call->session->front != NULL)
        return;
    fflush(stdout);
    clearerr(
        stdout); /* what went wrong before, Ctrl-C in the middle of a prompt, say, is not this command's */
}

void report_close(struct op_call *call, const char *where, int64_t elapsed_ms, struct error *e)
{
    clear_progress(call);
    if (call->report.json)
        write_json(call, where, elapsed_ms, e);
    bool unflushed = call->session->front == NULL && fflush(stdout) != 0;
    if (e->code == 0 && unflushed)
        error_set_errno(e, ERR_REFUSED, "the answer could not be written to standard output");
    else if (e->code == 0 && call->session->front == NULL && ferror(stdout))
        error_set(e, ERR_REFUSED, "the answer could not be written to standard output");
    if (ferror(stdout))
        call->report.json = false; /* what is left to say can only go to standard error */
    if (e->code != 0 && !call->report.json && !call->told)
        write_error(call, where, e);
}
