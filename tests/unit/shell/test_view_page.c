/* The page that views fill: filling, widths, order, filter, search, plain text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shell/view_page.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const struct view_column columns[] = {
    {.key = "n",    .title = "n",    .width = 3, .numeric = true },
    {.key = "name", .title = "name", .width = 4, .flexible = true},
    {.key = "more", .title = "more", .width = 5, .flexible = true},
};

static void add(struct view_page *page, const char *id, const char *number, const char *name,
                const char *more)
{
    view_row(page, id);
    view_cell(page, VIEW_PLAIN, "%s", number);
    view_cell(page, VIEW_PLAIN, "%s", name);
    view_cell(page, VIEW_PLAIN, "%s", more);
}

static void fill(struct view_page *page)
{
    view_page_init(page);
    view_columns(page, columns, COUNT(columns));
    view_text(page, VIEW_TITLE, "first");
    add(page, "a", "10", "beta", "x");
    add(page, "b", "9", "Alpha", "y");
    add(page, "c", "–", "gamma", "x");
    view_text(page, VIEW_TITLE, "second");
    add(page, "d", "1", "alpha", "z");
    add(page, "e", "1", "ALPHA", "z");
}

static void assert_text(const struct view_page *page, int width, bool ascii, const char *wanted)
{
    struct buf text = BUF_INIT;
    view_page_text(page, width, ascii, &text);
    assert_string_equal(buf_text(&text), wanted);
    buf_free(&text);
}

static void assert_ids(const struct view_page *page, const char *wanted)
{
    char ids[64] = "";
    for (size_t i = 0; i < page->count; i++)
        strcat(ids, page->line[i].id != NULL ? page->line[i].id : "-");
    assert_string_equal(ids, wanted);
}

static void test_text(void **state)
{
    (void)state;
    struct view_page page;
    fill(&page);
    assert_text(&page, 40, false,
                "  n  name   more\n"
                "first\n"
                " 10  beta   x\n"
                "  9  Alpha  y\n"
                "  –  gamma  x\n"
                "second\n"
                "  1  alpha  z\n"
                "  1  ALPHA  z\n");
    assert_text(&page, 4, true,
                "  n\n"
                "fir~\n"
                " 10\n"
                "  9\n"
                "  -\n"
                "sec~\n"
                "  1\n"
                "  1\n");
    view_page_free(&page);
    assert_int_equal(page.count, 0);
    assert_text(&page, 80, false, "");
}

static void test_signs(void **state)
{
    (void)state;
    static const struct view_column column[] = {
        {.key = "a", .title = "",   .width = 8},
        {.key = "b", .title = NULL, .width = 4}
    };
    struct view_page page;
    view_page_init(&page);
    view_columns(&page, column, 2);
    view_row(&page, "1");
    view_cell(&page, VIEW_LOCKED, "LOCKED");
    view_cell(&page, VIEW_OPEN, "%s", ""); /* nothing to sign */
    view_span(&page, VIEW_PLAIN, "zone ");
    view_span(&page, VIEW_OPEN, "open");
    view_text_end(&page);
    view_span(&page, VIEW_BAD, "bad");
    view_text_end(&page);
    view_text_end(&page);
    assert_text(&page, 20, false, "● LOCKED\nzone ○ open\n! bad\n\n");
    assert_text(&page, 20, true, "# LOCKED\nzone o open\n! bad\n\n");
    assert_text(&page, 5, false, "● LO…\nzone…\n! bad\n\n");
    view_page_free(&page);
    for (int style = 0; style < VIEW_STYLES; style++)
        for (const char *c = view_style_sign((enum view_style)style, true); *c != '\0'; c++)
            assert_true(*c > 0x20 && *c < 0x7f);
    assert_string_equal(view_style_sign(VIEW_STYLES, false), "");
}

static void test_printable(void **state)
{
    (void)state;
    struct view_page page;
    char *name = mem_alloc(10241);
    memset(name, 'n', 10240);
    view_page_init(&page);
    view_text(&page, VIEW_PLAIN, "%s", "a\x1b[31m\nb\tc\xff");
    view_row(&page, "id\x1b");
    view_cell(&page, VIEW_PLAIN, "%s", name);
    assert_string_equal(page.line[0].span[0].text, "a\\x1b[31m\\x0ab c\\xff");
    assert_string_equal(page.line[1].id, "id\\x1b");
    assert_true(strlen(page.line[1].span[0].text) <= VIEW_TEXT_MAX + 3);
    view_page_free(&page);
    free(name);
}

static void test_cells_without_row(void **state)
{
    (void)state;
    struct view_page page;
    view_page_init(&page);
    view_cell(&page, VIEW_PLAIN, "alone");
    view_text(&page, VIEW_PLAIN, "text");
    view_cell(&page, VIEW_PLAIN, "after text");
    assert_int_equal(page.count, 3);
    assert_string_equal(page.line[0].id, "");
    assert_null(page.line[1].id);
    assert_text(&page, 20, false, "alone\ntext\nafter text\n");
    view_page_free(&page);
}

static void test_words(void **state)
{
    (void)state;
    struct view_page page;
    view_page_init(&page);
    view_words(&page, VIEW_WARN, "%s",
               "one two three four five six seven eight nine ten eleven twelve thirteen fourteen");
    view_words(&page, VIEW_PLAIN, "%s", "");
    assert_int_equal(page.count, 2);
    assert_string_equal(page.line[0].span[0].text, "one two three four five six seven eight nine ten eleven");
    assert_int_equal(page.line[0].span[0].style, VIEW_WARN);
    assert_int_equal(page.line[1].span[0].style, VIEW_PLAIN);
    view_page_free(&page);

    char long_word[200];
    memset(long_word, 'w', sizeof long_word - 1);
    long_word[sizeof long_word - 1] = '\0';
    view_words(&page, VIEW_PLAIN, "%s", long_word); /* no space to break at */
    assert_int_equal(page.count, 4);
    view_words(&page, VIEW_PLAIN, "%s", "中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中");
    for (size_t i = 0; i < page.count; i++)
        assert_true(view_width(page.line[i].span[0].text) <= VIEW_MEASURE);
    view_page_free(&page);
}

static void test_width(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int width;
    } cases[] = {
        {"",          0},
        {"abc",       3},
        {"é",        1},
        {"中文",    4},
        {"e\xcc\x81", 1},
        {"🔒",      2},
        {"\x80\xff",  2},
        {"\xe4\xb8",  2},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(view_width(cases[i].text), cases[i].width);
}

static void test_fit(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int width;
        bool ascii;
        const char *wanted;
        int columns;
    } cases[] = {
        {"abcdef",    6,  false, "abcdef",    6},
        {"abcdef",    5,  false, "abcd…",   5},
        {"abcdef",    5,  true,  "abcd~",     5},
        {"abcdef",    1,  false, "…",       1},
        {"abcdef",    0,  false, "",          0},
        {"",          0,  false, "",          0},
        {"中文字", 5,  false, "中文…", 5},
        {"中文字", 4,  false, "中…",    3},
        {"中",       1,  false, "…",       1},
        {"abc",       -3, false, "",          0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf to = BUF_INIT;
        assert_int_equal(view_fit(cases[i].text, cases[i].width, cases[i].ascii, &to), cases[i].columns);
        assert_string_equal(buf_text(&to), cases[i].wanted);
        buf_free(&to);
    }
}

static void test_ascii(void **state)
{
    (void)state;
    char text[] = "I²C – 中… 5 × 2 → ok";
    const struct view_span_text span = {VIEW_WARN, text};
    struct buf to = BUF_INIT;
    view_span_shown(&span, true, &to);
    assert_string_equal(buf_text(&to), "^ I2C - \\u{4e2d}... 5 x 2 -> ok");
    buf_clear(&to);
    view_span_shown(&span, false, &to);
    assert_string_equal(buf_text(&to), "▲ I²C – 中… 5 × 2 → ok");
    buf_free(&to);
}

/* A character that the locale does not know may take any number of columns. */
static void test_unknown_characters(void **state)
{
    (void)state;
    char text[] = "a\xcd\xb8z"; /* U+0378 is assigned to nothing */
    const struct view_span_text span = {VIEW_PLAIN, text};
    struct buf to = BUF_INIT;
    view_span_shown(&span, false, &to);
    assert_string_equal(buf_text(&to), "a\\u{0378}z");
    buf_free(&to);
}

static void assert_widths(const struct view_page *page, int width, int a, int b, int c)
{
    int widths[3] = {-1, -1, -1};
    view_page_widths(page, width, widths);
    assert_int_equal(widths[0], a);
    assert_int_equal(widths[1], b);
    assert_int_equal(widths[2], c);
}

static void test_widths(void **state)
{
    (void)state;
    struct view_page page;
    fill(&page);
    assert_widths(&page, 16, 3, 4, 5);  /* the least */
    assert_widths(&page, 100, 3, 5, 5); /* no more than is needed */
    assert_widths(&page, 15, 3, 5, 0);
    assert_widths(&page, 8, 3, 0, 0);
    assert_widths(&page, 3, 3, 0, 0);
    assert_widths(&page, 2, 2, 0, 0);
    assert_widths(&page, 0, 0, 0, 0);
    assert_widths(&page, -1, 0, 0, 0);
    add(&page, "f", "1", "twenty columns wide ", "eleven wide");
    assert_widths(&page, 26, 3, 9, 10); /* equal shares */
    assert_widths(&page, 30, 3, 12, 11);
    assert_widths(&page, 60, 3, 20, 11);
    view_page_free(&page);
}

static void test_sort(void **state)
{
    (void)state;
    struct view_page page;
    fill(&page);
    assert_ids(&page, "-abc-de");
    view_page_sort(&page, 0, false); /* as numbers; what is none comes first; runs stay apart */
    assert_ids(&page, "-cba-de");
    view_page_sort(&page, 0, true);
    assert_ids(&page, "-abc-de"); /* equal ones as they stood */
    view_page_sort(&page, 1, false);
    assert_ids(&page, "-bac-de"); /* case ignored */
    view_page_sort(&page, 1, true);
    assert_ids(&page, "-cab-de");
    view_page_sort(&page, 2, false);
    assert_ids(&page, "-cab-de");
    view_page_sort(&page, 99, false);
    assert_ids(&page, "-cab-de");
    view_page_free(&page);
    view_page_sort(&page, 0, false);
}

/* Rows that lack the cell, and numbers that are none. */
static void test_sort_odd_cells(void **state)
{
    (void)state;
    struct view_page page;
    view_page_init(&page);
    view_columns(&page, columns, COUNT(columns));
    view_row(&page, "a");
    add(&page, "b", "inf", "x", "x");
    add(&page, "c", "-5", "x", "x");
    add(&page, "d", "2 KB", "x", "x");
    add(&page, "e", "nan", "x", "x");
    view_page_sort(&page, 0, false);
    assert_ids(&page, "abecd");
    view_page_sort(&page, 2, true);
    assert_ids(&page, "becda");
    view_page_free(&page);
}

static void test_filter(void **state)
{
    (void)state;
    struct view_page page;
    fill(&page);
    view_page_filter(&page, "");
    assert_ids(&page, "-abc-de");
    view_page_filter(&page, "ALPH");
    assert_ids(&page, "-b-de");
    view_page_filter(&page, "nowhere");
    assert_ids(&page, "--");
    view_page_free(&page);
    view_page_init(&page);
    add(&page, "u", "1", "GRÖSSE", "");
    view_page_filter(&page, "größe");
    assert_ids(&page, "");
    add(&page, "u", "1", "Größe", "");
    view_page_filter(&page, "GRÖ");
    assert_ids(&page, "u");
    view_page_free(&page);
}

static void test_search(void **state)
{
    (void)state;
    struct view_page page;
    fill(&page); /* 0 first, 1-3, 4 second, 5-6 */
    assert_int_equal(view_page_search(&page, "alpha", 0, false), 2);
    assert_int_equal(view_page_search(&page, "alpha", 2, false), 5);
    assert_int_equal(view_page_search(&page, "alpha", 6, false), 2);
    assert_int_equal(view_page_search(&page, "alpha", 2, true), 6);
    assert_int_equal(view_page_search(&page, "SECOND", 0, false), 4);
    assert_int_equal(view_page_search(&page, "gamma", 3, false), 3); /* itself, once around */
    assert_int_equal(view_page_search(&page, "alpha", -1, false), 2);
    assert_int_equal(view_page_search(&page, "first", -1, false), 0);
    assert_int_equal(view_page_search(&page, "alpha", 99, true), 6);
    assert_int_equal(view_page_search(&page, "nowhere", 0, false), -1);
    assert_int_equal(view_page_search(&page, "", 0, false), -1);
    assert_int_equal(view_page_find(&page, "d"), 5);
    assert_int_equal(view_page_find(&page, "first"), -1);
    view_page_free(&page);
    assert_int_equal(view_page_search(&page, "a", 0, false), -1);
}

static void test_missing(void **state)
{
    (void)state;
    struct snapshot snapshot = {0};
    struct view_context ctx = {.snapshot = &snapshot, .port = "", .selected = ""};
    struct snapshot_state *chip = &snapshot.part[SNAPSHOT_CHIP];
    struct view_page page;
    view_page_init(&page);
    chip->have = true;
    assert_false(view_missing(&page, &ctx, SNAPSHOT_CHIP));
    assert_int_equal(page.count, 0);
    chip->have = false;
    assert_true(view_missing(&page, &ctx, SNAPSHOT_CHIP));
    chip->asking = true;
    assert_true(view_missing(&page, &ctx, SNAPSHOT_CHIP));
    snapshot.link = RPC_LOST;
    chip->asking = false;
    assert_true(view_missing(&page, &ctx, SNAPSHOT_CHIP));
    error_set(&chip->why, ERR_REFUSED, "no secure element");
    error_next(&chip->why, "wire one.");
    assert_true(view_missing(&page, &ctx, SNAPSHOT_CHIP));
    assert_text(&page, 80, false,
                "The chip was not read yet; atca-get-config reads it.\n"
                "Reading the chip: no answer yet.\n"
                "▲ Not read: the link was lost before the chip came.\n"
                "atca-get-config reads it once the link is back.\n"
                "▲ Not read: no secure element\n"
                "Next: wire one.\n"
                "atca-get-config reads the chip again.\n");
    view_page_free(&page);
}

static void test_json(void **state)
{
    (void)state;
    cJSON *tree =
        cJSON_Parse("{\"a\":{\"b\":{\"c\":\"text\",\"n\":5}},\"\":{\"x\":\"empty key\"},\"l\":[1]}");
    assert_string_equal(view_json_text(tree, "a.b.c", "-"), "text");
    assert_string_equal(view_json_text(tree, "a.b.n", "-"), "-");
    assert_string_equal(view_json_text(tree, "a.b.c.d", "-"), "-");
    assert_string_equal(view_json_text(tree, "A.b.c", "-"), "-");
    assert_string_equal(view_json_text(NULL, "a", "-"), "-");
    assert_string_equal(view_json_text(tree, ".x", "-"), "empty key");
    assert_true(view_json_number(tree, "a.b.n", -1) == 5);
    assert_true(view_json_number(tree, "a.b.c", -1) == -1);
    assert_ptr_equal(view_json_at(tree, ""), tree);
    assert_null(view_json_at(tree, "l.0"));
    char path[400];
    memset(path, 'p', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_null(view_json_at(tree, path));
    cJSON_Delete(tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_signs),
        cmocka_unit_test(test_printable),
        cmocka_unit_test(test_cells_without_row),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_width),
        cmocka_unit_test(test_fit),
        cmocka_unit_test(test_ascii),
        cmocka_unit_test(test_unknown_characters),
        cmocka_unit_test(test_widths),
        cmocka_unit_test(test_sort),
        cmocka_unit_test(test_sort_odd_cells),
        cmocka_unit_test(test_filter),
        cmocka_unit_test(test_search),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_json),
    };
    setlocale(LC_ALL, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
