// SPDX-License-Identifier: Apache-2.0
#include "data_stage.h"

static blob idx_of(int rank, const uint32_t *dim, const uint8_t *data, size_t length)
{
    blob file = {malloc(16 + length), 4 + 4 * (size_t)rank + length};
    const uint8_t magic[4] = {0, 0, 8, (uint8_t)rank};
    memcpy(file.at, magic, 4);
    for (int i = 0; i < rank; i++)
        for (int b = 0; b < 4; b++)
            file.at[4 + 4 * i + b] = (uint8_t)(dim[i] >> (24 - 8 * b));
    if (length > 0)
        memcpy(file.at + 4 + 4 * rank, data, length);
    return file;
}

/* n images of 4x5; image i holds the pattern of seed i. */
static blob images_of(int n)
{
    uint8_t *all = malloc((size_t)n * 20);
    for (int i = 0; i < n; i++) {
        uint8_t *one = pattern_pixels(i, 4, 5, 1);
        memcpy(all + 20 * i, one, 20);
        free(one);
    }
    blob file = idx_of(3, (uint32_t[]){(uint32_t)n, 4, 5}, all, (size_t)n * 20);
    free(all);
    return file;
}

/* Labels 0 1 2 … 9 0 1 … */
static blob labels_of(int n)
{
    uint8_t *labels = malloc((size_t)n);
    for (int i = 0; i < n; i++)
        labels[i] = (uint8_t)(i % 10);
    blob file = idx_of(1, (uint32_t[]){(uint32_t)n}, labels, (size_t)n);
    free(labels);
    return file;
}

/* A folder with 20 training and 10 test images. */
static const char *mnist(void)
{
    put_file(unit_path("mnist/train-images-idx3-ubyte.gz"), gzip_of(images_of(20)));
    put_file(unit_path("mnist/train-labels-idx1-ubyte.gz"), gzip_of(labels_of(20)));
    put_file(unit_path("mnist/t10k-images-idx3-ubyte"), images_of(10));
    put_file(unit_path("mnist/t10k-labels-idx1-ubyte"), labels_of(10));
    return unit_text("source: %s", unit_path("mnist"));
}

static void parse_fails(blob file, const char *why)
{
    gd_idx idx;
    gd_error error = {0};
    CHECK_FAILS(gd_idx_parse("a/x-idx3", file.at, file.length, &idx, &error), GD_FORMAT, &error, why);
    free(file.at);
}

TEST(reads_a_header)
{
    gd_idx idx;
    gd_error error = {0};
    blob file = images_of(3);
    CHECK_OK(gd_idx_parse("x", file.at, file.length, &idx, &error), &error);
    CHECK_EQ_INT(idx.rank, 3);
    CHECK_EQ_INT(idx.dim[0], 3);
    CHECK_EQ_INT(idx.dim[2], 5);
    CHECK(idx.data == file.at + 16);
    free(file.at);
}

TEST(refuses_broken_headers)
{
    blob file = images_of(2);
    for (size_t length = 0; length < file.length; length++)
        parse_fails(blob_of(file.at, length), "a/x-idx3: ");
    parse_fails(blob_of(file.at, file.length - 1), "39 bytes of data, its header says 40");
    file.at[2] = 0x0d;
    parse_fails(blob_of(file.at, file.length), "type 0x0d");
    file.at[2] = 8;
    file.at[3] = 4;
    parse_fails(blob_of(file.at, file.length), "4 dimensions");
    file.at[3] = 3;
    file.at[8] = 0xff;
    parse_fails(blob_of(file.at, file.length), "dimension 1 is 4278190084");
    file.at[0] = 1;
    parse_fails(file, "two zero bytes");
}

TEST(stages_a_folder_plain_and_gzip)
{
    gd_staged set = staged_of(mnist());
    CHECK_EQ_INT(set.train.n, 20);
    CHECK_EQ_INT(set.test.n, 10);
    CHECK_EQ_INT(set.n_classes, 10);
    CHECK_TEXT(set.classes[3], "3");
    CHECK_EQ_INT(set.train.height, 4);
    CHECK_EQ_INT(set.train.width, 5);
    CHECK_EQ_INT(set.train.channels, 1);
    for (int i = 0; i < 20; i++) {
        CHECK_EQ_INT(set.train.labels[i], i % 10);
        CHECK_EQ_INT(set.train.pixels[20 * i + 7], pattern(i, 1, 2, 0));
    }
    double sum = 0, squares = 0;
    for (int k = 0; k < 400; k++) {
        sum += set.train.pixels[k];
        squares += set.train.pixels[k] * (double)set.train.pixels[k];
    }
    CHECK_NEAR(set.mean[0], sum / 400, 1e-9);
    CHECK_NEAR(set.deviation[0] * set.deviation[0], squares / 400 - sum / 400 * sum / 400, 1e-6);
    gd_staged_close(&set);
}

TEST(selects_and_orders_classes)
{
    gd_staged set = staged_of(unit_text("%s\n  classes: ['7', '2']", mnist()));
    CHECK_EQ_INT(set.n_classes, 2);
    CHECK_TEXT(set.classes[0], "7");
    CHECK_EQ_INT(set.train.n, 4);
    const int labels[4] = {1, 0, 1, 0}, seeds[4] = {2, 7, 12, 17};
    for (int i = 0; i < 4; i++) {
        CHECK_EQ_INT(set.train.labels[i], labels[i]);
        CHECK_EQ_INT(set.train.pixels[20 * i], pattern(seeds[i], 0, 0, 0));
    }
    gd_staged_close(&set);
}

TEST(turns_grey_into_colour_and_fits_a_size)
{
    gd_staged set = staged_of(unit_text("%s\n  channels: 3\n  size: 8", mnist()));
    CHECK_EQ_INT(set.train.channels, 3);
    CHECK_EQ_INT(set.train.height, 8);
    CHECK_EQ_INT(set.train.width, 8);
    for (int k = 0; k < 8 * 8; k++)
        CHECK(set.train.pixels[3 * k] == set.train.pixels[3 * k + 1] &&
              set.train.pixels[3 * k] == set.train.pixels[3 * k + 2]);
    CHECK_NEAR(set.mean[0], set.mean[2], 0);
    gd_staged_close(&set);
}

TEST(a_label_out_of_range_is_named)
{
    const char *source = mnist();
    blob labels = labels_of(10);
    labels.at[8 + 7] = 10; /* training has 0 to 9 */
    put_file(unit_path("mnist/t10k-labels-idx1-ubyte"), labels);
    stage_fails(source, GD_FORMAT, "t10k-labels-idx1-ubyte: label 10 of image 7 is outside 0 … 9");

    put_file(unit_path("fashion-mnist/train-images-idx3-ubyte"), images_of(20));
    labels = labels_of(20);
    labels.at[8 + 13] = 10; /* it has names for ten */
    put_file(unit_path("fashion-mnist/train-labels-idx1-ubyte"), labels);
    stage_fails(unit_text("source: %s", unit_path("fashion-mnist")), GD_FORMAT,
                "train-labels-idx1-ubyte: label 10 of image 13 is outside 0 … 9");
}

TEST(there_are_as_many_classes_as_labels)
{
    const char *source = mnist();
    blob labels = labels_of(20);
    labels.at[8 + 13] = 10;
    put_file(unit_path("mnist/train-labels-idx1-ubyte.gz"), gzip_of(labels));
    gd_staged set = staged_of(source);
    CHECK_EQ_INT(set.n_classes, 11);
    CHECK_TEXT(set.classes[10], "10");
    CHECK_EQ_INT(set.train.labels[13], 10);
    gd_staged_close(&set);
}

TEST(truncated_and_corrupt_gzip_are_refused)
{
    const char *source = mnist(), *path = unit_path("mnist/train-images-idx3-ubyte.gz");
    blob whole = get_file(path);
    put_file(path, blob_of(whole.at, whole.length / 2));
    stage_fails(source, GD_FORMAT, "train-images-idx3-ubyte.gz: the gzip data end too early");
    put_file(path, blob_of(whole.at, whole.length - 5));
    stage_fails(source, GD_FORMAT, "end too early");
    whole.at[whole.length - 6] ^= 1; /* in the checksum: the bytes themselves are whole */
    put_file(path, whole);
    stage_fails(source, GD_FORMAT, "train-images-idx3-ubyte.gz: broken gzip");
}

TEST(files_that_do_not_belong_together_are_refused)
{
    const char *source = mnist();
    put_file(unit_path("mnist/train-labels-idx1-ubyte.gz"), gzip_of(labels_of(19)));
    stage_fails(source, GD_FORMAT, "19 labels for 20 images");
    put_file(unit_path("mnist/train-labels-idx1-ubyte.gz"), gzip_of(images_of(20)));
    stage_fails(source, GD_FORMAT, "here they have 3 and 3");
    CHECK_EQ_INT(remove(unit_path("mnist/train-labels-idx1-ubyte.gz")), 0);
    stage_fails(source, GD_FORMAT, "train-images-idx3-ubyte.gz: there is no file of labels beside it");
    put_file(unit_path("mnist/train-labels-idx1-ubyte.gz"), gzip_of(labels_of(20)));
    put_file(unit_path("mnist/train2-images-idx3-ubyte"), images_of(1));
    put_file(unit_path("mnist/train2-labels-idx1-ubyte"), labels_of(1));
    stage_fails(source, GD_FORMAT, "two files of train images");
}

TEST(one_image_is_no_set)
{
    put_file(unit_path("one/train-images-idx3-ubyte"), images_of(1));
    put_file(unit_path("one/train-labels-idx1-ubyte"), labels_of(1));
    stage_fails(unit_text("source: %s", unit_path("one")), GD_FORMAT, "the source holds images of 1 class, '0'");
}

TEST(fashion_mnist_itself)
{
    const char *folder = "/usr/share/datasets/fashion-mnist";
    if (!gd_file_exists(folder))
        SKIP("the package dataset-fashion-mnist is not installed");
    gd_staged set = staged_of(unit_text("source: %s", folder));
    CHECK_EQ_INT(set.train.n, 60000);
    CHECK_EQ_INT(set.test.n, 10000);
    CHECK_TEXT(set.classes[9], "Ankle boot");
    CHECK_EQ_INT(set.train.labels[0], 9);
    CHECK_NEAR(set.mean[0] / 255, 0.2860, 1e-4); /* as everybody finds it */
    CHECK_NEAR(set.deviation[0] / 255, 0.3530, 1e-4);
    gd_staged_close(&set);
}
