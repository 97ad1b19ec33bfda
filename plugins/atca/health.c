/* Before the point of no return: does the chip answer alike, is the link free of errors, is the supply sound?
 * One function for every irreversible operation on the chip: see atca.h. */
#include "atca.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum {
    READINGS = 3,
    PROOF = 16, /* frames in a row without an error that a link must show after it had one */
};

/* Words of a boot log that tell of a supply that broke down: ESP-IDF's brownout handler, and the ESP32's
 * reset reason RTCWDT_BROWN_OUT_RESET (ESP32 Technical Reference Manual, reset reasons). */
static const char *const supply_words[] = {"Brownout detector was triggered", "BROWN_OUT_RESET"};

static unsigned long link_errors(struct op_call *call)
{
    const struct rpc_counters *c = rpc_counters(device_rpc(op_device(call)));
    return c->bad_frames + c->timeouts;
}

static int check_supply(struct op_call *call, struct error *e)
{
    const char *line;
    for (size_t i = 0; (line = op_log_line(call, i)) != NULL; i++)
        for (size_t k = 0; k < sizeof supply_words / sizeof *supply_words; k++)
            if (strstr(line, supply_words[k]) != NULL) {
                error_set(e, ERR_REFUSED, "the device's log tells of a supply that broke down: %s", line);
                return error_next(e, "Give the board a supply that carries it, attach it anew, and run the "
                                     "command again.");
            }
    return 0;
}

static int refuse_readings(unsigned reading, struct error *e)
{
    error_set(e, ERR_REFUSED,
              "the configuration zone was read %u times and was not the same each time: the "
              "bus or the supply of the chip is not sound",
              reading);
    return error_next(e, "Check wiring, pull-ups and supply of the chip before anything permanent.");
}

static int refuse_link(unsigned long errors, unsigned reading, struct error *e)
{
    error_set(e, ERR_REFUSED,
              "the link is not sound: %lu frame%s damaged or lost while the chip was read %u "
              "time%s",
              errors, errors == 1 ? " was" : "s were", reading, reading == 1 ? "" : "s");
    return error_next(e, "Check cable, connectors and --baud-rate; status counts bad frames and time-outs.");
}

/* Reads the zone as often as the link has to prove itself. */
static int read_alike(struct op_call *call, struct atecc_config *first, unsigned readings, struct error *e)
{
    unsigned long before = link_errors(call);
    int code = device_chip(op_device(call), true, first, e);
    for (unsigned i = 1; code == 0 && i < readings && link_errors(call) == before; i++) {
        struct atecc_config again;
        code = device_chip(op_device(call), true, &again, e);
        if (code == 0 && memcmp(again.raw, first->raw, sizeof again.raw) != 0)
            code = refuse_readings(i + 1, e);
    }
    if (code == ERR_CONNECTION)
        return error_prefix(e, "reading the chip to see whether the link is sound");
    unsigned long errors = link_errors(call) - before;
    return code == 0 && errors > 0 ? refuse_link(errors, readings, e) : code;
}

int atca_plan_health(struct op_call *call, struct plan *plan, struct atecc_config *chip, struct error *e)
{
    unsigned long earlier = link_errors(call);
    bool first = op_step(call) == 0;
    unsigned readings = !first ? 1 : earlier > 0 ? PROOF : READINGS;
    int code = check_supply(call, e);
    if (code == 0)
        code = read_alike(call, chip, readings, e);
    if (code != 0)
        return code;
    plan_check_add(plan, "chip read three times alike");
    if (earlier > 0)
        plan_check_add(plan, "link: %lu damaged or lost frames since it was opened, none in the last %d",
                       earlier, PROOF);
    else
        plan_check_add(plan, "link without an error since it was opened");
    return 0;
}
