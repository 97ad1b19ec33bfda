/* Themes: the format, its refusals, fewer colours, and the themes that come with lockstep. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/file.h"
#include "tui/theme.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int parse(struct theme *theme, const char *text, struct error *e)
{
    theme_plain(theme);
    return theme_parse(theme, text, strlen(text), e);
}

static void test_format(void **state)
{
    (void)state;
    struct theme theme;
    struct error e = {0};
    assert_int_equal(parse(&theme,
                           "# a comment\n\n[styles]\n; another\n"
                           "warn = yellow default bold underline\n  bad=  210\t16   reverse  \n"
                           "good = #00ff00 bright-black none",
                           &e),
                     0);
    assert_int_equal(theme.look[STYLE_WARN].fg, 3);
    assert_int_equal(theme.look[STYLE_WARN].bg, COLOUR_DEFAULT);
    assert_int_equal(theme.look[STYLE_WARN].attributes, LOOK_BOLD | LOOK_UNDERLINE);
    assert_int_equal(theme.look[STYLE_BAD].fg, 210);
    assert_int_equal(theme.look[STYLE_BAD].bg, 16);
    assert_int_equal(theme.look[STYLE_BAD].attributes, LOOK_REVERSE);
    assert_int_equal(theme.look[STYLE_GOOD].fg, 46);
    assert_int_equal(theme.look[STYLE_GOOD].bg, 8);
    assert_int_equal(theme.look[STYLE_GOOD].attributes, 0);
    assert_int_equal(theme.look[STYLE_CURSOR].attributes, LOOK_REVERSE); /* not named: as without colour */
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"plain = default default\nnosuch = red red\n", "line 2: there is no style \"nosuch\""},
        {"plain\n",                                     "line 1: a line reads"                },
        {"plain = red\n",                               "line 1: a style takes"               },
        {"plain = rot default\n",                       "line 1: \"rot\" is no colour"        },
        {"plain = 256 default\n",                       "\"256\" is no colour"                },
        {"plain = #12345 default\n",                    "\"#12345\" is no colour"             },
        {"plain = bright-default default\n",            "is no colour"                        },
        {"plain = red red blinking\n",                  "\"blinking\" is no attribute"        },
        {"pl\033ain = red red\n",                       "pl\\x1bain"                          },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct theme theme;
        struct error e = {0};
        assert_int_equal(parse(&theme, cases[i].text, &e), ERR_USAGE);
        if (strstr(e.message, cases[i].says) == NULL)
            fail_msg("%s: %s", cases[i].text, e.message);
    }
}

static void test_fewer_colours(void **state)
{
    (void)state;
    assert_int_equal(theme_colour(COLOUR_DEFAULT, 8), COLOUR_DEFAULT);
    assert_int_equal(theme_colour(210, 256), 210);
    assert_int_equal(theme_colour(9, 8), 1);    /* bright red: red, and bold by the display */
    assert_int_equal(theme_colour(196, 16), 9); /* #ff0000 */
    assert_int_equal(theme_colour(196, 8), 1);
    assert_int_equal(theme_colour(46, 16), 10); /* #00ff00 */
    assert_int_equal(theme_colour(231, 16), 15);
    assert_int_equal(theme_colour(16, 16), 0);
    for (int c = 0; c < 256; c++) {
        assert_true(theme_colour(c, 8) >= 0 && theme_colour(c, 8) < 8);
        assert_true(theme_colour(c, 16) >= 0 && theme_colour(c, 16) < 16);
    }
}

/* Every theme that comes along is right and names every style; mono uses no colour. */
static void test_themes_that_come_along(void **state)
{
    (void)state;
    static const char *const names[] = {"default", "light", "high-contrast", "mono", "solarized"};
    const char *root = getenv("LOCKSTEP_ROOT");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *path = mem_printf("%s/themes/%s.theme", root ? root : ".", names[i]);
        struct theme theme;
        struct error e = {0};
        struct buf text = BUF_INIT;
        if (theme_load(&theme, path, &e) != 0)
            fail_msg("%s", e.message);
        assert_int_equal(file_read(path, 100000, &text, &e), 0);
#define CHECK_NAMED(id, name)                                                                                \
    if (strstr(buf_text(&text), "\n" name " ") == NULL)                                                      \
        fail_msg("%s does not name %s", path, name);
        STYLE_LIST(CHECK_NAMED)
        for (size_t s = 0; s < STYLES && strcmp(names[i], "mono") == 0; s++) {
            assert_int_equal(theme.look[s].fg, COLOUR_DEFAULT);
            assert_int_equal(theme.look[s].bg, COLOUR_DEFAULT);
        }
        buf_free(&text);
        free(path);
    }
}

static void test_missing_theme(void **state)
{
    (void)state;
    struct theme theme;
    struct error e = {0};
    assert_int_equal(theme_load(&theme, "no such theme", &e), ERR_USAGE);
    assert_non_null(strstr(e.message, "\"no such theme\""));
    assert_non_null(strstr(e.next, "solarized"));
    assert_int_equal(theme.look[STYLE_CURSOR].attributes, LOOK_REVERSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format), cmocka_unit_test(test_refusals), cmocka_unit_test(test_fewer_colours),
        cmocka_unit_test(test_themes_that_come_along), cmocka_unit_test(test_missing_theme)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
