// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "base/text.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

/* The document printed back. */
static const char *echo(const char *text)
{
    gd_arena arena = {0};
    gd_error error = {0};
    gd_attr *root;
    gd_text out = {0};
    CHECK_OK(gd_json_parse(&arena, "d", text, strlen(text), (gd_json_limits){0}, &root, &error), &error);
    CHECK_EQ_INT(gd_attr_print_json(root, &out), GD_OK);
    const char *kept = unit_text("%s", out.at);
    gd_text_release(&out);
    gd_arena_release(&arena);
    return kept;
}

static void refuses(const char *text, const char *why)
{
    gd_arena arena = {0};
    gd_error error = {0};
    gd_attr *root;
    size_t length = strlen(text);
    char *exact = malloc(length ? length : 1); /* without a final 0, so that a sanitizer sees one read too many */
    memcpy(exact, text, length);
    gd_status status = gd_json_parse(&arena, "d", exact, length, (gd_json_limits){0}, &root, &error);
    free(exact);
    gd_arena_release(&arena);
    CHECK_FAILS(status, GD_FORMAT, &error, why);
}

TEST(values)
{
    CHECK_TEXT(echo(" {\"a\" : [1, -2.5e+3, true, false, null, \"x\"],\n\t\"b\":{}, \"c\":[] } "),
               "{\"a\":[1,-2.5e+3,true,false,null,\"x\"],\"b\":{},\"c\":[]}");
    CHECK_TEXT(echo("\"1\""), "\"1\"");
    CHECK_TEXT(echo("0"), "0");
    CHECK_TEXT(echo("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\u732b\\ud83d\\udc08ä\""),
               "\"\\\"\\\\/\\u0008\\u000c\\u000a\\u000d\\u0009ä猫🐈ä\"");
}

TEST(places_count_characters)
{
    gd_arena arena = {0};
    gd_error error = {0};
    gd_attr *root;
    const char *text = "{\"ä\": 1,\n  \"b\": [2, 3]}";
    CHECK_OK(gd_json_parse(&arena, "d", text, strlen(text), (gd_json_limits){0}, &root, &error), &error);
    const gd_attr *a = gd_attr_find(root, "ä"), *b = gd_attr_find(root, "b");
    CHECK_EQ_INT(a->place.column, 7);
    CHECK_EQ_INT(a->key_place.column, 2);
    CHECK_EQ_INT(b->key_place.line, 2);
    CHECK_EQ_INT(b->place.column, 8);
    CHECK_EQ_INT(b->first->next->place.column, 12);
    gd_arena_release(&arena);
}

TEST(malformed)
{
    refuses("", "d:1:1: the text ends where a value is expected");
    refuses("  \n ", "d:2:2: the text ends");
    refuses("{\"a\":1,\n\"a\":2}", "d:2:1: key 'a' is given twice, first in line 1");
    refuses("[1,]", "not a JSON value");
    refuses("[1 2]", "',' or ']'");
    refuses("[1", "',' or ']'");
    refuses("{\"a\":1,}", "a key in quotes");
    refuses("{a:1}", "a key in quotes");
    refuses("{\"a\" 1}", "':' is expected");
    refuses("{\"a\":1", "',' or '}'");
    refuses("01", "not a JSON value");
    refuses("-", "not a JSON value");
    refuses("1.", "not a JSON value");
    refuses(".5", "not a JSON value");
    refuses("1e", "not a JSON value");
    refuses("+1", "not a JSON value");
    refuses("NaN", "not a JSON value");
    refuses("truer", "follows the document");
    refuses("truth", "not a JSON value");
    refuses("nul", "not a JSON value");
    refuses("1 2", "d:1:3: something follows");
    refuses("\"a", "ends within a string");
    refuses("\"a\\", "not an escape");
    refuses("\"\\x\"", "not an escape");
    refuses("\"\\u12g4\"", "not an escape");
    refuses("\"\\u123", "not an escape");
    refuses("\"\\u0000\"", "\\u0000");
    refuses("\"\\ud83d\"", "surrogate");
    refuses("\"\\ud83dx\"", "surrogate");
    refuses("\"\\ud83d\\u0041\"", "surrogate");
    refuses("\"\\udc08\"", "surrogate");
    refuses("\"a\nb\"", "control character");
    refuses("\"\xff\"", "not UTF-8");
    refuses("\"\xc0\xaf\"", "not UTF-8");
    refuses("'a'", "not a JSON value");
    refuses("/* */ 1", "not a JSON value");
}

TEST(limits)
{
    gd_arena arena = {0};
    gd_error error = {0};
    gd_attr *root;
    char nested[65 * 2 + 1];
    memset(nested, '[', 65);
    memset(nested + 65, ']', 65);
    CHECK_FAILS(gd_json_parse(&arena, "d", nested, 130, (gd_json_limits){0}, &root, &error), GD_FORMAT, &error,
                "d:1:65: the document is nested too deeply");
    CHECK_OK(gd_json_parse(&arena, "d", nested + 1, 128, (gd_json_limits){0}, &root, &error), &error);
    CHECK_OK(gd_json_parse(&arena, "d", "[1,2]", 5, (gd_json_limits){1, 3}, &root, &error), &error);
    CHECK_FAILS(gd_json_parse(&arena, "d", "[1,2,3]", 7, (gd_json_limits){1, 3}, &root, &error), GD_FORMAT, &error,
                "d:1:6: the document has too many values");
    CHECK_FAILS(gd_json_parse(&arena, "d", "[[1]]", 5, (gd_json_limits){1, 9}, &root, &error), GD_FORMAT, &error,
                "nested too deeply");
    gd_arena_release(&arena);
}

TEST(numbers)
{
    CHECK_EQ_INT(gd_json_number("12abc"), 2);
    CHECK_EQ_INT(gd_json_number("-0.5e-7"), 7);
    CHECK_EQ_INT(gd_json_number("1x5"), 1);
    CHECK_EQ_INT(gd_json_number("007"), 0);
    CHECK_EQ_INT(gd_json_number("x"), 0);
    CHECK_EQ_INT(gd_json_number(""), 0);
}
