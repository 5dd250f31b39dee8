// SPDX-License-Identifier: Apache-2.0
#include "data/archive.h"

#include "data_files.h"

/* Text that compresses, so that a cut lies in the middle of something. */
static blob text_of(size_t length)
{
    blob text = {malloc(length + 1), length};
    for (size_t i = 0; i < length; i++)
        text.at[i] = (uint8_t)("abcdefgh\n"[i % 9] + (i / 100) % 7);
    return text;
}

static gd_status read_all(const char *path, size_t most, int *entries, size_t *bytes, gd_error *error)
{
    gd_archive *archive;
    const char *name;
    gd_status status;
    *entries = 0;
    *bytes = 0;
    GD_TRY(gd_archive_open(path, &archive, error));
    while ((status = gd_archive_next(archive, &name, error)) == GD_OK && name) {
        uint8_t *content;
        size_t length;
        if ((status = gd_archive_read(archive, most, &content, &length, error)) != GD_OK)
            break;
        ++*entries;
        *bytes += content ? length : 0;
        free(content);
    }
    gd_archive_close(archive);
    return status;
}

static const char *two_files(const char *filter)
{
    const packed_file files[] = {{"a/1.txt", text_of(100000)}, {"a/2.txt", text_of(50)}};
    return put_archive(unit_path("x.tar.%s", filter), "pax", filter, files, 2);
}

TEST(reads_entries_of_every_filter)
{
    static const char *const filters[] = {"gzip", "xz", "bzip2", "zstd"};
    for (int i = 0; i < 4; i++) {
        int entries;
        size_t bytes;
        gd_error error = {0};
        CHECK_OK(read_all(two_files(filters[i]), 1 << 20, &entries, &bytes, &error), &error);
        CHECK_EQ_INT(entries, 2);
        CHECK_EQ_INT(bytes, 100050);
        CHECK_OK(read_all(two_files(filters[i]), 99999, &entries, &bytes, &error), &error);
        CHECK_EQ_INT(bytes, 50); /* the large one is too large */
    }
}

TEST(truncated_archives_are_refused)
{
    static const char *const filters[] = {"gzip", "xz", "bzip2", "zstd"};
    for (int i = 0; i < 4; i++) {
        blob whole = get_file(two_files(filters[i]));
        for (size_t length = whole.length / 4; length < whole.length; length += whole.length / 4) {
            const char *path = put_file(unit_path("cut"), blob_of(whole.at, length));
            int entries;
            size_t bytes;
            gd_error error = {0};
            CHECK_FAILS(read_all(path, 1 << 20, &entries, &bytes, &error), GD_FORMAT, &error, path);
        }
        free(whole.at);
    }
}

TEST(a_gzip_stream_of_the_right_length_but_the_wrong_bytes_is_refused)
{
    blob whole = get_file(two_files("gzip"));
    whole.at[whole.length - 7] ^= 1; /* of the checksum, which libarchive itself passes over */
    const char *path = put_file(unit_path("bad.tar.gz"), whole);
    int entries;
    size_t bytes;
    gd_error error = {0};
    CHECK_FAILS(read_all(path, 1 << 20, &entries, &bytes, &error), GD_FORMAT, &error, "incorrect data check");
}

TEST(a_damaged_tar_is_refused)
{
    const packed_file files[] = {{"a/1.txt", text_of(5000)}, {"a/2.txt", text_of(5000)}};
    blob whole = get_file(put_archive(unit_path("x.tar"), "ustar", NULL, files, 2));
    whole.at[512 + 5120 + 3] ^= 0x55; /* in the second header */
    const char *path = put_file(unit_path("bad.tar"), whole);
    int entries;
    size_t bytes;
    gd_error error = {0};
    CHECK_FAILS(read_all(path, 1 << 20, &entries, &bytes, &error), GD_FORMAT, &error, "broken archive");
}

TEST(names_that_climb_out_are_refused)
{
    static const char *const names[] = {"../x", "a/../../x", "a/..", "/etc/x"};
    for (int i = 0; i < 4; i++) {
        const packed_file files[] = {{names[i], text_of(5)}};
        const char *path = put_archive(unit_path("climb.tar"), "ustar", NULL, files, 1);
        int entries;
        size_t bytes;
        gd_error error = {0};
        CHECK_FAILS(read_all(path, 1 << 20, &entries, &bytes, &error), GD_FORMAT, &error, "lies outside of it");
    }
    const packed_file fine[] = {{"a..b/..c/d..", text_of(5)}};
    int entries;
    size_t bytes;
    gd_error error = {0};
    CHECK_OK(read_all(put_archive(unit_path("fine.tar"), "ustar", NULL, fine, 1), 99, &entries, &bytes, &error),
             &error);
    CHECK_EQ_INT(entries, 1);
}

TEST(what_is_no_archive_is_said_to_be_none)
{
    int entries;
    size_t bytes;
    gd_error error = {0};
    CHECK_FAILS(read_all(put_file(unit_path("notes.txt"), text_of(3000)), 99, &entries, &bytes, &error), GD_FORMAT,
                &error, "notes.txt: ");
    CHECK_FAILS(read_all(put_file(unit_path("notes.gz"), gzip_of(text_of(3000))), 99, &entries, &bytes, &error),
                GD_FORMAT, &error, "notes.gz: ");
    CHECK_FAILS(read_all(unit_path("absent"), 99, &entries, &bytes, &error), GD_IO, &error, "No such file");
}

TEST(gunzip_reads_members_one_behind_the_other)
{
    blob one = gzip_of(text_of(1000)), two = gzip_of(text_of(70000));
    blob both = {malloc(one.length + two.length), one.length + two.length};
    memcpy(both.at, one.at, one.length);
    memcpy(both.at + one.length, two.at, two.length);
    uint8_t *plain;
    size_t length;
    gd_error error = {0};
    CHECK_OK(gd_gunzip("x", both.at, both.length, 71000, &plain, &length, &error), &error);
    CHECK_EQ_INT(length, 71000);
    free(plain);
    CHECK_FAILS(gd_gunzip("x.gz", both.at, both.length, 70999, &plain, &length, &error), GD_FORMAT, &error,
                "x.gz: more than 70999 bytes");
    for (size_t cut = 1; cut < both.length; cut += 13) {
        if (cut == one.length)
            continue;
        CHECK_FAILS(gd_gunzip("x.gz", both.at, cut, 71000, &plain, &length, &error), GD_FORMAT, &error, "x.gz: ");
    }
    free(one.at);
    free(two.at);
    free(both.at);
}
