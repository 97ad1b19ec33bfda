/* The state folder: made, opened, checked against the command line, removed. */
#ifndef SIM_STATE_H
#define SIM_STATE_H

#include "sim/board.h"

/* Sets b's folder, fs, temporary, platform and chip from options. A folder keeps what its board is:
 * board.json holds platform and chip model, and another --chip or --platform is refused. */
int sim_state_open(struct board *b, struct error *e);

/* Frees what sim_state_open made; a temporary folder is removed with all in it. */
void sim_state_close(struct board *b);

char *sim_state_path(const struct board *b, const char *name); /* caller frees */

#endif
