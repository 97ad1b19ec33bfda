/* Log: see log.h. Lines lie in a ring of bytes, each in one piece; a second ring tells where. */
#include "tui/log.h"
#include "base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct place {
    uint32_t at, len;
};

struct log {
    char *bytes;
    uint32_t next;       /* where the next line goes */
    struct place *place; /* of line number n: place[n % LOG_LINES_MAX] */
    uint64_t first, end; /* numbers of the oldest line kept, and of the next one */
    char *needle;        /* "": no filter */
    uint32_t *match;     /* ring of numbers (modulo 2^32) that the filter shows */
    uint64_t match_first, match_end;
};

struct log *log_new(void)
{
    struct log *log = mem_alloc(sizeof *log);
    log->bytes = mem_alloc(LOG_BYTES_MAX);
    log->place = mem_alloc(LOG_LINES_MAX * sizeof *log->place);
    log->needle = mem_string("");
    return log;
}

void log_free(struct log *log)
{
    if (log == NULL)
        return;
    free(log->bytes);
    free(log->place);
    free(log->needle);
    free(log->match);
    free(log);
}

uint64_t log_received(const struct log *log)
{
    return log->end;
}

static const struct place *place_of(const struct log *log, uint64_t number)
{
    return &log->place[number % LOG_LINES_MAX];
}

static bool holds(const char *line, size_t len, const char *needle)
{
    size_t n = strlen(needle);
    int first = tolower((unsigned char)*needle);
    for (size_t i = 0; i + n <= len; i++)
        if (tolower((unsigned char)line[i]) == first && strncasecmp(line + i, needle, n) == 0)
            return true;
    return n == 0;
}

/* --- the ring ------------------------------------------------------------------------------------------- */

static uint64_t match_number(const struct log *log, uint64_t i)
{
    uint32_t low = log->match[i % LOG_LINES_MAX];
    return log->first + (uint32_t)(low - (uint32_t)log->first);
}

static void drop_first(struct log *log)
{
    if (log->match != NULL && log->match_first < log->match_end &&
        match_number(log, log->match_first) == log->first)
        log->match_first++;
    log->first++;
}

/* Room for len bytes in one piece: lines that lie there go, the oldest first. */
static void make_room(struct log *log, uint32_t len)
{
    if (log->next + len > LOG_BYTES_MAX) {
        while (log->first < log->end && place_of(log, log->first)->at >= log->next)
            drop_first(log);
        log->next = 0;
    }
    while (log->first < log->end) {
        const struct place *oldest = place_of(log, log->first);
        if (oldest->at < log->next || oldest->at >= log->next + len)
            break;
        drop_first(log);
    }
    if (log->end - log->first == LOG_LINES_MAX)
        drop_first(log);
}

static void note_match(struct log *log, uint64_t number)
{
    const struct place *place = place_of(log, number);
    if (log->match != NULL && holds(log->bytes + place->at, place->len, log->needle))
        log->match[log->match_end++ % LOG_LINES_MAX] = (uint32_t)number;
}

void log_add(struct log *log, const char *line, size_t len)
{
    static const char cut[] = "…";
    bool over = len > LOG_LINE_MAX;
    uint32_t kept = over ? LOG_LINE_MAX : (uint32_t)len, whole = kept + (over ? (uint32_t)strlen(cut) : 0);
    /* An empty line takes a byte too, so that its place is its own. */
    make_room(log, whole + 1);
    memcpy(log->bytes + log->next, line, kept);
    if (over)
        memcpy(log->bytes + log->next + kept, cut, strlen(cut));
    log->place[log->end % LOG_LINES_MAX] = (struct place){log->next, whole};
    log->next += whole + 1;
    note_match(log, log->end++);
}

/* --- what is shown -------------------------------------------------------------------------------------- */

void log_filter(struct log *log, const char *needle)
{
    char *kept = mem_string(needle);
    free(log->needle);
    free(log->match);
    log->needle = kept;
    log->match = *needle ? mem_alloc(LOG_LINES_MAX * sizeof *log->match) : NULL;
    log->match_first = log->match_end = 0;
    for (uint64_t n = log->first; *needle && n < log->end; n++)
        note_match(log, n);
}

size_t log_rows(const struct log *log)
{
    return (size_t)(log->match ? log->match_end - log->match_first : log->end - log->first);
}

uint64_t log_number(const struct log *log, size_t row)
{
    return log->match ? match_number(log, log->match_first + row) : log->first + row;
}

size_t log_row_of(const struct log *log, uint64_t number)
{
    size_t low = 0, high = log_rows(log);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (log_number(log, middle) < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const char *log_line(const struct log *log, size_t row, size_t *len)
{
    const struct place *place = place_of(log, log_number(log, row));
    *len = place->len;
    return log->bytes + place->at;
}

long log_search(const struct log *log, const char *needle, long from, bool backwards)
{
    long rows = (long)log_rows(log);
    for (long i = 1; i <= rows; i++) {
        long row = (from + (backwards ? -i : i)) % rows;
        size_t len;
        row += row < 0 ? rows : 0;
        const char *line = log_line(log, (size_t)row, &len);
        if (holds(line, len, needle))
            return row;
    }
    return -1;
}

/* --- one line ------------------------------------------------------------------------------------------- */

/* Length of a colour sequence ESC [ digits and ; m (ECMA-48 SGR) at the start, or 0; *colour gets its last
 * foreground colour 0-7 when it names one. */
static size_t colour_sequence(const char *s, size_t len, int *colour)
{
    int number = 0;
    if (len < 3 || s[0] != '\033' || s[1] != '[')
        return 0;
    for (size_t i = 2; i < len && i < 24; i++) {
        if (isdigit((unsigned char)s[i])) {
            number = number < 1000 ? number * 10 + (s[i] - '0') : number;
            continue;
        }
        if (number >= 30 && number <= 37)
            *colour = number - 30;
        if (s[i] == 'm')
            return i + 1;
        if (s[i] != ';')
            return 0;
        number = 0;
    }
    return 0;
}

/* Levels as devices write them: "E (123) …" (ESP-IDF), "[E] …", "E: …", "… error …" is no level. */
static enum style level_of(const char *text, size_t len)
{
    static const struct {
        char letter;
        enum style style;
    } levels[] = {
        {'E', STYLE_LOG_ERROR},
        {'W', STYLE_LOG_WARN },
        {'I', STYLE_LOG_INFO },
        {'D', STYLE_LOG_DEBUG},
        {'V', STYLE_LOG_DEBUG}
    };
    if (len > 2 && text[0] == '[') {
        text++;
        len--;
    }
    for (size_t i = 0; len > 2 && i < sizeof levels / sizeof levels[0]; i++)
        if (text[0] == levels[i].letter &&
            (text[1] == ':' || text[1] == ']' || (text[1] == ' ' && text[2] == '(')))
            return levels[i].style;
    return STYLE_PLAIN;
}

enum style log_show(const char *line, size_t len, struct buf *to)
{
    static const enum style of_colour[8] = {
        [1] = STYLE_LOG_ERROR, [2] = STYLE_LOG_INFO, [3] = STYLE_LOG_WARN};
    struct buf clean = BUF_INIT;
    int colour = -1;
    for (size_t i = 0; i < len;) {
        int seen = -1;
        size_t skip = colour_sequence(line + i, len - i, &seen);
        if (skip > 0 && colour < 0)
            colour = seen;
        if (skip == 0)
            buf_add_byte(&clean, (uint8_t)line[i]);
        i += skip ? skip : 1;
    }
    enum style style =
        colour >= 0 && of_colour[colour] ? of_colour[colour] : level_of(buf_text(&clean), clean.len);
    text_printable(buf_text(&clean), clean.len, false, 0, to);
    for (size_t i = 0; i < to->len; i++)
        if (to->data[i] == '\t')
            to->data[i] = ' ';
    buf_free(&clean);
    return style;
}
