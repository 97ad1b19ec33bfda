/* Boot messages: see boot.h. Wording as seen on ESP32 and ESP8266 boards with Mongoose OS. */
#include "sim/boot.h"
#include "base/buf.h"
#include "sim/uart.h"

#include <string.h>

static const char *const esp32_lines[] = {
    "ets Jun  8 2016 00:22:57",
    "",
    "rst:%s,boot:0x13 (SPI_FAST_FLASH_BOOT)",
    "configsip: 0, SPIWP:0xee",
    "clk_drv:0x00,q_drv:0x00,d_drv:0x00,cs0_drv:0x00,hd_drv:0x00,wp_drv:0x00",
    "mode:DIO, clock div:2",
    "load:0x3fff0018,len:4",
    "load:0x3fff001c,len:5128",
    "load:0x40078000,len:9332",
    "load:0x40080400,len:6560",
    "entry 0x400806b8",
    NULL,
};
static const char *const esp8266_lines[] = {
    "",          " ets Jan  8 2013,rst cause:%s, boot mode:(3,6)",
    "",          "load 0x40100000, len 2408, room 16 ",
    "tail 8",    "chksum 0xe5",
    "csum 0xe5", NULL,
};

static const struct {
    const char *platform, *power_up, *restart;
    const char *const *lines;
} roms[] = {
    {"esp32",   "0x1 (POWERON_RESET)", "0xc (SW_CPU_RESET)", esp32_lines  },
    {"esp8266", "1",                   "2",                  esp8266_lines},
};

void sim_boot_rom_log(struct board *b, bool reset)
{
    struct buf text = BUF_INIT;
    for (size_t r = 0; r < sizeof roms / sizeof roms[0]; r++) {
        if (strcmp(roms[r].platform, b->platform) != 0)
            continue;
        for (size_t i = 0; roms[r].lines[i] != NULL; i++) {
            const char *line = roms[r].lines[i], *hole = strstr(line, "%s");
            const char *cause = reset ? roms[r].restart : roms[r].power_up;
            if (hole != NULL)
                buf_printf(&text, "%.*s%s%s\r\n", (int)(hole - line), line, cause, hole + 2);
            else
                buf_printf(&text, "%s\r\n", line);
        }
    }
    sim_uart_log(b->uart, text.data, text.len);
    buf_free(&text);
}

void sim_boot_firmware_log(struct board *b)
{
    struct buf mac = BUF_INIT;
    for (size_t i = 0; b->mac[i] != '\0'; i += 2)
        buf_printf(&mac, "%s%c%c", i ? ":" : "", b->mac[i] | 0x20, b->mac[i + 1] | 0x20);
    board_log(b, LOG_INFO, "mgos_init.c:20", "demo-js 1.0 (20261102-090000/lockstep-sim)");
    board_log(b, LOG_INFO, "mgos_init.c:24", "Mongoose OS 2.20.0 (20210423-180000/2.20.0)");
    board_log(b, LOG_INFO, "mgos_sys_config.c:470", "MAC: %s", buf_text(&mac));
    buf_free(&mac);
}
