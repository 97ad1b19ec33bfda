/* chip: the 128 bytes of the configuration zone, as fields with their meaning, and as hex beside them. */
#include "codec/atecc_policy.h"
#include "views/views.h"
#include "views/words.h"

#include <stdio.h>
#include <string.h>

enum { PER_LINE = 8 }; /* bytes of the hex grid */

static const struct view_column columns[] = {
    {.key = "byte",    .title = "byte",    .width = 7,  .numeric = true },
    {.key = "field",   .title = "field",   .width = 10, .flexible = true},
    {.key = "meaning", .title = "meaning", .width = 9,  .flexible = true},
    {.key = "hex",     .title = "hex",     .width = 5,  .flexible = true},
};

/* The piece that a byte belongs to: one element of an array of words, or the whole field. */
struct piece {
    const struct atecc_field *field;
    char name[32];
    unsigned first, last, index;
};

static struct piece piece_at(const struct atecc_config *chip, unsigned byte)
{
    struct piece piece;
    piece.field = atecc_field_at(chip, byte, piece.name);
    piece.first = piece.field->first;
    piece.last = piece.field->last;
    piece.index = 0;
    if (piece.field->each > 1) {
        piece.index = (byte - piece.first) / piece.field->each;
        piece.first += piece.index * piece.field->each;
        piece.last = piece.first + piece.field->each - 1;
    } else if (piece.field->each == 1) {
        snprintf(piece.name, sizeof piece.name, "%s", piece.field->name);
    }
    return piece;
}

/* --- meanings ------------------------------------------------------------------------------------------- */

static void say_model(const struct atecc_config *chip, unsigned index, struct buf *to)
{
    (void)index;
    buf_printf(to, "%s, revision 0x%x", atecc_model(chip), (unsigned)chip->revision);
}

static void say_address(const struct atecc_config *chip, unsigned index, struct buf *to)
{
    (void)index;
    buf_printf(to, "I2C bus address 0x%02x", chip->i2c_address >> 1);
}

static void say_lock_value(const struct atecc_config *chip, unsigned index, struct buf *to)
{
    (void)index;
    buf_printf(to, "%s: data and OTP zones", words_lock(chip->lock_value));
}

static void say_lock_config(const struct atecc_config *chip, unsigned index, struct buf *to)
{
    (void)index;
    buf_printf(to, "%s: configuration zone", words_lock(chip->lock_config));
}

static void say_slot_locks(const struct atecc_config *chip, unsigned index, struct buf *to)
{
    char slots[WORDS_CELL];
    uint16_t locked = (uint16_t) ~(chip->raw[88] | chip->raw[89] << 8);
    (void)index;
    buf_printf(to, "slots locked for themselves: %s", words_slots(locked, slots));
}

static void say_use(const struct atecc_config *chip, unsigned index, struct buf *to)
{
    char use[WORDS_CELL], write[WORDS_CELL], read[WORDS_CELL];
    buf_printf(to, "use: %s; write: %s", words_slot(atecc_words_use, chip, index, use),
               words_slot(atecc_words_write, chip, index, write));
    if (!chip->slot[index].is_private)
        buf_printf(to, "; read: %s", words_slot(atecc_words_read, chip, index, read));
}

static void say_counter(const struct atecc_config *chip, unsigned index, struct buf *to)
{
    buf_printf(to, "monotonic counter, raw value 0x%016llx", (unsigned long long)chip->counter[index]);
}

static const struct {
    const char *field;
    void (*say)(const struct atecc_config *chip, unsigned index, struct buf *to);
} meanings[] = {
    {"RevNum",      say_model        },
    {"I2C_Address", say_address      },
    {"SlotConfig",  say_use          },
    {"Counter",     say_counter      },
    {"LockValue",   say_lock_value   },
    {"LockConfig",  say_lock_config  },
    {"SlotLocked",  say_slot_locks   },
    {"KeyConfig",   atecc_words_holds},
};

static void say_meaning(const struct atecc_config *chip, const struct piece *piece, struct buf *to)
{
    for (size_t i = 0; i < COUNT(meanings); i++)
        if (strcmp(piece->field->name, meanings[i].field) == 0) {
            meanings[i].say(chip, piece->index, to);
            return;
        }
    buf_add_text(to, piece->field->meaning);
}

static enum view_style style_of(const struct atecc_config *chip, const struct piece *piece)
{
    if (strcmp(piece->field->name, "LockConfig") == 0)
        return words_lock_style(chip->lock_config);
    if (strcmp(piece->field->name, "LockValue") == 0)
        return words_lock_style(chip->lock_value);
    return VIEW_PLAIN;
}

static void say_hex(const struct atecc_config *chip, const struct piece *piece, struct buf *to)
{
    for (unsigned byte = piece->first; byte <= piece->last; byte++)
        buf_printf(to, "%s%02x", byte > piece->first ? " " : "", chip->raw[byte]);
}

/* --- the page ------------------------------------------------------------------------------------------- */

static void add_piece(struct view_page *page, const struct atecc_config *chip, const struct piece *piece)
{
    struct buf meaning = BUF_INIT, hex = BUF_INIT;
    char id[8], range[16];
    snprintf(id, sizeof id, "%u", piece->first);
    snprintf(range, sizeof range, "%u-%u", piece->first, piece->last);
    say_meaning(chip, piece, &meaning);
    say_hex(chip, piece, &hex);
    view_row(page, id);
    view_cell(page, VIEW_DIM, "%s", piece->first == piece->last ? id : range);
    view_cell(page, piece->field->trap != NULL ? VIEW_WARN : VIEW_PLAIN, "%s", piece->name);
    view_cell(page, style_of(chip, piece), "%s", buf_text(&meaning));
    view_cell(page, VIEW_VALUE, "%s", buf_text(&hex));
    buf_free(&meaning);
    buf_free(&hex);
}

static void build(struct view_page *page, const struct view_context *ctx)
{
    const struct atecc_config *chip = &ctx->snapshot->chip;
    if (view_missing(page, ctx, SNAPSHOT_CHIP))
        return;
    view_columns(page, columns, COUNT(columns));
    words_locks(page, chip);
    for (unsigned byte = 0; byte < ATECC_CONFIG_SIZE;) {
        struct piece piece = piece_at(chip, byte);
        add_piece(page, chip, &piece);
        byte = piece.last + 1;
    }
}

/* The selected field's bytes stand in brackets, so that they are found without colours too. */
static void side(struct view_page *page, const struct view_context *ctx)
{
    const struct atecc_config *chip = &ctx->snapshot->chip;
    int selected = words_number(ctx->selected, ATECC_CONFIG_SIZE);
    if (!ctx->snapshot->part[SNAPSHOT_CHIP].have)
        return;
    struct piece piece = piece_at(chip, selected >= 0 ? (unsigned)selected : 0);
    for (unsigned line = 0; line < ATECC_CONFIG_SIZE; line += PER_LINE) {
        view_span(page, VIEW_DIM, "%3u ", line);
        for (unsigned byte = line; byte < line + PER_LINE; byte++) {
            bool in = selected >= 0 && byte >= piece.first && byte <= piece.last;
            bool begins = in && (byte == piece.first || byte == line);
            bool ends = selected >= 0 && byte == piece.last + 1 && byte != line;
            view_span(page, in ? VIEW_MARK : VIEW_VALUE, "%s%02x",
                      begins ? "["
                      : ends ? "]"
                             : " ",
                      chip->raw[byte]);
        }
        view_span(page, VIEW_PLAIN, "%s",
                  selected >= 0 && piece.last >= line + PER_LINE - 1 && piece.first < line + PER_LINE ? "]"
                                                                                                      : "");
        view_text_end(page);
    }
}

static void detail(struct view_page *page, const struct view_context *ctx)
{
    static const struct {
        const char *writer, *words;
    } writers[] = {
        {"never",       "Set by the factory; nothing writes it."                              },
        {"Write",       "Written with the configuration, until its zone is locked."           },
        {"UpdateExtra",
         "Written by the chip's UpdateExtra command only, which atca-set-config does not use."},
        {"Lock",        "Changed by locking the zone only, once and for ever."                },
    };
    const struct atecc_config *chip = &ctx->snapshot->chip;
    int selected = words_number(ctx->selected, ATECC_CONFIG_SIZE);
    struct buf meaning = BUF_INIT, hex = BUF_INIT;
    if (selected < 0 || !ctx->snapshot->part[SNAPSHOT_CHIP].have)
        return;
    struct piece piece = piece_at(chip, (unsigned)selected);
    say_meaning(chip, &piece, &meaning);
    say_hex(chip, &piece, &hex);
    view_text(page, VIEW_TITLE, "%s  %s", piece.name, buf_text(&hex));
    view_words(page, VIEW_PLAIN, "%s", buf_text(&meaning));
    if (strcmp(buf_text(&meaning), piece.field->meaning) != 0)
        view_words(page, VIEW_DIM, "%s", piece.field->meaning);
    for (size_t i = 0; i < COUNT(writers); i++)
        if (strcmp(piece.field->writer, writers[i].writer) == 0)
            view_words(page, VIEW_DIM, "%s", writers[i].words);
    if (piece.field->trap != NULL)
        view_words(page, VIEW_WARN, "Trap: %s.", piece.field->trap);
    buf_free(&meaning);
    buf_free(&hex);
}

static const struct view_key keys[] = {
    {"x",  "save YAML",  "atca-get-config {?new file}", false},
    {"c",  "set config", "atca-set-config {?file}",     true },
    {NULL, NULL,         NULL,                          false},
};

const struct view view_chip = {
    .name = "chip",
    .title = "Chip",
    .summary = "the configuration zone, byte by byte",
    .parts = 1u << SNAPSHOT_CHIP,
    .side_width = 4 + 3 * PER_LINE + 1,
    .keys = keys,
    .build = build,
    .side = side,
    .detail = detail,
};
