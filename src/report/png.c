// SPDX-License-Identifier: Apache-2.0
#include "report/picture.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

/* Worst case: stored, a filter byte per row, and chunks around it. */
enum { MOST = (3 * GD_GALLERY_SIDE + 1) * GD_GALLERY_SIDE + 1024 };

gd_status gd_picture_print(const gd_exhibit *exhibit, gd_text *out, gd_error *error)
{
    png_image image = {
        .version = PNG_IMAGE_VERSION,
        .width = (png_uint_32)exhibit->width,
        .height = (png_uint_32)exhibit->height,
        .format = PNG_FORMAT_RGB,
    };
    png_alloc_size_t bytes = MOST;
    uint8_t memory[MOST];
    if (exhibit->width < 1 || exhibit->width > GD_GALLERY_SIDE || exhibit->height < 1 ||
        exhibit->height > GD_GALLERY_SIDE)
        return gd_fail(error, GD_INVALID, "a picture of %d x %d in a gallery of %d at most", exhibit->width,
                       exhibit->height, GD_GALLERY_SIDE);
    const int written = png_image_write_to_memory(&image, memory, &bytes, 0, exhibit->pixels, 0, NULL);
    png_image_free(&image);
    if (!written)
        return gd_fail(error, GD_NOMEM, "no PNG of %d x %d: %s", exhibit->width, exhibit->height, image.message);
    gd_text_add(out, "data:image/png;base64,");
    gd_text_add_base64(out, memory, bytes);
    return GD_OK;
}
