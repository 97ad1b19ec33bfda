/* Mongoose OS RPC frames: JSON text <-> struct. Pure.
 * Source: the public mg_rpc sources and wire observations (doc/protocols.md, "Frames").
 *
 * Text that goes out is pure ASCII: a byte over 0x7F would clear a device's UART buffer, so it is written
 * \uXXXX. Text that comes in may hold bytes that are not UTF-8 and nesting of any depth: both end in a result
 * or an error. */
#ifndef CODEC_FRAME_H
#define CODEC_FRAME_H

#include "base/buf.h"
#include "base/error.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

enum frame_kind {
    FRAME_RESPONSE,     /* has id and no method */
    FRAME_REQUEST,      /* has method and id: wants an answer */
    FRAME_NOTIFICATION, /* has method and no id */
};

struct frame {
    enum frame_kind kind;
    int64_t id;    /* 0 when absent; ids sent as the string "12" arrive as 12 */
    char *src;     /* may be NULL */
    char *dst;     /* may be NULL */
    char *method;  /* requests and notifications */
    bool no_reply; /* "nr": true */
    cJSON *args;   /* "args" or "params"; may be NULL */
    cJSON *result; /* may be NULL (null and absent mean success without a value) */
    int error_code;
    char *error_message; /* NULL unless an "error" was there; code 0 without result is success */
    cJSON *auth;         /* may be NULL */
};

/* What one scan over JSON text finds before a byte is allocated for it. A parsed value costs some 150 bytes
 * whatever little text it came from, so their number is bounded too. */
enum frame_shape {
    FRAME_SHAPE_FITS,
    FRAME_SHAPE_DEEP,   /* nested over FRAME_MAX_DEPTH */
    FRAME_SHAPE_MANY,   /* over FRAME_MAX_VALUES values */
    FRAME_SHAPE_ZERO,   /* holds a zero character, raw or as \u0000: no C string could keep it */
    FRAME_SHAPE_BROKEN, /* ends inside a string or a bracket, or closes what was not open */
};
enum { FRAME_MAX_DEPTH = 64, FRAME_MAX_VALUES = 100000 };
enum frame_shape frame_scan(const char *text, size_t len);
const char *frame_shape_words(enum frame_shape shape); /* "it nests deeper than 64 levels" … */

/* Parses one frame. Bounded: what frame_scan finds wrong is refused before a byte is allocated for it.
 * Returns 0, or ERR_REFUSED with what is wrong; f is empty then. frame_free releases it. An id of 0 or null
 * counts as absent; an error without a number as code has code -1. */
int frame_parse(const char *text, size_t len, struct frame *f, struct error *e);
void frame_free(struct frame *f);

/* {"id":…,"src":…,"method":…,"args":…[,"auth":…]} in that order. args, auth and src may be NULL; args are
 * borrowed. */
void frame_request(struct buf *to, int64_t id, const char *src, const char *method, const cJSON *args,
                   const cJSON *auth);

/* Responses, for the side that answers (a client answers calls of a device with 404). dst and src may be
 * NULL. result NULL writes "result":null. */
void frame_response(struct buf *to, int64_t id, const char *src, const char *dst, const cJSON *result);
void frame_response_error(struct buf *to, int64_t id, const char *src, const char *dst, int code,
                          const char *message);

/* JSON of any value as pure ASCII on one line. Whole numbers are written as such; a byte that is no UTF-8
 * goes out as \u00NN, which a device turns back into that one byte. Set to->secret for args that hold keys.
 */
void frame_json(struct buf *to, const cJSON *value);

/* Parses any JSON text with the same bounds as frame_parse; NULL with e filled when it is not JSON. A device
 * may send bytes over 0x7F that are no UTF-8: they are kept as they are, text_printable shows them later. */
cJSON *frame_json_parse(const char *text, size_t len, struct error *e);

/* Largest frames a device takes (wire facts): 3064 payload bytes in a WebSocket frame, 3072 bytes of a whole
 * HTTP request, 4096 bytes of JSON on UART. */
enum { FRAME_LIMIT_WS = 3064, FRAME_LIMIT_HTTP = 3072, FRAME_LIMIT_UART = 4096 };

#endif
