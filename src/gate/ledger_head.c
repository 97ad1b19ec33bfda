/* The head: a small file beside the ledger that says how many entries there are and the hash of the last one,
 * so that a cut tail is noticed. Replaced in one step (file_replace).
 *
 *     lockstep-ledger-head 1
 *     12 5f3c…        entries, hash of the last
 *     13 90ab…        only while entry 13 is being written: either end is right
 */
#include "base/file.h"
#include "gate/ledger_inside.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HEAD_TITLE "lockstep-ledger-head 1\n"

enum { HEAD_MAX = 1024 };

/* "COUNT HASH\n" at *p; false when it is not that. */
static bool take_end(const char **p, int64_t *count, char hash[LEDGER_HASH_SIZE])
{
    int used = 0;
    char digits[LEDGER_HASH_SIZE];
    if (sscanf(*p, "%18" SCNd64 " %64[0-9a-f]%n", count, digits, &used) != 2 || strlen(digits) != 64 ||
        *count < 0 || (*p)[used] != '\n')
        return false;
    memcpy(hash, digits, LEDGER_HASH_SIZE);
    *p += used + 1;
    return true;
}

static bool parse(const char *text, struct ledger_head *head)
{
    size_t title = strlen(HEAD_TITLE);
    if (strncmp(text, HEAD_TITLE, title) != 0)
        return false;
    text += title;
    if (!take_end(&text, &head->count, head->hash))
        return false;
    return *text == '\0' || (take_end(&text, &head->next, head->next_hash) && *text == '\0');
}

int ledger_head_read(const struct ledger *ledger, struct ledger_head *head, struct error *e)
{
    struct buf text = BUF_INIT;
    *head = (struct ledger_head){0};
    if (access(ledger->head_path, F_OK) != 0 && errno == ENOENT)
        return 0;
    int rc = file_read(ledger->head_path, HEAD_MAX, &text, e);
    if (rc == 0 && (strlen(buf_text(&text)) != text.len || !parse(buf_text(&text), head))) {
        error_set(e, ERR_REFUSED, "%s is not as lockstep writes it: the ledger's end cannot be checked",
                  ledger->head_path);
        rc = error_next(e, "keep it and the ledger for whoever audits them, and begin a new ledger with "
                           "--ledger FILE.");
    }
    head->exists = rc == 0;
    buf_free(&text);
    return rc;
}

int ledger_head_write(const struct ledger *ledger, const struct ledger_head *head, struct error *e)
{
    struct buf text = BUF_INIT;
    buf_printf(&text, HEAD_TITLE "%" PRId64 " %s\n", head->count, head->hash);
    if (head->next != 0)
        buf_printf(&text, "%" PRId64 " %s\n", head->next, head->next_hash);
    int rc = file_replace(ledger->head_path, 0600, text.data, text.len, e);
    buf_free(&text);
    return rc;
}

bool ledger_head_fits(const struct ledger_head *head, int64_t count, const char *hash)
{
    return (head->count == count && strcmp(head->hash, hash) == 0) ||
           (head->next != 0 && head->next == count && strcmp(head->next_hash, hash) == 0);
}
