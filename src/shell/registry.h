/* The one table of operations: the core's own and every plugin's. */
#ifndef SHELL_REGISTRY_H
#define SHELL_REGISTRY_H

#include "base/nearest.h"
#include "shell/plugin.h"
#include "shell/view.h"

/* Needs of core operations beside enum device_need; the executor serves them. */
enum {
    SHELL_NEED_PORT = 1u << 16,    /* an attached device of which nothing has been asked */
    SHELL_KEEPS_LAST = 1u << 17,   /* leaves "the command before" as it is: set, expect, sleep … */
    SHELL_TAKES_LINE = 1u << 19,   /* its TYPE_TEXT argument is a command line: words keep their quoting */
    SHELL_RUNS_COMMANDS = 1u << 18 /* runs commands itself: run, include; their failure is already told */
};

struct registry {
    const struct op **op; /* sorted by name */
    const char **origin;  /* which plugin an operation comes from: "lockstep" for the core; parallel to op */
    size_t count;
    const struct plugin **plugin;
    void **handle; /* dlopen handles, parallel to plugin */
    size_t plugin_count;
};

#define REGISTRY_INIT ((struct registry){0})

/* Adds all operations and views of a plugin, or none: ERR_REFUSED names what is wrong with the record (a
 * missing function, irreversible without plan, a name taken, an argument without type …). handle may be
 * NULL. */
int registry_add_plugin(struct registry *registry, const struct plugin *plugin, void *handle,
                        struct error *e);
void registry_free(struct registry *registry); /* closes the handles */

const struct op *registry_find(const struct registry *registry, const char *name);
/* The i-th view of all plugins, in the order in which they were added; NULL behind the last. */
const struct view *registry_view(const struct registry *registry, size_t i);
/* An option of any operation, to know whether it takes a value before the command is known. */
const struct op_arg *registry_find_option(const struct registry *registry, const char *name);
/* Up to three command names near to a mistyped one as "a, b or c"; empty when none is near. */
void registry_near_names(const struct registry *registry, const char *name, char to[NEAREST_WORDS_SIZE]);

const struct op_arg *op_find_arg(const struct op_arg *list, const char *name); /* or NULL; list may be NULL */

#endif
