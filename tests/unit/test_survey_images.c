// SPDX-License-Identifier: Apache-2.0
#include "data_files.h"
#include "surveyed.h"

#include "check/trained.h"

static const char *const two[] = {"cat", "dog"};

static void check_told(surveyed *all, const char *want)
{
    CHECK_TEXT(all->told.at ? all->told.at : "", want);
    gd_text_release(&all->told);
}

TEST(files_below_folders_of_classes_have_labels)
{
    const gd_survey_file *files;
    gd_arena arena = {0};
    gd_error error = {0};
    int64_t n;
    put_file(unit_path("p/dog/1.png"), pattern_png(1, 4, 4, 1));
    put_file(unit_path("p/cat/2.JPG"), pattern_jpeg(2, 5, 4, 3));
    put_file(unit_path("p/cat/3.png"), blob_of("no picture", 10));
    put_file(unit_path("p/4.png"), pattern_png(3, 6, 4, 1));
    put_file(unit_path("p/cat/words.txt"), blob_of("x", 1));
    CHECK_OK(gd_survey_find_files(unit_path("p"), two, 2, &arena, &files, &n, &error), &error);
    CHECK_EQ_INT(n, 4);
    surveyed all = {.options = {.channels = 1, .threads = 2}};
    const gd_see see = surveyed_by(&all);
    CHECK_OK(gd_survey_files(files, n, &all.options, &see, &all.counts, &error), &error);
    CHECK_EQ_INT(all.counts.pictures, 3);
    CHECK_EQ_INT(all.counts.labelled, 2);
    CHECK_EQ_INT(all.counts.broken, 1);
    char text[1024];
    CHECK_CONTAINS(gd_error_text(&all.counts.first, text, sizeof text), "p/cat/3.png: ");
    CHECK(strncmp(all.told.at, "4.png brightness ", 17) == 0);
    CHECK_CONTAINS(all.told.at, "\n2.JPG label 0 brightness ");
    CHECK_CONTAINS(all.told.at, "\n1.png label 1 brightness ");
    gd_text_release(&all.told);
    CHECK_FAILS(gd_survey_find_files(unit_path("p/none"), two, 2, &arena, &files, &n, &error), GD_IO, &error, "none");
    put_file(unit_path("q/words.txt"), blob_of("x", 1));
    CHECK_FAILS(gd_survey_find_files(unit_path("q"), two, 2, &arena, &files, &n, &error), GD_INVALID, &error,
                "none of 1 file ends in .png");
    gd_arena_release(&arena);
}

TEST(rows_of_a_set)
{
    static const uint8_t pixels[5][4] = {{0}, {51, 51, 51, 51}, {102, 102, 102, 102}, {153, 153, 153, 153}, {255}};
    static const int32_t labels[5] = {0, 1, 0, 1, 0};
    static const int64_t rows[] = {1, 3};
    const gd_images images = {.n = 5, .height = 2, .width = 2, .channels = 1, .pixels = pixels[0], .labels = labels};
    surveyed all = {.options = {.threads = 1}}, resized = {.options = {.threads = 1}};
    gd_error error = {0};
    gd_see see = surveyed_by(&all);
    CHECK_OK(gd_survey_images(&images, rows, 2, false, &all.options, &see, &all.counts, &error), &error);
    check_told(&all, "picture:2 label 1 brightness 0.2 height 2\npicture:4 label 1 brightness 0.6 height 2\n");
    see = surveyed_by(&resized);
    CHECK_OK(gd_survey_images(&images, NULL, 0, true, &resized.options, &see, &resized.counts, &error), &error);
    check_told(&resized,
               "picture:1 label 0\npicture:2 label 1\npicture:3 label 0\npicture:4 label 1\npicture:5 label 0\n");
}

TEST(what_was_trained_on_is_known_again)
{
    uint8_t *pixels = pattern_pixels(1, 24, 8, 3); /* three of 8x8 */
    static const int32_t labels[3];
    static const int64_t rows[] = {2, 0};
    const gd_images images = {.n = 3, .height = 8, .width = 8, .channels = 3, .pixels = pixels, .labels = labels};
    gd_trained trained;
    gd_error error = {0};
    CHECK_OK(gd_trained_init(&trained, &images, rows, 2, &error), &error);
    for (int i = 0; i < 3; i++) {
        bool has;
        const gd_image picture = {8, 8, 3, pixels + (ptrdiff_t)i * 8 * 8 * 3};
        CHECK_OK(gd_trained_has(&trained, &picture, &has, &error), &error);
        CHECK(has == (i != 1));
    }
    bool has;
    CHECK_FAILS(gd_trained_has(&trained, &(gd_image){8, 8, 1, pixels}, &has, &error), GD_INVALID, &error,
                "1 channels where the run was trained on 3");
    gd_trained_release(&trained);
    free(pixels);
}
