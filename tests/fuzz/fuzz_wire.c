/* Any bytes on a UART: the events must not depend on how the bytes were cut, and a frame that parses must
 * come back the same when it is written again. For libFuzzer: clang -fsanitize=fuzzer,address,undefined. */
#include "base/buf.h"
#include "codec/frame.h"
#include "codec/uart.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Events as one text, and each frame parsed. */
static void on_event(void *ctx, const struct uart_event *event)
{
    struct buf *all = ctx;
    buf_printf(all, "%d:%zu:", (int)event->kind, event->len);
    if (event->text != NULL)
        buf_add(all, event->text, event->len);
    if (event->kind != UART_FRAME)
        return;
    struct frame frame;
    struct error e = {0};
    if (frame_parse(event->text, event->len, &frame, &e) == 0) {
        struct buf out = BUF_INIT;
        if (frame.result != NULL) {
            frame_json(&out, frame.result);
            cJSON *again = frame_json_parse(buf_text(&out), out.len, &e);
            if (again == NULL)
                abort();
            cJSON_Delete(again);
        }
        for (size_t i = 0; i < out.len; i++)
            if (out.data[i] >= 0x80)
                abort();
        buf_free(&out);
        frame_free(&frame);
    } else if (e.message[0] == '\0') {
        abort();
    }
}

static struct buf feed(const uint8_t *data, size_t size, size_t piece)
{
    struct buf all = BUF_INIT;
    struct uart_decoder *decoder = uart_decoder_new(4096, on_event, &all);
    for (size_t i = 0; i < size; i += piece)
        uart_decoder_feed(decoder, data + i, size - i < piece ? size - i : piece);
    uart_decoder_flush(decoder);
    uart_decoder_free(decoder);
    return all;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf whole = feed(data, size, size ? size : 1), cut = feed(data, size, 1);
    if (whole.len != cut.len || (whole.len && memcmp(whole.data, cut.data, whole.len) != 0))
        abort();
    buf_free(&whole);
    buf_free(&cut);
    return 0;
}
