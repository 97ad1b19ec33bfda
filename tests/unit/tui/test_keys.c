/* Keys: names and codes, what readline gets, and the table of what they do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tui/keys.h"

#include <locale.h>
#include <string.h>

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t code;
        bool alt;
    } cases[] = {
        {"a",      'a',            false},
        {"Enter",  KEY_ENTER_CODE, false},
        {"Esc",    KEY_ESC_CODE,   false},
        {"F1",     K_F1,           false},
        {"F12",    K_F12,          false},
        {"^R",     KEY_CTRL('R'),  false},
        {"C-r",    KEY_CTRL('R'),  false},
        {"M-x",    'x',            true },
        {"M-Up",   K_UP,           true },
        {"é",     0xe9,           false},
        {"^",      '^',            false},
        {"lt",     '<',            false},
        {"C-Left", K_WORD_LEFT,    false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct key key;
        assert_true(keys_parse(cases[i].name, &key));
        assert_int_equal(key.code, cases[i].code);
        assert_int_equal(key.alt, cases[i].alt);
    }
    static const char *const wrong[] = {"", "Entr", "F0", "F13", "^ab", "C-", "ab", "^!"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct key key;
        if (keys_parse(wrong[i], &key))
            fail_msg("%s was taken for a key", wrong[i]);
    }
}

static void test_names_come_back(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "Enter", "Esc", "PageUp", "F7", "^R", "M-x", "<", "é"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct key key;
        char name[32];
        assert_true(keys_parse(names[i], &key));
        keys_name(key, name, sizeof name);
        assert_string_equal(name, names[i]);
    }
}

static void test_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *name, *bytes;
    } cases[] = {
        {"x",         "x"     },
        {"é",        "é"    },
        {"Up",        "\033[A"},
        {"M-b",       "\033b" },
        {"Backspace", "\177"  },
        {"F5",        ""      }
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct key key;
        struct buf bytes = BUF_INIT;
        assert_true(keys_parse(cases[i].name, &key));
        keys_bytes(key, &bytes);
        assert_string_equal(buf_text(&bytes), cases[i].bytes);
        buf_free(&bytes);
    }
}

/* Each key is bound once, each binding can be pressed, and each thing to do has a key and a line of help. */
static void test_bindings(void **state)
{
    (void)state;
    bool helped[ACT_QUIT + 1] = {false};
    for (const struct binding *b = keys_bindings(); b->key != NULL; b++) {
        struct key key;
        assert_true(keys_parse(b->key, &key));
        if (keys_action(key) != b->action)
            fail_msg("%s is bound twice", b->key);
        assert_false(key.code >= '0' && key.code <= '9'); /* these are the views */
        helped[b->action] = helped[b->action] || b->help != NULL;
    }
    for (int action = ACT_NONE + 1; action <= ACT_QUIT; action++) {
        bool said_with_another = action == ACT_NEXT || action == ACT_PREVIOUS || action == ACT_SORT_TURN ||
                                 action == ACT_VIEW_BACK;
        if (!helped[action] && !said_with_another)
            fail_msg("action %d has no line of help", action);
    }
    assert_int_equal(keys_action((struct key){.code = 'z'}), ACT_NONE);
    assert_int_equal(keys_action((struct key){.code = 'q', .alt = true}), ACT_NONE);
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names), cmocka_unit_test(test_names_come_back),
                                       cmocka_unit_test(test_bytes), cmocka_unit_test(test_bindings)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
