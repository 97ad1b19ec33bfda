/* Telnet as bytes: see rfc2217_codec.h. */
#include "link/rfc2217_codec.h"

#include <string.h>

void telnet_put_data(struct buf *to, const void *bytes, size_t len)
{
    const uint8_t *p = bytes, *end = p + len;
    while (p < end) {
        const uint8_t *iac = memchr(p, TELNET_IAC, (size_t)(end - p));
        const uint8_t *stop = iac != NULL ? iac + 1 : end;
        buf_add(to, p, (size_t)(stop - p));
        if (iac != NULL)
            buf_add_byte(to, TELNET_IAC);
        p = stop;
    }
}

void telnet_put_command(struct buf *to, enum telnet_command command, uint8_t option)
{
    buf_add(to, (const uint8_t[]){TELNET_IAC, (uint8_t)command, option}, 3);
}

void telnet_put_com(struct buf *to, enum com_port command, const void *value, size_t len)
{
    telnet_put_command(to, TELNET_SB, TELNET_COM_PORT);
    buf_add_byte(to, (uint8_t)command);
    telnet_put_data(to, value, len);
    buf_add(to, (const uint8_t[]){TELNET_IAC, TELNET_SE}, 2);
}

static void keep_sub(struct telnet *t, uint8_t byte)
{
    if (t->sb_len < sizeof t->sb)
        t->sb[t->sb_len++] = byte; /* a longer one is none of ours: its end is still found */
}

/* The byte behind an IAC in data. */
static enum telnet_event after_iac(struct telnet *t, const uint8_t *byte, const uint8_t **run,
                                   size_t *run_len)
{
    t->phase = TELNET_TEXT;
    if (*byte == TELNET_IAC) {
        *run = byte;
        *run_len = 1;
        return TELNET_DATA;
    }
    t->command = *byte;
    if (*byte >= TELNET_WILL && *byte <= TELNET_DONT)
        t->phase = TELNET_OPTION;
    if (*byte == TELNET_SB) {
        t->phase = TELNET_IN_SB;
        t->sb_len = 0;
    }
    return TELNET_MORE;
}

static enum telnet_event in_sub(struct telnet *t, uint8_t byte)
{
    if (t->phase == TELNET_IN_SB) {
        if (byte == TELNET_IAC)
            t->phase = TELNET_SB_IAC;
        else
            keep_sub(t, byte);
        return TELNET_MORE;
    }
    if (byte == TELNET_IAC)
        keep_sub(t, byte);
    t->phase = byte == TELNET_SE ? TELNET_TEXT : TELNET_IN_SB;
    return byte == TELNET_SE ? TELNET_SUB : TELNET_MORE;
}

enum telnet_event telnet_take(struct telnet *t, const uint8_t **at, const uint8_t *end, const uint8_t **run,
                              size_t *run_len, uint8_t *option)
{
    while (*at < end) {
        enum telnet_event event = TELNET_MORE;
        const uint8_t *p = *at;
        if (t->phase == TELNET_TEXT) {
            const uint8_t *iac = memchr(p, TELNET_IAC, (size_t)(end - p));
            *run = p;
            *run_len = (size_t)((iac != NULL ? iac : end) - p);
            *at = p + *run_len + (iac != NULL);
            t->phase = iac != NULL ? TELNET_AFTER_IAC : TELNET_TEXT;
            event = *run_len > 0 ? TELNET_DATA : TELNET_MORE;
        } else {
            (*at)++;
            if (t->phase == TELNET_AFTER_IAC) {
                event = after_iac(t, p, run, run_len);
            } else if (t->phase == TELNET_OPTION) {
                *option = *p;
                t->phase = TELNET_TEXT;
                event = TELNET_ASKED;
            } else {
                event = in_sub(t, *p);
            }
        }
        if (event != TELNET_MORE)
            return event;
    }
    return TELNET_MORE;
}
