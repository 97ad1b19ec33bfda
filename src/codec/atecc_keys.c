/* Keys of the configuration's text form: see atecc_keys.h. */
#include "codec/atecc_keys.h"

#include <ctype.h>
#include <stdio.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* Rows. No key but three kinds of numbers is wider than one byte: bits of the upper byte of SlotConfig and
 * KeyConfig are given as bits of bytes 21 and 97. */
#define ROW(key, what, at, size, from, wide, ...)                                                            \
    {                                                                                                        \
        .name = (key), .kind = (what), .byte = (at), .bytes = (size), .bit = (from), .width = (wide),        \
        __VA_ARGS__                                                                                          \
    }
#define FLAG(key, at, from, ...) ROW(key, ATECC_FLAG, at, 1, from, 1, __VA_ARGS__)
#define BITS(key, at, from, wide, ...) ROW(key, ATECC_NUMBER, at, 1, from, wide, __VA_ARGS__)
#define BYTE(key, at, ...) BITS(key, at, 0, 8, __VA_ARGS__)
#define LITTLE(key, at, size) ROW(key, ATECC_NUMBER, at, size, 0, 8 * (size), )
#define BIG(key, at, size, ...)                                                                              \
    ROW(key, ATECC_NUMBER, at, size, 0, 8 * (size), .big_endian = true, __VA_ARGS__)
#define WORD(key, at, from, wide, list) ROW(key, ATECC_WORD, at, 1, from, wide, .words = (list))
#define INDEX(key)                                                                                           \
    {                                                                                                        \
        .name = (key), .kind = ATECC_INDEX                                                                   \
    }
#define SERIAL(key)                                                                                          \
    {                                                                                                        \
        .name = (key), .kind = ATECC_SERIAL, .flags = ATECC_OPTIONAL                                         \
    }
#define INSIDE(table) .keys = (table), .key_count = COUNT(table)
#define GROUP(key, table, ...)                                                                               \
    {                                                                                                        \
        .name = (key), .kind = ATECC_GROUP, INSIDE(table), __VA_ARGS__                                       \
    }
#define LIST(key, table, elements, step, ...)                                                                \
    {                                                                                                        \
        .name = (key), .kind = ATECC_LIST, INSIDE(table), .count = (elements), .stride = (step), __VA_ARGS__ \
    }

static const struct atecc_word watchdogs[] = {
    {"1s",  0},
    {"10s", 1},
    {NULL,  0}
};

static const struct atecc_word locks[] = {
    {"Locked",   ATECC_LOCKED  },
    {"Unlocked", ATECC_UNLOCKED},
    {NULL,       0             }
};

/* NonECC is an older name of Other: read, never printed. */
static const struct atecc_word key_types[] = {
    {"ECC",    ATECC_KEY_ECC  },
    {"AES",    ATECC_KEY_AES  },
    {"Other",  ATECC_KEY_OTHER},
    {"NonECC", ATECC_KEY_OTHER},
    {NULL,     0              }
};

static const struct atecc_key chip_mode[] = {
    FLAG("SelectorWriteOnce", 19, 0),
    FLAG("TTLEnable", 19, 1),
    WORD("WatchDogDuration", 19, 2, 1, watchdogs),
    BITS("ClockDivider", 19, 3, 5, .flags = ATECC_EXTRA),
};

static const struct atecc_key private_slot[] = {
    FLAG("ExtSignEnable", 20, 0),
    FLAG("IntSignEnable", 20, 1),
    FLAG("ECDHEnable", 20, 2),
    FLAG("ECDHToNextSlot", 20, 3),
};

static const struct atecc_key slot_config[] = {
    GROUP("PrivateKeySlotConfig", private_slot, .flags = ATECC_IF_PRIVATE),
    BITS("ReadKey", 20, 0, 4, .flags = ATECC_IF_PUBLIC),
    FLAG("NoMAC", 20, 4),
    FLAG("LimitedUse", 20, 5),
    FLAG("EncryptRead", 20, 6),
    FLAG("IsSecret", 20, 7),
    BITS("WriteKey", 21, 0, 4),
    BITS("WriteConfig", 21, 4, 4),
};

static const struct atecc_key key_config[] = {
    FLAG("Private", 96, 0),
    FLAG("PubInfo", 96, 1),
    WORD("KeyType", 96, 2, 3, key_types),
    FLAG("Lockable", 96, 5),
    FLAG("ReqRandom", 96, 6),
    FLAG("ReqAuth", 96, 7),
    BITS("AuthKey", 97, 0, 4),
    FLAG("IntrusionDisable", 97, 4),
    FLAG("ReservedBit13", 97, 5, .flags = ATECC_EXTRA),
    BITS("X509ID", 97, 6, 2),
};

static const struct atecc_key slot_info[] = {
    INDEX("Num"),
    GROUP("SlotConfig", slot_config),
    GROUP("KeyConfig", key_config),
};

static const struct atecc_key x509_format[] = {
    BITS("PublicPosition", 92, 0, 4),
    BITS("TemplateLength", 92, 4, 4),
};

static const struct atecc_key top[] = {
    SERIAL("SerialNum"),
    BIG("Revision", 4, 4, .flags = ATECC_OPTIONAL),
    BYTE("Reserved13", 13, .flags = ATECC_OPTIONAL),
    FLAG("I2CEnable", 14, 0, .flags = ATECC_OPTIONAL),
    BYTE("Reserved15", 15, .flags = ATECC_OPTIONAL),
    BYTE("I2CAddress", 16),
    BYTE("Reserved17", 17),
    BYTE("OTPMode", 18),
    GROUP("ChipMode", chip_mode),
    LIST("SlotInfo", slot_info, ATECC_SLOTS, 2, .flags = ATECC_HAS_CHOICE),
    BIG("Counter0", 52, 8),
    BIG("Counter1", 60, 8),
    BIG("LastKeyUse0", 68, 8),
    BIG("LastKeyUse1", 76, 8),
    BYTE("UserExtra", 84),
    BYTE("Selector", 85),
    WORD("LockValue", 86, 0, 8, locks),
    WORD("LockConfig", 87, 0, 8, locks),
    LITTLE("SlotLocked", 88, 2),
    BYTE("Reserved90", 90),
    BYTE("Reserved91", 91),
    LIST("X509Format", x509_format, 4, 1),
};

const struct atecc_key atecc_form = {.name = "", .kind = ATECC_GROUP, INSIDE(top)};

static unsigned shift_of(const struct atecc_key *key, unsigned i)
{
    return 8u * (key->big_endian ? key->bytes - 1 - i : i);
}

uint64_t atecc_key_max(const struct atecc_key *key)
{
    return key->width == 64 ? UINT64_MAX : (UINT64_C(1) << key->width) - 1;
}

uint64_t atecc_key_get(const struct atecc_key *key, const uint8_t *raw, unsigned base)
{
    uint64_t number = 0;
    for (unsigned i = 0; i < key->bytes; i++)
        number |= (uint64_t)raw[key->byte + base + i] << shift_of(key, i);
    return number >> key->bit & atecc_key_max(key);
}

void atecc_key_set(const struct atecc_key *key, uint8_t *raw, unsigned base, uint64_t value)
{
    uint64_t mask = atecc_key_max(key) << key->bit;
    for (unsigned i = 0; i < key->bytes; i++) {
        uint8_t *at = &raw[key->byte + base + i];
        uint8_t bits = (uint8_t)(mask >> shift_of(key, i));
        *at = (uint8_t)((*at & ~bits) | ((value << key->bit) >> shift_of(key, i) & bits));
    }
}

unsigned atecc_key_choice(const uint8_t *raw, unsigned base)
{
    return raw[96 + base] & 1 ? ATECC_IF_PRIVATE : ATECC_IF_PUBLIC;
}

const char *atecc_key_spell(const struct atecc_key *key, bool lower, char to[ATECC_KEY_NAME_SIZE])
{
    snprintf(to, ATECC_KEY_NAME_SIZE, "%s", key->name);
    for (char *p = to; lower && *p != '\0'; p++)
        *p = (char)tolower((unsigned char)*p);
    return to;
}

const char *atecc_key_word(const struct atecc_key *key, uint64_t value, char number[8])
{
    for (const struct atecc_word *word = key->words; word->name != NULL; word++)
        if (word->value == value)
            return word->name;
    snprintf(number, 8, "0x%02x", (unsigned)(value & 0xFF));
    return number;
}

unsigned atecc_serial_place(unsigned n)
{
    return n < 4 ? n : n + 4;
}
