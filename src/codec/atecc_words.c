/* A slot's policy and a chip's state as words: see atecc_policy.h. */
#include "codec/atecc_facts.h"
#include "codec/atecc_policy.h"

#include <stdio.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const char nothing[] = "–";

/* --- what the slot holds ---------------------------------------------------------------------------- */

static const char *const private_holds[8] = {[ATECC_KEY_ECC] = "ECC P-256 private"};
static const char *const public_holds[8] = {
    [ATECC_KEY_ECC] = "ECC P-256 public", [ATECC_KEY_AES] = "AES-128"};

/* Symmetric keys are the first 32 bytes of slots 0-7. */
static unsigned secret_size(unsigned slot)
{
    return slot < 8 ? ATECC_BLOCK_SIZE : atecc_slot_size(slot);
}

void atecc_words_holds(const struct atecc_config *config, unsigned slot, struct buf *to)
{
    const struct atecc_slot *s = &config->slot[slot];
    const char *words = (s->is_private ? private_holds : public_holds)[s->key_type];
    if (words != NULL)
        buf_add_text(to, words);
    else if (s->is_private)
        buf_printf(to, "private, unusable type %u", s->key_type);
    else if (s->key_type != ATECC_KEY_OTHER)
        buf_printf(to, "reserved type %u", s->key_type);
    else if (s->is_secret)
        buf_printf(to, "secret %u B", secret_size(slot));
    else
        buf_printf(to, "data %u B", atecc_slot_size(slot));
}

/* --- what it is used for ---------------------------------------------------------------------------- */

/* A list that puts ", " between its items. */
struct items {
    struct buf *to;
    const char *before;
};

static void item_start(struct items *items)
{
    buf_add_text(items->to, items->before);
    items->before = ", ";
}

static void item_slots(struct items *items, const char *words, uint16_t slots)
{
    if (slots == 0)
        return;
    item_start(items);
    buf_add_text(items->to, words);
    atecc_slot_list(slots, items->to);
}

/* ReadKey of a private key: bits that must be 1, bits that must be 0. */
static const struct {
    uint8_t set, clear;
    const char *words;
} private_uses[] = {
    {0x1, 0x0, "sign"                },
    {0x2, 0x1, "sign internally only"},
    {0x4, 0x8, "ECDH"                },
};

static uint16_t authorizes(const struct atecc_config *config, unsigned slot)
{
    unsigned mask = 0;
    for (unsigned n = 0; n < ATECC_SLOTS; n++)
        if (config->slot[n].req_auth && config->slot[n].auth_key == slot)
            mask |= 1u << n;
    return (uint16_t)mask;
}

static void private_use(const struct atecc_slot *s, unsigned slot, struct items *items)
{
    for (size_t i = 0; i < COUNT(private_uses); i++)
        if ((s->read_key & private_uses[i].set) && !(s->read_key & private_uses[i].clear)) {
            item_start(items);
            buf_add_text(items->to, private_uses[i].words);
        }
    if ((s->read_key & 0xC) == 0xC) {
        item_start(items);
        buf_printf(items->to, "ECDH into slot %u", slot | 1);
    }
}

void atecc_words_use(const struct atecc_config *config, unsigned slot, struct buf *to)
{
    const struct atecc_slot *s = &config->slot[slot];
    struct items items = {to, ""};
    if (s->is_private)
        private_use(s, slot, &items);
    else if (s->key_type == ATECC_KEY_AES) {
        item_start(&items);
        buf_add_text(to, "AES");
    }
    item_slots(&items, "write key of ", atecc_guards_writes(config, slot));
    item_slots(&items, "read key of ", atecc_guards_reads(config, slot));
    item_slots(&items, "authorizes ", authorizes(config, slot));
    if (items.before[0] == '\0')
        buf_add_text(to, nothing);
    if (s->req_auth)
        buf_printf(to, "; after authorization with slot %u", s->auth_key);
}

/* --- who may write and read ------------------------------------------------------------------------- */

static const struct {
    uint32_t need;
    const char *words;
} writes[] = {
    {FACT_SLOT_LOCKED,                         "never, the slot is locked"        },
    {FACT_PRIVATE | FACT_ENCRYPTED | FACT_GEN, "encrypted, key of slot {key}; gen"},
    {FACT_PRIVATE | FACT_ENCRYPTED,            "encrypted, key of slot {key}"     },
    {FACT_PRIVATE | FACT_GEN,                  "gen only"                         },
    {FACT_PRIVATE,                             "never"                            },
    {FACT_ENCRYPTED,                           "encrypted, key of slot {key}"     },
    {FACT_NOT_CLEAR,                           "never"                            },
};

void atecc_words_write(const struct atecc_config *config, unsigned slot, struct buf *to)
{
    const struct atecc_slot *s = &config->slot[slot];
    uint32_t facts = atecc_facts_of(config, slot);
    char key[8];
    snprintf(key, sizeof key, "%u", s->write_key);
    for (size_t i = 0; i < COUNT(writes); i++)
        if ((facts & writes[i].need) == writes[i].need) {
            atecc_fill(writes[i].words, &(struct atecc_blank){"key", key}, 1, to);
            return;
        }
    /* WriteConfig 0001: a validated public key must be invalidated first. */
    buf_add_text(to, s->write_config == 1 ? "in the clear while not validated" : "always, in the clear");
}

void atecc_words_read(const struct atecc_config *config, unsigned slot, struct buf *to)
{
    const struct atecc_slot *s = &config->slot[slot];
    if (atecc_facts_of(config, slot) & FACT_READABLE)
        buf_add_text(to, "always");
    else if (!s->is_private && s->is_secret && s->encrypt_read)
        buf_printf(to, "encrypted, key of slot %u", s->read_key);
    else /* EncryptRead without IsSecret is prohibited: the chip refuses such reads */
        buf_add_text(to, "never");
}

/* --- mos's lines ------------------------------------------------------------------------------------ */

void atecc_words_slot(const struct atecc_config *config, unsigned slot, struct buf *to)
{
    bool ecc = atecc_facts_of(config, slot) & FACT_ECC;
    buf_printf(to, "Slot %u is a %s private key slot", slot, ecc ? "ECC" : "non-ECC");
}

static void lock_words(uint8_t lock, struct buf *to)
{
    if (lock == ATECC_UNLOCKED || lock == ATECC_LOCKED)
        buf_add_text(to, lock == ATECC_LOCKED ? "locked" : "unlocked");
    else
        buf_printf(to, "locked with the unknown value 0x%02x", lock);
}

void atecc_words_chip(const struct atecc_config *config, struct buf *to)
{
    char serial[2 * ATECC_SERIAL_SIZE + 1];
    atecc_serial_hex(config, serial);
    buf_printf(to, "%s rev 0x%x S/N 0x%s, config is ", atecc_model(config), (unsigned)config->revision,
               serial);
    lock_words(config->lock_config, to);
    buf_add_text(to, ", data is ");
    lock_words(config->lock_value, to);
}
