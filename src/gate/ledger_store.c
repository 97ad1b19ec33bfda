/* The ledger's SQLite file: made whole or not at all, opened late, never trusted to be what it was. */
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "gate/ledger_inside.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATIENCE_MS = 5000 };

int ledger_open(const char *path, struct ledger **ledger, struct error *e)
{
    static const char suffix[] = ".sqlite";
    if (path != NULL && *path == '\0') {
        *ledger = NULL;
        return error_set(e, ERR_USAGE, "the ledger's file has no name");
    }
    struct ledger *l = mem_alloc(sizeof *l);
    l->path = path != NULL ? mem_string(path) : path_xdg(PATH_STATE, "ledger.sqlite");
    l->patience_ms = PATIENCE_MS;
    size_t n = strlen(l->path), m = strlen(suffix);
    size_t stem = n > m && strcmp(l->path + n - m, suffix) == 0 ? n - m : n;
    l->head_path = mem_printf("%.*s.head", (int)stem, l->path);
    *ledger = l;
    return 0;
}

static void close_db(struct ledger *ledger)
{
    sqlite3_close_v2(ledger->db);
    ledger->db = NULL;
    ledger->writable = false;
}

void ledger_close(struct ledger *ledger)
{
    if (ledger == NULL)
        return;
    close_db(ledger);
    free(ledger->path);
    free(ledger->head_path);
    free(ledger);
}

const char *ledger_path(const struct ledger *ledger)
{
    return ledger->path;
}

void ledger_set_patience(struct ledger *ledger, int ms)
{
    ledger->patience_ms = ms;
    if (ledger->db != NULL)
        sqlite3_busy_timeout(ledger->db, ms);
}

/* --- words for SQLite's codes --------------------------------------------------------------------------- */

static int fault_of(sqlite3 *db, const char *path, const char *doing, struct error *e)
{
    static const struct {
        int code;
        const char *why, *next;
    } faults[] = {
        {SQLITE_FULL,       "the disk is full",                "make room on it, or give another file with --ledger FILE."},
        {SQLITE_BUSY,       "another program keeps it locked",
         "end that program, or give another file with --ledger FILE."                                                     },
        {SQLITE_READONLY,   "it is write-protected",
         "make it and its folder writable, or give another file with --ledger FILE."                                      },
        {SQLITE_CANTOPEN,   "it cannot be opened",
         "look at the rights of it and its folder, or give another file with --ledger FILE."                              },
        {SQLITE_PERM,       "its rights forbid it",
         "look at the rights of it and its folder, or give another file with --ledger FILE."                              },
        {SQLITE_CORRUPT,    "it is damaged",
         "keep it for whoever audits it, and begin a new one with --ledger FILE."                                         },
        {SQLITE_NOTADB,     "it is not a ledger",              "give another file with --ledger FILE."                    },
        {SQLITE_CONSTRAINT, "it takes no such entry",
         "keep it for whoever audits it, and begin a new one with --ledger FILE."                                         },
        {SQLITE_IOERR,      "the disk reported an error",
         "look at the disk, or give another file with --ledger FILE."                                                     },
    };
    int code = sqlite3_errcode(db) & 0xFF, cause = sqlite3_system_errno(db);
    char said[160];
    const char *why = text_safe(sqlite3_errmsg(db), said, sizeof said),
               *next = "lockstep ledger verify looks at the whole file.";
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        if (faults[i].code == code) {
            why = faults[i].why;
            next = faults[i].next;
        }
    bool has_cause = cause != 0 && (code == SQLITE_IOERR || code == SQLITE_CANTOPEN);
    error_set(e, ERR_REFUSED, "the ledger %s cannot be %s: %s%s%s%s", path, doing, why, has_cause ? " (" : "",
              has_cause ? strerror(cause) : "", has_cause ? ")" : "");
    return error_next(e, "%s", next);
}

int ledger_store_fault(struct ledger *ledger, const char *doing, struct error *e)
{
    return fault_of(ledger->db, ledger->path, doing, e);
}

sqlite3_stmt *ledger_store_query(struct ledger *ledger, const char *sql, struct error *e)
{
    sqlite3_stmt *query = NULL;
    if (sqlite3_prepare_v2(ledger->db, sql, -1, &query, NULL) != SQLITE_OK)
        ledger_store_fault(ledger, "read", e);
    return query;
}

/* --- making --------------------------------------------------------------------------------------------- */

/* What stands in sqlite_schema, in the order of the names. */
static const struct {
    const char *name, *sql; /* sql NULL: the table, made from the columns */
} objects[] = {
    {"entry",               NULL                                                                              },
    {"entry_by_refers",     "CREATE INDEX entry_by_refers ON entry (refers)"                                  },
    {"entry_never_changes", "CREATE TRIGGER entry_never_changes BEFORE UPDATE ON entry "
                            "BEGIN SELECT RAISE(ABORT, 'a ledger only grows'); END"},
    {"entry_never_goes",    "CREATE TRIGGER entry_never_goes BEFORE DELETE ON entry "
                         "BEGIN SELECT RAISE(ABORT, 'a ledger only grows'); END"      },
};
enum { OBJECTS = sizeof objects / sizeof objects[0] };

static void object_sql(size_t i, struct buf *to)
{
    if (objects[i].sql != NULL) {
        buf_add_text(to, objects[i].sql);
        return;
    }
    buf_add_text(to, "CREATE TABLE entry (");
    for (size_t k = 0; k < LEDGER_COLUMNS; k++)
        buf_printf(to, "%s%s %s%s", k ? ", " : "", ledger_columns[k].name,
                   ledger_columns[k].is_text ? "TEXT" : "INTEGER",
                   k == 0                       ? " PRIMARY KEY"
                   : ledger_columns[k].required ? " NOT NULL"
                                                : "");
    buf_add_text(to, ") STRICT");
}

bool ledger_store_is_ours(struct ledger *ledger)
{
    struct buf sql = BUF_INIT;
    size_t i = 0;
    bool same = true;
    sqlite3_stmt *query = ledger_store_query(
        ledger, "SELECT sql FROM sqlite_schema WHERE name NOT GLOB 'sqlite_*' ORDER BY name", NULL);
    for (; query != NULL && sqlite3_step(query) == SQLITE_ROW; i++) {
        const char *found = (const char *)sqlite3_column_text(query, 0);
        buf_clear(&sql);
        if (i < OBJECTS)
            object_sql(i, &sql);
        same = same && i < OBJECTS && found != NULL && strcmp(found, buf_text(&sql)) == 0;
    }
    sqlite3_finalize(query);
    buf_free(&sql);
    return same && i == OBJECTS;
}

static void making_sql(struct buf *to)
{
    buf_add_text(to, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; BEGIN;");
    for (size_t i = 0; i < OBJECTS; i++) {
        object_sql(i, to);
        buf_add_text(to, ";");
    }
    buf_printf(to, "PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT;", LEDGER_APPLICATION,
               LEDGER_SCHEMA);
}

static int fill_file(const char *temporary, const char *path, struct error *e)
{
    struct buf sql = BUF_INIT;
    sqlite3 *db = NULL;
    making_sql(&sql);
    int rc = sqlite3_open_v2(temporary, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, buf_text(&sql), NULL, NULL, NULL);
    rc = rc == SQLITE_OK ? 0 : fault_of(db, path, "made", e);
    sqlite3_close_v2(db);
    buf_free(&sql);
    return rc;
}

static int make_folder(const char *path, struct error *e)
{
    char *copy = mem_string(path);
    int rc = file_make_folder(dirname(copy), 0700, e);
    free(copy);
    return rc ? error_prefix(e, "making the ledger %s", path) : 0;
}

/* Made under another name and moved into place, so that no reader and no second program ever sees half of it;
 * who comes second takes the one that is there. */
static int make_file(const char *path, struct error *e)
{
    char *temporary = mem_printf("%s.%d.new", path, (int)getpid());
    unlink(temporary); /* of an earlier run with the same number, killed while making it */
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int rc = fd < 0 ? error_set_errno(e, ERR_REFUSED, "the ledger %s cannot be made", path)
                    : fill_file(temporary, path, e);
    if (fd >= 0)
        close(fd);
    if (rc == 0 && renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE) < 0 && errno != EEXIST)
        rc = error_set_errno(e, ERR_REFUSED, "the ledger %s cannot be put into place", path);
    if (fd >= 0)
        unlink(temporary);
    free(temporary);
    return rc;
}

/* --- opening -------------------------------------------------------------------------------------------- */

static bool exists(const char *path)
{
    return access(path, F_OK) == 0 || errno != ENOENT;
}

/* "file:…?immutable=1" for a ledger on a medium where nothing can be written, not even SQLite's own index of
 * the log. Only when there is no log: then the file alone is the whole ledger. */
static char *immutable_name(const char *path)
{
    struct buf uri = BUF_INIT;
    struct stat st;
    char *log = mem_printf("%s-wal", path);
    bool has_log = stat(log, &st) == 0 ? st.st_size > 0 : errno != ENOENT;
    free(log);
    if (has_log)
        return NULL;
    buf_add_text(&uri, "file:");
    for (const unsigned char *p = (const unsigned char *)path; *p != '\0'; p++)
        buf_printf(&uri, isalnum(*p) || strchr("/._-", *p) != NULL ? "%c" : "%%%02X", *p);
    buf_add_text(&uri, "?immutable=1");
    return buf_take(&uri);
}

/* The value of a pragma, or -1. */
static int64_t pragma(struct ledger *ledger, const char *sql)
{
    sqlite3_stmt *query = NULL;
    int64_t value = -1;
    if (sqlite3_prepare_v2(ledger->db, sql, -1, &query, NULL) == SQLITE_OK &&
        sqlite3_step(query) == SQLITE_ROW)
        value = sqlite3_column_int64(query, 0);
    sqlite3_finalize(query);
    return value;
}

static int open_db(struct ledger *ledger, const char *name, int flags)
{
    int rc = sqlite3_open_v2(name, &ledger->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_busy_timeout(ledger->db, ledger->patience_ms);
    sqlite3_db_config(ledger->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(ledger->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(ledger->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    /* The first read is what really opens the file. */
    return pragma(ledger, "SELECT count(*) FROM sqlite_schema") < 0 ? sqlite3_errcode(ledger->db) : SQLITE_OK;
}

static int check_kind(struct ledger *ledger, struct error *e)
{
    int64_t application = pragma(ledger, "PRAGMA application_id");
    int64_t version = pragma(ledger, "PRAGMA user_version");
    if (application != LEDGER_APPLICATION) {
        error_set(e, ERR_REFUSED, "%s is a database, but not a ledger of lockstep", ledger->path);
        return error_next(e, "give another file with --ledger FILE.");
    }
    if (version != LEDGER_SCHEMA) {
        error_set(e, ERR_REFUSED, "the ledger %s is of form %lld; this lockstep knows form %d", ledger->path,
                  (long long)version, LEDGER_SCHEMA);
        return error_next(e, "use the lockstep that wrote it, or give another file with --ledger FILE.");
    }
    return 0;
}

int ledger_store_read(struct ledger *ledger, bool *found, struct error *e)
{
    *found = ledger->db != NULL || exists(ledger->path);
    if (ledger->db != NULL || !*found)
        return 0;
    int code = open_db(ledger, ledger->path, SQLITE_OPEN_READONLY) & 0xFF;
    char *name = code == SQLITE_CANTOPEN || code == SQLITE_READONLY ? immutable_name(ledger->path) : NULL;
    if (name != NULL) {
        close_db(ledger);
        code = open_db(ledger, name, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
        free(name);
    }
    int rc = code == SQLITE_OK ? check_kind(ledger, e) : ledger_store_fault(ledger, "read", e);
    if (rc != 0)
        close_db(ledger);
    return rc;
}

static int check_writable(struct ledger *ledger, struct error *e)
{
    int rc = check_kind(ledger, e);
    if (rc != 0)
        return rc;
    if (sqlite3_db_readonly(ledger->db, "main") == 1) {
        error_set(e, ERR_REFUSED, "the ledger %s is write-protected", ledger->path);
        return error_next(e, "make it and its folder writable, or give another file with --ledger FILE.");
    }
    if (sqlite3_exec(ledger->db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL", NULL, NULL, NULL) !=
        SQLITE_OK)
        return ledger_store_fault(ledger, "written", e);
    if (!ledger_store_is_ours(ledger)) {
        error_set(e, ERR_REFUSED, "the tables of the ledger %s are not as lockstep made them", ledger->path);
        return error_next(e, "lockstep ledger verify looks at the whole file; begin a new one with --ledger "
                             "FILE.");
    }
    return 0;
}

int ledger_store_write(struct ledger *ledger, struct error *e)
{
    if (ledger->db != NULL && ledger->writable)
        return 0;
    close_db(ledger);
    int rc = exists(ledger->path) ? 0 : make_folder(ledger->path, e);
    if (rc == 0 && !exists(ledger->path))
        rc = make_file(ledger->path, e);
    if (rc != 0)
        return rc;
    struct stat st;
    if (stat(ledger->path, &st) == 0 && st.st_mode & 077)
        (void)!chmod(ledger->path,
                     st.st_mode & 0700); /* not ours to change: then it stays as its owner wants */
    rc = open_db(ledger, ledger->path, SQLITE_OPEN_READWRITE) == SQLITE_OK
             ? check_writable(ledger, e)
             : ledger_store_fault(ledger, "opened", e);
    ledger->writable = rc == 0;
    if (rc != 0)
        close_db(ledger);
    return rc;
}
