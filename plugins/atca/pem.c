/* A private key's PEM: see atca.h. */
#include "atca.h"

#include "base/text.h"

enum { PEM_LINE = 64 };

/* ECPrivateKey of RFC 5915 for prime256v1: everything around the two numbers is constant. */
static const uint8_t before_scalar[] = {0x30, 0x77, 0x02, 0x01, 0x01, 0x04, 0x20};
static const uint8_t before_point[] = {0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
                                       0x03, 0x01, 0x07, 0xa1, 0x44, 0x03, 0x42, 0x00, 0x04};

void atca_key_pem(const uint8_t scalar[PKI_SCALAR_SIZE], const uint8_t point[PKI_POINT_SIZE], struct buf *to)
{
    struct buf der = {.secret = true}, text = {.secret = true};
    to->secret = true;
    buf_add(&der, before_scalar, sizeof before_scalar);
    buf_add(&der, scalar, PKI_SCALAR_SIZE);
    buf_add(&der, before_point, sizeof before_point);
    buf_add(&der, point, PKI_POINT_SIZE);
    text_base64(der.data, der.len, &text);
    buf_add_text(to, "-----BEGIN EC PRIVATE KEY-----\n");
    for (size_t i = 0; i < text.len; i += PEM_LINE) {
        buf_add(to, text.data + i, text.len - i < PEM_LINE ? text.len - i : PEM_LINE);
        buf_add_byte(to, '\n');
    }
    buf_add_text(to, "-----END EC PRIVATE KEY-----\n");
    buf_free(&der);
    buf_free(&text);
}
