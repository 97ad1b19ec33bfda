/* Device files in words: see tty.h. */
#include "link/tty.h"
#include "base/buf.h"
#include "base/text.h"
#include "link/link.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

bool tty_is_pty(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISCHR(st.st_mode) && major(st.st_rdev) >= 136 &&
           major(st.st_rdev) <= 143;
}

/* "The ports here are /dev/ttyUSB0, /dev/ttyACM0." */
static void next_port(const char *path, struct error *e)
{
    struct link_port *ports;
    size_t count = link_ports(&ports);
    struct buf list = BUF_INIT;
    for (size_t i = 0; i < count && i < 8; i++)
        buf_printf(&list, "%s%s", i ? ", " : "", ports[i].path);
    link_ports_free(ports, count);
    if (strchr(path, '/') == NULL)
        error_next(e, "For a device on the network write ws://%s/rpc%s%s.", path,
                   count ? "; the ports here are " : "", buf_text(&list));
    else if (count > 0)
        error_next(e, "The ports here are %s%s.", buf_text(&list), count > 8 ? " and more" : "");
    else
        error_next(
            e, "No serial port is on this machine now: plug the board in and look with the ports command.");
    buf_free(&list);
}

int tty_resolve(const char *path, char device[PATH_MAX], struct error *e)
{
    static const struct {
        mode_t type;
        const char *what;
    } others[] = {
        {S_IFDIR,  "a folder"        },
        {S_IFREG,  "an ordinary file"},
        {S_IFBLK,  "a disk"          },
        {S_IFSOCK, "a socket"        },
        {S_IFIFO,  "a pipe"          },
    };
    char shown[PATH_MAX];
    text_safe(path, shown, sizeof shown);
    struct stat st;
    if (realpath(path, device) == NULL || stat(device, &st) < 0) {
        if (errno == EACCES)
            return error_set(e, ERR_CONNECTION, "You may not look into the folder that holds the port %s.",
                             shown);
        error_set(e, ERR_CONNECTION, "There is no port %s.", shown);
        next_port(shown, e);
        return ERR_CONNECTION;
    }
    if (S_ISCHR(st.st_mode))
        return 0;
    const char *what = "no device";
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if ((st.st_mode & S_IFMT) == others[i].type)
            what = others[i].what;
    error_set(e, ERR_CONNECTION, "%s is %s, not a serial port.", shown, what);
    next_port("/", e);
    return ERR_CONNECTION;
}

static int no_permission(const char *device, struct error *e)
{
    struct stat st;
    if (stat(device, &st) < 0)
        return error_set(e, ERR_CONNECTION, "You have no permission to open the port %s.", device);
    const struct group *group = getgrgid(st.st_gid);
    const struct passwd *owner = getpwuid(st.st_uid);
    const char *group_name = group ? group->gr_name : "?", *owner_name = owner ? owner->pw_name : "?";
    if ((st.st_mode & (S_IRGRP | S_IWGRP)) != (S_IRGRP | S_IWGRP) || group == NULL) {
        error_set(e, ERR_CONNECTION, "You have no permission to open the port %s: only its owner, %s, may.",
                  device, owner_name);
        error_next(e, "Let a group open it (a udev rule; dialout is the usual group), or run as %s.",
                   owner_name);
        return ERR_CONNECTION;
    }
    error_set(e, ERR_CONNECTION,
              "You have no permission to open the port %s: it belongs to the group %s and you are not in it.",
              device, group_name);
    error_next(e, "Run: sudo usermod -aG %s $USER   and log in again.", group_name);
    return ERR_CONNECTION;
}

int tty_open_error(const char *device, int code, struct error *e)
{
    if (code == EACCES || code == EPERM)
        return no_permission(device, e);
    if (code == EBUSY)
        return tty_busy(device, e);
    if (code == ENXIO || code == ENODEV || code == EIO) {
        error_set(e, ERR_CONNECTION,
                  "The port %s is there but nothing is behind it: the adapter was pulled, or a pty's program "
                  "has ended.",
                  device);
        error_next(e, "Plug it in again and look with the ports command.");
        return ERR_CONNECTION;
    }
    if (code == ENOENT) {
        error_set(e, ERR_CONNECTION, "There is no port %s any more.", device);
        next_port(device, e);
        return ERR_CONNECTION;
    }
    if (code == ENOTTY) {
        error_set(e, ERR_CONNECTION, "%s is a device, but not a serial port.", device);
        next_port(device, e);
        return ERR_CONNECTION;
    }
    errno = code;
    return error_set_errno(e, ERR_CONNECTION, "The port %s could not be opened", device);
}

/* Does one of this process's descriptors lead to the device? */
static bool has_open(const char *pid, const struct stat *device)
{
    char folder[64];
    snprintf(folder, sizeof folder, "/proc/%.20s/fd", pid);
    DIR *fds = opendir(folder);
    if (fds == NULL)
        return false;
    bool found = false;
    for (const struct dirent *d; !found && (d = readdir(fds)) != NULL;) {
        char path[64 + sizeof d->d_name];
        struct stat st;
        snprintf(path, sizeof path, "%s/%s", folder, d->d_name);
        found = stat(path, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == device->st_rdev;
    }
    closedir(fds);
    return found;
}

/* First other process that has the device open: its number and name. */
static long find_holder(const char *device, char *name, size_t size)
{
    struct stat st;
    DIR *proc = opendir("/proc");
    long holder = 0;
    if (proc == NULL || stat(device, &st) < 0) {
        if (proc != NULL)
            closedir(proc);
        return 0;
    }
    for (const struct dirent *d; holder == 0 && (d = readdir(proc)) != NULL;)
        if (isdigit((unsigned char)d->d_name[0]) && atol(d->d_name) != getpid() && has_open(d->d_name, &st))
            holder = atol(d->d_name);
    closedir(proc);
    if (holder == 0)
        return 0;
    char path[64], text[64] = "";
    snprintf(path, sizeof path, "/proc/%ld/comm", holder);
    FILE *f = fopen(path, "re");
    if (f != NULL) {
        if (fgets(text, sizeof text, f) != NULL)
            text[strcspn(text, "\n")] = '\0';
        fclose(f);
    }
    text_safe(text, name, size);
    return holder;
}

int tty_busy(const char *device, struct error *e)
{
    char name[64] = "";
    long holder = find_holder(device, name, sizeof name);
    if (holder == 0) {
        error_set(e, ERR_CONNECTION,
                  "The port %s is busy: another program, or another link of this one, has it open.", device);
        error_next(e, "End that program (fuser %s names it), or use another port.", device);
    } else {
        error_set(e, ERR_CONNECTION, "The port %s is busy: %s (process %ld) has it open.", device,
                  name[0] ? name : "a program", holder);
        error_next(e, "End it, or use another port.");
    }
    return ERR_CONNECTION;
}
