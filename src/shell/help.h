/* Help, man page and shell completion, written from the tables. Pure. */
#ifndef SHELL_HELP_H
#define SHELL_HELP_H

#include "shell/registry.h"

void help_list(const struct registry *registry, struct buf *to);            /* all commands and options */
void help_command(const struct op *op, struct buf *to);                     /* one command */
void help_man(const struct registry *registry, struct buf *to);             /* man page, roff */
void help_bash_completion(const struct registry *registry, struct buf *to); /* bash script */
cJSON *help_json(const struct op *op);                                      /* the record, for machines */

/* What the hazard means, as a sentence; "" for one that only reads. */
const char *help_hazard(enum op_hazard hazard);

#endif
