/* What a slot may do and what the chip will answer, as predictions and as words. Pure.
 * Source: DS20005927A sections 2.2.1 (SlotConfig), 2.2.5 (KeyConfig), 9 (commands); doc/chips.md. */
#ifndef CODEC_ATECC_POLICY_H
#define CODEC_ATECC_POLICY_H

#include "codec/atecc.h"

enum atecc_operation {
    ATECC_WRITE_CONFIG,
    ATECC_LOCK_CONFIG,
    ATECC_LOCK_DATA,
    ATECC_WRITE_CLEAR,     /* a data block, in the clear */
    ATECC_WRITE_ENCRYPTED, /* a data block, under the slot's write key */
    ATECC_PRIV_WRITE,      /* an ECC private key, in the clear */
    ATECC_PRIV_WRITE_ENCRYPTED,
    ATECC_GEN_KEY,
    ATECC_GET_PUB_KEY,
    ATECC_SIGN,
};

/* 0 if the chip in this state would do it; else ERR_REFUSED with a sentence that names the state, what would
 * allow it, and the next command. slot is ignored for zone operations. Cannot know whether a key is present.
 */
int atecc_predict(const struct atecc_config *config, enum atecc_operation operation, unsigned slot,
                  struct error *e);

/* Words for tables. Each appends a short phrase: */
void atecc_words_holds(const struct atecc_config *config, unsigned slot,
                       struct buf *to); /* "ECC P-256 private" */
void atecc_words_use(const struct atecc_config *config, unsigned slot, struct buf *to); /* "sign, ECDH" */
void atecc_words_write(const struct atecc_config *config, unsigned slot,
                       struct buf *to); /* "encrypted, key of slot 4; gen" */
void atecc_words_read(const struct atecc_config *config, unsigned slot,
                      struct buf *to); /* "never", "always", "encrypted, key of slot 4" */

/* mos's sentence: "Slot 0 is a ECC private key slot", "Slot 4 is a non-ECC private key slot". */
void atecc_words_slot(const struct atecc_config *config, unsigned slot, struct buf *to);
/* mos's first line: "ATECC508A rev 0x5000 S/N 0x…, config is locked, data is unlocked". */
void atecc_words_chip(const struct atecc_config *config, struct buf *to);

/* A cryptoauthlib status byte (0xf4, 0xd2 …) as a sentence about this chip's state; config may be NULL. */
void atecc_words_status(uint8_t status, const struct atecc_config *config, struct buf *to);
/* The status byte in a firmware message such as "Failed to lock zone 0: 0xf4"; -1 if there is none. */
int atecc_status_in(const char *message);

/* How permissive the zone is: appends one finding a line ("slot 4, which guards writes to 0 1 2 3, can be
 * overwritten by anyone"); returns how many. */
unsigned atecc_words_weak(const struct atecc_config *config, struct buf *to);

#endif
