/* What pieces of the screen mean; themes say how they look (themes/README.md). */
#ifndef TUI_STYLE_H
#define TUI_STYLE_H

#include "shell/view.h"

/* One list: the enum and the names that theme files use. The first ones are those of enum view_style, in its
 * order. */
#define STYLE_LIST(X)                                                                                        \
    X(PLAIN, "plain")                                                                                        \
    X(DIM, "dim")                                                                                            \
    X(TITLE, "title")                                                                                        \
    X(GOOD, "good")                                                                                          \
    X(WARN, "warn")                                                                                          \
    X(BAD, "bad")                                                                                            \
    X(LOCKED, "locked")                                                                                      \
    X(OPEN, "open")                                                                                          \
    X(VALUE, "value")                                                                                        \
    X(MARK, "mark")                                                                                          \
    X(HEADER, "header")                                                                                      \
    X(HEADER_DIM, "header-dim")                                                                              \
    X(HEADER_NAME, "header-name")                                                                            \
    X(DRY, "dry")                                                                                            \
    X(LIVE, "live")                                                                                          \
    X(LOST, "lost")                                                                                          \
    X(BORDER, "border")                                                                                      \
    X(BORDER_FOCUS, "border-focus")                                                                          \
    X(PANE_TITLE, "pane-title")                                                                              \
    X(AGE, "age")                                                                                            \
    X(LIST, "list")                                                                                          \
    X(LIST_NOW, "list-now")                                                                                  \
    X(COLUMN, "column")                                                                                      \
    X(CURSOR, "cursor")                                                                                      \
    X(MATCH, "match")                                                                                        \
    X(KEY, "key")                                                                                            \
    X(HINT, "hint")                                                                                          \
    X(COMMAND, "command")                                                                                    \
    X(OUTPUT, "output")                                                                                      \
    X(NOTE, "note")                                                                                          \
    X(ERROR, "error")                                                                                        \
    X(INPUT, "input")                                                                                        \
    X(PANEL, "panel")                                                                                        \
    X(PANEL_BORDER, "panel-border")                                                                          \
    X(LOG_ERROR, "log-error")                                                                                \
    X(LOG_WARN, "log-warn")                                                                                  \
    X(LOG_INFO, "log-info")                                                                                  \
    X(LOG_DEBUG, "log-debug")

enum style {
#define STYLE_ENUM(id, name) STYLE_##id,
    STYLE_LIST(STYLE_ENUM)
#undef STYLE_ENUM
        STYLES
};

_Static_assert((int)STYLE_MARK == (int)VIEW_MARK && (int)STYLE_HEADER == (int)VIEW_STYLES,
               "the first styles are those of views");

#endif
