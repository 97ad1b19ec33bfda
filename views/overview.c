/* overview: who the device is, and at a glance what is locked, what is open, and what is weak. */
#include "base/clock.h"
#include "views/findings.h"
#include "views/views.h"
#include "views/words.h"

#include <stdio.h>
#include <string.h>

static const struct view_column columns[] = {
    {.key = "state", .title = "", .width = 9,  .flexible = false},
    {.key = "what",  .title = "", .width = 46, .flexible = true },
    {.key = "help",  .title = "", .width = 22, .flexible = true },
};

static void label(struct view_page *page, const char *text)
{
    view_span(page, VIEW_DIM, "%-10s", text);
}

static void add_device(struct view_page *page, const struct view_context *ctx)
{
    const cJSON *info = ctx->snapshot->info;
    double up = view_json_number(info, "uptime", -1);
    label(page, "Device");
    view_span(page, VIEW_VALUE, "%s", view_json_text(info, "id", "(no name)"));
    view_span(page, VIEW_PLAIN, "  %s", view_json_text(info, "arch", ""));
    if (up >= 0 && up < 1)
        view_span(page, VIEW_PLAIN, "  just started");
    if (up >= 1 && up < 1e10) {
        char words[48];
        int64_t age = ctx->now_ms - ctx->snapshot->part[SNAPSHOT_INFO].read_ms;
        clock_words(((int64_t)up + age / 1000) * 1000, words, sizeof words);
        view_span(page, VIEW_PLAIN, "  up %s", words);
    }
    view_text_end(page);
    label(page, "Firmware");
    view_span(page, VIEW_VALUE, "%s %s", view_json_text(info, "app", ""),
              view_json_text(info, "fw_version", ""));
    view_span(page, VIEW_PLAIN, "  %s", view_json_text(info, "fw_id", ""));
    view_text_end(page);
}

static void add_free(struct view_page *page, const cJSON *info, const char *what, const char *size,
                     const char *left)
{
    double all = view_json_number(info, size, -1), free = view_json_number(info, left, -1);
    if (all >= 0 && free >= 0)
        view_span(page, VIEW_PLAIN, "%s %.0f of %.0f KB", what, free / 1024, all / 1024);
}

static void add_memory(struct view_page *page, const cJSON *info)
{
    double least = view_json_number(info, "ram_min_free", -1);
    label(page, "Free");
    add_free(page, info, "RAM", "ram_size", "ram_free");
    if (least >= 0)
        view_span(page, VIEW_DIM, " (low %.0f)", least / 1024);
    view_span(page, VIEW_PLAIN, "  ");
    add_free(page, info, "files", "fs_size", "fs_free");
    view_text_end(page);
}

static void add_link(struct view_page *page, const struct view_context *ctx)
{
    static const struct {
        enum view_style style;
        const char *words;
    } states[] = {
        [RPC_UP] = {VIEW_GOOD, "up"           },
        [RPC_LOST] = {VIEW_BAD,  "lost"         },
        [RPC_RECONNECTING] = {VIEW_WARN, "opening again"},
    };
    label(page, "Link");
    view_span(page, VIEW_VALUE, "%s  ", ctx->port);
    view_span(page, states[ctx->snapshot->link].style, "%s", states[ctx->snapshot->link].words);
    view_text_end(page);
    if (ctx->snapshot->link != RPC_UP && ctx->snapshot->link_why.code != 0)
        view_words(page, VIEW_DIM, "%s", ctx->snapshot->link_why.message);
}

static void add_serial(struct view_page *page, const struct atecc_config *chip)
{
    char serial[2 * ATECC_SERIAL_SIZE + 1];
    atecc_serial_hex(chip, serial);
    label(page, "Chip");
    view_span(page, VIEW_VALUE, "%s", atecc_model(chip));
    view_span(page, VIEW_PLAIN, "  rev 0x%x  S/N %s", (unsigned)chip->revision, serial);
    view_text_end(page);
}

/* --- can't be taken back -------------------------------------------------------------------------------- */

static void add_zone(struct view_page *page, const char *id, const char *zone, uint8_t lock,
                     const char *meaning, const char *help)
{
    view_row(page, id);
    view_cell(page, words_lock_style(lock), "%s", words_lock(lock));
    view_cell(page, VIEW_PLAIN, "%-12s %s", zone, meaning);
    view_cell(page, VIEW_DIM, "%s", help);
}

static void add_slot_locks(struct view_page *page, const struct atecc_config *chip)
{
    uint16_t locked = 0;
    char slots[WORDS_CELL];
    for (unsigned n = 0; n < ATECC_SLOTS; n++)
        locked |= (uint16_t)(chip->slot[n].locked << n);
    if (locked == 0)
        return;
    view_row(page, "slots");
    view_cell(page, VIEW_LOCKED, "LOCKED");
    view_cell(page, VIEW_PLAIN, "slots %s, each for itself", words_slots(locked, slots));
    view_cell(page, VIEW_DIM, "atca-slots");
}

static void add_locks(struct view_page *page, const struct atecc_config *chip)
{
    bool config_open = chip->lock_config == ATECC_UNLOCKED, data_open = chip->lock_value == ATECC_UNLOCKED;
    add_zone(page, "config", "config zone", chip->lock_config,
             config_open ? "slot policies can still be written" : "slot policies are fixed for ever",
             config_open ? "atca-lock-zone config" : "");
    add_zone(page, "data", "data zone", chip->lock_value,
             !data_open    ? "written only as slot policies allow"
             : config_open ? "usable once config is locked"
                           : "slots can be written in the clear",
             data_open && !config_open ? "atca-lock-zone data" : "atca-slots");
    add_slot_locks(page, chip);
}

/* Burnt once, and for ever; the firmware tells nobody. */
static void add_flash(struct view_page *page, const cJSON *info)
{
    if (strcmp(view_json_text(info, "arch", ""), "esp32") != 0)
        return;
    view_row(page, "flash");
    view_cell(page, VIEW_DIM, "not known");
    view_cell(page, VIEW_PLAIN, "flash encryption: read eFuses in download mode");
    view_cell(page, VIEW_DIM, "%s", "");
}

/* --- findings ------------------------------------------------------------------------------------------- */

static void add_findings(struct view_page *page, const struct view_context *ctx)
{
    static const char *const unknown[2][2] = {
        {"neither configuration nor chip was read: nothing is known",
         "the configuration was not read: nothing is known of it"       },
        {"the chip was not read: nothing is known of it",             ""},
    };
    const struct snapshot_state *part = ctx->snapshot->part;
    struct findings findings;
    findings_of(ctx->snapshot, &findings);
    char heading[64] = "Findings";
    if (findings.count > 0)
        snprintf(heading, sizeof heading, "Findings: %zu high, %zu medium", findings.high,
                 findings.count - findings.high);
    words_heading(page, heading);
    if (!part[SNAPSHOT_CONFIG].have || !part[SNAPSHOT_CHIP].have)
        view_text(page, VIEW_DIM, "%s", unknown[part[SNAPSHOT_CONFIG].have][part[SNAPSHOT_CHIP].have]);
    else if (findings.count == 0)
        view_text(page, VIEW_GOOD, "none in the configuration and the chip");
    for (size_t i = 0; i < findings.count; i++) {
        char id[24];
        snprintf(id, sizeof id, "%zu", i + 1);
        view_row(page, id);
        view_cell(page, findings.item[i].style, "%s", findings.item[i].style == VIEW_BAD ? "high" : "medium");
        view_cell(page, VIEW_PLAIN, "%s", findings.item[i].text);
        view_cell(page, VIEW_DIM, "%s", findings.item[i].help);
    }
}

static void build(struct view_page *page, const struct view_context *ctx)
{
    view_columns(page, columns, COUNT(columns));
    if (!view_missing(page, ctx, SNAPSHOT_INFO)) {
        add_device(page, ctx);
        add_memory(page, ctx->snapshot->info);
    }
    add_link(page, ctx);
    if (ctx->snapshot->part[SNAPSHOT_CHIP].have)
        add_serial(page, &ctx->snapshot->chip);
    words_heading(page, "Can't be taken back");
    if (!view_missing(page, ctx, SNAPSHOT_CHIP))
        add_locks(page, &ctx->snapshot->chip);
    add_flash(page, ctx->snapshot->info);
    add_findings(page, ctx);
}

static void detail(struct view_page *page, const struct view_context *ctx)
{
    struct findings findings;
    findings_of(ctx->snapshot, &findings);
    int number = words_number(ctx->selected, FINDING_MAX + 1);
    if (number >= 1 && (size_t)number <= findings.count) {
        view_words(page, findings.item[number - 1].style, "%s", findings.item[number - 1].text);
        if (findings.item[number - 1].why != NULL)
            view_words(page, VIEW_PLAIN, "%s", findings.item[number - 1].why);
        view_words(page, VIEW_DIM, "What helps: %s", findings.item[number - 1].help);
    } else if (strcmp(ctx->selected, "flash") == 0) {
        view_words(page, VIEW_PLAIN,
                   "Whether the flash is encrypted stands in fuses of the ESP32 that are burnt once. Its "
                   "firmware does not tell them over RPC: they are read over the serial port, with the ESP32 "
                   "in download mode.");
    } else if (ctx->snapshot->part[SNAPSHOT_CHIP].have) {
        view_words(page, VIEW_PLAIN,
                   "A locked zone can never be opened again. The zones view says what each "
                   "state allows, and what locking would freeze.");
    }
}

/* What helps is for the person to type: findings name commands with more than one word. */
static const struct view_key keys[] = {
    {"i",  "status", "status",     false},
    {"a",  "slots",  "atca-slots", false},
    {NULL, NULL,     NULL,         false},
};

const struct view view_overview = {
    .name = "overview",
    .title = "Overview",
    .summary = "the device, what is locked and what is weak",
    .parts = 1u << SNAPSHOT_INFO | 1u << SNAPSHOT_CONFIG | 1u << SNAPSHOT_CHIP,
    .keys = keys,
    .build = build,
    .detail = detail,
};
