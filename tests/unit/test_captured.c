// SPDX-License-Identifier: Apache-2.0
#include "captured/captured.h"

#include "base/file.h"
#include "base/text.h"
#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define TIME "\"inferenceTime\":\"2026-11-27T01:02:03Z\""
#define META "\"eventMetadata\":{\"eventId\":\"e\"," TIME "},\"eventVersion\":\"0\""

static gd_captured *open_paths(const char *const *paths, int64_t from_ms, int64_t to_ms)
{
    gd_captured *captured;
    gd_error error = {0};
    const gd_captured_options options = {.paths = paths, .from_ms = from_ms, .to_ms = to_ms};
    CHECK_OK(gd_captured_open(&options, &captured, &error), &error);
    return captured;
}

static gd_captured *open_one(const char *path) { return open_paths((const char *const[]){path, NULL}, 0, 0); }

static const gd_captured_record *next(gd_captured *captured)
{
    const gd_captured_record *record;
    gd_error error = {0};
    CHECK_OK(gd_captured_next(captured, &record, &error), &error);
    return record;
}

static const char *complaint(const gd_captured *captured, int i)
{
    char text[1024];
    const gd_captured_counts *counts = gd_captured_count(captured);
    CHECK(i < counts->n_complaints);
    return unit_text("%s", gd_error_text(&counts->complaint[i], text, sizeof text));
}

static const char *write_file(const char *name, const char *text)
{
    gd_error error = {0};
    const char *path = unit_path("%s", name);
    CHECK_OK(gd_file_write(path, text, strlen(text), &error), &error);
    return path;
}

static const char *or_none(const char *text) { return text ? text : "-"; }

/* A record in words: what of it is there, and the numbers. */
static const char *words(const gd_captured_record *r)
{
    const char *all = unit_text("%s %s %s/%s", or_none(r->event_id), or_none(r->inference_id), or_none(r->endpoint),
                                or_none(r->variant));
    for (int i = 0; i < r->n_attributes; i++)
        all = unit_text("%s [%s]", all, r->attributes[i]);
    for (int i = 0; r->probability && i < r->n_pictures * r->n_classes; i++)
        all = unit_text("%s%s%.9g", all, i % r->n_classes ? "," : " ", r->probability[i]);
    for (int c = 0; r->classes && c < r->n_classes; c++)
        all = unit_text("%s %s", all, r->classes[c]);
    for (int i = 0; r->answered && i < r->n_pictures; i++)
        all = unit_text("%s '%s'", all, r->answered[i]);
    for (int i = 0; r->pictures && i < r->n_pictures; i++) {
        const gd_captured_picture *p = &r->pictures[i];
        all = unit_text("%s {%.9g %.9g %s %lld %d %d:%g}", all, p->figure[GD_BRIGHTNESS], p->figure[GD_HUE],
                        or_none(p->format), (long long)p->bytes, p->quality, p->n_features,
                        p->n_features ? (double)p->features[p->n_features - 1] : NAN);
    }
    return all;
}

/* ---- what is read ---- */

TEST(managed_captures)
{
    gd_captured *captured = open_one(unit_source("tests/golden/captures/scones-endpoint"));
    static const char *const want[] = {"01 - scones-endpoint/AllTraffic 0.931245744,0.0687542558",
                                       "02 order 12 scones-endpoint/AllTraffic 0.25,0.75",
                                       "03 - scones-endpoint/AllTraffic [station=north] [shift=2] 0.5,0.5",
                                       "04 - scones-endpoint/AllTraffic 0.0254188121",
                                       "05 - scones-endpoint/AllTraffic",
                                       "06 - scones-endpoint/AllTraffic 0.25,0.75 0.5,0.5"};
    static const char *const bodies[] = {NULL, "\xff\xd8\xff\xe0", "\xff\xd8\xff\xe0", "41,0,160.2,109\n",
                                         NULL, "1,2\n3,4\n"};
    for (int i = 0; i < 6; i++) {
        const gd_captured_record *record = next(captured);
        CHECK(record != NULL);
        CHECK_TEXT(words(record) + 34, want[i]);
        CHECK_EQ_INT(record->time_ms, 1759567451000 + 1000 * i + (i == 3 ? 123 : 0));
        CHECK_EQ_INT(record->line, i + 1);
        CHECK_CONTAINS(record->file, "/AllTraffic/2025/10/04/08/44-11-981-3d7be0a4");
        CHECK_EQ_INT(record->input.encoding != GD_CAPTURED_ABSENT, i != 4);
        if (bodies[i]) {
            const void *body;
            size_t length;
            gd_error error = {0};
            CHECK_OK(gd_captured_body(captured, &record->input, &body, &length, &error), &error);
            CHECK(length >= strlen(bodies[i]) && memcmp(body, bodies[i], strlen(bodies[i])) == 0);
        }
    }
    CHECK(next(captured) == NULL);
    CHECK(next(captured) == NULL);
    const gd_captured_counts *counts = gd_captured_count(captured);
    CHECK_EQ_INT(counts->records, 6);
    CHECK_EQ_INT(counts->strange, 1);
    CHECK_EQ_INT(counts->broken + counts->unread + counts->unfinished + counts->outside, 0);
    CHECK_CONTAINS(complaint(captured, 0), ".jsonl:5:100: not an answer as known here, at its line 1, column 1: an "
                                           "object without 'prediction', 'predictions' or 'probabilities'");
    gd_captured_close(captured);
}

/* Files that griddle serve wrote, with --capture-figures and in all three modes. */
TEST(captures_of_our_own)
{
    gd_captured *captured = open_one(unit_source("tests/golden/captures"));
    int n[4] = {0};
    const char *const row = "0.461444259,0.218610361,0.319945365", *const names = " bicycle motorcycle neïther";
    const char *const file = " {0.568627451 nan png 86 0 16:-0.296875}";
    const char *const array = " {0.568627451 nan - -1 0 16:-0.296875}";
    for (const gd_captured_record *r; (r = next(captured));) {
        if (strcmp(r->endpoint, "scones-endpoint") == 0)
            continue;
        const bool seen = strcmp(r->endpoint, "scones") == 0, input = r->input.encoding, output = r->output.encoding;
        const int mode = seen ? 0 : input && output ? 1 : output ? 2 : 3, which = n[mode]++;
        const bool two = which >= 2, named = which == 1 || which == 4;
        const char *want = unit_text("%s%s/AllTraffic", which == 1 ? "order 66 " : "- ", r->endpoint);
        if (which == 1)
            want = unit_text("%s [station=north]", want);
        if (output)
            want = unit_text("%s %s%s%s%s", want, row, two ? " " : "", two ? row : "", named ? names : "");
        if (seen)
            want = unit_text("%s%s%s", want, two ? array : file, two ? array : "");
        CHECK_TEXT(words(r) + 37, want);
        CHECK_EQ_INT(r->n_pictures, output ? 1 + two : 0);
    }
    for (int i = 0; i < 4; i++)
        CHECK_EQ_INT(n[i], 5);
    CHECK_EQ_INT(gd_captured_count(captured)->files, 5);
    CHECK_EQ_INT(gd_captured_count(captured)->broken, 0);
    gd_captured_close(captured);
}

/* The rows of an answer, or what is said of it. */
static const char *answer(const char *body)
{
    gd_text line = {0};
    gd_text_add(&line, "{\"captureData\":{\"endpointOutput\":{\"encoding\":\"JSON\",\"data\":");
    gd_text_add_json(&line, body);
    gd_text_add(&line, "}}," META "}\n");
    gd_captured *captured = open_one(write_file("answer.jsonl", line.at));
    gd_text_release(&line);
    const gd_captured_record *record = next(captured);
    CHECK(record != NULL);
    const char *said = record->probability || record->answered ? words(record) : NULL;
    CHECK_EQ_INT(said ? 0 : 1, gd_captured_count(captured)->strange);
    CHECK(!record->probability || !record->answered);
    CHECK(said || (record->n_pictures == 0 && record->n_classes == 0 && !record->classes));
    if (!said)
        said = strstr(complaint(captured, 0), "at its line");
    else
        said += strlen("e - -/- ");
    gd_captured_close(captured);
    return said;
}

TEST(answers_of_all_forms)
{
    static const char *const cases[][2] = {
        {"[0.97,0.03]", "0.97,0.03"},
        {" [ 0.97 , 3e-2 ] \n", "0.97,0.03"},
        {"[1]", "1"},
        {"[[0.97,0.03],[0.5,0.5]]", "0.97,0.03 0.5,0.5"},
        {"[null,0.5]", "nan,0.5"},
        {"[NaN, 1]", "nan,1"},
        {"{\"prediction\": [0.97, 0.03]}\n", "0.97,0.03"},
        {"{\"prediction\": [0.97, 0.03]}\n{\"prediction\": [0.5, 0.5]}\n", "0.97,0.03 0.5,0.5"},
        {"[0.97,0.03]\n[0.5,0.5]", "0.97,0.03 0.5,0.5"},
        {"{\"predictions\":[[0.97,0.03],[0.5,0.5]]}", "0.97,0.03 0.5,0.5"},
        {"{\"predictions\":[{\"class\":\"a\",\"probability\":0.97,\"probabilities\":{\"a\":0.97,\"b\":0.03}}]}",
         "0.97,0.03 a b"},
        {"{\"predictions\":[{\"probabilities\":{\"\\u00e4\":1,\"猫\":0}},{\"probabilities\":{\"ä\":0,\"\\u732b\":1}}]}",
         "1,0 0,1 ä 猫"},
        {"{\"model\":\"x\",\"probabilities\":[0.97,0.03]}", "0.97,0.03"},
        {"0.97", "0.97"},
        {"0.97,0.03\n0.5,0.5\n", "0.97,0.03 0.5,0.5"},
        {"0.97, 0.03\r\n\r\n0.5\t,0.5", "0.97,0.03 0.5,0.5"},
        {"-1,2e3", "-1,2000"},
        {"[[0.97],[0.5]]", "0.97 0.5"},
        {"{\"prediction\": 0.97}\n{\"prediction\": null}", "0.97 nan"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_TEXT(answer(cases[i][0]), cases[i][1]);
}

TEST(answers_that_are_classes_alone)
{
    static const char *const cases[][2] = {
        {"bicycle", "'bicycle'"},
        {" bicycle\t\r\n", "'bicycle'"},
        {"racing bicycle\n\nmotorcycle\n", "'racing bicycle' 'motorcycle'"},
        {"\"bicycle\"", "'bicycle'"},
        {"\"bicycle\"\n\"\\u732b\"", "'bicycle' '猫'"},
        {"[\"bicycle\",\"motorcycle\"]", "'bicycle' 'motorcycle'"},
        {"[[\"bicycle\"],[\"motorcycle\"]]", "'bicycle' 'motorcycle'"},
        {"{\"prediction\":\"bicycle\"}", "'bicycle'"},
        {"{\"predictions\":[\"bicycle\",\"motorcycle\"]}", "'bicycle' 'motorcycle'"},
        {"{\"predictions\":[{\"class\":\"bicycle\",\"probability\":0.97}]}", "'bicycle'"},
        {"{\"predicted_label\":\"bicycle\"}\n{\"predicted_label\":\"motorcycle\"}", "'bicycle' 'motorcycle'"},
        {"{\"predicted_label\":\"bicycle\",\"probabilities\":[0.97,0.03]}", "0.97,0.03"},
        {"{\"probabilities\":[0.97,0.03],\"class\":\"bicycle\"}", "0.97,0.03"},
        {"Internal Server Error", "'Internal Server Error'"}, /* who knows the classes knows that it is none */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_TEXT(answer(cases[i][0]), cases[i][1]);
}

TEST(answers_that_are_none)
{
    static const char *const cases[][2] = {
        {"", "there is none"},
        {" \n", "there is none"},
        {"a\x01", "line 1, column 1: neither a number nor the name of a class"},
        {"bicycle\n0.5", "line 2, column 1: probabilities where rows before are classes alone"},
        {"0.5\nbicycle", "a class alone where rows before have probabilities"},
        {"[\"bicycle\",[0.5]]", "probabilities where rows before are classes alone"},
        {"[[0.5],\"bicycle\"]", "a class alone where rows before have probabilities"},
        {"[\"\"]", "a class without a name"},
        {"[\"bicycle\"", "',' or ']' is expected"},
        {"{\"predicted_label\":1}", "an object without 'prediction'"},
        {"{\"class\":\"a\",\"class\":\"b\"}", "key 'class' comes twice"},
        {"[]", "a row without numbers"},
        {"[[]]", "a row without numbers"},
        {"[0.5", "column 5: ',' or ']' is expected"},
        {"[0.5,]", "column 6: a number is expected"},
        {"[0.5,\"a\"]", "a number is expected"},
        {"[0.5,1e999]", "beyond the range of a double"},
        {"[[0.5,0.5],[1]]", "column 15: a row of 1 numbers where those before have 2"},
        {"[[0.5],0.5]", "a row of probabilities is expected"},
        {"[0.5,[0.5]]", "a number is expected"},
        {"[[[[[[1]]]]]]", "too many lists and objects around a row"},
        {"{\"score\":1}", "an object without 'prediction'"},
        {"{}", "an object without 'prediction'"},
        {"{\"predictions\":[1],\"probabilities\":[0.85]}", "'probabilities' beside another answer"},
        {"{\"prediction\":[1],\"prediction\":[1]}", "key 'prediction' comes twice"},
        {"{\"prediction\":0.5}{\"prediction\":[0.5,0.5]}", "a row of 2 numbers where those before have 1"},
        {"{\"probabilities\":{}}", "a row without numbers"},
        {"{\"probabilities\":{\"a\":1,}}", "a class's name in quotes"},
        {"{\"probabilities\":{\"a\":1}}\n{\"probabilities\":{\"b\":1}}", "line 2, column 19: class 'b' is not the one"},
        {"{\"probabilities\":{\"a\":1}}\n{\"probabilities\":{\"a\":1,\"b\":1}}", "class 'b' is not the one"},
        {"{\"probabilities\":{\"a\":1}}\n[1]", "a row without names"},
        {"[1]\n{\"probabilities\":{\"a\":1}}", "a row with names"},
        {"0.5,\n0.5", "line 1, column 5: a number is expected behind ','"},
        {"0.5 0.5", "column 5: ',' or the end of the line"},
        {"0.5,0.5\n1", "line 2, column 2: a row of 1 numbers where those before have 2"},
        {"[0.5]x", "a row of probabilities is expected"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_CONTAINS(answer(cases[i][0]), cases[i][1]);
}

TEST(answers_have_bounds)
{
    gd_text body = {0};
    for (int i = 0; i <= GD_CAPTURED_CLASSES; i++)
        gd_text_add(&body, "%s0", i ? "," : "[");
    gd_text_add(&body, "]");
    CHECK_CONTAINS(answer(body.at), "more than 65536 numbers of a picture");
    body.length = 0;
    for (int i = 0; i <= GD_CAPTURED_PICTURES; i++)
        gd_text_add(&body, "[1]\n");
    CHECK_CONTAINS(answer(body.at), "line 4097, column 4: more than 4096 rows");
    body.length = 0;
    for (int i = 0; i < 20; i++) {
        for (int c = 0; c < GD_CAPTURED_CLASSES; c++)
            gd_text_add_n(&body, c ? ",0" : "[0", 2);
        gd_text_add(&body, "]\n");
    }
    CHECK_CONTAINS(answer(body.at), "line 17, column 2: more than 1048576 numbers");
    body.length = 0;
    for (int i = 0; i <= GD_CAPTURED_PICTURES; i++)
        gd_text_add(&body, "a\n");
    CHECK_CONTAINS(answer(body.at), "line 4097, column 1: more than 4096 rows");
    body.length = 0;
    for (int i = 0; i < 256; i++)
        gd_text_add(&body, "a");
    CHECK_CONTAINS(answer(body.at), "neither a number nor the name of a class");
    CHECK_TEXT(answer(body.at + 1), unit_text("'%s'", body.at + 1));
    gd_text_release(&body);
}

/* ---- what is broken ---- */

TEST(broken_lines_cost_themselves_only)
{
    static const char good[] = "{\"captureData\":{}," META "}";
    static const char *const cases[][2] = {
        {"x", "2:1: an object is expected"},
        {"[]", "2:1: an object is expected"},
        {"{\"captureData\":{}}", "2:19: no record: it has no 'eventMetadata'"},
        {"{" META "}", "no record: it has no 'captureData'"},
        {"{\"captureData\":{},\"eventMetadata\":{\"eventId\":\"e\"}}", "'eventMetadata' has no 'inferenceTime'"},
        {"{\"captureData\":{},\"eventMetadata\":{\"inferenceTime\":\"soon\"}}", "2:52: 'soon' is no time like"},
        {"{\"captureData\":{},\"eventMetadata\":{\"inferenceTime\":null}}", "'null' is no time like"},
        {"{\"captureData\":{},\"eventMetadata\":{\"inferenceTime\":1}}", "a text is expected"},
        {"{\"captureData\":{}," META "}x", "something follows the record"},
        {"{\"captureData\":{}," META "} {}", "something follows the record"},
        {"{\"captureData\":{},\"captureData\":{}," META "}", "2:19: key 'captureData' comes twice"},
        {"{\"captureData\":{\"endpointInput\":{\"data\":\"\",\"data\":\"\"}}," META "}", "key 'data' comes twice"},
        {"{\"captureData\":{\"endpointInput\":{\"data\":\"\"}}," META "}", "2:33: 'data' without an 'encoding'"},
        {"{\"captureData\":{\"endpointInput\":{\"data\":[],\"encoding\":\"JSON\"}}," META "}",
         "2:41: a text is expected"},
        {"{\"captureData\":{\"endpointInput\":{\"data\":\"\",\"encoding\":\"base64\"}}," META "}",
         "an encoding is expected: \"BASE64\", \"JSON\" or \"CSV\""},
        {"{\"captureData\":{\"endpointOutput\":{\"data\":\"1\",\"encoding\":\"CSV\"},"
         "\"batchTransformOutput\":{\"data\":\"1\",\"encoding\":\"CSV\"}}," META "}",
         "an endpoint's data and a batch's in one record"},
        {"{\"captureData\":{\"endpointInput\":{\"data\":\"a\tb\",\"encoding\":\"CSV\"}}," META "}",
         "a control character"},
        {"{\"captureData\":{\"endpointInput\":{\"data\":\"a\xff\",\"encoding\":\"CSV\"}}," META "}", "not UTF-8"},
        {"{\"captureData\":{\"endpointInput\":{\"data\":\"\\u0000\",\"encoding\":\"CSV\"}}," META "}", "\\u0000"},
        {"{\"captureData\":{\"endpointInput\":{\"data\":\"abc\\\",\"encoding\":\"CSV\"}}," META "}",
         "',' or '}' is expected"},
        {"{\"captureData\":{},\"eventMetadata\":{" TIME ",\"customAttributes\":[null]}}", "a custom attribute is null"},
        {"{\"captureData\":{},\"x\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
         "more than 64 lists and objects"},
        {"{\"captureData\":{},\"griddle\":[]," META "}", "an object is expected"},
        {"{\"captureData\":{},\"griddle\":{\"pictures\":{}}," META "}", "a list is expected"},
        {"{\"captureData\":{},\"griddle\":{\"pictures\":[{\"brightness\":\"0\"}]}," META "}", "a number is expected"},
        {"{\"captureData\":{},\"griddle\":{\"pictures\":[{\"red\":1e400}]}," META "}", "beyond the range of a double"},
        {"{\"captureData\":{},\"griddle\":{\"pictures\":[{\"bytes\":1.5}]}," META "}",
         "1.5 is no whole number from 0 to"},
        {"{\"captureData\":{},\"griddle\":{\"pictures\":[{\"quality\":0}]}," META "}",
         "0 is no whole number from 1 to 100"},
        {"{\"captureData\":{},\"griddle\":{\"pictures\":[{\"red\":0,\"red\":0}]}," META "}", "key 'red' comes twice"},
        {"{\"captureData\":{\"endpointOutput\":{\"data\":\"[1]\",\"encoding\":\"JSON\"}},"
         "\"griddle\":{\"pictures\":[{},{}]}," META "}",
         "2:43: an answer for 1 picture, and 'griddle' has seen 2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gd_captured *captured =
            open_one(write_file("broken.jsonl", unit_text("%s\n%s\n\n \r\n%s\r\n", good, cases[i][0], good)));
        const gd_captured_record *record = next(captured);
        CHECK(record && record->line == 1);
        record = next(captured);
        CHECK(record && record->line == 5);
        CHECK(next(captured) == NULL);
        CHECK_EQ_INT(gd_captured_count(captured)->broken, 1);
        CHECK_EQ_INT(gd_captured_count(captured)->lines, 3);
        CHECK_CONTAINS(complaint(captured, 0), "broken.jsonl:2:");
        CHECK_CONTAINS(complaint(captured, 0), cases[i][1]);
        gd_captured_close(captured);
    }
}

TEST(null_bytes_are_no_ends)
{
    static const char text[] = "{\"captureData\":{}," META "}\0\n\0\n{\"captureData\":{}," META "}\n";
    const char *path = unit_path("null.jsonl");
    gd_error error = {0};
    CHECK_OK(gd_file_write(path, text, sizeof text - 1, &error), &error);
    gd_captured *captured = open_one(path);
    const gd_captured_record *record = next(captured);
    CHECK(record && record->line == 3);
    CHECK(next(captured) == NULL);
    CHECK_EQ_INT(gd_captured_count(captured)->broken, 2);
    gd_captured_close(captured);
}

TEST(complaints_are_the_first_few)
{
    gd_captured *captured = open_one(write_file("many.jsonl", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n"));
    CHECK(next(captured) == NULL);
    CHECK_EQ_INT(gd_captured_count(captured)->broken, 11);
    CHECK_EQ_INT(gd_captured_count(captured)->n_complaints, GD_CAPTURED_COMPLAINTS);
    CHECK_CONTAINS(complaint(captured, 7), "many.jsonl:8:1: an object is expected");
    gd_captured_close(captured);
}

/* Half a line is what its writer is at, or what a killed one left. */
TEST(half_lines_at_the_end)
{
    static const char line[] = "{\"captureData\":{}," META "}";
    for (size_t n = 0; n <= strlen(line); n++) {
        gd_captured *captured = open_one(write_file("half.jsonl", unit_text("%s\n%.*s", line, (int)n, line)));
        const bool whole = n == strlen(line);
        CHECK(next(captured) != NULL);
        CHECK((next(captured) != NULL) == whole);
        CHECK(next(captured) == NULL);
        CHECK_EQ_INT(gd_captured_count(captured)->unfinished, !whole && n > 0);
        CHECK_EQ_INT(gd_captured_count(captured)->n_complaints, 0);
        gd_captured_close(captured);
    }
}

TEST(bodies_that_are_no_base64)
{
    static const char *const cases[][2] = {{"iVBORw0KGgo=", NULL},
                                           {"\\/9j\\/", NULL},
                                           {"", NULL},
                                           {"iVBOR", "body.jsonl:1:62: base64 of 5 characters ends within a byte"},
                                           {"iVBO*w==", "body.jsonl:1:62: character 5 of 8 is not of base64"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gd_captured *captured = open_one(
            write_file("body.jsonl", unit_text("{\"captureData\":{\"endpointInput\":{\"encoding\":\"BASE64\",\"data\":"
                                               "\"%s\"}}," META "}\n",
                                               cases[i][0])));
        const gd_captured_record *record = next(captured);
        const void *body;
        size_t length;
        gd_error error = {0};
        CHECK(record != NULL);
        const gd_status status = gd_captured_body(captured, &record->input, &body, &length, &error);
        if (cases[i][1]) {
            CHECK_FAILS(status, GD_FORMAT, &error, cases[i][1]);
        } else {
            CHECK_OK(status, &error);
            CHECK_EQ_INT(length, i == 0 ? 8 : i == 1 ? 3 : 0);
            CHECK(i != 1 || memcmp(body, "\xff\xd8\xff", 3) == 0);
        }
        gd_captured_close(captured);
    }
}

/* A gigabyte without a newline, and what stands behind it. */
TEST(lines_have_bounds)
{
    const char *path = unit_path("long.jsonl");
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL);
    CHECK_EQ_INT(fseek(file, 1L << 30, SEEK_SET), 0);
    fputs("\n{\"captureData\":{}," META "}\n", file);
    CHECK_EQ_INT(fclose(file), 0);
    gd_captured *captured;
    gd_error error = {0};
    const gd_captured_options options = {.paths = (const char *const[]){path, NULL}, .line_bytes = 1 << 20};
    CHECK_OK(gd_captured_open(&options, &captured, &error), &error);
    const gd_captured_record *record = next(captured);
    CHECK(record && record->line == 2);
    CHECK_CONTAINS(complaint(captured, 0), "long.jsonl:1:1: a line of more than 1048576 bytes");
    gd_captured_close(captured);
    for (int more = 0; more <= 1; more++) { /* to the byte, also where no newline follows */
        gd_captured_options exact = {
            .paths = (const char *const[]){write_file("a.jsonl", "{\"captureData\":{}," META "}"), NULL}};
        exact.line_bytes = strlen("{\"captureData\":{}," META "}") - (size_t)more;
        CHECK_OK(gd_captured_open(&exact, &captured, &error), &error);
        CHECK((next(captured) != NULL) == !more);
        CHECK_EQ_INT(gd_captured_count(captured)->broken, more);
        gd_captured_close(captured);
    }
}

/* ---- labels ---- */

static const gd_captured_label *next_label(gd_captured *captured)
{
    const gd_captured_label *label;
    gd_error error = {0};
    CHECK_OK(gd_captured_next_label(captured, &label, &error), &error);
    return label;
}

TEST(labels)
{
    static const char *const want[][2] = {{"order 12", "1"},
                                          {"5f0c7a3e-9d41-4b6a-8f27-0c1d2e3f4a01", "0"},
                                          {"5f0c7a3e-9d41-4b6a-8f27-0c1d2e3f4a03", "bicycle"},
                                          {"5f0c7a3e-9d41-4b6a-8f27-0c1d2e3f4a04", "motorcycle"}};
    gd_captured *captured = open_one(unit_source("tests/golden/labels"));
    for (int i = 0; i < 4; i++) {
        const gd_captured_label *label = next_label(captured);
        CHECK(label != NULL);
        CHECK_TEXT(label->id, want[i][0]);
        CHECK_TEXT(label->label, want[i][1]);
        CHECK_EQ_INT(label->line, i + 1);
    }
    CHECK(next_label(captured) == NULL);
    gd_captured_close(captured);
}

TEST(labels_that_are_none)
{
    static const char *const cases[][2] = {
        {"{\"groundTruthData\":{\"data\":\"1\",\"encoding\":\"CSV\"}}", "it has no 'eventMetadata' with 'eventId'"},
        {"{\"eventMetadata\":{\"eventId\":\"e\"}}", "it has no 'groundTruthData' with 'data'"},
        {"{\"groundTruthData\":{\"data\":\" \\n\",\"encoding\":\"CSV\"},\"eventMetadata\":{\"eventId\":\"e\"}}",
         "no label"},
        {"{\"groundTruthData\":{\"data\":\"1\\n2\",\"encoding\":\"CSV\"},\"eventMetadata\":{\"eventId\":\"e\"}}",
         "no label"},
        {"{\"groundTruthData\":{\"data\":\"\\\"a\",\"encoding\":\"JSON\"},\"eventMetadata\":{\"eventId\":\"e\"}}",
         "no label"},
        {"{\"groundTruthData\":{\"data\":\"*\",\"encoding\":\"BASE64\"},\"eventMetadata\":{\"eventId\":\"e\"}}",
         "not of base64"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gd_captured *captured = open_one(write_file("labels.jsonl", unit_text("%s\n", cases[i][0])));
        CHECK(next_label(captured) == NULL);
        CHECK_CONTAINS(complaint(captured, 0), unit_text("labels.jsonl:1:"));
        CHECK_CONTAINS(complaint(captured, 0), cases[i][1]);
        gd_captured_close(captured);
    }
}
