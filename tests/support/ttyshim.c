/* Preloaded into a program under test: a pty that looks like a real serial port, so that libserialport is
 * executed for what it is.
 *
 *   LOCKSTEP_SHIM_PTY=/dev/pts/N   what /dev/ttyLOCKSTEP0 stands for
 *   LOCKSTEP_SHIM_LOG=FILE         a line "DTR=0 RTS=1" for each change of the modem lines, in one write
 *   LOCKSTEP_SHIM_SYS=DIR          stands for /sys/class/tty (enumeration); without it only the fake port is
 * there
 *
 * What is faked is what libserialport 0.1.1 asks a port for: its entry in /sys/class/tty (a symbolic link),
 * the TIOCMGET family of ioctls; and, for lockstep's own questions, realpath and the major number of a USB
 * port. Opening raises both lines, as the kernel does. Everything else goes to the pty. With a sanitizer's
 * runtime in the program, set ASAN_OPTIONS=verify_asan_link_order=0. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define FAKE_NAME "ttyLOCKSTEP0"
#define FAKE_DEVICE "/dev/" FAKE_NAME
#define SYS_FOLDER "/sys/class/tty"
#define SYS_ENTRY SYS_FOLDER "/" FAKE_NAME
#define SYS_TARGET "../../devices/platform/lockstep.0/tty/" FAKE_NAME

enum { USB_SERIAL_MAJOR = 188 }; /* Linux, Documentation/admin-guide/devices.txt */

static int lines; /* TIOCM_ bits: the modem's state, one port a process */

/* The function that would have been called without the shim. */
#define REAL(name, type) ((type)real(#name))
static void *real(const char *name)
{
    void *f = dlsym(RTLD_NEXT, name);
    if (f == NULL)
        abort();
    return f;
}

typedef int stat_fn(const char *, struct stat *);
typedef int open_fn(const char *, int, ...);
typedef int ioctl_fn(int, unsigned long, ...);
typedef char *realpath_fn(const char *, char *);
typedef ssize_t readlink_fn(const char *, char *, size_t);
typedef FILE *fopen_fn(const char *, const char *);
typedef DIR *opendir_fn(const char *);

static bool pty_number(dev_t *number)
{
    struct stat st;
    const char *pty = getenv("LOCKSTEP_SHIM_PTY");
    if (pty == NULL || REAL(stat, stat_fn *)(pty, &st) < 0)
        return false;
    *number = st.st_rdev;
    return true;
}

/* Where a path really leads; `to` holds PATH_MAX. */
static const char *map(const char *path, char *to)
{
    const char *pty = getenv("LOCKSTEP_SHIM_PTY"), *sys = getenv("LOCKSTEP_SHIM_SYS");
    size_t n = strlen(SYS_FOLDER);
    if (pty != NULL && strcmp(path, FAKE_DEVICE) == 0)
        return pty;
    if (sys == NULL || strncmp(path, SYS_FOLDER, n) != 0 || (path[n] != '/' && path[n] != '\0'))
        return path;
    snprintf(to, PATH_MAX, "%s%s", sys, path + n);
    return to;
}

static bool is_fake_entry(const char *path)
{
    return getenv("LOCKSTEP_SHIM_SYS") == NULL && strcmp(path, SYS_ENTRY) == 0;
}

static void write_lines(int bits)
{
    char text[32];
    const char *path = getenv("LOCKSTEP_SHIM_LOG");
    lines = bits;
    int n = snprintf(text, sizeof text, "DTR=%d RTS=%d\n", !!(bits & TIOCM_DTR), !!(bits & TIOCM_RTS));
    int fd = path != NULL ? REAL(open, open_fn *)(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (fd < 0)
        return;
    if (write(fd, text, (size_t)n) != n)
        abort(); /* a test must not go on with a log that lies */
    close(fd);
}

int stat(const char *restrict path, struct stat *restrict st)
{
    char to[PATH_MAX];
    dev_t pty;
    int code = REAL(stat, stat_fn *)(map(path, to), st);
    if (code == 0 && S_ISCHR(st->st_mode) && pty_number(&pty) && st->st_rdev == pty)
        st->st_rdev = makedev(USB_SERIAL_MAJOR, 0);
    return code;
}

int lstat(const char *restrict path, struct stat *restrict st)
{
    char to[PATH_MAX];
    if (is_fake_entry(path)) {
        *st = (struct stat){.st_mode = S_IFLNK | 0777};
        return 0;
    }
    return REAL(lstat, stat_fn *)(map(path, to), st);
}

/* What programs built against a glibc before 2.33 call for lstat. */
int __lxstat(int version, const char *path, struct stat *st);
int __lxstat(int version, const char *path, struct stat *st)
{
    (void)version;
    return lstat(path, st);
}

ssize_t readlink(const char *restrict path, char *restrict to, size_t size)
{
    char real_path[PATH_MAX];
    if (!is_fake_entry(path))
        return REAL(readlink, readlink_fn *)(map(path, real_path), to, size);
    size_t n = strlen(SYS_TARGET) < size ? strlen(SYS_TARGET) : size;
    memcpy(to, SYS_TARGET, n);
    return (ssize_t)n;
}

char *realpath(const char *restrict path, char *restrict to)
{
    if (getenv("LOCKSTEP_SHIM_PTY") == NULL || strcmp(path, FAKE_DEVICE) != 0)
        return REAL(realpath, realpath_fn *)(path, to);
    if (to == NULL)
        return strdup(FAKE_DEVICE);
    return memcpy(to, FAKE_DEVICE, sizeof FAKE_DEVICE);
}

static int open_mapped(const char *path, int flags, mode_t mode)
{
    char to[PATH_MAX];
    int fd = REAL(open, open_fn *)(map(path, to), flags, mode);
    if (fd >= 0 && strcmp(path, FAKE_DEVICE) == 0)
        write_lines(TIOCM_DTR | TIOCM_RTS);
    return fd;
}

int open(const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, mode_t) : 0;
    va_end(ap);
    return open_mapped(path, flags, mode);
}

int __open_2(const char *path, int flags);
int __open_2(const char *path, int flags)
{
    return open_mapped(path, flags, 0);
}

FILE *fopen(const char *restrict path, const char *restrict mode)
{
    char to[PATH_MAX];
    return REAL(fopen, fopen_fn *)(map(path, to), mode);
}

DIR *opendir(const char *path)
{
    char to[PATH_MAX];
    return REAL(opendir, opendir_fn *)(map(path, to));
}

static bool is_fake_port(int fd)
{
    struct stat st;
    dev_t pty;
    return pty_number(&pty) && fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == pty;
}

int ioctl(int fd, unsigned long request, ...)
{
    va_list ap;
    va_start(ap, request);
    int *bits = va_arg(ap, int *);
    va_end(ap);
    bool modem = request == TIOCMGET || request == TIOCMSET || request == TIOCMBIS || request == TIOCMBIC;
    if (!modem || !is_fake_port(fd))
        return REAL(ioctl, ioctl_fn *)(fd, request, bits);
    if (request == TIOCMGET) {
        *bits = lines | TIOCM_CTS | TIOCM_DSR;
        return 0;
    }
    int now = request == TIOCMSET ? *bits : request == TIOCMBIS ? lines | *bits : lines & ~*bits;
    if ((now ^ lines) & (TIOCM_DTR | TIOCM_RTS))
        write_lines(now & (TIOCM_DTR | TIOCM_RTS));
    return 0;
}
