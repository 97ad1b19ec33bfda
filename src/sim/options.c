/* The command line: one table of options, see options.h. */
#include "sim/options.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <string.h>

typedef int option_fn(const char *value, struct sim_options *o, struct error *e);

static int one_of(const char *option, const char *value, const char *const *words, const char **to,
                  struct error *e)
{
    char list[80] = "", shown[80];
    for (size_t i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], value) == 0) {
            *to = words[i];
            return 0;
        }
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? ", " : "", words[i]);
    }
    error_set(e, ERR_USAGE, "%s cannot be \"%s\".", option, text_safe(value, shown, sizeof shown));
    return error_next(e, "It is one of: %s.", list);
}

static int set_state(const char *value, struct sim_options *o, struct error *e)
{
    o->state = value;
    return *value ? 0 : error_set(e, ERR_USAGE, "--state wants a folder.");
}

static int set_pty(const char *value, struct sim_options *o, struct error *e)
{
    o->pty = value;
    return *value ? 0 : error_set(e, ERR_USAGE, "--pty wants the path of the link to make.");
}

static int set_http(const char *value, struct sim_options *o, struct error *e)
{
    uint64_t port;
    if (text_number(value, UINT16_MAX, &port) < 0)
        return error_set(e, ERR_USAGE, "--http wants a port from 0 (any free one) to 65535.");
    o->http = true;
    o->http_port = (uint16_t)port;
    return 0;
}

static int set_bind(const char *value, struct sim_options *o, struct error *e)
{
    struct in_addr address;
    if (inet_pton(AF_INET, value, &address) != 1)
        return error_set(e, ERR_USAGE, "--bind wants a numeric IPv4 address such as 127.0.0.1.");
    o->bind = value;
    return 0;
}

static int set_map(const char *value, struct sim_options *o, struct error *e)
{
    char from[8];
    uint64_t a, b;
    size_t n = strcspn(value, ":");
    snprintf(from, sizeof from, "%.*s", (int)n, value);
    if (n >= sizeof from || value[n] != ':' || text_number(from, UINT16_MAX, &a) < 0 || a == 0 ||
        text_number(value + n + 1, UINT16_MAX, &b) < 0)
        return error_set(e, ERR_USAGE, "--map wants FROM:TO, two ports, such as 443:8443.");
    if (o->map_count == SIM_MAPS_MAX)
        return error_set(e, ERR_USAGE, "--map can be given %d times at most.", SIM_MAPS_MAX);
    o->maps[o->map_count++] = (struct sim_map){(uint16_t)a, (uint16_t)b};
    return 0;
}

static int set_chip(const char *value, struct sim_options *o, struct error *e)
{
    static const char *const words[] = {"atecc508a", "atecc608a", "none", NULL};
    return one_of("--chip", value, words, &o->chip, e);
}

static int set_platform(const char *value, struct sim_options *o, struct error *e)
{
    static const char *const words[] = {"esp32", "esp8266", NULL};
    return one_of("--platform", value, words, &o->platform, e);
}

static int set_fault(const char *value, struct sim_options *o, struct error *e)
{
    return sim_fault_parse(value, &o->faults, e);
}

static int set_pace(const char *value, struct sim_options *o, struct error *e)
{
    (void)value, (void)e;
    o->pace = true;
    return 0;
}

static int set_help(const char *value, struct sim_options *o, struct error *e)
{
    (void)value, (void)e;
    o->help = true;
    return 0;
}

static int set_version(const char *value, struct sim_options *o, struct error *e)
{
    (void)value, (void)e;
    o->version = true;
    return 0;
}

static int set_boot(const char *value, struct sim_options *o, struct error *e)
{
    (void)o;
    if (strcmp(value, "run") == 0)
        return 0;
    error_set(e, ERR_USAGE, "--boot %s is not possible: this virtual device has no ROM loader.",
              strcmp(value, "download") == 0 ? value : "MODE");
    return error_next(e, "Leave --boot out: the board runs its firmware.");
}

static int set_rfc2217(const char *value, struct sim_options *o, struct error *e)
{
    (void)value, (void)o;
    error_set(e, ERR_USAGE, "--rfc2217 is not possible: this virtual device has no RFC 2217 server.");
    return error_next(e, "Its UART is the pty that is printed as \"uart PATH\"; --pty gives it a name.");
}

static const struct {
    const char *name, *argument, *help;
    option_fn *set;
} options[] = {
    {"--state",    "DIR",     "folder that holds the device; without it the device is gone at the end",  set_state   },
    {"--pty",      "PATH",    "make a link at PATH to the pty of the UART",                              set_pty     },
    {"--http",     "PORT",    "where a fresh device listens for HTTP and WebSocket; 0: any free port",   set_http    },
    {"--bind",     "ADDRESS", "address to listen on (127.0.0.1)",                                        set_bind    },
    {"--map",      "FROM:TO", "listen on port TO when the device's configuration says FROM; repeatable", set_map     },
    {"--chip",     "MODEL",   "atecc508a (default for a fresh device), atecc608a or none",               set_chip    },
    {"--platform", "NAME",    "esp32 (default for a fresh device) or esp8266",                           set_platform},
    {"--boot",     "run",     "how the board starts; this version runs its firmware only",               set_boot    },
    {"--rfc2217",  "PORT",    "not in this version",                                                     set_rfc2217 },
    {"--pace",     NULL,      "the UART is as slow as its baud rate, both ways",                         set_pace    },
    {"--fault",    "SPEC",    "make something go wrong; repeatable, kinds below",                        set_fault   },
    {"--help",     NULL,      "this text",                                                               set_help    },
    {"--version",  NULL,      "the version",                                                             set_version },
};
enum { OPTION_COUNT = sizeof options / sizeof options[0] };

static int unknown_option(const char *word, struct error *e)
{
    char shown[80];
    error_set(e, ERR_USAGE, "%s is no option of lockstep-sim.", text_safe(word, shown, sizeof shown));
    size_t best = 0;
    for (size_t i = 1; i < OPTION_COUNT; i++)
        if (text_distance(word, options[i].name) < text_distance(word, options[best].name))
            best = i;
    return error_next(e, "The nearest one is %s; lockstep-sim --help lists all.", options[best].name);
}

int sim_options_parse(int argc, char **argv, struct sim_options *o, struct error *e)
{
    *o = (struct sim_options){.bind = "127.0.0.1"};
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i], *value = "";
        size_t n = strcspn(word, "="), k = 0;
        while (k < OPTION_COUNT && (strlen(options[k].name) != n || strncmp(options[k].name, word, n) != 0))
            k++;
        if (k == OPTION_COUNT)
            return unknown_option(word, e);
        if (options[k].argument == NULL && word[n] == '=')
            return error_set(e, ERR_USAGE, "%s takes no value.", options[k].name);
        if (options[k].argument != NULL) {
            value = word[n] == '=' ? word + n + 1 : argv[++i];
            if (value == NULL)
                return error_set(e, ERR_USAGE, "%s wants a value: %s %s.", options[k].name, options[k].name,
                                 options[k].argument);
        }
        int rc = options[k].set(value, o, e);
        if (rc < 0)
            return rc;
    }
    return 0;
}

void sim_options_help(FILE *to)
{
    fprintf(to, "Usage: lockstep-sim [options]\n\n"
                "A virtual Mongoose OS board with a secure element. Prints one line an endpoint\n"
                "(\"uart PATH\", \"http ADDRESS:PORT\") and then \"ready\"; SIGTERM ends it.\n\n");
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        char left[40];
        snprintf(left, sizeof left, "%s %s", options[i].name, options[i].argument ? options[i].argument : "");
        fprintf(to, "  %-20s %s\n", left, options[i].help);
    }
    fprintf(to, "\nFaults:\n");
    sim_fault_help(to);
    fprintf(to, "\nExit status: 0 ended as asked, 1 something on this machine was in the way, 2 usage, 3 "
                "power cut by a "
                "fault.\n");
}
