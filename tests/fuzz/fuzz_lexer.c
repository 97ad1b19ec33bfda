/* Any text as command lines: the lexer ends, and a word that is quoted again lexes to itself. For libFuzzer:
 * clang -fsanitize=fuzzer,address,undefined. */
#include "base/buf.h"
#include "shell/lexer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *lookup(void *ctx, const char *name)
{
    (void)ctx;
    return name[0] == 'a' ? "va lue" : NULL;
}

static void check_words(const struct words *words)
{
    struct buf line = BUF_INIT;
    struct words again = WORDS_INIT;
    for (size_t i = 0; i < words->count; i++) {
        buf_add_text(&line, i ? " " : "");
        lexer_quote(words->text[i], false, &line);
    }
    if (lexer_line(buf_text(&line), &again, NULL) != 0 || again.count != words->count)
        abort();
    for (size_t i = 0; i < words->count; i++)
        if (strcmp(words->text[i], again.text[i]) != 0)
            abort();
    words_free(&again);
    buf_free(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lexer lexer;
    size_t turns = 0, line;
    lexer_start(&lexer, (const char *)data, size, true);
    for (int rc = LEXER_LINE; rc != LEXER_END; turns++) {
        struct words words = WORDS_INIT;
        struct error e = {0};
        rc = lexer_next(&lexer, &words, &line, &e);
        if (turns > size + 1 || (rc < 0 && e.message[0] == '\0'))
            abort();
        if (rc == LEXER_LINE) {
            check_words(&words);
            lexer_expand(&words, lookup, NULL, &e);
        }
        words_free(&words);
        if (rc == LEXER_MORE)
            abort(); /* the text was said to be final */
    }
    return 0;
}
