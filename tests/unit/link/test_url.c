/* The one URL parser: what each form means, what is refused and in which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "link/url.h"

#include <stdio.h>
#include <string.h>

static void test_good(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum link_scheme scheme;
        const char *host;
        unsigned port;
        const char *path, *user, *query, *shown;
    } good[] = {
        {"/dev/ttyUSB0",                           LINK_SERIAL,  "",             0,     "/dev/ttyUSB0",   "",          "",                                "/dev/ttyUSB0"                          },
        {"serial:///dev/ttyUSB0",                  LINK_SERIAL,  "",             0,     "/dev/ttyUSB0",   "",          "",                                "/dev/ttyUSB0"                          },
        {"SERIAL:///dev/ttyACM1",                  LINK_SERIAL,  "",             0,     "/dev/ttyACM1",   "",          "",                                "/dev/ttyACM1"                          },
        {"/dev/serial/by-path/pci-0:14:1.0-port0", LINK_SERIAL,  "",             0,
         "/dev/serial/by-path/pci-0:14:1.0-port0",                                                        "",          "",                                "/dev/serial/by-path/pci-0:14:1.0-port0"},
        {"COM3",                                   LINK_SERIAL,  "",             0,     "COM3",           "",          "",                                "COM3"                                  },
        {"ws://10.0.0.5/rpc",                      LINK_WS,      "10.0.0.5",     80,    "/rpc",           "",          "",                                "ws://10.0.0.5/rpc"                     },
        {"ws://esp32.local",                       LINK_WS,      "esp32.local",  80,    "/rpc",           "",          "",                                "ws://esp32.local"                      },
        {"ws://esp32.local/",                      LINK_WS,      "esp32.local",  80,    "/rpc",           "",          "",                                "ws://esp32.local/"                     },
        {"ws://h:8080/rpc/x?y=1",                  LINK_WS,      "h",            8080,  "/rpc/x?y=1",     "",          "",                                "ws://h:8080/rpc/x?y=1"                 },
        {"ws://h?y=1",                             LINK_WS,      "h",            80,    "/?y=1",          "",          "",                                "ws://h?y=1"                            },
        {"WS://h/rpc",                             LINK_WS,      "h",            80,    "/rpc",           "",          "",                                "ws://h/rpc"                            },
        {"ws://[::1]:81/rpc",                      LINK_WS,      "::1",          81,    "/rpc",           "",          "",                                "ws://[::1]:81/rpc"                     },
        {"ws://[fe80::1%eth0]/rpc",                LINK_WS,      "fe80::1%eth0", 80,    "/rpc",           "",          "",                                "ws://[fe80::1%eth0]/rpc"               },
        {"ws://bob:pa:ss@h/rpc",                   LINK_WS,      "h",            80,    "/rpc",           "bob:pa:ss", "",                                "ws://h/rpc"                            },
        {"ws://bob:p@ss@h/rpc",                    LINK_WS,      "h",            80,    "/rpc",           "bob:p@ss",  "",                                "ws://h/rpc"                            },
        {"wss://h/rpc",                            LINK_WSS,     "h",            443,   "/rpc",           "",          "",                                "wss://h/rpc"                           },
        {"http://h",                               LINK_HTTP,    "h",            80,    "/rpc",           "",          "",                                "http://h"                              },
        {"https://h:8443/rpc",                     LINK_HTTPS,   "h",            8443,  "/rpc",           "",          "",                                "https://h:8443/rpc"                    },
        {"tcp://10.0.0.5:4001",                    LINK_TCP,     "10.0.0.5",     4001,  "",               "",          "",                                "tcp://10.0.0.5:4001"                   },
        {"rfc2217://h:2217",                       LINK_RFC2217, "h",            2217,  "",               "",          "",                                "rfc2217://h:2217"                      },
        {"udp://h:1",                              LINK_UDP,     "h",            1,     "",               "",          "",                                "udp://h:1"                             },
        {"mqtt://h/esp32_1",                       LINK_MQTT,    "h",            1883,  "/esp32_1",       "",          "",                                "mqtt://h/esp32_1"                      },
        {"mqtts://u:p@h:65535/t",                  LINK_MQTTS,   "h",            65535, "/t",             "u:p",       "",                                "mqtts://h:65535/t"                     },
        {"sim:",                                   LINK_SIM,     "",             0,     "",               "",          "",                                "sim:"                                  },
        {"sim:/tmp/board one",                     LINK_SIM,     "",             0,     "/tmp/board one", "",          "",                                "sim:/tmp/board one"                    },
        {"sim:?chip=none",                         LINK_SIM,     "",             0,     "",               "",          "chip=none",                       "sim:?chip=none"                        },
        {"SIM:d?chip=atecc608a&platform=esp8266",  LINK_SIM,     "",             0,     "d",              "",          "chip=atecc608a&platform=esp8266",
         "sim:d?chip=atecc608a&platform=esp8266"                                                                                                                                                  },
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct link_url url;
        struct error e = {0};
        if (link_url_parse(good[i].text, &url, &e) != 0)
            fail_msg("%s: %s", good[i].text, e.message);
        assert_int_equal(url.scheme, good[i].scheme);
        assert_string_equal(url.host, good[i].host);
        assert_int_equal(url.port, good[i].port);
        assert_string_equal(url.path, good[i].path);
        assert_string_equal(url.user, good[i].user);
        assert_string_equal(url.query, good[i].query);
        assert_string_equal(url.text, good[i].shown);
    }
}

static void test_bad(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"",                       "is empty"                   },
        {NULL,                     "is empty"                   },
        {"wd://h/rpc",             "nearest is \"ws\""          },
        {"gopher://h",             "not one that lockstep knows"},
        {"ws:h",                   "must be followed by //"     },
        {"serial://",              "No device file"             },
        {"ws://",                  "No host"                    },
        {"ws:///rpc",              "No host"                    },
        {"ws://:80/rpc",           "No host"                    },
        {"ws://u:p@/rpc",          "No host"                    },
        {"ws://[]/rpc",            "No host"                    },
        {"ws://[::1/rpc",          "does not close"             },
        {"ws://[::1]x/rpc",        "Something other"            },
        {"ws://::1/rpc",           "more than one colon"        },
        {"ws://h:0/rpc",           "port number"                },
        {"ws://h:/rpc",            "port number"                },
        {"ws://h:65536/rpc",       "port number"                },
        {"ws://h:+80/rpc",         "port number"                },
        {"ws://h:0x50/rpc",        "port number"                },
        {"ws://h:99999999999/rpc", "port number"                },
        {"ws://h o/rpc",           "no host name has"           },
        {"ws://h\"/rpc",           "no host name has"           },
        {"ws://h/r c",             "must be written %XX"        },
        {"ws://h/r\xc3\xa9",       "must be written %XX"        },
        {"ws://h/rpc#x",           "must be written %XX"        },
        {"ws://h/rpc\r\nX: y",     "control character"          },
        {"/dev/tty\x1b[31m",       "control character"          },
        {"tcp://h",                "names no port"              },
        {"rfc2217://h",            "names no port"              },
        {"udp://h",                "names no port"              },
        {"sim://x",                "not written with //"        },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct link_url url;
        struct error e = {0};
        assert_int_equal(link_url_parse(bad[i].text, &url, &e), ERR_USAGE);
        assert_int_equal(e.code, ERR_USAGE);
        if (strstr(e.message, bad[i].says) == NULL)
            fail_msg("\"%s\": %s", bad[i].text ? bad[i].text : "NULL", e.message);
        assert_int_equal(link_url_parse(bad[i].text, &url, NULL), ERR_USAGE);
    }
}

/* One part at a time just over, and just at, what its array holds. */
static void test_too_long(void **state)
{
    (void)state;
    static const struct {
        const char *before;
        size_t fits;
        const char *after;
    } parts[] = {
        {"/dev/",   394, ""      },
        {"ws://",   255, "/rpc"  },
        {"ws://h/", 398, ""      },
        {"ws://",   127, "@h/rpc"},
        {"sim:",    399, ""      },
        {"sim:?",   255, ""      },
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        for (size_t over = 0; over < 2; over++) {
            char text[1200], fill[1000] = "";
            struct link_url url;
            struct error e = {0};
            memset(fill, 'x', parts[i].fits + over);
            snprintf(text, sizeof text, "%s%s%s", parts[i].before, fill, parts[i].after);
            assert_int_equal(link_url_parse(text, &url, &e), over ? ERR_USAGE : 0);
            if (over)
                assert_non_null(strstr(e.message, "longer than"));
        }
}

/* No refusal shows a password, however it was mistyped. */
static void test_password_not_shown(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "ws://bob:hunter2@h:0/rpc", "ws://bob:hunter2/x@h/rpc",  "ws://bob:hunter2#x@h/rpc",
        "ws://bob:hunter2@/rpc",    "wz://bob:hunter2@h/rpc",    "ws://bob:hunter2@h/rpc\x01",
        "ws:bob:hunter2@h/rpc",     "ws://bob:hunter2@h h/rpc",  "ws://bob:hunter2?x@h/rpc",
        "tcp://bob:hunter2@h",      "ws://bob:12/hunter2@h/rpc",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct link_url url;
        struct error e = {0};
        assert_int_equal(link_url_parse(texts[i], &url, &e), ERR_USAGE);
        assert_null(strstr(e.message, "hunter2"));
        assert_null(strstr(e.next, "hunter2"));
        assert_null(memmem(&url, sizeof url, "hunter2", 7));
    }
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(link_scheme_name(LINK_SERIAL), "serial");
    assert_string_equal(link_scheme_name(LINK_RFC2217), "rfc2217");
    assert_string_equal(link_scheme_name(LINK_SIM), "sim");
    assert_string_equal(link_scheme_name((enum link_scheme)99), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),     cmocka_unit_test(test_bad),
        cmocka_unit_test(test_too_long), cmocka_unit_test(test_password_not_shown),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
