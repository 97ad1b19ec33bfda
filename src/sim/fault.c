/* Faults on request: see fault.h. */
#include "sim/fault.h"
#include "base/secret.h"
#include "base/text.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *name, *argument, *help; /* argument NULL: the kind takes none */
    size_t field;
    uint64_t max;
} kinds[] = {
    {"drop-rx",     "N",    "every Nth byte from the host is lost (UART)",                                     offsetof(struct sim_faults, drop_rx),
     UINT32_MAX                                                                                                                                                    },
    {"drop-tx",     "N",    "every Nth byte to the host is lost (UART)",                                       offsetof(struct sim_faults, drop_tx),
     UINT32_MAX                                                                                                                                                    },
    {"flip-tx",     "N",    "one bit of every Nth byte to the host is flipped (UART)",
     offsetof(struct sim_faults,                                                                                                           flip_tx),     UINT32_MAX},
    {"late",        "MS",   "answers leave this many milliseconds later",                                      offsetof(struct sim_faults, late_ms),
     3600000                                                                                                                                                       },
    {"cut-tx",      "N",
     "the cable is pulled at output byte N: pty closed, sockets dropped; plugged in again after 1 s",          offsetof(struct sim_faults, cut_tx),      UINT32_MAX},
    {"chip",        "0xNN", "every chip command answers this status and does nothing",
     offsetof(struct sim_faults,                                                                                                           chip_status), 0xFF      },
    {"mute",        NULL,   "requests are done, answers never leave",                                          offsetof(struct sim_faults, mute),        1         },
    {"noise",       NULL,   "random bytes before each frame (UART)",                                           offsetof(struct sim_faults, noise),       1         },
    {"unsolicited", NULL,   "own notifications and requests before each answer",
     offsetof(struct sim_faults,                                                                                                           unsolicited), 1         },
    {"wrong-id",    NULL,   "answers carry the id of a request nobody made",                                   offsetof(struct sim_faults, wrong_id),
     1                                                                                                                                                             },
    {"power",       "N",
     "power is cut before the Nth non-volatile write of the chip: the program ends with status 3",             offsetof(struct sim_faults, power),       UINT32_MAX},
    {"power-msg",   "N",    "power is cut before the Nth request is answered: the program ends with status 3",
     offsetof(struct sim_faults,                                                                                                           power_msg),   UINT32_MAX},
};
enum { KIND_COUNT = sizeof kinds / sizeof kinds[0] };

static int unknown_kind(const char *spec, struct error *e)
{
    struct buf names = BUF_INIT;
    for (size_t i = 0; i < KIND_COUNT; i++)
        buf_printf(&names, "%s%s", i ? ", " : "", kinds[i].name);
    char shown[80];
    error_set(e, ERR_USAGE, "--fault %s: there is no such kind of fault.",
              text_safe(spec, shown, sizeof shown));
    error_next(e, "Kinds: %s.", buf_text(&names));
    buf_free(&names);
    return ERR_USAGE;
}

int sim_fault_parse(const char *spec, struct sim_faults *f, struct error *e)
{
    size_t n = strcspn(spec, ":");
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (strlen(kinds[i].name) != n || strncmp(kinds[i].name, spec, n) != 0)
            continue;
        uint64_t *field = (uint64_t *)((char *)f + kinds[i].field);
        if (kinds[i].argument == NULL && spec[n] == '\0') {
            *field = 1;
            return 0;
        }
        if (kinds[i].argument != NULL && spec[n] == ':' &&
            text_number(spec + n + 1, kinds[i].max, field) == 0 && *field != 0)
            return 0;
        return error_set(e, ERR_USAGE, "--fault %s wants %s%s.", kinds[i].name,
                         kinds[i].argument ? "a positive number behind a colon: --fault " : "no value",
                         kinds[i].argument ? spec[n] ? "KIND:N, in range" : "KIND:N" : "");
    }
    return unknown_kind(spec, e);
}

void sim_fault_help(FILE *to)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        char spec[40];
        snprintf(spec, sizeof spec, "%s%s%s", kinds[i].name, kinds[i].argument ? ":" : "",
                 kinds[i].argument ? kinds[i].argument : "");
        fprintf(to, "      %-14s %s\n", spec, kinds[i].help);
    }
}

size_t sim_fault_drop(uint8_t *bytes, size_t len, uint64_t every, uint64_t *count)
{
    if (every == 0)
        return len;
    size_t kept = 0;
    for (size_t i = 0; i < len; i++)
        if (++*count % every != 0)
            bytes[kept++] = bytes[i];
    return kept;
}

void sim_fault_flip(uint8_t *bytes, size_t len, uint64_t every, uint64_t *count)
{
    for (size_t i = 0; every != 0 && i < len; i++)
        if (++*count % every == 0)
            bytes[i] ^= (uint8_t)(1u << (*count / every % 7));
}

void sim_fault_noise(struct buf *to)
{
    uint8_t bytes[24];
    secret_random(bytes, sizeof bytes);
    size_t len = 1 + bytes[0] % (sizeof bytes - 1);
    buf_add(to, bytes + 1, len);
    buf_add_text(to, bytes[1] & 1 ? "{\"" : "\n"); /* half a frame now and then */
}
