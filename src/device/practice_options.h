/* The command line of lockstep-sim for a "sim:" port. */
#ifndef DEVICE_PRACTICE_OPTIONS_H
#define DEVICE_PRACTICE_OPTIONS_H

#include "base/error.h"

enum { PRACTICE_ARGS_MAX = 24 };

struct practice_args {
    char *argv[PRACTICE_ARGS_MAX + 1]; /* ends with NULL */
    int argc;
};

/* program --state folder and the options of a query "chip=atecc608a&platform=esp8266". ERR_USAGE for an
 * option that is not known, a missing or unneeded value, too many. Free with practice_args_free in every
 * case. */
int practice_args_make(const char *program, const char *folder, const char *query, struct practice_args *args,
                       struct error *e);
void practice_args_free(struct practice_args *args);

#endif
