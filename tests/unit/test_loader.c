// SPDX-License-Identifier: Apache-2.0
#include "data/loader.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

enum { N = 103, SIDE = 4, BYTES = SIDE * SIDE, CLASSES = 5 };

/* Image i is filled with i; its label is i % CLASSES. */
typedef struct fixture {
    uint8_t pixels[N * BYTES];
    int32_t labels[N];
    gd_images images;
    gd_augment augment;
    gd_loader_options options;
} fixture;

static void set_up(fixture *f)
{
    memset(f, 0, sizeof *f);
    for (int i = 0; i < N; i++) {
        memset(f->pixels + i * BYTES, i, BYTES);
        f->labels[i] = i % CLASSES;
    }
    f->images =
        (gd_images){.n = N, .height = SIDE, .width = SIDE, .channels = 1, .pixels = f->pixels, .labels = f->labels};
    f->augment = (gd_augment){.flip = GD_FLIP_RANDOM, .crop = 2, .cutout = 2, .brightness = 0.1, .contrast = 0.2};
    f->options = (gd_loader_options){.images = &f->images,
                                     .n_classes = CLASSES,
                                     .batch = 8,
                                     .training = true,
                                     .augment = &f->augment,
                                     .mean = 100,
                                     .seed = 7,
                                     .last_epoch = 3,
                                     .threads = 2,
                                     .depth = 3};
}

static gd_loader *start(const gd_loader_options *options)
{
    gd_loader *loader;
    gd_error error = {0};
    CHECK_OK(gd_loader_new(options, &loader, &error), &error);
    return loader;
}

static const gd_batch *next(gd_loader *loader)
{
    const gd_batch *batch;
    gd_error error = {0};
    CHECK_OK(gd_loader_next(loader, &batch, &error), &error);
    return batch;
}

static uint64_t digest(uint64_t state, const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        state = (state ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3u;
    return state;
}

/* All that a loader gives, as one number. */
static uint64_t everything(const gd_loader_options *options)
{
    gd_loader *loader = start(options);
    uint64_t state = 1;
    for (const gd_batch *b; (b = next(loader));) {
        size_t n = (size_t)options->batch;
        state = digest(state, b->images, n * BYTES);
        state = digest(state, b->labels, n * sizeof *b->labels);
        state = digest(state, b->targets, n * CLASSES * sizeof *b->targets);
        state = digest(state, b->draws, n * sizeof *b->draws);
        state = digest(state, &b->first, sizeof b->first);
    }
    gd_loader_free(loader);
    return state;
}

TEST(an_epoch_has_each_row_once_and_drops_the_tail)
{
    fixture f;
    set_up(&f);
    gd_loader *loader = start(&f.options);
    CHECK_EQ_INT(gd_loader_batches(loader), N / 8);
    int order[2][8];
    for (int epoch = 0; epoch < 3; epoch++) {
        int seen[N] = {0};
        for (int b = 0; b < N / 8; b++) {
            const gd_batch *batch = next(loader);
            CHECK(batch != NULL);
            CHECK_EQ_INT(batch->first, 8 * b);
            CHECK_EQ_INT(batch->valid, 8);
            for (int i = 0; i < 8; i++) {
                int row = batch->images[i * BYTES];
                seen[row]++;
                CHECK_EQ_INT(batch->labels[i], row % CLASSES);
                for (int c = 0; c < CLASSES; c++)
                    CHECK_NEAR(batch->targets[i * CLASSES + c], c == row % CLASSES, 0);
                if (epoch < 2 && b == 0)
                    order[epoch][i] = row;
            }
        }
        int n = 0;
        for (int i = 0; i < N; i++) {
            CHECK(seen[i] <= 1);
            n += seen[i];
        }
        CHECK_EQ_INT(n, N / 8 * 8);
    }
    CHECK(next(loader) == NULL);
    CHECK(next(loader) == NULL);
    CHECK(memcmp(order[0], order[1], sizeof order[0]) != 0);
    gd_loader_free(loader);
}

TEST(threads_and_depth_do_not_show)
{
    fixture f;
    set_up(&f);
    f.options.threads = 1;
    f.options.depth = 1;
    uint64_t one = everything(&f.options);
    for (int threads = 1; threads <= 5; threads++)
        for (int depth = 1; depth <= 40; depth += 13) { /* 40: more than three epochs */
            f.options.threads = threads;
            f.options.depth = depth;
            CHECK(everything(&f.options) == one);
        }
    f.options.seed = 8;
    CHECK(everything(&f.options) != one);
}

TEST(begins_anywhere)
{
    fixture f;
    set_up(&f);
    gd_loader *whole = start(&f.options);
    for (int b = 0; b < N / 8 + 5; b++)
        next(whole);
    f.options.first_epoch = 1;
    f.options.first_batch = 5;
    gd_loader *late = start(&f.options);
    for (int b = 0; b < 2 * (N / 8) - 5; b++) {
        const gd_batch *x = next(whole), *y = next(late);
        CHECK(x && y);
        CHECK_EQ_INT(x->first, y->first);
        CHECK(memcmp(x->images, y->images, 8 * BYTES) == 0);
        CHECK(memcmp(x->draws, y->draws, 8 * sizeof *x->draws) == 0);
    }
    CHECK(next(late) == NULL);
    gd_loader_free(whole);
    gd_loader_free(late);
}

TEST(evaluation_keeps_order_and_pads)
{
    fixture f;
    set_up(&f);
    int64_t rows[11];
    for (int i = 0; i < 11; i++)
        rows[i] = 9 * i + 2;
    f.options.training = false;
    f.options.rows = rows;
    f.options.n_rows = 11;
    gd_loader *loader = start(&f.options);
    CHECK_EQ_INT(gd_loader_batches(loader), 2);
    for (int b = 0; b < 2; b++) {
        const gd_batch *batch = next(loader);
        CHECK_EQ_INT(batch->valid, b == 0 ? 8 : 3);
        CHECK(batch->draws == NULL);
        for (int i = 0; i < 8; i++) {
            bool counts = i < batch->valid;
            int row = (int)rows[8 * b + (counts ? i : 0)];
            CHECK_EQ_INT(batch->images[i * BYTES], counts ? row : 0);
            CHECK_EQ_INT(batch->labels[i], counts ? row % CLASSES : -1);
            float sum = 0;
            for (int c = 0; c < CLASSES; c++)
                sum += batch->targets[i * CLASSES + c];
            CHECK_NEAR(sum, counts, 0);
        }
    }
    CHECK(next(loader) == NULL);
    gd_loader_free(loader);
}

/* Ranks see, between them, exactly what one sees; in training and at the padded end of an evaluation. */
static void check_shares(const gd_loader_options *options, int ranks)
{
    gd_loader *whole = start(options);
    gd_loader *share[8];
    gd_shard shard[8];
    for (int r = 0; r < ranks; r++) {
        gd_loader_options own = *options;
        CHECK_EQ_INT(gd_shard_of(options->batch, 1, r, ranks, &shard[r], NULL), GD_OK);
        own.shard = shard[r];
        share[r] = start(&own);
    }
    for (const gd_batch *batch = next(whole); batch; batch = next(whole)) {
        int valid = 0;
        for (int r = 0; r < ranks; r++) {
            const gd_batch *part = next(share[r]);
            CHECK(part);
            CHECK_EQ_INT(part->first, batch->first + shard[r].first);
            valid += part->valid;
            for (int i = 0; i < shard[r].images; i++) {
                int row = shard[r].first + i;
                CHECK_EQ_INT(part->labels[i], batch->labels[row]);
                CHECK(memcmp(part->images + i * BYTES, batch->images + row * BYTES, BYTES) == 0);
                CHECK(memcmp(part->targets + i * CLASSES, batch->targets + row * CLASSES,
                             CLASSES * sizeof *part->targets) == 0);
                CHECK(!batch->draws || memcmp(&part->draws[i], &batch->draws[row], sizeof *part->draws) == 0);
            }
        }
        CHECK_EQ_INT(valid, batch->valid);
    }
    for (int r = 0; r < ranks; r++) {
        CHECK(next(share[r]) == NULL);
        gd_loader_free(share[r]);
    }
    gd_loader_free(whole);
}

TEST(ranks_share_the_batches_of_one)
{
    for (int ranks = 1; ranks <= 8; ranks++) {
        fixture f;
        set_up(&f);
        check_shares(&f.options, ranks);
        f.options.training = false;
        check_shares(&f.options, ranks);
        int64_t rows[11];
        for (int i = 0; i < 11; i++)
            rows[i] = 9 * i + 2;
        f.options.rows = rows;
        f.options.n_rows = 11; /* the last batch has three rows: most ranks have none of them */
        check_shares(&f.options, ranks);
    }
}

TEST(an_empty_split_has_no_batches)
{
    fixture f;
    set_up(&f);
    f.options.training = false;
    f.options.rows = (const int64_t[]){0};
    f.options.n_rows = 0;
    gd_loader *loader = start(&f.options);
    CHECK_EQ_INT(gd_loader_batches(loader), 0);
    CHECK(next(loader) == NULL);
    gd_loader_free(loader);
}

TEST(can_be_left_at_any_time)
{
    fixture f;
    set_up(&f);
    f.options.threads = 4;
    for (int taken = 0; taken < 12; taken++) {
        gd_loader *loader = start(&f.options);
        for (int b = 0; b < taken; b++)
            next(loader);
        gd_loader_free(loader);
    }
    gd_loader_free(NULL);
}

TEST(what_does_not_fit_is_refused)
{
    fixture f;
    set_up(&f);
    gd_loader *loader;
    gd_error error = {0};
    f.options.batch = 104;
    CHECK_FAILS(gd_loader_new(&f.options, &loader, &error), GD_INVALID, &error,
                "train.batch 104 is larger than the training split of 103 images");
    f.options.batch = 0;
    CHECK_FAILS(gd_loader_new(&f.options, &loader, &error), GD_INVALID, &error, "batch of 0 images: at least 1");
}

/* ---- the draw ---- */

TEST(draws_cover_their_ranges_evenly)
{
    gd_augment augment = {.flip = GD_FLIP_RANDOM, .crop = 2, .cutout = 3, .brightness = 0.1, .contrast = 0.2};
    int dx[5] = {0}, dy[5] = {0}, flips = 0, cut_x[10] = {0};
    double contrast = 0, shift = 0;
    const int n = 20000;
    for (int i = 0; i < n; i++) {
        gd_draw draw = gd_augment_draw(&augment, 8, 10, 100, 3, 1, i);
        CHECK(draw.dx >= -2 && draw.dx <= 2 && draw.dy >= -2 && draw.dy <= 2);
        dx[draw.dx + 2]++;
        dy[draw.dy + 2]++;
        flips += draw.flip;
        CHECK_EQ_INT(draw.cut_side, 3);
        CHECK(draw.cut_x + 1 >= 0 && draw.cut_x + 1 < 10 && draw.cut_y + 1 >= 0 && draw.cut_y + 1 < 8);
        cut_x[draw.cut_x + 1]++;
        CHECK(draw.contrast >= 0.8f && draw.contrast <= 1.2f);
        double added = draw.brightness - 100 * (1 - draw.contrast);
        CHECK(added >= -25.51 && added <= 25.51);
        contrast += draw.contrast;
        shift += added;
    }
    CHECK_NEAR(flips, n / 2, 400); /* five standard deviations and more, here and below */
    for (int k = 0; k < 5; k++) {
        CHECK_NEAR(dx[k], n / 5, 300);
        CHECK_NEAR(dy[k], n / 5, 300);
    }
    for (int k = 0; k < 10; k++)
        CHECK_NEAR(cut_x[k], n / 10, 250);
    CHECK_NEAR(contrast / n, 1, 0.005);
    CHECK_NEAR(shift / n, 0, 0.6);
}

TEST(nothing_asked_for_changes_nothing)
{
    gd_augment augment = {0};
    gd_draw draw = gd_augment_draw(&augment, 8, 8, 100, 3, 1, 5), none = {.contrast = 1};
    CHECK(memcmp(&draw, &none, sizeof draw) == 0);
}

TEST(alternate_flips_every_other_epoch)
{
    gd_augment augment = {.flip = GD_FLIP_ALTERNATE};
    int first = 0;
    for (int i = 0; i < 1000; i++) {
        int flip = gd_augment_draw(&augment, 8, 8, 100, 3, 0, i).flip;
        first += flip;
        for (int epoch = 1; epoch < 6; epoch++)
            CHECK_EQ_INT(gd_augment_draw(&augment, 8, 8, 100, 3, epoch, i).flip, flip ^ (epoch & 1));
    }
    CHECK_NEAR(first, 500, 80);
}

TEST(a_setting_leaves_the_draws_of_the_others)
{
    gd_augment all = {.flip = GD_FLIP_RANDOM, .crop = 2, .cutout = 3, .brightness = 0.1, .contrast = 0.2};
    gd_augment fewer = {.flip = GD_FLIP_RANDOM, .crop = 2};
    for (int i = 0; i < 100; i++) {
        gd_draw a = gd_augment_draw(&all, 8, 8, 100, 3, 1, i), b = gd_augment_draw(&fewer, 8, 8, 100, 3, 1, i);
        CHECK(a.dx == b.dx && a.dy == b.dy && a.flip == b.flip);
    }
}

TEST(shuffles_are_even_permutations_of_the_epoch)
{
    enum { M = 6, TIMES = 6000 };
    int at[M][M] = {{0}};
    for (int epoch = 0; epoch < TIMES; epoch++) {
        int64_t order[M];
        int seen[M] = {0};
        gd_shuffle(9, epoch, M, order);
        for (int i = 0; i < M; i++) {
            CHECK(order[i] >= 0 && order[i] < M && !seen[order[i]]++);
            at[i][order[i]]++;
        }
    }
    for (int i = 0; i < M; i++)
        for (int k = 0; k < M; k++)
            CHECK_NEAR(at[i][k], TIMES / M, 180);
}
