/* The board's UART on a pty: log and RPC on one wire. The pty stays open through reboots, and its far end is
 * kept open here too, so that clients come and go without an end of file. */
#ifndef SIM_UART_H
#define SIM_UART_H

#include "sim/board.h"

struct sim_uart;

/* Opens the pty and makes the link of --pty. */
int sim_uart_open(struct board *b, struct sim_uart **uart, struct error *e);
void sim_uart_close(struct sim_uart *uart);

/* The firmware starts (rpc: it listens for frames of at most `limit` bytes) or stops listening. */
void sim_uart_boot(struct sim_uart *uart, bool rpc, size_t limit);
void sim_uart_halt(struct sim_uart *uart);

/* Queues log text. */
void sim_uart_log(struct sim_uart *uart, const void *text, size_t len);

/* The path to print: the link of --pty, or the pty itself. */
const char *sim_uart_path(const struct sim_uart *uart);

#endif
