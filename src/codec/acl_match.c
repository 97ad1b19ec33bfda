/* The firmware's patterns, and what they decide. See acl.h. */
#include "codec/acl.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

struct span {
    const char *at;
    size_t len;
};

static struct span behind(struct span s, size_t n)
{
    return (struct span){s.at + n, s.len - n};
}

/* What each star of a pattern takes at each place of the text, plus one; 0: not known yet. Without it a
 * pattern of many stars takes longer than anybody waits. */
struct memo {
    uint16_t known[ACL_STARS_MAX + 1][ACL_TEXT_MAX + 1];
};

static size_t match_start(struct memo *memo, struct span pattern, struct span text);

static size_t count_stars(struct span pattern)
{
    size_t stars = 0;
    for (size_t i = 0; i < pattern.len; i++)
        stars += pattern.at[i] == '*';
    return stars;
}

/* pattern begins with a star: takes as much as it can, then less and less until the rest fits. */
static size_t try_star(struct memo *memo, struct span pattern, struct span text)
{
    bool any = pattern.len > 1 && pattern.at[1] == '*';
    const char *slash = memchr(text.at, '/', text.len);
    size_t reach = any || slash == NULL ? text.len : (size_t)(slash - text.at);
    struct span rest = behind(pattern, any ? 2 : 1);
    if (rest.len == 0 || (rest.len == 1 && rest.at[0] == '$'))
        return reach;
    for (size_t taken = reach + 1; taken-- > 0;) {
        size_t more = match_start(memo, rest, behind(text, taken));
        if (more > 0)
            return taken + more;
    }
    return 0;
}

static size_t match_star(struct memo *memo, struct span pattern, struct span text)
{
    uint16_t *known = &memo->known[count_stars(pattern)][text.len];
    if (*known == 0)
        *known = (uint16_t)(1 + try_star(memo, pattern, text));
    return *known - 1u;
}

/* Characters of the text's beginning that one pattern without alternatives takes; 0: it does not fit. */
static size_t match_start(struct memo *memo, struct span pattern, struct span text)
{
    size_t i = 0;
    for (; i < pattern.len && i < text.len; i++) {
        if (pattern.at[i] == '*') {
            size_t more = match_star(memo, behind(pattern, i), behind(text, i));
            return more == 0 ? 0 : i + more;
        }
        if (pattern.at[i] != '?' &&
            tolower((unsigned char)pattern.at[i]) != tolower((unsigned char)text.at[i]))
            break;
    }
    if (i < pattern.len && pattern.at[i] == '$')
        return i == text.len ? i : 0;
    return i == pattern.len ? i : 0;
}

/* Bars divide before commas. The first alternative that takes anything ends the search. */
static size_t match_alternatives(struct span pattern, struct span text)
{
    for (;;) {
        const char *cut = memchr(pattern.at, '|', pattern.len);
        if (cut == NULL)
            cut = memchr(pattern.at, ',', pattern.len);
        if (cut == NULL) {
            struct memo memo = {0};
            return match_start(&memo, pattern, text);
        }
        size_t first = (size_t)(cut - pattern.at);
        /* what stands before a bar may still hold commas */
        size_t taken = match_alternatives((struct span){pattern.at, first}, text);
        if (taken > 0)
            return taken;
        pattern = behind(pattern, first + 1);
    }
}

static bool match_whole(struct span pattern, struct span text)
{
    return text.len <= ACL_TEXT_MAX && count_stars(pattern) <= ACL_STARS_MAX &&
           match_alternatives(pattern, text) == text.len;
}

bool acl_match(const char *pattern, const char *text)
{
    return match_whole((struct span){pattern, strlen(pattern)}, (struct span){text, strlen(text)});
}

bool acl_list_allows(const char *list, const char *user)
{
    struct span who = {user, strlen(user)};
    while (*list != '\0') {
        struct span one = {list, strcspn(list, ",")};
        list += one.len + (list[one.len] == ',');
        bool allows = one.len > 0 && one.at[0] != '-';
        if (one.len > 0 && (one.at[0] == '-' || one.at[0] == '+'))
            one = behind(one, 1);
        if (one.len > 0 && match_whole(one, who))
            return allows;
    }
    return false;
}

static bool fits(const struct acl_entry *entry, const char *method, const char *channel)
{
    return (entry->ch_type == NULL || strcmp(entry->ch_type, channel) == 0) &&
           (entry->method == NULL || acl_match(entry->method, method));
}

static enum acl_verdict decide_list(const char *list, const char *user)
{
    if (strcmp(list, "*") == 0 || strcmp(list, "+*") == 0)
        return ACL_ALLOWED;
    if (strcmp(list, "-*") == 0)
        return ACL_DENIED;
    if (user == NULL)
        return ACL_LOGIN;
    return acl_list_allows(list, user) ? ACL_ALLOWED : ACL_DENIED;
}

enum acl_verdict acl_decide(const struct acl *acl, const char *method, const char *user, const char *channel,
                            size_t *entry)
{
    for (size_t i = 0; i < acl->count; i++) {
        if (!fits(&acl->entries[i], method, channel))
            continue;
        if (entry != NULL)
            *entry = i;
        return decide_list(acl->entries[i].list, user);
    }
    if (entry != NULL)
        *entry = ACL_NONE;
    return ACL_DENIED;
}

const char *acl_verdict_word(enum acl_verdict verdict)
{
    static const char *const words[] = {
        [ACL_ALLOWED] = "allowed", [ACL_DENIED] = "denied", [ACL_LOGIN] = "login"};
    return words[verdict];
}

/* Whether a pattern fits all that another fits: the same one, or one that fits every method there is. */
static bool covers(const struct acl_entry *first, const struct acl_entry *later)
{
    bool channel =
        first->ch_type == NULL || (later->ch_type != NULL && strcmp(first->ch_type, later->ch_type) == 0);
    bool every = first->method == NULL || strcmp(first->method, "*") == 0 || strcmp(first->method, "**") == 0;
    return channel && (every || (later->method != NULL && strcasecmp(first->method, later->method) == 0));
}

size_t acl_shadowed_by(const struct acl *acl, size_t entry)
{
    for (size_t i = 0; i < entry && entry < acl->count; i++)
        if (covers(&acl->entries[i], &acl->entries[entry]))
            return i;
    return ACL_NONE;
}
