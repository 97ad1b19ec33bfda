/* Pages of views: filling, order, search, widths, plain text. See view.h and view_page.h. */
#include "shell/view_page.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

void view_page_init(struct view_page *page)
{
    *page = (struct view_page){0};
}

static void clear_line(struct view_line *line)
{
    for (size_t i = 0; i < line->count; i++)
        free(line->span[i].text);
    free(line->span);
    free(line->id);
}

void view_page_free(struct view_page *page)
{
    for (size_t i = 0; i < page->count; i++)
        clear_line(&page->line[i]);
    free(page->line);
    view_page_init(page);
}

/* --- filling ------------------------------------------------------------------------------------------- */

/* One line without anything a terminal obeys; a tab's width depends on where it stands, so it is a space. */
static char *printable(const char *s, size_t len)
{
    struct buf text = BUF_INIT;
    text_printable(s, len, false, VIEW_TEXT_MAX, &text);
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] == '\t')
            text.data[i] = ' ';
    buf_add(&text, "", 0);
    return text.data != NULL ? buf_take(&text) : mem_string("");
}

static struct view_line *add_line(struct view_page *page, const char *id)
{
    if (page->count == page->capacity) {
        page->capacity = page->capacity ? page->capacity * 2 : 32;
        page->line = mem_grow(page->line, page->capacity * sizeof *page->line);
    }
    struct view_line *line = &page->line[page->count++];
    *line = (struct view_line){.id = id ? printable(id, strlen(id)) : NULL};
    page->open = false;
    return line;
}

static void add_span(struct view_line *line, enum view_style style, const char *s, size_t len)
{
    if ((line->count & (line->count + 1)) == 0) /* room for 1, 3, 7, 15 … */
        line->span = mem_grow(line->span, (2 * line->count + 1) * sizeof *line->span);
    line->span[line->count++] = (struct view_span_text){style, printable(s, len)};
}

static void add_format(struct view_line *line, enum view_style style, const char *format, va_list ap)
{
    struct buf text = BUF_INIT;
    buf_vprintf(&text, format, ap);
    add_span(line, style, buf_text(&text), text.len);
    buf_free(&text);
}

void view_columns(struct view_page *page, const struct view_column *columns, size_t count)
{
    page->columns = columns;
    page->column_count = count;
}

void view_text(struct view_page *page, enum view_style style, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    add_format(add_line(page, NULL), style, format, ap);
    va_end(ap);
}

void view_row(struct view_page *page, const char *id)
{
    add_line(page, id);
}

/* A cell without a row begins one that can't be named. */
void view_cell(struct view_page *page, enum view_style style, const char *format, ...)
{
    va_list ap;
    if (page->count == 0 || page->line[page->count - 1].id == NULL)
        view_row(page, "");
    va_start(ap, format);
    add_format(&page->line[page->count - 1], style, format, ap);
    va_end(ap);
}

void view_span(struct view_page *page, enum view_style style, const char *format, ...)
{
    va_list ap;
    if (!page->open)
        add_line(page, NULL);
    page->open = true;
    va_start(ap, format);
    add_format(&page->line[page->count - 1], style, format, ap);
    va_end(ap);
}

void view_text_end(struct view_page *page)
{
    if (!page->open)
        add_line(page, NULL);
    page->open = false;
}

/* Bytes of a printable text that fit in the measure, up to the last space before its end. */
static size_t break_at(const char *text)
{
    size_t len = strlen(text), at = 0, space = 0;
    int columns = 0;
    struct buf one = BUF_INIT;
    while (at < len) {
        size_t step = 1;
        while (at + step < len && ((unsigned char)text[at + step] & 0xC0) == 0x80)
            step++;
        buf_clear(&one);
        buf_add(&one, text + at, step);
        columns += view_width(buf_text(&one));
        if (columns > VIEW_MEASURE)
            break;
        at += step;
        if (text[at] == ' ' || text[at] == '\0')
            space = at;
    }
    buf_free(&one);
    return space > 0 ? space : at;
}

void view_words(struct view_page *page, enum view_style style, const char *format, ...)
{
    struct buf text = BUF_INIT;
    va_list ap;
    va_start(ap, format);
    buf_vprintf(&text, format, ap);
    va_end(ap);
    char *whole = printable(buf_text(&text), text.len);
    for (const char *rest = whole; *rest != '\0';) {
        size_t len = break_at(rest);
        add_span(add_line(page, NULL), style, rest, len);
        style = style == VIEW_DIM || style == VIEW_VALUE ? style : VIEW_PLAIN; /* one sign a paragraph */
        rest += len;
        rest += strspn(rest, " ");
    }
    free(whole);
    buf_free(&text);
}

/* --- what is missing ------------------------------------------------------------------------------------ */

bool view_missing(struct view_page *page, const struct view_context *ctx, enum snapshot_part part)
{
    const struct snapshot_state *state = &ctx->snapshot->part[part];
    const char *name = snapshot_part_name(part), *command = snapshot_part_command(part);
    if (state->have)
        return false;
    if (state->why.code != 0) {
        view_words(page, VIEW_WARN, "Not read: %s", state->why.message);
        if (state->why.next[0] != '\0')
            view_words(page, VIEW_PLAIN, "Next: %s", state->why.next);
        view_words(page, VIEW_DIM, "%s reads the %s again.", command, name);
    } else if (state->asking) {
        view_words(page, VIEW_DIM, "Reading the %s: no answer yet.", name);
    } else if (ctx->snapshot->link != RPC_UP) {
        view_words(page, VIEW_WARN, "Not read: the link was lost before the %s came.", name);
        view_words(page, VIEW_DIM, "%s reads it once the link is back.", command);
    } else {
        view_words(page, VIEW_DIM, "The %s was not read yet; %s reads it.", name, command);
    }
    return true;
}

/* --- JSON of the device --------------------------------------------------------------------------------- */

const cJSON *view_json_at(const cJSON *tree, const char *path)
{
    char part[128];
    while (tree != NULL && *path != '\0') {
        size_t n = strcspn(path, ".");
        if (n >= sizeof part || !cJSON_IsObject(tree))
            return NULL;
        memcpy(part, path, n);
        part[n] = '\0';
        tree = cJSON_GetObjectItemCaseSensitive(tree, part);
        path += n + (path[n] == '.');
    }
    return tree;
}

const char *view_json_text(const cJSON *tree, const char *path, const char *fallback)
{
    const char *text = cJSON_GetStringValue(view_json_at(tree, path));
    return text != NULL ? text : fallback;
}

double view_json_number(const cJSON *tree, const char *path, double fallback)
{
    const cJSON *item = view_json_at(tree, path);
    return cJSON_IsNumber(item) ? item->valuedouble : fallback;
}

/* --- order and search ----------------------------------------------------------------------------------- */

static const char *cell_of(const struct view_line *line, size_t column)
{
    return column < line->count ? line->span[column].text : "";
}

struct order {
    struct view_line line;
    size_t place; /* keeps equal rows as they stand */
    double number;
    wchar_t *folded;
};

/* The text with letters' case taken away; what is no text of this locale stays byte by byte. Free it. */
static wchar_t *fold(const char *text)
{
    size_t len = strlen(text), n = 0;
    wchar_t *to = mem_alloc((len + 1) * sizeof *to);
    mbstate_t state = {0};
    while (*text != '\0') {
        wchar_t c;
        size_t used = mbrtowc(&c, text, strlen(text), &state);
        if (used == 0 || used > len) {
            c = (unsigned char)*text;
            used = 1;
            memset(&state, 0, sizeof state);
        }
        to[n++] = (wchar_t)towlower((wint_t)c);
        text += used;
    }
    return to;
}

/* The number a cell begins with; what begins with none comes before all numbers. */
static double leading_number(const char *text)
{
    text += strspn(text, " ");
    bool digit = *text >= '0' && *text <= '9', minus = *text == '-' && text[1] >= '0' && text[1] <= '9';
    return digit || minus ? strtod(text, NULL) : -1e308;
}

static int compare(const struct order *a, const struct order *b)
{
    int by_text = a->number == b->number ? wcscmp(a->folded, b->folded) : 0;
    return a->number != b->number ? (a->number < b->number ? -1 : 1) : by_text;
}

static int ascending(const void *left, const void *right)
{
    const struct order *a = left, *b = right;
    int by = compare(a, b);
    return by != 0 ? by : (a->place < b->place ? -1 : 1);
}

static int descending_order(const void *left, const void *right)
{
    const struct order *a = left, *b = right;
    int by = compare(b, a);
    return by != 0 ? by : (a->place < b->place ? -1 : 1);
}

static void sort_run(struct view_line *line, size_t count, size_t column, bool numeric, bool descending)
{
    struct order *order = mem_alloc((count + 1) * sizeof *order);
    for (size_t i = 0; i < count; i++) {
        const char *cell = cell_of(&line[i], column);
        order[i] = (struct order){line[i], i, numeric ? leading_number(cell) : 0, fold(cell)};
    }
    qsort(order, count, sizeof *order, descending ? descending_order : ascending);
    for (size_t i = 0; i < count; i++) {
        line[i] = order[i].line;
        free(order[i].folded);
    }
    free(order);
}

void view_page_sort(struct view_page *page, size_t column, bool descending)
{
    if (column >= page->column_count)
        return;
    for (size_t i = 0; i < page->count;) {
        size_t n = 0;
        while (i + n < page->count && page->line[i + n].id != NULL)
            n++;
        sort_run(&page->line[i], n, column, page->columns[column].numeric, descending);
        i += n + (n == 0);
    }
}

static bool holds(const struct view_line *line, const wchar_t *needle)
{
    bool found = false;
    for (size_t i = 0; i < line->count && !found; i++) {
        wchar_t *text = fold(line->span[i].text);
        found = wcsstr(text, needle) != NULL;
        free(text);
    }
    return found;
}

void view_page_filter(struct view_page *page, const char *needle)
{
    wchar_t *folded = fold(needle);
    size_t kept = 0;
    for (size_t i = 0; i < page->count; i++) {
        if (page->line[i].id == NULL || holds(&page->line[i], folded))
            page->line[kept++] = page->line[i];
        else
            clear_line(&page->line[i]);
    }
    page->count = kept;
    free(folded);
}

long view_page_search(const struct view_page *page, const char *needle, long from, bool backwards)
{
    long count = (long)page->count, found = -1;
    wchar_t *folded = fold(needle);
    if (from < 0 || from >= count)
        from = backwards ? 0 : count - 1;
    for (long i = 1; *needle != '\0' && i <= count && found < 0; i++) {
        long at = (from + (backwards ? count - i : i)) % count;
        if (holds(&page->line[at], folded))
            found = at;
    }
    free(folded);
    return found;
}

long view_page_find(const struct view_page *page, const char *id)
{
    for (size_t i = 0; i < page->count; i++)
        if (page->line[i].id != NULL && strcmp(page->line[i].id, id) == 0)
            return (long)i;
    return -1;
}
