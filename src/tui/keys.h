/* Keys: their codes, their names, and the table of what they do everywhere in the console. */
#ifndef TUI_KEYS_H
#define TUI_KEYS_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum key_code { /* beyond Unicode; everything below is the character itself, controls included */
                K_UP = 0x110000,
                K_DOWN,
                K_LEFT,
                K_RIGHT,
                K_HOME,
                K_END,
                K_PAGE_UP,
                K_PAGE_DOWN,
                K_INSERT,
                K_DELETE,
                K_BACKSPACE,
                K_BACK_TAB,
                K_WORD_LEFT,
                K_WORD_RIGHT,
                K_SHIFT_UP,
                K_SHIFT_DOWN,
                K_F1, /* F1 … F12 follow one another */
                K_F12 = K_F1 + 11,
                K_PASTE_BEGIN,
                K_PASTE_END,
                K_MOUSE,
};

enum mouse_button { MOUSE_LEFT = 1, MOUSE_WHEEL_UP, MOUSE_WHEEL_DOWN };

struct key {
    uint32_t code; /* 0: none */
    bool alt;
    int y, x; /* K_MOUSE */
    enum mouse_button button;
};

enum { KEY_ENTER_CODE = '\r', KEY_ESC_CODE = 0x1b, KEY_TAB_CODE = '\t' };
#define KEY_CTRL(letter) ((uint32_t)(letter)&0x1f)

/* Reads the name of a key as view tables and key scripts write it: "a", "Enter", "F5", "^R", "C-r", "M-x".
 * False when it is none. */
bool keys_parse(const char *name, struct key *key);
/* Its name, as hints show it: "Enter", "^R". */
void keys_name(struct key key, char *to, size_t size);
/* The bytes that readline expects for it; nothing for keys that mean nothing there. */
void keys_bytes(struct key key, struct buf *to);
bool keys_is_text(struct key key); /* a printable character */

enum action {
    ACT_NONE,
    ACT_UP,
    ACT_DOWN,
    ACT_LEFT,
    ACT_RIGHT,
    ACT_HOME,
    ACT_END,
    ACT_PAGE_UP,
    ACT_PAGE_DOWN,
    ACT_DETAIL,
    ACT_SEARCH,
    ACT_FILTER,
    ACT_NEXT,
    ACT_PREVIOUS,
    ACT_SORT,
    ACT_SORT_TURN,
    ACT_COPY,
    ACT_WRITE,
    ACT_READ,
    ACT_COMMAND,
    ACT_LEAVE,
    ACT_HELP,
    ACT_VIEW_NEXT,
    ACT_VIEW_BACK,
    ACT_LARGER,
    ACT_MOUSE,
    ACT_REDRAW,
    ACT_SUSPEND,
    ACT_INTERRUPT,
    ACT_QUIT,
};

struct binding {
    const char *key; /* name */
    enum action action;
    const char *hint;    /* in the hint line, when there is room; or NULL */
    const char *help;    /* a line of the help; NULL: another name of the binding above */
    const char *command; /* the command line that does the same, or NULL */
};

/* Keys of the views, in the order of the help. Ends with key == NULL. */
const struct binding *keys_bindings(void);
enum action keys_action(struct key key);

#endif
