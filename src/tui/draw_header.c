/* The header line: which device, over which link, which chip and what of it is locked, whether steps that
 * can't be undone are armed; and the clock. */
#include "base/text.h"
#include "tui/inside.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct piece {
    enum style style;
    int need; /* what is needed less goes first where the line is too short; 0 stays */
    char text[96];
};

enum { PIECES = 8, GAP = 2, WIDE = 100 };

static void add(struct piece *pieces, size_t *count, enum style style, int need, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

static void add(struct piece *pieces, size_t *count, enum style style, int need, const char *format, ...)
{
    va_list ap;
    if (*count == PIECES)
        return;
    struct piece *piece = &pieces[*count];
    va_start(ap, format);
    vsnprintf(piece->text, sizeof piece->text, format, ap);
    va_end(ap);
    piece->style = style;
    piece->need = need;
    *count += piece->text[0] != '\0';
}

/* The last part of a port's name: "ttyUSB0" of "/dev/ttyUSB0"; networks and sim: as they are. */
static void add_link(const struct tui *tui, struct piece *pieces, size_t *count)
{
    char safe[64];
    if (tui->device == NULL) {
        add(pieces, count, STYLE_LOST, 0, "no device attached");
        return;
    }
    const char *port = device_port(tui->device), *slash = strrchr(port, '/');
    bool path = port[0] == '/' || text_starts(port, "serial:");
    if (path && slash != NULL && isdigit((unsigned char)slash[1])) /* "pts/4" says more than "4" */
        do
            slash--;
        while (slash > port && *slash != '/');
    bool lost = tui->snapshot.link != RPC_UP;
    text_safe(path && slash ? slash + 1 : port, safe, 40);
    add(pieces, count, lost ? STYLE_LOST : STYLE_HEADER, 0, "%s%s", safe,
        !lost                                    ? ""
        : tui->snapshot.link == RPC_RECONNECTING ? " reconnecting"
                                                 : " LOST");
}

/* Of the serial number the four digits before its constant end, by which people know the chip. */
static void add_chip(const struct tui *tui, struct piece *pieces, size_t *count)
{
    const struct atecc_config *chip = &tui->snapshot.chip;
    char serial[2 * ATECC_SERIAL_SIZE + 1];
    if (!tui->snapshot.part[SNAPSHOT_CHIP].have)
        return;
    bool config = chip->lock_config != ATECC_UNLOCKED, data = chip->lock_value != ATECC_UNLOCKED;
    atecc_serial_hex(chip, serial);
    add(pieces, count, STYLE_HEADER, 0, "%s …%.4s", atecc_model(chip), serial + strlen(serial) - 6);
    if (tui->canvas.cols < WIDE)
        add(pieces, count, STYLE_HEADER, 0, "%s config %s data", config ? "●" : "○", data ? "●" : "○");
    else
        add(pieces, count, STYLE_HEADER, 0, "%s config  %s data", config ? "● locked" : "○ open",
            data ? "● locked" : "○ open");
}

static bool is_armed(const struct tui *tui)
{
    return tui->session->armed[0] != '\0' && tui->device != NULL;
}

/* Leaves out what is needed least until the rest fits. */
static void fit(struct piece *pieces, size_t count, int room)
{
    for (int need = PIECES; need > 0; need--) {
        int width = 0;
        for (size_t i = 0; i < count; i++)
            width += pieces[i].text[0] ? canvas_width(pieces[i].text) + GAP : 0;
        for (size_t i = 0; i < count && width - GAP > room; i++)
            if (pieces[i].need == need)
                pieces[i].text[0] = '\0';
    }
}

static void add_all(const struct tui *tui, struct piece *pieces, size_t *count)
{
    char id[64], arch[32];
    text_safe(view_json_text(tui->snapshot.info, "id", ""), id, 24);
    text_safe(view_json_text(tui->snapshot.info, "arch", ""), arch, 16);
    add(pieces, count, STYLE_HEADER_NAME, 3, "lockstep");
    add(pieces, count, STYLE_HEADER_NAME, 1, "%s", id);
    add(pieces, count, STYLE_HEADER, 2, "%s", arch);
    add_link(tui, pieces, count);
    add_chip(tui, pieces, count);
    if (strcmp(arch, "esp32") == 0) /* its eFuses tell, RPC does not */
        add(pieces, count, STYLE_HEADER_DIM, 4, "flash enc ?");
}

void draw_header(struct tui *tui)
{
    struct piece pieces[PIECES] = {0};
    size_t count = 0;
    char clock[16];
    struct rect at = tui->layout.header;
    time_t now = time(NULL);
    struct tm local;
    localtime_r(&now, &local);
    strftime(clock, sizeof clock, "%H:%M:%S", &local);
    const char *mode = is_armed(tui) ? "◆ LIVE" : "◇ DRY";
    int right = at.cols - 1 - (int)strlen(clock), x = 1;
    canvas_fill(&tui->canvas, at, STYLE_HEADER);
    canvas_put(&tui->canvas, at.y, right, (int)strlen(clock), STYLE_HEADER, clock);
    right -= canvas_width(mode) + GAP;
    canvas_put(&tui->canvas, at.y, right, canvas_width(mode), is_armed(tui) ? STYLE_LIVE : STYLE_DRY, mode);
    add_all(tui, pieces, &count);
    fit(pieces, count, right - GAP - x);
    for (size_t i = 0; i < count && x < right - GAP; i++)
        if (pieces[i].text[0] != '\0')
            x += canvas_put(&tui->canvas, at.y, x, right - GAP - x, pieces[i].style, pieces[i].text) + GAP;
}
