// SPDX-License-Identifier: Apache-2.0
#include "survey/losses.h"

#include <inttypes.h>

void gd_losses_count(gd_text *out, int64_t n, const char *one, const char *several)
{
    if (n > 0)
        gd_text_add(out, "%" PRId64 " %s\n", n, n == 1 ? one : several);
}

void gd_losses_place(gd_text *out, const char *before, const gd_error *what)
{
    char text[sizeof *what + 32];
    gd_text_add(out, "  %s%s\n", before, gd_error_text(what, text, sizeof text));
}

void gd_survey_print_foreign(const gd_survey_captured *captured, gd_text *out)
{
    gd_losses_count(out, captured->foreign, "answer is none of the model's, and does not count",
                    "answers are none of the model's, and do not count");
    if (captured->foreign > 0)
        gd_losses_place(out, "", &captured->first_foreign);
}

void gd_survey_print_losses(const gd_survey_captured *captured, const gd_survey_counts *seen, gd_text *out)
{
    const gd_captured_counts *read = &captured->read;
    gd_losses_count(out, read->broken, "line is no record", "lines are no records");
    gd_losses_count(out, read->strange, "answer has a form that is not known", "answers have forms that are not known");
    gd_losses_count(out, read->unread, "file cannot be read", "files cannot be read, or not to their end");
    for (int i = 0; i < read->n_complaints; i++)
        gd_losses_place(out, "", &read->complaint[i]);
    gd_losses_count(out, captured->blind, "record says nothing of a picture", "records say nothing of a picture");
    gd_losses_count(out, seen->broken, "picture cannot be decoded", "pictures cannot be decoded");
    if (seen->broken > 0)
        gd_losses_place(out, "", &seen->first);
    gd_survey_print_foreign(captured, out);
    gd_losses_count(out, captured->odd, "answer is no probabilities, and does not count",
                    "answers are no probabilities, and do not count");
    if (captured->odd > 0)
        gd_losses_place(out, "", &captured->first_odd);
}
