/* Any text, read as a chip configuration in the form that its first byte picks. What can be read must come
 * back the same from every form. For libFuzzer: clang -fsanitize=fuzzer,address,undefined. */
#include "codec/atecc_text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t raw[ATECC_CONFIG_SIZE], again[ATECC_CONFIG_SIZE];
    struct error e = {0};
    if (size == 0)
        return 0;
    enum atecc_format format = (enum atecc_format)(data[0] % 3);
    int rc = atecc_text_read((const char *)data + 1, size - 1, format, "fuzz", raw, &e);
    if (rc != 0 && (e.code != rc || e.message[0] == '\0'))
        abort();
    if (rc == 0)
        raw[14] &= 1; /* the factory's other bits stand in hex only */
    for (int to = ATECC_YAML; rc == 0 && to <= ATECC_HEX; to++) {
        struct buf text = BUF_INIT;
        atecc_text_write(raw, (enum atecc_format)to, &text);
        if (atecc_text_read(buf_text(&text), text.len, (enum atecc_format)to, "again", again, &e) != 0 ||
            memcmp(raw, again, sizeof raw) != 0)
            abort();
        buf_free(&text);
    }
    return 0;
}
