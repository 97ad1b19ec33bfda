/* An HTTP/1.1 request taken apart. Pure; strings point into the text. */
#ifndef SIM_REQUEST_H
#define SIM_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

struct sim_span {
    const char *at;
    size_t len;
};

struct sim_request {
    struct sim_span method, target, path; /* path: the target without its query */
    struct sim_span headers;              /* the lines after the first */
    struct sim_span body;
    size_t length; /* of the whole request, body included */
};

enum sim_request_state { SIM_REQUEST_PARTIAL, SIM_REQUEST_WHOLE, SIM_REQUEST_TOO_LONG, SIM_REQUEST_BAD };

/* SIM_REQUEST_TOO_LONG as soon as it is clear that the request will be over `limit` bytes. */
enum sim_request_state sim_request_parse(const char *text, size_t len, size_t limit, struct sim_request *r);

/* A header's value, trimmed; .at NULL when it is missing. Names are compared without case. */
struct sim_span sim_request_header(const struct sim_request *r, const char *name);

bool sim_span_is(struct sim_span span, const char *text);
bool sim_span_has(struct sim_span span, const char *word); /* without case, anywhere in it */

#endif
