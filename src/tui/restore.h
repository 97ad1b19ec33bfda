/* The terminal as it was, put back when the program crashes: what a signal handler may do, and no more. */
#ifndef TUI_RESTORE_H
#define TUI_RESTORE_H

#include <stdbool.h>

void restore_remember(int fd); /* before the terminal is changed: keeps its settings */
void restore_arm(int fd);      /* after: from now on crash signals put them back, then kill as before */
void restore_away(bool away);  /* the terminal is the shell's for a while: nothing to put back */
void restore_disarm(void);

#endif
