/* Registry: see registry.h. */
#include "shell/registry.h"
#include "base/buf.h"
#include "base/text.h"
#include "shell/options.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE_WIDTH_MAX = 200 };

const struct op_arg *op_find_arg(const struct op_arg *list, const char *name)
{
    for (const struct op_arg *a = list; a != NULL && a->name != NULL; a++)
        if (strcmp(a->name, name) == 0)
            return a;
    return NULL;
}

const struct op *registry_find(const struct registry *registry, const char *name)
{
    size_t low = 0, high = registry->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(name, registry->op[middle]->name);
        if (order == 0)
            return registry->op[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const struct op_arg *registry_find_option(const struct registry *registry, const char *name)
{
    for (size_t i = 0; i < registry->count; i++) {
        const struct op_arg *arg = op_find_arg(registry->op[i]->options, name);
        if (arg != NULL)
            return arg;
    }
    return NULL;
}

/* What is wrong with one argument's record, or NULL. */
static const char *arg_fault(const struct op_arg *arg, bool option)
{
    if (arg->name[0] == '\0' || arg->name[0] == '-')
        return "has an argument without a proper name";
    if ((unsigned)arg->type > TYPE_FLAG)
        return "has an argument of unknown type";
    if (arg->type == TYPE_CHOICE && (arg->choices == NULL || *arg->choices == '\0'))
        return "has a choice without choices";
    if (!option && arg->type == TYPE_FLAG)
        return "has a flag among its arguments";
    if (option && option_find(arg->name) != OPTION_NONE)
        return "has an option with the name of a global one";
    return NULL;
}

static const char *args_fault(const struct op *op)
{
    const char *fault = NULL;
    for (const struct op_arg *a = op->args; a != NULL && a->name != NULL && fault == NULL; a++) {
        fault = arg_fault(a, false);
        if (fault == NULL && a[1].name != NULL && (a->flags & ARG_REPEAT || a->type == TYPE_TEXT))
            fault = "has an argument behind one that takes all";
        if (fault == NULL && a[1].name != NULL && a->flags & ARG_OPTIONAL && !(a[1].flags & ARG_OPTIONAL))
            fault = "has a required argument behind an optional one";
    }
    for (const struct op_arg *a = op->options; a != NULL && a->name != NULL && fault == NULL; a++)
        fault = arg_fault(a, true);
    return fault;
}

static bool is_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    return name != NULL && name[0] != '\0' && name[0] != '-' && name[strspn(name, allowed)] == '\0';
}

static const char *op_fault(const struct op *op)
{
    if (!is_name(op->name))
        return "has no proper name";
    if (op->summary == NULL)
        return "has no summary";
    if (op->run == NULL)
        return "has no run function";
    if ((unsigned)op->hazard > HAZARD_IRREVERSIBLE)
        return "has an unknown hazard";
    if (op->hazard == HAZARD_IRREVERSIBLE && op->plan == NULL)
        return "is irreversible and has no plan function";
    return args_fault(op);
}

static int check_op(const struct registry *registry, const struct plugin *plugin, size_t at, struct error *e)
{
    const struct op *op = plugin->ops[at];
    const char *fault = op_fault(op), *name = op->name ? op->name : "";
    char safe[64];
    if (fault != NULL && op->name != NULL && *op->name != '\0')
        return error_set(e, ERR_REFUSED, "its command %s %s", text_safe(name, safe, sizeof safe), fault);
    if (fault != NULL)
        return error_set(e, ERR_REFUSED, "its command number %zu %s", at + 1, fault);
    if (registry_find(registry, name) != NULL)
        return error_set(e, ERR_REFUSED, "its command %s is already there from another plugin", name);
    for (size_t k = 0; k < at; k++)
        if (strcmp(plugin->ops[k]->name, name) == 0)
            return error_set(e, ERR_REFUSED, "its command %s is there twice", name);
    return 0;
}

/* What is wrong with a view's record, or NULL. */
static const char *view_fault(const struct view *view)
{
    if (!is_name(view->name))
        return "has no proper name";
    if (view->title == NULL || view->summary == NULL)
        return "has no title or no summary";
    if (view->build == NULL)
        return "has no build function";
    if (view->parts >> SNAPSHOT_PARTS != 0)
        return "reads a part that there is not";
    if (view->side_width < 0 || view->side_width > SIDE_WIDTH_MAX)
        return "has a side text of an impossible width";
    for (const struct view_key *key = view->keys; key != NULL && key->key != NULL; key++)
        if (key->label == NULL || key->command == NULL)
            return "has a key without a label or a command";
    return NULL;
}

const struct view *registry_view(const struct registry *registry, size_t i)
{
    for (size_t p = 0; p < registry->plugin_count; p++) {
        const struct view *const *view = registry->plugin[p]->views;
        for (; view != NULL && *view != NULL; view++)
            if (i-- == 0)
                return *view;
    }
    return NULL;
}

static int check_view(const struct registry *registry, const struct plugin *plugin, size_t at,
                      struct error *e)
{
    const struct view *view = plugin->views[at], *other;
    const char *fault = view_fault(view);
    if (fault != NULL)
        return error_set(e, ERR_REFUSED, "its view number %zu %s", at + 1, fault);
    for (size_t i = 0; (other = registry_view(registry, i)) != NULL; i++)
        if (strcmp(other->name, view->name) == 0)
            return error_set(e, ERR_REFUSED, "its view %s is already there from another plugin", view->name);
    for (size_t k = 0; k < at; k++)
        if (strcmp(plugin->views[k]->name, view->name) == 0)
            return error_set(e, ERR_REFUSED, "its view %s is there twice", view->name);
    return 0;
}

static void insert_op(struct registry *registry, const struct op *op, const char *origin)
{
    size_t n = registry->count++;
    registry->op = mem_grow(registry->op, registry->count * sizeof *registry->op);
    registry->origin = mem_grow(registry->origin, registry->count * sizeof *registry->origin);
    for (; n > 0 && strcmp(registry->op[n - 1]->name, op->name) > 0; n--) {
        registry->op[n] = registry->op[n - 1];
        registry->origin[n] = registry->origin[n - 1];
    }
    registry->op[n] = op;
    registry->origin[n] = origin;
}

int registry_add_plugin(struct registry *registry, const struct plugin *plugin, void *handle, struct error *e)
{
    if (plugin->name == NULL || plugin->ops == NULL)
        return error_set(e, ERR_REFUSED, "its record has no name or no list of commands");
    for (size_t i = 0; plugin->ops[i] != NULL; i++)
        if (check_op(registry, plugin, i, e) < 0)
            return ERR_REFUSED;
    for (size_t i = 0; plugin->views != NULL && plugin->views[i] != NULL; i++)
        if (check_view(registry, plugin, i, e) < 0)
            return ERR_REFUSED;
    for (size_t i = 0; plugin->ops[i] != NULL; i++)
        insert_op(registry, plugin->ops[i], plugin->name);
    size_t n = registry->plugin_count++;
    registry->plugin = mem_grow(registry->plugin, registry->plugin_count * sizeof *registry->plugin);
    registry->handle = mem_grow(registry->handle, registry->plugin_count * sizeof *registry->handle);
    registry->plugin[n] = plugin;
    registry->handle[n] = handle;
    return 0;
}

void registry_free(struct registry *registry)
{
    for (size_t i = 0; i < registry->plugin_count; i++)
        if (registry->handle[i] != NULL)
            dlclose(registry->handle[i]);
    free(registry->op);
    free(registry->origin);
    free(registry->plugin);
    free(registry->handle);
    *registry = REGISTRY_INIT;
}

void registry_near_names(const struct registry *registry, const char *name, char to[NEAREST_WORDS_SIZE])
{
    struct nearest nearest = {.word = name};
    for (size_t i = 0; i < registry->count; i++)
        nearest_offer(&nearest, registry->op[i]->name);
    nearest_words(&nearest, "", to);
}
