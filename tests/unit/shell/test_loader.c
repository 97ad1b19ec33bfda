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
        {"plugin_abi",       "it was built for plugin interface 3; this lockstep has 2", false},
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_fault),
        cmocka_unit_test(test_no_plugin_at_all),
        cmocka_unit_test(test_others_still_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
