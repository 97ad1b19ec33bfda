/* Views of a device that lies: nothing of it reaches a terminal as it is, widens a line, or takes long. And
 * what views must never show, and the table they stand in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "shell/view_page.h"

#include "fixtures.h"

#include <locale.h>
#include <math.h>

static const char *const nasty[] = {
    "\x1b]0;owned\x07\x1b[2J", /* title, clear screen */
    "\x1b]52;c;AAAA\x1b\\",    /* clipboard */
    "\xc2\x9b"
    "31m\xc2\x90", /* C1 controls */
    "\xe2\x80\xae"
    "fdp.exe\xe2\x81\xa6", /* bidi */
    "a\xe2\x80\x8b\xef\xbb\xbf"
    "b",                            /* zero width */
    "\xff\xfe\xc0\xaf\xed\xa0\x80", /* no UTF-8 */
    "a\r\nb\tc\x7f",                /* more than one line */
    "\xe4\xb8\xad\xe6\x96\x87\xf0\x9f\x94\x92 wide",
    "%s%n%s",
};
enum { NASTY = sizeof nasty / sizeof *nasty, LONG_NAME = 10 * 1024 };

static char *long_name(void)
{
    char *name = mem_alloc(LONG_NAME + 1);
    memset(name, 'A', LONG_NAME);
    return name;
}

/* Every string of a tree becomes nasty; keys too. */
static void spoil(cJSON *tree, unsigned *n, const char *longest)
{
    for (cJSON *item = tree->child; item != NULL; item = item->next) {
        (*n)++;
        if (cJSON_IsString(item))
            cJSON_SetValuestring(item, *n % (NASTY + 1) == NASTY ? longest : nasty[*n % (NASTY + 1)]);
        if (cJSON_IsNumber(item))
            item->valuedouble = *n % 3 == 0 ? -1e300 : *n % 3 == 1 ? 1e300 : (double)INFINITY;
        spoil(item, n, longest);
    }
}

/* A group with keys no firmware has, and one nested deeper than any. */
static void add_strange_keys(cJSON *config, const char *longest)
{
    cJSON *group = cJSON_AddObjectToObject(config, "strange\x1b[31m"), *deep = group;
    for (unsigned i = 0; i < NASTY; i++)
        cJSON_AddStringToObject(group, nasty[i], "value");
    cJSON_AddStringToObject(group, longest, "value");
    for (unsigned i = 0; i < 400; i++)
        deep = cJSON_AddObjectToObject(deep, i % 2 ? "deep" : "\xe2\x80\xae");
    cJSON *many = cJSON_AddArrayToObject(config, "many");
    for (unsigned i = 0; i < 6000; i++)
        cJSON_AddItemToArray(many, cJSON_CreateNumber(i));
}

static void make_hostile(struct snapshot *snapshot)
{
    unsigned n = 0;
    uint8_t raw[ATECC_CONFIG_SIZE];
    char *name = long_name();
    fixture_device(snapshot);
    spoil(snapshot->info, &n, name);
    spoil(snapshot->files, &n, name);
    spoil(snapshot->config, &n, name);
    add_strange_keys(snapshot->config, name);
    cJSON_ReplaceItemInObject(snapshot->info, "id", cJSON_CreateString(name));
    for (unsigned i = 0; i < 3000; i++) {
        cJSON *file = cJSON_CreateObject();
        cJSON_AddStringToObject(file, "name", nasty[i % NASTY]);
        cJSON_AddStringToObject(file, "size", "many");
        cJSON_AddItemToArray(snapshot->files, file);
    }
    fixture_chip(snapshot, "random-1", 0x00, 0xAA);
    memset(raw, 0xFF, sizeof raw);
    atecc_config_decode(raw, &snapshot->chip);
    fixture_keys(snapshot);
    free(name);
}

/* Lines that a terminal shows as they are, none wider than `width`. */
static void check_text(const char *view, const struct buf *text, int width)
{
    struct buf again = BUF_INIT;
    text_printable(buf_text(text), text->len, true, 0, &again);
    if (strcmp(buf_text(&again), buf_text(text)) != 0 || strlen(buf_text(text)) != text->len ||
        strchr(buf_text(text), '\t'))
        fail_msg("%s shows what a terminal would obey", view);
    buf_add(&again, "\n", 1);
    for (char *line = strtok((char *)again.data, "\n"); line != NULL; line = strtok(NULL, "\n"))
        if (view_width(line) > width)
            fail_msg("%s: over %d columns: %s", view, width, line);
    buf_free(&again);
}

static void check_page(const struct view *view, const struct snapshot *snapshot, const char *selected,
                       bool ascii, int width)
{
    void (*const fills[])(struct view_page *, const struct view_context *) = {view->build, view->detail,
                                                                              view->side};
    for (size_t i = 0; i < 3; i++) {
        struct view_context ctx = fixture_context(snapshot, selected, ascii);
        struct view_page page;
        struct buf text = BUF_INIT;
        view_page_init(&page);
        if (fills[i] != NULL)
            fills[i](&page, &ctx);
        view_page_text(&page, width, ascii, &text);
        check_text(view->name, &text, width);
        buf_free(&text);
        view_page_free(&page);
    }
}

static void test_hostile_data(void **state)
{
    (void)state;
    struct snapshot snapshot;
    static const char *const selected[] = {"", "0", "999999999999", "http.enable", "\x1b[2J", "slots"};
    make_hostile(&snapshot);
    for (size_t v = 0; views_table[v] != NULL; v++)
        for (size_t i = 0; i < sizeof selected / sizeof *selected; i++)
            check_page(views_table[v], &snapshot, selected[i], i % 2, i % 2 ? 33 : 97);
    fixture_free(&snapshot);
}

/* A page is built again with each change: even of the worst device in a moment. */
static void test_hostile_time(void **state)
{
    (void)state;
    struct snapshot snapshot;
    make_hostile(&snapshot);
    int64_t began = clock_ms();
    for (size_t v = 0; views_table[v] != NULL; v++) {
        struct view_context ctx = fixture_context(&snapshot, "", false);
        struct view_page page;
        view_page_init(&page);
        views_table[v]->build(&page, &ctx);
        view_page_free(&page);
    }
    assert_true(clock_ms() - began < 2000);
    fixture_free(&snapshot);
}

/* Answers of another shape than the methods have. */
static void test_other_shapes(void **state)
{
    (void)state;
    static const char *const shapes[] = {"[]",
                                         "{}",
                                         "\"text\"",
                                         "12",
                                         "null",
                                         "[[],{},1,null,{\"name\":5}]",
                                         "{\"http\":1,\"rpc\":[],\"\":{\"\":\"\"}}"};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct snapshot snapshot = {0};
        cJSON **const trees[] = {&snapshot.info, &snapshot.config, &snapshot.files};
        static const enum snapshot_part parts[] = {SNAPSHOT_INFO, SNAPSHOT_CONFIG, SNAPSHOT_FILES};
        for (size_t t = 0; t < 3; t++) {
            *trees[t] = cJSON_Parse(shapes[i]);
            fixture_have(&snapshot, parts[t]);
        }
        for (size_t v = 0; views_table[v] != NULL; v++)
            check_page(views_table[v], &snapshot, "a", false, 80);
        fixture_free(&snapshot);
    }
}

static void test_secrets_are_not_shown(void **state)
{
    (void)state;
    static const char *const secrets[] = {"correct horse", "geheim", "L-1234"};
    static const char *const selected[] = {"wifi.sta.pass", "mqtt.pass", "device.license"};
    struct snapshot snapshot;
    fixture_device(&snapshot);
    for (size_t v = 0; views_table[v] != NULL; v++)
        for (size_t s = 0; s < 3; s++) {
            struct view_context ctx = fixture_context(&snapshot, selected[s], false);
            struct view_page page;
            struct buf text = BUF_INIT;
            view_page_init(&page);
            views_table[v]->build(&page, &ctx);
            if (views_table[v]->detail != NULL)
                views_table[v]->detail(&page, &ctx);
            view_page_text(&page, 200, false, &text);
            for (size_t i = 0; i < 3; i++)
                assert_null(strstr(buf_text(&text), secrets[i]));
            buf_free(&text);
            view_page_free(&page);
        }
    fixture_free(&snapshot);
}

/* Each view has a name of its own, and keys that emit lines and that are not the console's. */
static void test_table(void **state)
{
    (void)state;
    static const char *const taken[] = {"Enter", "k", "j", "n", "N", "s", "S", "y", "w", "r", "G", "q",
                                        "/",     "&", ":", "?", "[", "]", "0", "1", "2", "3", "4", "5"};
    for (size_t v = 0; views_table[v] != NULL; v++) {
        const struct view *view = views_table[v];
        assert_non_null(view->build);
        assert_true(view->parts != 0 && view->parts < 1u << SNAPSHOT_PARTS);
        assert_true((view->side != NULL) == (view->side_width > 0));
        assert_true(view->title[0] != '\0' && view->summary[0] != '\0');
        for (size_t other = 0; other < v; other++)
            assert_string_not_equal(view->name, views_table[other]->name);
        for (const struct view_key *key = view->keys; key->key != NULL; key++) {
            assert_true(key->label[0] != '\0' && key->command[0] != '\0');
            for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
                assert_string_not_equal(key->key, taken[i]);
            for (const struct view_key *other = view->keys; other < key; other++)
                assert_string_not_equal(key->key, other->key);
        }
    }
}

/* A finding is told only when the configuration proves it. */
static void test_findings_are_proved(void **state)
{
    (void)state;
    static const struct {
        const char *config, *words;
        bool told;
    } cases[] = {
        {"{\"rpc\":{\"enable\":true,\"http_enable\":true,\"auth_file\":\"\"},\"http\":{\"enable\":true}}",
         "open to anyone",                                                                                                        true },
        {"{\"rpc\":{\"enable\":true,\"http_enable\":true,\"auth_file\":\"a\"},\"http\":{\"enable\":true}}",
         "open to anyone",                                                                                                        false},
        {"{\"rpc\":{\"enable\":true,\"http_enable\":true,\"acl\":\"*\"},\"http\":{\"enable\":true}}",
         "open to anyone",                                                                                                        false},
        {"{\"rpc\":{\"enable\":true,\"http_enable\":true},\"http\":{\"enable\":true,\"ssl_ca_cert\":\"ca\"}}",
         "open to anyone",                                                                                                        false},
        {"{\"rpc\":{\"enable\":true,\"http_enable\":true},\"http\":{\"enable\":false}}",                       "open to anyone",
         false                                                                                                                         },
        {"{\"rpc\":{\"enable\":true},\"http\":{\"enable\":true}}",                                             "open to anyone",  false},
        {"{\"http\":{\"enable\":true,\"ssl_cert\":\"\"}}",                                                     "in the clear",    true },
        {"{\"http\":{\"enable\":true}}",                                                                       "in the clear",    false},
        {"{\"http\":{\"enable\":true,\"ssl_cert\":\"c\",\"ssl_key\":\"ATCA:0\"}}",                             "private key",     false},
        {"{\"http\":{\"enable\":true,\"ssl_cert\":\"c\",\"ssl_key\":\"k\"}}",                                  "private key",     true },
        {"{\"wifi\":{\"ap\":{\"enable\":true,\"pass\":\"\"}}}",                                                "no password",     true },
        {"{\"wifi\":{\"ap\":{\"enable\":true}}}",                                                              "no password",     false},
        {"{\"mqtt\":{\"enable\":true,\"ssl_ca_cert\":\"\",\"ssl_cert\":\"\"}}",                                "MQTT goes",       true },
        {"{\"mqtt\":{\"enable\":true,\"ssl_ca_cert\":\"ca\",\"ssl_cert\":\"\"}}",                              "MQTT goes",       false},
        {"{\"debug\":{\"level\":3}}",                                                                          "show in its log", true },
        {"{\"debug\":{\"level\":2}}",                                                                          "show in its log", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct snapshot snapshot = {.config = cJSON_Parse(cases[i].config)};
        struct view_context ctx = fixture_context(&snapshot, "", false);
        struct view_page page;
        struct buf text = BUF_INIT;
        assert_non_null(snapshot.config);
        fixture_have(&snapshot, SNAPSHOT_CONFIG);
        view_page_init(&page);
        view_overview.build(&page, &ctx);
        view_page_text(&page, 200, false, &text);
        if ((strstr(buf_text(&text), cases[i].words) != NULL) != cases[i].told)
            fail_msg("%s: %s", cases[i].config, buf_text(&text));
        buf_free(&text);
        view_page_free(&page);
        fixture_free(&snapshot);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hostile_data), cmocka_unit_test(test_hostile_time),
        cmocka_unit_test(test_other_shapes), cmocka_unit_test(test_secrets_are_not_shown),
        cmocka_unit_test(test_table),        cmocka_unit_test(test_findings_are_proved),
    };
    setlocale(LC_ALL, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
