// SPDX-License-Identifier: Apache-2.0
#include "data_stage.h"

#include <sys/stat.h>
#include <unistd.h>

static void put_png(const char *path, int seed, int height, int width, int channels)
{
    put_file(unit_path("%s", path), pattern_png(seed, height, width, channels));
}

/* Two classes of two training images, one test image each. */
static const char *pets(void)
{
    put_png("pets/train/dog/b.png", 1, 6, 6, 3);
    put_png("pets/train/dog/a.png", 0, 6, 6, 3);
    put_png("pets/train/cat/10.png", 3, 6, 6, 3);
    put_file(unit_path("pets/train/cat/9.jpg"), pattern_jpeg(4, 6, 6, 3));
    put_png("pets/test/cat/x.png", 5, 6, 6, 3);
    put_png("pets/test/dog/x.png", 6, 6, 6, 3);
    return unit_text("source: %s", unit_path("pets"));
}

static void check_pets(const gd_staged *set)
{
    static const char *const names[4] = {"cat/10.png", "cat/9.jpg", "dog/a.png", "dog/b.png"};
    static const int seeds[4] = {3, 4, 0, 1};
    CHECK_EQ_INT(set->train.n, 4);
    CHECK_EQ_INT(set->test.n, 2);
    CHECK_EQ_INT(set->n_classes, 2);
    CHECK_TEXT(set->classes[0], "cat");
    CHECK_TEXT(set->classes[1], "dog");
    for (int i = 0; i < 4; i++) {
        CHECK_CONTAINS(set->train.names[i], names[i]);
        CHECK_EQ_INT(set->train.labels[i], i / 2);
        CHECK_NEAR(set->train.pixels[108 * i + 3], pattern(seeds[i], 0, 1, 0), i == 1 ? 12 : 0);
    }
    CHECK_EQ_INT(set->test.pixels[0], pattern(5, 0, 0, 0));
}

TEST(train_and_test_by_class_and_name)
{
    gd_staged set = staged_of(pets());
    check_pets(&set);
    CHECK_TEXT(set.train.names[0], "train/cat/10.png");
    CHECK_TEXT(set.test.names[1], "test/dog/x.png");
    gd_staged_close(&set);
}

TEST(archives_give_the_same_as_the_folder)
{
    static const char *const kinds[][3] = {
        {"a.tar.gz", "pax", "gzip"}, {"a.tar.xz", "pax", "xz"}, {"a.tar", "ustar", NULL}, {"a.zip", "zip", NULL}};
    for (int k = 0; k < 4; k++) {
        const packed_file files[] = {
            {"./pets/test/dog/x.png", pattern_png(6, 6, 6, 3)},   {"./pets/train/dog/b.png", pattern_png(1, 6, 6, 3)},
            {"./pets/train/cat/9.jpg", pattern_jpeg(4, 6, 6, 3)}, {"./pets/._train", blob_of("x", 1)},
            {"./pets/train/cat/10.png", pattern_png(3, 6, 6, 3)}, {"./pets/train/dog/a.png", pattern_png(0, 6, 6, 3)},
            {"./pets/test/cat/x.png", pattern_png(5, 6, 6, 3)},
        };
        const char *path = put_archive(unit_path("%s", kinds[k][0]), kinds[k][1], kinds[k][2], files, 7);
        gd_staged set = staged_of(unit_text("source: %s", path));
        check_pets(&set);
        CHECK_TEXT(set.train.names[0], "pets/train/cat/10.png");
        gd_staged_close(&set);
    }
}

TEST(hidden_files_are_passed_over)
{
    const char *source = pets();
    put_file(unit_path("pets/train/cat/.DS_Store"), blob_of("x", 1));
    put_file(unit_path("pets/.git/train/cat/x.png"), blob_of("x", 1));
    put_file(unit_path("pets/__MACOSX/train/cat/x.png"), blob_of("x", 1));
    gd_staged set = staged_of(source);
    check_pets(&set);
    gd_staged_close(&set);
}

TEST(broken_files_are_rejected_with_their_reasons)
{
    const char *source = pets();
    blob broken = pattern_png(9, 6, 6, 3);
    broken.length -= 20;
    put_file(unit_path("pets/train/cat/half.png"), broken);
    put_file(unit_path("pets/train/dog/notes.txt"), blob_of("no picture", 10));
    put_file(unit_path("pets/readme.txt"), blob_of("nobody takes this for a picture", 31));
    stage_fails(source, GD_FORMAT,
                "rejected files: 2, data.max_rejected allows 0; the first: 'train/cat/half.png': broken PNG");
    stage_fails(unit_text("%s\n  max_rejected: 1", source), GD_FORMAT, "allows 1");
    gd_staged set = staged_of(unit_text("%s\n  max_rejected: 2", source));
    check_pets(&set);
    const char *rejected = gd_safetensors_metadata(&set.file, "rejected");
    CHECK_CONTAINS(rejected, "\"file\":\"train/cat/half.png\"");
    CHECK_CONTAINS(rejected, "neither PNG nor JPEG");
    gd_staged_close(&set);
}

TEST(sizes_must_agree_or_be_given)
{
    const char *source = pets();
    put_png("pets/train/dog/c.png", 7, 8, 10, 3);
    stage_fails(source, GD_FORMAT, "'test/cat/x.png' has 6x6 pixels and 'train/dog/c.png' has 10x8: give data.size");
    gd_staged set = staged_of(unit_text("%s\n  size: 4", source));
    CHECK_EQ_INT(set.train.n, 5);
    CHECK_EQ_INT(set.train.height, 4);
    CHECK_EQ_INT(set.train.width, 4);
    gd_staged_close(&set);
}

TEST(one_grey_picture_does_not_make_a_set_grey)
{
    const char *source = pets();
    put_png("pets/train/cat/00.png", 2, 6, 6, 1);
    gd_staged set = staged_of(source);
    CHECK_EQ_INT(set.train.channels, 3);
    for (int c = 0; c < 3; c++)
        CHECK_EQ_INT(set.train.pixels[c], pattern(2, 0, 0, 0));
    gd_staged_close(&set);
    set = staged_of(unit_text("%s\n  channels: 1", source));
    CHECK_EQ_INT(set.train.channels, 1);
    CHECK_EQ_INT(set.train.pixels[0], pattern(2, 0, 0, 0));
    gd_staged_close(&set);
}

/* ---- layouts ---- */

TEST(a_validation_folder_is_the_test_split_where_there_is_no_other)
{
    for (int i = 0; i < 2; i++) {
        put_png("v/train/a/1.png", 0, 6, 6, 3);
        put_png("v/train/b/1.png", 1, 6, 6, 3);
        put_png("v/val/a/2.png", 2, 6, 6, 3);
        if (i == 1)
            put_png("v/test/b/3.png", 3, 6, 6, 3);
        gd_staged set = staged_of(unit_text("source: %s", unit_path("v")));
        CHECK_EQ_INT(set.train.n, 2);
        CHECK_EQ_INT(set.test.n, 1);
        CHECK_TEXT(set.test.names[0], i == 0 ? "val/a/2.png" : "test/b/3.png");
        gd_staged_close(&set);
    }
}

TEST(a_test_split_is_drawn_from_every_class_and_stays)
{
    for (int i = 0; i < 10; i++) {
        put_png(unit_text("f/a/%d.png", i), i, 6, 6, 3);
        put_png(unit_text("f/b/%d.png", i), i, 6, 6, 3);
    }
    const char *source = unit_text("source: %s\n  test: 0.2", unit_path("f"));
    gd_staged set = staged_of(source);
    CHECK_EQ_INT(set.train.n, 16);
    CHECK_EQ_INT(set.test.n, 4);
    CHECK_EQ_INT(set.test.labels[1], 0);
    CHECK_EQ_INT(set.test.labels[2], 1);
    for (int i = 0; i < 16; i++)
        for (int j = 0; j < 4; j++)
            CHECK(strcmp(set.train.names[i], set.test.names[j]) != 0);
    const char *first = unit_text("%s", set.test.names[0]);
    gd_staged_close(&set);
    set = staged_of(unit_text("%s\n  max_rejected: 1", source)); /* other settings: staged anew */
    CHECK_TEXT(set.test.names[0], first);
    gd_staged_close(&set);
    set = staged_of(unit_text("source: %s", unit_path("f")));
    CHECK_EQ_INT(set.train.n, 20);
    CHECK_EQ_INT(set.test.n, 0);
    gd_staged_close(&set);
}

TEST(a_class_of_one_image_cannot_give_one_away)
{
    put_png("f/a/1.png", 0, 6, 6, 3);
    put_png("f/b/1.png", 0, 6, 6, 3);
    put_png("f/b/2.png", 0, 6, 6, 3);
    stage_fails(unit_text("source: %s\n  test: 0.2", unit_path("f")), GD_FORMAT, "class 'a' has 1 image");
}

TEST(train_may_be_a_class)
{
    put_png("t/train/1.png", 0, 6, 6, 3);
    put_png("t/bus/1.png", 0, 6, 6, 3);
    gd_staged set = staged_of(unit_text("source: %s", unit_path("t")));
    CHECK_EQ_INT(set.n_classes, 2);
    CHECK_TEXT(set.classes[1], "train");
    gd_staged_close(&set);
}

TEST(pictures_without_classes_are_no_set)
{
    put_png("flat/train/1.png", 0, 6, 6, 3);
    put_png("flat/test/1.png", 0, 6, 6, 3);
    stage_fails(unit_text("source: %s", unit_path("flat")), GD_FORMAT, "lie in no folders of classes");
    put_png("flat2/1.png", 0, 6, 6, 3);
    stage_fails(unit_text("source: %s", unit_path("flat2")), GD_FORMAT, "lie in no folders of classes");
    put_file(unit_path("none/a.txt"), blob_of("x", 1));
    stage_fails(unit_text("source: %s", unit_path("none")), GD_FORMAT, "of no known format");
}

TEST(a_picture_beside_the_classes_is_rejected)
{
    const char *source = pets();
    put_png("pets/train/stray.png", 0, 6, 6, 3);
    put_png("pets/extra/cat/1.png", 0, 6, 6, 3);
    stage_fails(source, GD_FORMAT, "'extra/cat/1.png': it lies in no folder of a split");
    gd_staged set = staged_of(unit_text("%s\n  max_rejected: 2", source));
    CHECK_CONTAINS(gd_safetensors_metadata(&set.file, "rejected"), "it lies in no folder of a class");
    gd_staged_close(&set);
}

TEST(a_name_that_cannot_be_printed_is_rejected)
{
    const char *source = pets();
    put_png("pets/train/cat/\xff\x1b.png", 0, 6, 6, 3);
    stage_fails(source, GD_FORMAT, "'train/cat/??.png': its name is not printable UTF-8");
}

TEST(a_class_that_only_tests_have_is_an_error)
{
    const char *source = pets();
    put_png("pets/test/eel/1.png", 0, 6, 6, 3);
    stage_fails(source, GD_FORMAT, "1 of 3 classes have no training images, the first is 'eel'");
}

TEST(one_image_is_no_set)
{
    put_png("one/cat/1.png", 0, 6, 6, 3);
    stage_fails(unit_text("source: %s", unit_path("one")), GD_FORMAT, "holds images of 1 class, 'cat'");
}

TEST(a_misspelt_class_is_told_with_its_place)
{
    stage_fails(unit_text("%s\n  classes: [cat, dgo]", pets()), GD_INVALID,
                "test.yaml:3:12: data.classes: the source has no class 'dgo' among its 2; did you mean 'dog'?");
}

TEST(links_are_followed_but_not_in_circles)
{
    const char *source = pets();
    CHECK_EQ_INT(symlink(unit_path("pets"), unit_path("link")), 0);
    gd_staged set = staged_of(unit_text("source: %s", unit_path("link")));
    check_pets(&set);
    gd_staged_close(&set);
    CHECK_EQ_INT(remove(unit_path("set.safetensors")), 0);
    CHECK_EQ_INT(symlink("..", unit_path("pets/train/loop")), 0);
    stage_fails(source, GD_IO, "leads back to");
}

TEST(imagenette_photographs)
{
    gd_staged set = staged_of(
        unit_text("source: %s\n  size: 32\n  classes: [n03888257, n01440764]", unit_data("imagenette224-subset.tar")));
    CHECK_EQ_INT(set.train.n, 500);
    CHECK_EQ_INT(set.test.n, 200);
    CHECK_EQ_INT(set.train.channels, 3);
    CHECK_CONTAINS(set.train.names[0], "train/n01440764/");
    CHECK_EQ_INT(set.train.labels[0], 1);
    gd_staged_close(&set);
}
