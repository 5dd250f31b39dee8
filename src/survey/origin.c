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

/* Where the model has class c of the answer; -1: nowhere. */
static int class_of(const gd_captured_record *record, int c, int n_classes, const char *const *classes)
{
    if (!record->classes || !classes || strcmp(record->classes[c], classes[c]) == 0)
        return c;
    for (int i = 0; i < n_classes; i++) {
        if (strcmp(record->classes[c], classes[i]) == 0)
            return i;
    }
    return -1;
}

gd_status gd_origin_check(const gd_captured_record *record, int n_classes, const char *const *classes, gd_error *error)
{
    if (record->n_classes != n_classes)
        return gd_fail_at(error, GD_INVALID, gd_origin_place(record),
                          "an answer of %d probabilities where the model has %d classes: it is another model's",
                          record->n_classes, n_classes);
    for (int c = 0; record->classes && c < n_classes; c++) {
        if (class_of(record, c, n_classes, classes) < 0)
            return gd_fail_at(error, GD_INVALID, gd_origin_place(record),
                              "the answer has class '%.64s', which the model has not: it is another model's",
                              record->classes[c]);
    }
    return GD_OK;
}

void gd_origin_answer(const gd_captured_record *record, int picture, int n_classes, const char *const *classes,
                      float *probability)
{
    const double *from = record->probability + (ptrdiff_t)picture * record->n_classes;
    for (int c = 0; c < n_classes; c++)
        probability[class_of(record, c, n_classes, classes)] = (float)from[c];
}
