// SPDX-License-Identifier: Apache-2.0
/* What judges ask of Griddle and no verb answers: reading and writing safetensors, fitting a picture, a picture's own
 * figures, what they cost, what a file says of itself, reading a body. */
#include "base/file.h"
#include "body/body.h"
#include "cli/command.h"
#include "data/decode.h"
#include "image/figures.h"
#include "image/image.h"
#include "store/safetensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static gd_status copy(gd_command *command, gd_error *error)
{
    gd_safetensors file;
    GD_TRY(gd_safetensors_open(command->word[0], &file, error));
    gd_status status = gd_safetensors_write(command->word[1], file.tensor, file.n, file.metadata, error);
    gd_safetensors_close(&file);
    return status;
}

static gd_status fit_pixels(const gd_tensor_entry *pixels, int height, int width, const char *path, gd_error *error)
{
    const gd_image image = {(int)pixels->desc.dim[0], (int)pixels->desc.dim[1], (int)pixels->desc.dim[2], pixels->data};
    const gd_desc desc = {GD_U8, 3, {height, width, image.channels}};
    uint8_t *to = malloc(gd_desc_bytes(desc));
    void *work = malloc(gd_image_fit_bytes(height, width, image.channels));
    gd_status status = to && work ? gd_image_fit(&image, height, width, to, work, error)
                                  : gd_fail(error, GD_NOMEM, "out of memory for %dx%d pixels", height, width);
    if (status == GD_OK)
        status = gd_safetensors_write(path, &(gd_tensor_entry){"pixels", desc, to, 0}, 1, NULL, error);
    free(to);
    free(work);
    return status;
}

static gd_status fit(gd_command *command, gd_error *error)
{
    int height, width;
    gd_safetensors file;
    const gd_tensor_entry *pixels;
    GD_TRY(gd_command_int(command, "--height", 1, GD_IMAGE_SIDE, 32, &height, error));
    GD_TRY(gd_command_int(command, "--width", 1, GD_IMAGE_SIDE, 32, &width, error));
    GD_TRY(gd_safetensors_open(command->word[0], &file, error));
    gd_status status = gd_safetensors_require(&file, "pixels", (gd_desc){0}, &pixels, error);
    if (status == GD_OK && (pixels->desc.rank != 3 || pixels->desc.type != GD_U8))
        status = gd_fail(error, GD_FORMAT, "'pixels' are not (H,W,C) U8");
    if (status == GD_OK)
        status = fit_pixels(pixels, height, width, command->word[1], error);
    gd_safetensors_close(&file);
    return status;
}

/* A line per picture (the tensors of a file in its order), and a word per figure in the table's order. */
static gd_status figures(gd_command *command, gd_error *error)
{
    gd_safetensors file;
    GD_TRY(gd_safetensors_open(command->word[0], &file, error));
    gd_status status = GD_OK;
    for (int i = 0; i < GD_FIGURES; i++)
        printf("%s%s", gd_figure_table[i].name, i + 1 < GD_FIGURES ? " " : "\n");
    for (int t = 0; t < file.n && status == GD_OK; t++) {
        const gd_desc desc = file.tensor[t].desc;
        const gd_image image = {(int)desc.dim[0], (int)desc.dim[1], (int)desc.dim[2], file.tensor[t].data};
        double value[GD_FIGURES];
        status = gd_image_figures(&image, value, error);
        for (int i = 0; i < GD_FIGURES && status == GD_OK; i++)
            printf("%.17g%s", value[i], i + 1 < GD_FIGURES ? " " : "\n");
    }
    gd_safetensors_close(&file);
    return status;
}

/* Of CPU, for a picture's figures: the least of some rounds. `spread`: of its pixels around a middle grey. */
static double figures_us(int side, int channels, int spread)
{
    const size_t bytes = (size_t)side * (size_t)side * (size_t)channels;
    uint8_t *pixels = malloc(bytes);
    double least = 1e9, value[GD_FIGURES];
    for (size_t i = 0; pixels && i < bytes; i++)
        pixels[i] = (uint8_t)(128 + (int)((uint32_t)i * 2654435761u >> 24) * spread / 256 - spread / 2);
    const gd_image image = {side, side, channels, pixels};
    for (int round = 0; pixels && round < 50; round++) {
        enum { RUNS = 10 };
        struct timespec start, end;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
        for (int i = 0; i < RUNS; i++)
            gd_image_figures(&image, value, NULL);
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
        const double us =
            (1e6 * (double)(end.tv_sec - start.tv_sec) + 1e-3 * (double)(end.tv_nsec - start.tv_nsec)) / RUNS;
        least = us < least ? us : least;
    }
    free(pixels);
    return least;
}

static gd_status figures_cost(gd_command *command, gd_error *error)
{
    (void)command;
    (void)error;
    printf("{\"figures_us\": {\"32x32\": %.1f, \"224x224\": %.1f, \"224x224, one colour\": %.1f}}\n",
           figures_us(32, 3, 256), figures_us(224, 3, 256), figures_us(224, 3, 0));
    return GD_OK;
}

/* "format bytes quality" */
static gd_status describe(gd_command *command, gd_error *error)
{
    void *map;
    size_t bytes;
    GD_TRY(gd_file_map(command->word[0], &map, &bytes, error));
    const gd_description d = gd_decode_describe(map, bytes);
    printf("%s %zu %d\n", d.format ? d.format : "none", d.bytes, d.quality);
    gd_file_unmap(map, bytes);
    return GD_OK;
}

/* How many pictures there are, negative where it was no list, and they as tensors 0, 1 … (H,W,C). */
static gd_status write_pictures(const char *path, const gd_pictures *pictures, gd_error *error)
{
    static char name[GD_BODY_PICTURES][8];
    static gd_tensor_entry entry[GD_BODY_PICTURES + 1];
    int32_t n = pictures->several ? pictures->n : -pictures->n;
    entry[0] = (gd_tensor_entry){"n", {GD_I32, 1, {1}}, &n, 0};
    for (int i = 0; i < pictures->n; i++) {
        const gd_picture *picture = &pictures->picture[i];
        snprintf(name[i], sizeof name[i], "%d", i);
        entry[i + 1] = (gd_tensor_entry){
            name[i], {GD_U8, 3, {picture->height, picture->width, picture->channels}}, picture->pixels, 0};
    }
    return gd_safetensors_write(path, entry, pictures->n + 1, NULL, error);
}

static gd_status body(gd_command *command, gd_error *error)
{
    int channels;
    void *bytes;
    size_t length;
    gd_pictures pictures = {0};
    GD_TRY(gd_command_int(command, "--channels", 1, 3, 3, &channels, error));
    GD_TRY(gd_file_map(command->word[0], &bytes, &length, error));
    gd_status status = gd_body_decode(gd_command_option(command, "--type"), bytes, length, channels, &pictures, error);
    if (status == GD_OK)
        status = write_pictures(command->word[1], &pictures, error);
    gd_pictures_release(&pictures);
    gd_file_unmap(bytes, length);
    return status;
}

static const gd_option size[] = {{"--height", NULL, "N", "pixels"}, {"--width", NULL, "N", "pixels"}, {0}};
static const gd_option body_options[] = {
    {"--type", NULL, "TYPE", "Content-Type"}, {"--channels", NULL, "N", "1 or 3"}, {0}};
static const gd_verb verbs[] = {
    {"body", "IN OUT", 2, 2, "read a request's body", "body a b --type image/png\n", body_options, body},
    {"copy", "IN OUT", 2, 2, "read and write a safetensors file", "copy a b\n", NULL, copy},
    {"fit", "IN OUT", 2, 2, "fit tensor 'pixels'", "fit a b --height 32 --width 32\n", size, fit},
    {"figures", "IN", 1, 1, "the figures of pictures", "figures a\n", NULL, figures},
    {"figures-cost", "", 0, 0, "microseconds", "figures-cost\n", NULL, figures_cost},
    {"describe", "FILE", 1, 1, "what a file says of itself", "describe a.jpg\n", NULL, describe},
    {0},
};

int main(int argc, char **argv) { return gd_command_main(verbs, argc, argv); }
