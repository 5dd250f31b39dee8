// SPDX-License-Identifier: Apache-2.0
#include "base/rng.h"
#include "captured/time.h"
#include "captured/value.h"

#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- numbers ---- */

static gd_status read_number(const char *text, double *value, size_t *length, gd_error *error)
{
    const size_t bytes = strlen(text);
    char *exact = malloc(bytes + 1); /* and not one byte more than is said */
    memcpy(exact, text, bytes);
    char *end = realloc(exact, bytes > 0 ? bytes : 1);
    gd_json_scan scan = gd_json_scan_of("x", end, bytes, error);
    const gd_status status = gd_value_number(&scan, value);
    *length = (size_t)(scan.at - end);
    free(end);
    return status;
}

static void check_number(const char *text)
{
    double value = NAN;
    size_t length;
    gd_error error = {0};
    CHECK_OK(read_number(text, &value, &length, &error), &error);
    const double want = strtod(text, NULL);
    if (memcmp(&value, &want, sizeof want) != 0 || length != strlen(text))
        unit_fail(__FILE__, __LINE__, "'%s' gave %.17g, %zu characters", text, value, length);
}

TEST(numbers_are_the_c_librarys)
{
    static const char *const cases[] = {"0",
                                        "-0",
                                        "1",
                                        "-1",
                                        "0.1",
                                        "0.97",
                                        "9007199254740992",
                                        "9007199254740993",
                                        "9007199254740992.5",
                                        "-0.0",
                                        "123456789012345678",
                                        "1234567890123456789",
                                        "99999999999999999999",
                                        "0.000000000000000000000001",
                                        "0.0000000000000000000001",
                                        "1e22",
                                        "1e-22",
                                        "1e-23",
                                        "1E5",
                                        "1e+5",
                                        "1.5e-7",
                                        "5e-324",
                                        "2e-324",
                                        "1.7976931348623157e308",
                                        "4.9406564584124654e-324",
                                        "0.30000000000000004",
                                        "2.2250738585072011e-308",
                                        "8.5e-1",
                                        "1e-9999",
                                        "1e-99999999999999999999",
                                        "0e999",
                                        "123456789012345678e-17",
                                        "1.00000000000000011102230246251565404",
                                        "0.8227921724319458",
                                        "1.40129846e-45"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_number(cases[i]);
}

/* As %.9g, %.17g and others print them, of all magnitudes. */
TEST(numbers_of_all_kinds)
{
    static const char *const forms[] = {"%.9g", "%.17g", "%.6f", "%.1e", "%.25f", "%g"};
    for (int i = 0; i < 60000; i++) {
        const gd_philox drawn = gd_rng(7, GD_RNG_TEST, 0, (uint64_t)i);
        const uint64_t bits = (uint64_t)drawn.at[0] << 32 | drawn.at[1];
        double value = (double)(bits >> 11) * 0x1p-53;
        if (i % 3 == 0)
            memcpy(&value, &bits, sizeof value);
        if (i % 3 == 1)
            value = (double)(float)value;
        if (isfinite(value) && fabs(value) < 1e300) {
            char text[400];
            snprintf(text, sizeof text, forms[drawn.at[2] % 6], value);
            check_number(text);
        }
    }
}

TEST(numbers_that_are_refused)
{
    const char *const digits = "1234567890123456789012345678901234567890123456789012345678901234567890";
    char huge[1100] = "0.";
    while (strlen(huge) < 1000)
        strcat(huge, digits);
    static const char *const cases[][2] = {{"", "a number is expected"},
                                           {"-", "1:1: a number is expected"},
                                           {"01", "a number is expected"},
                                           {"1.", "a number is expected"},
                                           {".5", "a number is expected"},
                                           {"+1", "a number is expected"},
                                           {"1e", "a number is expected"},
                                           {"1e-", "a number is expected"},
                                           {"1.5e-x", "a number is expected"},
                                           {"nan", "a number is expected"},
                                           {"Infinity", "a number is expected"},
                                           {"0x10", ""},
                                           {"1e309", "beyond the range of a double"},
                                           {"-1e999999999999", "beyond the range of a double"}};
    double value;
    size_t length;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gd_error error = {0};
        if (*cases[i][1]) {
            CHECK_FAILS(read_number(cases[i][0], &value, &length, &error), GD_FORMAT, &error, cases[i][1]);
        } else {
            CHECK_OK(read_number(cases[i][0], &value, &length, &error), &error);
            CHECK_EQ_INT(length, 1);
        }
    }
    gd_error error = {0};
    CHECK_FAILS(read_number(huge, &value, &length, &error), GD_FORMAT, &error, "more than 1000");
}

/* ---- what is passed ---- */

static gd_status pass(const char *text, size_t *length, gd_error *error)
{
    const size_t bytes = strlen(text);
    char *exact = malloc(bytes > 0 ? bytes : 1);
    memcpy(exact, text, bytes);
    gd_json_scan scan = gd_json_scan_of("x", exact, bytes, error);
    const gd_status status = gd_value_pass(&scan);
    *length = (size_t)(scan.at - exact);
    free(exact);
    return status;
}

TEST(values_are_passed)
{
    static const char *const cases[] = {"0",
                                        "-1.5e+3",
                                        "\"\"",
                                        "\"a\\\"b\"",
                                        "true",
                                        "false",
                                        "null",
                                        "[]",
                                        "{}",
                                        "[[],{}]",
                                        "[1,[2,{\"a\":[]}],3]",
                                        "{\"a\":{\"b\":[1,2,{}]},\"a\":null}",
                                        " \t\r\n[ 1 , 2 ]",
                                        "{ \"a\" : [ { } , [ ] ] }",
                                        "[\"]\",\"}\"]",
                                        "[[[[1]]],2]",
                                        "{\"\":\"\",\"ä\":\"猫\"}"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t length;
        gd_error error = {0};
        CHECK_OK(pass(cases[i], &length, &error), &error);
        CHECK_EQ_INT(length, (long long)strlen(cases[i]));
        if (strchr("[{\"", *cases[i])) {
            for (size_t n = 0; n < strlen(cases[i]); n++) /* no beginning of it is one */
                CHECK_EQ_INT(pass(unit_text("%.*s", (int)n, cases[i]), &length, NULL), GD_FORMAT);
        }
    }
}

TEST(values_that_are_none)
{
    static const char *const cases[][2] = {{"", "1:1: a value is expected"},
                                           {"]", "1:1: a value is expected"},
                                           {"[1 2]", "1:4: ',' or ']' is expected"},
                                           {"[1,]", "1:4: a value is expected"},
                                           {"[,1]", "1:2: a value"},
                                           {"{\"a\"}", "1:5: ':' is expected"},
                                           {"{\"a\":1,}", "1:8: a key in quotes"},
                                           {"{a:1}", "1:2: a key in quotes"},
                                           {"{\"a\":}", "1:6: a value"},
                                           {"[}", "1:2: a value"},
                                           {"{]", "1:2: a key"},
                                           {"[1}", "1:3: ',' or ']'"},
                                           {"{\"a\":1]", "1:7: ',' or '}'"},
                                           {"tru", "a value is expected"},
                                           {"NaN", "a value is expected"},
                                           {"'a'", "a value is expected"},
                                           {"[\"a\n\"]", "control character"},
                                           {"[\"\xff\"]", "not UTF-8"},
                                           {"{\"\xff\":1}", "not UTF-8"},
                                           {"[01]", "1:2: a value"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t length;
        gd_error error = {0};
        CHECK_FAILS(pass(cases[i][0], &length, &error), GD_FORMAT, &error, cases[i][1]);
    }
}

TEST(depth_is_bounded)
{
    char deep[4 * GD_VALUE_DEPTH + 8];
    size_t length;
    for (int n = GD_VALUE_DEPTH; n <= GD_VALUE_DEPTH + 1; n++) {
        gd_error error = {0};
        memset(deep, '[', (size_t)n);
        memset(deep + n, ']', (size_t)n);
        deep[2 * n] = '\0';
        if (n == GD_VALUE_DEPTH)
            CHECK_OK(pass(deep, &length, &error), &error);
        else
            CHECK_FAILS(pass(deep, &length, &error), GD_FORMAT, &error, "1:65: more than 64 lists and objects");
    }
}

TEST(members_by_name)
{
    static const char *const names[] = {"one", "two", NULL};
    static const char text[] = " { \"two\" : 2, \"x\" : 3, \"\\u006fne\":1, \"onee\":4, \"on\":5 } ";
    static const int want[] = {1, GD_MEMBER_OTHER, 0, GD_MEMBER_OTHER, GD_MEMBER_OTHER, GD_MEMBER_END};
    gd_error error = {0};
    gd_json_scan scan = gd_json_scan_of("x", text, strlen(text), &error);
    gd_members members = {.names = names};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        int key;
        CHECK_OK(gd_members_next(&scan, &members, &key), &error);
        CHECK_EQ_INT(key, want[i]);
        if (key != GD_MEMBER_END)
            CHECK_OK(gd_value_pass(&scan), &error);
    }
    CHECK_EQ_INT(members.seen, 3);
    static const char twice[] = "{\"one\":1,\"x\":1,\"x\":1,\"one\":2}";
    scan = gd_json_scan_of("x", twice, strlen(twice), &error);
    members = (gd_members){.names = names};
    int key;
    gd_status status;
    while ((status = gd_members_next(&scan, &members, &key)) == GD_OK && key != GD_MEMBER_END)
        CHECK_OK(gd_value_pass(&scan), &error);
    CHECK_FAILS(status, GD_FORMAT, &error, "x:1:22: key 'one' comes twice");
}

/* ---- times ---- */

TEST(times)
{
    static const struct {
        const char *text;
        long long ms; /* -1: none */
    } cases[] = {{"1970-01-01T00:00:00Z", 0},
                 {"2026-11-27T01:02:03Z", 1795741323000},
                 {"2028-02-29T23:59:59Z", 1835481599000},
                 {"2025-11-15T10:30:45.123Z", 1763202645123},
                 {"2025-11-15T10:30:45.1239999Z", 1763202645123},
                 {"2025-11-15T10:30:45.5+00:00", 1763202645500},
                 {"2025-11-15T11:30:45+01:00", 1763202645000},
                 {"2025-11-15T01:00:45-09:30", 1763202645000},
                 {"2025-11-15t10:30:45z", 1763202645000},
                 {"2025-11-15 10:30:45Z", 1763202645000},
                 {"2016-12-31T23:59:60Z", 1483228799000},
                 {"2000-02-29T00:00:00Z", 951782400000},
                 {"9999-12-31T23:59:59Z", 253402300799000},
                 {"1900-02-29T00:00:00Z", -1},
                 {"2025-02-29T00:00:00Z", -1},
                 {"2025-13-01T00:00:00Z", -1},
                 {"2025-00-01T00:00:00Z", -1},
                 {"2025-04-31T00:00:00Z", -1},
                 {"2025-04-00T00:00:00Z", -1},
                 {"2025-04-01T24:00:00Z", -1},
                 {"2025-04-01T00:60:00Z", -1},
                 {"2025-04-01T00:00:61Z", -1},
                 {"2025-04-01T00:00:00", -1},
                 {"2025-04-01T00:00:00.Z", -1},
                 {"2025-04-01T00:00:00.5", -1},
                 {"2025-04-01T00:00:00+1:00", -1},
                 {"2025-04-01T00:00:00+24:00", -1},
                 {"2025-04-01T00:00:00ZZ", -1},
                 {"2025-04-01", -1},
                 {"", -1},
                 {"0000-01-01T00:00:00Z", -1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t ms = -1;
        const bool is_time = gd_time_read(cases[i].text, strlen(cases[i].text), &ms);
        CHECK_TEXT(unit_text("%s %lld", cases[i].text, is_time ? (long long)ms : -1),
                   unit_text("%s %lld", cases[i].text, cases[i].ms));
    }
}
