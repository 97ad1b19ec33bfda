/* Completion: what could stand where the cursor is, from the tables and from the attached device. */
#ifndef SHELL_COMPLETE_H
#define SHELL_COMPLETE_H

#include "shell/session.h"

struct complete_list {
    char **text; /* candidates, sorted, each beginning with what is typed */
    char **note; /* a word about each, or NULL; parallel */
    size_t count;
    bool files;        /* host files fit as well, */
    size_t files_from; /* for what is typed from this character of the word on */
};

#define COMPLETE_INIT ((struct complete_list){0})

/* Candidates for the word that ends at line[point] and begins at line[start]. Asks the attached device (never
 * attaches), at most COMPLETE_WAIT_MS for each question. */
enum { COMPLETE_WAIT_MS = 2000 };
void complete_line(struct session *session, const char *line, size_t start, size_t point,
                   struct complete_list *to);
void complete_free(struct complete_list *list);

#endif
