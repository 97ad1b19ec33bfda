/* The built-in views, in the order in which the console lists them. The log is the console's own. */
#ifndef VIEWS_VIEWS_H
#define VIEWS_VIEWS_H

#include "shell/view.h"

extern const struct view view_overview, view_chip, view_zones, view_slots, view_config, view_files;

/* Ends with NULL. */
extern const struct view *const views_table[];

#endif
