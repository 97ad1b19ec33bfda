/* Keys on disk before the device hears of them, and plan files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/file.h"
#include "gate/escrow.h"
#include "gate/plan_file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct bench {
    char folder[64], copies[80], key[96], copy[128];
};

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    snprintf(b->folder, sizeof b->folder, "/tmp/lockstep-unit-XXXXXX");
    assert_non_null(mkdtemp(b->folder));
    snprintf(b->copies, sizeof b->copies, "%s/copies", b->folder);
    snprintf(b->key, sizeof b->key, "%s/k.key", b->folder);
    snprintf(b->copy, sizeof b->copy, "%s/k.key", b->copies);
    assert_int_equal(mkdir(b->copies, 0700), 0);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    char *command = mem_printf("rm -rf '%s'", b->folder);
    int rc = system(command);
    free(command);
    free(b);
    return rc;
}

static unsigned files_in(const char *folder)
{
    unsigned count = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;)
        count += entry->d_type == DT_REG;
    closedir(dir);
    return count;
}

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *path, *digits, *name;
    } cases[] = {
        {"k-????.key",     "240AC431BC0D", "k-BC0D.key"    },
        {"?.key",          "240AC431BC0D", "D.key"         },
        {"a?b?.key",       "12",           "a1b2.key"      },
        {"a??.key",        "7",            "a?7.key"       },
        {"what?/k-??.key", "ABCD",         "what?/k-CD.key"},
        {"plain.key",      "ABCD",         "plain.key"     },
        {"",               "ABCD",         ""              },
        {"?",              "",             "?"             },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *name = escrow_name(cases[i].path, cases[i].digits);
        assert_string_equal(name, cases[i].name);
        free(name);
    }
}

static void assert_file(const char *path, const char *content)
{
    struct stat st;
    struct buf bytes = BUF_INIT;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0400);
    assert_int_equal(st.st_nlink, 1);
    assert_int_equal(file_read(path, 100, &bytes, NULL), 0);
    assert_string_equal(buf_text(&bytes), content);
    buf_free(&bytes);
}

static void test_two_copies(void **state)
{
    struct bench *b = *state;
    struct error e = {0};
    assert_int_equal(escrow_check(b->key, b->copies, &e), 0);
    assert_int_equal(escrow_keep(b->key, b->copies, "secret\n", 7, &e), 0);
    assert_file(b->key, "secret\n");
    assert_file(b->copy, "secret\n");
    assert_int_equal(files_in(b->folder) + files_in(b->copies), 2); /* nothing half-made is left */
    assert_int_equal(escrow_check(b->key, b->copies, &e), ERR_REFUSED);
    assert_int_equal(escrow_keep(b->key, b->copies, "other!\n", 7, &e), ERR_REFUSED);
    assert_non_null(strstr(e.message, "nothing was sent"));
    assert_file(b->key, "secret\n");
    assert_int_equal(files_in(b->folder) + files_in(b->copies), 2);
}

static void test_refusals(void **state)
{
    struct bench *b = *state;
    struct error e = {0};
    assert_int_equal(escrow_check(b->key, b->folder, &e), ERR_REFUSED); /* no second place */
    assert_non_null(strstr(e.message, "no second copy"));
    assert_int_equal(escrow_check(b->key, "/nowhere", &e), ERR_REFUSED);
    assert_int_equal(escrow_check("/nowhere/k.key", NULL, &e), ERR_REFUSED);
    assert_int_equal(escrow_keep(b->key, "/nowhere", "secret\n", 7, &e), ERR_REFUSED);
    assert_non_null(strstr(e.message, "nothing was sent"));
    assert_int_equal(escrow_keep("/nowhere/k.key", NULL, "secret\n", 7, &e), ERR_REFUSED);
    unlink(b->key);
    assert_int_equal(symlink("/nowhere/else", b->key), 0); /* a name that leads elsewhere is taken */
    assert_int_equal(escrow_check(b->key, NULL, &e), ERR_REFUSED);
    assert_int_equal(escrow_keep(b->key, NULL, "secret\n", 7, &e), ERR_REFUSED);
}

/* After a run that was broken off between the two copies. */
static void test_again(void **state)
{
    struct bench *b = *state;
    struct error e = {0};
    assert_int_equal(escrow_keep_again(b->key, b->copies, "secret\n", 7, &e), ERR_REFUSED);
    assert_int_equal(escrow_keep(b->key, NULL, "secret\n", 7, &e), 0);
    assert_int_equal(escrow_keep_again(b->key, b->copies, "secret\n", 7, &e), 0);
    assert_file(b->copy, "secret\n");
    assert_int_equal(escrow_keep_again(b->key, b->copies, "secret\n", 7, &e), 0);
    assert_int_equal(escrow_keep_again(b->key, b->copies, "secreT\n", 7, &e), ERR_REFUSED);
    assert_int_equal(escrow_keep_again(b->key, b->copies, "secret\nx", 8, &e), ERR_REFUSED);
    unlink(b->copy);
    assert_int_equal(file_create(b->copy, 0400, "others\n", 7, &e), 0);
    assert_int_equal(escrow_keep_again(b->key, b->copies, "secret\n", 7, &e), ERR_REFUSED);
    assert_non_null(strstr(e.message, "holds another key"));
}

static void make(struct plan *plan, const char *after)
{
    plan_init(plan, "atca-lock-zone");
    plan_title(plan, "lock it");
    plan_identity_chip(plan, "012352aad1bbf378ee");
    plan_observed(plan, "\x55", 1);
    plan_expected(plan, "\0", 1);
    plan_word_add(plan, "atca-lock-zone");
    plan_step_add(plan, "lock");
    plan_change_add(plan, "byte 87", "0x55", after, "größer als alles");
    plan_file_add(plan, "needs", "/tmp/a.yaml", "00ff");
}

static void test_every_byte_of_a_plan_file_counts(void **state)
{
    struct bench *b = *state;
    struct plan plan;
    struct error e = {0};
    struct buf text = BUF_INIT;
    char hash[PLAN_HASH_SIZE], again[PLAN_HASH_SIZE];
    cJSON *file, *plans = cJSON_CreateArray(), *left = cJSON_CreateArray();
    make(&plan, "0x00");
    cJSON_AddItemToArray(plans, plan_json(&plan));
    assert_int_equal(plan_file_write(b->key, "lockstep 1", NULL, plans, left, hash, &e), 0);
    assert_int_equal(plan_file_read(b->key, &file, again, &e), 0);
    assert_string_equal(hash, again);
    cJSON_Delete(file);
    assert_int_equal(file_read(b->key, 100000, &text, &e), 0);
    for (size_t i = 0; i < text.len; i++) {
        uint8_t kept = text.data[i];
        if (strchr(" \t\n", kept) != NULL)
            continue; /* layout is no content */
        text.data[i] ^= 1;
        assert_int_equal(file_replace(b->copy, 0600, text.data, text.len, &e), 0);
        if (plan_file_read(b->copy, &file, again, &e) == 0)
            fail_msg("byte %zu, '%c', may be changed", i, kept);
        cJSON_Delete(file);
        text.data[i] = kept;
    }
    buf_free(&text);
    plan_free(&plan);
    cJSON_Delete(plans);
    cJSON_Delete(left);
}

static void test_still_the_same(void **state)
{
    (void)state;
    struct plan plan, other;
    struct error e = {0};
    make(&plan, "0x00");
    make(&other, "0x01");
    cJSON *recorded = plan_json(&plan);
    assert_int_equal(plan_file_compare(recorded, &plan, &e), 0);
    assert_int_equal(plan_file_compare(recorded, &other, &e), ERR_REFUSED);
    assert_non_null(strstr(e.message, "\"steps\""));
    plan.files[0].digest[0] = '1';
    assert_int_equal(plan_file_compare(recorded, &plan, &e), ERR_REFUSED);
    assert_non_null(strstr(e.message, "/tmp/a.yaml is no longer the file"));
    plan.files[0].digest[0] = '0';
    plan_trap_add(&plan, "new-trap", "x", "type x", "a trap that was not there");
    assert_int_equal(plan_file_compare(recorded, &plan, &e), ERR_REFUSED);
    assert_non_null(strstr(e.message, "\"traps\""));
    cJSON_Delete(recorded);
    plan_free(&plan);
    plan_free(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test_setup_teardown(test_two_copies, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_byte_of_a_plan_file_counts, setup, teardown),
        cmocka_unit_test(test_still_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
