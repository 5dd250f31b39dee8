// SPDX-License-Identifier: Apache-2.0
#include "serve/answer.h"

#include "serve/number.h"

#include <string.h>

static void add_prediction(gd_text *text, const gd_model_info *info, const float *probability)
{
    int best = 0;
    for (int c = 1; c < info->n_classes; c++)
        best = probability[c] > probability[best] ? c : best;
    gd_text_add(text, "{\"class\":");
    gd_text_add_json(text, info->classes[best]);
    gd_text_add(text, ",\"probability\":");
    gd_number_add(text, probability[best]);
    gd_text_add(text, ",\"probabilities\":");
    for (int c = 0; c < info->n_classes; c++) {
        gd_text_add_n(text, c ? "," : "{", 1);
        gd_text_add_json(text, info->classes[c]);
        gd_text_add_n(text, ":", 1);
        gd_number_add(text, probability[c]);
    }
    gd_text_add(text, "}}");
}

const char *gd_answer_type(gd_answer_form form)
{
    return form == GD_ANSWER_LINES ? "application/jsonlines" : "application/json";
}

void gd_answer_write(gd_text *text, gd_answer_form form, const gd_model_info *info, const float *probabilities, int n,
                     bool several)
{
    const bool lines = form == GD_ANSWER_LINES, verbose = form == GD_ANSWER_VERBOSE;
    const bool list = verbose || (several && !lines);
    if (verbose)
        gd_text_add(text, "{\"predictions\":");
    if (list)
        gd_text_add_n(text, "[", 1);
    for (int i = 0; i < n; i++) {
        const float *row = probabilities + (size_t)i * (size_t)info->n_classes;
        if (i > 0 && !lines)
            gd_text_add_n(text, ",", 1);
        if (lines)
            gd_text_add(text, "{\"prediction\": ");
        if (verbose)
            add_prediction(text, info, row);
        else
            gd_number_add_list(text, row, info->n_classes, lines ? ", " : ",");
        if (lines)
            gd_text_add(text, "}\n");
    }
    if (list)
        gd_text_add_n(text, "]", 1);
    if (verbose)
        gd_text_add_n(text, "}", 1);
}
