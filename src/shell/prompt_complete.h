/* readline's completion, answered by complete.h. */
#ifndef SHELL_PROMPT_COMPLETE_H
#define SHELL_PROMPT_COMPLETE_H

#include "shell/session.h"

/* *watch is the watch of standard input, held still while the device is asked. Both outlive the prompt. */
void prompt_complete_install(struct session *session, struct loop_watch **watch);

#endif
