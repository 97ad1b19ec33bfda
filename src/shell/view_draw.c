/* Pages of views as columns and lines of text: what the console draws and what `w` writes. See view_page.h.
 */
#include "shell/view_page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum { GAP = 2 }; /* columns between columns */

static const struct {
    const char *sign, *ascii;
} signs[VIEW_STYLES] = {
    [VIEW_GOOD] = {"√", "+"},
      [VIEW_WARN] = {"▲", "^"},
      [VIEW_BAD] = {"!",   "!"},
    [VIEW_LOCKED] = {"●", "#"},
      [VIEW_OPEN] = {"○", "o"},
};

const char *view_style_sign(enum view_style style, bool ascii)
{
    const char *sign =
        (unsigned)style < VIEW_STYLES ? (ascii ? signs[style].ascii : signs[style].sign) : NULL;
    return sign != NULL ? sign : "";
}

/* --- characters ----------------------------------------------------------------------------------------- */

/* One character of printable text, which is well-formed UTF-8; anything else counts byte by byte. */
static size_t next_char(const char *text, uint32_t *cp)
{
    unsigned char first = (unsigned char)text[0];
    size_t len = first < 0xC2 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 1;
    *cp = len == 1 ? first : first & (0x7Fu >> len);
    for (size_t i = 1; i < len; i++) {
        if (((unsigned char)text[i] & 0xC0) != 0x80) {
            *cp = first;
            return 1;
        }
        *cp = *cp << 6 | ((unsigned char)text[i] & 0x3F);
    }
    return len;
}

static int char_width(uint32_t cp)
{
    int width = wcwidth((wchar_t)cp);
    return width >= 0 ? width : 1;
}

int view_width(const char *text)
{
    int width = 0;
    while (*text != '\0') {
        uint32_t cp;
        text += next_char(text, &cp);
        width += char_width(cp);
    }
    return width;
}

/* How ASCII writes what our own sentences use beyond it. */
static const struct {
    uint32_t cp;
    const char *ascii;
} plain[] = {
    {0x2013, "-"  },
    {0x2014, "-"  },
    {0x2026, "..."},
    {0xB2,   "2"  },
    {0xB7,   "."  },
    {0xD7,   "x"  },
    {0x2192, "->" },
    {0x2022, "*"  },
    {0xA0,   " "  },
    {0x2019, "'"  },
};

static void add_ascii(uint32_t cp, struct buf *to)
{
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        if (plain[i].cp == cp) {
            buf_add_text(to, plain[i].ascii);
            return;
        }
    buf_printf(to, "\\u{%04x}", (unsigned)cp);
}

static void add_shown(const char *text, bool ascii, struct buf *to)
{
    while (*text != '\0') {
        uint32_t cp;
        size_t len = next_char(text, &cp);
        if (cp < 0x80 || (!ascii && wcwidth((wchar_t)cp) >= 0))
            buf_add(to, text, len);
        else if (ascii)
            add_ascii(cp, to);
        else
            buf_printf(to, "\\u{%04x}", (unsigned)cp);
        text += len;
    }
}

void view_span_shown(const struct view_span_text *span, bool ascii, struct buf *to)
{
    const char *sign = view_style_sign(span->style, ascii);
    if (sign[0] != '\0' && span->text[0] != '\0')
        buf_printf(to, "%s ", sign);
    add_shown(span->text, ascii, to);
}

int view_fit(const char *text, int width, bool ascii, struct buf *to)
{
    int shown = 0, room = view_width(text) <= width ? width : width - 1;
    while (*text != '\0') {
        uint32_t cp;
        size_t len = next_char(text, &cp);
        if (shown + char_width(cp) > room)
            break;
        buf_add(to, text, len);
        shown += char_width(cp);
        text += len;
    }
    if (*text != '\0' && width > 0) {
        buf_add_text(to, ascii ? "~" : "…");
        shown++;
    }
    return shown;
}

/* --- columns -------------------------------------------------------------------------------------------- */

/* Columns that a column's widest cell takes, its title included. */
static int natural_width(const struct view_page *page, size_t column)
{
    const char *title = page->columns[column].title;
    int widest = title != NULL ? view_width(title) : 0;
    for (size_t i = 0; i < page->count; i++) {
        const struct view_line *line = &page->line[i];
        if (line->id == NULL || column >= line->count || line->span[column].text[0] == '\0')
            continue;
        int sign = view_style_sign(line->span[column].style, false)[0] != '\0' ? GAP : 0;
        int width = view_width(line->span[column].text) + sign;
        widest = width > widest ? width : widest;
    }
    return widest;
}

/* Gives `left` to the flexible columns that still want some, in equal shares. */
static void share(const struct view_page *page, const int *wanted, int left, int *widths)
{
    for (;;) {
        int hungry = 0;
        for (size_t i = 0; i < page->column_count; i++)
            hungry += page->columns[i].flexible && widths[i] > 0 && widths[i] < wanted[i];
        if (hungry == 0 || left <= 0)
            return;
        int each = left / hungry > 0 ? left / hungry : 1;
        for (size_t i = 0; i < page->column_count && left > 0; i++) {
            if (!page->columns[i].flexible || widths[i] == 0 || widths[i] >= wanted[i])
                continue;
            int more = wanted[i] - widths[i] < each ? wanted[i] - widths[i] : each;
            widths[i] += more < left ? more : left;
            left -= more < left ? more : left;
        }
    }
}

void view_page_widths(const struct view_page *page, int width, int *widths)
{
    int left = width;
    int *wanted = mem_alloc((page->column_count + 1) * sizeof *wanted);
    bool full = false;
    for (size_t i = 0; i < page->column_count; i++) {
        int least = page->columns[i].width > 0 ? page->columns[i].width : 1, gap = i > 0 ? GAP : 0;
        full = full || least + gap > left;
        widths[i] = full ? 0 : least;
        if (full && i == 0)
            widths[i] = width > 0 ? width : 0; /* too narrow even for one: a piece of it */
        left -= full ? (i == 0 ? left : 0) : least + gap;
        wanted[i] = page->columns[i].flexible ? natural_width(page, i) : 0;
    }
    share(page, wanted, left, widths);
    free(wanted);
}

/* --- plain text ----------------------------------------------------------------------------------------- */

static void end_line(size_t start, struct buf *to)
{
    while (to->len > start && to->data[to->len - 1] == ' ')
        to->len--;
    buf_add_byte(to, '\n');
}

/* One cell in its column; `before` holds the spaces that are due before it. */
static void add_cell(const struct view_column *column, int width, const char *text, bool ascii, int *before,
                     struct buf *to)
{
    struct buf cell = BUF_INIT;
    int used = view_fit(text, width, ascii, &cell), rest = width - used;
    buf_printf(to, "%*s%s", *before + (column->numeric ? rest : 0), "", buf_text(&cell));
    *before = GAP + (column->numeric ? 0 : rest);
    buf_free(&cell);
}

static void add_row(const struct view_page *page, const struct view_line *line, const int *widths, bool ascii,
                    struct buf *to)
{
    size_t start = to->len;
    int before = 0;
    for (size_t i = 0; i < page->column_count; i++) {
        struct buf shown = BUF_INIT;
        if (line == NULL)
            add_shown(page->columns[i].title ? page->columns[i].title : "", ascii, &shown);
        else if (i < line->count)
            view_span_shown(&line->span[i], ascii, &shown);
        if (widths[i] > 0)
            add_cell(&page->columns[i], widths[i], buf_text(&shown), ascii, &before, to);
        buf_free(&shown);
    }
    end_line(start, to);
}

static void add_text_line(const struct view_line *line, int width, bool ascii, struct buf *to)
{
    struct buf shown = BUF_INIT;
    size_t start = to->len;
    for (size_t i = 0; i < line->count; i++)
        view_span_shown(&line->span[i], ascii, &shown);
    view_fit(buf_text(&shown), width, ascii, to);
    buf_free(&shown);
    end_line(start, to);
}

static bool has_titles(const struct view_page *page)
{
    for (size_t i = 0; i < page->column_count; i++)
        if (page->columns[i].title != NULL && page->columns[i].title[0] != '\0')
            return true;
    return false;
}

void view_page_text(const struct view_page *page, int width, bool ascii, struct buf *to)
{
    int *widths = mem_alloc((page->column_count + 1) * sizeof *widths);
    view_page_widths(page, width, widths);
    if (has_titles(page))
        add_row(page, NULL, widths, ascii, to);
    for (size_t i = 0; i < page->count; i++) {
        const struct view_line *line = &page->line[i];
        if (line->id != NULL && page->column_count > 0)
            add_row(page, line, widths, ascii, to);
        else
            add_text_line(line, width, ascii, to);
    }
    free(widths);
}
