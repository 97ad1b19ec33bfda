/* Connection options: see connect.h. */
#include "shell/connect.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/text.h"
#include "shell/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { CREDS_MAX = 4096 }; /* bytes of a credentials file: one line */

/* One line from a terminal whose echo is off, without its newline. */
static int read_hidden(int fd, struct secret *to, struct error *e)
{
    struct buf line = {.secret = true};
    char c = 0;
    ssize_t n;
    while ((n = read(fd, &c, 1)) == 1 && c != '\n')
        if (line.len < CREDS_MAX)
            buf_add_byte(&line, (uint8_t)c);
    int rc = 0;
    if (n == 1)
        secret_set(to, line.len ? line.data : (const uint8_t *)"", line.len);
    else
        rc = error_set(e, n < 0 && errno == EINTR ? ERR_INTERRUPTED : ERR_CONSENT, "no password was given");
    buf_free(&line);
    return rc;
}

int connect_ask_password(const char *question, struct secret *to, struct error *e)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    struct termios was, hidden;
    if (fd < 0 || tcgetattr(fd, &was) < 0) {
        if (fd >= 0)
            close(fd);
        error_set(e, ERR_CONSENT, "%s: there is no terminal to ask for it on", question);
        return error_next(e, "Give user:password in a file: --rpc-creds @FILE; decrypt a key file first.");
    }
    hidden = was;
    hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    hidden.c_lflag |= ICANON | ISIG;
    tcsetattr(fd, TCSAFLUSH, &hidden);
    char *prompt = mem_printf("%s: ", question);
    int rc = file_write_all(fd, prompt, strlen(prompt), e);
    if (rc == 0)
        rc = read_hidden(fd, to, e);
    file_write_all(fd, "\n", 1, NULL);
    tcsetattr(fd, TCSANOW, &was);
    free(prompt);
    close(fd);
    return rc;
}

static int creds_from_file(const char *path, struct secret *creds, struct error *e)
{
    struct buf text = {.secret = true};
    int rc = file_read(path, CREDS_MAX, &text, e);
    if (rc == 0) {
        size_t n = strcspn(buf_text(&text), "\r\n");
        secret_set(creds, text.data ? text.data : (const uint8_t *)"", n);
        if (n == 0)
            rc = error_set(e, ERR_REFUSED, "%s holds no user:password in its first line", path);
    } else {
        error_prefix(e, "credentials");
    }
    buf_free(&text);
    return rc;
}

/* "user" alone: the password is asked for. */
static int creds_by_question(const char *user, struct secret *creds, struct error *e)
{
    char safe[128], question[192];
    struct secret password = SECRET_INIT;
    snprintf(question, sizeof question, "password of %s", text_safe(user, safe, sizeof safe));
    int rc = connect_ask_password(question, &password, e);
    if (rc == 0) {
        size_t n = strlen(user);
        secret_new(creds, n + 1 + password.len);
        memcpy(creds->data, user, n);
        creds->data[n] = ':';
        memcpy(creds->data + n + 1, password.data, password.len);
    }
    secret_free(&password);
    return rc;
}

static int take_creds(struct connect *connect, const char *given, struct error *e)
{
    secret_free(&connect->creds);
    if (given == NULL || *given == '\0')
        return 0;
    if (given[0] == '@')
        return creds_from_file(given + 1, &connect->creds, e);
    if (strchr(given, ':') == NULL)
        return creds_by_question(given, &connect->creds, e);
    secret_set(&connect->creds, given, strlen(given));
    return 0;
}

static int on_password(void *ctx, const char *key_file, struct secret *to, struct error *e)
{
    (void)ctx;
    char safe[200], question[240];
    snprintf(question, sizeof question, "password of %s", text_safe(key_file, safe, sizeof safe));
    return connect_ask_password(question, to, e);
}

static void on_warning(void *ctx, const char *sentence)
{
    session_warn(ctx, sentence);
}

/* The texts are copied: options of one line are gone before the link is. */
static void take_tls(struct session *session, const struct options *options)
{
    static const enum option_id ids[] = {OPTION_CA_CERT_FILE, OPTION_CERT_FILE, OPTION_KEY_FILE,
                                         OPTION_SERVER_NAME, OPTION_PIN};
    struct connect *c = &session->connect;
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        const char *value = options_value(options, ids[i]);
        free(c->file[i]);
        c->file[i] = value ? mem_string(value) : NULL;
    }
    if (c->store == NULL)
        c->store = link_tls_store_new();
    c->tls = (struct link_tls){.ca_file = c->file[0],
                               .cert_file = c->file[1],
                               .key_file = c->file[2],
                               .server_name = c->file[3],
                               .pin = c->file[4],
                               .insecure = options_flag(options, OPTION_INSECURE),
                               .password = on_password,
                               .warning = on_warning,
                               .ctx = session,
                               .store = c->store};
}

int connect_options(struct session *session, const struct options *options, struct rpc_options *rpc,
                    struct error *e)
{
    uint64_t baud = 0;
    text_number(options_value(options, OPTION_BAUD_RATE), UINT32_MAX, &baud);
    int rc = take_creds(&session->connect, options_value(options, OPTION_RPC_CREDS), e);
    take_tls(session, options);
    *rpc = (struct rpc_options){
        .link = {.baud = (unsigned)baud,
                 .keep_lines = !options_flag(options, OPTION_SET_CONTROL_LINES),
                 .inverted_lines = options_flag(options, OPTION_INVERTED_CONTROL_LINES),
                 .hw_flow = options_flag(options, OPTION_HW_FLOW_CONTROL),
                 .tls = &session->connect.tls},
        .timeout_ms = option_duration_ms(options_value(options, OPTION_TIMEOUT)),
 /* Opening some boards' ports resets them: what is asked during the boot is asked again. */
        .retries = 2,
        .creds = session->connect.creds.len ? (const char *)session->connect.creds.data : NULL,
    };
    return rc;
}

void connect_free(struct connect *connect)
{
    secret_free(&connect->creds);
    for (size_t i = 0; i < sizeof connect->file / sizeof connect->file[0]; i++)
        free(connect->file[i]);
    link_tls_store_free(connect->store);
    *connect = (struct connect){0};
}
