/* Core operations: see core.h. */
#include "shell/core.h"

static const struct op *const ops[] = {
    &core_attach,       &core_detach,      &core_ports, &core_status,  &core_log,
    &core_console,      &core_help,        &core_run,   &core_include, &core_on_error,
    &core_set,          &core_sleep,       &core_echo,  &core_quit,    &core_expect,
    &core_expect_error, &core_expect_json, &core_view,  &core_theme,   &core_save_screen,
    &core_save_log,     &core_edit,        &core_arm,   &core_disarm,  &core_plan,
    &core_apply,        &core_resume,      NULL,
};

static const struct plugin plugin = {.abi = PLUGIN_ABI,
                                     .name = "lockstep",
                                     .version = LOCKSTEP_VERSION,
                                     .summary = "the console itself",
                                     .ops = ops};

const struct plugin *core_plugin(void)
{
    return &plugin;
}
