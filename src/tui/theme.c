/* Themes: see theme.h. */
#include "tui/theme.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THEME_SIZE_MAX = 64 * 1024 };

static const char *const style_names[STYLES] = {
#define STYLE_NAME(id, name) [STYLE_##id] = name,
    STYLE_LIST(STYLE_NAME)
#undef STYLE_NAME
};

/* Attributes that tell things apart where there is no colour. */
static const struct {
    enum style style;
    uint8_t attributes;
} plain[] = {
    {STYLE_DIM,          LOOK_DIM                },
    {STYLE_TITLE,        LOOK_BOLD               },
    {STYLE_WARN,         LOOK_BOLD               },
    {STYLE_BAD,          LOOK_BOLD               },
    {STYLE_LOCKED,       LOOK_BOLD               },
    {STYLE_MARK,         LOOK_REVERSE            },
    {STYLE_HEADER,       LOOK_REVERSE            },
    {STYLE_HEADER_NAME,  LOOK_REVERSE | LOOK_BOLD},
    {STYLE_DRY,          LOOK_REVERSE            },
    {STYLE_LIVE,         LOOK_REVERSE | LOOK_BOLD},
    {STYLE_LOST,         LOOK_REVERSE | LOOK_BOLD},
    {STYLE_BORDER_FOCUS, LOOK_BOLD               },
    {STYLE_PANE_TITLE,   LOOK_BOLD               },
    {STYLE_LIST_NOW,     LOOK_BOLD               },
    {STYLE_COLUMN,       LOOK_UNDERLINE          },
    {STYLE_CURSOR,       LOOK_REVERSE            },
    {STYLE_MATCH,        LOOK_UNDERLINE          },
    {STYLE_KEY,          LOOK_BOLD               },
    {STYLE_COMMAND,      LOOK_BOLD               },
    {STYLE_ERROR,        LOOK_BOLD               },
    {STYLE_PANEL_BORDER, LOOK_BOLD               },
    {STYLE_LOG_ERROR,    LOOK_BOLD               },
    {STYLE_LOG_DEBUG,    LOOK_DIM                }
};

void theme_plain(struct theme *theme)
{
    memset(theme, 0, sizeof *theme);
    for (size_t i = 0; i < STYLES; i++)
        theme->look[i] = (struct look){COLOUR_DEFAULT, COLOUR_DEFAULT, 0};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        theme->look[plain[i].style].attributes = plain[i].attributes;
}

/* --- colours -------------------------------------------------------------------------------------------- */

static const char *const colour_names[] = {"black", "red",     "green", "yellow",
                                           "blue",  "magenta", "cyan",  "white"};

/* The palette as xterm has it (XTerm-col.ad, 256colres.pl); the first sixteen are what users may change. */
static const uint8_t basic[16][3] = {
    {0,   0,   0  },
    {205, 0,   0  },
    {0,   205, 0  },
    {205, 205, 0  },
    {0,   0,   238},
    {205, 0,   205},
    {0,   205, 205},
    {229, 229, 229},
    {127, 127, 127},
    {255, 0,   0  },
    {0,   255, 0  },
    {255, 255, 0  },
    {92,  92,  255},
    {255, 0,   255},
    {0,   255, 255},
    {255, 255, 255}
};

static void rgb_of(int colour, int rgb[3])
{
    static const int steps[6] = {0, 95, 135, 175, 215, 255};
    for (int i = 0; i < 3; i++)
        if (colour < 16)
            rgb[i] = basic[colour][i];
        else if (colour >= 232)
            rgb[i] = 8 + 10 * (colour - 232);
        else
            rgb[i] = steps[(colour - 16) / (i == 0 ? 36 : i == 1 ? 6 : 1) % 6];
}

static int nearest(const int rgb[3], int first, int count)
{
    int best = first;
    long least = -1;
    for (int c = first; c < first + count; c++) {
        int other[3];
        long distance = 0;
        rgb_of(c, other);
        for (int i = 0; i < 3; i++)
            distance += (long)(rgb[i] - other[i]) * (rgb[i] - other[i]);
        if (least < 0 || distance < least) {
            least = distance;
            best = c;
        }
    }
    return best;
}

/* Few colours are chosen by hue, not by distance: pale ones would all end as grey. */
int theme_colour(int colour, int depth)
{
    int rgb[3], most = 0, least = 255, hue = 0;
    if (colour < 0 || colour < depth)
        return colour;
    if (colour < 16)
        return colour & 7;
    rgb_of(colour, rgb);
    for (int i = 0; i < 3; i++) {
        most = rgb[i] > most ? rgb[i] : most;
        least = rgb[i] < least ? rgb[i] : least;
    }
    for (int i = 0; i < 3; i++)
        hue |= 2 * rgb[i] >= most + least ? 1 << i : 0;
    if (most - least >= 40)
        return depth >= 16 && most > 205 ? hue + 8 : hue;
    if (depth >= 16)
        return most < 64 ? 0 : most < 150 ? 8 : most < 220 ? 7 : 15;
    return most < 64 ? 0 : 7;
}

/* "default", "red", "bright-red", "0" … "255", "#rrggbb". */
static int parse_colour(const char *word, int16_t *colour)
{
    bool bright = text_starts(word, "bright-");
    uint64_t number;
    uint8_t bytes[3];
    if (strcmp(word, "default") == 0) {
        *colour = COLOUR_DEFAULT;
        return 0;
    }
    for (int i = 0; i < 8; i++)
        if (strcmp(word + (bright ? 7 : 0), colour_names[i]) == 0) {
            *colour = (int16_t)(i + (bright ? 8 : 0));
            return 0;
        }
    if (word[0] == '#' && text_unhex(word + 1, strlen(word + 1), false, bytes, 3) == 3) {
        *colour = (int16_t)nearest((int[3]){bytes[0], bytes[1], bytes[2]}, 16, 240);
        return 0;
    }
    if (text_number(word, 255, &number) != 0)
        return -1;
    *colour = (int16_t)number;
    return 0;
}

/* --- the file ------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    uint8_t attribute;
} attributes[] = {
    {"bold",      LOOK_BOLD     },
    {"dim",       LOOK_DIM      },
    {"italic",    LOOK_ITALIC   },
    {"underline", LOOK_UNDERLINE},
    {"reverse",   LOOK_REVERSE  },
    {"none",      0             }
};

static int parse_attribute(const char *word, uint8_t *to)
{
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++)
        if (strcmp(attributes[i].name, word) == 0) {
            *to |= attributes[i].attribute;
            return 0;
        }
    return -1;
}

static struct look *find_style(struct theme *theme, const char *name)
{
    for (size_t i = 0; i < STYLES; i++)
        if (strcmp(style_names[i], name) == 0)
            return &theme->look[i];
    return NULL;
}

/* "fg bg attribute…" */
static int parse_look(char *value, struct look *look, size_t number, struct error *e)
{
    struct look made = {COLOUR_DEFAULT, COLOUR_DEFAULT, 0};
    char *rest = NULL, safe[48];
    size_t n = 0;
    for (char *word = strtok_r(value, " \t", &rest); word != NULL; word = strtok_r(NULL, " \t", &rest), n++) {
        int rc = n < 2 ? parse_colour(word, n == 0 ? &made.fg : &made.bg)
                       : parse_attribute(word, &made.attributes);
        if (rc != 0)
            return error_set(e, ERR_USAGE, "line %zu: \"%s\" is no %s", number,
                             text_safe(word, safe, sizeof safe),
                             n < 2 ? "colour (default, a name, 0 to 255, #rrggbb)"
                                   : "attribute (bold, dim, italic, underline, reverse, none)");
    }
    if (n < 2)
        return error_set(e, ERR_USAGE, "line %zu: a style takes a foreground and a background colour",
                         number);
    *look = made;
    return 0;
}

static char *trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    size_t n = strlen(text);
    while (n > 0 && isspace((unsigned char)text[n - 1]))
        text[--n] = '\0';
    return text;
}

static int parse_line(struct theme *theme, char *line, size_t number, struct error *e)
{
    char safe[48];
    line = trim(line);
    if (*line == '\0' || *line == '#' || *line == ';' || *line == '[')
        return 0;
    char *equals = strchr(line, '=');
    if (equals == NULL)
        return error_set(e, ERR_USAGE, "line %zu: a line reads STYLE = FOREGROUND BACKGROUND [ATTRIBUTE…]",
                         number);
    *equals = '\0';
    const char *name = trim(line);
    struct look *look = find_style(theme, name);
    if (look == NULL)
        return error_set(e, ERR_USAGE, "line %zu: there is no style \"%s\"", number,
                         text_safe(name, safe, sizeof safe));
    return parse_look(trim(equals + 1), look, number, e);
}

int theme_parse(struct theme *theme, const char *text, size_t len, struct error *e)
{
    size_t number = 1;
    for (size_t at = 0; at < len; number++) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t n = end ? (size_t)(end - text) - at : len - at;
        char *line = mem_alloc(n + 1);
        memcpy(line, text + at, n);
        int rc = parse_line(theme, line, number, e);
        free(line);
        if (rc < 0)
            return rc;
        at += n + 1;
    }
    return 0;
}

static char *find_file(const char *name)
{
    char *program = path_program_folder(), *file = mem_printf("themes/%s.theme", name);
    char *places[] = {strchr(name, '/') ? path_expand(name) : path_xdg(PATH_CONFIG, file),
                      mem_printf("%s/../%s", program ? program : ".", file),
                      mem_printf("%s/../share/lockstep/%s", program ? program : ".", file),
                      mem_printf("%s/../../%s", program ? program : ".", file)};
    char *found = NULL;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (found == NULL && places[i] != NULL && access(places[i], R_OK) == 0)
            found = places[i];
        else
            free(places[i]);
    }
    free(program);
    free(file);
    return found;
}

int theme_load(struct theme *theme, const char *name, struct error *e)
{
    struct buf text = BUF_INIT;
    char safe[64];
    theme_plain(theme);
    char *path = find_file(name);
    if (path == NULL) {
        error_set(e, ERR_USAGE, "there is no theme \"%s\"", text_safe(name, safe, sizeof safe));
        return error_next(e, "Themes are default, light, high-contrast, mono, solarized, and what is in %s.",
                          "~/.config/lockstep/themes");
    }
    int rc = file_read(path, THEME_SIZE_MAX, &text, e);
    if (rc == 0) {
        struct theme read = *theme;
        rc = theme_parse(&read, buf_text(&text), text.len, e);
        if (rc == 0)
            *theme = read;
        else
            error_prefix(e, "theme %s", path);
    }
    snprintf(theme->name, sizeof theme->name, "%s", name);
    buf_free(&text);
    free(path);
    return rc;
}
