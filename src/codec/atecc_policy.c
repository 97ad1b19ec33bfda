/* What the chip will answer: see atecc_policy.h. The rules are rows; the first that applies refuses. */
#include "codec/atecc_policy.h"

#include "codec/atecc_facts.h"

#include <stdio.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define OP(name) (1u << ATECC_##name)

enum {
    WRITES = OP(WRITE_CLEAR) | OP(WRITE_ENCRYPTED),
    PRIV_WRITES = OP(PRIV_WRITE) | OP(PRIV_WRITE_ENCRYPTED),
    USES = OP(GEN_KEY) | OP(GET_PUB_KEY) | OP(SIGN),
    ON_SLOTS = WRITES | PRIV_WRITES | USES,
};

/* What can't be done, for the rules that hold for many operations. */
static const char *const cannot[] = {
    [ATECC_WRITE_CONFIG] = "the configuration can't be written",
    [ATECC_LOCK_CONFIG] = "the configuration zone can't be locked",
    [ATECC_LOCK_DATA] = "the data zone can't be locked",
    [ATECC_WRITE_CLEAR] = "slots can't be written",
    [ATECC_WRITE_ENCRYPTED] = "slots can't be written",
    [ATECC_PRIV_WRITE] = "keys can't be set",
    [ATECC_PRIV_WRITE_ENCRYPTED] = "keys can't be set",
    [ATECC_GEN_KEY] = "keys can't be made",
    [ATECC_GET_PUB_KEY] = "public keys can't be computed",
    [ATECC_SIGN] = "nothing can be signed",
};

static const char lock_config_first[] = "lockstep atca-lock-zone config (dry run first).";
static const char lock_data_first[] = "lockstep atca-lock-zone data (dry run first).";
static const char other_slot[] = "Use another slot: lockstep atca-slots shows what each one allows.";
static const char with_write_key[] = "Give --write-key with the key of slot {key}.";
static const char without_write_key[] = "Leave --write-key out.";

/* `need`: facts that must all hold. Table "What the lock states allow" in doc/chips.md. */
static const struct rule {
    unsigned operations;
    uint32_t need;
    const char *why, *next;
} rules[] = {
    {OP(WRITE_CONFIG),                               FACT_CONFIG_LOCKED,                                     "the configuration zone is locked, and nothing can write it again",
     "lockstep atca-get-config shows what is locked in; another configuration needs another chip."                                                                                                 },
    {OP(LOCK_CONFIG),                                FACT_CONFIG_LOCKED | FACT_DATA_OPEN,                    "the configuration zone is locked already",
     "What is left to lock is the data zone: lockstep atca-lock-zone data (dry run first)."                                                                                                        },
    {OP(LOCK_CONFIG),                                FACT_CONFIG_LOCKED,                                     "the configuration zone is locked already",
     "Both zones are locked; nothing is left to do."                                                                                                                                               },
    {OP(LOCK_DATA),                                  FACT_CONFIG_OPEN,                                       "{cannot} while the configuration zone is open",                     lock_config_first},
    {OP(LOCK_DATA),                                  FACT_DATA_LOCKED,                                       "the data zone is locked already",
     "Both zones are locked; nothing is left to do."                                                                                                                                               },
    {ON_SLOTS,                                       FACT_CONFIG_OPEN,                                       "{cannot} while the configuration zone is open",                     lock_config_first},
    {PRIV_WRITES | USES,                             FACT_NOT_ECC,
     "slot {slot} does not hold an ECC P-256 private key (KeyConfig: Private {private}, KeyType {type})",                                                                         other_slot       },
    {WRITES,                                         FACT_PRIVATE,                                           "slot {slot} holds a private key, which data can't be written over",
     "An ECC private key is set with lockstep atca-set-key {slot} and a PEM file."                                                                                                                 },
    {PRIV_WRITES,                                    FACT_NOT_SECRET,
     "slot {slot} is not secret (IsSecret 0), and private keys can only be set in slots that are",                                                                                other_slot       },
    {WRITES | PRIV_WRITES | OP(GEN_KEY),             FACT_SLOT_LOCKED,
     "slot {slot} is locked for itself, and what it holds can never change again",                                                                                                other_slot       },
    {OP(GET_PUB_KEY),                                FACT_NO_PUB_INFO,                                       "the public key of slot {slot} is not given out (PubInfo 0)",
     other_slot                                                                                                                                                                                    },
    {USES,                                           FACT_ASKS_AUTH,
     "the key of slot {slot} works only after an authorization with the key of slot {auth} (ReqAuth), which "
     "the firmware does not offer",                                                                                                                                               other_slot       },
    {USES,                                           FACT_ASKS_LATCH,
     "the key of slot {slot} works only while the chip's latch is set (IntrusionDisable), which the firmware "
     "does not do",                                                                                                                                                               other_slot       },
    {OP(SIGN),                                       FACT_DATA_OPEN,                                         "{cannot} while the data zone is open",                              lock_data_first  },
    {OP(SIGN),                                       FACT_NO_SIGN,
     "the key of slot {slot} does not sign what comes from outside (ReadKey bit 0 is 0)",                                                                                         other_slot       },
    {OP(WRITE_ENCRYPTED) | OP(PRIV_WRITE_ENCRYPTED), FACT_DATA_OPEN,
     "encrypted writes work only once the data zone is locked; until then slot {slot} is written in the "
     "clear",                                                                                                                                                                     without_write_key},
    {OP(WRITE_CLEAR),                                FACT_DATA_LOCKED | FACT_NOT_CLEAR | FACT_ENCRYPTED,
     "slot {slot} takes only encrypted writes now that the data zone is locked",                                                                                                  with_write_key   },
    {OP(WRITE_ENCRYPTED),                            FACT_NOT_ENCRYPTED | FACT_CLEAR,
     "slot {slot} has no write key: it is written in the clear (WriteConfig {write})",                                                                                            without_write_key},
    {WRITES,                                         FACT_DATA_LOCKED | FACT_NOT_CLEAR | FACT_NOT_ENCRYPTED,
     "slot {slot} takes no writes now that the data zone is locked (WriteConfig {write})",                                                                                        other_slot       },
    {OP(PRIV_WRITE),                                 FACT_DATA_LOCKED | FACT_ENCRYPTED,
     "slot {slot} takes only encrypted keys now that the data zone is locked",                                                                                                    with_write_key   },
    {PRIV_WRITES,                                    FACT_DATA_LOCKED | FACT_NOT_ENCRYPTED,
     "the key of slot {slot} can't be set now that the data zone is locked (WriteConfig {write})",                                                                                other_slot       },
    {OP(WRITE_ENCRYPTED) | OP(PRIV_WRITE_ENCRYPTED), FACT_BAD_GUARD,
     "writes to slot {slot} are guarded by slot {key}, whose policy does not let its key be used for that",                                                                       other_slot       },
    {OP(GEN_KEY),                                    FACT_DATA_LOCKED | FACT_NOT_GEN,
     "keys can't be made in slot {slot} now that the data zone is locked (WriteConfig {write})",                                                                                  other_slot       },
};

static int refuse(const struct rule *rule, const struct atecc_config *config, enum atecc_operation operation,
                  unsigned slot, struct error *e)
{
    const struct atecc_slot *s = &config->slot[slot];
    char number[6][8];
    const unsigned values[] = {slot, s->write_key, s->auth_key, s->is_private, s->key_type};
    for (size_t i = 0; i < COUNT(values); i++)
        snprintf(number[i], sizeof number[i], "%u", values[i]);
    snprintf(number[5], sizeof number[5], "%u%u%u%u", s->write_config >> 3 & 1, s->write_config >> 2 & 1,
             s->write_config >> 1 & 1, s->write_config & 1);
    const struct atecc_blank blanks[] = {
        {"slot",    number[0]        },
        {"key",     number[1]        },
        {"auth",    number[2]        },
        {"private", number[3]        },
        {"type",    number[4]        },
        {"write",   number[5]        },
        {"cannot",  cannot[operation]},
    };
    struct buf why = BUF_INIT, next = BUF_INIT;
    atecc_fill(rule->why, blanks, COUNT(blanks), &why);
    atecc_fill(rule->next, blanks, COUNT(blanks), &next);
    error_set(e, ERR_REFUSED, "the chip would refuse (0xf4): %s", buf_text(&why));
    error_next(e, "%s", buf_text(&next));
    buf_free(&why);
    buf_free(&next);
    return ERR_REFUSED;
}

int atecc_predict(const struct atecc_config *config, enum atecc_operation operation, unsigned slot,
                  struct error *e)
{
    bool on_slot = ON_SLOTS >> operation & 1;
    if (on_slot && slot >= ATECC_SLOTS) {
        error_set(e, ERR_REFUSED, "there is no slot %u: a chip has slots 0 to %d", slot, ATECC_SLOTS - 1);
        error_next(e, "%s", "lockstep atca-slots shows what each slot allows.");
        return ERR_REFUSED;
    }
    unsigned number = on_slot ? slot : 0;
    uint32_t facts = atecc_facts_of(config, number);
    for (size_t i = 0; i < COUNT(rules); i++)
        if (rules[i].operations >> operation & 1 && (facts & rules[i].need) == rules[i].need)
            return refuse(&rules[i], config, operation, number, e);
    return 0;
}
