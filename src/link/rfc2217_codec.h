/* Telnet with the COM port option, as bytes. Pure. Sources: RFC 854 (telnet), RFC 856 (binary), RFC 858
 * (suppress go ahead), RFC 2217 (COM port control). */
#ifndef LINK_RFC2217_CODEC_H
#define LINK_RFC2217_CODEC_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum telnet_command {
    TELNET_SE = 240,
    TELNET_SB = 250,
    TELNET_WILL,
    TELNET_WONT,
    TELNET_DO,
    TELNET_DONT,
    TELNET_IAC
};
enum telnet_option { TELNET_BINARY = 0, TELNET_SGA = 3, TELNET_COM_PORT = 44 };

/* What the client asks; the server's confirmation is the number plus 100. */
enum com_port {
    COM_SET_BAUD = 1,
    COM_SET_DATASIZE = 2,
    COM_SET_PARITY = 3,
    COM_SET_STOPSIZE = 4,
    COM_SET_CONTROL = 5,
    COM_SUSPEND = 8,
    COM_RESUME = 9,
    COM_PURGE = 12,
    COM_CONFIRMED = 100,
};

/* Values of COM_SET_CONTROL, COM_PURGE, COM_SET_PARITY, COM_SET_STOPSIZE. */
enum {
    COM_NO_FLOW = 1,
    COM_HARDWARE_FLOW = 3,
    COM_DTR_ON = 8,
    COM_DTR_OFF = 9,
    COM_RTS_ON = 11,
    COM_RTS_OFF = 12,
    COM_PURGE_RECEIVED = 1,
    COM_PARITY_NONE = 1,
    COM_ONE_STOP_BIT = 1,
};

/* Bytes for the port, every 0xFF doubled. */
void telnet_put_data(struct buf *to, const void *bytes, size_t len);
void telnet_put_command(struct buf *to, enum telnet_command command, uint8_t option);
void telnet_put_com(struct buf *to, enum com_port command, const void *value, size_t len);

enum { TELNET_SB_MAX = 256 }; /* bytes of a sub-negotiation that are kept */

struct telnet {
    enum { TELNET_TEXT, TELNET_AFTER_IAC, TELNET_OPTION, TELNET_IN_SB, TELNET_SB_IAC } phase;
    uint8_t command;
    uint8_t sb[TELNET_SB_MAX];
    size_t sb_len;
};

enum telnet_event { TELNET_MORE, TELNET_DATA, TELNET_ASKED, TELNET_SUB };

/* Takes bytes from *at up to end until something is whole: TELNET_DATA (a run of data: *run, *run_len),
 * TELNET_ASKED (t->command and *option), TELNET_SUB (t->sb, t->sb_len), TELNET_MORE (all taken). Other
 * commands are skipped. */
enum telnet_event telnet_take(struct telnet *t, const uint8_t **at, const uint8_t *end, const uint8_t **run,
                              size_t *run_len, uint8_t *option);

#endif
