/* What is known of the attached device, part by part, each with its age: what the views draw.
 *
 * Nothing here blocks: snapshot_ask starts a reading and returns; when the answer (or the reason why there is
 * none) is there, `changed` is called from the loop. A part that failed keeps its last data, so that a view
 * can show it with its age and say why it is old. */
#ifndef DEVICE_SNAPSHOT_H
#define DEVICE_SNAPSHOT_H

#include "codec/atecc.h"
#include "device/device.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

enum snapshot_part {
    SNAPSHOT_INFO,    /* Sys.GetInfo */
    SNAPSHOT_CONFIG,  /* Config.Get */
    SNAPSHOT_CHIP,    /* ATCA.GetConfig */
    SNAPSHOT_KEYS,    /* ATCA.GetPubKey of every slot that holds a P-256 private key */
    SNAPSHOT_FILES,   /* FS.ListExt */
    SNAPSHOT_METHODS, /* RPC.List */
    SNAPSHOT_PARTS
};

struct snapshot_state {
    bool have;        /* data of some age is there */
    bool asking;      /* a reading is under way */
    int64_t read_ms;  /* clock_ms() of the data; 0 when never read */
    int64_t asked_ms; /* clock_ms() when the reading under way began */
    struct error why; /* why the last reading failed; code 0 when it did not */
};

struct snapshot {
    struct snapshot_state part[SNAPSHOT_PARTS];
    cJSON *info, *config, *files, *methods; /* NULL until read; owned here */
    struct atecc_config chip;               /* valid when part[SNAPSHOT_CHIP].have */
    bool key_there[ATECC_SLOTS];            /* a public key was read */
    uint8_t key[ATECC_SLOTS][64];           /* X || Y */
    enum rpc_state link;
    struct error link_why;    /* why the link is lost */
    unsigned long generation; /* counts changes, for whoever redraws */
};

struct snapshot_reader;

/* The reader fills `snapshot` (the caller's, zeroed by this call) from `device`, which must outlive it. */
struct snapshot_reader *snapshot_open(struct loop *loop, struct device *device, struct snapshot *snapshot,
                                      void (*changed)(void *ctx), void *ctx);
void snapshot_close(struct snapshot_reader *reader); /* frees the snapshot's data too; NULL is fine */

/* Starts reading a part unless that is under way. SNAPSHOT_KEYS reads the chip first when it must. */
void snapshot_ask(struct snapshot_reader *reader, enum snapshot_part part);
/* Asks for every part of the mask (1 << part) that is older than max_age_ms. */
void snapshot_ask_old(struct snapshot_reader *reader, unsigned mask, int64_t max_age_ms);
/* The link changed its state: data is kept, `link` follows. */
void snapshot_link(struct snapshot_reader *reader, enum rpc_state state, const struct error *why);

/* "chip", "config" …, and the command line that reads a part ("atca-get-config"). */
const char *snapshot_part_name(enum snapshot_part part);
const char *snapshot_part_command(enum snapshot_part part);

#endif
