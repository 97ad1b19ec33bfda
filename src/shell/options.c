/* Global options: see options.h. Names that mos has mean what they mean there. */
#include "shell/options.h"
#include "base/buf.h"
#include "base/secret.h"
#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct option_def table[OPTION_COUNT] = {
    [OPTION_PORT] = {{"port", TYPE_WORD, 0,
                      "device to attach: /dev/ttyUSB0, ws://HOST/rpc, tcp://HOST:PORT, sim:, sim:FOLDER",
                      NULL, 0, NULL},
                     0                                                                                                                         },
    [OPTION_JSON] = {{"json", TYPE_FLAG, 0, "one JSON object for each command on standard output", NULL, 0,
                      NULL},
                     0                                                                                                                         },
    [OPTION_CONFIRM] = {{"confirm", TYPE_WORD, 0,
                         "consent to what cannot be undone: the whole identity of the device, or any", NULL,
                         0, NULL},
                     OPTION_CONSENT                                                                                                            },
    [OPTION_ACCEPT] = {{"accept", TYPE_WORD, ARG_REPEAT, "second consent, to a consequence that a plan names",
                        NULL, 0, NULL},
                     OPTION_CONSENT                                                                                                            },
    [OPTION_LEDGER] = {{"ledger", TYPE_NEW_FILE, 0,
                        "the ledger's file; without it ledger.sqlite in the state folder", NULL, 0, NULL},
                     0                                                                                                                         },
    [OPTION_ESCROW] = {{"escrow", TYPE_WORD, 0,
                        "folder for a second copy of every key that is made for a device", NULL, 0, NULL},
                     0                                                                                                                         },
    [OPTION_PRODUCTION] =
        {{"production", TYPE_FLAG, 0,
          "the device will be sold or fielded: a permissive chip configuration wants --accept permissive",
          NULL, 0, NULL},
                     0                                                                                                                         },
    [OPTION_DRY_RUN] =
        {{"dry-run", TYPE_FLAG, 0,
          "show the plan and send nothing; the default for what cannot be undone: --dry-run=false "
          "does it",
          NULL, 0, NULL},
                     OPTION_CONSENT                                                                                                            },
    [OPTION_TIMEOUT] = {{"timeout", TYPE_WORD, 0, "how long to wait for an answer: 20, 20s, 500ms, 2m", NULL,
                         0, "20s"},
                     0                                                                                                                         },
    [OPTION_BAUD_RATE] = {{"baud-rate", TYPE_NUMBER, 0, "speed of a serial port in bits per second", NULL,
                           4000000, "115200"},
                     0                                                                                                                         },
    [OPTION_SET_CONTROL_LINES] = {{"set-control-lines", TYPE_FLAG, 0,
                                   "set DTR and RTS when a serial port is opened", NULL, 0, "true"},
                     0                                                                                                                         },
    [OPTION_INVERTED_CONTROL_LINES] = {{"inverted-control-lines", TYPE_FLAG, 0,
                                        "assert DTR and RTS on opening where they would be released", NULL, 0,
                                        NULL},
                     0                                                                                                                         },
    [OPTION_HW_FLOW_CONTROL] = {{"hw-flow-control", TYPE_FLAG, 0, "RTS/CTS flow control on a serial port",
                                 NULL, 0, NULL},
                     0                                                                                                                         },
    [OPTION_RECONNECT] = {{"reconnect", TYPE_FLAG, 0,
                           "accepted for mos lines; a lost link is opened again by the next command anyway",
                           NULL, 0, NULL},
                     0                                                                                                                         },
    [OPTION_RPC_CREDS] = {{"rpc-creds", TYPE_WORD, ARG_SECRET,
                           "login of the device's RPC: user:password, user (asks), or @FILE", NULL, 0, NULL},
                     0                                                                                                                         },
    [OPTION_CA_CERT_FILE] = {{"ca-cert-file", TYPE_FILE, 0,
                              "trusted CA certificates (PEM); without it the system's", NULL, 0, NULL},
                     0                                                                                                                         },
    [OPTION_CERT_FILE] = {{"cert-file", TYPE_FILE, 0, "client certificate for wss and https (PEM)", NULL, 0,
                           NULL},
                     0                                                                                                                         },
    [OPTION_KEY_FILE] = {{"key-file", TYPE_FILE, 0, "key of the client certificate (PEM)", NULL, 0, NULL},                             0           },
    [OPTION_SERVER_NAME] = {{"server-name", TYPE_WORD, 0,
                             "name that the device's certificate must hold, instead of the URL's host", NULL,
                             0, NULL},
                     0                                                                                                                         },
    [OPTION_PIN] = {{"pin", TYPE_WORD, 0, "the device's public key: sha256//BASE64 or 64 hex digits", NULL, 0,
                     NULL},
                     0                                                                                                                         },
    [OPTION_INSECURE] =
        {{"insecure", TYPE_FLAG, 0,
          "do not check the device's certificate: anybody between can read and change everything", NULL, 0,
          NULL},
                     OPTION_CONSENT                                                                                                            },
    [OPTION_LOG] = {{"log", TYPE_FLAG, 0, "show the device's log lines as they come", NULL, 0, NULL},                             0           },
    [OPTION_VERBOSE] = {{"verbose", TYPE_FLAG, 0,
                         "say each command before it runs, and which plugins were loaded", NULL, 0, NULL},
                     0                                                                                                                         },
    [OPTION_E] = {{"e", TYPE_TEXT, ARG_REPEAT,
                   "run this line; several run in order, up to the first that fails", NULL, 0, NULL},
                     OPTION_START | OPTION_LINE                                                                                                },
    [OPTION_VAR] = {{"var", TYPE_ASSIGNMENT, ARG_REPEAT | ARG_SECRET, "set a variable for ${NAME}", NULL, 0,
                     NULL},
                     OPTION_START | OPTION_LINE                                                                                                },
    [OPTION_NO_TUI] = {{"no-tui", TYPE_FLAG, 0, "plain lines on a terminal, too", NULL, 0, NULL},
                     OPTION_START                                                                                                              },
    [OPTION_THEME] =
        {{"theme", TYPE_WORD, 0,
          "colours of the console: default, light, high-contrast, mono, solarized, or a file's name", NULL, 0,
          NULL},
                     OPTION_START                                                                                                              },
    [OPTION_SCREEN_SIZE] = {{"screen-size", TYPE_WORD, 0,
                             "draw the console as COLUMNSxROWS, whatever the terminal is", NULL, 0, NULL},
                     OPTION_START                                                                                                              },
    [OPTION_KEYS] = {{"keys", TYPE_FILE, 0, "press the keys in this file, then go on", NULL, 0, NULL},
                     OPTION_START                                                                                                              },
    [OPTION_ASCII] = {{"ascii", TYPE_FLAG, 0, "no line art in the console", NULL, 0, NULL},                                         OPTION_START},
    [OPTION_MOUSE] = {{"mouse", TYPE_FLAG, 0, "use the mouse in the console", NULL, 0, "true"},                                     OPTION_START},
    [OPTION_X] = {{"X", TYPE_FLAG, 0, "accepted for mos lines", NULL, 0, NULL},                                                 OPTION_LINE },
    [OPTION_VERSION] = {{"version", TYPE_FLAG, 0, "print the version", NULL, 0, NULL},
                     OPTION_START | OPTION_LINE                                                                                                },
    [OPTION_HELP] = {{"help", TYPE_FLAG, 0, "explain the command, or list all", NULL, 0, NULL},                                    OPTION_LINE },
};

const struct option_def *option_table(void)
{
    return table;
}

enum option_id option_find(const char *name)
{
    static const struct {
        const char *name;
        enum option_id id;
    } others[] = {
        {"h",        OPTION_HELP},
        {"extended", OPTION_X   }
    };
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (strcmp(table[i].arg.name, name) == 0)
            return (enum option_id)i;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strcmp(others[i].name, name) == 0)
            return others[i].id;
    return OPTION_NONE;
}

enum option_id option_find_setting(const char *name)
{
    enum option_id id = option_find(name);
    return id == OPTION_NONE || table[id].flags & (OPTION_START | OPTION_LINE) ? OPTION_NONE : id;
}

int option_boolean(const char *text)
{
    static const struct {
        const char *word;
        int value;
    } words[] = {
        {"true",  1},
        {"false", 0},
        {"1",     1},
        {"0",     0},
        {"yes",   1},
        {"no",    0},
        {"on",    1},
        {"off",   0}
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i].word, text) == 0)
            return words[i].value;
    return -1;
}

int64_t option_duration_ms(const char *text)
{
    static const struct {
        const char *unit;
        double ms;
    } units[] = {
        {"",    1000 },
        {"s",   1000 },
        {"ms",  1    },
        {"m",   60000},
        {"min", 60000}
    };
    char *end;
    if (!isdigit((unsigned char)text[0]) || text[1] == 'x' || text[1] == 'X')
        return -1;
    double number = strtod(text, &end);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(end, units[i].unit) == 0)
            return number * units[i].ms <= 86400000.0 ? (int64_t)(number * units[i].ms) : -1;
    return -1;
}

/* "not one of yaml, json or hex" from "yaml|json|hex". */
static void choice_words(const char *choices, char words[160])
{
    int used = snprintf(words, 160, "not one of ");
    while (*choices != '\0' && used < 160) {
        size_t n = strcspn(choices, "|");
        const char *after = choices + n + (choices[n] == '|');
        const char *link = *after == '\0' ? "" : strchr(after, '|') != NULL ? ", " : " or ";
        used += snprintf(words + used, (size_t)(160 - used), "%.*s%s", (int)n, choices, link);
        choices = after;
    }
}

/* What a value must be, in words, for types that are checked; NULL when it is fine. */
static const char *value_fault(const struct op_arg *arg, const char *value, uint64_t *number, char words[160])
{
    uint64_t max = arg->max ? arg->max : UINT64_MAX; /* 0: no limit of its own */
    switch (arg->type) {
    case TYPE_SLOT:
        snprintf(words, 160, "not a slot: a chip has slots 0 to 15");
        return text_number(value, 15, number) < 0 ? words : NULL;
    case TYPE_NUMBER:
        snprintf(words, 160, "not a whole number from 0 to %llu", (unsigned long long)max);
        return text_number(value, max, number) < 0 ? words : NULL;
    case TYPE_FLAG:
        return option_boolean(value) < 0 ? "neither true nor false" : NULL;
    case TYPE_ASSIGNMENT:
        return strchr(value, '=') == NULL || value[0] == '=' ? "not of the form NAME=VALUE" : NULL;
    case TYPE_CHOICE:
        choice_words(arg->choices, words);
        for (const char *p = arg->choices; *p != '\0';) {
            size_t n = strcspn(p, "|");
            if (strlen(value) == n && strncmp(p, value, n) == 0)
                return NULL;
            p += n + (p[n] == '|');
        }
        return words;
    case TYPE_FILE:
    case TYPE_NEW_FILE:
    case TYPE_DEVICE_FILE:
    case TYPE_CONFIG_KEY:
    case TYPE_METHOD:
    case TYPE_COMMAND:
        return *value == '\0' ? "empty" : NULL;
    default:
        return NULL;
    }
}

int option_check_value(const struct op_arg *arg, const char *value, uint64_t *number, struct error *e)
{
    char words[160], safe[96];
    uint64_t ignored;
    const char *fault = value_fault(arg, value, number ? number : &ignored, words);
    if (fault == NULL)
        return 0;
    if (arg->flags & ARG_SECRET)
        return error_set(e, ERR_USAGE, "the value of %s is %s", arg->name, fault);
    bool plain = *value != '\0' && value[strspn(value, "0123456789")] == '\0';
    const char *quote = plain ? "" : "\"";
    return error_set(e, ERR_USAGE, "%s%s%s is %s", quote, text_safe(value, safe, sizeof safe), quote, fault);
}

int options_set(struct options *options, enum option_id id, const char *value, struct error *e)
{
    const struct op_arg *arg = &table[id].arg;
    int rc = option_check_value(arg, value, NULL, e);
    if (rc == 0 && id == OPTION_TIMEOUT && option_duration_ms(value) <= 0) {
        char safe[96];
        rc = error_set(e, ERR_USAGE, "\"%s\" is not a time: give 20, 20s, 500ms or 2m",
                       text_safe(value, safe, sizeof safe));
    }
    if (rc < 0)
        return error_prefix(e, "%s%s", arg->name[1] ? "--" : "-", arg->name);
    char *copy = mem_string(value); /* value may be the very string that is replaced */
    free(options->value[id]);
    options->value[id] = copy;
    if (arg->flags & ARG_REPEAT) {
        options->list = mem_grow(options->list, (options->list_count + 1) * sizeof *options->list);
        options->list[options->list_count++] = (struct option_item){id, mem_string(value)};
    }
    return 0;
}

const char *option_environment(const char *name, char *variable)
{
    static const char *const prefixes[] = {"LOCKSTEP_", "MOS_"};
    for (size_t i = 0; i < 2; i++) {
        snprintf(variable, 64, "%s%s", prefixes[i], name);
        for (char *p = variable; *p != '\0'; p++)
            *p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
        const char *value = getenv(variable);
        if (value != NULL && *value != '\0')
            return value;
    }
    return NULL;
}

int options_from_environment(struct options *options, struct error *e)
{
    char variable[64];
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (table[i].flags & (OPTION_CONSENT | OPTION_LINE))
            continue;
        const char *value = option_environment(table[i].arg.name, variable);
        int rc = value == NULL ? 0 : options_set(options, (enum option_id)i, value, e);
        if (rc < 0)
            return error_prefix(e, "the environment's %s", variable);
    }
    return 0;
}

void options_copy(const struct options *from, struct options *to)
{
    *to = OPTIONS_INIT;
    for (size_t i = 0; i < OPTION_COUNT; i++)
        to->value[i] = from->value[i] ? mem_string(from->value[i]) : NULL;
    to->list_count = from->list_count;
    to->list = from->list_count ? mem_alloc(from->list_count * sizeof *to->list) : NULL;
    for (size_t i = 0; i < from->list_count; i++)
        to->list[i] = (struct option_item){from->list[i].id, mem_string(from->list[i].value)};
}

static void wipe_string(char *s)
{
    if (s != NULL)
        secret_wipe(s, strlen(s));
    free(s);
}

void options_free(struct options *options)
{
    for (size_t i = 0; i < OPTION_COUNT; i++)
        wipe_string(options->value[i]);
    for (size_t i = 0; i < options->list_count; i++)
        wipe_string(options->list[i].value);
    free(options->list);
    *options = OPTIONS_INIT;
}

const char *options_value(const struct options *options, enum option_id id)
{
    return options->value[id] ? options->value[id] : table[id].arg.fallback;
}

bool options_flag(const struct options *options, enum option_id id)
{
    const char *value = options_value(options, id);
    return value != NULL && option_boolean(value) == 1;
}

size_t options_list(const struct options *options, enum option_id id, const char ***values)
{
    size_t count = 0;
    *values = mem_alloc((options->list_count + 1) * sizeof **values);
    for (size_t i = 0; i < options->list_count; i++)
        if (options->list[i].id == id)
            (*values)[count++] = options->list[i].value;
    return count;
}
