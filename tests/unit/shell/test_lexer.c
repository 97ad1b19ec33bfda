/* The lexer: quoting, continuation, comments, places of faults, expansion. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "shell/lexer.h"

#include <stdlib.h>
#include <string.h>

/* Words joined by | so that a table can hold them. */
static char *joined(const struct words *words)
{
    struct buf b = BUF_INIT;
    for (size_t i = 0; i < words->count; i++)
        buf_printf(&b, "%s%s", i ? "|" : "", words->text[i]);
    return b.len ? buf_take(&b) : mem_string("");
}

static void test_words(void **state)
{
    (void)state;
    static const struct {
        const char *line, *words;
    } cases[] = {
        {"a b  c",                                                         "a|b|c"                   },
        {"  a\t b ",                                                       "a|b"                     },
        {"",                                                               ""                        },
        {"   # only a comment",                                            ""                        },
        {"a # b",                                                          "a"                       },
        {"a#b c",                                                          "a#b|c"                   },
        {"'a b' c",                                                        "a b|c"                   },
        {"\"a b\" c",                                                      "a b|c"                   },
        {"a'b c'd",                                                        "ab cd"                   },
        {"'' a",                                                           "|a"                      },
        {"\"\" ''",                                                        "|"                       },
        {"'a\\b'",                                                         "a\\b"                    },
        {"\"a\\b\"",                                                       "a\\b"                    },
        {"\"a\\\"b\\\\c\\$d\"",                                            "a\"b\\c$d"               },
        {"a\\ b",                                                          "a b"                     },
        {"\\#a \\'",                                                       "#a|'"                    },
        {"a \\\n  b",                                                      "a|b"                     },
        {"a \\\r\n  b",                                                    "a|b"                     },
        {"a\\\nb",                                                         "ab"                      },
        {"\"a\\\nb\"",                                                     "ab"                      },
        {"'it'\\''s'",                                                     "it's"                    },
        {"a\r\n",                                                          "a"                       },
        {"a\\",                                                            "a"                       },
        {"'# no comment'",                                                 "# no comment"            },
        {"sl\xc3\xa4t \"\xe2\x82\xac\"",                                   "sl\xc3\xa4t|\xe2\x82\xac"},
        {"mos config-set http.listen_addr=:443 \\\n  http.ssl_key=ATCA:0",
         "mos|config-set|http.listen_addr=:443|http.ssl_key=ATCA:0"                                  },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct words words;
        struct error e = {0};
        assert_int_equal(lexer_line(cases[i].line, &words, &e), 0);
        char *got = joined(&words);
        assert_string_equal(got, cases[i].words);
        free(got);
        words_free(&words);
    }
}

static void test_faults(void **state)
{
    (void)state;
    static const struct {
        const char *line, *message;
    } cases[] = {
        {"say 'abc",               "the quote ' opened in column 5 is not closed" },
        {"say \"abc",              "the quote \" opened in column 5 is not closed"},
        {"s\xc3\xa4\xc3\xa4 'abc", "the quote ' opened in column 5 is not closed" },
        {"a \\\n b 'c",            "the quote ' opened in column 4 is not closed" },
        {"a 'b\nc\nd",             "the quote ' opened in column 3 is not closed" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct words words;
        struct error e = {0};
        assert_int_equal(lexer_line(cases[i].line, &words, &e), ERR_USAGE);
        assert_string_equal(e.message, cases[i].message);
        assert_int_equal(words.count, 0);
    }
    struct lexer lexer;
    struct words words;
    struct error e = {0};
    size_t line;
    lexer_start(&lexer, "a\0b\nc\n", 6, true);
    assert_int_equal(lexer_next(&lexer, &words, &line, &e), ERR_USAGE);
    assert_string_equal(e.message, "column 2 holds a zero byte, which no command can");
    assert_int_equal(lexer_next(&lexer, &words, &line, &e), LEXER_END);
}

static void test_lines(void **state)
{
    (void)state;
    static const char text[] = "# head\n\none a\n\n  two \\\n b\nthree 'x\ny'\n\nfour";
    static const struct {
        size_t line;
        const char *words;
    } wanted[] = {
        {3,  "one|a"     },
        {5,  "two|b"     },
        {7,  "three|x\ny"},
        {10, "four"      }
    };
    struct lexer lexer;
    struct words words;
    size_t line;
    lexer_start(&lexer, text, strlen(text), true);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(lexer_next(&lexer, &words, &line, NULL), LEXER_LINE);
        char *got = joined(&words);
        assert_string_equal(got, wanted[i].words);
        assert_int_equal(line, wanted[i].line);
        free(got);
        words_free(&words);
    }
    assert_int_equal(lexer_next(&lexer, &words, &line, NULL), LEXER_END);
}

/* Text that comes in pieces gives the same commands, wherever it is cut. */
static void test_pieces(void **state)
{
    (void)state;
    static const char text[] = "# c \\\none 'a\nb' \\\n c # d\n\ntwo \"x\\\"\"\n";
    for (size_t cut = 0; cut < sizeof text; cut++) {
        struct buf got = BUF_INIT;
        size_t pos = 0, line_at = 1, ends[2] = {cut, strlen(text)};
        for (int round = 0; round < 2; round++) {
            for (;;) {
                struct lexer lexer;
                struct words words;
                size_t line;
                lexer_start(&lexer, text + pos, ends[round] - pos, round == 1);
                lexer.line = line_at;
                int rc = lexer_next(&lexer, &words, &line, NULL);
                assert_true(rc >= 0);
                if (rc != LEXER_LINE)
                    break;
                char *words_text = joined(&words);
                buf_printf(&got, "%zu:%s;", line, words_text);
                free(words_text);
                words_free(&words);
                pos += lexer.pos;
                line_at = lexer.line;
            }
        }
        assert_string_equal(buf_text(&got), "2:one|a\nb|c;6:two|x\";");
        buf_free(&got);
    }
}

static const char *lookup(void *ctx, const char *name)
{
    (void)ctx;
    return strcmp(name, "A") == 0 ? "1 2" : strcmp(name, "B_b-2") == 0 ? "${A}" : NULL;
}

static void test_expansion(void **state)
{
    (void)state;
    static const struct {
        const char *line, *words;
    } cases[] = {
        {"x${A}y",        "x1 2y"  },
        {"\"${A}\" ${A}", "1 2|1 2"},
        {"'${A}'",        "${A}"   },
        {"\\${A}",        "${A}"   },
        {"\"\\${A}\"",    "${A}"   },
        {"${B_b-2}",      "${A}"   },
        {"$A $",          "$A|$"   },
        {"'${'${A}'}'",   "${1 2}" },
        {"${A}${A}",      "1 21 2" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct words words;
        assert_int_equal(lexer_line(cases[i].line, &words, NULL), 0);
        assert_int_equal(lexer_expand(&words, lookup, NULL, NULL), 0);
        char *got = joined(&words);
        assert_string_equal(got, cases[i].words);
        free(got);
        words_free(&words);
    }
}

static void test_expansion_faults(void **state)
{
    (void)state;
    static const struct {
        const char *line, *message;
    } cases[] = {
        {"${NONE}", "the variable NONE is not set"                         },
        {"${A",     "\"${\" is not followed by a variable's name and \"}\""},
        {"${}",     "\"${\" is not followed by a variable's name and \"}\""},
        {"${A b}",  "\"${\" is not followed by a variable's name and \"}\""},
        {"${A'}'",  "\"${\" is not followed by a variable's name and \"}\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct words words;
        struct error e = {0};
        assert_int_equal(lexer_line(cases[i].line, &words, NULL), 0);
        int rc = lexer_expand(&words, lookup, NULL, &e);
        if (i == 4) { /* the quoted brace closes it: what counts is the word */
            assert_int_equal(rc, 0);
        } else {
            assert_int_equal(rc, ERR_USAGE);
            assert_string_equal(e.message, cases[i].message);
        }
        words_free(&words);
    }
}

static void test_continued(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool continued;
    } cases[] = {
        {"a \\",     true },
        {"a \\\\",   false},
        {"a",        false},
        {"",         false},
        {"# a \\",   false},
        {"\\",       true },
        {"a # b \\", false}
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(lexer_is_continued(cases[i].line), cases[i].continued);
}

/* What lexer_quote writes, lexer_line reads back. */
static void test_quote(void **state)
{
    (void)state;
    static const char *const words[] = {"abc", "",     "a b", "it's",        "\"", "a\\b",
                                        "$x",  "${A}", "#",   "a'b\"c\\d$e", "-",  "\xc3\xa4"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        struct buf line = BUF_INIT;
        struct words back;
        lexer_quote(words[i], false, &line);
        assert_int_equal(lexer_line(buf_text(&line), &back, NULL), 0);
        assert_int_equal(lexer_expand(&back, lookup, NULL, NULL), 0);
        assert_int_equal(back.count, 1);
        assert_string_equal(back.text[0], words[i]);
        words_free(&back);
        buf_free(&line);
    }
    struct buf line = BUF_INIT;
    lexer_quote("a ${A}", true, &line);
    assert_string_equal(buf_text(&line), "\"a ${A}\"");
    buf_free(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),     cmocka_unit_test(test_faults),
        cmocka_unit_test(test_lines),     cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_expansion), cmocka_unit_test(test_expansion_faults),
        cmocka_unit_test(test_continued), cmocka_unit_test(test_quote),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
