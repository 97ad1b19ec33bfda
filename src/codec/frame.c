/* RPC frames: see frame.h. cJSON does the parsing; what it leaves open (bounds, ASCII, whole numbers, a
 * missing bracket at the very end) is decided here. */
#include "codec/frame.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- reading -------------------------------------------------------------------------------------------- */

enum frame_shape frame_scan(const char *text, size_t len)
{
    size_t depth = 0, values = 1;
    bool in_string = false;
    if (memchr(text, '\0', len) != NULL)
        return FRAME_SHAPE_ZERO;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (in_string) {
            if (c == '\\' && len - i > 5 && memcmp(text + i + 1, "u0000", 5) == 0)
                return FRAME_SHAPE_ZERO;
            i += c == '\\';
            in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            values++;
            if (++depth > FRAME_MAX_DEPTH)
                return FRAME_SHAPE_DEEP;
        } else if (c == '}' || c == ']') {
            if (depth-- == 0)
                return FRAME_SHAPE_BROKEN;
        } else if (c == ',' && ++values > FRAME_MAX_VALUES) {
            return FRAME_SHAPE_MANY;
        }
    }
    return depth == 0 && !in_string ? FRAME_SHAPE_FITS : FRAME_SHAPE_BROKEN;
}

const char *frame_shape_words(enum frame_shape shape)
{
    static const char *const words[] = {
        [FRAME_SHAPE_FITS] = "nothing is wrong with it",
        [FRAME_SHAPE_DEEP] = "it nests deeper than 64 levels",
        [FRAME_SHAPE_MANY] = "it holds more than 100000 values",
        [FRAME_SHAPE_ZERO] = "it holds a zero character",
        [FRAME_SHAPE_BROKEN] = "its brackets or quotes do not match",
    };
    return words[shape];
}

cJSON *frame_json_parse(const char *text, size_t len, struct error *e)
{
    enum frame_shape shape = frame_scan(text, len);
    if (shape != FRAME_SHAPE_FITS) {
        error_set(e, ERR_REFUSED, "The JSON text cannot be taken: %s.", frame_shape_words(shape));
        return NULL;
    }
    const char *end = text;
    cJSON *value = cJSON_ParseWithLengthOpts(text, len, &end, false);
    size_t at = end == NULL ? 0 : (size_t)(end - text);
    while (value != NULL && at < len && strchr(" \t\r\n", text[at]) != NULL)
        at++;
    if (value != NULL && at == len)
        return value;
    cJSON_Delete(value);
    if (len == 0)
        error_set(e, ERR_REFUSED, "The text cannot be read: it is no JSON, for it is empty.");
    else
        error_set(e, ERR_REFUSED, "The text cannot be read: it is no JSON from byte %zu of %zu on.", at + 1,
                  len);
    return NULL;
}

/* Inside the range where an int64_t can be asked. */
static bool is_whole(double d)
{
    return d > -1e18 && d < 1e18 && d == (double)(int64_t)d;
}

static bool read_id(const cJSON *item, int64_t *id)
{
    *id = 0;
    if (item == NULL || cJSON_IsNull(item))
        return true;
    if (cJSON_IsNumber(item)) {
        double d = item->valuedouble;
        if (!is_whole(d))
            return false;
        *id = (int64_t)d;
        return true;
    }
    const char *s = cJSON_GetStringValue(item);
    if (s == NULL || s[strspn(s, "-0123456789")] != '\0' || strlen(s) > 18)
        return false;
    char *end;
    *id = strtoll(s, &end, 10);
    return end != s && *end == '\0';
}

static cJSON *take_item(cJSON *root, const char *name)
{
    cJSON *item = cJSON_DetachItemFromObjectCaseSensitive(root, name);
    if (!cJSON_IsNull(item))
        return item;
    cJSON_Delete(item);
    return NULL;
}

static char *copy_text(const cJSON *root, const char *name)
{
    const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(root, name));
    return s == NULL ? NULL : mem_string(s);
}

static void read_error(const cJSON *error, struct frame *f)
{
    if (error == NULL || cJSON_IsNull(error))
        return;
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(error, "code");
    f->error_code = cJSON_IsNumber(code) ? code->valueint : -1;
    f->error_message = cJSON_IsString(error) ? mem_string(error->valuestring) : copy_text(error, "message");
    if (f->error_message == NULL)
        f->error_message = mem_string("");
}

/* Returns what is wrong, or NULL. */
static const char *read_frame(cJSON *root, struct frame *f)
{
    if (!cJSON_IsObject(root))
        return "it is no object";
    if (!read_id(cJSON_GetObjectItemCaseSensitive(root, "id"), &f->id))
        return "its id is no whole number";
    const cJSON *method = cJSON_GetObjectItemCaseSensitive(root, "method");
    if (method != NULL && !cJSON_IsString(method))
        return "its method is no text";
    if (method == NULL && f->id == 0)
        return "it has neither an id nor a method";
    f->kind = method == NULL ? FRAME_RESPONSE : f->id != 0 ? FRAME_REQUEST : FRAME_NOTIFICATION;
    f->method = copy_text(root, "method");
    f->src = copy_text(root, "src");
    f->dst = copy_text(root, "dst");
    f->no_reply = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(root, "nr"));
    read_error(cJSON_GetObjectItemCaseSensitive(root, "error"), f);
    f->args = take_item(root, "args");
    if (f->args == NULL)
        f->args = take_item(root, "params");
    f->result = take_item(root, "result");
    f->auth = take_item(root, "auth");
    return NULL;
}

int frame_parse(const char *text, size_t len, struct frame *f, struct error *e)
{
    *f = (struct frame){0};
    cJSON *root = frame_json_parse(text, len, e);
    if (root == NULL)
        return ERR_REFUSED;
    const char *wrong = read_frame(root, f);
    cJSON_Delete(root);
    if (wrong == NULL)
        return 0;
    frame_free(f);
    return error_set(e, ERR_REFUSED, "The text is no RPC frame: %s.", wrong);
}

void frame_free(struct frame *f)
{
    free(f->src);
    free(f->dst);
    free(f->method);
    free(f->error_message);
    cJSON_Delete(f->args);
    cJSON_Delete(f->result);
    cJSON_Delete(f->auth);
    *f = (struct frame){0};
}

/* --- writing -------------------------------------------------------------------------------------------- */

/* One character at s, by the well-formed table of Unicode 3.9 (D92); a byte that begins none stands for
 * itself. Returns its length. */
static size_t read_char(const unsigned char *s, uint32_t *cp)
{
    static const struct {
        unsigned char from, to, low, high; /* first byte's range, second byte's range */
        size_t len;
    } forms[] = {
        {0xC2, 0xDF, 0x80, 0xBF, 2},
        {0xE0, 0xE0, 0xA0, 0xBF, 3},
        {0xE1, 0xEC, 0x80, 0xBF, 3},
        {0xED, 0xED, 0x80, 0x9F, 3},
        {0xEE, 0xEF, 0x80, 0xBF, 3},
        {0xF0, 0xF0, 0x90, 0xBF, 4},
        {0xF1, 0xF3, 0x80, 0xBF, 4},
        {0xF4, 0xF4, 0x80, 0x8F, 4},
    };
    *cp = s[0];
    for (size_t i = 0; s[0] >= 0x80 && i < sizeof forms / sizeof forms[0]; i++) {
        size_t n = forms[i].len;
        if (s[0] < forms[i].from || s[0] > forms[i].to || s[1] < forms[i].low || s[1] > forms[i].high)
            continue;
        uint32_t v = s[0] & (0x7Fu >> n);
        for (size_t k = 1; k < n; k++) {
            if ((s[k] & 0xC0) != 0x80) /* the NUL at the end stops here too */
                return 1;
            v = v << 6 | (s[k] & 0x3F);
        }
        *cp = v;
        return n;
    }
    return 1;
}

static void write_escape(struct buf *to, uint32_t cp)
{
    static const char plain[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
    const char *at = cp < 0x80 ? strchr(plain, (int)cp) : NULL;
    if (at != NULL && *at != '\0')
        buf_printf(to, "\\%c", letter[at - plain]);
    else if (cp < 0x10000)
        buf_printf(to, "\\u%04x", (unsigned)cp);
    else
        buf_printf(to, "\\u%04x\\u%04x", (unsigned)(0xD800 + ((cp - 0x10000) >> 10)),
                   (unsigned)(0xDC00 + (cp & 0x3FF)));
}

static void write_text(struct buf *to, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    buf_add_byte(to, '"');
    while (*s != '\0') {
        size_t run = 0;
        while (s[run] >= 0x20 && s[run] < 0x7F && s[run] != '"' && s[run] != '\\')
            run++;
        buf_add(to, s, run);
        s += run;
        if (*s == '\0')
            break;
        uint32_t cp;
        s += read_char(s, &cp);
        write_escape(to, cp);
    }
    buf_add_byte(to, '"');
}

static void write_number(struct buf *to, double d)
{
    char s[48];
    if (!isfinite(d)) { /* JSON has no word for it */
        buf_add_text(to, "null");
        return;
    }
    if (is_whole(d)) {
        snprintf(s, sizeof s, "%" PRId64, (int64_t)d);
    } else {
        int digits = 15; /* the fewest that read back as the same number; 17 always do */
        do
            snprintf(s, sizeof s, "%.*g", digits, d);
        while (digits++ < 17 && strtod(s, NULL) != d);
    }
    for (char *p = s; *p != '\0'; p++) /* the locale's decimal point */
        if (strchr("+-0123456789eE", *p) == NULL)
            *p = '.';
    buf_add_text(to, s);
}

static void write_list(struct buf *to, const cJSON *list, bool named)
{
    buf_add_byte(to, named ? '{' : '[');
    for (const cJSON *item = list->child; item != NULL; item = item->next) {
        if (item != list->child)
            buf_add_byte(to, ',');
        if (named) {
            write_text(to, item->string == NULL ? "" : item->string);
            buf_add_byte(to, ':');
        }
        frame_json(to, item);
    }
    buf_add_byte(to, named ? '}' : ']');
}

/* A value somebody put in as text: written like any other, so that it is ASCII and one line. */
static void write_raw(struct buf *to, const char *text)
{
    cJSON *value = text == NULL ? NULL : frame_json_parse(text, strlen(text), NULL);
    frame_json(to, value);
    cJSON_Delete(value);
}

void frame_json(struct buf *to, const cJSON *value)
{
    if (cJSON_IsObject(value) || cJSON_IsArray(value))
        write_list(to, value, cJSON_IsObject(value));
    else if (cJSON_IsString(value))
        write_text(to, value->valuestring == NULL ? "" : value->valuestring);
    else if (cJSON_IsNumber(value))
        write_number(to, value->valuedouble);
    else if (cJSON_IsBool(value))
        buf_add_text(to, cJSON_IsTrue(value) ? "true" : "false");
    else if (cJSON_IsRaw(value))
        write_raw(to, value->valuestring);
    else
        buf_add_text(to, "null");
}

static void write_member(struct buf *to, const char *name, const char *text)
{
    if (text == NULL)
        return;
    buf_printf(to, ",\"%s\":", name);
    write_text(to, text);
}

void frame_request(struct buf *to, int64_t id, const char *src, const char *method, const cJSON *args,
                   const cJSON *auth)
{
    buf_printf(to, "{\"id\":%" PRId64, id);
    write_member(to, "src", src);
    write_member(to, "method", method);
    if (args != NULL) {
        buf_add_text(to, ",\"args\":");
        frame_json(to, args);
    }
    if (auth != NULL) {
        buf_add_text(to, ",\"auth\":");
        frame_json(to, auth);
    }
    buf_add_byte(to, '}');
}

static void begin_response(struct buf *to, int64_t id, const char *src, const char *dst)
{
    buf_printf(to, "{\"id\":%" PRId64, id);
    write_member(to, "src", src);
    write_member(to, "dst", dst);
}

void frame_response(struct buf *to, int64_t id, const char *src, const char *dst, const cJSON *result)
{
    begin_response(to, id, src, dst);
    buf_add_text(to, ",\"result\":");
    frame_json(to, result);
    buf_add_byte(to, '}');
}

void frame_response_error(struct buf *to, int64_t id, const char *src, const char *dst, int code,
                          const char *message)
{
    begin_response(to, id, src, dst);
    buf_printf(to, ",\"error\":{\"code\":%d", code);
    write_member(to, "message", message);
    buf_add_text(to, "}}");
}
