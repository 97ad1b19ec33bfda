/* Access rules of a device's RPC (rpc.acl_file, rpc.acl): a JSON array of {"method", "ch_type", "acl"}. Pure.
 * Source: the public sources of rpc-common, mongoose and mgos (doc/protocols.md, "Authentication").
 *
 * The first entry whose method pattern and channel type fit decides; when none fits, the call is refused. */
#ifndef CODEC_ACL_H
#define CODEC_ACL_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum { ACL_FILE_MAX = 64 * 1024, ACL_TEXT_MAX = 255, ACL_STARS_MAX = 8, ACL_ENTRIES_MAX = 1000 };

struct acl_entry {
    char *method;        /* pattern; NULL: any */
    char *ch_type;       /* "UART", "WS_in", "HTTP" …, exactly; NULL: any */
    char *list;          /* "*", "-*", "+user1,-user2" */
    size_t line, column; /* where it begins, from 1 */
};

struct acl {
    struct acl_entry *entries;
    size_t count;
};

#define ACL_INIT ((struct acl){0})
#define ACL_NONE ((size_t)-1)

/* Strict: what a device's own parser takes in silence (a missing comma, an unknown name, blanks in a list, an
 * escape that it does not decode) is an error here. ERR_REFUSED "line 3, column 3: …". */
int acl_parse(const char *text, size_t len, struct acl *acl, struct error *e);
/* A bare list ("*", "-*", "+user1,-user2") as one entry for every method. ERR_REFUSED when it is none. */
int acl_from_list(const char *list, struct acl *acl, struct error *e);
void acl_free(struct acl *acl);

enum acl_verdict {
    ACL_ALLOWED,
    ACL_DENIED,
    ACL_LOGIN, /* nobody is logged in, and the entry wants to know who it is */
};

/* user NULL: nobody is logged in. *entry (may be NULL) gets the index of the deciding entry, or ACL_NONE. */
enum acl_verdict acl_decide(const struct acl *acl, const char *method, const char *user, const char *channel,
                            size_t *entry);
const char *acl_verdict_word(enum acl_verdict verdict); /* "allowed", "denied", "login" */

/* Entries of no effect: an earlier one decides whatever this one fits. ACL_NONE, or the earlier one's index.
 */
size_t acl_shadowed_by(const struct acl *acl, size_t entry);

/* The firmware's pattern over a whole text: letters' case ignored; `*` one or more characters up to a slash
 * (at the text's end; in between also none), `**` over slashes, too; `?` one; `|` and `,` divide
 * alternatives, of which the first that fits the text's beginning counts; `$` its end. Nothing fits a text
 * over ACL_TEXT_MAX or a pattern over ACL_STARS_MAX. */
bool acl_match(const char *pattern, const char *text);
/* A list of patterns with signs: the first that fits the user decides, none: no. */
bool acl_list_allows(const char *list, const char *user);

#endif
