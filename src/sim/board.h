/* The board: what is soldered together here. Owns its state folder, the chip, the configuration in force, the
 * UART, the HTTP server and the RPC core; boots them and takes them down for a reboot. */
#ifndef SIM_BOARD_H
#define SIM_BOARD_H

#include "base/error.h"
#include "base/loop.h"
#include "sim/chip.h"
#include "sim/options.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

struct sim_config;
struct sim_http;
struct sim_journal;
struct sim_rpc;
struct sim_uart;

enum board_log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_VERBOSE };

/* A restart leaves answers this long to get out; calls that come meanwhile get 418. */
enum { BOARD_SHUTDOWN_MS = 100 };

struct board {
    struct loop *loop;
    const struct sim_options *options;
    char *folder, *fs; /* state folder, and "fs" in it */
    bool temporary;
    char platform[8];  /* "esp32", "esp8266" */
    char id[32];       /* "esp32_0A1B2C" */
    char mac[13];      /* "240AC40A1B2C" */
    struct chip *chip; /* NULL: none on the board */
    struct sim_config *config;
    struct sim_journal *journal;
    struct sim_uart *uart;
    struct sim_http *http;
    struct sim_rpc *rpc;
    int log_level;
    int64_t booted_ms;  /* clock_ms() at the last boot */
    int64_t restart_ms; /* clock_ms() at which it restarts, 0: no restart under way */
    struct loop_timer *restart, *heartbeat;
    bool running;          /* firmware is up */
    bool atca;             /* the ATCA service found its chip at boot */
    uint64_t chip_writes;  /* non-volatile writes of the chip until now */
    uint64_t requests;     /* requests until now */
    bool stop, power_lost; /* the loop ends */
    struct error failure;  /* why it had to stop; code 0: it was asked to */
};

/* Opens or makes the state folder, powers the board up and opens its endpoints. */
int board_start(struct board *b, struct loop *loop, const struct sim_options *options, struct error *e);

/* Takes it down; state is on disk, the temporary folder is gone. */
void board_end(struct board *b);

/* Restarts after ms; the first order stands. */
void board_restart(struct board *b, int64_t ms);

/* Takes that order back. */
void board_restart_abort(struct board *b);

/* The supply is gone: nothing more is answered, the loop ends. What the chip wrote until now stays. */
void board_cut_power(struct board *b);

/* Writes the chip's state if it changed. False when the disk refused: the board stops then. */
bool board_save_chip(struct board *b);

/* One line of the UART's log, if the level is on: `where` is a source position such as "mgos_init.c:33". */
void board_log(struct board *b, enum board_log_level level, const char *where, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Bytes of RAM: what there is, and what is free now and was at the least. They move a little, as on a device.
 */
struct board_ram {
    int64_t size, free, min_free;
};
struct board_ram board_ram(const struct board *b);

/* The port to listen on for a configured one (--map). */
uint16_t board_map_port(const struct board *b, uint16_t port);

#endif
