/* The ATECC508A/608A configuration zone: 128 bytes <-> fields. Pure.
 * Source: Microchip DS20005927A section 2.2 (configuration zone), cryptoauthlib; field names and their order
 * in text forms are mos's (`mos atca-get-config --format=yaml`).
 *
 * The 128 raw bytes are the truth: the struct is a view of them and holds every bit, so decode then encode is
 * the identity for any 128 bytes. */
#ifndef CODEC_ATECC_H
#define CODEC_ATECC_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

enum { ATECC_CONFIG_SIZE = 128, ATECC_SERIAL_SIZE = 9, ATECC_SLOTS = 16, ATECC_BLOCK_SIZE = 32 };
enum { ATECC_UNLOCKED = 0x55, ATECC_LOCKED = 0x00 };
enum { ATECC_KEY_ECC = 4, ATECC_KEY_AES = 6, ATECC_KEY_OTHER = 7 };

struct atecc_slot {
    uint16_t slot_config; /* as read little-endian from byte 20 + 2n */
    uint16_t key_config;  /* as read little-endian from byte 96 + 2n */
    /* SlotConfig */
    uint8_t read_key; /* 4 bits; for a private key: b0 external sign, b1 internal sign, b2 ECDH, b3 ECDH into
                         slot n|1 */
    bool no_mac, limited_use, encrypt_read, is_secret;
    uint8_t write_key, write_config; /* 4 bits each */
    /* KeyConfig */
    bool is_private, pub_info;
    uint8_t key_type; /* 3 bits */
    bool lockable, req_random, req_auth;
    uint8_t auth_key; /* 4 bits */
    bool intrusion_disable, reserved13;
    uint8_t x509_id; /* 2 bits */
    /* SlotLocked: bit n of bytes 88-89 is 0 */
    bool locked;
};

struct atecc_config {
    uint8_t raw[ATECC_CONFIG_SIZE];
    uint8_t serial[ATECC_SERIAL_SIZE];
    uint32_t revision; /* bytes 4-7 big-endian: 0x5000 = 508A, 0x6002 = 608A */
    uint8_t i2c_address, otp_mode, chip_mode;
    uint64_t counter[2];             /* big-endian, as mos prints them */
    uint8_t lock_value, lock_config; /* ATECC_LOCKED, ATECC_UNLOCKED, or what the byte really is */
    struct atecc_slot slot[ATECC_SLOTS];
};

void atecc_config_decode(const uint8_t raw[ATECC_CONFIG_SIZE], struct atecc_config *config);

/* "ATECC508A" or "ATECC608A" (revision 0x6000 and up; 0x6003 is a 608B, named "ATECC608B"). */
const char *atecc_model(const struct atecc_config *config);
bool atecc_is_608(const struct atecc_config *config);

/* 18 lower-case hex digits. */
void atecc_serial_hex(const struct atecc_config *config, char to[2 * ATECC_SERIAL_SIZE + 1]);

/* Bytes that hold no data a host may set: 0-15 and 84-87 are ignored by the chip when the zone is written. */
bool atecc_byte_is_writable(unsigned byte);

/* Data bytes a slot holds: 36 for 0-7, 416 for 8, 72 for 9-15. */
unsigned atecc_slot_size(unsigned slot);

/* One named piece of the zone, for tables, diffs and views. Bytes first..last, 0-127. */
struct atecc_field {
    const char *name; /* "LockConfig", "SlotConfig[3]" comes from name "SlotConfig" and `each` 2 */
    uint8_t first, last;
    uint8_t each;            /* bytes per element of an array field, 0 when it is one value */
    bool only_508, only_608; /* same bytes, other names */
    const char *writer;      /* "never", "Write", "UpdateExtra", "Lock" */
    const char *trap;        /* why a wrong value here cuts the chip off, or NULL */
    const char *meaning;     /* one line */
};
const struct atecc_field *atecc_fields(size_t *count);
/* Field that holds a byte, and its name with the index ("SlotConfig[3]") in name; never NULL for byte < 128.
 */
const struct atecc_field *atecc_field_at(const struct atecc_config *config, unsigned byte, char name[32]);

#endif
