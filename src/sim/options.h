/* lockstep-sim's command line. */
#ifndef SIM_OPTIONS_H
#define SIM_OPTIONS_H

#include "base/error.h"
#include "sim/fault.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { SIM_MAPS_MAX = 16 };

struct sim_map {
    uint16_t from, to;
};

struct sim_options {
    const char *state;    /* NULL: a temporary folder */
    const char *pty;      /* symlink to make, or NULL */
    bool http;            /* listen for HTTP */
    uint16_t http_port;   /* 0: any free one */
    const char *bind;     /* numeric address */
    const char *chip;     /* "atecc508a", "atecc608a", "none", or NULL when not said */
    const char *platform; /* "esp32", "esp8266", or NULL when not said */
    bool pace;
    struct sim_map maps[SIM_MAPS_MAX];
    size_t map_count;
    struct sim_faults faults;
    bool help, version;
};

/* Strings stay in argv. ERR_USAGE with a sentence. */
int sim_options_parse(int argc, char **argv, struct sim_options *o, struct error *e);
void sim_options_help(FILE *to);

#endif
