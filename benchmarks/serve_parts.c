// SPDX-License-Identifier: Apache-2.0
/* What an answer is made of, each part alone and as fast as it goes:
 *
 *     serve_parts http PORT THREADS                              answers every POST with as many bytes as an answer has
 *     serve_parts decode FOLDER PICTURES THREADS SECONDS         FOLDER/0.png, FOLDER/1.png, …, over and over
 *     serve_parts network FOLDER PICTURES THREADS SECONDS MODEL  the same pictures, decoded before, one at a time
 *
 * The first runs until it is ended; the others print {"version": …, "per_second": …}, of all threads together. */
#include "base/status.h"
#include "data/decode.h"

#include <griddle/infer.h>
#include <microhttpd.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MOST_PICTURES = 1000, MOST_THREADS = 256, MOST_CLASSES = 1000 };

// ---- HTTP alone ----------------------------------------------------------------------------------------------------
static const char ANSWER[] = "[0.00760415848,0.31465134,0.000811678532,0.00366827124,0.000392763439,0.00510322629,"
                             "0.00227856659,0.0314797312,0.0156388078,0.618371487]";

static enum MHD_Result on_request(void *response, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload, size_t *upload_size,
                                  void **request)
{
    (void)url, (void)method, (void)version, (void)upload;
    if (!*request) { // the headers; a body may follow
        *request = response;
        return MHD_YES;
    }
    if (*upload_size) {
        *upload_size = 0;
        return MHD_YES;
    }
    return MHD_queue_response(connection, MHD_HTTP_OK, response);
}

static int serve(int port, int threads)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(sizeof ANSWER - 1, (void *)ANSWER, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, (uint16_t)port, NULL, NULL, on_request, response,
                         MHD_OPTION_THREAD_POOL_SIZE, (unsigned)threads, MHD_OPTION_END);
    if (!daemon) {
        fprintf(stderr, "serve_parts: nothing can listen on port %d\n", port);
        return 1;
    }
    for (;;)
        pause();
}

// ---- decoding and the network --------------------------------------------------------------------------------------
typedef struct file {
    uint8_t bytes[16384];
    size_t length;
    gd_picture picture;
} file;

typedef struct work {
    const file *files;
    int n_files;
    const gd_model *model; /* NULL: decode */
    _Atomic bool end, failed;
    _Atomic int64_t done;
} work;

static gd_status read_pictures(const char *folder, int n, file *files, gd_error *error)
{
    for (int i = 0; i < n; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%d.png", folder, i);
        FILE *stream = fopen(path, "rb");
        files[i].length = stream ? fread(files[i].bytes, 1, sizeof files[i].bytes, stream) : 0;
        if (stream)
            fclose(stream);
        GD_TRY(gd_decode(path, files[i].bytes, files[i].length, 3, &files[i].picture, error));
    }
    return GD_OK;
}

static gd_status work_off(work *w, gd_session *session, gd_error *error)
{
    float probabilities[MOST_CLASSES];
    int64_t done = 0;
    for (int i = 0; !atomic_load_explicit(&w->end, memory_order_relaxed); i = (i + 1) % w->n_files, done++) {
        const file *f = &w->files[i];
        if (session) {
            const gd_picture *p = &f->picture;
            GD_TRY(gd_session_run(session, &(gd_image){p->height, p->width, p->channels, p->pixels}, 1, probabilities,
                                  error));
        } else {
            gd_picture decoded;
            GD_TRY(gd_decode("picture", f->bytes, f->length, 3, &decoded, error));
            gd_picture_release(&decoded);
        }
    }
    atomic_fetch_add(&w->done, done);
    return GD_OK;
}

static void *on_thread(void *argument)
{
    work *w = argument;
    gd_session *session = NULL;
    gd_error error = {0};
    gd_status status = w->model ? gd_session_new(w->model, NULL, &session, &error) : GD_OK;
    if (status == GD_OK)
        status = work_off(w, session, &error);
    gd_session_free(session);
    if (status != GD_OK) {
        char text[1024];
        fprintf(stderr, "serve_parts: %s\n", gd_error_text(&error, text, sizeof text));
        atomic_store(&w->failed, true);
    }
    return NULL;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int measure(work *w, int threads, double length)
{
    pthread_t thread[MOST_THREADS];
    const double start = seconds();
    for (int t = 0; t < threads; t++)
        if (pthread_create(&thread[t], NULL, on_thread, w)) {
            fprintf(stderr, "serve_parts: thread %d of %d cannot be started\n", t + 1, threads);
            return 1;
        }
    nanosleep(&(struct timespec){(time_t)length, (long)(1e9 * (length - (double)(time_t)length))}, NULL);
    atomic_store(&w->end, true);
    for (int t = 0; t < threads; t++)
        pthread_join(thread[t], NULL);
    const double took = seconds() - start;
    if (atomic_load(&w->failed))
        return 1;
    printf("{\"version\": \"%s\", \"per_second\": %.3f}\n", gd_infer_version(), (double)atomic_load(&w->done) / took);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && !strcmp(argv[1], "http"))
        return serve(atoi(argv[2]), atoi(argv[3]));
    const bool network = argc == 7 && !strcmp(argv[1], "network"), decode = argc == 6 && !strcmp(argv[1], "decode");
    const int pictures = network || decode ? atoi(argv[3]) : 0, threads = network || decode ? atoi(argv[4]) : 0;
    if (pictures < 1 || pictures > MOST_PICTURES || threads < 1 || threads > MOST_THREADS) {
        fprintf(stderr, "usage: serve_parts http PORT THREADS\n"
                        "       serve_parts decode FOLDER PICTURES THREADS SECONDS\n"
                        "       serve_parts network FOLDER PICTURES THREADS SECONDS MODEL\n");
        return 2;
    }
    static file files[MOST_PICTURES];
    gd_error error = {0};
    gd_model *model = NULL;
    gd_status status = read_pictures(argv[2], pictures, files, &error);
    if (status == GD_OK && network)
        status = gd_model_open(argv[6], &model, &error);
    if (status == GD_OK && network && gd_model_describe(model)->n_classes > MOST_CLASSES)
        status = gd_fail(&error, GD_UNSUPPORTED, "'%s' has %d classes; here are at most %d", argv[6],
                         gd_model_describe(model)->n_classes, MOST_CLASSES);
    int code = 1;
    if (status == GD_OK) {
        work w = {.files = files, .n_files = pictures, .model = model};
        code = measure(&w, threads, atof(argv[5]));
    } else {
        char text[1024];
        fprintf(stderr, "serve_parts: %s\n", gd_error_text(&error, text, sizeof text));
    }
    gd_model_free(model);
    for (int i = 0; i < pictures; i++)
        gd_picture_release(&files[i].picture);
    return code;
}
