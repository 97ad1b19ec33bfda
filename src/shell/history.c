/* History: see history.h. */
#include "shell/history.h"
#include "base/file.h"
#include "base/path.h"
#include "shell/parser.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <readline/history.h>

bool history_redact(const struct registry *registry, const char *line, struct buf *to)
{
    struct words words;
    struct parse parse = PARSE_INIT;
    bool kept = lexer_line(line, &words, NULL) == 0 && words.count > 0 &&
                parser_parse(registry, &words, &parse, NULL) == 0 && parse_is_whole(&parse);
    if (kept && parse_has_secret(&parse))
        parse_line(&parse, PARSE_LINE_EXPAND, NULL, to);
    else if (kept)
        buf_add_text(to, line);
    parse_free(&parse);
    words_free(&words);
    return kept && strchr(buf_text(to), '\n') == NULL;
}

void history_open(struct history *history)
{
    struct buf text = BUF_INIT;
    char *folder = path_xdg(PATH_STATE, "");
    history->path = path_xdg(PATH_STATE, "history");
    if (file_make_folder(folder, 0700, NULL) < 0) {
        free(history->path);
        history->path = NULL;
    }
    free(folder);
    using_history();
    stifle_history(HISTORY_MAX);
    if (history->path != NULL && access(history->path, F_OK) == 0)
        file_read(history->path, 4 * 1024 * 1024, &text, NULL);
    size_t lines = 0;
    char *at = (char *)text.data, *end;
    for (; at != NULL && (end = strchr(at, '\n')) != NULL; at = end + 1, lines++) {
        *end = '\0';
        add_history(at);
    }
    if (lines > 2 * HISTORY_MAX) { /* the older half goes */
        struct buf kept = BUF_INIT;
        HIST_ENTRY **list = history_list();
        for (size_t i = 0; list != NULL && list[i] != NULL; i++)
            buf_printf(&kept, "%s\n", list[i]->line);
        file_replace(history->path, 0600, kept.data, kept.len, NULL);
        buf_free(&kept);
    }
    buf_free(&text);
}

static void append(const char *path, const char *line)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return;
    char *text = mem_printf("%s\n", line);
    if (fchmod(fd, 0600) == 0)
        file_write_all(fd, text, strlen(text), NULL);
    free(text);
    close(fd);
}

void history_add(struct history *history, const struct registry *registry, const char *line)
{
    struct buf kept = {.secret = true};
    if (line[strspn(line, " \t")] == '\0')
        return;
    if (history_redact(registry, line, &kept)) {
        add_history(buf_text(&kept));
        if (history->path != NULL)
            append(history->path, buf_text(&kept));
    } else {
        add_history(line); /* to be mended in this session; it is not written down */
    }
    buf_free(&kept);
}

void history_close(struct history *history)
{
    clear_history();
    free(history->path);
    history->path = NULL;
}
