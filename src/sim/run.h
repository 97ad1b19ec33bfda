/* The program: options, the board, the loop, the end. Returns the exit status. */
#ifndef SIM_RUN_H
#define SIM_RUN_H

int sim_run(int argc, char **argv);

#endif
