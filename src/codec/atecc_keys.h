/* The one table of the text form's keys: which bits of the 128 bytes each key names, how its value is
 * written. YAML and JSON, reading and printing, all walk it. Internal to the ATECC text files.
 * Source of names and order: what mos prints for --format=json; YAML's keys are the same in lower case. */
#ifndef CODEC_ATECC_KEYS_H
#define CODEC_ATECC_KEYS_H

#include "codec/atecc.h"

enum atecc_kind {
    ATECC_NUMBER,
    ATECC_FLAG,
    ATECC_WORD,   /* a named number; values without a name are written 0xNN */
    ATECC_INDEX,  /* the element's own position: no bits, but must be right */
    ATECC_SERIAL, /* the nine bytes of the serial number */
    ATECC_GROUP,
    ATECC_LIST,
    ATECC_KINDS
};

enum {
    ATECC_OPTIONAL = 1,    /* names factory bytes only: may be missing in a file */
    ATECC_EXTRA = 2,       /* not mos's: printed only when its bits are not all 0, may be missing */
    ATECC_IF_PRIVATE = 4,  /* stands only in a slot whose KeyConfig.Private is 1 … */
    ATECC_IF_PUBLIC = 8,   /* … or 0: the two name the same bits */
    ATECC_HAS_CHOICE = 16, /* a list whose elements hold such a pair */
};

struct atecc_word {
    const char *name; /* NULL ends the list; of two names for one value the first is printed */
    uint8_t value;
};

struct atecc_key {
    const char *name; /* JSON's spelling */
    enum atecc_kind kind;
    uint8_t byte, bytes; /* where the bits live: a number of `bytes` bytes … */
    bool big_endian;
    uint8_t bit, width; /* … and of that `width` bits from `bit` on */
    uint8_t flags;
    const struct atecc_word *words; /* ATECC_WORD */
    const struct atecc_key *keys;   /* ATECC_GROUP, ATECC_LIST: what is inside */
    uint8_t key_count;
    uint8_t count, stride; /* ATECC_LIST: elements, and bytes from one to the next */
};

enum { ATECC_KEY_NAME_SIZE = 32 };

/* The whole form as one group. */
extern const struct atecc_key atecc_form;

/* base: bytes to add to the key's place, for an element of a list. */
uint64_t atecc_key_get(const struct atecc_key *key, const uint8_t *raw, unsigned base);
void atecc_key_set(const struct atecc_key *key, uint8_t *raw, unsigned base, uint64_t value);
uint64_t atecc_key_max(const struct atecc_key *key);

/* Which of ATECC_IF_PRIVATE and ATECC_IF_PUBLIC holds for the element at base. */
unsigned atecc_key_choice(const uint8_t *raw, unsigned base);

/* The key as JSON spells it, or as YAML does (lower case). Returns `to`. */
const char *atecc_key_spell(const struct atecc_key *key, bool lower, char to[ATECC_KEY_NAME_SIZE]);

/* The value's word, or 0xNN in number[8] when it has none. */
const char *atecc_key_word(const struct atecc_key *key, uint64_t value, char number[8]);

/* Where byte n of the serial number lies in the zone (0-3 and 8-12). */
unsigned atecc_serial_place(unsigned n);

#endif
