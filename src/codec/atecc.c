/* The configuration zone's bytes as fields: see atecc.h. */
#include "codec/atecc.h"

#include "base/text.h"

#include <string.h>

static uint64_t big_endian(const uint8_t *p, unsigned n)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < n; i++)
        value = value << 8 | p[i];
    return value;
}

static uint16_t little_endian16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static void decode_slot(const uint8_t *raw, unsigned n, struct atecc_slot *slot)
{
    uint16_t s = little_endian16(raw + 20 + 2 * n), k = little_endian16(raw + 96 + 2 * n);
    *slot = (struct atecc_slot){
        .slot_config = s,
        .key_config = k,
        .read_key = s & 15,
        .no_mac = s >> 4 & 1,
        .limited_use = s >> 5 & 1,
        .encrypt_read = s >> 6 & 1,
        .is_secret = s >> 7 & 1,
        .write_key = s >> 8 & 15,
        .write_config = s >> 12 & 15,
        .is_private = k & 1,
        .pub_info = k >> 1 & 1,
        .key_type = k >> 2 & 7,
        .lockable = k >> 5 & 1,
        .req_random = k >> 6 & 1,
        .req_auth = k >> 7 & 1,
        .auth_key = k >> 8 & 15,
        .intrusion_disable = k >> 12 & 1,
        .reserved13 = k >> 13 & 1,
        .x509_id = k >> 14 & 3,
        .locked = !(little_endian16(raw + 88) >> n & 1),
    };
}

void atecc_config_decode(const uint8_t raw[ATECC_CONFIG_SIZE], struct atecc_config *config)
{
    memset(config, 0, sizeof *config);
    memcpy(config->raw, raw, ATECC_CONFIG_SIZE);
    memcpy(config->serial, raw, 4);
    memcpy(config->serial + 4, raw + 8, 5);
    config->revision = (uint32_t)big_endian(raw + 4, 4);
    config->i2c_address = raw[16];
    config->otp_mode = raw[18];
    config->chip_mode = raw[19];
    config->counter[0] = big_endian(raw + 52, 8);
    config->counter[1] = big_endian(raw + 60, 8);
    config->lock_value = raw[86];
    config->lock_config = raw[87];
    for (unsigned n = 0; n < ATECC_SLOTS; n++)
        decode_slot(raw, n, &config->slot[n]);
}

bool atecc_is_608(const struct atecc_config *config)
{
    return config->revision >= 0x6000;
}

const char *atecc_model(const struct atecc_config *config)
{
    if (!atecc_is_608(config))
        return "ATECC508A";
    return config->revision == 0x6003 ? "ATECC608B" : "ATECC608A";
}

void atecc_serial_hex(const struct atecc_config *config, char to[2 * ATECC_SERIAL_SIZE + 1])
{
    text_hex(config->serial, ATECC_SERIAL_SIZE, to);
}

bool atecc_byte_is_writable(unsigned byte)
{
    return (byte >= 16 && byte <= 83) || (byte >= 88 && byte < ATECC_CONFIG_SIZE);
}

unsigned atecc_slot_size(unsigned slot)
{
    return slot < 8 ? 36 : slot == 8 ? 416 : 72;
}
