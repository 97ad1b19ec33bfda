/* Variables: see vars.h. */
#include "shell/vars.h"
#include "base/buf.h"
#include "base/secret.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static struct var *find(const struct vars *vars, const char *name)
{
    for (size_t i = 0; i < vars->count; i++)
        if (strcmp(vars->item[i].name, name) == 0)
            return &vars->item[i];
    return NULL;
}

static void wipe_value(struct var *var)
{
    secret_wipe(var->value, strlen(var->value));
    free(var->value);
}

int vars_set(struct vars *vars, const char *name, const char *value, struct error *e)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    size_t n = strlen(name);
    if (n == 0 || n > 63 || strspn(name, allowed) != n) {
        char safe[80];
        error_set(e, ERR_USAGE, "\"%s\" is not a variable's name", text_safe(name, safe, sizeof safe));
        return error_next(e, "Use up to 63 letters, digits, \"_\" and \"-\".");
    }
    struct var *var = find(vars, name);
    if (var != NULL) {
        wipe_value(var);
    } else {
        vars->item = mem_grow(vars->item, (vars->count + 1) * sizeof *vars->item);
        var = &vars->item[vars->count++];
        *var = (struct var){.name = mem_string(name)};
    }
    var->value = mem_string(value);
    return 0;
}

int vars_assign(struct vars *vars, const char *assignment, struct error *e)
{
    const char *equals = strchr(assignment, '=');
    char *name = mem_printf("%.*s", equals ? (int)(equals - assignment) : 0, assignment);
    int rc = vars_set(vars, name, equals ? equals + 1 : "", e);
    if (rc == 0)
        find(vars, name)->fixed = true;
    free(name);
    return rc;
}

bool vars_is_fixed(const struct vars *vars, const char *name)
{
    const struct var *var = find(vars, name);
    return var != NULL && var->fixed;
}

const char *vars_get(const struct vars *vars, const char *name)
{
    const struct var *var = find(vars, name);
    return var ? var->value : NULL;
}

void vars_copy(const struct vars *from, struct vars *to)
{
    *to = VARS_INIT;
    for (size_t i = 0; i < from->count; i++) {
        vars_set(to, from->item[i].name, from->item[i].value, NULL);
        to->item[i].fixed = from->item[i].fixed;
    }
}

void vars_free(struct vars *vars)
{
    for (size_t i = 0; i < vars->count; i++) {
        free(vars->item[i].name);
        wipe_value(&vars->item[i]);
    }
    free(vars->item);
    *vars = VARS_INIT;
}
