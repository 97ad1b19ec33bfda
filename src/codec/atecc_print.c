/* Printing by the key table: see atecc_print.h. The layouts are those of Go's yaml.v2 (lists not indented)
 * and of its JSON with two blanks a level and no newline at the end. */
#include "codec/atecc_print.h"

#include "base/text.h"
#include "codec/atecc_keys.h"

#include <inttypes.h>
#include <stdio.h>

static bool is_printed(const struct atecc_key *key, const uint8_t *raw, unsigned base)
{
    if (key->flags & ATECC_EXTRA)
        return atecc_key_get(key, raw, base) != 0;
    unsigned choice = key->flags & (ATECC_IF_PRIVATE | ATECC_IF_PUBLIC);
    return choice == 0 || choice == atecc_key_choice(raw, base);
}

/* A value that is neither group, list nor serial number. `quote` goes around words. */
static void print_scalar(const struct atecc_key *key, const uint8_t *raw, unsigned base, unsigned index,
                         const char *quote, struct buf *to)
{
    char number[8];
    uint64_t value = key->kind == ATECC_INDEX ? index : atecc_key_get(key, raw, base);
    if (key->kind == ATECC_FLAG)
        buf_add_text(to, value ? "true" : "false");
    else if (key->kind == ATECC_WORD)
        buf_printf(to, "%s%s%s", quote, atecc_key_word(key, value, number), quote);
    else
        buf_printf(to, "%" PRIu64, value);
}

static void print_indent(unsigned blanks, struct buf *to)
{
    buf_printf(to, "%*s", (int)blanks, "");
}

/* The keys of a group or of one list element. In an element the first key stands behind "- ". */
static void yaml_keys(const struct atecc_key *group, const uint8_t *raw, unsigned base, unsigned index,
                      unsigned indent, bool element, struct buf *to)
{
    char name[ATECC_KEY_NAME_SIZE];
    for (unsigned k = 0; k < group->key_count; k++) {
        const struct atecc_key *key = &group->keys[k];
        if (!is_printed(key, raw, base))
            continue;
        print_indent(element && k == 0 ? indent - 2 : indent, to);
        buf_printf(to, "%s%s:", element && k == 0 ? "- " : "", atecc_key_spell(key, true, name));
        if (key->kind == ATECC_GROUP || key->kind == ATECC_LIST || key->kind == ATECC_SERIAL) {
            buf_add_byte(to, '\n');
        } else {
            buf_add_byte(to, ' ');
            print_scalar(key, raw, base, index, "", to);
            buf_add_byte(to, '\n');
        }
        if (key->kind == ATECC_GROUP)
            yaml_keys(key, raw, base, index, indent + 2, false, to);
        for (unsigned n = 0; n < key->count; n++)
            yaml_keys(key, raw, n * key->stride, n, indent + 2, true, to);
        for (unsigned n = 0; key->kind == ATECC_SERIAL && n < ATECC_SERIAL_SIZE; n++)
            buf_printf(to, "- %u\n", raw[atecc_serial_place(n)]);
    }
}

void atecc_print_yaml(const uint8_t *raw, struct buf *to)
{
    yaml_keys(&atecc_form, raw, 0, 0, 0, false, to);
}

static void json_serial(const uint8_t *raw, struct buf *to)
{
    uint8_t serial[ATECC_SERIAL_SIZE];
    for (unsigned n = 0; n < ATECC_SERIAL_SIZE; n++)
        serial[n] = raw[atecc_serial_place(n)];
    buf_add_byte(to, '"');
    text_base64(serial, sizeof serial, to);
    buf_add_byte(to, '"');
}

static void json_group(const struct atecc_key *group, const uint8_t *raw, unsigned base, unsigned index,
                       unsigned indent, struct buf *to);

static void json_list(const struct atecc_key *list, const uint8_t *raw, unsigned indent, struct buf *to)
{
    buf_add_text(to, "[");
    for (unsigned n = 0; n < list->count; n++) {
        buf_add_text(to, n == 0 ? "\n" : ",\n");
        print_indent(indent + 2, to);
        json_group(list, raw, n * list->stride, n, indent + 2, to);
    }
    buf_add_text(to, "\n");
    print_indent(indent, to);
    buf_add_text(to, "]");
}

static void json_group(const struct atecc_key *group, const uint8_t *raw, unsigned base, unsigned index,
                       unsigned indent, struct buf *to)
{
    const char *before = "{\n";
    for (unsigned k = 0; k < group->key_count; k++) {
        const struct atecc_key *key = &group->keys[k];
        if (!is_printed(key, raw, base))
            continue;
        buf_add_text(to, before);
        before = ",\n";
        print_indent(indent + 2, to);
        buf_printf(to, "\"%s\": ", key->name);
        if (key->kind == ATECC_GROUP)
            json_group(key, raw, base, index, indent + 2, to);
        else if (key->kind == ATECC_LIST)
            json_list(key, raw, indent + 2, to);
        else if (key->kind == ATECC_SERIAL)
            json_serial(raw, to);
        else
            print_scalar(key, raw, base, index, "\"", to);
    }
    buf_add_text(to, "\n");
    print_indent(indent, to);
    buf_add_text(to, "}");
}

void atecc_print_json(const uint8_t *raw, struct buf *to)
{
    json_group(&atecc_form, raw, 0, 0, 0, to);
}
