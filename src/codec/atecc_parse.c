/* Reading by the key table: see atecc_parse.h.
 *
 * libyaml's events are walked along the table, so that every complaint has its line and column and nothing
 * nests deeper than the table does. JSON takes the same way: cJSON first says whether the text is JSON at
 * all, then libyaml reads it (JSON written out is YAML's flow style), because cJSON holds numbers as doubles,
 * which cannot carry the 64-bit counters, and forgets where things stood. */
#include "codec/atecc_parse.h"

#include "base/text.h"
#include "codec/atecc_keys.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

struct reader {
    yaml_parser_t parser;
    yaml_event_t event; /* the one being looked at */
    bool json;
    const char *name;
    struct error *e;
    uint8_t raw[ATECC_CONFIG_SIZE];
    unsigned choices; /* ATECC_IF_… keys met in the present list element */
    char path[128];   /* "slotinfo[3].keyconfig.keytype" */
};

void atecc_text_place(const char *text, size_t offset, size_t *line, size_t *column)
{
    *line = *column = 1;
    for (size_t i = 0; i < offset; i++) {
        (*column)++;
        if (text[i] == '\n') {
            (*line)++;
            *column = 1;
        }
    }
}

/* --- complaints ------------------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static int fail(struct reader *r, yaml_mark_t mark, const char *format,
                                                      ...)
{
    char text[512];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    return error_set(r->e, ERR_REFUSED, "reading %s:%zu:%zu: %s %s", r->name, mark.line + 1, mark.column + 1,
                     r->path[0] ? r->path : "the text", text);
}

/* What stands at the event, in words that fit behind "here stands". */
static const char *found(const struct reader *r, char *to, size_t size)
{
    const yaml_event_t *event = &r->event;
    char safe[48];
    if (event->type == YAML_MAPPING_START_EVENT)
        return "a group of keys";
    if (event->type == YAML_SEQUENCE_START_EVENT)
        return "a list";
    if (event->type != YAML_SCALAR_EVENT || event->data.scalar.length == 0)
        return "nothing";
    bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    text_safe((const char *)event->data.scalar.value, safe, sizeof safe);
    snprintf(to, size, plain ? "%s" : "\"%s\"", safe);
    return to;
}

static int fail_wants(struct reader *r, const char *wanted)
{
    char here[64];
    return fail(r, r->event.start_mark, "wants %s; here stands %s", wanted, found(r, here, sizeof here));
}

/* --- events ----------------------------------------------------------------------------------------- */

static const yaml_char_t *event_anchor(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return event->data.scalar.anchor;
    case YAML_SEQUENCE_START_EVENT:
        return event->data.sequence_start.anchor;
    case YAML_MAPPING_START_EVENT:
        return event->data.mapping_start.anchor;
    default:
        return NULL;
    }
}

static const yaml_char_t *event_tag(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return event->data.scalar.tag;
    case YAML_SEQUENCE_START_EVENT:
        return event->data.sequence_start.tag;
    case YAML_MAPPING_START_EVENT:
        return event->data.mapping_start.tag;
    default:
        return NULL;
    }
}

/* Goes on to the next event. */
static int next(struct reader *r)
{
    yaml_event_delete(&r->event);
    memset(&r->event, 0, sizeof r->event);
    if (!yaml_parser_parse(&r->parser, &r->event)) {
        const char *problem = r->parser.problem != NULL ? r->parser.problem : "out of memory";
        r->path[0] = '\0';
        return fail(r, r->parser.problem_mark, "is not well-formed YAML: %s", problem);
    }
    yaml_mark_t mark = r->event.start_mark;
    if (r->event.type == YAML_ALIAS_EVENT)
        return fail(r, mark, "holds a YAML alias (*), which is not taken here: write the value out");
    if (event_anchor(&r->event) != NULL)
        return fail(r, mark, "holds a YAML anchor (&), which is not taken here: write values out");
    if (event_tag(&r->event) != NULL)
        return fail(r, mark, "holds a YAML tag (!), which is not taken here");
    return 0;
}

/* The scalar's text, NULL when the event is no scalar or its text holds a NUL. */
static const char *scalar(const struct reader *r, bool *quoted)
{
    if (r->event.type != YAML_SCALAR_EVENT)
        return NULL;
    const char *text = (const char *)r->event.data.scalar.value;
    *quoted = r->event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    return strlen(text) == r->event.data.scalar.length ? text : NULL;
}

/* --- values ----------------------------------------------------------------------------------------- */

/* Whole numbers only: decimal or 0x (which JSON does not have: check_json). A leading 0 is refused, since
 * YAML 1.1 reads it as octal. */
static int read_number_text(const char *text, uint64_t max, uint64_t *value)
{
    bool zero_led = text[0] == '0' && isdigit((unsigned char)text[1]);
    return zero_led ? -1 : text_number(text, max, value);
}

static int read_number_max(struct reader *r, uint64_t max, uint64_t *value)
{
    bool quoted = true;
    const char *text = scalar(r, &quoted);
    if (text != NULL && !quoted && read_number_text(text, max, value) == 0)
        return 0;
    char wanted[64];
    snprintf(wanted, sizeof wanted, "a whole number from 0 to %" PRIu64, max);
    return fail_wants(r, wanted);
}

static int read_number(struct reader *r, const struct atecc_key *key, unsigned base)
{
    uint64_t value;
    int rc = read_number_max(r, atecc_key_max(key), &value);
    if (rc == 0)
        atecc_key_set(key, r->raw, base, value);
    return rc;
}

static int read_flag(struct reader *r, const struct atecc_key *key, unsigned base)
{
    bool quoted = true;
    const char *text = scalar(r, &quoted);
    bool yes = text != NULL && strcmp(text, "true") == 0;
    if (text == NULL || quoted || (!yes && strcmp(text, "false") != 0))
        return fail_wants(r, "true or false");
    atecc_key_set(key, r->raw, base, yes);
    return 0;
}

static bool word_value(const struct atecc_key *key, const char *text, uint64_t *value)
{
    for (const struct atecc_word *word = key->words; word->name != NULL; word++)
        if (strcmp(word->name, text) == 0) {
            *value = word->value;
            return true;
        }
    return text_starts(text, "0x") && text_number(text, atecc_key_max(key), value) == 0;
}

static int read_word(struct reader *r, const struct atecc_key *key, unsigned base)
{
    bool quoted = false;
    uint64_t value;
    const char *text = scalar(r, &quoted);
    if (text != NULL && (quoted || !r->json) && word_value(key, text, &value)) {
        atecc_key_set(key, r->raw, base, value);
        return 0;
    }
    char wanted[96];
    size_t n = 0;
    for (const struct atecc_word *word = key->words; word->name != NULL; word++)
        n += (size_t)snprintf(wanted + n, sizeof wanted - n, "%s, ", word->name);
    snprintf(wanted + n, sizeof wanted - n, "or 0x00 to 0x%02x", (unsigned)atecc_key_max(key));
    return fail_wants(r, wanted);
}

static int read_index(struct reader *r, const struct atecc_key *key, unsigned base)
{
    (void)key;
    unsigned position = base / 2; /* SlotInfo's stride */
    yaml_mark_t mark = r->event.start_mark;
    uint64_t value;
    int rc = read_number_max(r, UINT8_MAX, &value);
    if (rc == 0 && value != position)
        rc = fail(r, mark, "is %" PRIu64 ", but this is element %u of the list: slots stand in order from 0",
                  value, position);
    return rc;
}

static int read_serial_base64(struct reader *r)
{
    bool quoted = false;
    const char *text = scalar(r, &quoted);
    struct buf bytes = BUF_INIT;
    bool good = text != NULL && quoted && text_unbase64(text, strlen(text), &bytes) == 0 &&
                bytes.len == ATECC_SERIAL_SIZE;
    for (unsigned n = 0; good && n < ATECC_SERIAL_SIZE; n++)
        r->raw[atecc_serial_place(n)] = bytes.data[n];
    buf_free(&bytes);
    return good ? 0 : fail_wants(r, "the base64 text of 9 bytes");
}

static int read_serial(struct reader *r, const struct atecc_key *key, unsigned base)
{
    (void)key, (void)base;
    if (r->json)
        return read_serial_base64(r);
    if (r->event.type != YAML_SEQUENCE_START_EVENT)
        return fail_wants(r, "a list of 9 byte values");
    for (unsigned n = 0;; n++) {
        uint64_t value;
        int rc = next(r);
        if (rc != 0)
            return rc;
        bool end = r->event.type == YAML_SEQUENCE_END_EVENT;
        if (end != (n == ATECC_SERIAL_SIZE))
            return fail(r, r->event.start_mark, "has %s than 9 byte values", end ? "fewer" : "more");
        if (end)
            return 0;
        if ((rc = read_number_max(r, UINT8_MAX, &value)) != 0)
            return rc;
        r->raw[atecc_serial_place(n)] = (uint8_t)value;
    }
}

/* --- groups and lists ------------------------------------------------------------------------------- */

static int read_group(struct reader *r, const struct atecc_key *group, unsigned base);
static int read_list(struct reader *r, const struct atecc_key *list, unsigned base);

typedef int read_fn(struct reader *r, const struct atecc_key *key, unsigned base);

static read_fn *const readers[ATECC_KINDS] = {
    [ATECC_NUMBER] = read_number, [ATECC_FLAG] = read_flag,     [ATECC_WORD] = read_word,
    [ATECC_INDEX] = read_index,   [ATECC_SERIAL] = read_serial, [ATECC_GROUP] = read_group,
    [ATECC_LIST] = read_list,
};

/* The key that the present scalar names; -1 when the group has none of that name. */
static int find_key(const struct reader *r, const struct atecc_key *group)
{
    char name[ATECC_KEY_NAME_SIZE];
    bool quoted = false;
    const char *text = scalar(r, &quoted);
    for (int k = 0; text != NULL && k < group->key_count; k++)
        if (strcmp(text, atecc_key_spell(&group->keys[k], !r->json, name)) == 0)
            return k;
    return -1;
}

static int fail_unknown(struct reader *r, const struct atecc_key *group)
{
    char here[64], name[ATECC_KEY_NAME_SIZE];
    const char *text = (const char *)(r->event.type == YAML_SCALAR_EVENT ? r->event.data.scalar.value : NULL);
    const struct atecc_key *near = NULL;
    unsigned nearest = 4; /* further than three letters off is no help */
    for (unsigned k = 0; text != NULL && k < group->key_count; k++) {
        unsigned distance = text_distance(text, group->keys[k].name);
        if (distance < nearest) {
            nearest = distance;
            near = &group->keys[k];
        }
    }
    fail(r, r->event.start_mark, "has a key that a chip configuration does not know: %s",
         found(r, here, sizeof here));
    if (near != NULL)
        error_next(r->e, "The nearest key there is %s.", atecc_key_spell(near, !r->json, name));
    return ERR_REFUSED;
}

/* One key and its value; the event is the key. */
static int read_pair(struct reader *r, const struct atecc_key *group, unsigned base, uint32_t *seen)
{
    int k = find_key(r, group);
    if (k < 0)
        return fail_unknown(r, group);
    const struct atecc_key *key = &group->keys[k];
    size_t end = strlen(r->path);
    char name[ATECC_KEY_NAME_SIZE];
    snprintf(r->path + end, sizeof r->path - end, "%s%s", end > 0 ? "." : "",
             atecc_key_spell(key, !r->json, name));
    if (*seen & UINT32_C(1) << k)
        return fail(r, r->event.start_mark, "stands here a second time");
    *seen |= UINT32_C(1) << k;
    r->choices |= key->flags & (ATECC_IF_PRIVATE | ATECC_IF_PUBLIC);
    int rc = next(r);
    if (rc == 0)
        rc = readers[key->kind](r, key, base);
    if (rc == 0)
        r->path[end] = '\0';
    return rc;
}

static int read_group(struct reader *r, const struct atecc_key *group, unsigned base)
{
    /* These may be missing; whether the right one of a pair is there is known when the element ends. */
    const unsigned free_flags = ATECC_OPTIONAL | ATECC_EXTRA | ATECC_IF_PRIVATE | ATECC_IF_PUBLIC;
    if (r->event.type != YAML_MAPPING_START_EVENT)
        return fail_wants(r, "a group of keys");
    yaml_mark_t start = r->event.start_mark;
    uint32_t seen = 0;
    int rc;
    while ((rc = next(r)) == 0 && r->event.type != YAML_MAPPING_END_EVENT)
        if ((rc = read_pair(r, group, base, &seen)) != 0)
            return rc;
    for (int k = 0; rc == 0 && k < group->key_count; k++) {
        char name[ATECC_KEY_NAME_SIZE];
        if (!(seen & UINT32_C(1) << k) && !(group->keys[k].flags & free_flags))
            rc = fail(r, start, "lacks the key %s", atecc_key_spell(&group->keys[k], !r->json, name));
    }
    return rc;
}

/* A private key's slot names bits 0-3 of its SlotConfig with PrivateKeySlotConfig, any other with ReadKey. */
static int check_choice(struct reader *r, unsigned base, yaml_mark_t mark)
{
    unsigned wanted = atecc_key_choice(r->raw, base);
    if (r->choices == wanted)
        return 0;
    const char *words[] = {"PrivateKeySlotConfig", "ReadKey"};
    bool is_private = wanted == ATECC_IF_PRIVATE;
    char has[ATECC_KEY_NAME_SIZE], not [ATECC_KEY_NAME_SIZE], private[ATECC_KEY_NAME_SIZE];
    atecc_key_spell(&(struct atecc_key){.name = words[!is_private]}, !r->json, has);
    atecc_key_spell(&(struct atecc_key){.name = words[is_private]}, !r->json, not );
    atecc_key_spell(&(struct atecc_key){.name = "Private"}, !r->json, private);
    return fail(r, mark, "is a slot with %s %s: its slot configuration wants the key %s, and not %s", private,
                is_private ? "true" : "false", has, not );
}

static int read_element(struct reader *r, const struct atecc_key *list, unsigned n)
{
    yaml_mark_t mark = r->event.start_mark;
    size_t end = strlen(r->path);
    snprintf(r->path + end, sizeof r->path - end, "[%u]", n);
    r->choices = 0;
    int rc = read_group(r, list, n * list->stride);
    if (rc == 0 && list->flags & ATECC_HAS_CHOICE)
        rc = check_choice(r, n * list->stride, mark);
    if (rc == 0)
        r->path[end] = '\0';
    return rc;
}

static int read_list(struct reader *r, const struct atecc_key *list, unsigned base)
{
    (void)base; /* lists stand at the top only */
    char wanted[48];
    snprintf(wanted, sizeof wanted, "a list of %u groups of keys", list->count);
    if (r->event.type != YAML_SEQUENCE_START_EVENT)
        return fail_wants(r, wanted);
    for (unsigned n = 0;; n++) {
        int rc = next(r);
        if (rc != 0)
            return rc;
        bool end = r->event.type == YAML_SEQUENCE_END_EVENT;
        if (end && n == list->count)
            return 0;
        if (end)
            return fail(r, r->event.start_mark, "has %u elements where %u are wanted", n, list->count);
        if (n == list->count)
            return fail(r, r->event.start_mark, "has more than %u elements", n);
        if ((rc = read_element(r, list, n)) != 0)
            return rc;
    }
}

/* --- the whole text --------------------------------------------------------------------------------- */

static int read_document(struct reader *r)
{
    char here[64];
    int rc = next(r); /* stream start */
    if (rc == 0)
        rc = next(r);
    if (rc == 0 && r->event.type == YAML_STREAM_END_EVENT)
        return fail(r, r->event.start_mark, "holds no chip configuration");
    if (rc == 0)
        rc = next(r);
    if (rc == 0 && r->event.type != YAML_MAPPING_START_EVENT)
        return fail(r, r->event.start_mark, "is not a chip configuration: here stands %s",
                    found(r, here, sizeof here));
    if (rc == 0)
        rc = read_group(r, &atecc_form, 0);
    if (rc == 0)
        rc = next(r); /* document end */
    if (rc == 0)
        rc = next(r);
    if (rc == 0 && r->event.type != YAML_STREAM_END_EVENT)
        rc = fail(r, r->event.start_mark, "holds a second YAML document; one configuration is wanted");
    return rc;
}

static int check_json(const char *text, size_t len, const char *name, struct error *e)
{
    const char *end = text;
    cJSON *tree = cJSON_ParseWithLengthOpts(text, len, &end, 0);
    bool parsed = tree != NULL;
    cJSON_Delete(tree);
    while (parsed && end < text + len && isspace((unsigned char)*end))
        end++;
    if (parsed && end == text + len)
        return 0;
    size_t line, column;
    atecc_text_place(text, (size_t)(end - text), &line, &column);
    return error_set(e, ERR_REFUSED, "reading %s:%zu:%zu: the text is not well-formed JSON from here on",
                     name, line, column);
}

int atecc_parse(const char *text, size_t len, bool json, const char *name, uint8_t *raw, struct error *e)
{
    int rc = json ? check_json(text, len, name, e) : 0;
    if (rc != 0)
        return rc;
    struct reader r = {.json = json, .name = name, .e = e};
    if (!yaml_parser_initialize(&r.parser))
        return error_set(e, ERR_REFUSED, "reading %s: the YAML library could not start", name);
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
    rc = read_document(&r);
    yaml_event_delete(&r.event);
    yaml_parser_delete(&r.parser);
    if (rc == 0)
        memcpy(raw, r.raw, sizeof r.raw);
    return rc;
}
