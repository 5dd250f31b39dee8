// SPDX-License-Identifier: Apache-2.0
#include "survey/source.h"
#include "unit.h"

#include <math.h>
#include <stdlib.h>

static const char *put_table(const gd_tensor_entry *columns, int n)
{
    gd_error error = {0};
    const char *path = unit_path("table.safetensors");
    CHECK_OK(gd_safetensors_write(path, columns, n, NULL, &error), &error);
    return path;
}

static gd_profile read_table(const char *path, gd_status want, const char *complaint)
{
    gd_profile profile;
    gd_error error = {0};
    CHECK_OK(gd_profile_init(&profile, &(gd_profile_options){0}, &error), &error);
    const gd_status status = gd_survey_table(path, &profile, NULL, &error);
    if (want == GD_OK)
        CHECK_OK(status, &error);
    else
        CHECK_FAILS(status, want, &error, complaint);
    CHECK_OK(gd_profile_settle(&profile, &error), &error);
    return profile;
}

TEST(columns_of_any_type)
{
    enum { ROWS = 50000 };
    static double wide[ROWS];
    static float narrow[ROWS];
    static int64_t whole[ROWS];
    static uint8_t small[ROWS];
    for (int i = 0; i < ROWS; i++) {
        wide[i] = i % 100 == 7 ? NAN : i;
        narrow[i] = (float)i / 2;
        whole[i] = -i;
        small[i] = (uint8_t)(i % 4);
    }
    const gd_tensor_entry columns[] = {{"wide", gd_desc_1(GD_F64, ROWS), wide, 0},
                                       {"whole", gd_desc_1(GD_I64, ROWS), whole, 0},
                                       {"narrow", gd_desc_1(GD_F32, ROWS), narrow, 0},
                                       {"small", gd_desc_1(GD_U8, ROWS), small, 0}};
    const char *path = put_table(columns, 4);
    CHECK(gd_survey_is_table(path));
    gd_profile profile = read_table(path, GD_OK, "");
    CHECK_EQ_INT(profile.items, ROWS);
    CHECK_EQ_INT(profile.n_columns, 4);
    const gd_column *column = gd_profile_column(&profile, "wide");
    CHECK_EQ_INT(column->kind, GD_COLUMN_NUMBERS);
    CHECK_EQ_INT(gd_column_present(column), ROWS - ROWS / 100);
    column = gd_profile_column(&profile, "whole");
    CHECK_EQ_INT(column->kind, GD_COLUMN_WHOLE);
    CHECK_NEAR(column->sketch->moments.min, 1.0 - ROWS, 0);
    CHECK_NEAR(gd_profile_column(&profile, "narrow")->sketch->moments.max, (ROWS - 1) / 2.0, 0);
    CHECK_NEAR(gd_profile_column(&profile, "small")->sketch->moments.max, 3, 0);
    gd_profile_release(&profile);
}

TEST(what_is_no_table)
{
    static const float numbers[6];
    const gd_tensor_entry unequal[] = {{"a", gd_desc_1(GD_F32, 4), numbers, 0},
                                       {"b", gd_desc_1(GD_F32, 2), numbers, 0}};
    gd_profile profile = read_table(put_table(unequal, 2), GD_INVALID, "column 'b' has 2 rows where 'a' has 4");
    gd_profile_release(&profile);
    const gd_tensor_entry square = {"a", gd_desc_2(GD_F32, 2, 3), numbers, 0};
    profile = read_table(put_table(&square, 1), GD_INVALID, "tensor 'a' of 2x3 is no column of a table");
    gd_profile_release(&profile);
    profile = read_table(unit_path("none"), GD_IO, "none");
    gd_profile_release(&profile);
    CHECK(!gd_survey_is_table(unit_path("none")));
}

TEST(stops_in_a_column)
{
    static const float numbers[4];
    static const volatile int stop = 1;
    const gd_tensor_entry column = {"a", gd_desc_1(GD_F32, 4), numbers, 0};
    gd_profile profile;
    gd_error error = {0};
    CHECK_OK(gd_profile_init(&profile, &(gd_profile_options){0}, &error), &error);
    CHECK_FAILS(gd_survey_table(put_table(&column, 1), &profile, &stop, &error), GD_STOPPED, &error, "column 'a'");
    gd_profile_release(&profile);
}
