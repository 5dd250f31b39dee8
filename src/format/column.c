// SPDX-License-Identifier: Apache-2.0
#include "format/own.h"

#include <string.h>

const char *const gd_column_kinds[4] = {"numbers", "whole", "circle", "names"};
const char *const gd_column_ofs[4] = {"picture", "file", "answer", "table"};

gd_status gd_column_new(gd_profile *profile, gd_place place, const char *name, gd_column_kind kind, gd_column_of of,
                        gd_column **column, gd_error *error)
{
    const size_t length = strlen(name);
    if (length == 0 || length >= GD_COLUMN_NAME)
        return gd_fail_at(error, GD_FORMAT, place, "column '%.40s' has a name of %zu bytes, outside 1 to %d", name,
                          length, GD_COLUMN_NAME - 1);
    if (profile->n_columns == GD_PROFILE_COLUMNS)
        return gd_fail_at(error, GD_FORMAT, place, "column '%s' is one of more than %d", name, GD_PROFILE_COLUMNS);
    if (gd_profile_column(profile, name))
        return gd_fail_at(error, GD_FORMAT, place, "there are two columns '%s'", name);
    *column = &profile->column[profile->n_columns++];
    **column = (gd_column){.kind = kind, .of = of};
    memcpy((*column)->name, name, length + 1);
    return GD_OK;
}

gd_status gd_managed_kind(const gd_attr *node, gd_column_kind *kind, bool *any, gd_error *error)
{
    static const char *const words[] = {"Fractional", "Integral", "String", "Unknown"};
    static const gd_column_kind kinds[] = {GD_COLUMN_NUMBERS, GD_COLUMN_WHOLE, GD_COLUMN_NAMES, GD_COLUMN_NUMBERS};
    int word;
    GD_TRY(gd_attr_word(node, words, 4, &word, error));
    *kind = kinds[word];
    *any = word == 3;
    return GD_OK;
}
