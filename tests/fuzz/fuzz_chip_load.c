/* libFuzzer entry: any bytes as a chip's state file. A refusal must name a reason and give no chip; a chip
 * that is accepted must stand every call in every slot.
 *
 *   clang -std=c11 -D_GNU_SOURCE -g -fsanitize=fuzzer,address,undefined -Isrc tests/fuzz/fuzz_chip_load.c \
 *       src/sim/chip*.c src/base/{buf,error,file,secret,text}.c -lcjson -lmbedcrypto */
#include "base/file.h"
#include "sim/chip.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void check(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "fuzz_chip_load: %s\n", what);
        abort();
    }
}

static void use_slot(struct chip *chip, int slot)
{
    uint8_t buffer[64] = {0};
    chip_read_slot(chip, slot, 0, buffer);
    chip_write_slot(chip, slot, slot % 4, buffer, NULL, 0);
    chip_write_slot(chip, slot, 0, buffer, buffer, slot % 5);
    chip_get_pub_key(chip, slot, buffer);
    chip_sign(chip, slot, buffer, buffer);
    chip_private(chip, slot, buffer);
    chip_priv_write(chip, slot, buffer, NULL, 0);
    chip_priv_write(chip, slot, buffer, buffer, 4);
    chip_gen_key(chip, slot, buffer);
    chip_aes(chip, slot, slot, slot % 2, buffer, 16, buffer);
}

static void use_chip(struct chip *chip)
{
    uint8_t raw[128];
    check(chip_read_config(chip, raw) == CHIP_OK, "the configuration zone cannot be read");
    check(raw[86] == 0x55 || raw[87] == 0x00, "the data zone is locked alone");
    check(!chip_dirty(chip), "a chip just loaded counts as changed");
    for (int slot = -1; slot <= 16; slot++)
        use_slot(chip, slot);
    chip_write_config(chip, raw);
    chip_lock_zone(chip, CHIP_ZONE_CONFIG);
    chip_lock_zone(chip, CHIP_ZONE_DATA);
    chip_read_config(chip, raw);
    check(raw[86] == 0x00 && raw[87] == 0x00, "a chip cannot be locked");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[32];
    struct error e = {0};
    struct chip *chip = NULL;
    int fd = memfd_create("chip.json", MFD_CLOEXEC);
    check(fd >= 0 && file_write_all(fd, data, size, &e) == 0, "no memory file");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (chip_load(path, &chip, &e) == 0) {
        use_chip(chip);
    } else {
        check(chip == NULL, "a refused file gave a chip");
        check(e.code == ERR_REFUSED && e.message[0] != '\0', "a refusal without a reason");
    }
    chip_free(chip);
    close(fd);
    return 0;
}
