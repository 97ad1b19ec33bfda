/* A folder to work in, the shell (for the openssl command, which judges here), and files. */
#ifndef TEST_PKI_BENCH_H
#define TEST_PKI_BENCH_H

#include "base/buf.h"
#include "base/file.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char bench_folder[] = "/tmp/test-pki-XXXXXX";

static inline int bench_open(void **state)
{
    (void)state;
    return mkdtemp(bench_folder) == NULL || chdir(bench_folder) != 0;
}

static inline int bench_close(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", bench_folder);
    return chdir("/") != 0 || system(command) != 0;
}

/* Runs a shell command in the folder; its output goes to the file "log". Returns its exit status. */
__attribute__((format(printf, 1, 2))) static inline int sh(const char *format, ...)
{
    struct buf command = BUF_INIT;
    va_list ap;
    buf_add_text(&command, "exec >log 2>&1 </dev/null; ");
    va_start(ap, format);
    buf_vprintf(&command, format, ap);
    va_end(ap);
    int status = system(buf_text(&command));
    buf_free(&command);
    return status;
}

/* A file's bytes; the caller frees. */
static inline struct buf slurp(const char *path)
{
    struct buf b = BUF_INIT;
    struct error e = {0};
    if (file_read(path, 1 << 20, &b, &e) != 0)
        fail_msg("%s", e.message);
    return b;
}

static inline void spit(const char *path, const void *bytes, size_t len)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    fclose(f);
}

/* The file "log" of the last command holds this. */
static inline void assert_log(const char *text)
{
    struct buf b = slurp("log");
    if (strstr(buf_text(&b), text) == NULL)
        fail_msg("no \"%s\" in: %s", text, buf_text(&b));
    buf_free(&b);
}

static inline void assert_sh(int status)
{
    if (status == 0)
        return;
    struct buf b = slurp("log");
    fail_msg("openssl: %s", buf_text(&b));
}

#endif
