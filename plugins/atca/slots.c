/* atca-slots: what each slot may do, in words. */
#include "atca.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CELL = 160 };

typedef void words_fn(const struct atecc_config *config, unsigned slot, struct buf *to);

static const char *words(words_fn *fn, const struct atecc_config *config, unsigned slot, char cell[CELL])
{
    struct buf text = BUF_INIT;
    fn(config, slot, &text);
    snprintf(cell, CELL, "%s", text.len ? buf_text(&text) : "–");
    buf_free(&text);
    return cell;
}

/* Whether a key is there: "yes", "no", "?" when the chip would not tell, "–" for what holds no key pair. */
static const char *key_word(struct op_call *call, const struct atecc_config *config, unsigned slot,
                            uint8_t point[PKI_POINT_SIZE])
{
    struct error ignored = {0};
    if (!atca_is_ecc(config, slot))
        return "–";
    if (atecc_predict(config, ATECC_GET_PUB_KEY, slot, &ignored) != 0)
        return "?";
    return atca_pub_key_there(call, config, slot, point) ? "yes" : "no";
}

static const char *lock_word(const struct atecc_config *config, unsigned slot)
{
    return config->slot[slot].locked ? "locked" : "open";
}

static void show_all(struct op_call *call, const struct atecc_config *config)
{
    static const struct op_column columns[] = {
        {"slot",  "slot" },
        {"holds", "holds"},
        {"use",   "use"  },
        {"write", "write"},
        {"key",   "key"  },
        {"lock",  "lock" }
    };
    op_table_begin(call, "slots", columns, sizeof columns / sizeof *columns);
    for (unsigned slot = 0; slot < ATECC_SLOTS; slot++) {
        uint8_t point[PKI_POINT_SIZE];
        char number[4], holds[CELL], use[CELL], write[CELL];
        snprintf(number, sizeof number, "%u", slot);
        const char *cells[] = {number,
                               words(atecc_words_holds, config, slot, holds),
                               words(atecc_words_use, config, slot, use),
                               words(atecc_words_write, config, slot, write),
                               key_word(call, config, slot, point),
                               lock_word(config, slot)};
        op_table_row(call, cells);
    }
    op_table_end(call);
}

static void show_findings(struct op_call *call, const struct atecc_config *config)
{
    struct buf weak = BUF_INIT;
    cJSON *list = cJSON_CreateArray();
    atecc_words_weak(config, &weak);
    for (const char *line = buf_text(&weak); *line != '\0';) {
        size_t len = strcspn(line, "\n");
        char *one = mem_printf("%.*s", (int)len, line);
        op_say(call, "  finding: %s", one);
        cJSON_AddItemToArray(list, cJSON_CreateString(one));
        free(one);
        line += len + (line[len] == '\n');
    }
    op_json(call, "findings", list);
    buf_free(&weak);
}

/* --- one slot ------------------------------------------------------------------------------------------- */

static void add_word(struct buf *to, bool is_set, const char *word)
{
    if (is_set)
        buf_printf(to, "  %s", word);
}

static void slot_config_words(const struct atecc_slot *slot, struct buf *to)
{
    static const char *const uses[] = {"external sign", "internal sign", "ECDH", "ECDH into slot n|1"};
    const char *between = " (";
    buf_printf(to, "0x%04x  ReadKey %u", slot->slot_config, slot->read_key);
    for (unsigned bit = 0; slot->is_private && bit < sizeof uses / sizeof *uses; bit++)
        if (slot->read_key & 1u << bit) {
            buf_printf(to, "%s%s", between, uses[bit]);
            between = ", ";
        }
    if (*between == ',')
        buf_add_text(to, ")");
    add_word(to, slot->no_mac, "NoMac");
    add_word(to, slot->limited_use, "LimitedUse");
    add_word(to, slot->encrypt_read, "EncryptRead");
    add_word(to, slot->is_secret, "IsSecret");
    buf_printf(to, "  WriteKey %u  WriteConfig 0x%x", slot->write_key, slot->write_config);
}

static void key_config_words(const struct atecc_slot *slot, struct buf *to)
{
    const char *type = slot->key_type == ATECC_KEY_ECC     ? "ECC P-256"
                       : slot->key_type == ATECC_KEY_AES   ? "AES"
                       : slot->key_type == ATECC_KEY_OTHER ? "other"
                                                           : "reserved";
    buf_printf(to, "0x%04x  KeyType %u (%s)", slot->key_config, slot->key_type, type);
    add_word(to, slot->is_private, "Private");
    add_word(to, slot->pub_info, "PubInfo");
    add_word(to, slot->lockable, "Lockable");
    add_word(to, slot->req_random, "ReqRandom");
    add_word(to, slot->req_auth, "ReqAuth");
    if (slot->req_auth)
        buf_printf(to, "  AuthKey %u", slot->auth_key);
    add_word(to, slot->intrusion_disable, "IntrusionDisable");
    buf_printf(to, "  X509id %u", slot->x509_id);
}

static void field(struct op_call *call, const char *key, const char *label, words_fn *fn,
                  const struct atecc_config *config, unsigned slot)
{
    char cell[CELL];
    op_field(call, key, label, "%s", words(fn, config, slot, cell));
}

static void show_one(struct op_call *call, const struct atecc_config *config, unsigned slot)
{
    uint8_t point[PKI_POINT_SIZE];
    char digest[65];
    struct buf bits = BUF_INIT;
    const char *key = key_word(call, config, slot, point);
    op_field(call, "slot", "Slot", "%u", slot);
    field(call, "holds", "Holds", atecc_words_holds, config, slot);
    field(call, "use", "Use", atecc_words_use, config, slot);
    field(call, "read", "Read", atecc_words_read, config, slot);
    field(call, "write", "Write", atecc_words_write, config, slot);
    op_field(call, "lock", "Slot lock", "%s", lock_word(config, slot));
    if (strcmp(key, "yes") == 0) {
        pki_fingerprint(point, digest);
        op_field(call, "public_key_sha256", "Public key", "SHA-256 %s", digest);
    } else if (strcmp(key, "no") == 0) {
        op_field(call, "key", "Public key", "none: no key answers");
    } else if (atca_is_ecc(config, slot)) {
        struct error why = {0};
        atecc_predict(config, ATECC_GET_PUB_KEY, slot, &why);
        op_field(call, "key", "Public key", "not told: %s", why.message);
    }
    slot_config_words(&config->slot[slot], &bits);
    op_field(call, "slot_config", "SlotConfig", "%s", buf_text(&bits));
    buf_clear(&bits);
    key_config_words(&config->slot[slot], &bits);
    op_field(call, "key_config", "KeyConfig", "%s", buf_text(&bits));
    buf_free(&bits);
}

static int run(struct op_call *call, size_t step, struct error *e)
{
    struct atecc_config config;
    (void)step;
    int code = atca_begin(call, &config, e);
    if (code != 0)
        return code;
    if (op_arg_given(call, "SLOT")) {
        show_one(call, &config, (unsigned)op_arg_number(call, "SLOT"));
        return 0;
    }
    show_all(call, &config);
    show_findings(call, &config);
    return 0;
}

static const struct op_arg args[] = {
    {.name = "SLOT",         .type = TYPE_SLOT, .flags = ARG_OPTIONAL, .help = "one slot in detail, 0-15"},
    {0},
};

const struct op atca_op_slots = {
    .name = "atca-slots",
    .summary = "show what each slot of the chip holds and may do",
    .help = "Each slot's policy in words: what it holds, what its key may do, how it can be written, whether "
            "a key "
            "answers (?: the chip does not tell in this state), whether it is locked on its own. Below it, "
            "what is "
            "permissive about this configuration.",
    .example = "atca-slots\natca-slots 0",
    .args = args,
    .needs = NEED_ATCA,
    .hazard = HAZARD_NONE,
    .run = run,
};
