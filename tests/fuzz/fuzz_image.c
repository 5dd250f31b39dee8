// SPDX-License-Identifier: Apache-2.0
/* PNG and JPEG. A picture that is accepted has its shape's bytes, all of them written, and figures; one that is refused
 * has none. Any bytes can be described. */
#include "data/decode.h"
#include "image/figures.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile unsigned sum;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const gd_description description = gd_decode_describe(data, size);
    if (description.bytes != size || description.quality < 0 || description.quality > 100 ||
        (description.quality > 0 && strcmp(description.format, "jpeg") != 0))
        abort();
    for (int channels = 0; channels <= 3; channels += channels ? 2 : 1) {
        gd_picture picture;
        gd_error error = {0};
        if (gd_decode("fuzz", data, size, channels, &picture, &error) != GD_OK) {
            if (picture.pixels || error.status == GD_OK || !error.message[0])
                abort();
            continue;
        }
        if (!description.format)
            abort();
        double figure[GD_FIGURES];
        const gd_image image = {picture.height, picture.width, picture.channels, picture.pixels};
        if (gd_image_figures(&image, figure, &error) != GD_OK)
            abort();
        for (int i = 0; i < GD_FIGURES; i++) {
            if (!(figure[i] >= 0 || i == GD_HUE))
                abort();
        }
        size_t bytes = (size_t)picture.height * (size_t)picture.width * (size_t)picture.channels;
        if (bytes == 0 || (channels && picture.channels != channels))
            abort();
        for (size_t i = 0; i < bytes; i++)
            sum += picture.pixels[i];
        gd_picture_release(&picture);
    }
    return 0;
}
