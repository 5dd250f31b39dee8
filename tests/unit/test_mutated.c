// SPDX-License-Identifier: Apache-2.0
/* Ten thousand damaged pictures: each is read or refused as FORMAT, in words, and leaves nothing behind. */
#include "body/body.h"

#include "base/rng.h"
#include "data_files.h"

enum { SIDE = 20, MUTANTS = 10000 };

static uint32_t draw(uint32_t mutant, uint32_t which, size_t below)
{
    return (uint32_t)(gd_rng(7, GD_RNG_TEST, mutant, which).at[0] % below);
}

/* So that a mutant is not refused for its checksums alone. */
static void mend_checksums(blob file)
{
    for (size_t at = 8; at + 12 <= file.length;) {
        const size_t length = (size_t)file.at[at] << 24 | (size_t)file.at[at + 1] << 16 | (size_t)file.at[at + 2] << 8 |
                              (size_t)file.at[at + 3];
        if (length > file.length - at - 12)
            return;
        const uLong sum = crc32(0, file.at + at + 4, (uInt)length + 4);
        for (size_t i = 0; i < 4; i++)
            file.at[at + 8 + length + i] = (uint8_t)(sum >> (24 - 8 * i));
        at += length + 12;
    }
}

/* One to eight bytes set, added to or taken away; one in eight is cut short. */
static blob mutate(blob file, uint32_t mutant)
{
    blob copy = {malloc(file.length + 8), file.length};
    memcpy(copy.at, file.at, file.length);
    const uint32_t changes = 1 + draw(mutant, 0, 8);
    for (uint32_t i = 1; i <= changes; i++) {
        const uint32_t at = draw(mutant, 4 * i, copy.length), value = draw(mutant, 4 * i + 1, 256);
        switch (draw(mutant, 4 * i + 2, 4)) {
        case 0:
            copy.at[at] = (uint8_t)value;
            break;
        case 1:
            copy.at[at] ^= (uint8_t)(1u << value % 8);
            break;
        case 2:
            memmove(copy.at + at + 1, copy.at + at, copy.length++ - at);
            break;
        default:
            memmove(copy.at + at, copy.at + at + 1, --copy.length - at);
        }
    }
    if (draw(mutant, 1, 8) == 0)
        copy.length = 1 + draw(mutant, 2, copy.length - 1);
    if (draw(mutant, 3, 2) == 0)
        mend_checksums(copy);
    return copy;
}

TEST(pictures_are_read_or_refused)
{
    static const jpeg_scan_info scans[] = {{3, {0, 1, 2}, 0, 0, 0, 1},
                                           {1, {0}, 1, 63, 0, 0},
                                           {1, {1}, 1, 63, 0, 0},
                                           {1, {2}, 1, 63, 0, 0},
                                           {3, {0, 1, 2}, 0, 0, 1, 0}};
    uint8_t *pixels = pattern_pixels(1, SIDE, SIDE, 3), alpha[SIDE * SIDE * 4];
    for (int i = 0; i < SIDE * SIDE * 4; i++)
        alpha[i] = (uint8_t)(7 * i);
    const blob files[] = {pattern_png(1, SIDE, SIDE, 3),
                          pattern_png(1, SIDE, SIDE, 1),
                          png_of(PNG_FORMAT_RGBA, SIDE, SIDE, alpha),
                          pattern_jpeg(1, SIDE, SIDE, 3),
                          jpeg_of(pixels, SIDE, SIDE, 3, 6, NULL, 0),
                          jpeg_of(pixels, SIDE, SIDE, 3, 0, scans, 5)};
    enum { FILES = sizeof files / sizeof *files };
    int read = 0, refused = 0;
    gd_pictures pictures = {0};
    for (uint32_t i = 0; i < MUTANTS; i++) {
        blob mutant = mutate(files[i % FILES], i);
        gd_error error = {0};
        const gd_status status = gd_body_decode("image/png", mutant.at, mutant.length, 3, &pictures, &error);
        free(mutant.at);
        CHECK(status == GD_OK || status == GD_FORMAT);
        CHECK_EQ_INT(pictures.n, status == GD_OK);
        CHECK((status == GD_OK) == (error.message[0] == '\0'));
        read += status == GD_OK;
        refused += status != GD_OK;
        gd_pictures_clear(&pictures);
    }
    gd_pictures_release(&pictures);
    free(pixels);
    for (size_t i = 0; i < FILES; i++)
        free(files[i].at);
    CHECK(read > MUTANTS / 20); /* both ends are met: it is not the first bytes alone that decide */
    CHECK(refused > MUTANTS / 20);
}
