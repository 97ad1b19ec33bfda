/* Loads plugins: shared objects that export `lockstep_plugin` (plugin.h).
 *
 * What cannot be used is reported by file name, one line, and skipped. Files that did not come with lockstep
 * (`foreign`) are first loaded in a child process: if they crash, hang or exit there, they are never loaded
 * here. */
#ifndef SHELL_LOADER_H
#define SHELL_LOADER_H

#include "shell/registry.h"

#include <stdio.h>

/* Every *.so of a folder in order of name; a missing folder is fine. Returns how many were loaded. */
size_t loader_load_folder(struct registry *registry, const char *folder, bool foreign, FILE *report);

/* The installed folder (beside the program: plugins, else ../lib/lockstep/plugins), then the user's
 * ($XDG_DATA_HOME/lockstep/plugins), then each of $LOCKSTEP_PLUGIN_PATH: a name already taken stays. */
void loader_load_all(struct registry *registry, FILE *report);

#endif
