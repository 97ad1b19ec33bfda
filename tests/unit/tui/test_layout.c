/* The layout: every size from the least up is covered without gaps or overlaps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tui/layout.h"
#include "tui/tui.h"

#include <stdlib.h>
#include <string.h>

static void cover(unsigned char *screen, int cols, struct rect at)
{
    for (int y = at.y; y < at.y + at.rows; y++)
        for (int x = at.x; x < at.x + at.cols; x++)
            screen[y * cols + x]++;
}

static void check(int rows, int cols, bool larger)
{
    struct layout layout;
    unsigned char *screen = calloc((size_t)rows * (size_t)cols + 4096, 1);
    layout_make(&layout, rows, cols, larger);
    assert_true(layout.fits);
    cover(screen, cols, layout.header);
    cover(screen, cols, layout.list);
    cover(screen, cols, layout.view);
    cover(screen, cols, layout.command);
    cover(screen, cols, layout.hints);
    for (int i = 0; i < rows * cols; i++)
        if (screen[i] != 1)
            fail_msg("%dx%d: row %d column %d is covered %d times", cols, rows, i / cols, i % cols,
                     screen[i]);
    assert_true(layout.view.rows >= 7);
    assert_true(layout.command.rows >= 6);
    free(screen);
}

static void test_every_size(void **state)
{
    (void)state;
    for (int rows = LAYOUT_ROWS_MIN; rows <= 80; rows++)
        for (int cols = LAYOUT_COLS_MIN; cols <= 220; cols += 7) {
            check(rows, cols, false);
            check(rows, cols, true);
        }
}

static void test_too_small(void **state)
{
    (void)state;
    struct layout layout;
    layout_make(&layout, LAYOUT_ROWS_MIN - 1, LAYOUT_COLS_MIN, false);
    assert_false(layout.fits);
    layout_make(&layout, LAYOUT_ROWS_MIN, LAYOUT_COLS_MIN - 1, false);
    assert_false(layout.fits);
    layout_make(&layout, LAYOUT_ROWS_MIN, LAYOUT_COLS_MIN, false);
    assert_true(layout.fits);
}

static void test_size_text(void **state)
{
    (void)state;
    int cols, rows;
    struct error e = {0};
    assert_int_equal(tui_parse_size("100x30", &cols, &rows, &e), 0);
    assert_int_equal(cols, 100);
    assert_int_equal(rows, 30);
    static const char *const wrong[] = {"",     "100",  "100x",  "x30",     "100x30x",
                                        "0x10", "10x0", "-5x10", "1001x10", "a\033x1"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(tui_parse_size(wrong[i], &cols, &rows, &e), ERR_USAGE);
        assert_null(strchr(e.message, '\033'));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_size), cmocka_unit_test(test_too_small),
                                       cmocka_unit_test(test_size_text)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
