// SPDX-License-Identifier: Apache-2.0
#include "survey/origin.h"

#include <stdio.h>
#include <string.h>

gd_place gd_origin_place(const gd_captured_record *record)
{
    return (gd_place){record->file, record->line < INT32_MAX ? (int)record->line : INT32_MAX, 1};
}

void gd_origin_note_body(const gd_captured_record *record, const gd_error *why, int64_t *n, gd_error *first)
{
    if ((*n)++ == 0)
        (void)gd_fail_at(first, GD_FORMAT, gd_origin_place(record), "the body: %s", why->message);
}

/* ---- of which endpoint ---- */

static gd_status check_one(const char *what, const char *first, const char *here, gd_error *error)
{
    if (strcmp(first, here) == 0)
        return GD_OK;
    return gd_fail(error, GD_INVALID, "captures of %ss '%s' and '%s': name one of them with --%s", what, first, here,
                   what);
}

gd_status gd_origin_belongs(const gd_survey_capture *what, const gd_captured_record *record,
                            gd_survey_captured *captured, bool *begun, bool *belongs, gd_error *error)
{
    const char *endpoint = record->endpoint ? record->endpoint : "", *variant = record->variant ? record->variant : "";
    *belongs = (!what->endpoint || strcmp(what->endpoint, endpoint) == 0) &&
               (!what->variant || strcmp(what->variant, variant) == 0);
    captured->elsewhere += !*belongs;
    if (!*belongs)
        return GD_OK;
    if (!*begun) {
        snprintf(captured->endpoint, sizeof captured->endpoint, "%s", endpoint);
        snprintf(captured->variant, sizeof captured->variant, "%s", variant);
        *begun = true;
    }
    GD_TRY(check_one("endpoint", captured->endpoint, endpoint, error));
    return check_one("variant", captured->variant, variant, error);
}

/* ---- of which classes ---- */

/* Where the model has the class of that name, `c`th of an answer; -1: nowhere. */
static int class_of(const char *name, int c, int n_classes, const char *const *classes)
{
    if (!classes || strcmp(name, classes[c]) == 0)
        return c;
    for (int i = 0; i < n_classes; i++) {
        if (strcmp(name, classes[i]) == 0)
            return i;
    }
    return -1;
}

/* One probability of two classes is the second's. */
static bool is_scalar(const gd_captured_record *record, int n_classes)
{
    return record->n_classes == 1 && n_classes == 2 && !record->classes;
}

static gd_status check_row(const gd_captured_record *record, int n_classes, const char *const *classes, gd_error *error)
{
    if (record->n_classes != n_classes && !is_scalar(record, n_classes))
        return gd_fail_at(error, GD_INVALID, gd_origin_place(record),
                          "an answer of %d probabilit%s where the model has %d classes: it is another model's",
                          record->n_classes, record->n_classes == 1 ? "y" : "ies", n_classes);
    for (int c = 0; record->classes && c < n_classes; c++) {
        if (class_of(record->classes[c], c, n_classes, classes) < 0)
            return gd_fail_at(error, GD_INVALID, gd_origin_place(record),
                              "the answer has class '%.64s', which the model has not: it is another model's",
                              record->classes[c]);
    }
    return GD_OK;
}

static gd_status check_classes(const gd_captured_record *record, int n_classes, const char *const *classes,
                               gd_error *error)
{
    for (int i = 0; i < record->n_pictures; i++) {
        if (!classes)
            return gd_fail_at(error, GD_INVALID, gd_origin_place(record),
                              "the answer is '%.64s', and the model's classes have no names here", record->answered[i]);
        if (class_of(record->answered[i], 0, n_classes, classes) < 0)
            return gd_fail_at(error, GD_INVALID, gd_origin_place(record),
                              "the answer is '%.64s', which is none of the model's %d classes", record->answered[i],
                              n_classes);
    }
    return GD_OK;
}

bool gd_origin_answers(const gd_captured_record *record, int n_classes, const char *const *classes,
                       gd_survey_captured *captured)
{
    gd_error why = {0};
    if (n_classes == 0 || (!record->probability && !record->answered))
        return false;
    if ((record->answered ? check_classes : check_row)(record, n_classes, classes, &why) == GD_OK) {
        captured->answered++;
        return true;
    }
    if (captured->foreign++ == 0)
        captured->first_foreign = why;
    return false;
}

gd_status gd_origin_check(const gd_survey_captured *captured, gd_error *error)
{
    const gd_error *why = &captured->first_foreign;
    if (captured->foreign == 0 || captured->answered > 0)
        return GD_OK;
    return gd_fail_at(error, GD_INVALID, (gd_place){why->file, why->line, why->column}, "%s", why->message);
}

int gd_origin_pictures(const gd_captured_record *record, bool answered)
{
    return record->answered && !answered && !record->pictures ? 0 : record->n_pictures;
}

void gd_origin_answer(const gd_captured_record *record, int picture, int n_classes, const char *const *classes,
                      float *probability)
{
    const double *from = record->probability + (ptrdiff_t)picture * record->n_classes;
    if (is_scalar(record, n_classes)) {
        probability[0] = (float)(1 - from[0]);
        probability[1] = (float)from[0];
        return;
    }
    for (int c = 0; c < n_classes; c++)
        probability[record->classes ? class_of(record->classes[c], c, n_classes, classes) : c] = (float)from[c];
}

int gd_origin_class(const gd_captured_record *record, int picture, int n_classes, const char *const *classes)
{
    return class_of(record->answered[picture], 0, n_classes, classes);
}
