/* The named pieces of the configuration zone: the table of DS20005927A section 2.2, with the names that the
 * ATECC608A gives to the same bytes (cryptoauthlib). See atecc.h. */
#include "codec/atecc.h"

#include <stdio.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const char trap_address[] =
    "a new I2C address takes effect at the next wake: firmware that looks at 0x60 (byte 0xc0) does not find "
    "the chip any more, and once the zone is locked nothing changes it back";
static const char trap_mode[] =
    "bit 1 (TTLenable) sets the input levels of the bus pins; on a 608A bit 0 lets byte 85 become the I2C "
    "address, and bits 3 to 7 slow the chip's clock: with a wrong value the chip does not answer";
static const char trap_address_608[] =
    "with ChipMode bit 0 set, any value but 0x00 becomes the I2C address at the next wake: firmware that "
    "looks at 0x60 does not find the chip any more";

enum models { BOTH, ONLY_508, ONLY_608 };

#define FIELD(models, name, first, last, each, writer, trap, meaning)                                        \
    {                                                                                                        \
        name, first, last, each, (models) == ONLY_508, (models) == ONLY_608, writer, trap, meaning           \
    }

static const struct atecc_field fields[] = {
    FIELD(BOTH, "SN[0:3]", 0, 3, 0, "never", NULL, "serial number, first four bytes (01 23 …)"),
    FIELD(BOTH, "RevNum", 4, 7, 0, "never", NULL, "revision: 0x5000 is a 508A, 0x6002 a 608A"),
    FIELD(BOTH, "SN[4:8]", 8, 12, 0, "never", NULL, "serial number, last five bytes (… ee)"),
    FIELD(ONLY_508, "Reserved13", 13, 13, 0, "never", NULL, "set by the factory"),
    FIELD(ONLY_608, "AES_Enable", 13, 13, 0, "never", NULL, "bit 0: the AES command works"),
    FIELD(BOTH, "I2C_Enable", 14, 14, 0, "never", NULL, "bit 0: I2C, not the single-wire interface"),
    FIELD(BOTH, "Reserved15", 15, 15, 0, "never", NULL, "set by the factory"),
    FIELD(BOTH, "I2C_Address", 16, 16, 0, "Write", trap_address, "address byte: 0xc0 is bus address 0x60"),
    FIELD(BOTH, "Reserved17", 17, 17, 0, "Write", NULL, "reserved, 0x00"),
    FIELD(ONLY_508, "OTPmode", 18, 18, 0, "Write", NULL,
          "one-time programmable zone: 0xaa read-only, 0x55 consumption"),
    FIELD(ONLY_608, "CountMatch", 18, 18, 0, "Write", NULL,
          "bit 0: counter 0 ends at the value kept in a slot (high nibble)"),
    FIELD(BOTH, "ChipMode", 19, 19, 0, "Write", trap_mode,
          "selector mode, input levels, watchdog 10 s; 608A: clock divider"),
    FIELD(BOTH, "SlotConfig", 20, 51, 2, "Write", NULL, "who may read, write and use the slot"),
    FIELD(BOTH, "Counter", 52, 67, 8, "Write", NULL, "monotonic counter, counts up only"),
    FIELD(ONLY_508, "LastKeyUse", 68, 83, 1, "Write", NULL, "uses left of slot 15's key, one bit each"),
    FIELD(ONLY_608, "UseLock", 68, 68, 0, "Write", NULL,
          "low nibble 0xa: nothing works before the key in the high nibble is shown"),
    FIELD(ONLY_608, "VolatileKeyPermission", 69, 69, 0, "Write", NULL,
          "bit 7: keys that ask for it sleep after power-up until woken by a key"),
    FIELD(ONLY_608, "SecureBoot", 70, 71, 0, "Write", NULL, "mode and slots of the SecureBoot command"),
    FIELD(ONLY_608, "KdfIvLoc", 72, 72, 0, "Write", NULL, "where KDF finds its fixed input bytes"),
    FIELD(ONLY_608, "KdfIvStr", 73, 74, 0, "Write", NULL, "the fixed input bytes of KDF"),
    FIELD(ONLY_608, "Reserved75", 75, 83, 0, "Write", NULL, "reserved, 0x00"),
    FIELD(BOTH, "UserExtra", 84, 84, 0, "UpdateExtra", NULL,
          "one byte for the user, written once while it is 0x00"),
    FIELD(ONLY_508, "Selector", 85, 85, 0, "UpdateExtra", NULL,
          "which chip answers when several share a single wire"),
    FIELD(ONLY_608, "UserExtraAdd", 85, 85, 0, "UpdateExtra", trap_address_608,
          "a later I2C address, with ChipMode bit 0; 0x00 for none"),
    FIELD(BOTH, "LockValue", 86, 86, 0, "Lock", NULL, "data and OTP zones: 0x55 open, 0x00 locked"),
    FIELD(BOTH, "LockConfig", 87, 87, 0, "Lock", NULL, "configuration zone: 0x55 open, 0x00 locked"),
    FIELD(BOTH, "SlotLocked", 88, 89, 0, "Write", NULL, "bit n 0: slot n is locked for ever"),
    FIELD(ONLY_508, "Reserved90", 90, 91, 0, "Write", NULL, "reserved, 0x00"),
    FIELD(ONLY_608, "ChipOptions", 90, 91, 0, "Write", NULL,
          "self test at power-up, I/O protection key, protected output of ECDH and KDF"),
    FIELD(BOTH, "X509format", 92, 95, 1, "Write", NULL,
          "certificate format: position of the public key, template length"),
    FIELD(BOTH, "KeyConfig", 96, 127, 2, "Write", NULL,
          "what kind of key the slot holds and what its use asks for"),
};

const struct atecc_field *atecc_fields(size_t *count)
{
    *count = COUNT(fields);
    return fields;
}

const struct atecc_field *atecc_field_at(const struct atecc_config *config, unsigned byte, char name[32])
{
    bool is_608 = atecc_is_608(config);
    for (size_t i = 0; i < COUNT(fields); i++) {
        const struct atecc_field *field = &fields[i];
        if (byte < field->first || byte > field->last || (is_608 ? field->only_508 : field->only_608))
            continue;
        if (field->each > 0)
            snprintf(name, 32, "%s[%u]", field->name, (byte - field->first) / field->each);
        else
            snprintf(name, 32, "%s", field->name);
        return field;
    }
    name[0] = '\0';
    return NULL;
}
