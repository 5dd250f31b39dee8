// SPDX-License-Identifier: Apache-2.0
#include "cli/predict_line.h"
#include "unit.h"

#include <string.h>

/* What a line asks, as "path" or "<bytes>", then what its answer begins with; or the complaint. */
static const char *read(const char *line)
{
    gd_arena arena = {0};
    gd_text begin = {0};
    gd_asked asked;
    gd_error error = {0};
    const char *got;
    gd_status status = gd_line_read("in/", 7, line, strlen(line), &arena, &asked, &begin, &error);
    if (status != GD_OK)
        got = unit_text("%s | %s", begin.at, error.message);
    else if (asked.path)
        got = unit_text("%s | %s", asked.path, begin.at);
    else
        got = unit_text("<%.*s> | %s", (int)asked.length, (const char *)asked.bytes, begin.at);
    gd_text_release(&begin);
    gd_arena_release(&arena);
    return got;
}

TEST(paths)
{
    CHECK_TEXT(read("\"a.png\""), "in/a.png | \"path\":\"a.png\"");
    CHECK_TEXT(read("{\"path\": \"/b/a.png\"}"), "/b/a.png | \"path\":\"/b/a.png\"");
    CHECK_TEXT(read("{\"path\":\"\\u00fc \\\"\"}\r"), "in/\xc3\xbc \" | \"path\":\"\xc3\xbc \\\"\"");
}

TEST(further_keys_come_back_in_their_order)
{
    CHECK_TEXT(read("{\"id\": 7.50, \"path\": \"a\", \"x\": {\"y\": [1, true, null, \"z\\n\"]}, \"label\": \"class\"}"),
               "in/a | \"path\":\"a\",\"id\":7.50,\"x\":{\"y\":[1,true,null,\"z\\u000a\"]},\"label\":\"class\"");
}

TEST(pictures_in_the_line)
{
    CHECK_TEXT(read("{\"image\": \"Zm9v\", \"id\": \"a\"}"), "<foo> | \"id\":\"a\"");
    CHECK_TEXT(read("{\"image\": \"Zm9v\"}"), "<foo> | \"line\":7");
    CHECK_TEXT(read("{\"image\": \"\"}"), "<> | \"line\":7");
}

TEST(captures_of_an_endpoint)
{
    CHECK_TEXT(read("{\"captureData\":{\"endpointInput\":{\"observedContentType\":\"image/png\",\"mode\":\"INPUT\","
                    "\"data\":\"Zm9v\",\"encoding\":\"BASE64\"},\"endpointOutput\":{\"data\":\"[1]\"}},"
                    "\"eventMetadata\":{\"eventId\":\"e\"},\"eventVersion\":\"0\"}"),
               "<foo> | \"eventMetadata\":{\"eventId\":\"e\"},\"eventVersion\":\"0\"");
    CHECK_TEXT(read("{\"captureData\":{\"endpointInput\":{\"data\":\"1,2\",\"encoding\":\"CSV\"}}}"),
               "\"line\":7 | 'endpointInput' is captured as 'CSV' where BASE64 of a picture is read");
    CHECK_TEXT(read("{\"captureData\":{\"endpointOutput\":{}}}"),
               "\"line\":7 | 'captureData' has no 'endpointInput': its input was not captured");
    CHECK_CONTAINS(read("{\"captureData\":{\"endpointInput\":{\"encoding\":\"BASE64\"}}}"), "'data' is no picture");
    CHECK_CONTAINS(read("{\"captureData\":7}"), "no 'endpointInput'");
}

TEST(lines_that_ask_nothing_are_named)
{
    CHECK_TEXT(read("{\"path\": \"a\""), "\"line\":7 | column 13: ',' or '}' is expected");
    CHECK_CONTAINS(read("{}"), "\"line\":7 | no picture: 'path', 'image' or 'captureData' is expected");
    CHECK_CONTAINS(read("7"), "neither an object nor a path");
    CHECK_CONTAINS(read("[\"a.png\"]"), "neither an object nor a path");
    CHECK_CONTAINS(read("\"\""), "no path");
    CHECK_CONTAINS(read("{\"path\": 7}"), "'path' is no path");
    CHECK_CONTAINS(read("{\"path\": [\"a\"]}"), "'path' is no path");
    CHECK_CONTAINS(read("{\"image\": 7}"), "'image' is no picture");
    CHECK_CONTAINS(read("{\"image\": \"Zm9\"}"), "'image' is not base64");
    CHECK_CONTAINS(read("{\"path\": \"a\", \"path\": \"b\"}"), "column ");
    CHECK_CONTAINS(read("{\"path\": \"a\", \"image\": \"Zm9v\"}"), "'path' and 'image' exclude each other");
    CHECK_CONTAINS(read("a.png"), "column 1: not a JSON value");
    CHECK_CONTAINS(read("\"a\\u0000.png\""), "column ");
}

TEST(an_answers_own_keys_are_refused)
{
    static const char *const keys[] = {"class", "probability", "probabilities", "error", "model"};
    for (int i = 0; i < 5; i++)
        CHECK_TEXT(read(unit_text("{\"path\": \"a\", \"%s\": 1}", keys[i])),
                   unit_text("\"line\":7 | key '%s' is one of an answer's own: rename it", keys[i]));
}

/* What is wrong with a line whose value of `key` is a text of so many bytes; "": nothing. */
static const char *read_long(const char *key, int length)
{
    gd_arena arena = {0};
    gd_text line = {0}, begin = {0};
    gd_asked asked;
    gd_error error = {0};
    gd_text_add(&line, "{\"path\":\"a\",\"x\":\"\"}");
    if (strcmp(key, "path") == 0)
        line.length = 0;
    else
        line.length -= 2;
    gd_text_add(&line, line.length ? "%0*d\"}" : "\"%0*d\"", length, 0);
    gd_line_read("in/", 7, line.at, line.length, &arena, &asked, &begin, &error);
    CHECK(error.status == GD_OK || strcmp(begin.at, "\"line\":7") == 0);
    const char *got = unit_text("%s", error.message);
    gd_text_release(&line);
    gd_text_release(&begin);
    gd_arena_release(&arena);
    return got;
}

TEST(bounds)
{
    const int frame = (int)strlen("\"path\":\"a\",\"x\":\"\"");
    CHECK_TEXT(read_long("x", GD_LINE_BACK - frame), "");
    CHECK_CONTAINS(read_long("x", GD_LINE_BACK - frame + 1), "65537 bytes would come back with the answer, more than");
    CHECK_TEXT(read_long("path", 4095), "");
    CHECK_CONTAINS(read_long("path", 4096), "'path' has 4096 bytes, more than 4095");
    CHECK_CONTAINS(read("{\"path\":\"a\",\"x\":[[[[[[[[[[[[[[[[[[[["), "nested too deeply");
}
