/* The witness: see journal.h. */
#include "sim/journal.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/text.h"
#include "sim/base64.h"

#include <fcntl.h>
#include <mbedtls/md.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

struct sim_journal {
    int fd;
};

int sim_journal_open(const char *path, struct sim_journal **journal, struct error *e)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_set_errno(e, ERR_REFUSED, "The journal %s cannot be opened", path);
    *journal = mem_alloc(sizeof **journal);
    (*journal)->fd = fd;
    return 0;
}

void sim_journal_close(struct sim_journal *journal)
{
    if (journal == NULL)
        return;
    close(journal->fd);
    free(journal);
}

/* Which member of which method's args is secret; a method ending in '.' stands for all of that name. */
static const struct {
    const char *method, *member;
    bool base64;
} secrets[] = {
    {"ATCA.SetKey", "key",      true },
    {"ATCA.",       "wkey",     true },
    {"ATCA.AES",    "data",     true },
    {"FS.Put",      "data",     true },
    {"",            "pass",     false},
    {"",            "password", false},
    {"Config.Set",  "value",    false},
    {"",            "license",  false},
};

static const char digest_mark[] = "sha256:";

static void digest_text(const char *text, bool base64, char *to)
{
    struct buf bytes = {.secret = true};
    if (base64)
        sim_base64_decode(text, &bytes);
    else
        buf_add_text(&bytes, text);
    uint8_t sum[32];
    mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), (const uint8_t *)buf_text(&bytes), bytes.len,
               sum);
    strcpy(to, digest_mark);
    text_hex(sum, sizeof sum, to + sizeof digest_mark - 1);
    buf_free(&bytes);
}

static void redact_member(const char *method, cJSON *item)
{
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        size_t n = strlen(secrets[i].method);
        bool prefix = n == 0 || secrets[i].method[n - 1] == '.';
        if (item->string == NULL || strcmp(item->string, secrets[i].member) != 0 ||
            strncmp(method, secrets[i].method, prefix ? n : n + 1) != 0 || !cJSON_IsString(item))
            continue;
        char digest[sizeof digest_mark + 64];
        digest_text(item->valuestring, secrets[i].base64, digest);
        memset(item->valuestring, 0, strlen(item->valuestring));
        free(item->valuestring);
        item->valuestring = mem_string(digest);
        return;
    }
}

/* Depth is bounded by the parser that made the tree. */
static void redact_tree(const char *method, cJSON *node)
{
    for (cJSON *item = node->child; item != NULL; item = item->next) {
        redact_member(method, item);
        redact_tree(method, item);
    }
}

cJSON *sim_journal_redact(const char *method, const cJSON *args)
{
    cJSON *copy = args ? cJSON_Duplicate(args, 1) : NULL;
    if (copy != NULL)
        redact_tree(method, copy);
    return copy;
}

static cJSON *new_line(void)
{
    struct timeval now;
    gettimeofday(&now, NULL);
    cJSON *line = cJSON_CreateObject();
    cJSON_AddNumberToObject(line, "time", (double)now.tv_sec + (double)(now.tv_usec / 1000) / 1e3);
    return line;
}

static void write_line(struct sim_journal *journal, cJSON *line)
{
    struct buf text = BUF_INIT;
    char *json = cJSON_PrintUnformatted(line);
    buf_printf(&text, "%s\n", json);
    /* A full disk loses the witness, not the device. */
    if (file_write_all(journal->fd, text.data, text.len, NULL) < 0)
        fprintf(stderr, "lockstep-sim: the journal could not be written.\n");
    free(json);
    buf_free(&text);
    cJSON_Delete(line);
}

void sim_journal_request(struct sim_journal *journal, const struct sim_journal_request *r)
{
    if (journal == NULL)
        return;
    cJSON *line = new_line();
    cJSON_AddStringToObject(line, "channel", r->channel);
    cJSON_AddStringToObject(line, "method", r->method);
    if (r->id != 0)
        cJSON_AddNumberToObject(line, "id", (double)r->id);
    if (r->user != NULL && *r->user != '\0')
        cJSON_AddStringToObject(line, "user", r->user);
    if (r->args != NULL)
        cJSON_AddItemToObject(line, "args", sim_journal_redact(r->method, r->args));
    cJSON_AddStringToObject(line, "did", r->did);
    cJSON_AddNumberToObject(line, "code", r->code);
    if (r->message != NULL)
        cJSON_AddStringToObject(line, "message", r->message);
    write_line(journal, line);
}

void sim_journal_event(struct sim_journal *journal, const char *event, const char *why)
{
    if (journal == NULL)
        return;
    cJSON *line = new_line();
    cJSON_AddStringToObject(line, "event", event);
    if (why != NULL && *why != '\0')
        cJSON_AddStringToObject(line, "why", why);
    write_line(journal, line);
}
