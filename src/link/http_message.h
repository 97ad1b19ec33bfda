/* HTTP/1.1 answers: the head alone (for the WebSocket upgrade) and whole ones with their body. Pure: bytes
 * in, fields out. Source: RFC 9112. Everything is bounded: the other side is not trusted. */
#ifndef LINK_HTTP_MESSAGE_H
#define LINK_HTTP_MESSAGE_H

#include "base/buf.h"
#include "base/error.h"
#include "link/url.h"

#include <stdbool.h>
#include <stddef.h>

enum { HTTP_HEAD_MAX = 8192 }; /* bytes of status line and headers together */

struct http_head {
    int status;
    size_t len;       /* bytes up to and with the empty line */
    const char *text; /* the head in the caller's buffer; valid as long as that */
};

enum http_progress { HTTP_MORE, HTTP_DONE, HTTP_BAD };

/* Looks at the bytes received so far. HTTP_BAD: no HTTP answer, or a head over HTTP_HEAD_MAX; e says which.
 */
enum http_progress http_head_parse(const char *bytes, size_t len, struct http_head *head, struct error *e);

/* The value of a header, without white space around it, cut at size; false when it is not there (name in any
 * case). */
bool http_head_value(const struct http_head *head, const char *name, char *to, size_t size);

/* Is `word` one of the comma-separated words of that header (in any case)? */
bool http_head_has(const struct http_head *head, const char *name, const char *word);

/* What a status means for someone who wants RPC: "404 (no such path)". `to` holds at least 64. */
const char *http_status_words(int status, char *to, size_t size);

struct http_reply {
    struct buf raw; /* received; from `at` on not yet understood */
    size_t at;
    struct buf body; /* decoded */
    size_t max_body;
    int status; /* 0 until the head is there */
    enum { HTTP_HEAD, HTTP_LENGTH, HTTP_CHUNKED, HTTP_UNTIL_END, HTTP_TRAILER, HTTP_WHOLE } phase;
    size_t left; /* of the body (HTTP_LENGTH) or of the chunk and its line end (HTTP_CHUNKED) */
    bool in_chunk;
    size_t trailer; /* bytes of trailer lines seen */
};

void http_reply_init(struct http_reply *r, size_t max_body);
void http_reply_free(struct http_reply *r);

/* Takes bytes as they come. Bytes behind a whole answer are ignored. */
enum http_progress http_reply_feed(struct http_reply *r, const void *bytes, size_t len, struct error *e);
/* The connection ended: HTTP_DONE when that is where the body ends too, else HTTP_BAD. */
enum http_progress http_reply_end(struct http_reply *r, struct error *e);

/* The value of a request's Host field: an IPv6 address in brackets and without its zone, the port unless it
 * is the scheme's own (RFC 9110 section 7.2). */
void http_host_text(const struct link_url *url, struct buf *to);

#endif
