/* For the TLS tests: certificates made on the spot by the openssl command, and openssl s_server as the
 * device, its plain side driven by a child process. */
#ifndef TEST_LINK_TLS_BENCH_H
#define TEST_LINK_TLS_BENCH_H

#include "peer.h"

#include "link/ws_handshake.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>

/* --- certificates --------------------------------------------------------------------------------------- */

static char bench_dir[] = "/tmp/lockstep-tls-XXXXXX";

static const char bench_script[] =
    "exec 2>make.log; set -ex\n"
    "cat >c.cnf <<'E'\n"
    "[ca]\ndefault_ca=d\n"
    "[d]\ndatabase=index.txt\nnew_certs_dir=.\npolicy=p\nunique_subject=no\ndefault_md=sha256\nrand_serial="
    "yes\n"
    "email_in_dn=no\ndefault_crl_days=30\n"
    "[p]\ncommonName=optional\norganizationName=optional\n"
    "[req]\ndistinguished_name=dn\nprompt=no\n[dn]\nCN=x\n"
    "[authority]\nbasicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=hash\n"
    "[nobody]\nbasicConstraints=critical,CA:FALSE\nsubjectKeyIdentifier=hash\n"
    "[server]\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n"
    "subjectAltName=DNS:localhost,DNS:*.boards.example,IP:127.0.0.1,IP:::1\n"
    "[other]\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:other.example,DNS:*.example,IP:10.0.0.1\n"
    "[seed]\nbasicConstraints=CA:FALSE\n"
    "[client]\nextendedKeyUsage=clientAuth\n"
    "E\n"
    ": >index.txt\n"
    "ec() { openssl ecparam -name ${2:-prime256v1} -genkey -noout -out $1.key; }\n"
    "root() { test -f $1.key || ec $1; openssl req -config c.cnf -x509 -key $1.key -subj \"/O=Bench/CN=$2\" "
    "-days 30 -extensions $3"
    " -out $1.pem; }\n"
    /* leaf NAME ISSUER EXTENSIONS CN [more options of openssl ca] */
    "leaf() { n=$1 i=$2 x=$3 cn=$4; shift 4; test -f $n.key || ec $n\n"
    "  openssl req -config c.cnf -new -key $n.key -subj \"/CN=$cn\" -out $n.csr\n"
    "  openssl ca -config c.cnf -batch -notext -in $n.csr -out $n.pem -cert $i.pem -keyfile $i.key "
    "-extensions $x"
    " -days 10 $*; }\n"
    "root root 'Bench CA' authority\n"
    "root stranger 'Stranger CA' authority\n"
    "root nobody 'No CA' nobody\n"
    "leaf good root server board\n"
    "leaf expired root server board -startdate 20200101000000Z -enddate 20210203040506Z\n"
    "leaf future root server board -startdate 20480101000000Z -enddate 20490101000000Z\n"
    "leaf other root other board\n"
    "leaf seed root seed howdy\n"
    "leaf unknown stranger server board\n"
    "leaf byno nobody server board\n"
    "leaf sha1 root server board -md sha1\n"
    "openssl genrsa -out rsaroot.key 2048; root rsaroot 'RSA CA' authority\n"
    "leaf md5 rsaroot server board -md md5\n" /* ECDSA with MD5 has no name */
    "leaf usage root client board\n"
    "leaf revoked root server board\n"
    "openssl genrsa -out rsa1024.key 1024; leaf rsa1024 root server board\n"
    "openssl genrsa -out rsa2048.key 2048; leaf rsa2048 root server board\n"
    "leaf middle root authority 'Middle CA'\n"
    "leaf deep middle server board; cat middle.pem >>deep.pem\n"
    "ec self; openssl req -config c.cnf -x509 -key self.key -subj /CN=howdy -days 30 -out self.pem\n"
    "leaf client root client me\n"
    "leaf wrongclient stranger client impostor\n"
    "leaf serverclient root other me\n"
    "openssl pkey -in client.key -aes256 -passout pass:sesame -out client-pkcs8.key\n"
    "openssl pkey -in client.key -des3 -passout pass:sesame -out client-des.key\n"
    "for v in aes-128-cbc aes-192-cbc aes-256-cbc des3; do for f in SHA1 SHA256 SHA384 SHA512; do\n"
    "  openssl pkcs8 -topk8 -in client.key -v2 $v -v2prf hmacWith$f -iter 2 -passout pass:sesame -outform DER"
    " -out p8-$v-$f.der; done; done\n"
    "openssl pkcs8 -topk8 -in client.key -scrypt -passout pass:sesame -out client-scrypt.key\n"
    "openssl ec -in client.key -aes128 -passout pass:sesame -out client-old.key\n"
    "openssl ca -config c.cnf -cert root.pem -keyfile root.key -revoke revoked.pem\n"
    "openssl ca -config c.cnf -cert root.pem -keyfile root.key -gencrl -out root.crl\n"
    "cat root.pem root.crl >root-crl.pem\n"
    "cat stranger.pem nobody.pem >wrong-cas.pem; cat nobody.pem root.pem >both.pem\n"
    "openssl pkey -in good.key -pubout -outform DER | openssl dgst -sha256 -binary | openssl base64 "
    ">good.pin\n"
    "openssl pkey -in good.key -pubout -outform DER | openssl dgst -sha256 -hex | sed 's/.* //' >good.hex\n";

static MAYBE_UNUSED int bench_make(void **state)
{
    (void)state;
    char command[sizeof bench_script + 100];
    if (mkdtemp(bench_dir) == NULL)
        return -1;
    snprintf(command, sizeof command, "cd %s\n%s", bench_dir, bench_script);
    int status = system(command);
    snprintf(command, sizeof command, "tail -n 25 %s/make.log", bench_dir);
    if (status != 0 && system(command) == 0)
        fprintf(stderr, "the bench's certificates could not be made\n");
    return status;
}

static MAYBE_UNUSED int bench_remove(void **state)
{
    (void)state;
    char command[100];
    snprintf(command, sizeof command, "rm -rf %s", bench_dir);
    return system(command);
}

/* A file of the bench: the same name gives the same string, which stays. */
static MAYBE_UNUSED const char *bench_file(const char *name)
{
    static char paths[64][128];
    size_t prefix = strlen(bench_dir) + 1;
    unsigned i = 0;
    while (i < 63 && paths[i][0] != '\0' && strcmp(paths[i] + prefix, name) != 0)
        i++;
    snprintf(paths[i], sizeof paths[0], "%s/%s", bench_dir, name);
    return paths[i];
}

/* Its text, white space at the end cut off. */
static MAYBE_UNUSED void bench_text(const char *name, char *to, size_t size)
{
    FILE *f = fopen(bench_file(name), "r");
    size_t n = f != NULL ? fread(to, 1, size - 1, f) : 0;
    if (f != NULL)
        fclose(f);
    to[n] = '\0';
    while (n > 0 && to[n - 1] <= ' ')
        to[--n] = '\0';
}

/* --- the device ----------------------------------------------------------------------------------------- */

enum bench_role {
    BENCH_SILENT,   /* takes what comes */
    BENCH_WS,       /* upgrades to WebSocket, then echoes each text frame */
    BENCH_WS_RENEG, /* upgrades, then asks to renegotiate */
    BENCH_HTTP,     /* answers each POST with its body */
};

struct bench {
    pid_t pid;
    uint16_t port;
    char url[64];
};

/* Plain text that s_server printed: noise, and what the client sent. */
struct bench_side {
    int in, log, port_pipe;
    char text[1 << 17];
    size_t len, used;
    bool upgraded;
};

/* The bytes may hold zeros (masked frames): strstr would stop there. */
static MAYBE_UNUSED char *bench_find(struct bench_side *s, const char *from, const char *text)
{
    return from != NULL ? (char *)memmem(from, s->len - (size_t)(from - s->text), text, strlen(text)) : NULL;
}

static MAYBE_UNUSED void bench_upgrade(struct bench_side *s, enum bench_role role)
{
    char key[64], *line = bench_find(s, s->text + s->used, "Sec-WebSocket-Key: ");
    struct buf b = BUF_INIT;
    if (line == NULL || sscanf(line, "Sec-WebSocket-Key: %60s", key) != 1)
        return;
    buf_add_text(&b, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Accept: ");
    ws_handshake_accept(key, &b);
    buf_add_text(&b, "\r\n\r\n");
    if (write(s->in, b.data, b.len) < 0)
        _exit(3);
    buf_free(&b);
    s->upgraded = true;
    if (role == BENCH_WS_RENEG) {
        usleep(200000); /* s_server takes a command only at the start of what it reads at once */
        if (write(s->in, "r\n", 2) < 0)
            _exit(3);
    }
}

/* One masked text frame of fewer than 126 bytes, sent back without its mask. */
static MAYBE_UNUSED bool bench_echo(struct bench_side *s)
{
    uint8_t *p = (uint8_t *)s->text + s->used, answer[128];
    size_t have = s->len - s->used, len = have > 1 ? p[1] & 0x7fu : 0;
    if (have > 0 && p[0] != 0x81)
        s->upgraded =
            false; /* a close frame, and what s_server says of it: the next connection begins anew */
    if (!s->upgraded || have < 6 || have < 6 + len)
        return false;
    answer[0] = 0x81;
    answer[1] = (uint8_t)len;
    for (size_t i = 0; i < len; i++)
        answer[2 + i] = p[6 + i] ^ p[2 + i % 4];
    s->used += 6 + len;
    if (write(s->in, answer, 2 + len) < 0)
        _exit(3);
    return true;
}

static MAYBE_UNUSED bool bench_answer(struct bench_side *s)
{
    unsigned length;
    char *post = bench_find(s, s->text + s->used, "POST "),
         *head_end = post != NULL ? bench_find(s, post, "\r\n\r\n") : NULL;
    char *line = post != NULL ? bench_find(s, post, "Content-Length: ") : NULL;
    if (head_end == NULL || line == NULL || sscanf(line, "Content-Length: %u", &length) != 1)
        return false;
    if (s->len < (size_t)(head_end + 4 - s->text) + length)
        return false;
    struct buf b = BUF_INIT;
    buf_printf(&b, "HTTP/1.1 200 OK\r\nContent-Length: %u\r\n\r\n%.*s", length, (int)length, head_end + 4);
    s->used = (size_t)(head_end + 4 - s->text) + length;
    if (write(s->in, b.data, b.len) < 0)
        _exit(3);
    buf_free(&b);
    return true;
}

static MAYBE_UNUSED void bench_react(struct bench_side *s, enum bench_role role)
{
    unsigned port;
    char *accept = bench_find(s, s->text, "ACCEPT 127.0.0.1:");
    if (s->port_pipe >= 0 && accept != NULL && strchr(accept, '\n') != NULL) {
        sscanf(accept, "ACCEPT 127.0.0.1:%u", &port);
        uint16_t told = (uint16_t)port;
        if (write(s->port_pipe, &told, sizeof told) != sizeof told)
            _exit(3);
        close(s->port_pipe);
        s->port_pipe = -1;
    }
    char *get = bench_find(s, s->text + s->used, "GET ");
    if ((role == BENCH_WS || role == BENCH_WS_RENEG) && get != NULL &&
        bench_find(s, get, "\r\n\r\n") != NULL) {
        s->used = (size_t)(get - s->text);
        bench_upgrade(s, role);
        s->used = (size_t)(bench_find(s, get, "\r\n\r\n") + 4 - s->text);
    }
    while (s->upgraded && role == BENCH_WS && bench_echo(s))
        continue;
    while (role == BENCH_HTTP && bench_answer(s))
        continue;
}

static MAYBE_UNUSED void bench_drive(enum bench_role role, const char *options, int port_pipe)
{
    static struct bench_side s;
    char command[700];
    int to[2], from[2];
    snprintf(command, sizeof command, "cd %s && exec openssl s_server -accept 127.0.0.1:0 %s 2>&1", bench_dir,
             options);
    if (pipe(to) < 0 || pipe(from) < 0)
        _exit(2);
    pid_t parent = getpid();
    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
        dup2(to[0], 0);
        dup2(from[1], 1);
        for (int fd = 3; fd < 64; fd++)
            close(fd);
        execl("/bin/sh", "sh", "-c", command, NULL);
        _exit(127);
    }
    close(from[1]);
    signal(SIGPIPE, SIG_IGN);
    s.in = to[1];
    s.port_pipe = port_pipe;
    s.log = open(bench_file("server.log"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    for (;;) {
        ssize_t n = read(from[0], s.text + s.len, sizeof s.text - 1 - s.len);
        if (n <= 0 || write(s.log, s.text + s.len, (size_t)n) != n)
            _exit(0);
        s.len += (size_t)n;
        bench_react(&s, role);
    }
}

/* s_server with these options ("-cert good.pem -key good.key …"), reached as `scheme`. */
static MAYBE_UNUSED struct bench bench_start(const char *scheme, enum bench_role role, const char *options)
{
    struct bench b = {0};
    int port_pipe[2];
    if (pipe(port_pipe) < 0)
        return b;
    b.pid = fork();
    if (b.pid == 0) {
        alarm(30);
        close(port_pipe[0]);
        bench_drive(role, options, port_pipe[1]);
        _exit(0);
    }
    close(port_pipe[1]);
    if (read(port_pipe[0], &b.port, sizeof b.port) != sizeof b.port)
        b.port = 0;
    close(port_pipe[0]);
    snprintf(b.url, sizeof b.url, "%s://127.0.0.1:%u/rpc", scheme, b.port);
    return b;
}

/* Ends the server; its log is whole after it. */
static MAYBE_UNUSED void bench_end(struct bench *b)
{
    if (b->pid > 0) {
        kill(b->pid, SIGTERM);
        waitpid(b->pid, NULL, 0);
    }
    b->pid = 0;
}

/* Did the server print this? */
static MAYBE_UNUSED bool bench_printed(const char *text)
{
    static char log[1 << 17];
    FILE *f = fopen(bench_file("server.log"), "r");
    size_t n = f != NULL ? fread(log, 1, sizeof log, f) : 0;
    if (f != NULL)
        fclose(f);
    return memmem(log, n, text, strlen(text)) != NULL;
}

/* Waits for it, for a second at most. */
static MAYBE_UNUSED bool bench_saw(const char *text)
{
    bool seen = bench_printed(text);
    for (int i = 0; i < 100 && !seen; i++) {
        usleep(10000);
        seen = bench_printed(text);
    }
    return seen;
}

#endif
