/* Keys: see keys.h. */
#include "tui/keys.h"

#include "tui/canvas.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    uint32_t code;
    const char *name;
    const char *bytes; /* as xterm sends it, which readline binds */
} named[] = {
    {KEY_ENTER_CODE, "Enter",     "\r"       },
    {KEY_ESC_CODE,   "Esc",       "\033"     },
    {KEY_TAB_CODE,   "Tab",       "\t"       },
    {' ',            "Space",     " "        },
    {'<',            "lt",        "<"        },
    {K_UP,           "Up",        "\033[A"   },
    {K_DOWN,         "Down",      "\033[B"   },
    {K_RIGHT,        "Right",     "\033[C"   },
    {K_LEFT,         "Left",      "\033[D"   },
    {K_HOME,         "Home",      "\033[H"   },
    {K_END,          "End",       "\033[F"   },
    {K_PAGE_UP,      "PageUp",    "\033[5~"  },
    {K_PAGE_DOWN,    "PageDown",  "\033[6~"  },
    {K_INSERT,       "Insert",    "\033[2~"  },
    {K_DELETE,       "Delete",    "\033[3~"  },
    {K_BACKSPACE,    "Backspace", "\177"     },
    {K_BACK_TAB,     "BackTab",   "\033[Z"   },
    {K_WORD_LEFT,    "C-Left",    "\033[1;5D"},
    {K_WORD_RIGHT,   "C-Right",   "\033[1;5C"},
    {K_SHIFT_UP,     "S-Up",      ""         },
    {K_SHIFT_DOWN,   "S-Down",    ""         },
    {K_PASTE_BEGIN,  "PasteOn",   ""         },
    {K_PASTE_END,    "PasteOff",  ""         }
};
enum { NAMED = sizeof named / sizeof named[0] };

static bool parse_plain(const char *name, struct key *key)
{
    const char *rest = name;
    uint32_t code = canvas_decode(&rest);
    if (code != 0 && *rest == '\0') {
        key->code = code;
        return true;
    }
    for (size_t i = 0; i < NAMED; i++)
        if (strcmp(named[i].name, name) == 0) {
            key->code = named[i].code;
            return true;
        }
    if (name[0] == 'F' && isdigit((unsigned char)name[1])) {
        long n = strtol(name + 1, NULL, 10);
        key->code = K_F1 + (uint32_t)n - 1;
        return n >= 1 && n <= 12;
    }
    return false;
}

bool keys_parse(const char *name, struct key *key)
{
    *key = (struct key){0};
    if (strncmp(name, "M-", 2) == 0 && name[2] != '\0') {
        key->alt = true;
        name += 2;
    }
    if (parse_plain(name, key))
        return true;
    bool control = (name[0] == '^' && name[1] != '\0') || (strncmp(name, "C-", 2) == 0 && name[2] != '\0');
    const char *letter = name + (name[0] == '^' ? 1 : 2);
    if (!control || letter[1] != '\0' || toupper((unsigned char)*letter) < '@' ||
        toupper((unsigned char)*letter) > '_')
        return false;
    key->code = KEY_CTRL(toupper((unsigned char)*letter));
    return true;
}

void keys_name(struct key key, char *to, size_t size)
{
    const char *alt = key.alt ? "M-" : "";
    for (size_t i = 0; i < NAMED; i++)
        if (named[i].code == key.code && key.code != '<') {
            snprintf(to, size, "%s%s", alt, named[i].name);
            return;
        }
    if (key.code >= K_F1 && key.code <= K_F12)
        snprintf(to, size, "%sF%u", alt, (unsigned)(key.code - K_F1 + 1));
    else if (key.code < 0x20)
        snprintf(to, size, "%s^%c", alt, (char)(key.code + '@'));
    else if (key.code < 0x110000)
        snprintf(to, size, "%s%lc", alt, (wint_t)key.code);
    else
        snprintf(to, size, "?");
}

static void add_utf8(uint32_t code, struct buf *to)
{
    static const uint8_t lead[] = {0, 0xC0, 0xE0, 0xF0};
    int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    buf_add_byte(to, (uint8_t)(lead[more] | code >> (6 * more)));
    while (more-- > 0)
        buf_add_byte(to, (uint8_t)(0x80 | (code >> (6 * more) & 0x3F)));
}

void keys_bytes(struct key key, struct buf *to)
{
    if (key.alt)
        buf_add_byte(to, 0x1b);
    for (size_t i = 0; i < NAMED; i++)
        if (named[i].code == key.code) {
            buf_add_text(to, named[i].bytes);
            return;
        }
    if (key.code > 0 && key.code < 0x110000)
        add_utf8(key.code, to);
}

bool keys_is_text(struct key key)
{
    return !key.alt && key.code >= 0x20 && key.code != 0x7F && key.code < 0x110000;
}

static const struct binding bindings[] = {
    {"Up",       ACT_UP,        NULL,         "one row up; also k",                                      NULL              },
    {"k",        ACT_UP,        NULL,         NULL,                                                      NULL              },
    {"Down",     ACT_DOWN,      NULL,         "one row down; also j",                                    NULL              },
    {"j",        ACT_DOWN,      NULL,         NULL,                                                      NULL              },
    {"Left",     ACT_LEFT,      NULL,         "scroll left",                                             NULL              },
    {"Right",    ACT_RIGHT,     NULL,         "scroll right",                                            NULL              },
    {"PageUp",   ACT_PAGE_UP,   NULL,         "one page up; also ^B",                                    NULL              },
    {"^B",       ACT_PAGE_UP,   NULL,         NULL,                                                      NULL              },
    {"PageDown", ACT_PAGE_DOWN, NULL,         "one page down; also ^F",                                  NULL              },
    {"^F",       ACT_PAGE_DOWN, NULL,         NULL,                                                      NULL              },
    {"Home",     ACT_HOME,      NULL,         "to the first row",                                        NULL              },
    {"End",      ACT_END,       NULL,         "to the last row; also G",                                 NULL              },
    {"G",        ACT_END,       NULL,         NULL,                                                      NULL              },
    {"Enter",    ACT_DETAIL,    "details",    "details of the row, or what the view says below",         NULL              },
    {"/",        ACT_SEARCH,    "search",     "search; n next, N previous",                              NULL              },
    {"n",        ACT_NEXT,      NULL,         NULL,                                                      NULL              },
    {"N",        ACT_PREVIOUS,  NULL,         NULL,                                                      NULL              },
    {"&",        ACT_FILTER,    NULL,         "show only rows that hold a text; empty shows all",        NULL              },
    {"s",        ACT_SORT,      NULL,         "sort by the next column; S turns the order round",        NULL              },
    {"S",        ACT_SORT_TURN, NULL,         NULL,                                                      NULL              },
    {"y",        ACT_COPY,      NULL,         "copy the row's value to the clipboard (OSC 52)",          NULL              },
    {"w",        ACT_WRITE,     NULL,         "write the screen to a text file",                         "save-screen FILE"},
    {"r",        ACT_READ,      "read again", "read from the device again",                              NULL              },
    {":",        ACT_COMMAND,   "command",    "the command line; any other letter begins a command too", NULL              },
    {"Esc",      ACT_LEAVE,     NULL,         "leave what is open; from the command line to the view",   NULL              },
    {"Tab",      ACT_COMMAND,   NULL,         "the command line; there, on an empty line, back",         NULL              },
    {"]",        ACT_VIEW_NEXT, NULL,         "next view; [ the one before",                             "view NAME"       },
    {"[",        ACT_VIEW_BACK, NULL,         NULL,                                                      NULL              },
    {"?",        ACT_HELP,      "help",       "this help; also F1",                                      "keys"            },
    {"F1",       ACT_HELP,      NULL,         NULL,                                                      NULL              },
    {"F6",       ACT_LARGER,    NULL,         "a larger command pane, and back",                         NULL              },
    {"F9",       ACT_MOUSE,     NULL,         "mouse off (so that the terminal can select text) and on", NULL              },
    {"^L",       ACT_REDRAW,    NULL,         "draw the screen anew",                                    NULL              },
    {"^C",       ACT_INTERRUPT, NULL,         "cancel the command that waits",                           NULL              },
    {"^Z",       ACT_SUSPEND,   NULL,         "back to the shell; fg returns",                           NULL              },
    {"q",        ACT_QUIT,      "quit",       "leave lockstep",                                          "quit"            },
    {NULL,       ACT_NONE,      NULL,         NULL,                                                      NULL              }
};

const struct binding *keys_bindings(void)
{
    return bindings;
}

enum action keys_action(struct key key)
{
    for (const struct binding *b = bindings; b->key != NULL; b++) {
        struct key bound;
        if (keys_parse(b->key, &bound) && bound.code == key.code && bound.alt == key.alt)
            return b->action;
    }
    return ACT_NONE;
}
