/* Facts of chip and slot: see atecc_facts.h. Source: DS20005927A sections 2.2.1 and 2.2.5. */
#include "codec/atecc_facts.h"

#include <string.h>

/* WriteConfig, as the commands look at it. */
enum { WRITE_NOT_CLEAR = 0xE, WRITE_ENCRYPTED = 0x4, WRITE_GEN_KEY = 0x2 };

uint32_t atecc_facts_of_chip(const struct atecc_config *config)
{
    bool is_608 = atecc_is_608(config);
    uint32_t facts = config->lock_config == ATECC_UNLOCKED ? FACT_CONFIG_OPEN : FACT_CONFIG_LOCKED;
    facts |= config->lock_value == ATECC_UNLOCKED ? FACT_DATA_OPEN : FACT_DATA_LOCKED;
    facts |= is_608 ? 0 : FACT_IS_508;
    facts |= is_608 && !(config->raw[13] & 1) ? FACT_AES_OFF : 0;
    facts |= config->i2c_address != 0xC0 ? FACT_MOVED : 0;
    return facts;
}

uint32_t atecc_facts_of(const struct atecc_config *config, unsigned slot)
{
    const struct atecc_slot *s = &config->slot[slot], *guard = &config->slot[s->write_key];
    uint32_t facts = atecc_facts_of_chip(config);
    facts |= s->is_private ? FACT_PRIVATE : 0;
    facts |= s->is_private && s->key_type == ATECC_KEY_ECC ? FACT_ECC : FACT_NOT_ECC;
    facts |= s->locked ? FACT_SLOT_LOCKED : 0;
    facts |= s->is_secret ? FACT_SECRET : FACT_NOT_SECRET;
    facts |= s->is_private || s->is_secret || s->encrypt_read ? 0 : FACT_READABLE;
    facts |= s->write_config & WRITE_NOT_CLEAR ? FACT_NOT_CLEAR : FACT_CLEAR;
    facts |= s->write_config & WRITE_ENCRYPTED ? FACT_ENCRYPTED : FACT_NOT_ENCRYPTED;
    facts |= s->write_config & WRITE_GEN_KEY ? FACT_GEN : FACT_NOT_GEN;
    facts |= s->pub_info ? 0 : FACT_NO_PUB_INFO;
    facts |= s->read_key & 1 ? 0 : FACT_NO_SIGN;
    facts |= s->req_auth ? FACT_ASKS_AUTH : 0;
    facts |= s->intrusion_disable ? FACT_ASKS_LATCH : 0;
    facts |= guard->is_private || guard->req_auth || guard->intrusion_disable ? FACT_BAD_GUARD : 0;
    return facts;
}

/* The blank that `at` begins with, behind its "{"; NULL when it is none of the list. */
static const struct atecc_blank *blank_at(const char *at, const struct atecc_blank *blanks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t n = strlen(blanks[i].name);
        if (strncmp(at, blanks[i].name, n) == 0 && at[n] == '}')
            return &blanks[i];
    }
    return NULL;
}

void atecc_fill(const char *sentence, const struct atecc_blank *blanks, size_t count, struct buf *to)
{
    while (*sentence != '\0') {
        const struct atecc_blank *blank = *sentence == '{' ? blank_at(sentence + 1, blanks, count) : NULL;
        if (blank == NULL) {
            buf_add_byte(to, (uint8_t)*sentence++);
            continue;
        }
        buf_add_text(to, blank->value);
        sentence += strlen(blank->name) + 2;
    }
}

void atecc_slot_list(uint16_t mask, struct buf *to)
{
    const char *before = "";
    for (unsigned n = 0; n < ATECC_SLOTS; n++)
        if (mask >> n & 1) {
            buf_printf(to, "%s%u", before, n);
            before = " ";
        }
}

uint16_t atecc_guards_writes(const struct atecc_config *config, unsigned slot)
{
    unsigned mask = 0;
    for (unsigned n = 0; n < ATECC_SLOTS; n++) {
        const struct atecc_slot *s = &config->slot[n];
        if (!s->locked && s->write_config & WRITE_ENCRYPTED && s->write_key == slot)
            mask |= 1u << n;
    }
    return (uint16_t)mask;
}

uint16_t atecc_guards_reads(const struct atecc_config *config, unsigned slot)
{
    unsigned mask = 0;
    for (unsigned n = 0; n < ATECC_SLOTS; n++) {
        const struct atecc_slot *s = &config->slot[n];
        if (!s->is_private && s->is_secret && s->encrypt_read && s->read_key == slot)
            mask |= 1u << n;
    }
    return (uint16_t)mask;
}
