/* slots: what each slot holds and may do, in words. */
#include "base/text.h"
#include "codec/atecc_facts.h"
#include "codec/atecc_policy.h"
#include "pki/key.h"
#include "views/views.h"
#include "views/words.h"

#include <stdio.h>
#include <string.h>

static const struct view_column columns[] = {
    {.key = "slot",  .title = "slot",  .width = 4,  .numeric = true  },
    {.key = "holds", .title = "holds", .width = 10, .flexible = true },
    {.key = "use",   .title = "use",   .width = 11, .flexible = true },
    {.key = "write", .title = "write", .width = 13, .flexible = true },
    {.key = "key",   .title = "key",   .width = 3,  .flexible = false},
    {.key = "lock",  .title = "lock",  .width = 8,  .flexible = false},
};

/* --- what is known of a slot ---------------------------------------------------------------------------- */

static bool is_ecc(const struct atecc_slot *slot)
{
    return slot->is_private && slot->key_type == ATECC_KEY_ECC;
}

static const char *key_word(const struct snapshot *snapshot, unsigned slot)
{
    const struct atecc_config *chip = &snapshot->chip;
    if (!is_ecc(&chip->slot[slot]))
        return "–";
    if (chip->lock_config == ATECC_UNLOCKED)
        return "no"; /* no key can get there before the zone is locked */
    if (!snapshot->part[SNAPSHOT_KEYS].have || atecc_predict(chip, ATECC_GET_PUB_KEY, slot, NULL) != 0)
        return "?";
    return snapshot->key_there[slot] ? "yes" : "no";
}

/* A key that guards other slots and that anyone can overwrite. */
static bool is_weak_guard(const struct atecc_config *chip, unsigned slot)
{
    uint32_t facts = atecc_facts_of(chip, slot);
    return (atecc_guards_writes(chip, slot) || atecc_guards_reads(chip, slot)) && facts & FACT_CLEAR &&
           !(facts & (FACT_PRIVATE | FACT_SLOT_LOCKED));
}

static void add_slot(struct view_page *page, const struct snapshot *snapshot, unsigned slot)
{
    const struct atecc_config *chip = &snapshot->chip;
    char id[8], cell[WORDS_CELL];
    bool fixed = words_is_fixed(chip, slot);
    snprintf(id, sizeof id, "%u", slot);
    view_row(page, id);
    view_cell(page, VIEW_PLAIN, "%s", id);
    view_cell(page, VIEW_PLAIN, "%s", words_slot(atecc_words_holds, chip, slot, cell));
    view_cell(page, VIEW_PLAIN, "%s", words_slot(atecc_words_use, chip, slot, cell));
    view_cell(page, is_weak_guard(chip, slot) ? VIEW_WARN : VIEW_PLAIN, "%s",
              words_slot(atecc_words_write, chip, slot, cell));
    view_cell(page, VIEW_VALUE, "%s", key_word(snapshot, slot));
    view_cell(page, fixed ? VIEW_LOCKED : VIEW_OPEN, "%s",
              chip->slot[slot].locked ? "LOCKED"
              : fixed                 ? "fixed"
                                      : "open");
}

static void build(struct view_page *page, const struct view_context *ctx)
{
    if (view_missing(page, ctx, SNAPSHOT_CHIP))
        return;
    view_columns(page, columns, COUNT(columns));
    words_locks(page, &ctx->snapshot->chip);
    for (unsigned slot = 0; slot < ATECC_SLOTS; slot++)
        add_slot(page, ctx->snapshot, slot);
    if (ctx->snapshot->chip.lock_config != ATECC_UNLOCKED)
        view_missing(page, ctx, SNAPSHOT_KEYS);
}

/* --- detail --------------------------------------------------------------------------------------------- */

static void add_key(struct view_page *page, const struct snapshot *snapshot, unsigned slot)
{
    static const char *const labels[] = {"Public key  X", "", "            Y", "", "SHA-256", ""};
    char point[2 * PKI_POINT_SIZE + 1], hex[PKI_FINGERPRINT_SIZE];
    const char *key = key_word(snapshot, slot);
    struct error why = {0};
    pki_fingerprint(snapshot->key[slot], hex);
    text_hex(snapshot->key[slot], PKI_POINT_SIZE, point);
    if (strcmp(key, "yes") == 0) {
        for (unsigned i = 0; i < COUNT(labels); i++)
            view_text(page, VIEW_PLAIN, "%-15s%.32s", labels[i], i < 4 ? point + 32 * i : hex + 32 * (i - 4));
    } else if (strcmp(key, "no") == 0) {
        view_words(page, VIEW_PLAIN, "Public key: none, the slot holds no key.");
    } else if (strcmp(key, "?") == 0 && atecc_predict(&snapshot->chip, ATECC_GET_PUB_KEY, slot, &why) != 0) {
        view_words(page, VIEW_PLAIN, "Public key: not told. %s.", why.message);
    } else if (strcmp(key, "?") == 0) {
        view_words(page, VIEW_PLAIN, "Public key: not read yet; atca-get-pub-key %u reads it.", slot);
    }
}

/* Bits by name: those that are 1 are said. */
static void add_bits(struct view_page *page, const struct atecc_slot *s)
{
    const struct {
        bool is_set, in_key_config;
        const char *words;
    } bits[] = {
        {s->is_private && s->read_key & 1, false, "external sign"     },
        {s->is_private && s->read_key & 2, false, "internal sign"     },
        {s->is_private && s->read_key & 4, false, "ECDH"              },
        {s->is_private && s->read_key & 8, false, "ECDH into slot n|1"},
        {s->no_mac,                        false, "NoMac"             },
        {s->limited_use,                   false, "LimitedUse"        },
        {s->encrypt_read,                  false, "EncryptRead"       },
        {s->is_secret,                     false, "IsSecret"          },
        {s->is_private,                    true,  "Private"           },
        {s->pub_info,                      true,  "PubInfo"           },
        {s->lockable,                      true,  "Lockable"          },
        {s->req_random,                    true,  "ReqRandom"         },
        {s->req_auth,                      true,  "ReqAuth"           },
        {s->intrusion_disable,             true,  "IntrusionDisable"  },
    };
    struct buf words[2] = {BUF_INIT, BUF_INIT};
    for (size_t i = 0; i < COUNT(bits); i++)
        if (bits[i].is_set)
            buf_printf(&words[bits[i].in_key_config], ", %s", bits[i].words);
    view_words(page, VIEW_PLAIN, "SlotConfig 0x%04x: ReadKey %u, WriteKey %u, WriteConfig %u%u%u%u%s",
               s->slot_config, s->read_key, s->write_key, s->write_config >> 3 & 1, s->write_config >> 2 & 1,
               s->write_config >> 1 & 1, s->write_config & 1, buf_text(&words[0]));
    view_words(page, VIEW_PLAIN, "KeyConfig 0x%04x: KeyType %u, AuthKey %u, X509id %u%s", s->key_config,
               s->key_type, s->auth_key, s->x509_id, buf_text(&words[1]));
    buf_free(&words[0]);
    buf_free(&words[1]);
}

/* What a lock of the data zone would leave, told as the chip would answer then. */
static void add_future(struct view_page *page, const struct atecc_config *chip, unsigned slot)
{
    struct atecc_config then = *chip;
    char write[WORDS_CELL];
    bool locked = chip->lock_value != ATECC_UNLOCKED;
    then.lock_config = then.lock_value = ATECC_LOCKED;
    words_slot(atecc_words_write, &then, slot, write);
    const char *when = locked ? "Now that the data zone is locked" : "If the data zone is locked";
    if (words_is_fixed(&then, slot))
        view_words(page, VIEW_LOCKED, "%s: nothing can change what the slot holds.", when);
    else
        view_words(page, is_weak_guard(chip, slot) ? VIEW_WARN : VIEW_OPEN,
                   "%s: what the slot holds can still be changed (%s).", when, write);
}

static void detail(struct view_page *page, const struct view_context *ctx)
{
    const struct atecc_config *chip = &ctx->snapshot->chip;
    int slot = words_number(ctx->selected, ATECC_SLOTS);
    char cell[WORDS_CELL];
    if (slot < 0 || !ctx->snapshot->part[SNAPSHOT_CHIP].have)
        return;
    unsigned n = (unsigned)slot;
    view_text(page, VIEW_TITLE, "Slot %u: %s", n, words_slot(atecc_words_holds, chip, n, cell));
    view_words(page, VIEW_PLAIN, "Use: %s", words_slot(atecc_words_use, chip, n, cell));
    view_words(page, VIEW_PLAIN, "Write: %s", words_slot(atecc_words_write, chip, n, cell));
    if (!chip->slot[n].is_private)
        view_words(page, VIEW_PLAIN, "Read: %s", words_slot(atecc_words_read, chip, n, cell));
    add_future(page, chip, n);
    add_key(page, ctx->snapshot, n);
    add_bits(page, &chip->slot[n]);
}

static const struct view_key keys[] = {
    {"p",  "public key", "atca-get-pub-key {id}",                            false},
    {"g",  "plan key",   "atca-gen-key {id} {?new file for the public key}", false},
    {"t",  "plan set",   "atca-set-key {id} {?key file}",                    false},
    {NULL, NULL,         NULL,                                               false},
};

const struct view view_slots = {
    .name = "slots",
    .title = "Slots",
    .summary = "what each slot holds and may do",
    .parts = 1u << SNAPSHOT_CHIP | 1u << SNAPSHOT_KEYS,
    .keys = keys,
    .build = build,
    .detail = detail,
};
