/* chip.json: the whole chip, private keys included, as hex. One object with exactly the members below;
 * anything missing, extra, twice or impossible is refused, so that a damaged file never becomes a chip that
 * lies. */
#include "base/buf.h"
#include "base/file.h"
#include "base/secret.h"
#include "base/text.h"
#include "sim/chip_state.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

static const char format_name[] = "lockstep-chip-1";
enum { FILE_MAX = 16384 };

static const struct {
    const char *name;
    uint8_t revision[4];
} models[] = {
    [CHIP_ATECC508A] = {"atecc508a", {0x00, 0x00, 0x50, 0x00}},
    [CHIP_ATECC608A] = {"atecc608a", {0x00, 0x00, 0x60, 0x02}},
};
enum { MODELS = sizeof models / sizeof *models };

static const char *const members[] = {"format", "model", "config", "otp", "slots"};
enum { MEMBERS = sizeof members / sizeof *members };

/* --- saving --------------------------------------------------------------------------------------------- */

static void add_hex(struct buf *to, const uint8_t *bytes, size_t len)
{
    char hex[2 * CHIP_SLOT_MAX + 1];
    text_hex(bytes, len, hex);
    buf_printf(to, "\"%s\"", hex);
    secret_wipe(hex, sizeof hex);
}

int chip_save(struct chip *chip, const char *path, struct error *e)
{
    struct buf text = {.secret = true};
    buf_printf(&text, "{\n  \"format\": \"%s\",\n  \"model\": \"%s\",\n  \"config\": ", format_name,
               models[chip->model].name);
    add_hex(&text, chip->config, sizeof chip->config);
    buf_add_text(&text, ",\n  \"otp\": ");
    add_hex(&text, chip->otp, sizeof chip->otp);
    buf_add_text(&text, ",\n  \"slots\": [");
    for (int slot = 0; slot < CHIP_SLOTS; slot++) {
        buf_add_text(&text, slot == 0 ? "\n    " : ",\n    ");
        add_hex(&text, chip->slot[slot], chip_slot_size(slot));
    }
    buf_add_text(&text, "\n  ]\n}\n");
    int result = file_replace(path, 0600, text.data, text.len, e);
    buf_free(&text);
    if (result == 0)
        chip->dirty = false;
    return result;
}

/* --- loading -------------------------------------------------------------------------------------------- */

struct reader {
    const char *path;
    struct error *e;
};

static int refuse(const struct reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int refuse(const struct reader *r, const char *format, ...)
{
    struct buf why = BUF_INIT;
    va_list ap;
    va_start(ap, format);
    buf_vprintf(&why, format, ap);
    va_end(ap);
    error_set(r->e, ERR_REFUSED, "The chip's state in %s cannot be used: %s.", r->path, buf_text(&why));
    error_next(r->e, "Put a good copy of the file back, or move it away to start with a factory-fresh chip.");
    buf_free(&why);
    return ERR_REFUSED;
}

static int read_hex(const struct reader *r, const cJSON *item, const char *name, uint8_t *to, size_t len)
{
    if (!cJSON_IsString(item))
        return refuse(r, "its %s is not a string of hex digits", name);
    size_t n = strlen(item->valuestring);
    if (n != 2 * len)
        return refuse(r, "its %s has %zu hex digits instead of %zu", name, n, 2 * len);
    int found = text_unhex(item->valuestring, n, false, to, len);
    secret_wipe(item->valuestring, n);
    if (found != (int)len)
        return refuse(r, "its %s holds characters that are not hex digits", name);
    return 0;
}

/* Exactly the members of the format, each once. */
static int check_members(const struct reader *r, const cJSON *root)
{
    unsigned seen[MEMBERS] = {0};
    if (!cJSON_IsObject(root))
        return refuse(r, "it is not one JSON object");
    for (const cJSON *item = root->child; item; item = item->next) {
        size_t i = 0;
        while (i < MEMBERS && strcmp(item->string, members[i]) != 0)
            i++;
        if (i == MEMBERS) {
            char name[64];
            return refuse(r, "it has a member \"%s\" that does not belong there",
                          text_safe(item->string, name, sizeof name));
        }
        if (seen[i]++ > 0)
            return refuse(r, "it has the member \"%s\" twice", members[i]);
    }
    for (size_t i = 0; i < MEMBERS; i++)
        if (seen[i] == 0)
            return refuse(r, "it lacks the member \"%s\"", members[i]);
    return 0;
}

static int read_model(const struct reader *r, const cJSON *root, struct chip *chip)
{
    const char *format = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(root, "format"));
    const char *model = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(root, "model"));
    if (!format || strcmp(format, format_name) != 0)
        return refuse(r, "its format is not \"%s\"", format_name);
    for (size_t i = 0; i < MODELS; i++) {
        if (model && strcmp(model, models[i].name) == 0) {
            chip->model = (enum chip_model)i;
            return 0;
        }
    }
    return refuse(r, "its model is neither \"atecc508a\" nor \"atecc608a\"");
}

static int read_zones(const struct reader *r, const cJSON *root, struct chip *chip)
{
    int rc = read_hex(r, cJSON_GetObjectItemCaseSensitive(root, "config"), "configuration zone", chip->config,
                      sizeof chip->config);
    if (rc == 0)
        rc = read_hex(r, cJSON_GetObjectItemCaseSensitive(root, "otp"), "OTP zone", chip->otp,
                      sizeof chip->otp);
    const cJSON *slots = cJSON_GetObjectItemCaseSensitive(root, "slots");
    if (rc == 0 && (!cJSON_IsArray(slots) || cJSON_GetArraySize(slots) != CHIP_SLOTS))
        rc = refuse(r, "its slots are not an array of %d strings", CHIP_SLOTS);
    const cJSON *item = rc == 0 ? slots->child : NULL;
    for (int slot = 0; rc == 0 && slot < CHIP_SLOTS; slot++, item = item->next) {
        char name[24];
        snprintf(name, sizeof name, "slot %d", slot);
        rc = read_hex(r, item, name, chip->slot[slot], chip_slot_size(slot));
    }
    return rc;
}

/* A configuration zone that no real chip can have means a damaged file. */
static int check_config(const struct reader *r, const struct chip *chip)
{
    const uint8_t *config = chip->config;
    uint8_t value = config[CHIP_AT_LOCK_VALUE], lock = config[CHIP_AT_LOCK_CONFIG];
    if (config[0] != 0x01 || config[1] != 0x23 || config[12] != 0xEE)
        return refuse(r, "its serial number does not have the form 0123…ee");
    if (memcmp(config + CHIP_AT_REVISION, models[chip->model].revision, 4) != 0)
        return refuse(r, "bytes 4-7 of its configuration zone are not the revision of an %s",
                      models[chip->model].name);
    if ((value != CHIP_UNLOCKED && value != CHIP_LOCKED) || (lock != CHIP_UNLOCKED && lock != CHIP_LOCKED))
        return refuse(r, "a lock byte (86 or 87 of its configuration zone) is neither 0x55 nor 0x00");
    if (value == CHIP_LOCKED && lock == CHIP_UNLOCKED)
        return refuse(r, "its data zone is locked and its configuration zone is not, which no chip can be");
    return 0;
}

static int read_chip(const struct reader *r, const struct buf *text, struct chip *chip)
{
    const char *start = buf_text(text), *end = NULL;
    if (strlen(start) != text->len)
        return refuse(r, "it holds a NUL byte");
    cJSON *root = cJSON_ParseWithOpts(start, &end, true); /* nothing may follow the object */
    if (!root)
        return refuse(r, "it stops being JSON at byte %zu of %zu", end ? (size_t)(end - start) : 0,
                      text->len);
    int rc = check_members(r, root);
    if (rc == 0)
        rc = read_model(r, root, chip);
    if (rc == 0)
        rc = read_zones(r, root, chip);
    if (rc == 0)
        rc = check_config(r, chip);
    cJSON_Delete(root);
    return rc;
}

int chip_load(const char *path, struct chip **chip, struct error *e)
{
    struct reader r = {.path = path, .e = e};
    struct buf text = {.secret = true};
    *chip = NULL;
    int rc = file_read(path, FILE_MAX, &text, e);
    if (rc != 0) {
        error_prefix(e, "reading the chip's state");
    } else {
        struct chip *read = mem_alloc(sizeof *read);
        rc = read_chip(&r, &text, read);
        chip_wake(read); /* a process that starts is a chip that gets its power */
        if (rc == 0)
            *chip = read;
        else
            chip_free(read);
    }
    buf_free(&text);
    return rc;
}
