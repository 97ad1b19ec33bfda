/* Status bytes as sentences: see atecc_policy.h. Source of the codes: cryptoauthlib's atca_status.h; the
 * firmware prints them in its RPC errors. */
#include "codec/atecc_facts.h"
#include "codec/atecc_policy.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const char no_answer[] = "the chip did not answer ({status}): its wiring, pull-ups and supply, or the "
                                "bus speed, are to be checked";

/* Of the rows for a status the first whose facts all hold speaks; the last of each needs none. */
static const struct {
    uint8_t status;
    uint32_t need;
    const char *sentence;
} sentences[] = {
    {0x00, 0,                "the chip did as it was told ({status})"                                      },
    {0xD0, FACT_MOVED,
     "the chip did not wake up ({status}): it was seen with address byte {address}, bus address {bus}; the "
     "firmware's sys.atca.i2c_addr must be that, and wiring, pull-ups and supply sound"                    },
    {0xD0, 0,
     "the chip did not wake up ({status}): wiring, pull-ups, supply and I2C address are to be checked"     },
    {0xD1, 0,
     "the chip compared and found a difference ({status}): the write key given is not the one in the slot, "
     "or a "
     "signature does not match"                                                                            },
    {0xD2, FACT_IS_508,
     "the chip does not know the command or one of its parameters ({status}); an ATECC508A has no AES, for "
     "example"                                                                                             },
    {0xD2, FACT_AES_OFF,
     "the chip does not know the command or one of its parameters ({status}); on this chip AES is off "
     "(AES_Enable, byte 13)"                                                                               },
    {0xD2, 0,
     "the chip does not know the command or one of its parameters ({status}): slot, block or mode do not "
     "exist on this model"                                                                                 },
    {0xD4, 0,                "the command arrived damaged at the chip ({status}): the I2C bus is disturbed"},
    {0xD6, 0,
     "the chip's elliptic curve computation went wrong ({status}): the same command may be given once more; "
     "a "
     "second time it means that the key in the slot is not valid"                                          },
    {0xD7, 0,
     "the chip's self test found a fault ({status}): it refuses to work until its next power-up, at best"  },
    {0xE2, 0,                "the firmware gave the chip library a parameter it does not take ({status})"  },
    {0xE5, 0,                "the chip's answer arrived damaged ({status}): the I2C bus is disturbed"      },
    {0xE6, 0,                "the chip's answer broke off ({status}): the I2C bus is disturbed"            },
    {0xE7, 0,                no_answer                                                                     },
    {0xEC, 0,                no_answer                                                                     },
    {0xF0, 0,                no_answer                                                                     },
    {0xF1, 0,                no_answer                                                                     },
    {0xF4, FACT_CONFIG_OPEN,
     "the chip refused ({status}): its configuration zone is open, and slots and keys work only once that is "
     "locked (lockstep atca-lock-zone config, dry run first)"                                              },
    {0xF4, FACT_DATA_OPEN,
     "the chip refused ({status}): its configuration zone is locked and its data zone is open, so it signs "
     "and "
     "reads nothing yet, and policies can't be set any more; or the slot holds no key"                     },
    {0xF4, FACT_DATA_LOCKED,
     "the chip refused ({status}): both zones are locked, so the slot's policy rules; it forbids this, or "
     "the "
     "write key is not the right one, or the slot holds no key"                                            },
    {0xF4, 0,
     "the chip refused ({status}): the lock state of its zones or the policy of the slot forbids this, or "
     "the "
     "slot holds no key"                                                                                   },
    {0xF8, 0,                "a zone that must be locked for this is open ({status})"                      },
    {0xFA, 0,                "the chip's random number generator did not pass its health test ({status})"  },
    {0xFC, 0,                "the slot's limited number of uses is used up ({status})"                     },
};

static const char *sentence_for(uint8_t status, uint32_t facts)
{
    for (size_t i = 0; i < COUNT(sentences); i++)
        if (sentences[i].status == status && (facts & sentences[i].need) == sentences[i].need)
            return sentences[i].sentence;
    return "the chip library reported status {status}, for which no meaning is known here";
}

void atecc_words_status(uint8_t status, const struct atecc_config *config, struct buf *to)
{
    char code[8], address[8] = "", bus[8] = "";
    snprintf(code, sizeof code, "0x%02x", status);
    if (config != NULL) {
        snprintf(address, sizeof address, "0x%02x", config->i2c_address);
        snprintf(bus, sizeof bus, "0x%02x", config->i2c_address >> 1);
    }
    const struct atecc_blank blanks[] = {
        {"status",  code   },
        {"address", address},
        {"bus",     bus    },
    };
    uint32_t facts = config != NULL ? atecc_facts_of_chip(config) : 0;
    atecc_fill(sentence_for(status, facts), blanks, COUNT(blanks), to);
}

/* The last "0x" with two hex digits, and no third, behind it. */
int atecc_status_in(const char *message)
{
    int status = -1;
    for (const char *p = message; *p != '\0'; p++) {
        bool word = p == message || !isalnum((unsigned char)p[-1]);
        if (word && p[0] == '0' && p[1] == 'x' && isxdigit((unsigned char)p[2]) &&
            isxdigit((unsigned char)p[3]) && !isalnum((unsigned char)p[4])) {
            status = (int)strtol(p + 2, NULL, 16);
            p += 3;
        }
    }
    return status;
}
