/* The ordered table of built-in views: a new one is a file and a row here. */
#include "views/views.h"

const struct view *const views_table[] = {
    &view_overview, &view_chip, &view_zones, &view_slots, &view_config, &view_files, NULL,
};
