/* The virtual device behind "sim:" ports: lockstep-sim as a child process that ends with the device.
 *
 * The program is looked for beside the running one, then in PATH. It ends when we do, however we end. */
#ifndef DEVICE_PRACTICE_H
#define DEVICE_PRACTICE_H

#include "base/error.h"
#include "base/loop.h"
#include "link/url.h"

struct practice;

/* Starts it and waits until it is ready. url->path is its state folder ("": a private one, removed at the
 * end); url->query its options "chip=atecc608a&platform=esp8266". ERR_USAGE for an option that is not known,
 * ERR_CONNECTION with what it said on its standard error when it does not come up, ERR_INTERRUPTED. */
int practice_start(struct loop *loop, const struct link_url *url, struct practice **practice,
                   struct error *e);

const char *practice_uart(const struct practice *practice); /* path of its UART's pty */

void practice_stop(struct practice *practice); /* waits until it has saved its state; NULL is fine */

#endif
