/* The state folder: see state.h. */
#include "sim/state.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/path.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const model_words[] = {[CHIP_ATECC508A] = "atecc508a", [CHIP_ATECC608A] = "atecc608a"};

char *sim_state_path(const struct board *b, const char *name)
{
    return path_join(b->folder, name);
}

/* What the folder says its board is, or NULL for a fresh folder. */
static int read_identity(const char *path, cJSON **identity, struct error *e)
{
    *identity = NULL;
    if (access(path, F_OK) != 0)
        return 0;
    struct buf text = BUF_INIT;
    int rc = file_read(path, 4096, &text, e);
    if (rc == 0 && (*identity = cJSON_ParseWithLength(buf_text(&text), text.len)) == NULL)
        rc = error_set(e, ERR_REFUSED, "The state folder's %s is not JSON.", path);
    buf_free(&text);
    return rc;
}

/* The word kept in the folder wins; an option that says otherwise is refused. */
static int settle(const cJSON *identity, const char *key, const char *option, const char *given,
                  const char *fresh, char *to, size_t size, struct error *e)
{
    const cJSON *kept = cJSON_GetObjectItemCaseSensitive(identity, key);
    const char *word = cJSON_IsString(kept) ? kept->valuestring : given ? given : fresh;
    snprintf(to, size, "%s", word);
    if (given == NULL || strcmp(word, given) == 0)
        return 0;
    error_set(e, ERR_USAGE, "%s %s does not fit the state folder, whose board has %s.", option, given, to);
    return error_next(e, "Leave %s out, or take another folder.", option);
}

static int write_identity(const char *path, const char *platform, const char *chip, struct error *e)
{
    char text[96];
    int n = snprintf(text, sizeof text, "{\"platform\":\"%s\",\"chip\":\"%s\"}\n", platform, chip);
    return file_replace(path, 0600, text, (size_t)n, e);
}

static int open_chip(struct board *b, const char *model, struct error *e)
{
    if (strcmp(model, "none") == 0)
        return 0;
    char *path = sim_state_path(b, "chip.json");
    int rc = 0;
    if (access(path, F_OK) == 0) {
        rc = chip_load(path, &b->chip, e);
        if (rc == 0 && strcmp(model_words[chip_model(b->chip)], model) != 0)
            rc = error_set(e, ERR_REFUSED, "%s holds an %s, but the folder's board has an %s.", path,
                           model_words[chip_model(b->chip)], model);
    } else {
        b->chip = chip_new(strcmp(model, "atecc608a") == 0 ? CHIP_ATECC608A : CHIP_ATECC508A, NULL);
        rc = chip_save(b->chip, path, e);
    }
    free(path);
    return rc;
}

static int make_folder(struct board *b, struct error *e)
{
    if (b->options->state != NULL) {
        b->folder = mem_string(b->options->state);
        int rc = file_make_folder(b->folder, 0700, e);
        if (rc < 0)
            return rc;
    } else {
        const char *base = getenv("TMPDIR");
        b->folder = mem_printf("%s/lockstep-sim.XXXXXX", base && *base ? base : "/tmp");
        if (mkdtemp(b->folder) == NULL)
            return error_set_errno(e, ERR_REFUSED,
                                   "No temporary folder could be made for the device's state");
        b->temporary = true;
    }
    b->fs = path_join(b->folder, "fs");
    return file_make_folder(b->fs, 0700, e);
}

int sim_state_open(struct board *b, struct error *e)
{
    int rc = make_folder(b, e);
    if (rc < 0)
        return rc;
    char *path = sim_state_path(b, "board.json"), chip[16];
    cJSON *identity;
    rc = read_identity(path, &identity, e);
    if (rc == 0)
        rc = settle(identity, "platform", "--platform", b->options->platform, "esp32", b->platform,
                    sizeof b->platform, e);
    if (rc == 0)
        rc = settle(identity, "chip", "--chip", b->options->chip, "atecc508a", chip, sizeof chip, e);
    if (rc == 0 && identity == NULL)
        rc = write_identity(path, b->platform, chip, e);
    if (rc == 0)
        rc = open_chip(b, chip, e);
    cJSON_Delete(identity);
    free(path);
    return rc;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

void sim_state_close(struct board *b)
{
    if (b->temporary)
        nftw(b->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    b->temporary = false;
    chip_free(b->chip);
    b->chip = NULL;
    free(b->fs);
    free(b->folder);
    b->fs = b->folder = NULL;
}
