/* Plugin loader: see loader.h. */
#include "shell/loader.h"
#include "base/buf.h"
#include "base/path.h"
#include "base/text.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROBE_SECONDS = 5 }; /* how long a foreign plugin may take to load and init */

/* dlopen, symbol, ABI, init. On success the handle is the caller's. */
static int open_plugin(const char *path, void **handle, const struct plugin **plugin, struct error *e)
{
    char safe[400];
    *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (*handle == NULL)
        return error_set(e, ERR_REFUSED, "it cannot be loaded (%s)", text_safe(dlerror(), safe, sizeof safe));
    *plugin = dlsym(*handle, "lockstep_plugin");
    if (*plugin == NULL)
        error_set(e, ERR_REFUSED, "it has no symbol lockstep_plugin");
    else if ((*plugin)->abi != PLUGIN_ABI)
        error_set(e, ERR_REFUSED, "it was built for plugin interface %u; this lockstep has %d",
                  (*plugin)->abi, PLUGIN_ABI);
    else if ((*plugin)->init == NULL || (*plugin)->init(e) == 0)
        return 0;
    dlclose(*handle);
    *handle = NULL;
    return ERR_REFUSED;
}

/* In the child: says "+" for a plugin that loads, "-" and the reason for one that says no; crashes say
 * nothing. */
static void probe_child(const char *path, int to)
{
    void *handle;
    const struct plugin *plugin;
    struct error e = {0};
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++)
        signal(crashes[i], SIG_DFL); /* whoever handles them in the parent has no business here */
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd < 3; fd++)
        dup2(null, fd);
    alarm(PROBE_SECONDS + 1); /* a hang ends even when the parent is gone */
    char answer[sizeof e.message + 2];
    int n = open_plugin(path, &handle, &plugin, &e) == 0 ? snprintf(answer, sizeof answer, "+")
                                                         : snprintf(answer, sizeof answer, "-%s", e.message);
    ssize_t written = write(to, answer, (size_t)n);
    _exit(written == n ? 0 : 1);
}

/* Reads the child's answer until it closes its end or the time is up; the child is gone afterwards. */
static int probe_answer(pid_t child, int from, char *answer, size_t size, bool *late)
{
    size_t used = 0;
    *late = false;
    for (;;) {
        struct pollfd p = {.fd = from, .events = POLLIN};
        int rc = poll(&p, 1, PROBE_SECONDS * 1000);
        if (rc < 0 && errno == EINTR)
            continue;
        ssize_t n = rc > 0 ? read(from, answer + used, size - 1 - used) : 0;
        if (n <= 0) {
            *late = rc == 0;
            break;
        }
        used += (size_t)n;
    }
    answer[used] = '\0';
    if (*late)
        kill(child, SIGKILL);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

static int probe(const char *path, struct error *e)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_set_errno(e, ERR_REFUSED, "no pipe to try it in a child process");
    pid_t child = fork();
    if (child < 0) {
        error_set_errno(e, ERR_REFUSED, "no child process to try it in");
        close(ends[0]);
        close(ends[1]);
        return ERR_REFUSED;
    }
    if (child == 0)
        probe_child(path, ends[1]);
    close(ends[1]);
    char answer[sizeof e->message + 2];
    bool late;
    int status = probe_answer(child, ends[0], answer, sizeof answer, &late);
    close(ends[0]);
    if (late)
        return error_set(e, ERR_REFUSED, "it did not finish loading within %d s", PROBE_SECONDS);
    if (answer[0] == '-')
        return error_set(e, ERR_REFUSED, "%s", answer + 1);
    if (WIFSIGNALED(status))
        return error_set(e, ERR_REFUSED, "it crashed when it was loaded (%s)", strsignal(WTERMSIG(status)));
    if (answer[0] != '+')
        return error_set(e, ERR_REFUSED, "it ended the process when it was loaded");
    return 0;
}

static bool load_file(struct registry *registry, const char *path, bool foreign, FILE *report)
{
    struct error e = {0};
    void *handle = NULL;
    const struct plugin *plugin;
    char safe[512];
    if ((!foreign || probe(path, &e) == 0) && open_plugin(path, &handle, &plugin, &e) == 0) {
        if (registry_add_plugin(registry, plugin, handle, &e) == 0)
            return true;
        dlclose(handle);
    }
    fprintf(report, "lockstep: the plugin %s is left out: %s.\n", text_safe(path, safe, sizeof safe),
            e.message);
    return false;
}

static int is_shared_object(const struct dirent *entry)
{
    return text_ends(entry->d_name, ".so");
}

size_t loader_load_folder(struct registry *registry, const char *folder, bool foreign, FILE *report)
{
    struct dirent **list;
    size_t loaded = 0;
    int n = scandir(folder, &list, is_shared_object, alphasort);
    if (n < 0)
        return 0;
    for (int i = 0; i < n; i++) {
        char *path = path_join(folder, list[i]->d_name);
        loaded += load_file(registry, path, foreign, report);
        free(path);
        free(list[i]);
    }
    free(list);
    return loaded;
}

void loader_load_all(struct registry *registry, FILE *report)
{
    char *program = path_program_folder();
    char *beside = path_join(program, "plugins"), *installed = path_join(program, "../lib/lockstep/plugins");
    loader_load_folder(registry, access(beside, X_OK) == 0 ? beside : installed, false, report);
    free(installed);
    free(beside);
    free(program);

    char *own = path_xdg(PATH_DATA, "plugins");
    loader_load_folder(registry, own, true, report);
    free(own);

    const char *more = getenv("LOCKSTEP_PLUGIN_PATH");
    while (more != NULL && *more != '\0') {
        size_t n = strcspn(more, ":");
        char *folder = mem_printf("%.*s", (int)n, more);
        if (n > 0)
            loader_load_folder(registry, folder, true, report);
        free(folder);
        more += n + (more[n] == ':');
    }
}
