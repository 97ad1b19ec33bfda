/* Calls to the chip's methods: see atca.h. */
#include "atca.h"

#include "base/text.h"

#include <string.h>

/* "Failed to lock zone 0: 0xf4" becomes what that means for this chip. */
static int explain(const struct atecc_config *config, const char *method, struct error *e)
{
    int status = e != NULL && e->remote != 0 ? atecc_status_in(e->message) : -1;
    if (status < 0)
        return e != NULL ? e->code : ERR_REFUSED;
    struct buf words = BUF_INIT;
    int remote = e->remote;
    atecc_words_status((uint8_t)status, config, &words);
    error_set(e, ERR_REFUSED, "%s was refused: %s", method, buf_text(&words));
    e->remote = remote;
    buf_free(&words);
    return e->code;
}

int atca_call(struct op_call *call, const struct atecc_config *config, const char *method, cJSON *args,
              cJSON **result, struct error *e)
{
    struct error own = {0};
    if (e == NULL)
        e = &own;
    int code = device_call(op_device(call), method, args, result, e);
    return code == ERR_REFUSED ? explain(config, method, e) : code;
}

void atca_args_bytes(cJSON *args, const char *key, const void *bytes, size_t len)
{
    struct buf text = {.secret = true};
    text_base64(bytes, len, &text);
    cJSON_AddStringToObject(args, key, buf_text(&text));
    buf_free(&text);
}

int atca_result_bytes(const cJSON *result, const char *method, const char *key, uint8_t *to, size_t len,
                      struct error *e)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(result, key);
    struct buf bytes = BUF_INIT;
    bool good = cJSON_IsString(item) &&
                text_unbase64(item->valuestring, strlen(item->valuestring), &bytes) == 0 && bytes.len == len;
    if (good)
        memcpy(to, bytes.data, len);
    buf_free(&bytes);
    return good ? 0
                : error_set(e, ERR_REFUSED, "%s answered without the %zu bytes of \"%s\" it should give",
                            method, len, key);
}

static cJSON *slot_args(unsigned slot)
{
    cJSON *args = cJSON_CreateObject();
    cJSON_AddNumberToObject(args, "slot", slot);
    return args;
}

static int point_by(struct op_call *call, const struct atecc_config *config, const char *method,
                    unsigned slot, uint8_t point[PKI_POINT_SIZE], struct error *e)
{
    cJSON *result = NULL;
    int code = atca_call(call, config, method, slot_args(slot), &result, e);
    if (code == 0)
        code = atca_result_bytes(result, method, "pubkey", point, PKI_POINT_SIZE, e);
    cJSON_Delete(result);
    return code;
}

int atca_pub_key(struct op_call *call, const struct atecc_config *config, unsigned slot,
                 uint8_t point[PKI_POINT_SIZE], struct error *e)
{
    return point_by(call, config, "ATCA.GetPubKey", slot, point, e);
}

bool atca_pub_key_there(struct op_call *call, const struct atecc_config *config, unsigned slot,
                        uint8_t point[PKI_POINT_SIZE])
{
    struct error ignored = {0};
    return atca_is_ecc(config, slot) && atecc_predict(config, ATECC_GET_PUB_KEY, slot, &ignored) == 0 &&
           atca_pub_key(call, config, slot, point, &ignored) == 0;
}

int atca_make_key(struct op_call *call, const struct atecc_config *config, unsigned slot,
                  uint8_t point[PKI_POINT_SIZE], struct error *e)
{
    return point_by(call, config, "ATCA.GenKey", slot, point, e);
}

static int sign(void *ctx, const uint8_t digest[32], uint8_t signature[64], struct error *e)
{
    const struct atca_slot_signer *signer = ctx;
    cJSON *args = slot_args(signer->slot), *result = NULL;
    atca_args_bytes(args, "digest", digest, 32);
    int code = atca_call(signer->call, signer->config, "ATCA.Sign", args, &result, e);
    if (code == 0)
        code = atca_result_bytes(result, "ATCA.Sign", "signature", signature, 64, e);
    cJSON_Delete(result);
    return code;
}

void atca_signer(struct atca_slot_signer *slot, struct pki_signer *signer)
{
    signer->sign = sign;
    signer->ctx = slot;
}
