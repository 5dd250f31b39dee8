// SPDX-License-Identifier: Apache-2.0
/* A baseline's files are of one making: damaged, torn, mixed and old ones are told. */
#include "base/file.h"
#include "baseline_files.h"

#include <stdio.h>

/* With each of some of its bytes changed, reading fails and names the baseline; the rest of the time it succeeds. */
static void tells_changes(const char *name, long step)
{
    FILE *file = fopen(unit_path("%s", name), "r+b");
    CHECK(file && fseek(file, 0, SEEK_END) == 0);
    const long length = ftell(file);
    int untold = 0;
    for (long at = 0; at < length; at += at < 200 ? 1 : step) {
        gd_baseline b;
        gd_error error = {0};
        fseek(file, at, SEEK_SET);
        const int was = fgetc(file);
        for (int pass = 0; pass < 2; pass++) {
            fseek(file, at, SEEK_SET);
            fputc(pass == 0 ? was ^ (1 << at % 8) : was, file);
            fflush(file);
            const bool told = gd_baseline_read(unit_folder(), &b, &error) != GD_OK;
            untold += told != (pass == 0);
            CHECK(!told || strstr(error.message, "it anew") || strstr(error.file, "baseline.safetensors"));
            gd_baseline_release(&b);
        }
    }
    CHECK_EQ_INT(untold, 0);
    fclose(file);
}

TEST(a_changed_byte_is_told_wherever_it_is)
{
    gd_error error = {0};
    monitored_baseline(3, 40, 720, &written);
    CHECK_OK(gd_baseline_write(unit_folder(), &written, &error), &error);
    tells_changes("baseline.safetensors", 31);
    tells_changes("statistics.json", 53);
    gd_baseline_release(&written);
}

static const char *const three[] = {"baseline.safetensors", "constraints.json", "statistics.json"};

static void move_all(const char *to)
{
    gd_error error = {0};
    CHECK_OK(gd_folder_make(unit_path("%s", to), &error), &error);
    for (int i = 0; i < 3; i++)
        CHECK(rename(unit_path("%s", three[i]), unit_path("%s/%s", to, three[i])) == 0);
}

static void copy(const char *from, const char *name)
{
    gd_arena arena = {0};
    gd_error error = {0};
    char *bytes;
    size_t length;
    CHECK_OK(gd_file_read(unit_path("%s/%s", from, name), 1 << 26, &arena, &bytes, &length, &error), &error);
    CHECK_OK(gd_file_write(unit_path("%s", name), bytes, length, &error), &error);
    gd_arena_release(&arena);
}

/* Two baselines of the same columns; the second differs by what statistics.json does not tell. */
static void write_two(void)
{
    gd_error error = {0};
    (void)write_one();
    move_all("old");
    written.competence.accuracy.value /= 2;
    written.rules.alarms_per_month = 5;
    CHECK_OK(gd_baseline_write(unit_folder(), &written, &error), &error);
    gd_baseline_release(&written);
    move_all("new");
}

TEST(files_of_two_baselines_are_refused)
{
    write_two();
    for (int i = 0; i < 8; i++) { /* a bit for each file of the new one */
        gd_baseline b;
        gd_error error = {0};
        for (int k = 0; k < 3; k++)
            copy(i >> k & 1 ? "new" : "old", three[k]);
        const gd_status status = gd_baseline_read(unit_folder(), &b, &error);
        if ((i & 1) == (i >> 2 & 1)) { /* the rules are for people to change, and to keep */
            CHECK_OK(status, &error);
            CHECK(b.rules.alarms_per_month == (i >> 1 & 1 ? 5 : 1));
            gd_baseline_release(&b);
        } else {
            CHECK_CONTAINS(error.file, "statistics.json");
            CHECK_CONTAINS(error.message, "'griddle monitor baseline' makes it anew");
            CHECK_FAILS(status, GD_FORMAT, &error, "not what was written together with '");
        }
    }
}

TEST(a_file_that_is_missing_makes_it_none)
{
    write_two();
    for (int i = 0; i < 3; i++) {
        gd_baseline b;
        gd_error error = {0};
        for (int k = 0; k < 3; k++)
            copy("new", three[k]);
        CHECK(remove(unit_path("%s", three[i])) == 0);
        if (i == 0) { /* as a managed monitor's */
            CHECK_OK(gd_baseline_read(unit_folder(), &b, &error), &error);
            CHECK_EQ_INT(b.competence.n, 0);
            gd_baseline_release(&b);
        } else {
            CHECK_FAILS(gd_baseline_read(unit_folder(), &b, &error), GD_IO, &error,
                        unit_text("it lacks %s; 'griddle monitor baseline' makes one", three[i]));
        }
    }
}

/* A baseline of ours in the place of a managed one, killed behind each of its files. */
TEST(half_a_baseline_over_a_managed_one_is_refused)
{
    gd_baseline b;
    gd_error error = {0};
    write_two();
    write_managed();
    copy("new", three[0]);
    CHECK_FAILS(gd_baseline_read(unit_folder(), &b, &error), GD_FORMAT, &error, "was not written to its end");
    copy("new", three[1]);
    CHECK_FAILS(gd_baseline_read(unit_folder(), &b, &error), GD_FORMAT, &error, "was not written to its end");
    copy("new", three[2]);
    read_back(&b);
    gd_baseline_release(&b);
}

TEST(a_baseline_of_an_earlier_build_is_refused)
{
    gd_safetensors file;
    gd_baseline b;
    gd_error error = {0};
    gd_arena arena = {0};
    (void)write_one();
    CHECK_OK(gd_safetensors_open(unit_path("baseline.safetensors"), &file, &error), &error);
    gd_attr *metadata = gd_attr_new(&arena, GD_ATTR_MAP, NULL);
    CHECK_OK(gd_metadata_add(&arena, metadata, "griddle_baseline", gd_safetensors_metadata(&file, "griddle_baseline"),
                             &error),
             &error);
    CHECK_OK(gd_safetensors_write(unit_path("baseline.safetensors"), file.tensor, file.n, metadata, &error), &error);
    CHECK_FAILS(gd_baseline_read(unit_folder(), &b, &error), GD_FORMAT, &error,
                "of an earlier build: its metadata lack 'griddle_digest'; 'griddle monitor baseline' makes it anew");
    gd_safetensors_close(&file);
    gd_arena_release(&arena);
    gd_baseline_release(&written);
}
