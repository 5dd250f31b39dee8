// SPDX-License-Identifier: Apache-2.0
#include "data/archive.h"

#include "data_files.h"

enum { MODEL_BYTES = 50000, MOST = 1 << 20 };

static blob model_of(uint8_t first)
{
    blob model = {malloc(MODEL_BYTES), MODEL_BYTES};
    for (size_t i = 0; i < MODEL_BYTES; i++)
        model.at[i] = (uint8_t)(i * 7 + first);
    return model;
}

static blob word(void) { return blob_of("words", 5); }

static gd_status unpack(const packed_file *files, int n, size_t most, const char *folder, gd_error *error)
{
    const char *archive = put_archive(unit_path("model.tar.gz"), "pax", "gzip", files, n);
    CHECK_OK(gd_folder_make(folder, error), error);
    return gd_archive_unpack(archive, folder, most, error);
}

TEST(models_are_unpacked_side_by_side_and_nothing_else)
{
    const packed_file files[] = {{"./config.yaml", word()},
                                 {"runs/a/model.safetensors", model_of(1)},
                                 {"runs/a/best.safetensors", model_of(2)},
                                 {"runs/a/._model.safetensors", word()},
                                 {"runs/a/.safetensors", word()},
                                 {"code/inference.py", word()}};
    const char *folder = unit_path("all");
    gd_error error = {0};
    CHECK_OK(unpack(files, 6, MOST, folder, &error), &error);
    for (uint8_t first = 1; first <= 2; first++) {
        blob want = model_of(first);
        blob got = get_file(unit_text("%s/%s.safetensors", folder, first == 1 ? "model" : "best"));
        CHECK_EQ_INT(got.length, MODEL_BYTES);
        CHECK(memcmp(got.at, want.at, MODEL_BYTES) == 0);
        free(got.at);
        free(want.at);
    }
    CHECK(!gd_file_exists(unit_text("%s/config.yaml", folder)));
    CHECK(!gd_file_exists(unit_text("%s/._model.safetensors", folder)));
    CHECK(!gd_file_exists(unit_text("%s/.safetensors", folder)));
}

TEST(archives_without_a_model_with_two_of_a_name_or_too_much_are_refused)
{
    gd_error error = {0};
    const packed_file none[] = {{"image-classification-0000.params", word()}, {"model-shapes.json", word()}};
    CHECK_FAILS(unpack(none, 2, MOST, unit_path("none"), &error), GD_FORMAT, &error,
                "no *.safetensors among the 2 files");
    const packed_file two[] = {{"a/model.safetensors", model_of(1)}, {"b/model.safetensors", model_of(2)}};
    CHECK_FAILS(unpack(two, 2, MOST, unit_path("two"), &error), GD_FORMAT, &error,
                "two files in it are called 'model.safetensors'");
    const packed_file large[] = {{"a.safetensors", model_of(1)}, {"b.safetensors", model_of(2)}};
    CHECK_FAILS(unpack(large, 2, 2 * MODEL_BYTES - 1, unit_path("large"), &error), GD_FORMAT, &error,
                "more than 49999 bytes");
    CHECK(!gd_file_exists(unit_path("large/b.safetensors"))); /* not half a one either */
    const packed_file fits[] = {{"a.safetensors", model_of(1)}, {"b.safetensors", model_of(2)}};
    CHECK_OK(unpack(fits, 2, 2 * MODEL_BYTES, unit_path("fits"), &error), &error);
}
