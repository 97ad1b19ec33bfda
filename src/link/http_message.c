/* HTTP messages: see http_message.h. Errors here are the second half of a sentence: the callers know who
 * answered. */
#include "link/http_message.h"
#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { CHUNK_LINE_MAX = 256, TRAILER_MAX = 8192 };

static enum http_progress bad(struct error *e, const char *what)
{
    error_set(e, ERR_CONNECTION, "%s", what);
    return HTTP_BAD;
}

/* "HTTP/1.1 101 Switching Protocols": the code, or 0. */
static int parse_status(const char *line, size_t len)
{
    if (len < 12 || memcmp(line, "HTTP/1.", 7) != 0 || !isdigit((unsigned char)line[7]) || line[8] != ' ')
        return 0;
    int status = 0;
    for (int i = 9; i < 12; i++) {
        if (!isdigit((unsigned char)line[i]))
            return 0;
        status = status * 10 + (line[i] - '0');
    }
    bool ends = len == 12 || line[12] == ' ' || line[12] == '\r';
    return ends && status >= 100 ? status : 0;
}

enum http_progress http_head_parse(const char *bytes, size_t len, struct http_head *head, struct error *e)
{
    static const char start[] = "HTTP/1.";
    size_t known = len < sizeof start - 1 ? len : sizeof start - 1;
    if (memcmp(bytes, start, known) != 0)
        return bad(e, "what it sent is not HTTP");
    const char *end = memmem(bytes, len < HTTP_HEAD_MAX ? len : HTTP_HEAD_MAX, "\r\n\r\n", 4);
    if (end == NULL)
        return len >= HTTP_HEAD_MAX ? bad(e, "its header block is over 8 KiB") : HTTP_MORE;
    *head = (struct http_head){.text = bytes, .len = (size_t)(end - bytes) + 4};
    head->status = parse_status(bytes, head->len);
    return head->status != 0 ? HTTP_DONE : bad(e, "the first line of its answer is not HTTP");
}

bool http_head_value(const struct http_head *head, const char *name, char *to, size_t size)
{
    size_t want = strlen(name);
    const char *end = head->text + head->len, *line = memchr(head->text, '\n', head->len);
    for (; line != NULL && ++line < end; line = memchr(line, '\n', (size_t)(end - line))) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        if (stop == NULL || (size_t)(stop - line) <= want || line[want] != ':' ||
            strncasecmp(line, name, want) != 0)
            continue;
        const char *from = line + want + 1;
        while (from < stop && isspace((unsigned char)*from))
            from++;
        while (stop > from && isspace((unsigned char)stop[-1]))
            stop--;
        snprintf(to, size, "%.*s", (int)(stop - from), from);
        return true;
    }
    return false;
}

bool http_head_has(const struct http_head *head, const char *name, const char *word)
{
    char value[256];
    if (!http_head_value(head, name, value, sizeof value))
        return false;
    char *rest = value;
    for (char *item; (item = strsep(&rest, ",")) != NULL;) {
        item += strspn(item, " \t");
        item[strcspn(item, " \t;")] = '\0';
        if (strcasecmp(item, word) == 0)
            return true;
    }
    return false;
}

const char *http_status_words(int status, char *to, size_t size)
{
    static const struct {
        int status;
        const char *words;
    } known[] = {
        {200, "an ordinary page"  },
        {301, "moved elsewhere"   },
        {302, "moved elsewhere"   },
        {307, "moved elsewhere"   },
        {308, "moved elsewhere"   },
        {400, "bad request"       },
        {401, "a login is wanted" },
        {403, "access denied"     },
        {404, "no such path"      },
        {405, "method not allowed"},
        {413, "request too large" },
        {418, "shutting down"     },
        {426, "upgrade required"  },
        {500, "internal error"    },
        {502, "bad gateway"       },
        {503, "out of service"    },
        {504, "gateway time-out"  },
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].status == status) {
            snprintf(to, size, "%d (%s)", status, known[i].words);
            return to;
        }
    snprintf(to, size, "%d", status);
    return to;
}

void http_reply_init(struct http_reply *r, size_t max_body)
{
    *r = (struct http_reply){.max_body = max_body};
}

void http_reply_free(struct http_reply *r)
{
    buf_free(&r->raw);
    buf_free(&r->body);
}

/* Which framing the body has (RFC 9112 section 6.3). */
static enum http_progress begin_body(struct http_reply *r, const struct http_head *head, struct error *e)
{
    char value[32];
    uint64_t length;
    r->status = head->status;
    if (http_head_has(head, "Transfer-Encoding", "chunked")) {
        r->phase = HTTP_CHUNKED;
    } else if (http_head_value(head, "Content-Length", value, sizeof value)) {
        if (strspn(value, "0123456789") != strlen(value) || text_number(value, UINT64_MAX, &length) < 0)
            return bad(e, "its Content-Length is not a number");
        if (length > r->max_body)
            return bad(e, "its answer is larger than is taken");
        r->left = (size_t)length;
        r->phase = r->left > 0 ? HTTP_LENGTH : HTTP_WHOLE;
    } else {
        r->phase = r->status == 204 || r->status == 304 ? HTTP_WHOLE : HTTP_UNTIL_END;
    }
    return HTTP_DONE;
}

/* What is received and not yet understood. */
static const char *rest(const struct http_reply *r)
{
    return buf_text(&r->raw) + r->at;
}

static size_t rest_len(const struct http_reply *r)
{
    return r->raw.len - r->at;
}

static enum http_progress step_head(struct http_reply *r, struct error *e)
{
    struct http_head head;
    enum http_progress p = http_head_parse(rest(r), rest_len(r), &head, e);
    if (p != HTTP_DONE)
        return p;
    if (head.status >= 200)
        p = begin_body(r, &head, e);
    r->at += head.len; /* an interim 1xx head is passed over: another one follows */
    return p;
}

/* Moves raw bytes into the body, at most r->left. */
static enum http_progress take_body(struct http_reply *r, size_t max, struct error *e)
{
    size_t n = rest_len(r) < max ? rest_len(r) : max;
    if (n > r->max_body - r->body.len)
        return bad(e, "its answer is larger than is taken");
    buf_add(&r->body, rest(r), n);
    r->at += n;
    if (r->phase != HTTP_UNTIL_END)
        r->left -= n;
    return n > 0 ? HTTP_DONE : HTTP_MORE;
}

static enum http_progress step_length(struct http_reply *r, struct error *e)
{
    enum http_progress p = take_body(r, r->left, e);
    if (p == HTTP_DONE && r->left == 0)
        r->phase = HTTP_WHOLE;
    return p;
}

/* One line of raw without its end; its length with the end, 0 when it is not whole. */
static size_t find_line(const struct http_reply *r)
{
    const char *end = memchr(rest(r), '\n', rest_len(r));
    return end != NULL ? (size_t)(end - rest(r)) + 1 : 0;
}

/* "1a3[;extension]\r\n". */
static enum http_progress step_chunk_size(struct http_reply *r, struct error *e)
{
    size_t line = find_line(r);
    if (line == 0)
        return rest_len(r) > CHUNK_LINE_MAX ? bad(e, "a chunk of its answer has no length") : HTTP_MORE;
    char *end;
    const char *text = rest(r);
    unsigned long long size = isxdigit((unsigned char)text[0]) ? strtoull(text, &end, 16) : 0;
    if (!isxdigit((unsigned char)text[0]) || strchr(";\r\n \t", *end) == NULL)
        return bad(e, "a chunk of its answer has no length");
    if (size > r->max_body - r->body.len)
        return bad(e, "its answer is larger than is taken");
    r->at += line;
    r->left = (size_t)size;
    r->in_chunk = size > 0;
    if (size == 0)
        r->phase = HTTP_TRAILER;
    return HTTP_DONE;
}

static enum http_progress step_chunked(struct http_reply *r, struct error *e)
{
    if (!r->in_chunk)
        return step_chunk_size(r, e);
    if (r->left > 0)
        return take_body(r, r->left, e);
    if (rest_len(r) < 2)
        return HTTP_MORE;
    if (memcmp(rest(r), "\r\n", 2) != 0)
        return bad(e, "a chunk of its answer does not end where it says");
    r->at += 2;
    r->in_chunk = false;
    return HTTP_DONE;
}

static enum http_progress step_trailer(struct http_reply *r, struct error *e)
{
    size_t line = find_line(r);
    r->trailer += line;
    if (r->trailer + rest_len(r) > TRAILER_MAX)
        return bad(e, "the lines behind its answer are over 8 KiB");
    if (line == 0)
        return HTTP_MORE;
    if (line <= 2)
        r->phase = HTTP_WHOLE;
    r->at += line;
    return HTTP_DONE;
}

static enum http_progress step_until_end(struct http_reply *r, struct error *e)
{
    return take_body(r, rest_len(r), e);
}

enum http_progress http_reply_feed(struct http_reply *r, const void *bytes, size_t len, struct error *e)
{
    static enum http_progress (*const steps[])(struct http_reply *, struct error *) = {
        [HTTP_HEAD] = step_head,           [HTTP_LENGTH] = step_length,   [HTTP_CHUNKED] = step_chunked,
        [HTTP_UNTIL_END] = step_until_end, [HTTP_TRAILER] = step_trailer,
    };
    buf_add(&r->raw, bytes, len);
    enum http_progress p = HTTP_DONE;
    while (r->phase != HTTP_WHOLE && p == HTTP_DONE)
        p = steps[r->phase](r, e);
    buf_drop_front(&r->raw, r->at);
    r->at = 0;
    return p;
}

enum http_progress http_reply_end(struct http_reply *r, struct error *e)
{
    if (r->phase == HTTP_WHOLE || r->phase == HTTP_UNTIL_END)
        return HTTP_DONE;
    return bad(e, r->phase == HTTP_HEAD && r->raw.len == 0
                      ? "it closed the connection without an answer"
                      : "it closed the connection in the middle of its answer");
}

void http_host_text(const struct link_url *url, struct buf *to)
{
    bool bracketed = strchr(url->host, ':') != NULL;
    buf_printf(to, bracketed ? "[%.*s]" : "%.*s", (int)strcspn(url->host, "%"), url->host);
    bool tls = url->scheme == LINK_HTTPS || url->scheme == LINK_WSS;
    if (url->port != (tls ? 443 : 80))
        buf_printf(to, ":%u", url->port);
}
