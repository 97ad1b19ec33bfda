/* What the chip's commands share: the chip's first lines, plans about it, calls whose status codes become
 * sentences, public keys, and files that are never overwritten. */
#ifndef ATCA_ATCA_H
#define ATCA_ATCA_H

#include "base/buf.h"
#include "base/error.h"
#include "codec/atecc.h"
#include "codec/atecc_policy.h"
#include "gate/plan.h"
#include "pki/key.h"
#include "pki/signer.h"
#include "shell/plugin.h"

#include <cjson/cJSON.h>
#include <sys/types.h>

enum { ATCA_TEXT_MAX = 256 * 1024 }; /* largest key, certificate or configuration file taken, bytes */

extern const struct op atca_op_get_config, atca_op_set_config, atca_op_lock_zone, atca_op_set_key,
    atca_op_gen_key, atca_op_get_pub_key, atca_op_gen_csr, atca_op_gen_cert, atca_op_slots, atca_op_file_key,
    atca_op_file_cert;

/* --- chip.c --------------------------------------------------------------------------------------------- */

/* Reads the configuration zone afresh and notes mos's first lines: the chip, and a warning unless both zones
 * are locked. */
int atca_begin(struct op_call *call, struct atecc_config *config, struct error *e);

/* What `status` says about the chip. */
int atca_status(struct op_call *call, struct error *e);

/* Health, identity and observed state of a plan, from the chip as it is now: a plan is made again right
 * before each step, to see whether it still holds. */
int atca_plan_chip(struct op_call *call, struct plan *plan, struct error *e);

/* "ATECC508A on esp32_0A1B2C", for titles; the device's part only when it is known already. */
void atca_chip_name(struct op_call *call, const struct atecc_config *config, char *to, size_t size);

/* One warning for each way in which this configuration is permissive once both zones are locked; with
 * --production, together a trap. */
void atca_plan_weak(struct op_call *call, struct plan *plan, const struct atecc_config *config);

/* How many of bytes first..last that hold a host's data (atecc_byte_is_writable) differ; their names
 * ("16 I2C_Address, 20-21 SlotConfig[0]") are added to `names` unless that is NULL. */
unsigned atca_differences(const struct atecc_config *config, const uint8_t *a, const uint8_t *b,
                          unsigned first, unsigned last, struct buf *names);

/* --- health.c ------------------------------------------------------------------------------------------- */

/* The check before the point of no return, for every irreversible operation on the chip: the zone read three
 * times alike; no frame damaged or lost since the link was opened, or else none in the last 16; no word of a
 * supply that broke down in the device's log. Adds the checks to the plan; ERR_REFUSED says what is not
 * sound. chip: as read. */
int atca_plan_health(struct op_call *call, struct plan *plan, struct atecc_config *chip, struct error *e);

/* --- judge.c -------------------------------------------------------------------------------------------- */

/* What became of a step, see op.judge: of a change of the configuration zone, from the plan's observed and
 * expected bytes; of a key in a slot, from its public key. chip: as read. */
int atca_judge_config(struct op_call *call, const cJSON *plan, struct op_judgement *judgement,
                      struct error *e);
int atca_judge_key(struct op_call *call, size_t step, const cJSON *plan, struct atecc_config *chip,
                   unsigned slot, struct op_judgement *judgement, struct error *e);

/* "observed" or "expected" of a recorded plan; false when it does not hold 128 bytes. */
bool atca_plan_bytes(const cJSON *plan, const char *key, uint8_t raw[ATECC_CONFIG_SIZE]);

/* Fingerprint of the slot's public key, "none" when it gives out none, "" when its policy forbids to ask. */
int atca_slot_key(struct op_call *call, const struct atecc_config *config, unsigned slot, char digest[65],
                  struct error *e);

/* --- call.c --------------------------------------------------------------------------------------------- */

/* Calls a method of the chip. A status byte in the device's error becomes a sentence about this chip. args
 * are wiped and freed. */
int atca_call(struct op_call *call, const struct atecc_config *config, const char *method, cJSON *args,
              cJSON **result, struct error *e);

/* Public key of a slot, by ATCA.GetPubKey. */
int atca_pub_key(struct op_call *call, const struct atecc_config *config, unsigned slot,
                 uint8_t point[PKI_POINT_SIZE], struct error *e);

/* Same when the zone says it can be read and a key answers; false and no error otherwise. */
bool atca_pub_key_there(struct op_call *call, const struct atecc_config *config, unsigned slot,
                        uint8_t point[PKI_POINT_SIZE]);

/* ATCA.GenKey: a new private key in the slot, its public key in point. */
int atca_make_key(struct op_call *call, const struct atecc_config *config, unsigned slot,
                  uint8_t point[PKI_POINT_SIZE], struct error *e);

/* Base64 member of a result, exactly len bytes; ERR_REFUSED names the method that answered otherwise. */
int atca_result_bytes(const cJSON *result, const char *method, const char *key, uint8_t *to, size_t len,
                      struct error *e);

/* Base64 text of bytes as a member of args; no copy is left behind but the member itself. */
void atca_args_bytes(cJSON *args, const char *key, const void *bytes, size_t len);

/* Whoever signs with the key in a slot: see pki/signer.h. The struct must outlive the signer. */
struct atca_slot_signer {
    struct op_call *call;
    const struct atecc_config *config;
    unsigned slot;
};
void atca_signer(struct atca_slot_signer *slot, struct pki_signer *signer);

/* --- keys.c --------------------------------------------------------------------------------------------- */

/* A slot that holds an ECC private key: KeyConfig.Private and KeyType ECC. */
bool atca_is_ecc(const struct atecc_config *config, unsigned slot);

/* Adds the change "slot N: what is there → after" to the plan, telling whose key is lost. will: fingerprint
 * of the key to come, NULL when it is not known yet. */
int atca_plan_key(struct op_call *call, struct plan *plan, const struct atecc_config *config, unsigned slot,
                  const char *after, const char *will, struct error *e);

/* ERR_READBACK when the slot's public key is not `wanted`. `source` names whose it should be. Slots whose
 * public key cannot be read are told about in a note. */
int atca_verify_key(struct op_call *call, const struct atecc_config *config, unsigned slot,
                    const uint8_t wanted[PKI_POINT_SIZE], const char *source, struct error *e);

/* How a slot's block is written: in the clear, or under the key of the slot's WriteKey. */
struct atca_write {
    bool encrypted;
    struct secret key; /* 32 bytes when encrypted */
};
/* Decides from the zone and --write-key, and predicts the chip's answer; notes mos's line. */
int atca_write_decide(struct op_call *call, const struct atecc_config *config, unsigned slot,
                      struct atca_write *write, struct error *e);

/* Warns in the plan when a key would cross a network in the clear. */
void atca_plan_wire(struct op_call *call, struct plan *plan);

/* One ATCA.SetKey. While it travels the firmware's log level is under 3: from there on it logs frames. */
int atca_set_key(struct op_call *call, const struct atecc_config *config, unsigned slot, unsigned block,
                 const uint8_t key[32], const struct atca_write *write, struct error *e);

/* --- files.c -------------------------------------------------------------------------------------------- */

/* "-" and NULL are standard output, "--" standard error, all else a new file. */
bool atca_is_stream(const char *path);

/* ERR_REFUSED when the path is taken or its folder cannot be written: told before anything is done. */
int atca_new_file_check(const char *path, struct error *e);

/* A key file's name with the device's digits for each '?' (gate/escrow.h); *name is NULL for a stream and the
 * caller's to free. The device is asked only when there is a '?'. */
int atca_key_file_name(struct op_call *call, const char *path, char **name, struct error *e);

/* Gives bytes to a stream or a new file of this mode. */
int atca_give(struct op_call *call, const char *path, mode_t mode, const void *bytes, size_t len,
              struct error *e);

/* Whether others than its owner may read a file. */
bool atca_file_is_open(const char *path);

/* --- pem.c ---------------------------------------------------------------------------------------------- */

/* "EC PRIVATE KEY" PEM of a scalar and its point (RFC 5915); `to` is marked secret. */
void atca_key_pem(const uint8_t scalar[PKI_SCALAR_SIZE], const uint8_t point[PKI_POINT_SIZE], struct buf *to);

/* --- memory.c ------------------------------------------------------------------------------------------- */

/* The configuration that atca-set-config last wrote to this chip and read back, kept per serial number in the
 * state folder. A virtual device that ends with its session is remembered for that session only. */
struct atca_memory {
    uint8_t raw[ATECC_CONFIG_SIZE];
    char file[256]; /* where it came from, printable */
    char when[24];
};
int atca_remember(struct op_call *call, const struct atecc_config *config,
                  const uint8_t raw[ATECC_CONFIG_SIZE], const char *file, struct error *e);
bool atca_recall(struct op_call *call, const struct atecc_config *config, struct atca_memory *memory);

#endif
