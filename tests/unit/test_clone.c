// SPDX-License-Identifier: Apache-2.0
/* Sessions that share their weights. */
#include "exported.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

enum { BATCH = 5, THREADS = 4, MOST_FEATURES = 128 };

typedef struct answer {
    float probability[BATCH * CLASSES], features[BATCH * MOST_FEATURES];
} answer;

static gd_session *new_session(const gd_model *model)
{
    gd_session *session;
    gd_error error = {0};
    const gd_session_options options = {BATCH, 1, &gd_model_describe(model)->features};
    CHECK_OK(gd_session_new(model, &options, &session, &error), &error);
    return session;
}

static gd_session *clone_of(const gd_session *session)
{
    gd_session *clone;
    gd_error error = {0};
    CHECK_OK(gd_session_clone(session, &clone, &error), &error);
    return clone;
}

/* Of n pictures; what is left of the answer is 0. */
static answer ask(gd_session *session, const gd_image *images, int n)
{
    answer a = {0};
    int64_t count;
    gd_error error = {0};
    CHECK_OK(gd_session_run(session, images, n, a.probability, &error), &error);
    const float *features = gd_session_output(session, "features", &count);
    CHECK(features && count <= MOST_FEATURES);
    memcpy(a.features, features, (size_t)n * (size_t)count * sizeof *features);
    return a;
}

static bool same(const answer *a, const answer *b) { return memcmp(a, b, sizeof *a) == 0; }

static const char *const networks[] = {"  network: lenet\n", "  network: resnet-20\n  width: 8\n",
                                       "  network: resnet-9\n"};
static const char *const isas[] = {"portable", "avx2", "avx512"};

/* The instruction set is the first session's, whatever the environment says later. */
TEST(a_clone_gives_the_bits_of_a_new_session)
{
    for (int i = 0; i < 9; i++) {
        gd_model *model = export_model(networks[i / 3], 16, 3);
        gd_image images[BATCH];
        setenv("GRIDDLE_ISA", isas[i % 3], 1);
        gd_session *session = new_session(model), *other = new_session(model);
        setenv("GRIDDLE_ISA", isas[(i + 1) % 3], 1);
        gd_session *clone = clone_of(session), *clone_of_clone = clone_of(clone);
        unsetenv("GRIDDLE_ISA");
        for (int p = 0; p < BATCH; p++)
            images[p] = draw_image(model, p);
        for (int n = 1; n <= BATCH; n++) {
            const answer want = ask(other, images, n), from_first = ask(session, images, n),
                         from_clone = ask(clone, images, n), from_second = ask(clone_of_clone, images, n);
            CHECK(same(&from_first, &want));
            CHECK(same(&from_clone, &want));
            CHECK(same(&from_second, &want));
        }
        for (int p = 0; p < BATCH; p++)
            free((void *)images[p].pixels);
        gd_session_free(session);
        gd_session_free(other);
        gd_session_free(clone);
        gd_session_free(clone_of_clone);
        gd_model_free(model);
    }
}

TEST(each_may_be_freed_first)
{
    gd_model *model = export_model(networks[0], 16, 3);
    const gd_image image = draw_image(model, 1);
    for (int first = 0; first < 3; first++) {
        gd_session *session[3] = {new_session(model)};
        session[1] = clone_of(session[0]);
        session[2] = clone_of(session[1]);
        const answer want = ask(session[0], &image, 1);
        for (int i = 0; i < 3; i++) {
            const answer got = ask(session[(first + i) % 3], &image, 1);
            CHECK(same(&got, &want));
            gd_session_free(session[(first + i) % 3]);
        }
    }
    free((void *)image.pixels);
    gd_model_free(model);
}

typedef struct worker {
    const gd_session *of;
    const gd_image *images;
    const answer *want;
    int wrong;
} worker;

static void *work(void *argument)
{
    worker *w = argument;
    for (int round = 0; round < 5; round++) {
        gd_session *clone = clone_of(w->of);
        for (int i = 0; i < 40; i++) {
            const int n = 1 + i % BATCH;
            const answer got = ask(clone, w->images, n);
            w->wrong += !same(&got, &w->want[n - 1]);
        }
        gd_session_free(clone);
    }
    return NULL;
}

TEST(threads_clone_and_run_while_the_first_session_runs)
{
    gd_model *model = export_model(networks[0], 16, 3);
    gd_session *session = new_session(model);
    gd_image images[BATCH];
    answer want[BATCH];
    pthread_t thread[THREADS];
    worker workers[THREADS];
    for (int p = 0; p < BATCH; p++)
        images[p] = draw_image(model, p);
    for (int n = 1; n <= BATCH; n++)
        want[n - 1] = ask(session, images, n);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){session, images, want, 0};
        CHECK_EQ_INT(pthread_create(&thread[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < 200; i++) {
        const int n = 1 + i % BATCH;
        const answer got = ask(session, images, n);
        CHECK(same(&got, &want[n - 1]));
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ_INT(workers[i].wrong, 0);
    for (int p = 0; p < BATCH; p++)
        free((void *)images[p].pixels);
    gd_session_free(session);
    gd_model_free(model);
}

/* Of this process, resident. */
static double megabytes(void)
{
    long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%*d %lld", &pages) != 1)
        pages = 0;
    if (file)
        fclose(file);
    if (!pages)
        SKIP("no /proc/self/statm");
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

/* 23 MB of weights and little else: packed once, and no second time as the file has them. */
TEST(weights_are_in_memory_once)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    SKIP("a sanitizer's own memory counts too");
#endif
    gd_model *model = export_model("  network: layers\n  layers:\n    - flatten\n"
                                   "    - linear:\n        features: 2048\n"
                                   "    - linear:\n        features: 2048\n"
                                   "    - linear:\n        features: 100\n",
                                   28, 1);
    const double weights = 4.0 * (double)gd_model_describe(model)->parameters / 1e6, before = megabytes();
    CHECK(weights > 23);
    gd_session *session = new_session(model), *clone[8];
    const double one = megabytes();
    for (int i = 0; i < 8; i++)
        clone[i] = clone_of(session);
    const double all = megabytes();
    CHECK(one - before > 0.9 * weights);
    CHECK(one - before < 1.5 * weights);
    CHECK(all - one < 0.5 * weights);
    for (int i = 0; i < 8; i++)
        gd_session_free(clone[i]);
    gd_session_free(session);
    gd_model_free(model);
}
