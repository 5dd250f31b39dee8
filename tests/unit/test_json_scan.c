// SPDX-License-Identifier: Apache-2.0
#include "base/json_scan.h"

#include "unit.h"

#include <stdlib.h>
#include <string.h>

TEST(places_in_any_order)
{
    static const char text[] = "[1,\n \xc3\xa9 2]";
    gd_json_scan scan = gd_json_scan_of("x", text, strlen(text), NULL);
    static const struct {
        int byte, line, column;
    } places[] = {{0, 1, 1}, {2, 1, 3}, {8, 2, 4}, {4, 2, 1}, {1, 1, 2}, {9, 2, 5}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const gd_place place = gd_json_place(&scan, text + places[i].byte);
        CHECK_TEXT(place.file, "x");
        CHECK_EQ_INT(place.line, places[i].line);
        CHECK_EQ_INT(place.column, places[i].column);
    }
}

TEST(words)
{
    gd_json_scan scan = gd_json_scan_of("x", " \t\r\n{ -1.5e+3}", 14, NULL);
    CHECK(!gd_json_take(&scan, '['));
    CHECK(gd_json_take(&scan, '{'));
    gd_json_skip_space(&scan);
    CHECK_EQ_INT(gd_json_number_length(&scan), 7);
    scan.at += 7;
    CHECK_EQ_INT(gd_json_number_length(&scan), 0);
    CHECK(gd_json_take(&scan, '}'));
    CHECK(!gd_json_take(&scan, '}'));
    CHECK(scan.at == scan.end);
}

TEST(numbers)
{
    static const struct {
        const char *text;
        size_t length;
    } cases[] = {{"0", 1},       {"-0", 2},   {"90", 2},    {"01", 0},   {"-", 0},   {"+1", 0},    {".5", 0},
                 {"1.", 0},      {"1.09", 4}, {"1.0.9", 3}, {"1e", 0},   {"1e+", 0}, {"9E-09", 5}, {"1e0x", 3},
                 {"1.9e90,", 6}, {"1:", 1},   {"1.5:", 3},  {"1e5/", 3}, {"", 0},    {"x", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const gd_json_scan scan = gd_json_scan_of("x", cases[i].text, strlen(cases[i].text), NULL);
        CHECK_EQ_INT(gd_json_number_length(&scan), (long long)cases[i].length);
    }
}

/* What stands between quotes, without the opening one, from memory of its exact size into such memory. */
static gd_status read_string(const char *source, char **text, gd_error *error)
{
    const size_t length = strlen(source);
    char *exact = malloc(length);
    memcpy(exact, source, length);
    gd_json_scan scan = gd_json_scan_of("x", exact, length, error);
    const size_t room = gd_json_string_room(&scan);
    char *to = malloc(room + 1);
    size_t written = 0, passed = 0;
    gd_json_scan passer = gd_json_scan_of("x", exact, length, NULL);
    const gd_status status = gd_json_string(&scan, to, &written);
    CHECK_EQ_INT(gd_json_string(&passer, NULL, &passed), status);
    CHECK(passer.at == scan.at);
    CHECK_EQ_INT(passed, (long long)written);
    CHECK(written <= room);
    CHECK(status != GD_OK || scan.at == scan.end);
    to[written] = '\0';
    *text = to;
    free(exact);
    return status;
}

TEST(strings)
{
    static const char *const cases[][2] = {
        {"\"", ""},
        {"plain text /~\x7f\"", "plain text /~\x7f"},
        {"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
        {"\\u0001\\u007f\\u0039\"", "\x01\x7f"
                                    "9"},
        {"\\u0080\\u07ff\"", "\xc2\x80\xdf\xbf"},
        {"\\u0800\\uabcd\\uABCD\\uefEF\\ud7ff\\ue000\\uffff\"",
         "\xe0\xa0\x80\xea\xaf\x8d\xea\xaf\x8d\xee\xbf\xaf\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"},
        {"\\ud800\\udc00\\udbff\\udfff\\ud83D\\uDe00\"", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\xf0\x9f\x98\x80"},
        {"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text;
        gd_error error = {0};
        CHECK_OK(read_string(cases[i][0], &text, &error), &error);
        CHECK_TEXT(text, cases[i][1]);
        free(text);
    }
}

TEST(strings_that_are_refused)
{
    static const char *const cases[][2] = {
        {"", "1:1: the text ends within a string"},
        {"ab", "1:3: the text ends within a string"},
        {"\\", "1:1: not an escape sequence"},
        {"\\\"", "1:3: the text ends within a string"},
        {"\\a\"", "1:1: not an escape sequence"},
        {"\\u\"", "not an escape sequence"},
        {"\\u12", "not an escape sequence"},
        {"\\u123\"", "not an escape sequence"},
        {"\\u12g4\"", "not an escape sequence"},
        {"\\u12G4\"", "not an escape sequence"},
        {"\\u12:4\"", "not an escape sequence"},
        {"\\u12`4\"", "not an escape sequence"},
        {"\\u12@4\"", "not an escape sequence"},
        {"\\u12/4\"", "not an escape sequence"},
        {"\\u0000\"", "a text must not contain \\u0000"},
        {"a\\udc00\"", "1:2: half of a surrogate pair"},
        {"\\ud800\"", "half of a surrogate pair"},
        {"\\ud800\\u0041\"", "half of a surrogate pair"},
        {"\\ud800\\ud800\"", "half of a surrogate pair"},
        {"\\ud800\\ue000\"", "half of a surrogate pair"},
        {"\\ud800xudc00\"", "half of a surrogate pair"},
        {"\\ud800\\xdc00\"", "half of a surrogate pair"},
        {"\\ud800\\udc0\"", "half of a surrogate pair"},
        {"\\udc00\\udc00\"", "half of a surrogate pair"},
        {"\\udfff\\udc00\"", "half of a surrogate pair"},
        {"a\nb\"", "1:2: a control character stands unescaped"},
        {"a\x1f\"", "1:2: a control character stands unescaped"},
        {"\xff\"", "1:1: not UTF-8"},
        {"\xc3\"", "not UTF-8"},
        {"\xe2\x82", "not UTF-8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text;
        gd_error error = {0};
        CHECK_FAILS(read_string(cases[i][0], &text, &error), GD_FORMAT, &error, cases[i][1]);
        free(text);
    }
}

/* Bytes are looked at eight at a time: what ends a run of plain ones is found wherever it stands in eight, and whatever
 * stands before and behind it. */
TEST(strings_of_all_lengths)
{
    static const unsigned char ends[] = {'"', '\\', 0x00, 0x01, 0x1f, 0x80, 0xff};
    static const unsigned char plain[] = {' ', '!', '#', '[', ']', 0x7f, 'a'};
    for (size_t before = 0; before < 20; before++) {
        for (size_t e = 0; e < sizeof ends; e++) {
            for (size_t p = 0; p < sizeof plain; p++) {
                char *exact = malloc(before + 2), to[32];
                memset(exact, plain[p], before + 1);
                exact[before] = (char)ends[e];
                exact[before + 1] = ends[e] == '\\' ? 'x' : '"';
                gd_error error = {0};
                gd_json_scan scan = gd_json_scan_of("x", exact, before + 2, &error);
                size_t length = 0;
                CHECK_EQ_INT(gd_json_string(&scan, to, &length), ends[e] == '"' ? GD_OK : GD_FORMAT);
                CHECK_EQ_INT(length, (long long)before);
                CHECK_EQ_INT(scan.at - exact, (long long)before + (ends[e] == '"'));
                CHECK(memcmp(to, exact, before) == 0);
                free(exact);
            }
        }
    }
}
