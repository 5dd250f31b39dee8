// SPDX-License-Identifier: Apache-2.0
/* Asks a model about a picture: infer_example MODEL PICTURE.ppm (binary P5 or P6, 8 bits). */
#include <griddle/infer.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    gd_error error = {0};
    gd_model *model = NULL;
    gd_session *session = NULL;
    char kind, text[1024];
    int width, height, result = 1;
    FILE *file = argc == 3 ? fopen(argv[2], "rb") : NULL;
    if (!file || fscanf(file, "P%c %d %d 255", &kind, &width, &height) != 3 || width < 1 || height < 1 ||
        width > 16384 || height > 16384 || fgetc(file) == EOF)
        return fputs("usage: infer_example MODEL PICTURE.ppm\n", stderr), 2;
    const int channels = kind == '6' ? 3 : 1;
    const size_t bytes = (size_t)width * height * channels;
    unsigned char *pixels = malloc(bytes);
    if (pixels && fread(pixels, 1, bytes, file) == bytes && gd_model_open(argv[1], &model, &error) == GD_OK &&
        gd_session_new(model, NULL, &session, &error) == GD_OK) {
        const gd_model_info *info = gd_model_describe(model);
        float *probability = malloc(sizeof *probability * info->n_classes);
        result = gd_session_run(session, &(gd_image){height, width, channels, pixels}, 1, probability, &error) != GD_OK;
        for (int c = 0; result == 0 && c < info->n_classes; c++)
            printf("%.9g %s\n", probability[c], info->classes[c]);
        free(probability);
    }
    if (result)
        fprintf(stderr, "infer_example: %s\n", gd_error_text(&error, text, sizeof text));
    gd_session_free(session);
    gd_model_free(model);
    free(pixels);
    fclose(file);
    return result;
}
