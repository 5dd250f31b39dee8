// SPDX-License-Identifier: Apache-2.0
/* Latency of a model by libgriddle-infer, bytes to probabilities: infer_latency MODEL BATCH SECONDS
 *
 * Prints one JSON object: version, isa, open_ms (file to session), runs, median_us and p99_us of a run of BATCH
 * pictures, and the logits of the first, so that a peer can show that it computes the same. */
#include <griddle/infer.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MOST_RUNS = 1 << 20, WARM_UP = 10 };

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* `batch` pictures of the model's own size; peers/infer_ort.py draws the same. */
static gd_image *draw(const gd_model_info *info, int batch)
{
    const size_t bytes = (size_t)info->height * (size_t)info->width * (size_t)info->channels;
    gd_image *images = calloc((size_t)batch, sizeof *images);
    uint8_t *pixels = malloc(bytes * (size_t)batch);
    if (!images || !pixels)
        return NULL;
    for (size_t i = 0; i < bytes * (size_t)batch; i++)
        pixels[i] = (uint8_t)((uint32_t)i * 2654435761u >> 24);
    for (int b = 0; b < batch; b++)
        images[b] = (gd_image){info->height, info->width, info->channels, pixels + (size_t)b * bytes};
    return images;
}

static gd_status measure(gd_session *session, const gd_image *images, int batch, double length, double *runs, int *n,
                         float *probabilities, gd_error *error)
{
    gd_status status = GD_OK;
    for (int i = 0; i < WARM_UP && status == GD_OK; i++)
        status = gd_session_run(session, images, batch, probabilities, error);
    const double end = seconds() + length;
    for (*n = 0; status == GD_OK && *n < MOST_RUNS && seconds() < end; ++*n) {
        const double start = seconds();
        status = gd_session_run(session, images, batch, probabilities, error);
        runs[*n] = seconds() - start;
    }
    return status;
}

int main(int argc, char **argv)
{
    const int batch = argc == 4 ? atoi(argv[2]) : 0;
    if (batch < 1 || batch > 1024) {
        fprintf(stderr, "usage: infer_latency MODEL BATCH SECONDS\n");
        return 2;
    }
    gd_error error = {0};
    gd_model *model = NULL;
    gd_session *session = NULL;
    double *runs = malloc(MOST_RUNS * sizeof *runs);
    float *probabilities = NULL;
    gd_image *images = NULL;
    int n = 0;

    const double start = seconds();
    gd_status status = gd_model_open(argv[1], &model, &error);
    if (status == GD_OK)
        status = gd_session_new(model, &(gd_session_options){batch, 1, &(const char *){"logits"}}, &session, &error);
    const double opened = seconds();
    if (status == GD_OK) {
        const gd_model_info *info = gd_model_describe(model);
        probabilities = malloc((size_t)batch * (size_t)info->n_classes * sizeof *probabilities);
        images = draw(info, batch);
        if (runs && probabilities && images)
            status = measure(session, images, batch, atof(argv[3]), runs, &n, probabilities, &error);
    }
    if (status == GD_OK && n) {
        qsort(runs, (size_t)n, sizeof *runs, ascending);
        printf("{\"version\": \"%s\", \"isa\": \"%s\", \"open_ms\": %.3f, \"runs\": %d, \"median_us\": %.3f, "
               "\"p99_us\": %.3f, \"logits\": [",
               gd_infer_version(), gd_infer_isa(), 1e3 * (opened - start), n, 1e6 * runs[n / 2],
               1e6 * runs[n - 1 - n / 100]);
        int64_t count;
        const float *logits = gd_session_output(session, "logits", &count);
        for (int64_t c = 0; c < count; c++)
            printf(c ? ", %.9g" : "%.9g", (double)logits[c]);
        printf("]}\n");
    } else {
        char text[1024];
        fprintf(stderr, "infer_latency: %s\n",
                status == GD_OK ? "no time to measure" : gd_error_text(&error, text, sizeof text));
    }
    gd_session_free(session);
    gd_model_free(model);
    if (images)
        free((void *)images[0].pixels);
    free(images);
    free(probabilities);
    free(runs);
    return status == GD_OK && n ? 0 : 1;
}
