/* zones: what is locked, what this state allows, what locking would freeze. */
#include "codec/atecc_policy.h"
#include "views/views.h"
#include "views/words.h"

#include <stdio.h>
#include <string.h>

static const struct view_column columns[] = {
    {.key = "zone",  .title = "zone",            .width = 6,  .flexible = false},
    {.key = "state", .title = "state",           .width = 9,  .flexible = false},
    {.key = "now",   .title = "allows now",      .width = 16, .flexible = true },
    {.key = "lock",  .title = "locking freezes", .width = 16, .flexible = true },
};

enum state { BOTH_OPEN, DATA_OPEN, BOTH_LOCKED, STATES };

static enum state state_of(const struct atecc_config *chip)
{
    return chip->lock_config == ATECC_UNLOCKED  ? BOTH_OPEN
           : chip->lock_value == ATECC_UNLOCKED ? DATA_OPEN
                                                : BOTH_LOCKED;
}

/* Rows of the table by state: what is possible now, what locking would end. */
static const struct zone {
    const char *id;
    struct {
        const char *now, *lock;
    } in[STATES];
} zones[] = {
    {"config",
     {[BOTH_OPEN] = {"can be written", "policies, I2C address"},
      [DATA_OPEN] = {"read only", "–"},
      [BOTH_LOCKED] = {"read only", "–"}}          },
    {"data",
     {[BOTH_OPEN] = {"nothing yet", "only after config"},
      [DATA_OPEN] = {"clear writes, new keys", "OTP, clear writes"},
      [BOTH_LOCKED] = {"what policies allow", "–"}}},
    {"otp",
     {[BOTH_OPEN] = {"nothing yet", "goes with data"},
      [DATA_OPEN] = {"can be written", "goes with data"},
      [BOTH_LOCKED] = {"what OTPmode allows", "–"}}},
};

static uint16_t slots_locked(const struct atecc_config *chip)
{
    uint16_t mask = 0;
    for (unsigned n = 0; n < ATECC_SLOTS; n++)
        mask |= (uint16_t)(chip->slot[n].locked << n);
    return mask;
}

static uint16_t slots_lockable(const struct atecc_config *chip)
{
    uint16_t mask = 0;
    for (unsigned n = 0; n < ATECC_SLOTS; n++)
        mask |= (uint16_t)((chip->slot[n].lockable && !chip->slot[n].locked) << n);
    return mask;
}

static void add_slots(struct view_page *page, const struct atecc_config *chip)
{
    uint16_t locked = slots_locked(chip), lockable = slots_lockable(chip);
    char is[WORDS_CELL], could[WORDS_CELL];
    view_row(page, "slots");
    view_cell(page, VIEW_PLAIN, "slots");
    view_cell(page, locked ? VIEW_LOCKED : VIEW_OPEN, "%s",
              locked == 0        ? "open"
              : locked == 0xFFFF ? "LOCKED"
                                 : "some");
    view_cell(page, VIEW_PLAIN, "locked: %s", words_slots(locked, is));
    view_cell(page, VIEW_PLAIN, "lockable: %s", words_slots(lockable, could));
}

/* A chip as it leaves the factory, or was locked by its command, has one of two values. */
static void add_odd_locks(struct view_page *page, const struct atecc_config *chip)
{
    const struct {
        const char *name;
        uint8_t lock;
    } locks[] = {
        {"LockConfig", chip->lock_config},
        {"LockValue",  chip->lock_value }
    };
    for (size_t i = 0; i < COUNT(locks); i++)
        if (locks[i].lock != ATECC_UNLOCKED && locks[i].lock != ATECC_LOCKED)
            view_words(page, VIEW_WARN,
                       "%s is 0x%02x, neither 0x55 (open) nor 0x00 (locked): any value but 0x55 locks.",
                       locks[i].name, locks[i].lock);
}

static void build(struct view_page *page, const struct view_context *ctx)
{
    const struct atecc_config *chip = &ctx->snapshot->chip;
    if (view_missing(page, ctx, SNAPSHOT_CHIP))
        return;
    view_columns(page, columns, COUNT(columns));
    for (size_t i = 0; i < COUNT(zones); i++) {
        uint8_t lock = i == 0 ? chip->lock_config : chip->lock_value; /* OTP goes with data */
        view_row(page, zones[i].id);
        view_cell(page, VIEW_PLAIN, "%s", zones[i].id);
        view_cell(page, words_lock_style(lock), "%s", words_lock(lock));
        view_cell(page, VIEW_PLAIN, "%s", zones[i].in[state_of(chip)].now);
        view_cell(page, VIEW_PLAIN, "%s", zones[i].in[state_of(chip)].lock);
    }
    add_slots(page, chip);
    add_odd_locks(page, chip);
    words_heading(page, "A locked zone can never be opened again.");
}

/* --- detail: operation by operation, as the chip would answer ------------------------------------------- */

static const struct {
    enum atecc_operation operation;
    const char *words;
} operations[] = {
    {ATECC_WRITE_CLEAR,          "data in the clear"},
    {ATECC_WRITE_ENCRYPTED,      "data encrypted"   },
    {ATECC_PRIV_WRITE,           "key in the clear" },
    {ATECC_PRIV_WRITE_ENCRYPTED, "key encrypted"    },
    {ATECC_GEN_KEY,              "make a key"       },
    {ATECC_GET_PUB_KEY,          "tell public key"  },
    {ATECC_SIGN,                 "sign"             },
};

static uint16_t slots_that(const struct atecc_config *chip, enum atecc_operation operation)
{
    uint16_t mask = 0;
    for (unsigned n = 0; n < ATECC_SLOTS; n++)
        mask |= (uint16_t)((atecc_predict(chip, operation, n, NULL) == 0) << n);
    return mask;
}

static void add_operations(struct view_page *page, const struct atecc_config *chip)
{
    struct atecc_config then = *chip;
    bool can_change = state_of(chip) == DATA_OPEN;
    then.lock_value = ATECC_LOCKED;
    words_heading(page, "Slots that take each operation");
    view_text(page, VIEW_DIM, "%-19s %-19s %s", "", "now", can_change ? "with data locked" : "");
    for (size_t i = 0; i < COUNT(operations); i++) {
        char now[WORDS_CELL], later[WORDS_CELL] = "";
        words_slots(slots_that(chip, operations[i].operation), now);
        if (can_change)
            words_slots(slots_that(&then, operations[i].operation), later);
        view_text(page, VIEW_PLAIN, "%-19s %-19s %s", operations[i].words, now, later);
    }
}

static void add_answer(struct view_page *page, const struct atecc_config *chip,
                       enum atecc_operation operation, const char *words)
{
    struct error why = {0};
    if (atecc_predict(chip, operation, 0, &why) == 0)
        view_words(page, VIEW_OPEN, "%s: the chip would do it.", words);
    else
        view_words(page, VIEW_PLAIN, "%s: %s. %s", words, why.message, why.next);
}

/* What can't be changed any more once the open zone is locked. */
static void add_freezes(struct view_page *page, const struct atecc_config *chip)
{
    struct atecc_config then = *chip;
    uint16_t fixed = 0;
    char slots[WORDS_CELL];
    then.lock_value = ATECC_LOCKED;
    for (unsigned n = 0; n < ATECC_SLOTS; n++)
        fixed |= (uint16_t)(words_is_fixed(&then, n) << n);
    if (state_of(chip) == BOTH_OPEN)
        view_words(page, VIEW_PLAIN,
                   "Locking the configuration zone freezes 16 slot policies, the I2C address 0x%02x, the "
                   "chip mode and "
                   "the X.509 formats.",
                   chip->i2c_address >> 1);
    else if (state_of(chip) == DATA_OPEN)
        view_words(page, VIEW_PLAIN,
                   "Locking the data zone freezes the OTP zone, and what these slots hold: %s. The others "
                   "obey their "
                   "policies from then on.",
                   words_slots(fixed, slots));
}

static void detail(struct view_page *page, const struct view_context *ctx)
{
    const struct atecc_config *chip = &ctx->snapshot->chip;
    if (!ctx->snapshot->part[SNAPSHOT_CHIP].have)
        return;
    if (strcmp(ctx->selected, "config") == 0) {
        add_answer(page, chip, ATECC_WRITE_CONFIG, "Write it");
        add_answer(page, chip, ATECC_LOCK_CONFIG, "Lock it");
        if (state_of(chip) == BOTH_OPEN)
            add_freezes(page, chip);
    } else if (strcmp(ctx->selected, "slots") == 0) {
        view_words(page, VIEW_PLAIN,
                   "A slot whose policy says Lockable can be locked for itself once the "
                   "configuration zone is locked; what it holds can never change then.");
    } else {
        add_answer(page, chip, ATECC_LOCK_DATA, "Lock the data zone, OTP with it");
        if (state_of(chip) == DATA_OPEN)
            add_freezes(page, chip);
        add_operations(page, chip);
    }
}

static const struct view_key keys[] = {
    {"l",  "plan lock", "atca-lock-zone {id}", false},
    {NULL, NULL,        NULL,                  false},
};

const struct view view_zones = {
    .name = "zones",
    .title = "Zones",
    .summary = "what is locked and what locking would freeze",
    .parts = 1u << SNAPSHOT_CHIP,
    .keys = keys,
    .build = build,
    .detail = detail,
};
