/* The board: see board.h. */
#include "sim/board.h"
#include "base/buf.h"
#include "base/clock.h"
#include "sim/boot.h"
#include "sim/config.h"
#include "sim/http.h"
#include "sim/journal.h"
#include "sim/rpc.h"
#include "sim/state.h"
#include "sim/uart.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REBOOT_MS = 150, HEARTBEAT_MS = 10000, LOG_COLUMN = 24 };

/* --- the log -------------------------------------------------------------------------------------------- */

/* Errors red, warnings yellow, information green, the rest plain: as the firmware's coloured log. */
static const char *const colours[] = {"\033[0;31m", "\033[0;33m", "\033[0;32m", "", ""};

void board_log(struct board *b, enum board_log_level level, const char *where, const char *format, ...)
{
    if ((int)level > b->log_level || b->uart == NULL)
        return;
    struct buf line = {.secret = true}; /* at level 3 frames stand in it, keys included */
    buf_printf(&line, "%s%-*s", colours[level], LOG_COLUMN, where);
    va_list ap;
    va_start(ap, format);
    buf_vprintf(&line, format, ap);
    va_end(ap);
    buf_printf(&line, "%s\n", *colours[level] ? "\033[0m" : "");
    sim_uart_log(b->uart, line.data, line.len);
    buf_free(&line);
}

struct board_ram board_ram(const struct board *b)
{
    bool small = strcmp(b->platform, "esp8266") == 0;
    struct board_ram ram = {small ? 51400 : 295232, 0, 0};
    int64_t base = small ? 31200 : 219384;
    ram.free = base - (int64_t)(b->requests * 1664525u + 1013904223u) % 977 / 8 * 8;
    ram.min_free = base - 977 - 8 * (int64_t)(b->requests < 400 ? b->requests : 400);
    return ram;
}

static void on_heartbeat(void *ctx)
{
    struct board *b = ctx;
    struct board_ram ram = board_ram(b);
    board_log(b, LOG_INFO, "main.c:31", "uptime %lld s, RAM: %lld total, %lld free",
              (long long)((clock_ms() - b->booted_ms) / 1000), (long long)ram.size, (long long)ram.free);
    b->heartbeat = loop_timer_start(b->loop, HEARTBEAT_MS, on_heartbeat, b);
}

/* --- boot and reboot ------------------------------------------------------------------------------------ */

static void load_config(struct board *b)
{
    int broken;
    sim_config_free(b->config);
    b->config = sim_config_load(b->fs, b->id, b->mac, &broken);
    b->log_level = sim_config_number(b->config, "debug.level");
    if (broken != 0)
        board_log(b, LOG_ERROR, "mgos_sys_config.c:117", "Failed to parse conf%d.json", broken);
}

/* The service runs when it is enabled and a chip answers where the configuration looks for it. */
static void find_chip(struct board *b)
{
    b->atca = false;
    if (b->chip != NULL)
        chip_wake(b->chip);
    if (!sim_config_flag(b->config, "sys.atca.enable") || !sim_config_flag(b->config, "i2c.enable"))
        return;
    int address = sim_config_number(b->config, "sys.atca.i2c_addr");
    uint8_t raw[128];
    b->atca =
        b->chip != NULL && chip_bus_address(b->chip) == address && chip_read_config(b->chip, raw) == CHIP_OK;
    if (!b->atca) {
        board_log(b, LOG_ERROR, "mgos_atca.c:151", "ATCA: Library init failed, status 0x%02x",
                  CHIP_NO_ANSWER);
        return;
    }
    struct buf serial = BUF_INIT;
    for (size_t i = 0; i < 13; i++)
        if (i < 4 || i > 7)
            buf_printf(&serial, "%02x", raw[i]);
    board_log(b, LOG_INFO, "mgos_atca.c:178",
              "ATECC%s08A @ 0/0x%02x: rev 0x%02x%02x S/N 0x%s, zone lock status: %s, %s; ECDH slots: 0x%02x",
              chip_model(b->chip) == CHIP_ATECC608A ? "6" : "5", (unsigned)address, raw[6], raw[7],
              buf_text(&serial), raw[87] == 0 ? "yes" : "no", raw[86] == 0 ? "yes" : "no",
              (unsigned)sim_config_number(b->config, "sys.atca.ecdh_slots_mask"));
    buf_free(&serial);
}

/* From power-up to "Init done". `reset`: this is a restart by software. */
static int boot(struct board *b, bool reset, struct error *e)
{
    b->booted_ms = clock_ms();
    b->restart_ms = 0;
    sim_boot_rom_log(b, reset);
    load_config(b);
    sim_journal_event(b->journal, "boot", reset ? "restart" : "power-up");
    sim_boot_firmware_log(b);
    find_chip(b);
    b->running = true;
    bool rpc = sim_config_flag(b->config, "rpc.enable");
    int limit = sim_config_number(b->config, "rpc.max_frame_size");
    sim_uart_boot(b->uart, rpc && sim_config_number(b->config, "rpc.uart.uart_no") >= 0,
                  limit > 0 ? (size_t)limit : FRAME_LIMIT_UART);
    int rc = sim_http_boot(b->http, e);
    struct board_ram ram = board_ram(b);
    board_log(b, LOG_INFO, "mgos_init.c:33", "Init done, RAM: %lld total, %lld free, %lld min free",
              (long long)ram.size, (long long)ram.free, (long long)ram.min_free);
    b->heartbeat = loop_timer_start(b->loop, HEARTBEAT_MS, on_heartbeat, b);
    return rc;
}

static void halt(struct board *b)
{
    b->running = false;
    loop_timer_stop(b->heartbeat);
    b->heartbeat = NULL;
    sim_rpc_forget(b);
    sim_http_halt(b->http);
    sim_uart_halt(b->uart);
}

static void on_boot(void *ctx)
{
    struct board *b = ctx;
    b->restart = NULL;
    if (boot(b, true, &b->failure) < 0)
        b->stop = true;
}

static void on_restart(void *ctx)
{
    struct board *b = ctx;
    b->restart = NULL;
    sim_journal_event(b->journal, "restart", NULL);
    halt(b);
    b->restart = loop_timer_start(b->loop, REBOOT_MS, on_boot, b);
}

void board_restart(struct board *b, int64_t ms)
{
    if (b->restart_ms != 0)
        return;
    board_log(b, LOG_INFO, "mgos_system.c:43", "Rebooting in %lld ms", (long long)ms);
    b->restart_ms = clock_ms() + ms;
    b->restart = loop_timer_start(b->loop, ms, on_restart, b);
}

void board_restart_abort(struct board *b)
{
    if (b->restart_ms == 0)
        return;
    loop_timer_stop(b->restart);
    b->restart = NULL;
    b->restart_ms = 0;
}

/* --- power and the chip --------------------------------------------------------------------------------- */

void board_cut_power(struct board *b)
{
    if (!b->power_lost)
        sim_journal_event(b->journal, "power cut", NULL);
    b->power_lost = b->stop = true;
    b->running = false;
}

static bool supply(void *ctx)
{
    struct board *b = ctx;
    return ++b->chip_writes != b->options->faults.power;
}

bool board_save_chip(struct board *b)
{
    if (b->chip == NULL || !chip_dirty(b->chip))
        return true;
    char *path = sim_state_path(b, "chip.json");
    int rc = chip_save(b->chip, path, &b->failure);
    free(path);
    if (rc < 0)
        b->stop = true;
    return rc == 0;
}

uint16_t board_map_port(const struct board *b, uint16_t port)
{
    for (size_t i = 0; i < b->options->map_count; i++)
        if (b->options->maps[i].from == port)
            return b->options->maps[i].to;
    return port;
}

/* --- life ----------------------------------------------------------------------------------------------- */

static int open_parts(struct board *b, struct error *e)
{
    int rc = sim_state_open(b, e);
    if (rc < 0)
        return rc;
    snprintf(b->mac, sizeof b->mac, "%s",
             strcmp(b->platform, "esp32") == 0 ? "240AC40A1B2C" : "5CCF7F0A1B2C");
    snprintf(b->id, sizeof b->id, "%s_%s", b->platform, b->mac + 6);
    if (b->chip != NULL)
        chip_power(b->chip, supply, b);
    char *path = sim_state_path(b, "journal.jsonl");
    rc = sim_journal_open(path, &b->journal, e);
    free(path);
    if (rc < 0)
        return rc;
    b->rpc = sim_rpc_new();
    b->http = sim_http_new(b);
    return sim_uart_open(b, &b->uart, e);
}

int board_start(struct board *b, struct loop *loop, const struct sim_options *options, struct error *e)
{
    *b = (struct board){.loop = loop, .options = options, .log_level = LOG_INFO};
    int rc = open_parts(b, e);
    if (rc == 0) {
        printf("uart %s\n", sim_uart_path(b->uart));
        rc = boot(b, false, e);
    }
    if (rc == 0) {
        printf("ready\n");
        fflush(stdout);
    }
    return rc;
}

void board_end(struct board *b)
{
    loop_timer_stop(b->restart);
    loop_timer_stop(b->heartbeat);
    if (b->chip != NULL && b->folder != NULL)
        board_save_chip(b);
    if (b->rpc != NULL)
        sim_rpc_forget(b);
    sim_http_free(b->http);
    sim_uart_close(b->uart);
    sim_rpc_free(b->rpc);
    sim_config_free(b->config);
    sim_journal_close(b->journal);
    sim_state_close(b);
}
