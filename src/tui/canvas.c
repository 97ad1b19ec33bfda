/* Canvas: see canvas.h. */
#include "tui/canvas.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void canvas_init(struct canvas *canvas, int rows, int cols, bool ascii)
{
    *canvas = (struct canvas){.ascii = ascii};
    canvas_resize(canvas, rows, cols);
}

void canvas_free(struct canvas *canvas)
{
    free(canvas->cell);
    free(canvas->hit);
    *canvas = (struct canvas){0};
}

void canvas_resize(struct canvas *canvas, int rows, int cols)
{
    canvas->rows = rows > 0 ? rows : 1;
    canvas->cols = cols > 0 ? cols : 1;
    free(canvas->cell);
    canvas->cell = mem_alloc((size_t)canvas->rows * (size_t)canvas->cols * sizeof *canvas->cell);
    canvas_clear(canvas);
}

static struct cell *cell_at(struct canvas *canvas, int y, int x)
{
    if (y < 0 || x < 0 || y >= canvas->rows || x >= canvas->cols)
        return NULL;
    return &canvas->cell[(size_t)y * (size_t)canvas->cols + (size_t)x];
}

static const struct cell blank = {.text = {L' '}, .width = 1};

void canvas_clear(struct canvas *canvas)
{
    for (size_t i = 0; i < (size_t)canvas->rows * (size_t)canvas->cols; i++)
        canvas->cell[i] = blank;
    canvas->cursor_y = canvas->cursor_x = -1;
    canvas->hits = 0;
}

/* --- characters ----------------------------------------------------------------------------------------- */

/* Length and value of a well-formed sequence (Unicode 15, table 3-7), or 0. */
static size_t decode(const unsigned char *p, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = *p < 0x80                 ? 1
               : *p >= 0xC2 && *p < 0xE0 ? 2
               : (*p & 0xF0) == 0xE0     ? 3
               : (*p & 0xF8) == 0xF0     ? 4
                                         : 0;
    if (n == 0)
        return 0;
    *code = n == 1 ? *p : *p & (0x7Fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80) /* the end of the string is no such byte */
            return 0;
        *code = *code << 6 | (p[i] & 0x3F);
    }
    bool surrogate = *code >= 0xD800 && *code < 0xE000;
    return *code < least[n] || surrogate || *code > 0x10FFFF ? 0 : n;
}

uint32_t canvas_decode(const char **text)
{
    uint32_t code;
    if (**text == '\0')
        return 0;
    size_t n = decode((const unsigned char *)*text, &code);
    *text += n ? n : 1;
    return n ? code : 0xFFFD;
}

struct range {
    uint32_t first, last;
};

/* Characters whose width terminals do not agree on, or that change their neighbours: variation selectors,
 * conjoining jamo, regional indicators, skin tones, tags. */
static const struct range unsure[] = {
    {0x034F,  0x034F },
    {0x1160,  0x11FF },
    {0x180B,  0x180F },
    {0x200B,  0x200F },
    {0x2028,  0x202E },
    {0x2060,  0x206F },
    {0xFE00,  0xFE0F },
    {0xFEFF,  0xFEFF },
    {0xFFF9,  0xFFFB },
    {0x1F1E6, 0x1F1FF},
    {0x1F3FB, 0x1F3FF},
    {0xE0000, 0xE0FFF}
};

static bool is_unsure(uint32_t code)
{
    for (size_t i = 0; i < sizeof unsure / sizeof unsure[0]; i++)
        if (code >= unsure[i].first && code <= unsure[i].last)
            return true;
    return code < 0x20 || (code >= 0x7F && code < 0xA0);
}

int canvas_char_width(uint32_t code)
{
    if (code < 0x7F)
        return 1; /* controls are drawn as "?" */
    int width = is_unsure(code) ? 1 : wcwidth((wchar_t)code);
    return width < 0 ? 1 : width;
}

/* What stands for a character where only ASCII can be shown. */
static const struct {
    uint32_t code;
    char ascii;
} plain[] = {
    {0x2026, '~' }, /* … */
    {0x2013, '-' }, /* – */
    {0x2014, '-' },
    {0x2018, '\''},
    {0x2019, '\''},
    {0x201C, '"' },
    {0x201D, '"' },
    {0x00B7, '.' }, /* · */
    {0x00B0, 'o' }, /* ° */
    {0x00B2, '2' },
    {0x00D7, 'x' },
    {0x2190, '<' },
    {0x2191, '^' },
    {0x2192, '>' },
    {0x2193, 'v' },
    {0x25CF, '#' }, /* ● */
    {0x25CB, 'o' }, /* ○ */
    {0x25C7, 'o' }, /* ◇ */
    {0x25C6, '#' }, /* ◆ */
    {0x25B8, '>' }, /* ▸ */
    {0x25C0, '<' }, /* ◀ */
    {0x25B2, '^' },
    {0x25BC, 'v' },
    {0x26A0, '!' }, /* ⚠ */
    {0x2713, '+' }, /* ✓ */
    {0x2717, 'x' },
    {0x2588, '#' },
    {0x2502, '|' },
    {0x2500, '-' }
};

static wchar_t in_ascii(uint32_t code)
{
    if (code < 0x7F)
        return (wchar_t)code;
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        if (plain[i].code == code)
            return (wchar_t)plain[i].ascii;
    return code >= 0x2500 && code < 0x2580 ? L'+' : L'?';
}

static wchar_t shown(const struct canvas *canvas, uint32_t code)
{
    if (is_unsure(code) || (code > 0x7F && wcwidth((wchar_t)code) < 0 && !canvas->ascii))
        return L'?';
    return canvas->ascii ? in_ascii(code) : (wchar_t)code;
}

int canvas_width(const char *text)
{
    int width = 0;
    for (uint32_t code; (code = canvas_decode(&text)) != 0;)
        width += canvas_char_width(code);
    return width;
}

size_t canvas_cut(const char *text, int cols)
{
    const char *at = text, *next = text;
    for (uint32_t code; (code = canvas_decode(&next)) != 0; at = next) {
        cols -= canvas_char_width(code);
        if (cols < 0)
            break;
    }
    return (size_t)(at - text);
}

/* --- drawing -------------------------------------------------------------------------------------------- */

/* A character that loses one half is a blank from then on. */
static void unlink_halves(struct canvas *canvas, int y, int x)
{
    struct cell *cell = cell_at(canvas, y, x);
    if (cell->width == 0 && x > 0)
        *cell_at(canvas, y, x - 1) = blank;
    if (cell->width == 2 && x + 1 < canvas->cols)
        *cell_at(canvas, y, x + 1) = blank;
}

/* Puts one character of one or two columns; false when it does not fit there. */
static bool put_char(struct canvas *canvas, int y, int x, enum style style, uint32_t code, int width)
{
    struct cell *cell = cell_at(canvas, y, x);
    if (cell == NULL || x + width > canvas->cols)
        return false;
    for (int i = 0; i < width; i++) {
        unlink_halves(canvas, y, x + i);
        *cell_at(canvas, y, x + i) =
            (struct cell){.style = (uint8_t)style, .width = i == 0 ? (uint8_t)width : 0};
    }
    cell->text[0] = shown(canvas, code);
    if (width == 2 && canvas->ascii) {
        cell->width = 1;
        cell[1] = (struct cell){.text = {L' '}, .style = (uint8_t)style, .width = 1};
    }
    return true;
}

/* A mark on the character before; more than fit are left out. */
static void join_char(struct canvas *canvas, int y, int x, uint32_t code)
{
    struct cell *cell = x > 0 ? cell_at(canvas, y, x - 1) : NULL;
    if (cell != NULL && cell->width == 0 && x > 1)
        cell--;
    if (cell == NULL || canvas->ascii)
        return;
    for (int i = 1; i < CELL_CHARS; i++)
        if (cell->text[i] == 0) {
            cell->text[i] = (wchar_t)code;
            return;
        }
}

int canvas_put_scrolled(struct canvas *canvas, int y, int x, int cols, int skip, enum style style,
                        const char *text)
{
    int used = 0;
    for (uint32_t code; (code = canvas_decode(&text)) != 0;) {
        int width = canvas_char_width(code);
        if (skip > 0) {
            skip -= width;
            for (; skip < 0; skip++, used++) /* half of a wide character sticks out */
                put_char(canvas, y, x + used, style, ' ', 1);
        } else if (width == 0) {
            if (used > 0)
                join_char(canvas, y, x + used, code);
        } else if (used + width > cols || !put_char(canvas, y, x + used, style, code, width)) {
            break;
        } else {
            used += width;
        }
    }
    return used;
}

int canvas_put(struct canvas *canvas, int y, int x, int cols, enum style style, const char *text)
{
    if (cols <= 0)
        return 0;
    if (canvas_width(text) <= cols)
        return canvas_put_scrolled(canvas, y, x, cols, 0, style, text);
    size_t cut = canvas_cut(text, cols - 1);
    char *head = mem_alloc(cut + 1);
    memcpy(head, text, cut);
    int used = canvas_put_scrolled(canvas, y, x, cols, 0, style, head);
    free(head);
    return used + canvas_put_scrolled(canvas, y, x + used, 1, 0, style, "…");
}

int canvas_print(struct canvas *canvas, int y, int x, int cols, enum style style, const char *format, ...)
{
    struct buf text = BUF_INIT;
    va_list ap;
    va_start(ap, format);
    buf_vprintf(&text, format, ap);
    va_end(ap);
    int used = canvas_put(canvas, y, x, cols, style, buf_text(&text));
    buf_free(&text);
    return used;
}

int canvas_words(struct canvas *canvas, struct rect at, int skip, enum style style, const char *text)
{
    int indent = (int)strspn(text, " "), rows = 0;
    indent = indent < at.cols / 2 ? indent : 0;
    text += indent;
    do {
        size_t n = canvas_cut(text, at.cols - indent), fold = n;
        while (text[n] != '\0' && fold > 0 && text[fold] != ' ')
            fold--;
        n = fold > 0 ? fold : n;
        n = n > 0 ? n : strlen(text); /* too narrow for a single character */
        if (canvas != NULL && rows >= skip && rows - skip < at.rows)
            canvas_print(canvas, at.y + rows - skip, at.x + indent, at.cols - indent, style, "%.*s", (int)n,
                         text);
        rows++;
        text += n;
        text += strspn(text, " ");
    } while (*text != '\0');
    return rows;
}

void canvas_fill(struct canvas *canvas, struct rect at, enum style style)
{
    for (int y = at.y; y < at.y + at.rows; y++)
        for (int x = at.x; x < at.x + at.cols; x++)
            put_char(canvas, y, x, style, ' ', 1);
}

void canvas_over(struct canvas *canvas, struct rect at, enum style over)
{
    for (int y = at.y; y < at.y + at.rows; y++)
        for (int x = at.x; x < at.x + at.cols; x++) {
            struct cell *cell = cell_at(canvas, y, x);
            if (cell != NULL)
                cell->over = (uint8_t)over;
        }
}

void canvas_dim(struct canvas *canvas, struct rect at)
{
    for (int y = at.y; y < at.y + at.rows; y++)
        for (int x = at.x; x < at.x + at.cols; x++) {
            struct cell *cell = cell_at(canvas, y, x);
            if (cell != NULL)
                cell->style = STYLE_DIM;
        }
}

static void edge(struct canvas *canvas, int y, struct rect at, enum style style, const char *left,
                 const char *right)
{
    int end = at.x + at.cols - 1;
    canvas_put_scrolled(canvas, y, at.x, 1, 0, style, left);
    for (int x = at.x + 1; x < end; x++)
        put_char(canvas, y, x, style, 0x2500, 1);
    canvas_put_scrolled(canvas, y, end, 1, 0, style, right);
}

static void edge_title(struct canvas *canvas, int y, struct rect at, enum style style, const char *title)
{
    int room = at.cols - 4;
    if (title == NULL || *title == '\0' || room < 3)
        return;
    int used = 1 + canvas_put(canvas, y, at.x + 2, room - 1, style, title);
    put_char(canvas, y, at.x + 1, style, ' ', 1);
    put_char(canvas, y, at.x + 1 + used, style, ' ', 1);
}

void canvas_box(struct canvas *canvas, struct rect at, enum style style, enum style title_style,
                const char *title, const char *note)
{
    int bottom = at.y + at.rows - 1;
    if (at.rows < 2 || at.cols < 2)
        return;
    edge(canvas, at.y, at, style, "┌", "┐");
    edge(canvas, bottom, at, style, "└", "┘");
    for (int y = at.y + 1; y < bottom; y++) {
        put_char(canvas, y, at.x, style, 0x2502, 1);
        put_char(canvas, y, at.x + at.cols - 1, style, 0x2502, 1);
    }
    edge_title(canvas, at.y, at, title_style, title);
    if (note != NULL && *note != '\0') {
        int width = canvas_width(note), room = at.cols - 6;
        width = width < room ? width : room;
        int x = at.x + at.cols - 3 - width;
        put_char(canvas, bottom, x - 1, STYLE_AGE, ' ', 1);
        canvas_put(canvas, bottom, x, width, STYLE_AGE, note);
        put_char(canvas, bottom, x + width, STYLE_AGE, ' ', 1);
    }
}

void canvas_hline(struct canvas *canvas, struct rect at, enum style style, const char *title)
{
    edge(canvas, at.y, at, style, "├", "┤");
    edge_title(canvas, at.y, at, STYLE_PANE_TITLE, title);
}

/* --- clicks, text --------------------------------------------------------------------------------------- */

void canvas_hit(struct canvas *canvas, struct rect at, int kind, long value)
{
    if (canvas->hits == canvas->hits_max) {
        canvas->hits_max = canvas->hits_max ? canvas->hits_max * 2 : 64;
        canvas->hit = mem_grow(canvas->hit, canvas->hits_max * sizeof *canvas->hit);
    }
    canvas->hit[canvas->hits++] = (struct hit){.at = at, .kind = kind, .value = value};
}

const struct hit *canvas_hit_at(const struct canvas *canvas, int y, int x)
{
    for (size_t i = canvas->hits; i-- > 0;)
        if (rect_holds(canvas->hit[i].at, y, x))
            return &canvas->hit[i];
    return NULL;
}

static void put_utf8(uint32_t code, struct buf *to)
{
    if (code < 0x80) {
        buf_add_byte(to, (uint8_t)code);
        return;
    }
    int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const uint8_t lead[] = {0, 0xC0, 0xE0, 0xF0};
    buf_add_byte(to, (uint8_t)(lead[more] | code >> (6 * more)));
    while (more-- > 0)
        buf_add_byte(to, (uint8_t)(0x80 | (code >> (6 * more) & 0x3F)));
}

void canvas_text(const struct canvas *canvas, struct buf *to)
{
    for (int y = 0; y < canvas->rows; y++) {
        const struct cell *row = &canvas->cell[(size_t)y * (size_t)canvas->cols];
        for (int x = 0; x < canvas->cols; x++)
            for (int i = 0; row[x].width > 0 && i < CELL_CHARS && row[x].text[i] != 0; i++)
                put_utf8((uint32_t)row[x].text[i], to);
        while (to->len > 0 && to->data[to->len - 1] == ' ')
            to->len--;
        buf_add_byte(to, '\n');
    }
    if (to->data != NULL)
        to->data[to->len] = '\0';
}
