// SPDX-License-Identifier: Apache-2.0
#include "data/staged.h"

#include "data_files.h"

enum { N = 3, M = 2, SIDE = 2, BYTES = SIDE * SIDE };

/* A set in parts that a test can spoil before it is written. */
typedef struct parts {
    int32_t labels[N], test_labels[M];
    uint8_t images[N * BYTES], test_images[M * BYTES];
    const char *names;
    size_t names_length;
    const char *format, *version, *classes, *mean, *deviation;
} parts;

static parts sound(void)
{
    parts p = {.labels = {0, 1, 1},
               .test_labels = {1, 0},
               .names = "a\0bb\0c",
               .names_length = 7,
               .format = "griddle-staged",
               .version = "1",
               .classes = "[\"cat\",\"dog\"]",
               .mean = "[1.5]",
               .deviation = "[2]"};
    for (int i = 0; i < N * BYTES; i++)
        p.images[i] = (uint8_t)i;
    memset(p.test_images, 77, sizeof p.test_images);
    return p;
}

static const char *write_set(const parts *p)
{
    gd_arena arena = {0};
    gd_error error = {0};
    const char *path = unit_path("set.safetensors");
    const char *const keys[] = {"format", "format_version", "classes", "mean", "deviation"};
    const char *const values[] = {p->format, p->version, p->classes, p->mean, p->deviation};
    gd_attr *metadata = gd_attr_new(&arena, GD_ATTR_MAP, NULL);
    for (int i = 0; i < 5; i++)
        if (values[i])
            gd_attr_append(&arena, metadata, keys[i], gd_attr_new(&arena, GD_ATTR_SCALAR, values[i]));
    const gd_tensor_entry tensors[] = {
        {"train.labels", gd_desc_1(GD_I32, N), p->labels, sizeof p->labels},
        {"test.labels", gd_desc_1(GD_I32, M), p->test_labels, sizeof p->test_labels},
        {"train.images", gd_desc_4(GD_U8, N, SIDE, SIDE, 1), p->images, sizeof p->images},
        {"test.images", gd_desc_4(GD_U8, M, SIDE, SIDE, 1), p->test_images, sizeof p->test_images},
        {"train.names", gd_desc_1(GD_U8, (int64_t)p->names_length), p->names, p->names_length},
    };
    CHECK_OK(gd_safetensors_write(path, tensors, 5, metadata, &error), &error);
    gd_arena_release(&arena);
    return path;
}

static void fails(const parts *p, const char *why)
{
    gd_staged set;
    gd_error error = {0};
    CHECK_FAILS(gd_staged_open(write_set(p), GD_OPEN_TRAIN | GD_OPEN_TEST, &set, &error), GD_FORMAT, &error, why);
}

TEST(opens_both_splits)
{
    parts p = sound();
    gd_staged set;
    gd_error error = {0};
    CHECK_OK(gd_staged_open(write_set(&p), GD_OPEN_TRAIN | GD_OPEN_TEST, &set, &error), &error);
    CHECK_EQ_INT(set.train.n, N);
    CHECK_EQ_INT(set.train.pixels[5], 5);
    CHECK_TEXT(set.train.names[1], "bb");
    CHECK_TEXT(set.classes[1], "dog");
    CHECK_NEAR(set.mean[0], 1.5, 0);
    CHECK_NEAR(set.deviation[0], 2, 0);
    CHECK_EQ_INT(set.test.n, M);
    CHECK_EQ_INT(set.test.labels[0], 1);
    CHECK(set.test.names == NULL);
    gd_staged_close(&set);
    gd_staged_close(&set); /* accepts {0} */
}

TEST(training_never_sees_the_test_split)
{
    /* test labels that nobody may look at: whoever does, fails */
    parts p = sound();
    p.test_labels[0] = 99;
    gd_staged set;
    gd_error error = {0};
    const char *path = write_set(&p);
    CHECK_FAILS(gd_staged_open(path, GD_OPEN_TEST, &set, &error), GD_FORMAT, &error,
                "test image 0 has label 99 of 2 classes");
    CHECK_OK(gd_staged_open(path, GD_OPEN_TRAIN, &set, &error), &error);
    CHECK_EQ_INT(set.train.n, N);
    CHECK_EQ_INT(set.test.n, 0);
    CHECK(set.test.pixels == NULL && set.test.labels == NULL && set.test.names == NULL);
    gd_staged_close(&set);
}

TEST(evaluation_opens_the_test_split_alone)
{
    parts p = sound();
    p.labels[0] = -1;
    gd_staged set;
    gd_error error = {0};
    CHECK_OK(gd_staged_open(write_set(&p), GD_OPEN_TEST, &set, &error), &error);
    CHECK_EQ_INT(set.train.n, 0);
    CHECK_EQ_INT(set.test.n, M);
    CHECK_NEAR(set.mean[0], 1.5, 0);
    gd_staged_close(&set);
}

TEST(spoilt_sets_are_refused)
{
    parts p = sound();
    p.labels[2] = 2;
    fails(&p, "train image 2 has label 2 of 2 classes");
    p = sound();
    p.format = "griddle-model";
    fails(&p, "set.safetensors: not a staged set");
    p.format = NULL;
    fails(&p, "not a staged set");
    p = sound();
    p.version = "2";
    fails(&p, "version '2', this program reads version 1");
    p = sound();
    p.names_length = 5;
    fails(&p, "fewer names than images");
    p = sound();
    p.names = "a\0b\0c\0d";
    p.names_length = 8;
    fails(&p, "more names than images");
}

TEST(spoilt_metadata_is_refused)
{
    static const char *const classes[] = {NULL, "", "[", "[]", "[1,2]", "{\"a\":\"b\"}", "\"cat\""};
    static const char *const numbers[] = {NULL, "[]", "[1,2]", "[-1]", "[256]", "[nan]", "[\"x\"]", "[[1]]", "7"};
    gd_staged set;
    gd_error error = {0};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        parts p = sound();
        p.classes = classes[i];
        CHECK(gd_staged_open(write_set(&p), GD_OPEN_TRAIN, &set, &error) == GD_FORMAT);
        error = (gd_error){0};
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        parts p = sound();
        p.mean = numbers[i];
        CHECK(gd_staged_open(write_set(&p), GD_OPEN_TRAIN, &set, &error) == GD_FORMAT);
        error = (gd_error){0};
    }
    parts p = sound();
    p.deviation = "[0]";
    fails(&p, "mean or deviation");
}

TEST(a_file_that_is_not_there)
{
    gd_staged set;
    gd_error error = {0};
    CHECK_FAILS(gd_staged_open(unit_path("absent"), GD_OPEN_TRAIN, &set, &error), GD_IO, &error, "absent");
}
