/* The plugin loader: what is fit is loaded, what is not is named and left out, and nothing takes us down. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/path.h"
#include "shell/core.h"
#include "shell/loader.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

struct bench {
    struct registry registry;
    char folder[64];
    char *report;
};

/* A fresh folder that holds the named test plugins. */
static void begin(struct bench *bench, const char *const *names)
{
    *bench = (struct bench){.registry = REGISTRY_INIT};
    strcpy(bench->folder, "/tmp/lockstep-loader-XXXXXX");
    assert_non_null(mkdtemp(bench->folder));
    assert_int_equal(registry_add_plugin(&bench->registry, core_plugin(), NULL, NULL), 0);
    char *program = path_program_folder();
    for (size_t i = 0; names[i] != NULL; i++) {
        char *target = mem_printf("%s/../support/%s.so", program, names[i]);
        char *link = mem_printf("%s/%s.so", bench->folder, names[i]);
        assert_int_equal(access(target, R_OK), 0);
        assert_int_equal(symlink(target, link), 0);
        free(target);
        free(link);
    }
    free(program);
}

static size_t load(struct bench *bench, bool foreign)
{
    size_t size;
    FILE *report = open_memstream(&bench->report, &size);
    size_t loaded = loader_load_folder(&bench->registry, bench->folder, foreign, report);
    fclose(report);
    return loaded;
}

static void end(struct bench *bench, const char *const *names)
{
    for (size_t i = 0; names[i] != NULL; i++) {
        char *link = mem_printf("%s/%s.so", bench->folder, names[i]);
        unlink(link);
        free(link);
    }
    rmdir(bench->folder);
    registry_free(&bench->registry);
    free(bench->report);
}

static void test_each_fault(void **state)
{
    (void)state;
    static const struct {
        const char *name, *reason;
        bool foreign_only; /* would take the test down if it were loaded directly */
    } cases[] = {
        {"plugin_abi",       "it was built for plugin interface 4; this lockstep has 3", false},
        {"plugin_nosymbol",  "it has no symbol lockstep_plugin",                         false},
        {"plugin_duplicate", "its command help is already there from another plugin",    false},
        {"plugin_norun",     "its command bad has no run function",                      false},
        {"plugin_noplan",    "its command bad is irreversible and has no plan function", false},
        {"plugin_refuses",   "it needs a newer board",                                   false},
        {"plugin_crash",     "when it was loaded",                                       true },
        {"plugin_exit",      "it ended the process when it was loaded",                  true },
    };
    for (size_t i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
        size_t at = i / 2;
        bool foreign = i % 2 == 0;
        if (cases[at].foreign_only && !foreign)
            continue;
        const char *const names[] = {cases[at].name, NULL};
        struct bench bench;
        begin(&bench, names);
        size_t before = bench.registry.count;
        assert_int_equal(load(&bench, foreign), 0);
        assert_int_equal(bench.registry.count, before);
        char *path = mem_printf("lockstep: the plugin %s/%s.so is left out: ", bench.folder, cases[at].name);
        assert_non_null(strstr(bench.report, path));
        if (strstr(bench.report, cases[at].reason) == NULL)
            fail_msg("%s: %s", cases[at].name, bench.report);
        free(path);
        end(&bench, names);
    }
}

static void test_no_plugin_at_all(void **state)
{
    (void)state;
    const char *const names[] = {NULL};
    struct bench bench;
    begin(&bench, names);
    char *path = path_join(bench.folder, "text.so");
    FILE *file = fopen(path, "w");
    fputs("this is no shared object\n", file);
    fclose(file);
    assert_int_equal(load(&bench, true), 0);
    assert_non_null(strstr(bench.report, "text.so is left out: it cannot be loaded ("));
    unlink(path);
    free(path);
    end(&bench, names);
    struct registry registry = REGISTRY_INIT;
    assert_int_equal(loader_load_folder(&registry, "/nonexistent/folder", true, stderr), 0);
    registry_free(&registry);
}

/* One bad file does not keep the others out; a name already taken stays with who had it. */
static void test_others_still_load(void **state)
{
    (void)state;
    const char *const names[] = {"plugin_abi", "plugin_crash", "plugin_twin", "plugin_xtwin", NULL};
    struct bench bench;
    begin(&bench, (const char *const[]){NULL});
    char *program = path_program_folder();
    static const char *const targets[] = {"plugin_abi", "plugin_crash", "plugin_small", "plugin_small"};
    for (size_t i = 0; i < 4; i++) {
        char *target = mem_printf("%s/../support/%s.so", program, targets[i]);
        char *link = mem_printf("%s/%s.so", bench.folder, names[i]);
        assert_int_equal(symlink(target, link), 0);
        free(target);
        free(link);
    }
    free(program);
    size_t before = bench.registry.count;
    assert_int_equal(load(&bench, true), 1);
    assert_int_equal(bench.registry.count, before + 1);
    assert_non_null(registry_find(&bench.registry, "small"));
    assert_non_null(strstr(bench.report, "plugin_abi.so"));
    assert_non_null(strstr(bench.report, "plugin_crash.so"));
    assert_null(strstr(bench.report, "plugin_twin.so"));
    assert_non_null(strstr(bench.report, "plugin_xtwin.so is left out: its command small is already there"));
    end(&bench, names);
}

static void build_nothing(struct view_page *page, const struct view_context *ctx)
{
    (void)page;
    (void)ctx;
}

/* A plugin's views are taken with it; one that is not fit keeps all of it out. */
static void test_views(void **state)
{
    (void)state;
    static const struct op *const ops[] = {NULL};
    static const struct view_key bad_keys[] = {
        {.key = "b", .label = "say"},
        {0         }
    };
    static const struct {
        struct view view;
        const char *fault; /* NULL: taken */
    } cases[] = {
        {{.name = "a b", .title = "-", .summary = "-", .build = build_nothing},                    "no proper name"     },
        {{.title = "-", .summary = "-", .build = build_nothing},                                   "no proper name"     },
        {{.name = "one", .summary = "-", .build = build_nothing},                                  "no title"           },
        {{.name = "one", .title = "-", .summary = "-"},                                            "no build function"  },
        {{.name = "one", .title = "-", .summary = "-", .build = build_nothing, .parts = 1u << 30},
         "reads a part"                                                                                                 },
        {{.name = "one", .title = "-", .summary = "-", .build = build_nothing, .side_width = -1},
         "impossible width"                                                                                             },
        {{.name = "one", .title = "-", .summary = "-", .build = build_nothing, .keys = bad_keys},
         "without a label"                                                                                              },
        {{.name = "one", .title = "-", .summary = "-", .build = build_nothing},                    NULL                 },
        {{.name = "one", .title = "-", .summary = "-", .build = build_nothing},                    "from another plugin"},
    };
    struct registry registry = REGISTRY_INIT;
    struct plugin plugin[COUNT(cases)];
    const struct view *views[COUNT(cases)][2];
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error e = {0};
        views[i][0] = &cases[i].view;
        views[i][1] = NULL;
        plugin[i] = (struct plugin){.abi = PLUGIN_ABI, .name = "test", .ops = ops, .views = views[i]};
        int rc = registry_add_plugin(&registry, &plugin[i], NULL, &e);
        assert_int_equal(rc, cases[i].fault ? ERR_REFUSED : 0);
        if (cases[i].fault != NULL && strstr(e.message, cases[i].fault) == NULL)
            fail_msg("%zu: %s", i, e.message);
    }
    assert_ptr_equal(registry_view(&registry, 0), &cases[COUNT(cases) - 2].view);
    assert_null(registry_view(&registry, 1));
    registry_free(&registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_fault),
        cmocka_unit_test(test_no_plugin_at_all),
        cmocka_unit_test(test_others_still_load),
        cmocka_unit_test(test_views),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
