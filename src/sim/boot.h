/* What a board says on its UART while it starts. */
#ifndef SIM_BOOT_H
#define SIM_BOOT_H

#include "sim/board.h"

/* The ROM loader's lines, plain and with CR LF: before the firmware. */
void sim_boot_rom_log(struct board *b, bool reset);

/* The firmware's first lines. */
void sim_boot_firmware_log(struct board *b);

#endif
