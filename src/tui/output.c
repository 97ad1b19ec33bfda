/* Output: see output.h. */
#include "tui/output.h"
#include "base/buf.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

struct output *output_new(void)
{
    return mem_alloc(sizeof(struct output));
}

void output_free(struct output *output)
{
    for (size_t i = 0; output != NULL && i < OUTPUT_LINES_MAX; i++)
        free(output->line[i].text);
    free(output);
}

static void add_piece(struct output *output, enum style style, const char *text, size_t len)
{
    struct buf shown = BUF_INIT;
    struct output_line *last = &output->line[(output->count + OUTPUT_LINES_MAX - 1) % OUTPUT_LINES_MAX];
    bool joins = output->open && last->style == style;
    if (joins)
        buf_add_text(&shown, last->text);
    if (shown.len < OUTPUT_LINE_MAX)
        text_printable(text, len, false, OUTPUT_LINE_MAX, &shown);
    for (size_t i = 0; i < shown.len; i++)
        if (shown.data[i] == '\t')
            shown.data[i] = ' ';
    if (!joins)
        last = &output->line[output->count++ % OUTPUT_LINES_MAX];
    free(last->text);
    *last = (struct output_line){style, shown.data ? buf_take(&shown) : mem_string("")};
}

void output_add(struct output *output, enum style style, const char *text, size_t len)
{
    while (len > 0) {
        const char *end = memchr(text, '\n', len);
        size_t n = end ? (size_t)(end - text) : len;
        size_t shown = n > 0 && text[n - 1] == '\r' ? n - 1 : n;
        add_piece(output, style, text, shown);
        output->open = end == NULL;
        n += end != NULL;
        text += n;
        len -= n;
    }
}

void output_line(struct output *output, enum style style, const char *format, ...)
{
    struct buf text = BUF_INIT;
    va_list ap;
    va_start(ap, format);
    buf_vprintf(&text, format, ap);
    va_end(ap);
    buf_add_byte(&text, '\n');
    output->open = false;
    output_add(output, style, buf_text(&text), text.len);
    buf_free(&text);
}

void output_restyle(struct output *output, size_t from, enum style was, enum style now)
{
    size_t oldest = output->count - output_kept(output);
    for (size_t i = from > oldest ? from : oldest; i < output->count; i++)
        if (output->line[i % OUTPUT_LINES_MAX].style == was)
            output->line[i % OUTPUT_LINES_MAX].style = now;
}

size_t output_kept(const struct output *output)
{
    return output->count < OUTPUT_LINES_MAX ? output->count : OUTPUT_LINES_MAX;
}

const struct output_line *output_back(const struct output *output, size_t i)
{
    return &output->line[(output->count - 1 - i) % OUTPUT_LINES_MAX];
}
