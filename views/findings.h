/* What the snapshot proves to be weak, worst first. */
#ifndef VIEWS_FINDINGS_H
#define VIEWS_FINDINGS_H

#include "shell/view.h"

enum { FINDING_MAX = 64, FINDING_TEXT = 320 };

struct finding {
    enum view_style style; /* VIEW_BAD: high, VIEW_WARN: medium */
    char text[FINDING_TEXT];
    const char *why;  /* what proves it, or NULL when the text says that already */
    const char *help; /* the command that helps */
};

struct findings {
    struct finding item[FINDING_MAX];
    size_t count, high;
};

void findings_of(const struct snapshot *snapshot, struct findings *to);

#endif
