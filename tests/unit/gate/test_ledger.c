/* The ledger: what is written, what is read back, who is refused. */
#include "test_ledger_bench.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

static void test_nothing_is_touched_before_it_is_needed(void **state)
{
    (void)state;
    struct bench b;
    struct ledger_list list;
    struct ledger_verdict verdict;
    bench_begin(&b);
    assert_int_equal(ledger_open_intents(b.ledger, SERIAL, &list, NULL), 0);
    assert_int_equal(list.count, 0);
    assert_int_equal(ledger_verify(b.ledger, &verdict, NULL), 0);
    assert_int_equal(verdict.count, 0);
    ledger_verdict_free(&verdict);
    assert_int_equal(ledger_show(b.ledger, 1, &list, NULL), ERR_REFUSED);
    char folder[128];
    snprintf(folder, sizeof folder, "%s/new", b.folder);
    assert_int_not_equal(access(folder, F_OK), 0);
    bench_end(&b);
}

static mode_t mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void test_only_the_owner_may_read_it(void **state)
{
    (void)state;
    struct bench b;
    char folder[128], log[160];
    bench_begin(&b);
    mode_t before = umask(0);
    write_steps(&b, 1);
    umask(before);
    snprintf(folder, sizeof folder, "%s/new", b.folder);
    snprintf(log, sizeof log, "%s-wal", b.path);
    assert_int_equal(mode_of(folder), 0700);
    assert_int_equal(mode_of(b.path), 0600);
    assert_int_equal(mode_of(log), 0600);
    assert_int_equal(mode_of(b.head), 0600);
    assert_int_equal(chmod(b.path, 0644), 0);
    open_again(&b);
    conclude(&b, intend(&b, 0), 0, "done");
    assert_int_equal(mode_of(b.path), 0600);
    bench_end(&b);
}

static void test_entries_of_one_plan(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *sentence;
        int64_t refers, step, code;
    } wanted[] = {
        {"session", "a session began",                      LEDGER_ABSENT, LEDGER_ABSENT, LEDGER_ABSENT},
        {"plan",    "lock the configuration zone",          1,             LEDGER_ABSENT, LEDGER_ABSENT},
        {"intent",  "write the zone",                       2,             0,             LEDGER_ABSENT},
        {"outcome", "done",                                 3,             0,             0            },
        {"intent",  "lock it",                              2,             1,             LEDGER_ABSENT},
        {"outcome", "byte 87 reads 0x55, 0x00 was written", 5,             1,             ERR_READBACK },
    };
    struct bench b;
    struct ledger_list list;
    uint8_t readback[32];
    bench_begin(&b);
    conclude(&b, intend(&b, 0), 0, "done");
    memset(readback, 0xAB, sizeof readback);
    b.context.readback = readback;
    conclude(&b, intend(&b, 1), ERR_READBACK, "byte 87 reads 0x55, 0x00 was written");
    assert_int_equal(ledger_list(b.ledger, &(struct ledger_filter){0}, &list, NULL), 0);
    assert_int_equal(list.count, 6);
    for (size_t i = 0; i < list.count; i++) {
        const struct ledger_entry *entry = &list.entry[i];
        assert_int_equal(entry->seq, i + 1);
        assert_string_equal(entry->kind, wanted[i].kind);
        assert_string_equal(entry->sentence, wanted[i].sentence);
        assert_true(entry->refers == wanted[i].refers && entry->step == wanted[i].step &&
                    entry->code == wanted[i].code);
        assert_true(entry->intact && !entry->open);
        assert_string_equal(entry->tool, "lockstep 0.1.0");
        assert_string_equal(entry->port, "/dev/ttyUSB0");
        assert_string_equal(entry->line, "atca-lock-zone config --dry-run=false");
        assert_non_null(strchr(entry->who, '@'));
        assert_int_equal(strlen(entry->at), 20);
        if (i > 0)
            assert_string_equal(entry->previous, list.entry[i - 1].hash);
        if (i > 1) {
            assert_string_equal(entry->identity, SERIAL);
            assert_string_equal(entry->plan_hash, list.entry[1].plan_hash);
        }
    }
    assert_non_null(strstr(list.entry[1].plan, "LockConfig"));
    assert_null(list.entry[3].readback);
    assert_int_equal(strspn(list.entry[5].readback, "ab"), 64);
    assert_int_equal(list.entry[2].answer, 4);
    ledger_list_free(&list);
    assert_sound(&b);
    bench_end(&b);
}

static void test_a_session_is_written_once(void **state)
{
    (void)state;
    struct bench b;
    int64_t first = 0, again = 0;
    bench_begin(&b);
    assert_int_equal(ledger_session_begin(b.ledger, &b.context, &first, NULL), 0);
    assert_int_equal(ledger_session_begin(b.ledger, &b.context, &again, NULL), 0);
    write_steps(&b, 2);
    assert_true(first == 1 && again == 1);
    assert_int_equal(count_of(&b, &(struct ledger_filter){.kind = "session"}), 1);
    open_again(&b);
    write_steps(&b, 1);
    assert_int_equal(count_of(&b, &(struct ledger_filter){.kind = "session"}), 2);
    assert_sound(&b);
    bench_end(&b);
}

static void test_open_intents(void **state)
{
    (void)state;
    struct bench b;
    struct ledger_list list;
    struct error e = {0};
    bench_begin(&b);
    write_steps(&b, 1);
    int64_t open = intend(&b, 1);
    open_again(&b);
    assert_int_equal(ledger_open_intents(b.ledger, "0123000000000000EE", &list, NULL), 0);
    assert_int_equal(list.count, 0);
    assert_int_equal(ledger_open_intents(b.ledger, "012352AAD1BBF378EE", &list, NULL), 0);
    assert_int_equal(list.count, 1);
    assert_true(list.entry[0].seq == open && list.entry[0].open);
    assert_string_equal(list.entry[0].sentence, "lock it");
    ledger_list_free(&list);
    assert_int_equal(ledger_outcome(b.ledger, &b.context, open, 0, "found done", &e), 0);
    assert_int_equal(ledger_open_intents(b.ledger, NULL, &list, NULL), 0);
    assert_int_equal(list.count, 0);
    assert_int_equal(ledger_outcome(b.ledger, &b.context, open, 0, "found done", &e), ERR_REFUSED);
    assert_non_null(strstr(e.message, "has its outcome already"));
    assert_int_equal(ledger_outcome(b.ledger, &b.context, 2, 0, "done", &e), ERR_REFUSED);
    assert_non_null(strstr(e.message, "is no intent"));
    assert_int_equal(ledger_outcome(b.ledger, &b.context, 99, 0, "done", &e), ERR_REFUSED);
    assert_non_null(strstr(e.message, "has no entry 99"));
    assert_int_equal(ledger_note(b.ledger, &b.context, open, "looked at by hand", &e), 0);
    assert_sound(&b);
    bench_end(&b);
}

static void test_filters(void **state)
{
    (void)state;
    struct bench b;
    struct ledger_list list;
    bench_begin(&b);
    write_steps(&b, 2); /* 1 to 6 */
    plan_free(&b.plan);
    fill_plan(&b.plan, "0123aabbccddeeffee");
    b.context.device = "esp32_OTHER";
    write_steps(&b, 1); /* plan, intent, outcome: 7 to 9 */
    sql(&b, "UPDATE entry SET at = '2025-01-31T23:59:59Z' WHERE seq <= 3;"
            "UPDATE entry SET at = '2025-02-01T00:00:00Z', operation = 'other' WHERE seq = 4");
    const struct {
        struct ledger_filter filter;
        size_t count;
    } table[] = {
        {{.device = SERIAL},                                5},
        {{.device = "ESP32_0a1b2c"},                        6},
        {{.device = "esp32_OTHER"},                         3},
        {{.device = "esp32_"},                              0},
        {{.operation = "other"},                            1},
        {{.operation = "atca-lock-zone", .device = SERIAL}, 4},
        {{.until = "2025-01"},                              3},
        {{.until = "2025-01-31"},                           3},
        {{.until = "2025-02-01T00:00"},                     4},
        {{.until = "2025-01-31T23:59:58Z"},                 0},
        {{.since = "2025-02"},                              6},
        {{.since = "2025-01-31", .until = "2025-01-31"},    3},
        {{.since = "2025", .until = "2025"},                4},
        {{.since = "2999"},                                 0},
        {{.kind = "outcome"},                               3},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (count_of(&b, &table[i].filter) != table[i].count)
            fail_msg("filter %zu finds %zu", i, count_of(&b, &table[i].filter));
    assert_int_equal(ledger_list(b.ledger, &(struct ledger_filter){.limit = 4}, &list, NULL), 0);
    assert_true(list.count == 4 && list.more && list.entry[0].seq == 6 && list.entry[3].seq == 9);
    ledger_list_free(&list);
    assert_int_equal(ledger_list(b.ledger, &(struct ledger_filter){.limit = 9}, &list, NULL), 0);
    assert_true(list.count == 9 && !list.more && list.entry[0].seq == 1 && !list.entry[0].intact);
    ledger_list_free(&list);
    bench_end(&b);
}

static void test_dates_that_are_none(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "202",
                                        "2026-",
                                        "2026-1",
                                        "2026-11-20T",
                                        "2026-11-20T10:",
                                        "yesterday",
                                        "2026-11-20 10:00",
                                        "2026-11-20T10:00:00Zx"};
    struct bench b;
    struct ledger_list list;
    struct error e;
    bench_begin(&b);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(ledger_list(b.ledger, &(struct ledger_filter){.since = wrong[i]}, &list, &e),
                         ERR_USAGE);
        assert_int_equal(ledger_list(b.ledger, &(struct ledger_filter){.until = wrong[i]}, &list, &e),
                         ERR_USAGE);
        assert_non_null(strstr(e.message, "until is not a date"));
    }
    bench_end(&b);
}

static void test_export(void **state)
{
    (void)state;
    struct bench b;
    struct buf text = BUF_INIT;
    bench_begin(&b);
    b.context.device = "=cmd|' /C calc'!A0";
    b.context.line = "say \"a,b\"";
    write_steps(&b, 1);
    assert_int_equal(ledger_export(b.ledger, LEDGER_CSV, &(struct ledger_filter){0}, &text, NULL), 0);
    assert_int_equal(strncmp(buf_text(&text), "seq,kind,at,tool,who,identity,device,", 37), 0);
    assert_non_null(strstr(buf_text(&text), ",\"'=cmd|' /C calc'!A0\","));
    assert_non_null(strstr(buf_text(&text), ",\"say \"\"a,b\"\"\","));
    buf_free(&text);
    assert_int_equal(ledger_export(b.ledger, LEDGER_JSONL, &(struct ledger_filter){0}, &text, NULL), 0);
    const char *line = buf_text(&text);
    for (int i = 1; i <= 4; i++) {
        cJSON *json = cJSON_ParseWithOpts(line, &line, 0);
        assert_int_equal(cJSON_GetObjectItem(json, "seq")->valueint, i);
        assert_string_equal(cJSON_GetObjectItem(json, "device")->valuestring, "=cmd|' /C calc'!A0");
        assert_true(cJSON_IsNull(cJSON_GetObjectItem(json, "readback")));
        assert_int_equal(*line++, '\n');
        cJSON_Delete(json);
    }
    assert_int_equal(*line, '\0');
    buf_free(&text);
    bench_end(&b);
}

static void test_hostile_text_is_made_printable(void **state)
{
    (void)state;
    struct bench b;
    struct ledger_list list;
    bench_begin(&b);
    b.context.device = "esp\033[2J32\n\xff";
    conclude(&b, intend(&b, 0), ERR_REFUSED, "it said \033]0;x\007");
    assert_int_equal(ledger_list(b.ledger, &(struct ledger_filter){0}, &list, NULL), 0);
    assert_string_equal(list.entry[0].device, "esp\\x1b[2J32\\x0a\\xff");
    assert_string_equal(list.entry[3].sentence, "it said \\x1b]0;x\\x07");
    ledger_list_free(&list);
    assert_sound(&b);
    bench_end(&b);
}

/* --- refusals ------------------------------------------------------------------------------------------- */

static void assert_refused(struct bench *b, const char *words)
{
    struct error e = {0};
    int64_t row = -1;
    assert_int_equal(b->gate.intent(b->gate.ctx, &b->plan, 0, &row, &e), ERR_REFUSED);
    if (strstr(e.message, words) == NULL)
        fail_msg("%s", e.message);
    assert_non_null(strstr(e.message, "a step that cannot be recorded is refused"));
    assert_true(e.next[0] != '\0' || strstr(words, "folder") != NULL);
    assert_int_equal(row, -1);
}

static void test_a_locked_ledger_refuses(void **state)
{
    (void)state;
    struct bench b;
    bench_begin(&b);
    write_steps(&b, 1);
    sqlite3 *db = by_hand(&b);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    ledger_set_patience(b.ledger, 30);
    assert_refused(&b, "another program keeps it locked");
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    sqlite3_close(db);
    write_steps(&b, 1);
    assert_sound(&b);
    bench_end(&b);
}

static void test_a_ledger_of_another_hand_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *words;
    } table[] = {
        {"PRAGMA user_version = 2",                                        "is of form 2; this lockstep knows form 1"},
        {"PRAGMA application_id = 7",                                      "is a database, but not a ledger"         },
        {"DROP TRIGGER entry_never_goes",                                  "are not as lockstep made them"           },
        {"CREATE TRIGGER t AFTER INSERT ON entry BEGIN SELECT 1; END",     "are not as lockstep made them"           },
        {"ALTER TABLE entry ADD COLUMN more TEXT",                         "are not as lockstep made them"           },
        {"DELETE FROM entry WHERE seq = (SELECT max(seq) FROM entry)",     "does not end as it did"                  },
        {"DELETE FROM entry",                                              "does not end as it did"                  },
        {"UPDATE entry SET hash = replace(hash, substr(hash, 1, 1), 'x')", "does not end as it did"                  },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct bench b;
        bench_begin(&b);
        write_steps(&b, 1);
        sql(&b, table[i].sql);
        open_again(&b);
        assert_refused(&b, table[i].words);
        bench_end(&b);
    }
}

static void test_a_lost_head_refuses(void **state)
{
    (void)state;
    struct bench b;
    bench_begin(&b);
    write_steps(&b, 1);
    assert_int_equal(unlink(b.head), 0);
    assert_refused(&b, "has lost the file that remembers its end");
    assert_int_equal(file_replace(b.head, 0600, "nonsense\n", 9, NULL), 0);
    assert_refused(&b, "is not as lockstep writes it");
    bench_end(&b);
}

static void test_files_that_are_no_ledger_refuse(void **state)
{
    (void)state;
    struct bench b;
    bench_begin(&b);
    snprintf(b.path, sizeof b.path, "%s/text", b.folder);
    assert_int_equal(
        file_create(b.path, 0600, "This is a letter, not a database. It is long enough.", 52, NULL), 0);
    open_again(&b);
    assert_refused(&b, "it is not a ledger");
    snprintf(b.path, sizeof b.path, "%s/text/ledger.sqlite", b.folder);
    open_again(&b);
    assert_refused(&b, "Not a directory");
    snprintf(b.path, sizeof b.path, "%s", b.folder);
    open_again(&b);
    assert_refused(&b, "cannot be opened");
    ledger_close(b.ledger);
    assert_int_equal(ledger_open("", &b.ledger, NULL), ERR_USAGE);
    assert_null(b.ledger);
    bench_end(&b);
}

/* Runs in a child, whose limits and rights are its own; 0 is good. */
static void in_child(struct bench *b, int (*run)(struct bench *b))
{
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(run(b));
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("the child ended with %d", status);
}

static int try_intent(struct bench *b, const char *words, const char *other)
{
    struct error e = {0};
    int64_t row = -1;
    int rc = b->gate.intent(b->gate.ctx, &b->plan, 0, &row, &e);
    bool said = strstr(e.message, words) != NULL || strstr(e.message, other) != NULL;
    if (rc == ERR_REFUSED && row == -1 && said && strstr(e.message, "is refused") != NULL)
        return 0;
    fprintf(stderr, "%d %lld: %s\n", rc, (long long)row, e.message);
    return 1;
}

static int as_nobody(struct bench *b)
{
    if (geteuid() == 0 && setuid(65534) != 0)
        return 2;
    open_again(b);
    return try_intent(b, "Permission denied", "write-protected");
}

static void test_an_unwritable_folder_refuses(void **state)
{
    (void)state;
    struct bench b;
    char folder[128];
    bench_begin(&b);
    snprintf(folder, sizeof folder, "%s/new", b.folder);
    chmod(b.folder, 0555);
    in_child(&b, as_nobody); /* the folder cannot be made */
    chmod(b.folder, 0755);
    write_steps(&b, 1);
    open_again(&b);
    chmod(folder, 0555);
    chmod(b.path, 0444);
    in_child(&b, as_nobody); /* nor the file written */
    chmod(folder, 0700);
    write_steps(&b, 1);
    assert_sound(&b);
    bench_end(&b);
}

static int with_full_disk(struct bench *b)
{
    /* No file may grow beyond what the log holds already: every write behind it fails, as on a full disk. */
    struct stat st;
    char log[160];
    snprintf(log, sizeof log, "%s-wal", b->path);
    if (b->ledger == NULL || stat(log, &st) != 0)
        return 2;
    struct rlimit limit = {(rlim_t)st.st_size, (rlim_t)st.st_size};
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 3;
    return try_intent(b, "the disk reported an error", "the disk is full");
}

static int with_no_room_for_a_file(struct bench *b)
{
    struct rlimit limit = {16, 16};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    open_again(b);
    return try_intent(b, "File too large", "the disk reported an error");
}

static void test_a_full_disk_refuses(void **state)
{
    (void)state;
    struct bench b;
    bench_begin(&b);
    in_child(&b, with_no_room_for_a_file);
    assert_int_not_equal(access(b.path, F_OK), 0);
    write_steps(&b, 1);
    in_child(&b, with_no_room_for_a_file);
    in_child(&b, with_full_disk);
    assert_int_equal(count_of(&b, &(struct ledger_filter){0}), 4);
    write_steps(&b, 1);
    assert_sound(&b);
    bench_end(&b);
}

/* A real file system that fills up: with room for the intent and none for its outcome nothing is begun. */
static void test_a_nearly_full_disk_refuses(void **state)
{
    (void)state;
    struct bench b;
    char folder[128];
    bench_begin(&b);
    snprintf(folder, sizeof folder, "%s/new", b.folder);
    assert_int_equal(mkdir(folder, 0700), 0);
    if (mount("tmpfs", folder, "tmpfs", 0, "size=4m") != 0) {
        bench_end(&b);
        print_message("only root may mount a small file system\n");
        skip();
    }
    write_steps(&b, 1);
    char *filler = mem_alloc(3 << 20);
    char path[160];
    snprintf(path, sizeof path, "%s/filler", folder);
    assert_int_equal(file_create(path, 0600, filler, 3 << 20, NULL), 0);
    assert_refused(&b, "an outcome wants room, too");
    assert_int_equal(unlink(path), 0);
    write_steps(&b, 1);
    assert_sound(&b);
    ledger_close(b.ledger);
    b.ledger = NULL;
    assert_int_equal(umount(folder), 0);
    free(filler);
    bench_end(&b);
}

/* --- several programs, and their deaths ----------------------------------------------------------------- */

static int append_many(struct bench *b)
{
    open_again(b);
    for (int i = 0; i < 40; i++) {
        int64_t row;
        if (b->gate.intent(b->gate.ctx, &b->plan, 0, &row, NULL) != 0 ||
            b->gate.outcome(b->gate.ctx, row, 0, "done", NULL) != 0)
            return 1;
    }
    return 0;
}

static void test_two_programs_write_one_chain(void **state)
{
    (void)state;
    struct bench b;
    int status;
    bench_begin(&b);
    pid_t child[2];
    for (int i = 0; i < 2; i++)
        if ((child[i] = fork()) == 0)
            _exit(append_many(&b)); /* both make the file, too */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(waitpid(child[i], &status, 0), child[i]);
        assert_int_equal(status, 0);
    }
    assert_sound(&b);
    assert_int_equal(count_of(&b, &(struct ledger_filter){0}), 2 * (1 + 40 * 3));
    bench_end(&b);
}

static int die_between(struct bench *b)
{
    int64_t row;
    open_again(b);
    if (b->gate.intent(b->gate.ctx, &b->plan, 0, &row, NULL) == 0)
        kill(getpid(), SIGKILL);
    return 1;
}

static void test_killed_between_intent_and_outcome(void **state)
{
    (void)state;
    struct bench b;
    struct ledger_list list;
    int status;
    bench_begin(&b);
    write_steps(&b, 1);
    pid_t child = fork();
    if (child == 0)
        _exit(die_between(&b));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    open_again(&b);
    assert_int_equal(ledger_open_intents(b.ledger, SERIAL, &list, NULL), 0);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.entry[0].seq, 7);
    ledger_list_free(&list);
    assert_sound(&b);
    conclude(&b, 7, 0, "found done");
    assert_sound(&b);
    bench_end(&b);
}

/* Killed at any instant of many appends: always sound, and never an entry less than was confirmed. */
static void test_killed_at_any_instant(void **state)
{
    (void)state;
    struct bench b;
    bench_begin(&b);
    for (int i = 0; i < 15; i++) {
        int said[2], status;
        assert_int_equal(pipe(said), 0);
        pid_t child = fork();
        if (child == 0) {
            open_again(&b);
            for (;;) {
                int64_t row = 0;
                if (b.gate.intent(b.gate.ctx, &b.plan, 0, &row, NULL) != 0 ||
                    write(said[1], &row, sizeof row) != sizeof row)
                    _exit(1);
            }
        }
        close(said[1]);
        int64_t row = 0, last = 0;
        for (int k = 0; k <= i % 4 && read(said[0], &row, sizeof row) == sizeof row; k++)
            last = row;
        usleep(
            (useconds_t)(i * 311 % 2000)); /* not to wait for something: to hit another instant each time */
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        while (read(said[0], &row, sizeof row) == sizeof row)
            last = row;
        close(said[0]);
        assert_sound(&b);
        assert_true(last > 0 && (int64_t)count_of(&b, &(struct ledger_filter){0}) >= last);
    }
    write_steps(&b, 1);
    assert_sound(&b);
    bench_end(&b);
}

/* What a plan asks a person to type to consent to a trap is not for the record. */
static void test_secrets_stay_out(void **state)
{
    (void)state;
    struct bench b;
    bench_begin(&b);
    plan_trap_add(&b.plan, "i2c-address", "MARKED-ANSWER", "Type the new bus address", "the chip moves");
    write_steps(&b, 2);
    static const char *const names[] = {"", "-wal"};
    for (size_t i = 0; i < 2; i++) {
        char path[160];
        struct buf bytes = BUF_INIT;
        snprintf(path, sizeof path, "%s%s", b.path, names[i]);
        assert_int_equal(file_read(path, 64 << 20, &bytes, NULL), 0);
        assert_null(memmem(bytes.data, bytes.len, "MARKED-ANSWER", 13));
        if (i == 1) /* the search itself finds what is there */
            assert_non_null(memmem(bytes.data, bytes.len, "i2c-address", 11));
        buf_free(&bytes);
    }
    bench_end(&b);
}

static void test_usual_path(void **state)
{
    (void)state;
    struct ledger *ledger;
    setenv("XDG_STATE_HOME", "/nowhere/state", 1);
    assert_int_equal(ledger_open(NULL, &ledger, NULL), 0);
    assert_string_equal(ledger_path(ledger), "/nowhere/state/lockstep/ledger.sqlite");
    ledger_close(ledger);
    ledger_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_touched_before_it_is_needed),
        cmocka_unit_test(test_only_the_owner_may_read_it),
        cmocka_unit_test(test_entries_of_one_plan),
        cmocka_unit_test(test_a_session_is_written_once),
        cmocka_unit_test(test_open_intents),
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_dates_that_are_none),
        cmocka_unit_test(test_export),
        cmocka_unit_test(test_hostile_text_is_made_printable),
        cmocka_unit_test(test_a_locked_ledger_refuses),
        cmocka_unit_test(test_a_ledger_of_another_hand_refuses),
        cmocka_unit_test(test_a_lost_head_refuses),
        cmocka_unit_test(test_files_that_are_no_ledger_refuse),
        cmocka_unit_test(test_an_unwritable_folder_refuses),
        cmocka_unit_test(test_a_full_disk_refuses),
        cmocka_unit_test(test_a_nearly_full_disk_refuses),
        cmocka_unit_test(test_two_programs_write_one_chain),
        cmocka_unit_test(test_killed_between_intent_and_outcome),
        cmocka_unit_test(test_killed_at_any_instant),
        cmocka_unit_test(test_secrets_stay_out),
        cmocka_unit_test(test_usual_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
