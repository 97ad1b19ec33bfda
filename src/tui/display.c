/* Display: see display.h. The only file that includes curses. */
#define NCURSES_NOMACROS
#include "tui/display.h"
#include "base/file.h"
#include "base/text.h"
#include "tui/restore.h"

#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <curses.h>
#include <term.h>

struct ink { /* how a style is drawn on this terminal */
    attr_t attributes;
    short pair;
};

struct display {
    SCREEN *screen;
    FILE *in, *out;
    bool colour, mouse, away;
    struct ink ink[STYLES], over[STYLES]; /* over: with the cursor's background */
};

enum { CODE_FIRST = 1000 }; /* our own codes for sequences that ncurses does not know, above KEY_MAX */
enum { OSC52_MAX = 100000 };

static const struct {
    const char *capability; /* of terminfo, or … */
    const char *sequence;   /* as xterm and its kin send it */
    uint32_t code;
} extra[] = {
    {"kLFT5", "\033[1;5D", K_WORD_LEFT  },
    {"kRIT5", "\033[1;5C", K_WORD_RIGHT },
    {"kUP",   "\033[1;2A", K_SHIFT_UP   },
    {"kDN",   "\033[1;2B", K_SHIFT_DOWN },
    {NULL,    "\033[200~", K_PASTE_BEGIN},
    {NULL,    "\033[201~", K_PASTE_END  }
};
enum { EXTRA = sizeof extra / sizeof extra[0] };

static void define_keys(void)
{
    for (int i = 0; i < (int)EXTRA; i++) {
        const char *known = extra[i].capability ? tigetstr(extra[i].capability) : NULL;
        if (known != NULL && known != (char *)-1)
            define_key(known, CODE_FIRST + i);
        define_key(extra[i].sequence, CODE_FIRST + i);
    }
}

void display_mouse(struct display *display, bool on)
{
    display->mouse = on;
    mousemask(on ? BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED : 0, NULL);
}

/* Pastes come between marks, so that they can be told from typing. */
static void mark_pastes(struct display *display, bool on)
{
    fputs(on ? "\033[?2004h" : "\033[?2004l", display->out);
    fflush(display->out);
}

static void set_up(struct display *display, const struct display_options *options)
{
    raw();
    noecho();
    nonl();
    nodelay(stdscr, TRUE);
    keypad(stdscr, TRUE);
    meta(stdscr, TRUE);
    scrollok(stdscr, FALSE);
    leaveok(stdscr, FALSE);
    mouseinterval(0);
    if (getenv("ESCDELAY") == NULL)
        set_escdelay(25); /* ms: a lone Esc is known soon; sequences arrive in one piece */
    define_keys();
    const char *none = getenv("NO_COLOR"); /* no-color.org: any value that is not empty */
    display->colour = has_colors() && (none == NULL || *none == '\0') && start_color() == OK;
    if (display->colour)
        use_default_colors();
    display_mouse(display, options->mouse);
    if (options->rows > 0)
        resizeterm(options->rows, options->cols);
}

int display_open(const struct display_options *options, struct display **to, struct error *e)
{
    struct display *display = mem_alloc(sizeof *display);
    const char *term = getenv("TERM");
    char safe[64];
    restore_remember(STDIN_FILENO);
    display->in = fdopen(dup(STDIN_FILENO), "r");
    display->out = fdopen(dup(STDOUT_FILENO), "w");
    if (display->in != NULL && display->out != NULL)
        display->screen = newterm(NULL, display->out, display->in);
    if (display->screen == NULL) {
        if (display->in != NULL)
            fclose(display->in);
        if (display->out != NULL)
            fclose(display->out);
        free(display);
        error_set(e, ERR_REFUSED, "the terminal \"%s\" is not one that the console can draw on",
                  text_safe(term ? term : "", safe, sizeof safe));
        return error_next(e, "Set TERM to what the terminal is, or give --no-tui.");
    }
    set_term(display->screen);
    set_up(display, options);
    restore_arm(STDIN_FILENO);
    mark_pastes(display, true);
    *to = display;
    return 0;
}

void display_close(struct display *display)
{
    if (display == NULL)
        return;
    if (!display->away)
        display_leave(display);
    restore_disarm();
    delscreen(display->screen);
    fclose(display->in);
    fclose(display->out);
    free(display);
}

void display_leave(struct display *display)
{
    mark_pastes(display, false);
    mousemask(0, NULL);
    endwin();
    fflush(display->out);
    display->away = true;
    restore_away(true);
}

void display_return(struct display *display)
{
    display->away = false;
    restore_away(false);
    clearok(curscr, TRUE);
    refresh();
    display_mouse(display, display->mouse);
    mark_pastes(display, true);
}

/* --- drawing -------------------------------------------------------------------------------------------- */

static attr_t attributes_of(uint8_t look)
{
    static const struct {
        uint8_t look;
        attr_t attribute;
    } table[] = {
        {LOOK_BOLD,      A_BOLD     },
        {LOOK_DIM,       A_DIM      },
        {LOOK_ITALIC,    A_ITALIC   },
        {LOOK_UNDERLINE, A_UNDERLINE},
        {LOOK_REVERSE,   A_REVERSE  }
    };
    attr_t attributes = 0;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (look & table[i].look)
            attributes |= table[i].attribute;
    return attributes;
}

static struct ink ink_of(const struct display *display, struct look look)
{
    struct ink ink = {.attributes = attributes_of(look.attributes)};
    if (!display->colour)
        return ink;
    int depth = COLORS >= 256 ? 256 : COLORS >= 16 ? 16 : 8;
    if (depth == 8 && look.fg >= 8 && look.fg < 16)
        ink.attributes |= A_BOLD; /* what stands for bright there */
    int pair = alloc_pair(theme_colour(look.fg, depth), theme_colour(look.bg, depth));
    ink.pair = pair > 0 ? (short)pair : 0;
    return ink;
}

void display_theme(struct display *display, const struct theme *theme)
{
    struct look cursor = theme->look[STYLE_CURSOR];
    if (display->colour)
        reset_color_pairs();
    for (size_t i = 0; i < STYLES; i++) {
        struct look over = theme->look[i];
        if (cursor.bg != COLOUR_DEFAULT)
            over.bg = cursor.bg;
        if (cursor.fg != COLOUR_DEFAULT)
            over.fg = cursor.fg;
        over.attributes |= cursor.attributes;
        if (cursor.bg != COLOUR_DEFAULT || !display->colour)
            over.attributes &= (uint8_t)~LOOK_DIM; /* dim on a coloured ground is unreadable */
        display->ink[i] = ink_of(display, theme->look[i]);
        display->over[i] = ink_of(display, over);
    }
    clearok(curscr, TRUE);
}

void display_draw(struct display *display, const struct canvas *canvas)
{
    if (display->away)
        return;
    for (int y = 0; y < canvas->rows; y++)
        for (int x = 0; x < canvas->cols; x++) {
            const struct cell *cell = &canvas->cell[(size_t)y * (size_t)canvas->cols + (size_t)x];
            const struct ink *ink = cell->over ? &display->over[cell->style] : &display->ink[cell->style];
            wchar_t text[CELL_CHARS + 1] = {0};
            cchar_t what;
            if (cell->width == 0)
                continue;
            memcpy(text, cell->text, sizeof cell->text);
            if (setcchar(&what, text, ink->attributes, ink->pair, NULL) == OK)
                mvadd_wch(y, x, &what);
        }
    curs_set(canvas->cursor_y >= 0);
    if (canvas->cursor_y >= 0)
        move(canvas->cursor_y, canvas->cursor_x);
    refresh();
}

void display_redraw(struct display *display)
{
    (void)display;
    clearok(curscr, TRUE);
}

void display_size(const struct display *display, int *rows, int *cols)
{
    (void)display;
    getmaxyx(stdscr, *rows, *cols);
}

void display_resize(struct display *display, int rows, int cols)
{
    struct winsize size;
    if (rows <= 0 && ioctl(fileno(display->out), TIOCGWINSZ, &size) == 0) {
        rows = size.ws_row;
        cols = size.ws_col;
    }
    if (rows > 0 && cols > 0)
        resizeterm(rows, cols);
    clearok(curscr, TRUE);
}

/* --- keys ----------------------------------------------------------------------------------------------- */

int display_input(const struct display *display)
{
    return fileno(display->in);
}

static uint32_t code_of(wint_t curses)
{
    static const struct {
        int curses;
        uint32_t code;
    } table[] = {
        {KEY_UP,        K_UP          },
        {KEY_DOWN,      K_DOWN        },
        {KEY_LEFT,      K_LEFT        },
        {KEY_RIGHT,     K_RIGHT       },
        {KEY_HOME,      K_HOME        },
        {KEY_END,       K_END         },
        {KEY_PPAGE,     K_PAGE_UP     },
        {KEY_NPAGE,     K_PAGE_DOWN   },
        {KEY_IC,        K_INSERT      },
        {KEY_DC,        K_DELETE      },
        {KEY_BACKSPACE, K_BACKSPACE   },
        {KEY_BTAB,      K_BACK_TAB    },
        {KEY_SR,        K_SHIFT_UP    },
        {KEY_SF,        K_SHIFT_DOWN  },
        {KEY_ENTER,     KEY_ENTER_CODE}
    };
    if (curses >= CODE_FIRST && curses < CODE_FIRST + EXTRA)
        return extra[curses - CODE_FIRST].code;
    if (curses >= (wint_t)KEY_F(1) && curses <= (wint_t)KEY_F(12))
        return K_F1 + curses - (uint32_t)KEY_F(1);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if ((wint_t)table[i].curses == curses)
            return table[i].code;
    return 0;
}

static bool read_mouse(struct key *key)
{
    MEVENT event;
    if (getmouse(&event) != OK)
        return false;
    *key = (struct key){.code = K_MOUSE, .y = event.y, .x = event.x, .button = MOUSE_LEFT};
    if (event.bstate & BUTTON4_PRESSED)
        key->button = MOUSE_WHEEL_UP;
    else if (event.bstate & BUTTON5_PRESSED)
        key->button = MOUSE_WHEEL_DOWN;
    return true;
}

bool display_read_key(struct display *display, struct key *key)
{
    wint_t c;
    *key = (struct key){0};
    if (display->away)
        return false;
    int rc = get_wch(&c);
    if (rc == ERR)
        return false;
    if (rc == KEY_CODE_YES) {
        if (c == KEY_MOUSE)
            read_mouse(key);
        else
            key->code = code_of(c);
        return true; /* code 0: a key that means nothing */
    }
    key->code = c == '\n' ? KEY_ENTER_CODE : c == 0x7f || c == 8 ? K_BACKSPACE : (uint32_t)c;
    if (c == KEY_ESC_CODE && get_wch(&c) == OK) { /* at once: Alt and a character */
        key->code = (uint32_t)c;
        key->alt = true;
    }
    return true;
}

void display_drop_input(struct display *display)
{
    tcflush(fileno(display->in), TCIFLUSH);
    flushinp();
}

void display_copy(struct display *display, const char *text)
{
    struct buf out = BUF_INIT;
    size_t n = strlen(text);
    buf_add_text(&out, "\033]52;c;");
    text_base64(text, n < OSC52_MAX ? n : OSC52_MAX, &out);
    buf_add_text(&out, "\a");
    fwrite(out.data, 1, out.len, display->out);
    fflush(display->out);
    buf_free(&out);
}
