/* The configuration zone: Read, Write as the library splits it, UpdateExtra, Lock (DS20005927A, 2.2). */
#include "sim/chip_state.h"

#include <string.h>

int chip_read_config(struct chip *chip, uint8_t raw[128])
{
    memcpy(raw, chip->config, CHIP_CONFIG_SIZE); /* readable in every state */
    return CHIP_OK;
}

/* The library's order: words up to the first whole block, blocks where it can, single words through block 2
 * because word 21 (UserExtra, Selector and the lock bytes) must be left out. */
static const struct {
    uint8_t at, size;
} config_writes[] = {
    {16, CHIP_WORD },
    {20, CHIP_WORD },
    {24, CHIP_WORD },
    {28, CHIP_WORD },
    {32, CHIP_BLOCK},
    {64, CHIP_WORD },
    {68, CHIP_WORD },
    {72, CHIP_WORD },
    {76, CHIP_WORD },
    {80, CHIP_WORD },
    {88, CHIP_WORD },
    {92, CHIP_WORD },
    {96, CHIP_BLOCK},
};

/* May UpdateExtra change this byte now? */
static bool extra_writable(const struct chip *chip, int at)
{
    bool once = at == CHIP_AT_USER_EXTRA || chip->model == CHIP_ATECC608A ||
                (chip->config[CHIP_AT_CHIP_MODE] & 1) != 0; /* 508A: SelectorMode */
    return !once || chip->config[at] == 0;
}

static int update_extra(struct chip *chip, int at, uint8_t value)
{
    if (!extra_writable(chip, at))
        return CHIP_EXECUTION_ERROR;
    return chip_cell_write(chip, chip->config + at, &value, 1);
}

int chip_write_config(struct chip *chip, const uint8_t raw[128])
{
    if (chip_config_locked(chip))
        return CHIP_EXECUTION_ERROR;
    for (size_t i = 0; i < sizeof config_writes / sizeof *config_writes; i++) {
        size_t at = config_writes[i].at;
        int status = chip_cell_write(chip, chip->config + at, raw + at, config_writes[i].size);
        if (status != CHIP_OK)
            return status;
    }
    int status = update_extra(chip, CHIP_AT_USER_EXTRA, raw[CHIP_AT_USER_EXTRA]);
    return status != CHIP_OK ? status : update_extra(chip, CHIP_AT_SELECTOR, raw[CHIP_AT_SELECTOR]);
}

int chip_lock_zone(struct chip *chip, int zone)
{
    static const uint8_t locked = CHIP_LOCKED;
    if (zone != CHIP_ZONE_CONFIG && zone != CHIP_ZONE_DATA)
        return CHIP_PARSE_ERROR;
    /* Each once, and the data zone only after the configuration zone. */
    if (zone == CHIP_ZONE_CONFIG ? chip_config_locked(chip)
                                 : !chip_config_locked(chip) || chip_data_locked(chip)) {
        return CHIP_EXECUTION_ERROR;
    }
    int at = zone == CHIP_ZONE_CONFIG ? CHIP_AT_LOCK_CONFIG : CHIP_AT_LOCK_VALUE;
    return chip_cell_write(chip, chip->config + at, &locked, 1);
}
