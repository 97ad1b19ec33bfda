/* Variables of a session: NAME=VALUE pairs for ${NAME}. Values are wiped when replaced or freed. */
#ifndef SHELL_VARS_H
#define SHELL_VARS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct var {
    char *name, *value;
    bool fixed; /* given on the program's command line */
};

struct vars {
    struct var *item;
    size_t count;
};

#define VARS_INIT ((struct vars){0})

/* ERR_USAGE when name is not letters, digits, _ and -. */
int vars_set(struct vars *vars, const char *name, const char *value, struct error *e);
/* Same from "NAME=VALUE" of the program's command line: vars_is_fixed is true of it from then on. */
int vars_assign(struct vars *vars, const char *assignment, struct error *e);
const char *vars_get(const struct vars *vars, const char *name); /* or NULL */
bool vars_is_fixed(const struct vars *vars, const char *name);
void vars_copy(const struct vars *from, struct vars *to); /* to is uninitialised */
void vars_free(struct vars *vars);

#endif
