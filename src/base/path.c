/* Paths: see path.h. */
#include "base/path.h"
#include "base/buf.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *variable, *fallback;
} kinds[] = {
    [PATH_CONFIG] = {"XDG_CONFIG_HOME", ".config"     },
    [PATH_DATA] = {"XDG_DATA_HOME",   ".local/share"},
    [PATH_STATE] = {"XDG_STATE_HOME",  ".local/state"},
    [PATH_CACHE] = {"XDG_CACHE_HOME",  ".cache"      },
};

static const char *home(void)
{
    const char *h = getenv("HOME");
    return h && *h ? h : "/";
}

char *path_join(const char *folder, const char *name)
{
    size_t n = strlen(folder);
    return mem_printf("%s%s%s", folder, n && folder[n - 1] == '/' ? "" : "/", name);
}

char *path_xdg(enum path_kind kind, const char *name)
{
    const char *root = getenv(kinds[kind].variable);
    char *base = root && root[0] == '/' ? mem_string(root) : path_join(home(), kinds[kind].fallback);
    char *full = mem_printf("%s/lockstep%s%s", base, *name ? "/" : "", name);
    free(base);
    return full;
}

char *path_program_folder(void)
{
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n <= 0)
        return mem_string(".");
    exe[n] = '\0';
    char *slash = strrchr(exe, '/');
    if (slash != NULL)
        *slash = '\0';
    return mem_string(exe);
}

char *path_expand(const char *path)
{
    return strncmp(path, "~/", 2) == 0 ? path_join(home(), path + 2) : mem_string(path);
}
