// SPDX-License-Identifier: Apache-2.0
/* JPEG by libjpeg-turbo's libjpeg interface. */
#include "data/decode_codec.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

/* All that must survive a longjmp lives here, in the caller's frame. */
typedef struct jpeg_state {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf escape;
    int64_t most; /* pixels */
    uint8_t *row; /* (W, 4) of a CMYK picture */
    char message[JMSG_LENGTH_MAX];
} jpeg_state;

static void on_error(j_common_ptr jpeg)
{
    jpeg_state *state = jpeg->client_data;
    jpeg->err->format_message(jpeg, state->message);
    longjmp(state->escape, 1);
}

/* libjpeg repairs damaged data and warns: a truncated file becomes a picture that is grey from some row on. Such pixels
 * must not reach training, so a warning is an error, but for those that leave all pixels as they were meant. */
static void on_message(j_common_ptr jpeg, int level)
{
    int code = jpeg->err->msg_code;
    if (level < 0 && code != JWRN_EXTRANEOUS_DATA && code != JWRN_ADOBE_XFORM && code != JWRN_NOT_SEQUENTIAL)
        on_error(jpeg);
}

/* A small progressive file may hold many scans of a large picture, each of them as slow as a whole one; cameras and
 * programs write about ten. */
static void on_progress(j_common_ptr common)
{
    jpeg_state *state = common->client_data;
    j_decompress_ptr jpeg = (j_decompress_ptr)common;
    int64_t scans = jpeg->input_scan_number, pixels = (int64_t)jpeg->image_height * jpeg->image_width;
    if (scans > GD_PICTURE_SCANS || scans * pixels > 10 * state->most) {
        snprintf(state->message, sizeof state->message, "%lld scans are too many for %lld pixels", (long long)scans,
                 (long long)pixels);
        longjmp(state->escape, 1);
    }
}

static unsigned read_16(const uint8_t *at, int big) { return big ? at[0] << 8u | at[1] : at[1] << 8u | at[0]; }
static uint32_t read_32(const uint8_t *at, int big)
{
    uint32_t first = read_16(at, big), second = read_16(at + 2, big);
    return big ? first << 16 | second : second << 16 | first;
}

/* EXIF 2.32, 4.6.4: "Exif\0\0", a TIFF header, and tag 0x0112 (a SHORT) in the first directory. 1 where absent. */
static int exif_orientation(jpeg_saved_marker_ptr marker)
{
    for (; marker; marker = marker->next) {
        const uint8_t *data = marker->data;
        size_t length = marker->data_length;
        if (length < 14 || memcmp(data, "Exif\0", 6) != 0)
            continue;
        data += 6;
        length -= 6;
        int big = data[0] == 'M';
        size_t at = read_32(data + 4, big);
        if (at > length - 2)
            return 1;
        unsigned n = read_16(data + at, big);
        for (at += 2; n > 0 && length - at >= 12; n--, at += 12)
            if (read_16(data + at, big) == 0x0112 && read_16(data + at + 2, big) == 3)
                return (int)read_16(data + at + 8, big);
        return 1;
    }
    return 1;
}

/* Inks as Adobe stores them, inverted: 255 is no ink. */
static void inks_to_colour(const uint8_t *from, int n, uint8_t *to)
{
    for (int i = 0; i < n; i++, from += 4)
        for (int c = 0; c < 3; c++)
            *to++ = (uint8_t)((from[c] * from[3] + 127) / 255);
}

/* Runs inside setjmp: every libjpeg call may not return. */
static gd_status read_picture(jpeg_state *state, const uint8_t *bytes, size_t length, gd_picture *picture,
                              int *orientation, gd_error *error)
{
    struct jpeg_decompress_struct *jpeg = &state->jpeg;
    jpeg_create_decompress(jpeg);
    jpeg->progress = &state->progress;
    jpeg_mem_src(jpeg, bytes, (unsigned long)length);
    jpeg_save_markers(jpeg, JPEG_APP0 + 1, 0xffff);
    jpeg_read_header(jpeg, TRUE);
    int inks = jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK;
    int grey = jpeg->jpeg_color_space == JCS_GRAYSCALE;
    jpeg->out_color_space = inks ? JCS_CMYK : grey ? JCS_GRAYSCALE : JCS_RGB;
    GD_TRY(gd_decode_make(jpeg->image_height, jpeg->image_width, state->most, grey ? 1 : 3, picture, error));
    if (inks && !(state->row = malloc((size_t)picture->width * 4)))
        return gd_fail(error, GD_NOMEM, "out of memory for a row of %d pixels", picture->width);
    *orientation = exif_orientation(jpeg->marker_list);

    jpeg_start_decompress(jpeg);
    while (jpeg->output_scanline < jpeg->output_height) {
        uint8_t *to =
            picture->pixels + (size_t)jpeg->output_scanline * (size_t)picture->width * (size_t)picture->channels;
        JSAMPROW row = inks ? state->row : to;
        jpeg_read_scanlines(jpeg, &row, 1);
        if (inks)
            inks_to_colour(row, picture->width, to);
    }
    jpeg_finish_decompress(jpeg);
    return GD_OK;
}

gd_status gd_decode_jpeg(const uint8_t *bytes, size_t length, int64_t most, gd_picture *picture, int *orientation,
                         gd_error *error)
{
    jpeg_state state = {0};
    state.jpeg.err = jpeg_std_error(&state.errors);
    state.jpeg.client_data = &state;
    state.errors.error_exit = on_error;
    state.errors.emit_message = on_message;
    state.progress.progress_monitor = on_progress;
    state.most = most;
    gd_status status;
    if (setjmp(state.escape) == 0)
        status = read_picture(&state, bytes, length, picture, orientation, error);
    else
        status = gd_fail(error, GD_FORMAT, "broken JPEG: %s", state.message);
    jpeg_destroy_decompress(&state.jpeg);
    free(state.row);
    return status;
}
