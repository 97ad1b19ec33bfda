/* ATCA.*: the firmware's service over the chip. */
#include "base/secret.h"
#include "sim/rpc_methods.h"

/* What a chip command answered: --fault chip:0xNN puts its status in the place of every command. `call` is
 * not run then. A power cut in it ends the board. */
#define CHIP_COMMAND(board, call)                                                                            \
    ((board)->options->faults.chip_status ? (int)(board)->options->faults.chip_status : settle(board, call))

static int settle(struct board *b, int status)
{
    if (status == CHIP_POWER_LOST)
        board_cut_power(b);
    return status;
}

static bool find_slot(const cJSON *args, struct sim_reply *reply, int *slot)
{
    int64_t n = sim_args_number(args, "slot", -1);
    *slot = (int)n;
    if (n >= 0 && n <= 15)
        return true;
    sim_reply_error(reply, 400, "Invalid slot");
    return false;
}

/* Bytes of exactly that length. The buffer is secret and the caller frees it either way. */
static bool find_bytes(const cJSON *args, const char *name, size_t len, struct sim_reply *reply,
                       struct buf *to)
{
    *to = (struct buf){.secret = true};
    sim_args_bytes(args, name, to);
    if (to->len == len)
        return true;
    sim_reply_error(reply, 400, "Expected %d bytes, got %d", (int)len, (int)to->len);
    return false;
}

void sim_atca_get_config(struct board *b, const struct sim_channel *channel, const cJSON *args,
                         struct sim_reply *reply)
{
    (void)channel, (void)args;
    uint8_t raw[128];
    int status = CHIP_COMMAND(b, chip_read_config(b->chip, raw));
    if (status != CHIP_OK)
        sim_reply_error(reply, 500, "Failed to read config zone block %d: 0x%02x", 0, (unsigned)status);
    else
        sim_reply_bytes(reply, "config", raw, sizeof raw);
}

void sim_atca_set_config(struct board *b, const struct sim_channel *channel, const cJSON *args,
                         struct sim_reply *reply)
{
    (void)channel;
    struct buf raw;
    if (find_bytes(args, "config", 128, reply, &raw)) {
        int status = CHIP_COMMAND(b, chip_write_config(b->chip, raw.data));
        if (status != CHIP_OK)
            sim_reply_error(reply, 500, "Failed to set config: 0x%02x", (unsigned)status);
    }
    buf_free(&raw);
}

void sim_atca_lock_zone(struct board *b, const struct sim_channel *channel, const cJSON *args,
                        struct sim_reply *reply)
{
    (void)channel;
    int64_t zone = sim_args_number(args, "zone", -1);
    if (zone != CHIP_ZONE_CONFIG && zone != CHIP_ZONE_DATA) {
        sim_reply_error(reply, 403, "Invalid zone");
        return;
    }
    int status = CHIP_COMMAND(b, chip_lock_zone(b->chip, (int)zone));
    if (status != CHIP_OK)
        sim_reply_error(reply, 500, "Failed to lock zone %d: 0x%02x", (int)zone, (unsigned)status);
}

void sim_atca_set_key(struct board *b, const struct sim_channel *channel, const cJSON *args,
                      struct sim_reply *reply)
{
    (void)channel;
    int slot, block = (int)sim_args_number(args, "block", 0);
    if (!find_slot(args, reply, &slot))
        return;
    struct buf key, write_key = BUF_INIT;
    bool encrypted = sim_args_text(args, "wkey") != NULL && *sim_args_text(args, "wkey") != '\0';
    if (find_bytes(args, "key", 32, reply, &key) &&
        (!encrypted || find_bytes(args, "wkey", 32, reply, &write_key))) {
        const uint8_t *wkey = encrypted ? write_key.data : NULL;
        int wkslot = (int)sim_args_number(args, "wkslot", 0);
        int status = sim_args_flag(args, "ecc")
                         ? CHIP_COMMAND(b, chip_priv_write(b->chip, slot, key.data, wkey, wkslot))
                         : CHIP_COMMAND(b, chip_write_slot(b->chip, slot, block, key.data, wkey, wkslot));
        if (status != CHIP_OK)
            sim_reply_error(reply, 500, "Failed to set key: 0x%02x", (unsigned)status);
    }
    buf_free(&key);
    buf_free(&write_key);
}

void sim_atca_gen_key(struct board *b, const struct sim_channel *channel, const cJSON *args,
                      struct sim_reply *reply)
{
    (void)channel;
    int slot;
    uint8_t point[64];
    if (!find_slot(args, reply, &slot))
        return;
    int status = CHIP_COMMAND(b, chip_gen_key(b->chip, slot, point));
    if (status != CHIP_OK)
        sim_reply_error(reply, 500, "Failed generate key on slot %d: 0x%02x", slot, (unsigned)status);
    else
        sim_reply_bytes(reply, "pubkey", point, sizeof point);
}

void sim_atca_get_pub_key(struct board *b, const struct sim_channel *channel, const cJSON *args,
                          struct sim_reply *reply)
{
    (void)channel;
    int slot;
    uint8_t point[64];
    if (!find_slot(args, reply, &slot))
        return;
    int status = CHIP_COMMAND(b, chip_get_pub_key(b->chip, slot, point));
    if (status != CHIP_OK)
        sim_reply_error(reply, 500, "Failed get public key for slot %d: 0x%02x", slot, (unsigned)status);
    else
        sim_reply_bytes(reply, "pubkey", point, sizeof point);
}

void sim_atca_sign(struct board *b, const struct sim_channel *channel, const cJSON *args,
                   struct sim_reply *reply)
{
    (void)channel;
    int slot;
    uint8_t signature[64];
    struct buf digest;
    if (!find_slot(args, reply, &slot))
        return;
    if (find_bytes(args, "digest", 32, reply, &digest)) {
        int status = CHIP_COMMAND(b, chip_sign(b->chip, slot, digest.data, signature));
        if (status != CHIP_OK)
            sim_reply_error(reply, 500, "Failed to sign: 0x%02x", (unsigned)status);
        else
            sim_reply_bytes(reply, "signature", signature, sizeof signature);
    }
    buf_free(&digest);
}

void sim_atca_aes(struct board *b, const struct sim_channel *channel, const cJSON *args,
                  struct sim_reply *reply)
{
    (void)channel;
    enum { AES_BLOCK = 16 };
    int slot;
    if (!find_slot(args, reply, &slot))
        return;
    int block = (int)sim_args_number(args, "block", 0);
    bool decrypt = sim_args_number(args, "mode", 0) == 1;
    struct buf in = {.secret = true};
    sim_args_bytes(args, "data", &in);
    if (in.len == 0 || in.len % AES_BLOCK != 0) {
        sim_reply_error(reply, 400, "Data length must be a multiple of %d, got %d", AES_BLOCK, (int)in.len);
    } else {
        struct secret out = SECRET_INIT;
        secret_new(&out, in.len);
        int status = CHIP_COMMAND(b, chip_aes(b->chip, slot, block, decrypt, in.data, (int)in.len, out.data));
        if (status != CHIP_OK)
            sim_reply_error(reply, 500, "Failed to %s: 0x%02x", decrypt ? "decrypt" : "encrypt",
                            (unsigned)status);
        else
            sim_reply_bytes(reply, "data", out.data, out.len);
        secret_free(&out);
    }
    buf_free(&in);
}
