// SPDX-License-Identifier: Apache-2.0
#include "serve/answer.h"

#include "base/rng.h"
#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {"bi\"cycle", "motorcycle"};
static const gd_model_info info = {.n_classes = 2, .classes = names};

static const char *answer_of(gd_answer_form form, const float *probabilities, int n, bool several)
{
    gd_text text = {0};
    gd_answer_write(&text, form, &info, probabilities, n, several);
    CHECK(!text.failed);
    const char *kept = unit_text("%s", text.at);
    gd_text_release(&text);
    return kept;
}

TEST(each_form_of_one_picture)
{
    const float p[] = {0.75f, 0.1f};
    CHECK_TEXT(answer_of(GD_ANSWER_JSON, p, 1, false), "[0.75,0.100000001]");
    CHECK_TEXT(answer_of(GD_ANSWER_LINES, p, 1, false), "{\"prediction\": [0.75, 0.100000001]}\n");
    CHECK_TEXT(answer_of(GD_ANSWER_VERBOSE, p, 1, false),
               "{\"predictions\":[{\"class\":\"bi\\\"cycle\",\"probability\":0.75,"
               "\"probabilities\":{\"bi\\\"cycle\":0.75,\"motorcycle\":0.100000001}}]}");
}

TEST(each_form_of_several_pictures)
{
    const float p[] = {1, 0, 0.25f, 0.75f};
    CHECK_TEXT(answer_of(GD_ANSWER_JSON, p, 2, true), "[[1,0],[0.25,0.75]]");
    CHECK_TEXT(answer_of(GD_ANSWER_JSON, p, 1, true), "[[1,0]]");
    CHECK_TEXT(answer_of(GD_ANSWER_LINES, p, 2, true), "{\"prediction\": [1, 0]}\n{\"prediction\": [0.25, 0.75]}\n");
    CHECK_CONTAINS(answer_of(GD_ANSWER_VERBOSE, p, 2, true), "}},{\"class\":\"motorcycle\",\"probability\":0.75,");
}

TEST(what_is_no_number_is_null)
{
    const float p[] = {NAN, INFINITY};
    CHECK_TEXT(answer_of(GD_ANSWER_JSON, p, 1, false), "[null,null]");
}

TEST(types)
{
    CHECK_TEXT(gd_answer_type(GD_ANSWER_JSON), "application/json");
    CHECK_TEXT(gd_answer_type(GD_ANSWER_VERBOSE), "application/json");
    CHECK_TEXT(gd_answer_type(GD_ANSWER_LINES), "application/jsonlines");
}

TEST(accept)
{
    static const struct {
        const char *accept;
        gd_answer_form form;
    } cases[] = {
        {NULL, GD_ANSWER_JSON},
        {"", GD_ANSWER_JSON},
        {" , ", GD_ANSWER_JSON},
        {"*/*", GD_ANSWER_JSON},
        {"application/*", GD_ANSWER_JSON},
        {"application/json", GD_ANSWER_JSON},
        {"APPLICATION/JSON ; charset=utf-8", GD_ANSWER_JSON},
        {"application/jsonlines", GD_ANSWER_LINES},
        {"application/json;verbose", GD_ANSWER_VERBOSE},
        {"application/json ; Verbose=true", GD_ANSWER_VERBOSE},
        {"application/json;verbose=false", GD_ANSWER_JSON},
        {"application/json; verbose; q=0.5, application/jsonlines;q=0.4", GD_ANSWER_VERBOSE},
        {"text/html", GD_ANSWER_NONE},
        {"image/*", GD_ANSWER_NONE},
        {"application/jsonl", GD_ANSWER_NONE},
        {"application/json;q=0", GD_ANSWER_NONE},
        {"application/json;q=0.000", GD_ANSWER_NONE},
        /* a wildcard beside a name does not outweigh it; the name's q stands for what it names */
        {"application/jsonlines, */*", GD_ANSWER_LINES},
        {"*/*, application/jsonlines", GD_ANSWER_LINES},
        {"application/json, text/plain, */*", GD_ANSWER_JSON},
        {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", GD_ANSWER_JSON},
        {"application/json;q=0, */*", GD_ANSWER_LINES},
        {"application/json;q=0, application/json;verbose;q=0.1", GD_ANSWER_VERBOSE},
        {"application/json;q=0.1, application/*;q=0.3", GD_ANSWER_LINES},
        {"application/jsonlines;q=0.3, application/json;q=0.31", GD_ANSWER_JSON},
        {"application/json;q=0.3, application/jsonlines;q=0.31", GD_ANSWER_LINES},
        {"application/json;q=0.9, application/jsonlines;q=1.0", GD_ANSWER_LINES},
        {"application/json;q=0.9, application/jsonlines;q=0.8", GD_ANSWER_JSON},
        {"application/jsonlines;q=0.123, application/json;q=0.122", GD_ANSWER_LINES},
        {"application/json;q=0, application/json", GD_ANSWER_NONE}, /* the first of two that name the same */
        {"application/json;q=0.5;verbose, application/json", GD_ANSWER_JSON},
        /* commas and semicolons in quotes; elements that are malformed are passed over */
        {"text/plain;a=\",application/json\"", GD_ANSWER_NONE},
        {"text/plain;a=\"\\\",\", application/jsonlines", GD_ANSWER_LINES},
        {"application/json;q=2, application/jsonlines;q=0.1", GD_ANSWER_LINES},
        {"application/json;q=1.001", GD_ANSWER_NONE},
        {"application/json;q=0.0x", GD_ANSWER_NONE},
        {"application/json;q=0.-", GD_ANSWER_NONE},
        {"application/json;q=01", GD_ANSWER_NONE},
        {"application/json;q=0.1234", GD_ANSWER_NONE},
        {"application/json;q=, application/jsonlines", GD_ANSWER_LINES},
        {"application/json;a=\"open, application/jsonlines", GD_ANSWER_NONE},
        {"application/json;a=\"\\\"", GD_ANSWER_NONE},
        {"application/json; ;, text/plain", GD_ANSWER_JSON},
        {"application/json x, application/jsonlines", GD_ANSWER_LINES},
        {"json", GD_ANSWER_NONE},
        {"\x80\xff", GD_ANSWER_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const gd_answer_form form = gd_answer_negotiate(cases[i].accept);
        if (form != cases[i].form)
            unit_fail(__FILE__, __LINE__, "Accept: %s gives %d, not %d", cases[i].accept, form, cases[i].form);
    }
}
