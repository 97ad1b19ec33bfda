/* Device files of serial ports and ptys: what they are, and why one cannot be opened, in words. */
#ifndef LINK_TTY_H
#define LINK_TTY_H

#include "base/error.h"

#include <limits.h>
#include <stdbool.h>

/* True for the far end of a Unix98 pty: device majors 136 to 143 (Linux,
 * Documentation/admin-guide/devices.txt). libserialport cannot open those: they have no entry in
 * /sys/class/tty and no modem lines. */
bool tty_is_pty(const char *path);

/* The device file itself behind links such as /dev/serial/by-id/…, checked to be a character device.
 * ERR_CONNECTION: no such port (with the ports there are), or it is something else. */
int tty_resolve(const char *path, char device[PATH_MAX], struct error *e);

/* Fills e for an open(2) of device that failed with `code`; returns ERR_CONNECTION. */
int tty_open_error(const char *device, int code, struct error *e);

/* "… is busy", with the process that has it open where /proc tells. Returns ERR_CONNECTION. */
int tty_busy(const char *device, struct error *e);

#endif
