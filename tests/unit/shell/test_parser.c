/* The parser: words to a call, every refusal, options wherever they stand, lines without their secrets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "shell/history.h"
#include "shell/parser.h"

#include <stdlib.h>
#include <string.h>

static int run_nothing(struct op_call *call, size_t step, struct error *e)
{
    (void)call;
    (void)step;
    (void)e;
    return 0;
}

static int plan_nothing(struct op_call *call, struct plan *plan, struct error *e)
{
    (void)call;
    (void)plan;
    (void)e;
    return 0;
}

static const struct op_arg set_key_args[] = {
    {"SLOT", TYPE_SLOT, 0, "slot", NULL, 0, NULL},
    {"FILE",     TYPE_FILE, 0, "key file", NULL, 0, NULL},
    {0 },
};
static const struct op_arg set_key_options[] = {
    {"write-key",      TYPE_FILE, 0, "write key", NULL, 0, NULL},
    {"format",               TYPE_CHOICE, 0, "format", "yaml|json|hex", 0, "hex"},
    {"count",            TYPE_NUMBER, 0, "count", NULL, 100, NULL},
    {"force",            TYPE_FLAG, 0, "force", NULL, 0, NULL},
    {"passcode",         TYPE_WORD, ARG_SECRET, "passcode", NULL, 0, NULL},
    {"l",               TYPE_FLAG, 0, "long", NULL, 0, NULL},
    {0},
};
static const struct op_arg wifi_args[] = {
    {"SSID", TYPE_WORD, 0, "network", NULL, 0, NULL},
    {"PASSWORD",     TYPE_WORD, ARG_SECRET | ARG_OPTIONAL, "password", NULL, 0, NULL},
    {0 },
};
static const struct op_arg config_args[] = {
    {"PAIR",      TYPE_ASSIGNMENT, ARG_REPEAT, "pair", NULL, 0, NULL},
    {0}
};
static const struct op_arg get_args[] = {
    {"TO",          TYPE_NEW_FILE, ARG_OPTIONAL, "file", NULL, 0, NULL},
    {0}
};
static const struct op_arg text_args[] = {
    {"TEXT", TYPE_TEXT, 0, "text", NULL, 0, NULL},
    {0    }
};
static const struct op_arg call_args[] = {
    {"ARGS", TYPE_JSON, 0, "arguments", NULL, 0, NULL},
    {0    }
};
static const struct op_arg set_args[] = {
    {"NAME",        TYPE_WORD, ARG_OPTIONAL, "name", NULL, 0, NULL},
    {"VALUE", TYPE_TEXT, ARG_OPTIONAL | ARG_SECRET, "value", NULL, 0, NULL},
    {0        },
};

static const struct op ops_list[] = {
    {
     .name = "atca-set-key",
     .summary = "-",
     .args = set_key_args,
     .options = set_key_options,
     .hazard = HAZARD_IRREVERSIBLE,
     .plan = plan_nothing,
     .run = run_nothing,
     },
    {.name = "wifi",   .summary = "-",                       .args = wifi_args,                                                                              .run = run_nothing},
    {.name = "config-set",      .summary = "-",.args = config_args,.run = run_nothing},
    {.name = "atca-get-config",   .summary = "-",                  .args = get_args,                                                                                                                .run = run_nothing                                                                                                                                                                  },
    {.name = "expect",      .summary = "-",.args = text_args,.run = run_nothing},
    {.name = "set",   .summary = "-",              .args = set_args,                                                                                                                                        .run = run_nothing                                                                                                                                                                                                                                                                                                                                                                                                                  },
    {.name = "quit",      .summary = "-",.args = NULL,.run = run_nothing},
    {.name = "call",   .summary = "-",               .args = call_args,                                                                                                                                                             .run = run_nothing                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                           },
};
static const struct op *const ops[] = {&ops_list[0], &ops_list[1], &ops_list[2], &ops_list[3], &ops_list[4],
                                       &ops_list[5], &ops_list[6], &ops_list[7], NULL};
static const struct plugin plugin = {.abi = PLUGIN_ABI, .name = "test", .ops = ops};

static struct registry registry;

static int setup(void **state)
{
    (void)state;
    return registry_add_plugin(&registry, &plugin, NULL, NULL);
}

static int teardown(void **state)
{
    (void)state;
    registry_free(&registry);
    return 0;
}

static int parse_text(const char *line, struct parse *parse, struct error *e)
{
    struct words words;
    assert_int_equal(lexer_line(line, &words, NULL), 0);
    int rc = parser_parse(&registry, &words, parse, e);
    if (rc == 0 && parse->op != NULL)
        rc = parser_check(parse, e);
    words_free(&words);
    return rc;
}

/* "command|NAME=value|--option=value" */
static char *described(const struct parse *parse)
{
    struct buf b = BUF_INIT;
    buf_add_text(&b, parse->op ? parse->op->name : "?");
    for (size_t i = 0; i < parse->count; i++) {
        const struct parse_item *item = &parse->item[i];
        const char *name = item->arg ? item->arg->name : option_table()[item->global].arg.name;
        buf_printf(&b, "|%s%s=%s", item->is_option ? "-" : "", name, item->value);
    }
    return buf_take(&b);
}

static void test_understood(void **state)
{
    (void)state;
    static const struct {
        const char *line, *wanted;
    } cases[] = {
        {"quit",                                                                    "quit"                                              },
        {"mos quit",                                                                "quit"                                              },
        {"$ mos -X quit",                                                           "quit|-X=true"                                      },
        {"lockstep quit",                                                           "quit"                                              },
        {"mos -X atca-set-key 0 ecc.key.pem --write-key=slot4.key --dry-run=false",
         "atca-set-key|-X=true|SLOT=0|FILE=ecc.key.pem|-write-key=slot4.key|-dry-run=false"                                             },
        {"--write-key slot4.key atca-set-key --format json 15 k",
         "atca-set-key|-write-key=slot4.key|-format=json|SLOT=15|FILE=k"                                                                },
        {"atca-set-key 1 k --force",                                                "atca-set-key|SLOT=1|FILE=k|-force=true"            },
        {"atca-set-key --force 1 k",                                                "atca-set-key|-force=true|SLOT=1|FILE=k"            },
        {"atca-set-key --force=false 1 k",                                          "atca-set-key|-force=false|SLOT=1|FILE=k"           },
        {"atca-set-key 1 -",                                                        "atca-set-key|SLOT=1|FILE=-"                        },
        {"atca-set-key -l 1 k",                                                     "atca-set-key|-l=true|SLOT=1|FILE=k"                },
        {"atca-get-config --",                                                      "atca-get-config|TO=--"                             },
        {"atca-get-config -- --json",                                               "atca-get-config|TO=--json"                         },
        {"wifi net -pass",                                                          "wifi|SSID=net|PASSWORD=-pass"                      },
        {"wifi -- net --pass",                                                      "wifi|SSID=net|PASSWORD=--pass"                     },
        {"wifi net ''",                                                             "wifi|SSID=net|PASSWORD="                           },
        {"--json --timeout 500ms --port sim: wifi net",                             "wifi|-json=true|-timeout=500ms|-port=sim:|SSID=net"},
        {"config-set a=1 b.c=2=3",                                                  "config-set|PAIR=a=1|PAIR=b.c=2=3"                  },
        {"expect a  'b c' --json",                                                  "expect|TEXT=a b c --json"                          },
        {"expect --dry-run=false",                                                  "expect|TEXT=--dry-run=false"                       },
        {"set a b c",                                                               "set|NAME=a|VALUE=b c"                              },
        {"atca-set-key --help",                                                     "atca-set-key|-help=true"                           },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct parse parse;
        struct error e = {0};
        assert_int_equal(parse_text(cases[i].line, &parse, &e), 0);
        char *got = described(&parse);
        assert_string_equal(got, cases[i].wanted);
        free(got);
        parse_free(&parse);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *line, *message, *next;
    } cases[] = {
        {"atca-set-kei 0 k",                    "\"atca-set-kei\" is not a command",                    "Near names: atca-set-key"        },
        {"foo",                                 "\"foo\" is not a command",                             "lockstep help lists the commands"},
        {"'a\x1b[2Jb'",                         "\"a\\x1b[2Jb\" is not a command",                      ""                                },
        {"atca-set-key 16 k",                   "16 is not a slot: a chip has slots 0 to 15",           ""                                },
        {"atca-set-key abc k",                  "\"abc\" is not a slot: a chip has slots 0 to 15",      ""                                },
        {"atca-set-key -1 k",                   "\"-1\" is not a slot: a chip has slots 0 to 15",       ""                                },
        {"atca-set-key 99999999999999999999 k",
         "99999999999999999999 is not a slot: a chip has slots 0 to 15",                                ""                                },
        {"atca-set-key 1 ''",                   "FILE: \"\" is empty",                                  ""                                },
        {"atca-set-key 1",                      "FILE is missing: key file",                            "usage: atca-set-key SLOT FILE"   },
        {"atca-set-key",                        "SLOT is missing: slot",                                "usage: atca-set-key SLOT FILE"   },
        {"atca-set-key 1 k x",                  "atca-set-key takes fewer arguments than it was given", "usage:"                          },
        {"quit now",                            "quit takes fewer arguments than it was given",         "usage: quit"                     },
        {"atca-set-key 1 k --format=xml",       "--format: \"xml\" is not one of yaml, json or hex",    ""                                },
        {"atca-set-key 1 k --count=101",        "--count: 101 is not a whole number from 0 to 100",     ""                                },
        {"atca-set-key 1 k --force=maybe",      "--force: \"maybe\" is neither true nor false",         ""                                },
        {"atca-set-key 1 k --fromat=hex",       "--fromat is not an option of atca-set-key",
         "Near names: --format"                                                                                                           },
        {"atca-set-key 1 k --secret=hunter2",   "--secret is not an option of atca-set-key",            ""                                },
        {"atca-set-key 1 k --write-key",        "--write-key needs a value",                            "write key"                       },
        {"quit --write-key=x",                  "--write-key is not an option of quit",                 ""                                },
        {"quit -z",                             "-z is not an option of quit",                          ""                                },
        {"config-set",                          "PAIR is missing: pair",                                ""                                },
        {"config-set a",                        "PAIR: \"a\" is not of the form NAME=VALUE",            ""                                },
        {"config-set =a",                       "PAIR: \"=a\" is not of the form NAME=VALUE",           ""                                },
        {"expect",                              "TEXT is missing: text",                                ""                                },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct parse parse;
        struct error e = {0};
        assert_int_equal(parse_text(cases[i].line, &parse, &e), ERR_USAGE);
        assert_string_equal(e.message, cases[i].message);
        assert_non_null(strstr(e.next, cases[i].next));
        assert_null(strstr(e.next, "hunter2"));
        parse_free(&parse);
    }
}

static void test_global_options(void **state)
{
    (void)state;
    struct options options = OPTIONS_INIT;
    struct parse parse;
    struct error e = {0};
    assert_int_equal(parse_text("quit --timeout=2m --accept a --accept=b --json=false", &parse, &e), 0);
    assert_int_equal(parser_apply_options(&parse, false, &options, &e), 0);
    assert_string_equal(options_value(&options, OPTION_TIMEOUT), "2m");
    assert_false(options_flag(&options, OPTION_JSON));
    const char **values;
    assert_int_equal(options_list(&options, OPTION_ACCEPT, &values), 2);
    assert_string_equal(values[1], "b");
    free(values);
    parse_free(&parse);

    static const struct {
        const char *line, *message;
    } bad[] = {
        {"quit --timeout=soon",   "--timeout: \"soon\" is not a time: give 20, 20s, 500ms or 2m" },
        {"quit --timeout=0",      "--timeout: \"0\" is not a time: give 20, 20s, 500ms or 2m"    },
        {"quit --timeout=-1",     "--timeout: \"-1\" is not a time: give 20, 20s, 500ms or 2m"   },
        {"quit --baud-rate=fast", "--baud-rate: \"fast\" is not a whole number from 0 to 4000000"},
        {"quit --var A=1",        "--var belongs to the start of the program, not to a line"     },
        {"quit -e x",             "-e belongs to the start of the program, not to a line"        },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(parse_text(bad[i].line, &parse, &e), 0);
        assert_int_equal(parser_apply_options(&parse, false, &options, &e), ERR_USAGE);
        assert_string_equal(e.message, bad[i].message);
        parse_free(&parse);
    }
    options_free(&options);
}

static void test_durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"20",    20000 },
        {"20s",   20000 },
        {"500ms", 500   },
        {"2m",    120000},
        {"0.5",   500   },
        {"",      -1    },
        {"x",     -1    },
        {"-3",    -1    },
        {"1h",    -1    },
        {"0x10",  -1    },
        {"1e30",  -1    },
        {"nan",   -1    }
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(option_duration_ms(cases[i].text), cases[i].ms);
}

static void test_environment(void **state)
{
    (void)state;
    struct options options = OPTIONS_INIT;
    struct error e = {0};
    struct parse parse;
    setenv("MOS_PORT", "mos:", 1);
    setenv("LOCKSTEP_BAUD_RATE", "9600", 1);
    setenv("LOCKSTEP_DRY_RUN", "false", 1);
    setenv("MOS_CONFIRM", "any", 1);
    setenv("LOCKSTEP_ACCEPT", "all", 1);
    setenv("MOS_WRITE_KEY", "key-file", 1);
    assert_int_equal(options_from_environment(&options, &e), 0);
    assert_string_equal(options_value(&options, OPTION_PORT), "mos:");
    assert_string_equal(options_value(&options, OPTION_BAUD_RATE), "9600");
    assert_null(options_value(&options, OPTION_DRY_RUN));
    assert_null(options_value(&options, OPTION_CONFIRM));
    assert_int_equal(options.list_count, 0);
    setenv("LOCKSTEP_PORT", "own:", 1);
    assert_int_equal(options_from_environment(&options, &e), 0);
    assert_string_equal(options_value(&options, OPTION_PORT), "own:");

    assert_int_equal(parse_text("atca-set-key 1 k", &parse, &e), 0);
    char *got = described(&parse);
    assert_string_equal(got, "atca-set-key|SLOT=1|FILE=k|-write-key=key-file");
    free(got);
    parse_free(&parse);

    setenv("LOCKSTEP_BAUD_RATE", "fast", 1);
    assert_int_equal(options_from_environment(&options, &e), ERR_USAGE);
    assert_non_null(strstr(e.message, "LOCKSTEP_BAUD_RATE"));
    options_free(&options);
    static const char *const names[] = {"MOS_PORT",     "LOCKSTEP_BAUD_RATE", "LOCKSTEP_DRY_RUN",
                                        "MOS_CONFIRM",  "LOCKSTEP_ACCEPT",    "MOS_WRITE_KEY",
                                        "LOCKSTEP_PORT"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unsetenv(names[i]);
}

static void test_real_line(void **state)
{
    (void)state;
    static const struct {
        const char *line, *port, *wanted;
    } cases[] = {
        {"mos -X atca-set-key 0 'my key.pem' --dry-run --write-key=w", NULL,
         "lockstep atca-set-key 0 'my key.pem' --write-key=w --dry-run=false"                                                         },
        {"atca-set-key 0 k --passcode=1234 --port ws://u:p@h/rpc",     "ws://h/rpc",
         "lockstep --port ws://h/rpc atca-set-key 0 k --passcode=${PASSCODE} --dry-run=false"                                         },
        {"atca-set-key -- 0 -key",                                     NULL,         "lockstep atca-set-key --dry-run=false -- 0 -key"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct parse parse;
        struct buf line = BUF_INIT;
        assert_int_equal(parse_text(cases[i].line, &parse, NULL), 0);
        parse_line(&parse, PARSE_LINE_PROGRAM | PARSE_LINE_REAL, cases[i].port, &line);
        assert_string_equal(buf_text(&line), cases[i].wanted);
        buf_free(&line);
        parse_free(&parse);
    }
}

static void test_history_lines(void **state)
{
    (void)state;
    static const struct {
        const char *line, *kept; /* NULL: nothing is kept */
    } cases[] = {
        {"atca-set-key  0 'a b'",                             "atca-set-key  0 'a b'"                          },
        {"wifi net hunter2",                                  "wifi net ${PASSWORD}"                           },
        {"wifi 'my net' 'hunter2 x'",                         "wifi 'my net' ${PASSWORD}"                      },
        {"wifi net ${WIFI}",                                  "wifi net ${WIFI}"                               },
        {"wifi ${NET} hunter2",                               "wifi ${NET} ${PASSWORD}"                        },
        {"wifi net",                                          "wifi net"                                       },
        {"atca-set-key 0 k --passcode=hunter2 --format json",
         "atca-set-key 0 k --passcode=${PASSCODE} --format=json"                                               },
        {"config-set wifi.sta.pass=hunter2 a.b=1",            "config-set wifi.sta.pass=${WIFI_STA_PASS} a.b=1"},
        {"config-set http.ssl_key=ATCA:0",                    "config-set http.ssl_key=ATCA:0"                 },
        {"set confirm any",                                   "set confirm any"                                },
        {"set password hunter2",                              "set password ${VALUE}"                          },
        {"wifi net hunter2 more",                             NULL                                             },
        {"wfi net hunter2",                                   NULL                                             },
        {"wifi net 'hunter2",                                 NULL                                             },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf kept = BUF_INIT;
        assert_int_equal(history_redact(&registry, cases[i].line, &kept), cases[i].kept != NULL);
        if (cases[i].kept != NULL)
            assert_string_equal(buf_text(&kept), cases[i].kept);
        assert_null(strstr(buf_text(&kept), "hunter2"));
        buf_free(&kept);
    }
}

/* Records that must not get into the table. */
static void test_bad_records(void **state)
{
    (void)state;
    static const struct op_arg nameless[] = {
        {"", TYPE_WORD, 0, NULL, NULL, 0, NULL},
        {0}
    };
    static const struct op_arg choiceless[] = {
        {"A", TYPE_CHOICE, 0, NULL, NULL, 0, NULL},
        {0 }
    };
    static const struct op_arg typeless[] = {
        {"A", (enum op_type)99, 0, NULL, NULL, 0, NULL},
        {0 }
    };
    static const struct op_arg behind[] = {
        {"A",   TYPE_TEXT, 0, NULL, NULL, 0, NULL},
        {"B",    TYPE_WORD, 0, NULL, NULL, 0, NULL},
        {0}
    };
    static const struct op_arg required[] = {
        {"A",           TYPE_WORD, ARG_OPTIONAL, NULL, NULL, 0, NULL},
        {"B", TYPE_WORD, 0, NULL, NULL, 0, NULL},
        {0        }
    };
    static const struct op_arg global[] = {
        {"json", TYPE_FLAG, 0, NULL, NULL, 0, NULL},
        {0    }
    };
    static const struct {
        struct op op;
        const char *message;
    } cases[] = {
        {{.name = NULL},                                                                   "its command number 2 has no proper name"},
        {{.name = "Bad name", .summary = "-", .run = run_nothing},                         "its command Bad name has no proper name"},
        {{.name = "x", .run = run_nothing},                                                "its command x has no summary"           },
        {{.name = "x", .summary = "-"},                                                    "its command x has no run function"      },
        {{.name = "x", .summary = "-", .run = run_nothing, .hazard = HAZARD_IRREVERSIBLE},
         "its command x is irreversible and has no plan function"                                                                   },
        {{.name = "x", .summary = "-", .run = run_nothing, .hazard = (enum op_hazard)9},
         "its command x has an unknown hazard"                                                                                      },
        {{.name = "x", .summary = "-", .run = run_nothing, .args = nameless},
         "its command x has an argument without a proper name"                                                                      },
        {{.name = "x", .summary = "-", .run = run_nothing, .args = choiceless},
         "its command x has a choice without choices"                                                                               },
        {{.name = "x", .summary = "-", .run = run_nothing, .args = typeless},
         "its command x has an argument of unknown type"                                                                            },
        {{.name = "x", .summary = "-", .run = run_nothing, .args = behind},
         "its command x has an argument behind one that takes all"                                                                  },
        {{.name = "x", .summary = "-", .run = run_nothing, .args = required},
         "its command x has a required argument behind an optional one"                                                             },
        {{.name = "x", .summary = "-", .run = run_nothing, .options = global},
         "its command x has an option with the name of a global one"                                                                },
        {{.name = "quit", .summary = "-", .run = run_nothing},
         "its command quit is already there from another plugin"                                                                    },
        {{.name = "fine", .summary = "-", .run = run_nothing},                             "its command fine is there twice"        },
    };
    static const struct op fine = {.name = "fine", .summary = "-", .run = run_nothing};
    size_t before = registry.count;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct op *const list[] = {&fine, &cases[i].op, NULL};
        const struct plugin bad = {.abi = PLUGIN_ABI, .name = "bad", .ops = list};
        struct error e = {0};
        assert_int_equal(registry_add_plugin(&registry, &bad, NULL, &e), ERR_REFUSED);
        assert_string_equal(e.message, cases[i].message);
        assert_int_equal(registry.count, before); /* all or none */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_understood),     cmocka_unit_test(test_refused),
        cmocka_unit_test(test_global_options), cmocka_unit_test(test_durations),
        cmocka_unit_test(test_environment),    cmocka_unit_test(test_real_line),
        cmocka_unit_test(test_history_lines),  cmocka_unit_test(test_bad_records),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
