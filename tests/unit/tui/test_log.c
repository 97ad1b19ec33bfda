/* The log: bounded, complete within its bound, filtered, searched, and never obeyed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tui/log.h"
#include "tui/output.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add(struct log *log, const char *text)
{
    log_add(log, text, strlen(text));
}

static void assert_row(const struct log *log, size_t row, const char *wanted)
{
    size_t len;
    const char *line = log_line(log, row, &len);
    char *text = strndup(line, len);
    assert_string_equal(text, wanted);
    free(text);
}

static void test_keeps_the_last_lines(void **state)
{
    (void)state;
    struct log *log = log_new();
    char line[96], wanted[96];
    for (int i = 0; i < 250000; i++) {
        snprintf(line, sizeof line, "line %d %.*s", i, i % 60,
                 "############################################################");
        add(log, line);
    }
    size_t rows = log_rows(log);
    assert_int_equal(rows, LOG_LINES_MAX);
    assert_int_equal(log_received(log), 250000);
    for (size_t row = 0; row < rows; row += 997) {
        int i = (int)(250000 - rows + row);
        snprintf(wanted, sizeof wanted, "line %d %.*s", i, i % 60,
                 "############################################################");
        assert_row(log, row, wanted);
        assert_int_equal(log_number(log, row), i);
    }
    assert_int_equal(log_row_of(log, 249999), rows - 1);
    assert_int_equal(log_row_of(log, 0), 0);
    log_free(log);
}

static void test_long_lines_push_out_many(void **state)
{
    (void)state;
    struct log *log = log_new();
    char *line = malloc(1024 * 1024);
    memset(line, 'x', 1024 * 1024);
    for (int i = 0; i < 10000; i++)
        log_add(log, line, 3000 + (size_t)i % 1000);
    size_t rows = log_rows(log), total = 0;
    for (size_t row = 0; row < rows; row++) {
        size_t len;
        const char *text = log_line(log, row, &len);
        assert_int_equal(len, 3000 + log_number(log, row) % 1000);
        assert_int_equal(text[len - 1], 'x');
        total += len;
    }
    assert_true(total <= LOG_BYTES_MAX && total > LOG_BYTES_MAX - 8192);
    log_add(log, line, 1024 * 1024); /* a line without an end */
    size_t len;
    const char *text = log_line(log, log_rows(log) - 1, &len);
    assert_int_equal(len, LOG_LINE_MAX + strlen("…"));
    assert_memory_equal(text + LOG_LINE_MAX, "…", strlen("…"));
    for (int i = 0; i < 3; i++)
        add(log, "");
    assert_row(log, log_rows(log) - 1, "");
    free(line);
    log_free(log);
}

static void test_filter_and_search(void **state)
{
    (void)state;
    struct log *log = log_new();
    add(log, "alpha");
    add(log, "Beta one");
    add(log, "gamma");
    add(log, "beta two");
    log_filter(log, "BETA");
    assert_int_equal(log_rows(log), 2);
    assert_row(log, 0, "Beta one");
    assert_int_equal(log_number(log, 1), 3);
    add(log, "delta");
    add(log, "a beta again");
    assert_int_equal(log_rows(log), 3);
    assert_int_equal(log_row_of(log, 4), 2);
    assert_int_equal(log_search(log, "two", 2, false), 1);    /* round the end */
    assert_int_equal(log_search(log, "gamma", 0, false), -1); /* hidden by the filter */
    log_filter(log, "");
    assert_int_equal(log_rows(log), 6);
    assert_int_equal(log_search(log, "gamma", 0, false), 2);
    assert_int_equal(log_search(log, "gamma", 0, true), 2);
    for (int i = 0; i < LOG_LINES_MAX + 7; i++)
        add(log, i % 2 ? "odd" : "even");
    log_filter(log, "odd");
    for (int i = 0; i < 1001; i++)
        add(log, "odd");
    size_t rows = log_rows(log);
    assert_in_range(rows, LOG_LINES_MAX / 2 + 400, LOG_LINES_MAX / 2 + 600);
    for (size_t row = 0; row < rows; row += 501)
        assert_row(log, row, "odd");
    log_free(log);
}

static void assert_shown(const char *line, const char *wanted, enum style style)
{
    struct buf text = BUF_INIT;
    assert_int_equal(log_show(line, strlen(line), &text), style);
    assert_string_equal(buf_text(&text), wanted);
    buf_free(&text);
}

static void test_levels_and_escapes(void **state)
{
    (void)state;
    assert_shown("plain words", "plain words", STYLE_PLAIN);
    assert_shown("\033[31mE (12) boot: no\033[0m", "E (12) boot: no", STYLE_LOG_ERROR);
    assert_shown("\033[0;33mhot\033[m", "hot", STYLE_LOG_WARN);
    assert_shown("\033[0;32mI (3) wifi\033[0m", "I (3) wifi", STYLE_LOG_INFO);
    assert_shown("W (3) wifi", "W (3) wifi", STYLE_LOG_WARN);
    assert_shown("[E] no", "[E] no", STYLE_LOG_ERROR);
    assert_shown("Every word", "Every word", STYLE_PLAIN);
    assert_shown("a\tb", "a b", STYLE_PLAIN);
    assert_shown("\033]0;title\a", "\\x1b]0;title\\x07", STYLE_PLAIN);
    assert_shown("\033[2Jgone", "\\x1b[2Jgone", STYLE_PLAIN);
    assert_shown("\033[31", "\\x1b[31", STYLE_PLAIN);
    assert_shown("x\033[999999999999999999999m", "x", STYLE_PLAIN);
}

static void test_output(void **state)
{
    (void)state;
    struct output *output = output_new();
    output_add(output, STYLE_OUTPUT, "one\ntw", 6);
    output_add(output, STYLE_OUTPUT, "o\n\033[2Jthree\r\n", 12);
    output_line(output, STYLE_NOTE, "%s", "four");
    assert_string_equal(output_back(output, 0)->text, "four");
    assert_int_equal(output_back(output, 0)->style, STYLE_NOTE);
    assert_string_equal(output_back(output, 1)->text, "\\x1b[2Jthree");
    assert_string_equal(output_back(output, 2)->text, "two");
    assert_string_equal(output_back(output, 3)->text, "one");
    assert_int_equal(output_kept(output), 4);
    for (int i = 0; i < OUTPUT_LINES_MAX + 10; i++)
        output_line(output, STYLE_NOTE, "%d", i);
    assert_int_equal(output_kept(output), OUTPUT_LINES_MAX);
    assert_string_equal(output_back(output, OUTPUT_LINES_MAX - 1)->text, "10");
    char *flood = malloc(1024 * 1024);
    memset(flood, 'y', 1024 * 1024);
    output_add(output, STYLE_OUTPUT, flood, 1024 * 1024);
    assert_true(strlen(output_back(output, 0)->text) < 2 * OUTPUT_LINE_MAX);
    free(flood);
    output_free(output);
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keeps_the_last_lines), cmocka_unit_test(test_long_lines_push_out_many),
        cmocka_unit_test(test_filter_and_search), cmocka_unit_test(test_levels_and_escapes),
        cmocka_unit_test(test_output)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
