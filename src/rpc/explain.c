/* Words for silence and refusal: see explain.h. Each kind is a row of a table; the first that fits speaks. */
#include "rpc/explain.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

struct rpc_traffic rpc_traffic_since(const struct rpc_traffic *now, const struct rpc_traffic *before)
{
    return (struct rpc_traffic){
        .bytes = now->bytes - before->bytes,
        .odd = now->odd - before->odd,
        .frames = now->frames - before->frames,
        .bad = now->bad - before->bad,
        .answers = now->answers - before->answers,
        .strays = now->strays - before->strays,
        .late = now->late - before->late,
        .echoes = now->echoes - before->echoes,
    };
}

void rpc_traffic_bytes(struct rpc_traffic *traffic, const uint8_t *bytes, size_t len)
{
    traffic->bytes += len;
    for (size_t i = 0; i < len; i++) {
        uint8_t c = bytes[i];
        traffic->odd += c >= 0x7F || (c < 0x20 && c != '\t' && c != '\r' && c != '\n' && c != 0x1B &&
                                      c != 0x11 && c != 0x13); /* ESC colours log lines */
    }
}

void rpc_lines_add(struct rpc_lines *lines, const char *text, size_t len)
{
    char *to = lines->text[lines->count++ % RPC_LINES];
    size_t n = len < RPC_LINE_BYTES ? len : RPC_LINE_BYTES;
    memcpy(to, text, n);
    to[n] = '\0';
    for (size_t i = 0; i < n; i++)
        if (to[i] == '\0') /* so that searches see the whole line */
            to[i] = ' ';
}

static size_t lines_kept(const struct rpc_lines *lines)
{
    return lines->count < RPC_LINES ? lines->count : RPC_LINES;
}

static const char *line_back(const struct rpc_lines *lines, size_t back)
{
    return lines->text[(lines->count - 1 - back) % RPC_LINES];
}

/* The newest lines that fit, oldest first, quoted. A line that quotes a frame is cut before it: a device that
 * logs what it receives would show keys here. */
static void quote_lines(const struct rpc_lines *lines, char *to, size_t size)
{
    enum { MOST = 3, EACH = 90 };
    struct buf all = BUF_INIT;
    size_t n = lines_kept(lines) < MOST ? lines_kept(lines) : MOST;
    for (size_t back = n; back-- > 0;) {
        const char *line = line_back(lines, back), *frame = strchr(line, '{');
        buf_add_text(&all, all.len ? ", \"" : "\"");
        text_printable(line, frame == NULL ? strlen(line) : (size_t)(frame - line), false, EACH, &all);
        buf_add_text(&all, frame == NULL ? "\"" : "{…\"");
    }
    snprintf(to, size, "%s", buf_text(&all));
    buf_free(&all);
}

/* --- silence -------------------------------------------------------------------------------------------- */

/* What boards print when no firmware serves RPC. Sources: the ESP32 and ESP8266 ROM's boot messages and the
 * panic handler of ESP-IDF, as they appear on a serial port. */
static const struct {
    const char *says, *means, *next;
} banners[] = {
    {"waiting for download",
     "the board is in its ROM's download mode (\"waiting for download\"), so no firmware runs",                "Release GPIO0 (the boot or flash button) and reset the board; check that nothing holds RTS or DTR."},
    {"invalid header: 0x",              "the board's ROM finds no firmware in the flash (\"invalid header\")",
     "Write a firmware to the board; with flash encryption on, one encrypted with the board's key."                                                                                                                },
    {"flash read err",                  "the board's ROM cannot read its flash (\"flash read err\")",
     "Check the flash, the level of GPIO12 at reset (it chooses the flash's voltage), and the power supply."                                                                                                       },
    {"Brownout detector was triggered",
     "the board restarts because its supply voltage drops (\"Brownout detector\")",                            "Use a shorter USB cable, a stronger supply, or a powered hub."                                     },
    {"Guru Meditation Error",           "the firmware has crashed (\"Guru Meditation Error\")",
     "Look at the log around the crash; reset the board and try again."                                                                                                                                            },
};

static size_t find_banner(const struct rpc_lines *lines)
{
    for (size_t back = 0; back < lines_kept(lines); back++)
        for (size_t i = 0; i < COUNT(banners); i++)
            if (strstr(line_back(lines, back), banners[i].says) != NULL)
                return i;
    return COUNT(banners);
}

static bool is_unsent(const struct rpc_silence *s)
{
    return s->unsent > 0;
}

static void say_unsent(const struct rpc_silence *s, const char *waited, struct error *e)
{
    error_set(e, ERR_CONNECTION, "The request %s did not leave for %s within %s: %zu bytes still wait%s.",
              s->method, s->port, waited, s->unsent, s->held ? ", held back by the device (XOFF)" : "");
    error_next(e, "Check the flow control (--hw-flow-control needs RTS and CTS wired), and reset the board.");
}

static bool is_banner(const struct rpc_silence *s)
{
    return s->got.frames == 0 && find_banner(s->lines) < COUNT(banners);
}

static void say_banner(const struct rpc_silence *s, const char *waited, struct error *e)
{
    size_t i = find_banner(s->lines);
    error_set(e, ERR_CONNECTION, "No answer to %s from %s in %s: %s.", s->method, s->port, waited,
              banners[i].means);
    error_next(e, "%s", banners[i].next);
}

static bool is_gone_quiet(const struct rpc_silence *s)
{
    return s->got.bytes == 0 && s->heard;
}

static void say_gone_quiet(const struct rpc_silence *s, const char *waited, struct error *e)
{
    error_set(e, ERR_CONNECTION,
              "%s has gone silent: nothing at all came back in %s after %s, though it answered before.",
              s->port, waited, s->method);
    error_next(e, "The board may still be at work or be stuck: wait longer with --timeout, or reset it.");
}

static bool is_nothing(const struct rpc_silence *s)
{
    return s->got.bytes == 0;
}

static void say_nothing(const struct rpc_silence *s, const char *waited, struct error *e)
{
    error_set(e, ERR_CONNECTION, "Nothing at all came back from %s in %s (waiting for the answer to %s).",
              s->port, waited, s->method);
    if (s->serial)
        error_next(e,
                   "Is the board powered, is it the right port (`ports` lists them), is its UART at %u baud?",
                   s->baud);
    else if (s->message && text_ends(s->port, "/rpc"))
        error_next(e, "Is this a Mongoose OS board, and is RPC on in its firmware (rpc.enable)?");
    else if (s->message)
        error_next(
            e, "Is this a Mongoose OS board, and does the address end in /rpc? Over other paths it takes a "
               "connection and never speaks.");
    else
        error_next(e, "Is the board behind this address powered, and is its UART the one that is forwarded?");
}

static bool is_echo(const struct rpc_silence *s)
{
    return s->got.echoes > 0 && s->got.frames == s->got.echoes;
}

static void say_echo(const struct rpc_silence *s, const char *waited, struct error *e)
{
    error_set(e, ERR_CONNECTION,
              "Only our own requests came back from %s in %s: something echoes what is sent (%s).", s->port,
              waited, s->method);
    error_next(e, "Is it the right port, and are TX and RX not joined?");
}

/* Text read at a wrong rate is a fair mix of all byte values: about five in eight are no text. Log lines in a
 * language other than English stay well below a third. */
static bool is_garbage(const struct rpc_silence *s)
{
    return s->got.frames == 0 && s->got.odd * 3 > s->got.bytes;
}

static void say_garbage(const struct rpc_silence *s, const char *waited, struct error *e)
{
    error_set(
        e, ERR_CONNECTION,
        "No RPC frame from %s in %s (waiting for the answer to %s): of the %lu bytes that came, %lu %% are "
        "no text.",
        s->port, waited, s->method, s->got.bytes, s->got.odd * 100 / s->got.bytes);
    if (s->serial)
        error_next(
            e, "This looks like a wrong baud rate: the port is read at %u baud, --baud-rate sets another.",
            s->baud);
    else
        error_next(e, "Does this address lead to a Mongoose OS board?");
}

static bool is_stray(const struct rpc_silence *s)
{
    return s->got.strays > 0;
}

static void say_stray(const struct rpc_silence *s, const char *waited, struct error *e)
{
    error_set(e, ERR_CONNECTION,
              "No answer to %s from %s in %s, but %lu answer%s came with ids nobody asked for.", s->method,
              s->port, waited, s->got.strays, s->got.strays == 1 ? "" : "s");
    error_next(e, "Does another program talk to the board over the same port? End it and try again.");
}

static const char cable[] = "Check cable and ground, try a lower baud rate on both sides, and try again.";

static bool is_damaged(const struct rpc_silence *s)
{
    return s->got.bad > 0;
}

static void say_damaged(const struct rpc_silence *s, const char *waited, struct error *e)
{
    error_set(e, ERR_CONNECTION,
              "No answer to %s from %s in %s: %lu unusable frame%s came, the last because %s.", s->method,
              s->port, waited, s->got.bad, s->got.bad == 1 ? "" : "s",
              s->bad_why == NULL ? "it is damaged" : s->bad_why);
    /* Only a checksum tells of damage: what breaks another rule arrived as it was sent. */
    if (s->serial && s->bad_why != NULL && strstr(s->bad_why, "checksum") == NULL)
        error_next(e,
                   "The frame arrived as the device sent it: its firmware answers what cannot be read here.");
    else if (s->serial)
        error_next(e, "%s", cable);
    else
        error_next(e, "Try again; does this address lead to a Mongoose OS board?");
}

/* What a firmware that serves RPC logs of a request. Source: mg_rpc and mgos_rpc, as they appear on a serial
 * port. `named`: the method stands behind the text. */
static const struct {
    const char *says;
    bool named;
    const char *means, *next;
} notices[] = {
    {"Invalid frame", false,
     "the device got a frame that it could not read (\"Invalid frame\" in its log): bytes were damaged or "
     "lost "
     "on the way to it",                                                                               NULL                                                                                                   },
    {"Called '",      true,
     "the device got the call (\"Called\" in its log), so its answer was lost or it is still at work", "Wait longer with --timeout. A call that changes something is carried out: look before doing it again."},
};

static bool is_notice(const char *line, size_t i, const char *method)
{
    const char *at = strstr(line, notices[i].says);
    if (at == NULL || !notices[i].named)
        return at != NULL;
    at += strlen(notices[i].says);
    return text_starts(at, method) && at[strlen(method)] == '\'';
}

static size_t find_notice(const struct rpc_silence *s)
{
    for (size_t back = 0; back < lines_kept(s->lines); back++)
        for (size_t i = 0; i < COUNT(notices); i++)
            if (is_notice(line_back(s->lines, back), i, s->method))
                return i;
    return COUNT(notices);
}

static bool is_noticed(const struct rpc_silence *s)
{
    return find_notice(s) < COUNT(notices);
}

static void say_noticed(const struct rpc_silence *s, const char *waited, struct error *e)
{
    size_t i = find_notice(s);
    error_set(e, ERR_CONNECTION, "No answer to %s from %s in %s: %s.", s->method, s->port, waited,
              notices[i].means);
    error_next(e, "%s", notices[i].next != NULL ? notices[i].next : s->serial ? cable : "Try again.");
}

static bool is_others(const struct rpc_silence *s)
{
    return s->got.frames > 0;
}

static void say_others(const struct rpc_silence *s, const char *waited, struct error *e)
{
    char late[64] = "";
    if (s->got.late > 0)
        snprintf(late, sizeof late, ", %lu of them late answers to earlier calls", s->got.late);
    error_set(e, ERR_CONNECTION, "No answer to %s from %s in %s, though %lu other RPC frame%s came%s.",
              s->method, s->port, waited, s->got.frames, s->got.frames == 1 ? "" : "s", late);
    error_next(
        e, "The board may still be at work: wait longer with --timeout. Or the request was lost on the way: "
           "try again.");
}

static bool is_unfinished(const struct rpc_silence *s)
{
    return s->unfinished > 0;
}

static void say_unfinished(const struct rpc_silence *s, const char *waited, struct error *e)
{
    error_set(e, ERR_CONNECTION,
              "No answer to %s from %s in %s: after %zu bytes of an unfinished frame nothing more came.",
              s->method, s->port, waited, s->unfinished);
    error_next(e, "The board may have restarted in mid-answer, or bytes were lost: try again.");
}

static bool is_text(const struct rpc_silence *s)
{
    (void)s;
    return true;
}

static void say_text(const struct rpc_silence *s, const char *waited, struct error *e)
{
    char quoted[420];
    quote_lines(s->lines, quoted, sizeof quoted);
    error_set(e, ERR_CONNECTION,
              "%lu bytes came from %s in %s, but no RPC frame (waiting for the answer to %s)%s%s.",
              s->got.bytes, s->port, waited, s->method, quoted[0] ? "; last lines: " : "", quoted);
    if (s->heard)
        error_next(
            e, "It answered before: it may be restarting or busy. Wait longer with --timeout, or try again.");
    else if (s->message)
        error_next(e, "Does this address lead to %s?",
                   text_ends(s->port, "/rpc") ? "a Mongoose OS board" : "a Mongoose OS board's /rpc");
    else
        error_next(e, "Is RPC on in this firmware (rpc.enable, rpc.uart.uart_no), and on this UART?");
}

int rpc_explain_silence(const struct rpc_silence *s, struct error *e)
{
    static const struct {
        bool (*is)(const struct rpc_silence *s);
        void (*say)(const struct rpc_silence *s, const char *waited, struct error *e);
    } kinds[] = {
        {is_unsent,     say_unsent    },
        {is_banner,     say_banner    },
        {is_gone_quiet, say_gone_quiet},
        {is_nothing,    say_nothing   },
        {is_echo,       say_echo      },
        {is_garbage,    say_garbage   },
        {is_stray,      say_stray     },
        {is_damaged,    say_damaged   },
        {is_noticed,    say_noticed   },
        {is_others,     say_others    },
        {is_unfinished, say_unfinished},
        {is_text,       say_text      },
    };
    char waited[48];
    clock_words(s->waited_ms, waited, sizeof waited);
    size_t i = 0;
    while (!kinds[i].is(s))
        i++;
    kinds[i].say(s, waited, e);
    return ERR_CONNECTION;
}

/* --- refusal -------------------------------------------------------------------------------------------- */

/* Codes that say the same whatever the method. `begins`: of the device's message, for codes that methods use
 * for their own refusals too. Source: mg_rpc's answers (doc/protocols.md). */
static const struct {
    int code;
    const char *begins, *words, *next;
} refusals[] = {
    {403, "unauthorized", "the device's access rules (ACL) do not allow it",
     "Use a user that rpc.acl allows, or change rpc.acl on the device."                                              },
    {404, "No handler",   "the device's firmware lacks this method",
     "`call RPC.List` shows the methods it has."                                                                     },
    {418, "",             "the device is restarting",                        "Wait until it is back, then try again."},
};

int rpc_explain_refusal(const char *method, int code, const char *message, struct error *e)
{
    char said[400], name[96];
    text_safe(message == NULL ? "" : message, said, sizeof said);
    text_safe(method, name, sizeof name);
    size_t i = 0;
    while (i < COUNT(refusals) && (refusals[i].code != code || !text_starts(said, refusals[i].begins)))
        i++;
    if (i == COUNT(refusals)) {
        error_set(e, ERR_REFUSED, "%s was refused by the device: %s (error %d).", name,
                  said[0] ? said : "it gives no reason", code);
    } else {
        error_set(e, ERR_REFUSED, "%s was refused: %s (%s%serror %d).", name, refusals[i].words, said,
                  said[0] ? ", " : "", code);
        error_next(e, "%s", refusals[i].next);
    }
    if (e != NULL)
        e->remote = code;
    return ERR_REFUSED;
}
