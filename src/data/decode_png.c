// SPDX-License-Identifier: Apache-2.0
/* PNG by libpng's row interface. The simplified interface (png_image_*) would be shorter, but converts by gamma: pixels
 * would differ from those that every other training pipeline sees. */
#include "data/decode_codec.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

/* All that must survive a longjmp lives here, in the caller's frame. */
typedef struct png_state {
    const uint8_t *bytes;
    size_t length, at;
    png_structp png;
    png_infop info;
    uint8_t *raw; /* a row, or all of them, with alpha */
    char message[256];
} png_state;

static void on_error(png_structp png, png_const_charp message)
{
    png_state *state = png_get_error_ptr(png);
    snprintf(state->message, sizeof state->message, "%s", message);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
    /* libpng warns of what it can work around without touching pixels: odd profiles, unknown chunks */
    (void)png;
    (void)message;
}

static void on_read(png_structp png, png_bytep to, size_t wanted)
{
    png_state *state = png_get_io_ptr(png);
    if (wanted > state->length - state->at)
        png_error(png, "the file ends too early");
    memcpy(to, state->bytes + state->at, wanted);
    state->at += wanted;
}

/* Drops the alpha of one row, composing over white: 255 stays what it was, so an opaque picture does not change. */
static void compose(const uint8_t *from, int width, int colours, uint8_t *to)
{
    for (int x = 0; x < width; x++, from += colours + 1) {
        int alpha = from[colours];
        for (int c = 0; c < colours; c++)
            *to++ = (uint8_t)((from[c] * alpha + 255 * (255 - alpha) + 127) / 255);
    }
}

/* Runs inside setjmp: every libpng call may not return. */
static gd_status read_picture(png_state *state, int64_t most, gd_picture *picture, gd_error *error)
{
    png_structp png = state->png;
    png_set_read_fn(png, state, on_read);
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX); /* gd_picture_make refuses, with numbers */
    png_set_chunk_cache_max(png, 256);
    png_set_chunk_malloc_max(png, 8 << 20);
    png_read_info(png, state->info);
    size_t height = png_get_image_height(png, state->info), width = png_get_image_width(png, state->info);
    int colour = png_get_color_type(png, state->info) & PNG_COLOR_MASK_COLOR;
    GD_TRY(gd_decode_make(height, width, most, colour ? 3 : 1, picture, error));
    png_set_expand(png); /* palette and few bits to 8, transparency to alpha */
    png_set_scale_16(png);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, state->info);

    /* without alpha, rows are read into their place; with it, into one row, or all of them where passes fill them */
    int colours = picture->channels, alpha = png_get_channels(png, state->info) != colours;
    size_t row_bytes = png_get_rowbytes(png, state->info), to_bytes = width * (size_t)colours;
    if (alpha && !(state->raw = malloc(passes > 1 ? height * row_bytes : row_bytes)))
        return gd_fail(error, GD_NOMEM, "out of memory for a picture of %zux%zu pixels", width, height);
    for (int pass = 0; pass < passes; pass++)
        for (size_t y = 0; y < height; y++) {
            uint8_t *to = picture->pixels + y * to_bytes;
            uint8_t *row = !alpha ? to : passes > 1 ? state->raw + y * row_bytes : state->raw;
            png_read_row(png, row, NULL);
            if (alpha && pass == passes - 1)
                compose(row, picture->width, colours, to);
        }
    png_read_end(png, NULL);
    return GD_OK;
}

gd_status gd_decode_png(const uint8_t *bytes, size_t length, int64_t most, gd_picture *picture, gd_error *error)
{
    png_state state = {.bytes = bytes, .length = length};
    gd_status status = GD_NOMEM;
    state.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &state, on_error, on_warning);
    state.info = state.png ? png_create_info_struct(state.png) : NULL;
    if (!state.info)
        gd_fail(error, GD_NOMEM, "out of memory for the PNG decoder");
    else if (setjmp(png_jmpbuf(state.png)) == 0)
        status = read_picture(&state, most, picture, error);
    else
        status = gd_fail(error, GD_FORMAT, "broken PNG: %s", state.message);
    png_destroy_read_struct(&state.png, &state.info, NULL);
    free(state.raw);
    return status;
}
