/* The console's inside: one struct, and what its files offer one another. Not for other rooms. */
#ifndef TUI_INSIDE_H
#define TUI_INSIDE_H

#include "base/loop.h"
#include "device/snapshot.h"
#include "shell/front.h"
#include "shell/history.h"
#include "shell/session.h"
#include "shell/view_page.h"
#include "tui/canvas.h"
#include "tui/display.h"
#include "tui/keys.h"
#include "tui/layout.h"
#include "tui/log.h"
#include "tui/output.h"
#include "tui/stray.h"
#include "tui/theme.h"
#include "tui/tui.h"

enum {
    DRAW_MS = 33,   /* between two drawings that no key asked for */
    TICK_MS = 1000, /* the clock, ages, waiting times */
    ASK_TEXT = 256,
    QUEUE_MAX = 64,
    COMPLETIONS_SHOWN = 200,
};

enum hit_kind { HIT_VIEW, HIT_ROW, HIT_KEY, HIT_COMMAND };

enum focus { FOCUS_VIEW, FOCUS_COMMAND };

struct pane {                /* a view, and how it was left */
    const struct view *view; /* NULL: the log */
    char *selected;          /* id of the row under the cursor */
    long cursor, top;        /* lines of the page */
    int left;
    int sort; /* column, -1: as the view has it */
    bool descending;
    char *filter, *needle;
    struct view_page page, side;
};

enum ask_kind { ASK_NONE, ASK_SEARCH, ASK_FILTER, ASK_VALUE };

struct ask { /* the small question in the hint line */
    enum ask_kind kind;
    char label[64];
    struct buf text;
    char *command; /* ASK_VALUE: the line with what is still to be asked */
    bool edit;
};

struct overlay { /* a page over the view: help or details */
    bool open, is_help;
    char title[128];
    struct view_page page;
    long top;
};

enum panel_state { PANEL_CLOSED, PANEL_SETTLING, PANEL_ASKING, PANEL_WORKING, PANEL_DONE };

struct panel { /* the gate */
    enum panel_state state;
    char *title;
    struct view_page page; /* the plan, and what became of it */
    char *question;
    char text[128]; /* typed so far */
    const char *remark;
    bool read; /* its end was in sight */
    int code;  /* of the answer: 0 or ERR_CONSENT; 1 while there is none */
    long top;
    struct loop_timer *timer;
    int64_t key_us; /* when the last key came */
};

struct work { /* commands: the one that runs, and those that wait */
    char *queue[QUEUE_MAX];
    size_t waiting;
    bool running, own; /* own: the console's own errand, ended by any command */
    char *line;
    int64_t begun_ms;
    size_t first_line; /* of the output, where the last command began */
    size_t note_line;  /* and where its last note began */
    char progress[128];
};

struct script;

struct tui {
    struct session *session;
    const struct tui_options *options;
    struct loop *loop;
    struct display *display;
    struct canvas canvas;
    struct theme theme;
    struct layout layout;
    struct stray stray;
    struct front front;
    bool ascii, mouse, larger, ended;
    bool leaving; /* as soon as the command that runs has ended */
    int code;     /* what tui_run returns */
    struct error error;

    struct pane *pane;
    size_t panes, now; /* now: the one shown */
    struct log *log;
    bool log_paused;
    uint64_t log_held; /* number of the line under the cursor while paused */
    size_t log_new_lines;

    enum focus focus;
    struct ask ask;
    struct overlay overlay;
    struct panel panel;
    struct work work;
    struct output *output;
    size_t back; /* lines that the command pane is scrolled back */
    struct history history;
    char message[160]; /* in the hint line, until the next key */

    struct device *device; /* whose snapshot this is */
    struct snapshot snapshot;
    struct snapshot_reader *reader;
    int64_t changed_ms; /* when a command last changed something */
    int64_t named_ms;   /* age of the reading after which the session was told who the device is */
    int64_t retry_ms;   /* when to try the lost link again */
    int64_t retry_wait_ms;
    bool other_device; /* another one answers at the port: no more tries */

    struct loop_watch *input, *signals;
    struct loop_timer *tick, *draw;
    int64_t drawn_us;
    struct script *script;
};

/* tui.c */
void tui_dirty(struct tui *tui); /* to be drawn soon */
void tui_draw_now(struct tui *tui);
void tui_message(struct tui *tui, const char *format, ...) __attribute__((format(printf, 2, 3)));
void tui_set_ascii(struct tui *tui);
void tui_resized(struct tui *tui, int rows, int cols); /* 0: ask the terminal */
void tui_end(struct tui *tui, int code);

/* input.c: what a key does, wherever it comes from */
void input_key(struct tui *tui, struct key key);
void input_action(struct tui *tui, enum action action);

/* view_keys.c: the keys of the view shown */
bool view_keys_run(struct tui *tui, struct key key); /* false: no key of it */
void view_keys_emit(struct tui *tui, const char *command, bool edit);
void view_keys_ask_next(struct tui *tui, char *line, bool edit); /* owns line */

/* panes.c */
void panes_open(struct tui *tui);
void panes_close(struct tui *tui);
struct pane *panes_now(struct tui *tui);
bool panes_show(struct tui *tui, size_t i);
bool panes_show_name(struct tui *tui, const char *name);
const char *panes_name(const struct pane *pane);
void panes_build(struct tui *tui); /* the page of the view shown, as it is now */
void panes_context(const struct tui *tui, const struct pane *pane, struct view_context *ctx);
void panes_move(struct tui *tui, long to,
                int step); /* the cursor to the row there, or the next in that direction */

/* draw_*.c */
void draw_screen(struct tui *tui);
void draw_header(struct tui *tui);
void draw_list(struct tui *tui);
void draw_view(struct tui *tui);
void draw_page(struct tui *tui, const struct view_page *page, struct rect at, long top);
void draw_spans(struct tui *tui, const struct view_line *line, int y, int x, int cols, int skip);
void draw_log(struct tui *tui, struct rect inside);
void draw_command(struct tui *tui);
void draw_hints(struct tui *tui);
int draw_view_rows(const struct tui *tui); /* lines of the page that the view pane shows */

/* log_keys.c */
bool log_keys_action(struct tui *tui, enum action action);
bool log_keys_key(struct tui *tui, struct key key);
void log_keys_search(struct tui *tui, bool backwards);
int log_keys_save(struct tui *tui, const char *path, struct error *e);

/* overlay.c */
void overlay_help(struct tui *tui);
void overlay_detail(struct tui *tui);
void overlay_close(struct tui *tui);
void overlay_key(struct tui *tui, struct key key);
void overlay_draw(struct tui *tui);

/* panel.c */
void panel_show(struct tui *tui, const struct plan *plan);
int panel_ask(struct tui *tui, const char *question, char *answer, size_t size, struct error *e);
void panel_write(struct tui *tui, const char *text, size_t len);
void panel_finish(struct tui *tui, int code);
void panel_close(struct tui *tui);
void panel_key(struct tui *tui, struct key key);
void panel_draw(struct tui *tui);

/* ask.c */
void ask_open(struct tui *tui, enum ask_kind kind, const char *label);
void ask_key(struct tui *tui, struct key key);
void ask_close(struct tui *tui);

/* line.c: readline */
void line_open(struct tui *tui);
void line_close(struct tui *tui);
void line_key(struct tui *tui, struct key key);
bool line_is_busy(void);
bool line_wants_esc(void);
bool line_is_empty(void);
void line_set(const char *text, size_t cursor);
void line_remember(struct tui *tui, const char *text); /* in the history */
void line_drop(struct tui *tui);
/* What to draw: the text with control characters made visible, and the cursor's column in it. */
void line_picture(struct buf *to, int *cursor);

/* work.c */
void work_push(struct tui *tui, const char *line);
void work_run_next(struct tui *tui); /* at the top of the loop only */
bool work_is_due(const struct tui *tui);
void work_cancel(struct tui *tui);
void work_clear(struct tui *tui);

/* refresh.c */
void refresh_device(struct tui *tui); /* the snapshot follows what the session is attached to */
void refresh_drop(struct tui *tui);
void refresh_ask(struct tui *tui); /* reads what the view shows, now */
void refresh_tick(struct tui *tui);
void refresh_changed(struct tui *tui); /* a command changed something */
bool refresh_name_due(const struct tui *tui);
void refresh_name(struct tui *tui); /* the session learns who the device is, to know it again */
bool refresh_reconnect_due(const struct tui *tui);
void refresh_reconnect(struct tui *tui);
void refresh_lost(struct tui *tui, const char *sentence);

/* front.c */
void front_set_up(struct tui *tui);
int front_save_screen(struct tui *tui, const char *path, struct error *e);
void front_take_stray(struct tui *tui);
void front_set_theme(struct tui *tui, const char *name, struct error *e);

/* script.c */
int script_keys_open(struct tui *tui, const char *path, struct error *e);
void script_keys_close(struct tui *tui);

/* signals.c */
int signals_open(struct tui *tui, struct error *e);
void signals_close(struct tui *tui);
void signals_stop(struct tui *tui); /* Ctrl-Z */

/* mouse.c */
void mouse_key(struct tui *tui, struct key key);

/* edit.c */
int edit_file(struct tui *tui, const char *name, struct error *e);

#endif
