/* What is true of a chip and one of its slots, as bits, so that rules and sentences are rows of tables; and
 * the filling of sentences. Internal to the ATECC policy files. */
#ifndef CODEC_ATECC_FACTS_H
#define CODEC_ATECC_FACTS_H

#include "codec/atecc.h"

enum {
    FACT_CONFIG_OPEN = 1 << 0, /* a lock byte other than 0x55 counts as locked */
    FACT_CONFIG_LOCKED = 1 << 1,
    FACT_DATA_OPEN = 1 << 2,
    FACT_DATA_LOCKED = 1 << 3,
    FACT_SLOT_LOCKED = 1 << 4, /* individually */
    FACT_PRIVATE = 1 << 5,     /* KeyConfig.Private */
    FACT_ECC = 1 << 6,         /* … and KeyType P-256 */
    FACT_NOT_ECC = 1 << 7,
    FACT_SECRET = 1 << 8,
    FACT_NOT_SECRET = 1 << 9,
    FACT_CLEAR = 1 << 10, /* WriteConfig 000x: Write in the clear */
    FACT_NOT_CLEAR = 1 << 11,
    FACT_ENCRYPTED = 1 << 12, /* WriteConfig x1xx: Write and PrivWrite under the write key */
    FACT_NOT_ENCRYPTED = 1 << 13,
    FACT_GEN = 1 << 14, /* WriteConfig xx1x: GenKey */
    FACT_NOT_GEN = 1 << 15,
    FACT_NO_PUB_INFO = 1 << 16,
    FACT_NO_SIGN = 1 << 17,    /* ReadKey bit 0 is 0 */
    FACT_ASKS_AUTH = 1 << 18,  /* ReqAuth */
    FACT_ASKS_LATCH = 1 << 19, /* IntrusionDisable */
    FACT_BAD_GUARD = 1 << 20,  /* the write key's slot can't serve as one */
    FACT_READABLE = 1 << 21,   /* Read in the clear */
    FACT_IS_508 = 1 << 22,
    FACT_AES_OFF = 1 << 23, /* a 608A with AES_Enable 0 */
    FACT_MOVED = 1 << 24,   /* the address byte is not the usual 0xc0 */
};

/* Slot 0-15. */
uint32_t atecc_facts_of(const struct atecc_config *config, unsigned slot);
/* The facts that concern no slot. */
uint32_t atecc_facts_of_chip(const struct atecc_config *config);

/* A name in a sentence ("{slot}") and what stands for it. */
struct atecc_blank {
    const char *name, *value;
};

/* Appends the sentence with its blanks filled; a name that is not in the list stays as it is. */
void atecc_fill(const char *sentence, const struct atecc_blank *blanks, size_t count, struct buf *to);

/* Appends "0 1 2 3" for the bits of mask. */
void atecc_slot_list(uint16_t mask, struct buf *to);

/* Slots whose writes (x1xx; not those that are locked for ever), or whose encrypted reads, this slot's key
 * guards. */
uint16_t atecc_guards_writes(const struct atecc_config *config, unsigned slot);
uint16_t atecc_guards_reads(const struct atecc_config *config, unsigned slot);

#endif
