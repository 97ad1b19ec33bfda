/* The core's own operations, as a plugin that is always there. */
#ifndef SHELL_CORE_H
#define SHELL_CORE_H

#include "shell/plugin.h"

const struct plugin *core_plugin(void);

extern const struct op core_attach, core_detach, core_ports, core_status; /* core_device.c */
extern const struct op core_log, core_console;                            /* core_log.c */
extern const struct op core_view, core_theme, core_save_screen, core_save_log, core_edit, core_arm,
    core_disarm;                  /* core_front.c */
extern const struct op core_help; /* core_help.c */
extern const struct op core_run, core_include, core_on_error, core_set, core_sleep, core_echo,
    core_quit;                                                           /* core_file.c */
extern const struct op core_expect, core_expect_error, core_expect_json; /* core_expect.c */

extern const struct op core_plan, core_apply; /* core_plan.c, core_apply.c */
extern const struct op core_resume;           /* core_resume.c */

#endif
