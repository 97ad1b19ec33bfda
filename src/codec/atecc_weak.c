/* How permissive a configuration is: see atecc_policy.h. */
#include "codec/atecc_facts.h"
#include "codec/atecc_policy.h"

#include <stdio.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* Findings about the whole chip. */
static const struct {
    uint32_t need;
    const char *sentence;
} chip_findings[] = {
    {FACT_CONFIG_OPEN,
     "the configuration zone is open: whoever reaches the chip can change every slot's policy"},
    {FACT_CONFIG_LOCKED | FACT_DATA_OPEN,
     "the data zone is open: every slot can be written in the clear, whatever its policy says"},
};

enum guard { GUARD_ANY, GUARD_NONE, GUARD_WRITES, GUARD_READS };

/* Findings about slots: `lines` says which slots share one. A slot that is locked for itself can still be
 * read. */
static const struct finding {
    uint32_t need, without;
    enum guard guard;
    enum { TOGETHER, PER_SLOT, BY_KEY } lines;
    const char *sentence;
} slot_findings[] = {
    {FACT_CLEAR,                   FACT_SLOT_LOCKED | FACT_PRIVATE,   GUARD_WRITES, PER_SLOT,
     "slot {slot}, which guards writes to {writes}, can be overwritten by anyone"                      },
    {FACT_CLEAR,                   FACT_SLOT_LOCKED | FACT_PRIVATE,   GUARD_READS,  PER_SLOT,
     "slot {slot}, which guards reads of {reads}, can be overwritten by anyone"                        },
    {FACT_READABLE,                0,                                 GUARD_WRITES, PER_SLOT,
     "slot {slot}, which guards writes to {writes}, can be read by anyone"                             },
    {FACT_READABLE,                0,                                 GUARD_READS,  PER_SLOT,
     "slot {slot}, which guards reads of {reads}, can be read by anyone"                               },
    {FACT_ECC | FACT_ENCRYPTED,    FACT_SLOT_LOCKED | FACT_BAD_GUARD, GUARD_ANY,    BY_KEY,
     "ECC private key of slot {slots}: can be replaced by whoever knows the key of slot {key}"         },
    {FACT_ECC | FACT_GEN,          FACT_SLOT_LOCKED,                  GUARD_ANY,    TOGETHER,
     "ECC private key of slot {slots}: anyone can have the chip make a new one, which destroys the old"},
    {FACT_SECRET | FACT_CLEAR,     FACT_SLOT_LOCKED | FACT_PRIVATE,   GUARD_NONE,   TOGETHER,
     "secret of slot {slots}: can be overwritten by anyone"                                            },
    {FACT_NOT_SECRET | FACT_CLEAR, FACT_SLOT_LOCKED | FACT_PRIVATE,   GUARD_NONE,   TOGETHER,
     "data of slot {slots}: can be overwritten by anyone"                                              },
};

static bool has_finding(const struct finding *finding, const struct atecc_config *config, unsigned slot)
{
    uint32_t facts = atecc_facts_of(config, slot);
    uint16_t writes = atecc_guards_writes(config, slot), reads = atecc_guards_reads(config, slot);
    const bool guard[] = {
        [GUARD_ANY] = true,
        [GUARD_NONE] = writes == 0 && reads == 0,
        [GUARD_WRITES] = writes != 0,
        [GUARD_READS] = reads != 0,
    };
    return (facts & finding->need) == finding->need && !(facts & finding->without) && guard[finding->guard];
}

/* Whether two slots with this finding share a line. */
static bool share_line(const struct finding *finding, const struct atecc_config *config, unsigned a,
                       unsigned b)
{
    return a == b || finding->lines == TOGETHER ||
           (finding->lines == BY_KEY && config->slot[a].write_key == config->slot[b].write_key);
}

static void add_line(const struct finding *finding, const struct atecc_config *config, unsigned slot,
                     uint16_t slots, struct buf *to)
{
    struct buf list[3] = {BUF_INIT, BUF_INIT, BUF_INIT};
    char number[8], key[8];
    atecc_slot_list(slots, &list[0]);
    atecc_slot_list(atecc_guards_writes(config, slot), &list[1]);
    atecc_slot_list(atecc_guards_reads(config, slot), &list[2]);
    snprintf(number, sizeof number, "%u", slot);
    snprintf(key, sizeof key, "%u", config->slot[slot].write_key);
    const struct atecc_blank blanks[] = {
        {"slot",   number            },
        {"slots",  buf_text(&list[0])},
        {"writes", buf_text(&list[1])},
        {"reads",  buf_text(&list[2])},
        {"key",    key               },
    };
    atecc_fill(finding->sentence, blanks, COUNT(blanks), to);
    buf_add_byte(to, '\n');
    for (size_t i = 0; i < COUNT(list); i++)
        buf_free(&list[i]);
}

static unsigned add_finding(const struct finding *finding, const struct atecc_config *config, struct buf *to)
{
    unsigned lines = 0, done = 0;
    for (unsigned slot = 0; slot < ATECC_SLOTS; slot++) {
        unsigned slots = 0;
        if (done >> slot & 1 || !has_finding(finding, config, slot))
            continue;
        for (unsigned n = slot; n < ATECC_SLOTS; n++)
            if (has_finding(finding, config, n) && share_line(finding, config, slot, n))
                slots |= 1u << n;
        done |= slots;
        add_line(finding, config, slot, (uint16_t)slots, to);
        lines++;
    }
    return lines;
}

unsigned atecc_words_weak(const struct atecc_config *config, struct buf *to)
{
    unsigned lines = 0;
    uint32_t facts = atecc_facts_of_chip(config);
    for (size_t i = 0; i < COUNT(chip_findings); i++)
        if ((facts & chip_findings[i].need) == chip_findings[i].need) {
            buf_printf(to, "%s\n", chip_findings[i].sentence);
            lines++;
        }
    for (size_t i = 0; i < COUNT(slot_findings); i++)
        lines += add_finding(&slot_findings[i], config, to);
    return lines;
}
