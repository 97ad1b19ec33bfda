/* ledger_verify: whatever another hand does to the rows is found, and said. */
#include "test_ledger_bench.h"

#include "gate/ledger_inside.h"

enum { STEPS = 9, ENTRIES = 2 + 2 * STEPS };

struct place { /* a value of one entry */
    int64_t seq;
    const char *column;
};

/* Any value of any entry that has bytes, the numbers by their digits. */
static bool pick(sqlite3 *db, struct place *place, struct buf *value, bool *is_text)
{
    static const char *const columns[] = {"seq",      "kind",      "at",       "tool",      "who",
                                          "identity", "device",    "port",     "operation", "line",
                                          "plan",     "plan_hash", "state",    "step",      "refers",
                                          "code",     "sentence",  "readback", "previous",  "hash"};
    char text[160];
    place->seq = 1 + rand() % ENTRIES;
    place->column = columns[(size_t)rand() % (sizeof columns / sizeof columns[0])];
    snprintf(text, sizeof text, "SELECT %s FROM entry WHERE seq = %lld", place->column,
             (long long)place->seq);
    sqlite3_stmt *query;
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &query, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(query), SQLITE_ROW);
    *is_text = sqlite3_column_type(query, 0) == SQLITE_TEXT;
    buf_clear(value);
    buf_add(value, sqlite3_column_text(query, 0), (size_t)sqlite3_column_bytes(query, 0));
    sqlite3_finalize(query);
    return value->len > 0;
}

static bool change(sqlite3 *db, const struct place *place, const struct buf *value, bool is_text)
{
    char text[160];
    sqlite3_stmt *update;
    snprintf(text, sizeof text, "UPDATE entry SET %s = ? WHERE seq = %lld", place->column,
             (long long)place->seq);
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &update, NULL), SQLITE_OK);
    if (is_text)
        sqlite3_bind_text(update, 1, (const char *)value->data, (int)value->len, SQLITE_STATIC);
    else
        sqlite3_bind_int64(update, 1, strtoll(buf_text(value), NULL, 10));
    bool done = sqlite3_step(update) == SQLITE_DONE;
    sqlite3_finalize(update);
    return done;
}

/* One byte of one value becomes another: of text any byte but itself, of a number another digit. */
static void spoil(struct buf *value, bool is_text)
{
    size_t at = (size_t)rand() % value->len;
    uint8_t before = value->data[at];
    while (value->data[at] == before || (!is_text && at == 0 && value->data[at] == '0' && value->len > 1))
        value->data[at] = is_text ? (uint8_t)(rand() % 256) : (uint8_t)('0' + rand() % 10);
}

static void test_thousand_changes_of_one_byte(void **state)
{
    (void)state;
    enum { WANTED = 1000 };
    struct bench b;
    struct buf value = BUF_INIT, kept = BUF_INIT;
    bench_begin(&b);
    uint8_t readback[32] = {1, 2, 3};
    b.context.readback = readback;
    write_steps(&b, STEPS);
    assert_sound(&b);
    sqlite3 *db = by_hand(&b);
    sqlite3_exec(db, "PRAGMA synchronous=OFF", NULL, NULL,
                 NULL); /* the changes need not survive a power cut */
    srand(4711);
    int changed = 0, missed = 0;
    while (changed < WANTED) {
        struct place place;
        bool is_text;
        char said[768];
        int64_t seq;
        if (!pick(db, &place, &value, &is_text))
            continue;
        buf_clear(&kept);
        buf_add(&kept, value.data, value.len);
        spoil(&value, is_text);
        if (!change(db, &place, &value, is_text))
            continue; /* a number that another entry has */
        changed++;
        if (verify_says(&b, said, sizeof said, &seq) == 0) {
            missed++;
            print_message("missed: entry %lld, %s\n", (long long)place.seq, place.column);
        }
        if (strcmp(place.column, "seq") == 0)
            place.seq = strtoll(buf_text(&value), NULL, 10);
        assert_true(change(db, &place, &kept, is_text));
    }
    sqlite3_close(db);
    assert_sound(&b);
    print_message("%d changes of one byte, %d missed\n", changed, missed);
    assert_int_equal(missed, 0);
    buf_free(&value);
    buf_free(&kept);
    bench_end(&b);
}

static void test_what_another_hand_does(void **state)
{
    (void)state;
#define ALL                                                                                                  \
    "kind, at, tool, who, identity, device, port, operation, line, plan, plan_hash, state, step, refers, "   \
    "code, sentence, readback, previous, hash"
    static const struct {
        const char *sql;
        int64_t seq;
        const char *words;
    } table[] = {
        {"UPDATE entry SET sentence = 'done' || char(0) WHERE seq = 4",                          4,  "was edited or inserted"                           },
        {"UPDATE entry SET sentence = NULL WHERE seq = 4",                                       4,  "was edited or inserted"                           },
        {"UPDATE entry SET readback = '' WHERE seq = 4",                                         4,  "was edited or inserted"                           },
        {"UPDATE entry SET device = 'esp32_0A1B2C/d', port = 'ev/ttyUSB0' WHERE seq = 4",        4,  "was edited"                                       },
        {"UPDATE entry SET port = device, device = port WHERE seq = 4",                          4,  "was edited"                                       },
        {"UPDATE entry SET hash = upper(hash) WHERE seq = 4",                                    4,  "was edited"                                       },
        {"UPDATE entry SET hash = hash || char(0) WHERE seq = 20",                               20, "was edited"                                       },
        {"DELETE FROM entry WHERE seq = 5",                                                      5,  "entry 5 is missing"                               },
        {"DELETE FROM entry WHERE seq BETWEEN 5 AND 7",                                          5,  "entries 5 to 7 are missing"                       },
        {"DELETE FROM entry WHERE seq = 1",                                                      1,  "entry 1 is missing"                               },
        {"DELETE FROM entry WHERE seq = 20",                                                     20,
         "entries 20 to 20 are missing at the end: they were cut off"                                                                                   },
        {"DELETE FROM entry WHERE seq > 4",                                                      5,  "entries 5 to 20 are missing at the end"           },
        {"DELETE FROM entry",                                                                    1,  "entries 1 to 20 are missing at the end"           },
        {"UPDATE entry SET seq = -1 WHERE seq = 5; UPDATE entry SET seq = 5 WHERE seq = 6; UPDATE entry SET "
         "seq "
         "= 6 WHERE seq = -1",                                                          5,  "entry 5 was moved here: it was written as entry 6"},
        {"UPDATE entry SET seq = 21 WHERE seq = 5",                                              5,  "entry 5 is missing"                               },
        {"INSERT INTO entry (seq, " ALL ") SELECT 0, " ALL " FROM entry WHERE seq = 1",          0,
         "entry 0 was inserted"                                                                                                                         },
        {"INSERT INTO entry (seq, " ALL ") SELECT -7, " ALL " FROM entry WHERE seq = 1",         -7, "was inserted"                                     },
        {"INSERT INTO entry (seq, " ALL ") SELECT 21, " ALL " FROM entry WHERE seq = 20",        21,
         "entry 21 was moved"                                                                                                                           },
        {"UPDATE entry SET seq = -seq WHERE seq > 8; UPDATE entry SET seq = 1 - seq WHERE seq < 0;"
         "INSERT INTO entry (seq, " ALL ") SELECT 9, " ALL " FROM entry WHERE seq = 3",
         9,                                                                                          "entry 9 was moved here: it was written as entry 3"},
        {"DROP TRIGGER entry_never_changes",                                                     0,  "are not as lockstep made them"                    },
        {"CREATE TABLE more (a)",                                                                0,  "are not as lockstep made them"                    },
        {"CREATE VIEW v AS SELECT 1",                                                            0,  "are not as lockstep made them"                    },
    };
    struct bench b;
    char saved[160], saved_head[160];
    bench_begin(&b);
    write_steps(&b, STEPS);
    ledger_close(b.ledger); /* folds the log into the file */
    b.ledger = NULL;
    snprintf(saved, sizeof saved, "%s.saved", b.path);
    snprintf(saved_head, sizeof saved_head, "%s.saved", b.head);
    copy_file(b.path, saved);
    copy_file(b.head, saved_head);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        sql(&b, table[i].sql);
        assert_finds(&b, table[i].seq, table[i].words);
        ledger_close(b.ledger);
        b.ledger = NULL;
        copy_file(saved, b.path);
        assert_sound(&b);
        ledger_close(b.ledger);
        b.ledger = NULL;
    }
    bench_end(&b);
}

/* Whoever knows the form of the chain: gives an entry the hash that its content and the entry before it ask
 * for. */
static void chain(struct bench *b, int64_t seq)
{
    char text[300], hash[LEDGER_HASH_SIZE];
    struct buf query_text = BUF_INIT;
    sqlite3 *db = by_hand(b);
    sqlite3_stmt *query;
    snprintf(text, sizeof text,
             "UPDATE entry SET previous = (SELECT hash FROM entry WHERE seq = %lld) WHERE seq = %lld",
             (long long)seq - 1, (long long)seq);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    buf_add_text(&query_text, "SELECT ");
    ledger_column_names(&query_text);
    buf_printf(&query_text, " FROM entry WHERE seq = %lld", (long long)seq);
    assert_int_equal(sqlite3_prepare_v2(db, buf_text(&query_text), -1, &query, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(query), SQLITE_ROW);
    ledger_row_hash(query, 0, hash);
    sqlite3_finalize(query);
    snprintf(text, sizeof text, "UPDATE entry SET hash = '%s' WHERE seq = %lld", hash, (long long)seq);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    buf_free(&query_text);
}

static void test_one_entry_rewritten_with_its_hash(void **state)
{
    (void)state;
    struct bench b;
    bench_begin(&b);
    write_steps(&b, STEPS);
    sql(&b, "UPDATE entry SET sentence = 'never happened' WHERE seq = 6");
    assert_finds(&b, 6, "was edited");
    chain(&b, 6);
    assert_finds(&b, 7, "does not follow the entry before it");
    for (int64_t seq = 7; seq <= ENTRIES; seq++)
        chain(&b, seq);
    assert_finds(&b, ENTRIES, "was rewritten");
    bench_end(&b);
}

static void test_an_entry_forged_at_the_end(void **state)
{
    (void)state;
    struct bench b;
    bench_begin(&b);
    write_steps(&b, STEPS);
    sql(&b, "INSERT INTO entry (seq, kind, at, who, previous, hash) VALUES (21, 'note', "
            "'2026-11-20T10:42:07Z', 'me@here', 'x', 'x')");
    chain(&b, 21);
    assert_finds(&b, 21, "were not written by lockstep");
    bench_end(&b);
}

static void test_the_head(void **state)
{
    (void)state;
    struct bench b;
    struct buf head = BUF_INIT;
    struct ledger_verdict verdict;
    bench_begin(&b);
    write_steps(&b, 1);
    assert_int_equal(file_read(b.head, 4096, &head, NULL), 0);
    assert_int_equal(ledger_verify(b.ledger, &verdict, NULL), 0);
    assert_true(verdict.count == 4 && strstr(buf_text(&head), verdict.head) != NULL);
    ledger_verdict_free(&verdict);
    struct buf other = BUF_INIT;
    buf_add(&other, head.data, head.len);
    uint8_t *digit = &other.data[other.len - 2]; /* the last of the hash */
    *digit = *digit == '0' ? '1' : '0';
    assert_int_equal(file_replace(b.head, 0600, other.data, other.len, NULL), 0);
    assert_finds(&b, 4, "was rewritten");
    assert_int_equal(file_replace(b.head, 0600, head.data, head.len - 1, NULL), 0);
    assert_finds(&b, 0, "is not as lockstep writes it");
    assert_int_equal(unlink(b.head), 0);
    assert_finds(&b, 0, "is gone");
    assert_int_equal(file_replace(b.head, 0600, head.data, head.len, NULL), 0);
    assert_sound(&b);
    assert_int_equal(unlink(b.path), 0); /* the whole ledger is gone */
    assert_finds(&b, 1, "entries 1 to 4 are missing at the end");
    buf_free(&head);
    buf_free(&other);
    bench_end(&b);
}

static void test_a_damaged_file(void **state)
{
    (void)state;
    struct bench b;
    char said[768];
    int64_t seq;
    bench_begin(&b);
    write_steps(&b, STEPS);
    ledger_close(b.ledger);
    b.ledger = NULL;
    struct stat st;
    assert_int_equal(stat(b.path, &st), 0);
    FILE *file = fopen(b.path, "r+");
    assert_non_null(file);
    assert_int_equal(fseek(file, st.st_size - 4096, SEEK_SET), 0);
    for (int i = 0; i < 64; i++)
        fputc(0xEE, file); /* the start of the last page */
    fclose(file);
    assert_int_equal(verify_says(&b, said, sizeof said, &seq), ERR_REFUSED);
    bench_end(&b);
}

static void test_a_medium_that_cannot_be_written(void **state)
{
    (void)state;
    struct bench b;
    char folder[128];
    bench_begin(&b);
    write_steps(&b, 1);
    ledger_close(b.ledger);
    b.ledger = NULL;
    snprintf(folder, sizeof folder, "%s/new", b.folder);
    int status;
    chmod(b.folder, 0755);
    chmod(b.path, 0444);
    chmod(b.head, 0444);
    chmod(folder, 0555);
    pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 && setuid(65534) != 0)
            _exit(2);
        open_again(&b);
        _exit(ledger_verify(b.ledger, &(struct ledger_verdict){0}, NULL) == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    chmod(folder, 0700);
    bench_end(&b);
}

static void test_each_commit_is_synced(void **state)
{
    (void)state;
    static const struct {
        const char *pragma, *value;
    } wanted[] = {
        {"PRAGMA synchronous",  "2"  },
        {"PRAGMA journal_mode", "wal"}
    };
    struct bench b;
    bench_begin(&b);
    for (int round = 0; round < 2; round++) { /* the run that makes the file, and one that finds it */
        intend(&b, 0);
        for (size_t i = 0; i < 2; i++) {
            sqlite3_stmt *query = ledger_store_query(b.ledger, wanted[i].pragma, NULL);
            assert_int_equal(sqlite3_step(query), SQLITE_ROW);
            assert_string_equal(sqlite3_column_text(query, 0), wanted[i].value);
            sqlite3_finalize(query);
        }
        open_again(&b);
    }
    bench_end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thousand_changes_of_one_byte),
        cmocka_unit_test(test_what_another_hand_does),
        cmocka_unit_test(test_one_entry_rewritten_with_its_hash),
        cmocka_unit_test(test_an_entry_forged_at_the_end),
        cmocka_unit_test(test_the_head),
        cmocka_unit_test(test_a_damaged_file),
        cmocka_unit_test(test_each_commit_is_synced),
        cmocka_unit_test(test_a_medium_that_cannot_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
