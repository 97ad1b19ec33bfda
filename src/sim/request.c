/* HTTP requests: see request.h. */
#include "sim/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool sim_span_is(struct sim_span span, const char *text)
{
    return span.at != NULL && span.len == strlen(text) && memcmp(span.at, text, span.len) == 0;
}

bool sim_span_has(struct sim_span span, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; span.at != NULL && i + n <= span.len; i++)
        if (strncasecmp(span.at + i, word, n) == 0)
            return true;
    return false;
}

struct sim_span sim_request_header(const struct sim_request *r, const char *name)
{
    size_t n = strlen(name);
    const char *end = r->headers.at + r->headers.len;
    for (const char *line = r->headers.at; line < end;) {
        const char *stop = memmem(line, (size_t)(end - line), "\r\n", 2);
        if (stop == NULL)
            stop = end;
        if ((size_t)(stop - line) > n && line[n] == ':' && strncasecmp(line, name, n) == 0) {
            const char *value = line + n + 1;
            while (value < stop && (*value == ' ' || *value == '\t'))
                value++;
            while (stop > value && (stop[-1] == ' ' || stop[-1] == '\t'))
                stop--;
            return (struct sim_span){value, (size_t)(stop - value)};
        }
        line = stop + 2;
    }
    return (struct sim_span){NULL, 0};
}

/* "METHOD SP target SP HTTP/1.x" */
static bool parse_first_line(const char *text, size_t len, struct sim_request *r)
{
    const char *space = memchr(text, ' ', len);
    if (space == NULL || space == text)
        return false;
    r->method = (struct sim_span){text, (size_t)(space - text)};
    const char *target = space + 1;
    size_t left = len - (size_t)(target - text);
    const char *stop = memchr(target, ' ', left);
    if (stop == NULL || *target != '/' || strncmp(stop + 1, "HTTP/1.", 7) != 0)
        return false;
    const char *query = memchr(target, '?', (size_t)(stop - target));
    r->target = (struct sim_span){target, (size_t)(stop - target)};
    r->path = (struct sim_span){target, (size_t)((query ? query : stop) - target)};
    return true;
}

enum sim_request_state sim_request_parse(const char *text, size_t len, size_t limit, struct sim_request *r)
{
    *r = (struct sim_request){0};
    const char *end = memmem(text, len, "\r\n\r\n", 4);
    if (end == NULL)
        return len > limit ? SIM_REQUEST_TOO_LONG : SIM_REQUEST_PARTIAL;
    const char *line_end = memmem(text, len, "\r\n", 2);
    if (!parse_first_line(text, (size_t)(line_end - text), r))
        return SIM_REQUEST_BAD;
    const char *headers = line_end + 2;
    r->headers = (struct sim_span){headers, end > headers ? (size_t)(end - headers) : 0};
    size_t head = (size_t)(end - text) + 4, body = 0;
    struct sim_span length = sim_request_header(r, "Content-Length");
    if (length.at != NULL) {
        char digits[12] = "";
        if (length.len == 0 || length.len >= sizeof digits)
            return length.len ? SIM_REQUEST_TOO_LONG : SIM_REQUEST_BAD;
        memcpy(digits, length.at, length.len);
        char *stop;
        body = strtoul(digits, &stop, 10);
        if (*stop != '\0' || digits[0] == '-')
            return SIM_REQUEST_BAD;
    }
    if (sim_request_header(r, "Transfer-Encoding").at != NULL)
        return SIM_REQUEST_BAD; /* the firmware's RPC takes bodies of known length only */
    r->length = head + body;
    r->body = (struct sim_span){text + head, body};
    if (r->length > limit)
        return SIM_REQUEST_TOO_LONG;
    return len < r->length ? SIM_REQUEST_PARTIAL : SIM_REQUEST_WHOLE;
}
