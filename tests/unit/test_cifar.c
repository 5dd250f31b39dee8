// SPDX-License-Identifier: Apache-2.0
#include "data_stage.h"

enum { PIXELS = 3 * GD_CIFAR_PLANE };

/* n records; record i has label (first + i) % n_classes and planes of i, i + 50, i + 100. */
static blob records_of(int n, int labels, int n_classes, int first)
{
    size_t record = (size_t)labels + PIXELS;
    blob file = {calloc((size_t)n, record), (size_t)n * record};
    for (int i = 0; i < n; i++) {
        uint8_t *at = file.at + (size_t)i * record;
        at[0] = 19; /* the coarse label, where there are two, does not matter */
        at[labels - 1] = (uint8_t)((first + i) % n_classes);
        for (int c = 0; c < 3; c++)
            memset(at + labels + c * GD_CIFAR_PLANE, (first + i) % 100 + 50 * c, GD_CIFAR_PLANE);
    }
    return file;
}

static blob lines_of(int n, const char *stem)
{
    char text[4096];
    size_t length = 0;
    for (int i = 0; i < n; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%02d\n", stem, i);
    return blob_of(text, length);
}

TEST(planes_become_pixels)
{
    uint8_t planes[PIXELS], pixels[PIXELS];
    for (int i = 0; i < PIXELS; i++)
        planes[i] = (uint8_t)(i % 251);
    gd_cifar_pixels(planes, pixels);
    for (int i = 0; i < GD_CIFAR_PLANE; i++)
        for (int c = 0; c < 3; c++)
            CHECK_EQ_INT(pixels[3 * i + c], (c * GD_CIFAR_PLANE + i) % 251);
}

TEST(refuses_half_records_and_labels_out_of_range)
{
    gd_error error = {0};
    int64_t n;
    blob file = records_of(3, 1, 10, 0);
    CHECK_OK(gd_cifar_parse("x", file.at, file.length, 1, 10, &n, &error), &error);
    CHECK_EQ_INT(n, 3);
    CHECK_FAILS(gd_cifar_parse("x.bin", file.at, file.length - 1, 1, 10, &n, &error), GD_FORMAT, &error,
                "x.bin: 9218 bytes are not whole records of 3073");
    CHECK_FAILS(gd_cifar_parse("x.bin", file.at, 0, 1, 10, &n, &error), GD_FORMAT, &error, "0 bytes");
    file.at[2 * 3073] = 10;
    CHECK_FAILS(gd_cifar_parse("x.bin", file.at, file.length, 1, 10, &n, &error), GD_FORMAT, &error,
                "label 10 of record 2 is outside 0 … 9");
    free(file.at);
}

TEST(batches_of_an_archive_are_put_in_order)
{
    /* as in the real one, names and batches stand in any order */
    const packed_file files[] = {
        {"cifar-10-batches-bin/data_batch_2.bin", records_of(10, 1, 10, 10)},
        {"cifar-10-batches-bin/test_batch.bin", records_of(5, 1, 10, 40)},
        {"cifar-10-batches-bin/batches.meta.txt", lines_of(10, "class")},
        {"cifar-10-batches-bin/data_batch_1.bin", records_of(10, 1, 10, 0)},
        {"cifar-10-batches-bin/readme.html", blob_of("hello", 5)},
    };
    gd_staged set = staged_of(unit_text("source: %s", put_archive(unit_path("c.tar.gz"), "pax", "gzip", files, 5)));
    CHECK_EQ_INT(set.train.n, 20);
    CHECK_EQ_INT(set.test.n, 5);
    CHECK_EQ_INT(set.train.channels, 3);
    CHECK_TEXT(set.classes[9], "class09");
    for (int i = 0; i < 20; i++) {
        CHECK_EQ_INT(set.train.labels[i], i % 10);
        CHECK_EQ_INT(set.train.pixels[(size_t)i * PIXELS], i);
        CHECK_EQ_INT(set.train.pixels[(size_t)i * PIXELS + 2], i + 100);
    }
    gd_staged_close(&set);
}

TEST(fine_labels_count_in_cifar_100)
{
    put_file(unit_path("c/train.bin"), records_of(100, 2, 100, 0));
    put_file(unit_path("c/test.bin"), records_of(10, 2, 100, 40));
    put_file(unit_path("c/fine_label_names.txt"), lines_of(100, "fine"));
    gd_staged set = staged_of(unit_text("source: %s\n  classes: [fine48, fine42]", unit_path("c")));
    CHECK_EQ_INT(set.train.n, 2);
    CHECK_EQ_INT(set.test.n, 2);
    CHECK_EQ_INT(set.train.labels[0], 1);
    CHECK_EQ_INT(set.train.pixels[0], 42);
    gd_staged_close(&set);
}

TEST(names_must_be_there_and_be_as_many)
{
    const char *source = unit_text("source: %s\n  format: cifar10", unit_path("c"));
    put_file(unit_path("c/data_batch_1.bin"), records_of(10, 1, 10, 0));
    stage_fails(source, GD_INVALID, "test.yaml:3:11: data.format is cifar10");
    put_file(unit_path("c/batches.meta.txt"), lines_of(9, "class"));
    stage_fails(source, GD_FORMAT, "batches.meta.txt: 9 class names, 10 are needed");
}

TEST(bicycles_and_motorcycles_of_cifar_100)
{
    gd_staged set = staged_of(
        unit_text("source: %s\n  classes: [bicycle, motorcycle]", unit_data("cifar-100-binary-vehicles.tar.gz")));
    CHECK_EQ_INT(set.train.n, 1000);
    CHECK_EQ_INT(set.test.n, 200);
    int64_t bicycles = 0;
    for (int i = 0; i < 1000; i++)
        bicycles += set.train.labels[i] == 0;
    CHECK_EQ_INT(bicycles, 500);
    gd_staged_close(&set);
}
