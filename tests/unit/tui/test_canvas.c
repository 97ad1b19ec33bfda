/* The canvas: what is drawn, what can't be drawn, and where a click lands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tui/canvas.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

static void assert_text(const struct canvas *canvas, const char *wanted)
{
    struct buf text = BUF_INIT;
    canvas_text(canvas, &text);
    assert_string_equal(buf_text(&text), wanted);
    buf_free(&text);
}

static void test_put_and_cut(void **state)
{
    (void)state;
    struct canvas canvas;
    canvas_init(&canvas, 2, 8, false);
    assert_int_equal(canvas_put(&canvas, 0, 0, 8, STYLE_PLAIN, "abcdefgh"), 8);
    assert_int_equal(canvas_put(&canvas, 1, 1, 5, STYLE_BAD, "abcdefgh"), 5);
    assert_text(&canvas, "abcdefgh\n abcd…\n");
    assert_int_equal(canvas.cell[8 + 1].style, STYLE_BAD);
    assert_int_equal(canvas.cell[8 + 0].style, STYLE_PLAIN);
    assert_int_equal(canvas_put(&canvas, 0, 0, 0, STYLE_PLAIN, "x"), 0);
    canvas_put(&canvas, -1, 0, 8, STYLE_PLAIN, "above");
    canvas_put(&canvas, 2, 0, 8, STYLE_PLAIN, "below");
    canvas_put(&canvas, 0, 20, 8, STYLE_PLAIN, "right");
    assert_text(&canvas, "abcdefgh\n abcd…\n");
    canvas_free(&canvas);
}

static void test_wide_characters_stay_whole(void **state)
{
    (void)state;
    struct canvas canvas;
    canvas_init(&canvas, 1, 6, false);
    assert_int_equal(canvas_put(&canvas, 0, 0, 6, STYLE_PLAIN, "日本語"), 6);
    assert_text(&canvas, "日本語\n");
    canvas_put(&canvas, 0, 1, 1, STYLE_PLAIN, "x"); /* over the right half of the first */
    assert_text(&canvas, " x本語\n");
    canvas_put(&canvas, 0, 4, 1, STYLE_PLAIN, "y"); /* over the left half of the last */
    assert_text(&canvas, " x本y\n");
    canvas_clear(&canvas);
    assert_int_equal(canvas_put(&canvas, 0, 0, 5, STYLE_PLAIN, "日本語"), 5);
    assert_text(&canvas, "日本…\n");
    canvas_clear(&canvas);
    canvas_put_scrolled(&canvas, 0, 0, 6, 1, STYLE_PLAIN, "日本"); /* half of the first sticks out */
    assert_text(&canvas, " 本\n");
    assert_false(canvas_put(&canvas, 0, 5, 6, STYLE_PLAIN, "語") > 1);
    canvas_free(&canvas);
}

static void test_marks_join(void **state)
{
    (void)state;
    struct canvas canvas;
    canvas_init(&canvas, 1, 4, false);
    assert_int_equal(canvas_put(&canvas, 0, 0, 4, STYLE_PLAIN, "e\u0301x"), 2);
    assert_text(&canvas, "e\u0301x\n");
    char many[256] = "a";
    for (int i = 0; i < 100; i++)
        strcat(many, "\u0301");
    assert_int_equal(canvas_put(&canvas, 0, 0, 4, STYLE_PLAIN, many), 1);
    assert_text(&canvas, "a\u0301\u0301x\n");
    canvas_free(&canvas);
}

/* Nothing that a terminal obeys, whoever calls. */
static void test_hostile_text(void **state)
{
    (void)state;
    static const char *const texts[] = {"\033]0;t\a",
                                        "\033[2J",
                                        "a\rb",
                                        "\xc2\x85",
                                        "\xc2\x9b"
                                        "31m",
                                        "\x9b"
                                        "31m",
                                        "\u202etxt",
                                        "\u200b\u200d",
                                        "\xff\xfe",
                                        "\xc0\x80",
                                        "\x7f",
                                        "\u2066x\u2069",
                                        "\U0001F1E6x",
                                        "\uFEFFx",
                                        "\xed\xa0\x80",
                                        "\xf4\x90\x80\x80"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct canvas canvas;
        canvas_init(&canvas, 1, 20, false);
        canvas_put(&canvas, 0, 0, 20, STYLE_PLAIN, texts[i]);
        for (int x = 0; x < 20; x++)
            for (int k = 0; k < CELL_CHARS && canvas.cell[x].text[k]; k++) {
                wchar_t c = canvas.cell[x].text[k];
                assert_false(c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x200b && c <= 0x200f));
                assert_false((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF);
                assert_false((c >= 0xd800 && c < 0xe000) || c > 0x10ffff);
            }
        canvas_free(&canvas);
    }
}

static void test_ascii(void **state)
{
    (void)state;
    struct canvas canvas;
    canvas_init(&canvas, 3, 14, true);
    canvas_box(&canvas, (struct rect){0, 0, 3, 14}, STYLE_BORDER, STYLE_PLAIN, "tëst", NULL);
    canvas_put(&canvas, 1, 1, 12, STYLE_PLAIN, "● 1→2 … 語x");
    struct buf text = BUF_INIT;
    canvas_text(&canvas, &text);
    for (size_t i = 0; i < text.len; i++)
        assert_true(text.data[i] < 0x7f);
    assert_string_equal(buf_text(&text), "+ t?st ------+\n|# 1>2 ~ ? x |\n+------------+\n");
    buf_free(&text);
    canvas_free(&canvas);
}

static void test_box(void **state)
{
    (void)state;
    struct canvas canvas;
    canvas_init(&canvas, 3, 16, false);
    canvas_box(&canvas, (struct rect){0, 0, 3, 16}, STYLE_BORDER, STYLE_PANE_TITLE, "a title far too long",
               "note");
    assert_text(&canvas, "┌ a title fa… ─┐\n│              │\n└─────── note ─┘\n");
    canvas_free(&canvas);
}

static void test_words(void **state)
{
    (void)state;
    struct canvas canvas;
    canvas_init(&canvas, 4, 12, false);
    struct rect at = {0, 0, 4, 12};
    assert_int_equal(canvas_words(&canvas, at, 0, STYLE_PLAIN, "  one two three four"), 2);
    assert_text(&canvas, "  one two\n  three four\n\n\n");
    assert_int_equal(canvas_words(NULL, at, 0, STYLE_PLAIN, "averyveryverylongword"), 2);
    assert_int_equal(canvas_words(NULL, at, 0, STYLE_PLAIN, ""), 1);
    canvas_clear(&canvas);
    canvas_words(&canvas, at, 1, STYLE_PLAIN, "  one two three four");
    assert_text(&canvas, "  three four\n\n\n\n");
    assert_true(canvas_words(NULL, (struct rect){0, 0, 1, 1}, 0, STYLE_PLAIN, "日本") >= 1); /* ends at all */
    canvas_free(&canvas);
}

static void test_hits(void **state)
{
    (void)state;
    struct canvas canvas;
    canvas_init(&canvas, 4, 4, false);
    canvas_hit(&canvas, (struct rect){0, 0, 4, 4}, 1, 10);
    canvas_hit(&canvas, (struct rect){1, 1, 1, 2}, 2, 20);
    assert_int_equal(canvas_hit_at(&canvas, 1, 2)->value, 20);
    assert_int_equal(canvas_hit_at(&canvas, 1, 3)->value, 10);
    assert_null(canvas_hit_at(&canvas, 4, 0));
    canvas_clear(&canvas);
    assert_null(canvas_hit_at(&canvas, 1, 2));
    canvas_free(&canvas);
}

static void test_over_and_dim(void **state)
{
    (void)state;
    struct canvas canvas;
    canvas_init(&canvas, 1, 4, false);
    canvas_put(&canvas, 0, 0, 4, STYLE_BAD, "abcd");
    canvas_over(&canvas, (struct rect){0, 1, 1, 9}, STYLE_CURSOR);
    assert_int_equal(canvas.cell[0].over, 0);
    assert_int_equal(canvas.cell[1].over, STYLE_CURSOR);
    assert_int_equal(canvas.cell[1].style, STYLE_BAD);
    canvas_dim(&canvas, (struct rect){0, 0, 1, 1});
    assert_int_equal(canvas.cell[0].style, STYLE_DIM);
    canvas_free(&canvas);
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_and_cut), cmocka_unit_test(test_wide_characters_stay_whole),
        cmocka_unit_test(test_marks_join),  cmocka_unit_test(test_hostile_text),
        cmocka_unit_test(test_ascii),       cmocka_unit_test(test_box),
        cmocka_unit_test(test_words),       cmocka_unit_test(test_hits),
        cmocka_unit_test(test_over_and_dim)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
