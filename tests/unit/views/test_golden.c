/* Each view in each state of a device, as text, against tests/data/views. LOCKSTEP_GOLDEN=write writes the
 * files anew: look at each of them then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shell/view_page.h"

#include "fixtures.h"

#include <locale.h>
#include <stdio.h>

static void make_open(struct snapshot *snapshot)
{
    fixture_device(snapshot);
    fixture_chip(snapshot, "sample-508", 0x55, 0x55);
    fixture_have(snapshot, SNAPSHOT_KEYS);
}

static void make_config_locked(struct snapshot *snapshot)
{
    fixture_device(snapshot);
    fixture_chip(snapshot, "sample-508", 0x00, 0x55);
    fixture_keys(snapshot);
}

static void make_locked(struct snapshot *snapshot)
{
    fixture_device(snapshot);
    fixture_chip(snapshot, "board-508", 0x00, 0x00);
    fixture_keys(snapshot);
}

/* Another model, a slot locked for itself, a lock byte that is neither, keys that could not be read. */
static void make_odd_608(struct snapshot *snapshot)
{
    uint8_t raw[ATECC_CONFIG_SIZE];
    fixture_device(snapshot);
    fixture_chip(snapshot, "sample-608", 0x00, 0x13);
    memcpy(raw, snapshot->chip.raw, sizeof raw);
    raw[88] = 0xf6; /* slots 0 and 3 */
    atecc_config_decode(raw, &snapshot->chip);
    fixture_fail(snapshot, SNAPSHOT_KEYS, "ATCA.GetPubKey got no answer for 20 s.", "Check the cable.");
}

static void make_nothing(struct snapshot *snapshot)
{
    memset(snapshot, 0, sizeof *snapshot);
    snapshot->part[SNAPSHOT_INFO].asking = true;
}

static void make_lost(struct snapshot *snapshot)
{
    make_config_locked(snapshot);
    fixture_free(snapshot);
    snapshot->link = RPC_LOST;
    error_set(&snapshot->link_why, ERR_CONNECTION, "The connection was lost: /dev/ttyUSB0 is gone.");
}

static void make_no_chip(struct snapshot *snapshot)
{
    fixture_device(snapshot);
    fixture_fail(snapshot, SNAPSHOT_CHIP, "no secure element: it is switched off, sys.atca.enable is false",
                 "config-set sys.atca.enable=true, which takes effect after the reboot.");
    fixture_fail(snapshot, SNAPSHOT_KEYS, "no secure element: it is switched off, sys.atca.enable is false",
                 "");
}

static void make_refused(struct snapshot *snapshot)
{
    memset(snapshot, 0, sizeof *snapshot);
    for (unsigned i = 0; i < SNAPSHOT_PARTS; i++)
        fixture_fail(snapshot, (enum snapshot_part)i, "the device refused: unauthorized",
                     "give --rpc-creds user:password.");
}

static const struct {
    const char *name;
    void (*make)(struct snapshot *snapshot);
} states[] = {
    {"open",          make_open         },
    {"config-locked", make_config_locked},
    {"locked",        make_locked       },
    {"odd-608",       make_odd_608      },
    {"nothing",       make_nothing      },
    {"lost",          make_lost         },
    {"no-chip",       make_no_chip      },
    {"refused",       make_refused      },
};

/* The rows whose detail is shown. */
static const struct {
    const char *view, *selected[3];
} selections[] = {
    {"overview", {"config", "1", "flash"}               },
    {"chip",     {"16", "20", "86"}                     },
    {"zones",    {"config", "data", "slots"}            },
    {"slots",    {"0", "4", "8"}                        },
    {"config",   {"http.ssl_key", "wifi.sta.pass", NULL}},
    {"files",    {"server.key", "init.js", NULL}        },
};

static void add_page(const struct view *view, const struct view_context *ctx,
                     void (*fill)(struct view_page *page, const struct view_context *ctx), int width,
                     const char *what, struct buf *to)
{
    struct view_page page;
    (void)view;
    view_page_init(&page);
    fill(&page, ctx);
    buf_printf(to, "---- %s, %d columns, %s\n", what, width, ctx->ascii ? "ASCII" : "UTF-8");
    view_page_text(&page, width, ctx->ascii, to);
    view_page_free(&page);
}

static void add_selected(const struct view *view, const struct snapshot *snapshot, const char *selected,
                         struct buf *to)
{
    struct view_context ctx = fixture_context(snapshot, selected, false);
    char what[64];
    if (view->detail != NULL) {
        snprintf(what, sizeof what, "detail of %s", selected);
        add_page(view, &ctx, view->detail, 62, what, to);
    }
    if (view->side != NULL) {
        snprintf(what, sizeof what, "side of %s", selected);
        add_page(view, &ctx, view->side, view->side_width, what, to);
    }
}

static void render(const struct view *view, const struct snapshot *snapshot, struct buf *to)
{
    static const int widths[] = {60, 78, 98, 140};
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        struct view_context ctx = fixture_context(snapshot, "", false);
        add_page(view, &ctx, view->build, widths[i], "page", to);
    }
    struct view_context plain = fixture_context(snapshot, "", true);
    add_page(view, &plain, view->build, 78, "page", to);
    for (size_t i = 0; i < sizeof selections / sizeof *selections; i++)
        for (size_t n = 0; n < 3 && strcmp(view->name, selections[i].view) == 0; n++)
            if (selections[i].selected[n] != NULL)
                add_selected(view, snapshot, selections[i].selected[n], to);
}

static bool show_difference(const char *path, const struct buf *is)
{
    char *command = mem_printf("diff -u '%s' - >&2", path);
    FILE *diff = popen(command, "w");
    free(command);
    if (diff == NULL)
        return false;
    fwrite(is->data, 1, is->len, diff);
    pclose(diff);
    return false;
}

static bool is_golden(const char *view, const char *state, const struct buf *text)
{
    char file[96], path[512];
    const char *mode = getenv("LOCKSTEP_GOLDEN");
    struct buf golden = BUF_INIT;
    snprintf(file, sizeof file, "views/%s-%s.txt", view, state);
    fixture_path(file, path, sizeof path);
    if (mode != NULL && strcmp(mode, "write") == 0) {
        assert_int_equal(file_replace(path, 0644, text->data, text->len, NULL), 0);
        return true;
    }
    bool same = file_read(path, 1 << 20, &golden, NULL) == 0 && golden.len == text->len &&
                memcmp(golden.data, text->data, text->len) == 0;
    buf_free(&golden);
    return same || show_difference(path, text);
}

static void test_pages(void **state)
{
    (void)state;
    unsigned different = 0;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        for (size_t v = 0; views_table[v] != NULL; v++) {
            struct snapshot snapshot;
            struct buf text = BUF_INIT;
            states[i].make(&snapshot);
            render(views_table[v], &snapshot, &text);
            different += !is_golden(views_table[v]->name, states[i].name, &text);
            buf_free(&text);
            fixture_free(&snapshot);
        }
    assert_int_equal(different, 0);
}

/* No line is wider than it may be, and with ASCII every byte is. */
static void test_widths(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        for (size_t v = 0; views_table[v] != NULL; v++)
            for (int width = 1; width < 200; width += 13) {
                struct snapshot snapshot;
                struct buf text = BUF_INIT;
                states[i].make(&snapshot);
                struct view_context ctx = fixture_context(&snapshot, "", true);
                add_page(views_table[v], &ctx, views_table[v]->build, width, "", &text);
                char *line = strtok((char *)text.data, "\n");
                while ((line = strtok(NULL, "\n")) != NULL) {
                    if ((int)strlen(line) > width)
                        fail_msg("%s, %s: over %d columns: %s", views_table[v]->name, states[i].name, width,
                                 line);
                    for (const char *c = line; *c != '\0'; c++)
                        assert_true(*c >= 0x20 && *c < 0x7f);
                }
                buf_free(&text);
                fixture_free(&snapshot);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_widths),
    };
    setlocale(LC_ALL, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
