/* Themes: how each style looks. Files are described in themes/README.md. */
#ifndef TUI_THEME_H
#define TUI_THEME_H

#include "base/error.h"
#include "tui/style.h"

#include <stddef.h>
#include <stdint.h>

enum look_attribute {
    LOOK_BOLD = 1,
    LOOK_DIM = 2,
    LOOK_ITALIC = 4,
    LOOK_UNDERLINE = 8,
    LOOK_REVERSE = 16,
};

enum { COLOUR_DEFAULT = -1 };

struct look {
    int16_t fg, bg; /* index of the 256-colour palette, or COLOUR_DEFAULT */
    uint8_t attributes;
};

struct theme {
    char name[32];
    struct look look[STYLES];
};

/* The look that needs no colour: what every theme starts from. */
void theme_plain(struct theme *theme);

/* Reads a theme's text over what is in `theme`. ERR_USAGE names the line and what is wrong in it. */
int theme_parse(struct theme *theme, const char *text, size_t len, struct error *e);

/* Finds NAME.theme: in the user's folder ($XDG_CONFIG_HOME/lockstep/themes), beside the program (../themes),
 * installed (../share/lockstep/themes); a name with a slash is a file. On failure theme is the plain one. */
int theme_load(struct theme *theme, const char *name, struct error *e);

/* The nearest colour of a terminal with that many: 256, 16 or 8. */
int theme_colour(int colour, int depth);

#endif
