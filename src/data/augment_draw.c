// SPDX-License-Identifier: Apache-2.0
#include "base/rng.h"
#include "data/loader.h"

/* Uniform in [-1, 1). */
static float both_ways(uint32_t word) { return 2 * gd_rng_unit(word) - 1; }

gd_draw gd_augment_draw(const gd_augment *augment, int height, int width, double mean, uint64_t seed, int epoch,
                        int64_t image)
{
    /* two blocks of numbers an image; each setting has its own word, so that changing one leaves the others' draws */
    gd_philox geometry = gd_rng(seed, GD_RNG_AUGMENT, (uint32_t)epoch, 2 * (uint64_t)image);
    gd_philox rest = gd_rng(seed, GD_RNG_AUGMENT, (uint32_t)epoch, 2 * (uint64_t)image + 1);
    gd_draw draw = {.contrast = 1};
    if (augment->flip == GD_FLIP_RANDOM)
        draw.flip = rest.at[2] >> 31;
    else if (augment->flip == GD_FLIP_ALTERNATE) /* source: github.com/KellerJordan/cifar10-airbench */
        draw.flip = (gd_rng(seed, GD_RNG_AUGMENT, UINT32_MAX, (uint64_t)image).at[0] >> 31 ^ (uint32_t)epoch) & 1;
    if (augment->crop > 0) {
        uint32_t places = 2 * (uint32_t)augment->crop + 1;
        draw.dx = (int16_t)((int)gd_rng_below(geometry.at[0], places) - augment->crop);
        draw.dy = (int16_t)((int)gd_rng_below(geometry.at[1], places) - augment->crop);
    }
    if (augment->cutout > 0) {
        draw.cut_side = (int16_t)augment->cutout;
        draw.cut_x = (int16_t)((int)gd_rng_below(geometry.at[2], (uint32_t)width) - augment->cutout / 2);
        draw.cut_y = (int16_t)((int)gd_rng_below(geometry.at[3], (uint32_t)height) - augment->cutout / 2);
    }
    draw.contrast = 1 + (float)augment->contrast * both_ways(rest.at[0]);
    draw.brightness = 255 * (float)augment->brightness * both_ways(rest.at[1]) + (float)mean * (1 - draw.contrast);
    return draw;
}

void gd_shuffle(uint64_t seed, int epoch, int64_t n, int64_t *order)
{
    gd_philox words = {{0}};
    for (int64_t i = 0; i < n; i++) {
        /* Fisher-Yates from inside out */
        if (i % 4 == 0)
            words = gd_rng(seed, GD_RNG_SHUFFLE, (uint32_t)epoch, (uint64_t)i / 4);
        int64_t j = gd_rng_below(words.at[i % 4], (uint32_t)(i + 1));
        order[i] = order[j];
        order[j] = i;
    }
}
