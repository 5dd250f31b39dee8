// SPDX-License-Identifier: Apache-2.0
#include "store/safetensors.h"

#include "base/file.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

/* A file in memory, aligned as a mapping is: the header's length, the header padded to a multiple of 8, `data` bytes of
 * zero. */
static const void *make(const char *header, size_t data, size_t *length)
{
    static _Alignas(64) unsigned char bytes[4096];
    const size_t n = (strlen(header) + 7) / 8 * 8;
    memset(bytes, 0, sizeof bytes);
    memset(bytes + 8, ' ', n);
    bytes[0] = (unsigned char)n;
    bytes[1] = (unsigned char)(n >> 8);
    memcpy(bytes + 8, header, strlen(header));
    *length = 8 + n + data;
    return bytes;
}

static gd_status read_text(const char *header, size_t data, gd_safetensors *file, gd_error *error)
{
    size_t length;
    const void *bytes = make(header, data, &length);
    return gd_safetensors_read("a.safetensors", bytes, length, file, error);
}

static void refuses(const char *header, size_t data, const char *message)
{
    gd_error error = {0};
    gd_safetensors file;
    CHECK_FAILS(read_text(header, data, &file, &error), GD_FORMAT, &error, message);
    CHECK_EQ_INT(file.n, 0);
    gd_safetensors_close(&file);
}

static const float weights[6] = {1, 2, 3, 4, 5, 6};
static const int32_t labels[3] = {7, 8, 9};

TEST(what_is_written_is_read)
{
    gd_arena arena = {0};
    gd_error error = {0};
    gd_attr *metadata = gd_attr_new(&arena, GD_ATTR_MAP, NULL);
    gd_attr_append(&arena, metadata, "classes", gd_attr_new(&arena, GD_ATTR_SCALAR, "[\"a \\ b\",\n\"ü\"]"));
    const gd_tensor_entry entries[] = {{"w", gd_desc_2(GD_F32, 2, 3), weights, 0},
                                       {"empty", gd_desc_1(GD_U8, 0), NULL, 0},
                                       {"a \"name\"", gd_desc_1(GD_I32, 3), labels, 0}};
    const char *path = unit_path("x.safetensors");
    CHECK_OK(gd_safetensors_write(path, entries, 3, metadata, &error), &error);

    gd_safetensors file;
    CHECK_OK(gd_safetensors_open(path, &file, &error), &error);
    CHECK_EQ_INT(file.n, 3);
    CHECK_TEXT(gd_safetensors_metadata(&file, "classes"), "[\"a \\ b\",\n\"ü\"]");
    CHECK_TEXT(gd_safetensors_metadata(&file, "none"), NULL);
    CHECK(gd_safetensors_find(&file, "none") == NULL);
    const gd_tensor_entry *w, *n;
    CHECK_OK(gd_safetensors_require(&file, "w", gd_desc_2(GD_F32, 2, 3), &w, &error), &error);
    CHECK_OK(gd_safetensors_require(&file, "a \"name\"", (gd_desc){0}, &n, &error), &error);
    CHECK(memcmp(w->data, weights, sizeof weights) == 0 && w->bytes == sizeof weights);
    CHECK(memcmp(n->data, labels, sizeof labels) == 0 && n->desc.type == GD_I32);
    CHECK_EQ_INT(((const char *)file.tensor[0].data - (const char *)file.map) % 64, 0);
    CHECK_FAILS(gd_safetensors_require(&file, "w", gd_desc_2(GD_F32, 3, 2), &w, &error), GD_FORMAT, &error,
                "x.safetensors: tensor 'w' is F32 2x3 where F32 3x2 is needed");
    CHECK_FAILS(gd_safetensors_require(&file, "v", (gd_desc){0}, &w, &error), GD_FORMAT, &error, "no tensor 'v'");
    gd_safetensors_close(&file);
    gd_arena_release(&arena);
}

TEST(streams_in_pieces)
{
    gd_error error = {0};
    gd_safetensors_writer *writer;
    const gd_tensor_entry entries[] = {{"w", gd_desc_1(GD_F32, 6), NULL, 0}, {"n", gd_desc_1(GD_I32, 3), NULL, 0}};
    const char *path = unit_path("x.safetensors");
    CHECK_OK(gd_safetensors_begin(path, entries, 2, NULL, &writer, &error), &error);
    CHECK_OK(gd_safetensors_append(writer, weights, 5, &error), &error);
    CHECK_OK(gd_safetensors_append(writer, (const char *)weights + 5, sizeof weights - 5, &error), &error);
    CHECK(!gd_file_exists(path));
    CHECK_OK(gd_safetensors_append(writer, labels, sizeof labels, &error), &error);
    CHECK_OK(gd_safetensors_finish(writer, &error), &error);
    gd_safetensors file;
    CHECK_OK(gd_safetensors_open(path, &file, &error), &error);
    CHECK(memcmp(gd_safetensors_find(&file, "w")->data, weights, sizeof weights) == 0);
    gd_safetensors_close(&file);
}

TEST(too_much_or_too_little_makes_no_file)
{
    gd_error error = {0};
    gd_safetensors_writer *writer;
    const gd_tensor_entry entry = {"n", gd_desc_1(GD_I32, 3), NULL, 0};
    const char *path = unit_path("x.safetensors");
    CHECK_OK(gd_safetensors_begin(path, &entry, 1, NULL, &writer, &error), &error);
    CHECK_FAILS(gd_safetensors_append(writer, weights, 13, &error), GD_INVALID, &error, "1 bytes more than the 12");
    CHECK_OK(gd_safetensors_append(writer, labels, 8, &error), &error);
    CHECK_FAILS(gd_safetensors_finish(writer, &error), GD_INVALID, &error, "8 bytes written of the 12");
    CHECK_OK(gd_safetensors_begin(path, &entry, 1, NULL, &writer, &error), &error);
    gd_safetensors_abandon(writer);
    CHECK(!gd_file_exists(path));
    CHECK(!gd_file_exists(unit_path("x.safetensors.part")));
}

TEST(writes_nothing_that_it_would_not_read)
{
    gd_error error = {0};
    const gd_tensor_entry crooked[] = {{"b", gd_desc_1(GD_U8, 3), weights, 0}, {"n", gd_desc_1(GD_I32, 3), labels, 0}};
    const char *path = unit_path("x.safetensors");
    CHECK_FAILS(gd_safetensors_write(path, crooked, 2, NULL, &error), GD_INVALID, &error, "'n'");
    const gd_tensor_entry twice[] = {{"n", gd_desc_1(GD_I32, 3), labels, 0}, {"n", gd_desc_1(GD_I32, 3), labels, 0}};
    CHECK_FAILS(gd_safetensors_write(path, twice, 2, NULL, &error), GD_INVALID, &error, "'n'");
    CHECK(!gd_file_exists(path));
}

TEST(reads_what_others_write)
{
    gd_safetensors file;
    gd_error error = {0};
    CHECK_OK(
        read_text("{\"s\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},\"__metadata__\":{\"k\":\"v\"}}   ",
                  4, &file, &error),
        &error);
    CHECK_EQ_INT(file.tensor[0].desc.rank, 1);
    CHECK_EQ_INT(file.tensor[0].desc.dim[0], 1);
    CHECK_TEXT(gd_safetensors_metadata(&file, "k"), "v");
    gd_safetensors_close(&file);
    CHECK_OK(read_text("{}", 0, &file, &error), &error);
    CHECK(gd_safetensors_find(&file, "a") == NULL);
    CHECK(gd_safetensors_metadata(&file, "a") == NULL);
    gd_safetensors_close(&file);
    gd_safetensors_close(&file);
}

TEST(trusts_no_length)
{
    gd_safetensors file;
    gd_error error = {0};
    _Alignas(8) unsigned char bytes[16] = {0};
    CHECK_FAILS(gd_safetensors_read("a", bytes, 7, &file, &error), GD_FORMAT, &error,
                "not a safetensors file: 7 bytes");
    CHECK_FAILS(gd_safetensors_read("a", bytes, 16, &file, &error), GD_FORMAT, &error, "not a safetensors file");
    memset(bytes, 0xff, 8);
    CHECK_FAILS(gd_safetensors_read("a", bytes, 16, &file, &error), GD_FORMAT, &error,
                "header of 18446744073709551615");
    memset(bytes, 0, 8);
    bytes[0] = 9;
    CHECK_FAILS(gd_safetensors_read("a", bytes, 16, &file, &error), GD_FORMAT, &error, "a header of 9 bytes in 16");
    CHECK_FAILS(gd_safetensors_open(unit_path("none"), &file, &error), GD_IO, &error, "none");
}

#define ENTRY(name, type, shape, begin, end)                                                                           \
    "\"" name "\":{\"dtype\":\"" type "\",\"shape\":" shape ",\"data_offsets\":[" begin "," end "]}"

TEST(refuses_every_disorder)
{
    refuses(" {}", 0, "not a safetensors file");
    refuses("{", 0, "a.safetensors:1:");
    refuses("{" ENTRY("a", "F32", "[2]", "0", "4") "}", 4, "tensor 'a': has 4 bytes where its shape needs 8");
    refuses("{" ENTRY("a", "F32", "[2]", "0", "8") "}", 4, "tensor 'a': lies at [0, 8) in 4 bytes of data");
    refuses("{" ENTRY("a", "F32", "[2]", "8", "0") "}", 8, "tensor 'a': lies at [8, 0)");
    refuses("{" ENTRY("a", "F32", "[1]", "0", "4") "}", 8, "8 bytes of data where the tensors end at 4");
    refuses("{" ENTRY("a", "F32", "[1]", "4", "8") "}", 8,
            "tensor 'a': begins at byte 4 where the one before ends at 0");
    refuses("{" ENTRY("a", "F32", "[2]", "0", "8") "," ENTRY("b", "F32", "[2]", "4", "12") "}", 12,
            "tensor 'b': begins at byte 4 where the one before ends at 8");
    refuses("{" ENTRY("a", "F32", "[1]", "0", "4") "," ENTRY("a", "F32", "[1]", "4", "8") "}", 8, "'a'");
    refuses("{" ENTRY("a", "C64", "[1]", "0", "8") "}", 8, "tensor 'a': type 'C64' is not known here");
    refuses("{" ENTRY("a", "U8", "[1,1,1,1,1]", "0", "1") "}", 1, "more than 4 dimensions");
    refuses("{" ENTRY("a", "U8", "[4294967296,4294967296]", "0", "1") "}", 1, "tensor 'a': dimension 1 is no size");
    refuses("{" ENTRY("a", "U8", "[9223372036854775808]", "0", "1") "}", 1, "tensor 'a': dimension 0 is no size");
    refuses("{" ENTRY("a", "U8", "[-1]", "0", "1") "}", 1, "tensor 'a': dimension 0 is no size");
    refuses("{" ENTRY("a", "U8", "[1e0]", "0", "1") "}", 1, "tensor 'a': dimension 0 is no size");
    refuses("{" ENTRY("a", "U8", "[\"1\"]", "0", "1") "}", 1, "tensor 'a': dimension 0 is no size");
    refuses("{\"a\":{\"dtype\":\"U8\",\"shape\":[1]}}", 1, "tensor 'a': needs dtype, shape, data_offsets");
    refuses("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],\"scale\":2}}", 1, "and nothing else");
    refuses("{\"a\":[]}", 0, "tensor 'a': needs dtype");
    refuses("{\"__metadata__\":{\"k\":1}}", 0, "metadata 'k' is no text");
    refuses("{\"__metadata__\":[]}", 0, "metadata is no map");
}

TEST(refuses_what_does_not_lie_at_its_types_multiple)
{
    refuses("{" ENTRY("a", "U8", "[1]", "0", "1") "," ENTRY("b", "F32", "[1]", "1", "5") "}", 5,
            "does not lie at a multiple of its type's 4 bytes");
}
