// SPDX-License-Identifier: Apache-2.0
/* Probabilities as text, in the form that Accept asks for:
 *
 *     application/json            [0.97,0.03], of several pictures [[0.97,0.03],[0.5,0.5]]
 *     application/jsonlines       {"prediction": [0.97, 0.03]} and a newline for each picture
 *     application/json;verbose    {"predictions":[{"class":"bicycle","probability":0.97,
 *                                 "probabilities":{"bicycle":0.97,"motorcycle":0.03}}]}, in one line
 *
 * Numbers are printed as by %.9g, so that reading gives the same floats again; what is no number, from a model gone
 * wrong, is null.
 */
#ifndef GD_SERVE_ANSWER_H
#define GD_SERVE_ANSWER_H

#include "base/text.h"
#include "griddle/infer.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum gd_answer_form { GD_ANSWER_NONE, GD_ANSWER_JSON, GD_ANSWER_LINES, GD_ANSWER_VERBOSE } gd_answer_form;

/* For the answer to a header that asks for something else. */
#define GD_ANSWER_TYPES "application/json, application/jsonlines and application/json;verbose"

/* The form that the header Accept likes best: by q; among equals by what it names more exactly, so that a wildcard
 * stands behind what it stands beside; then the first of the list above, which is also the answer to no header (NULL)
 * and an empty one. NONE: it takes nothing that we have (406). */
gd_answer_form gd_answer_negotiate(const char *accept);

/* The Content-Type of an answer in this form: a static string. */
const char *gd_answer_type(gd_answer_form form);

/* Appends n rows of probabilities; `several` as in gd_pictures. */
void gd_answer_write(gd_text *text, gd_answer_form form, const gd_model_info *info, const float *probabilities, int n,
                     bool several);

#ifdef __cplusplus
}
#endif
#endif
