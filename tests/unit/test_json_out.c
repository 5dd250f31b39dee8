// SPDX-License-Identifier: Apache-2.0
#include "format/json_out.h"

#include "base/rng.h"
#include "unit.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(double value)
{
    static char text[GD_JSON_REAL];
    const int length = gd_json_real_text(text, value);
    CHECK_EQ_INT(length, (long long)strlen(text));
    return text;
}

TEST(numbers_are_short)
{
    CHECK_TEXT(text_of(0.1), "0.1");
    CHECK_TEXT(text_of(0.5), "0.5");
    CHECK_TEXT(text_of(-0.25), "-0.25");
    CHECK_TEXT(text_of(2048), "2048");
    CHECK_TEXT(text_of(-10), "-10");
    CHECK_TEXT(text_of(100.5), "100.5");
    CHECK_TEXT(text_of(0.00001), "0.00001");
    CHECK_TEXT(text_of(999999999999999), "999999999999999");
    CHECK_TEXT(text_of(1e15), "1e+15");
    CHECK_TEXT(text_of(1e-6), "1e-06");
    CHECK_TEXT(text_of(0), "0");
    CHECK_TEXT(text_of(-0.0), "-0.0");
    CHECK_TEXT(text_of(NAN), "null");
    CHECK_TEXT(text_of(INFINITY), "null");
}

/* Among them numbers with few digits, neighbours of powers of 2 and of 10, and any bits. */
static double draw(int i)
{
    const gd_philox r = gd_rng(4, GD_RNG_TEST, 0, (uint64_t)i);
    const uint64_t bits = (uint64_t)r.at[0] << 32 | r.at[1];
    const double few = (double)(int)(r.at[2] % 20000000) - 1e7;
    double any;
    memcpy(&any, &bits, sizeof any);
    switch (i % 5) {
    case 0:
        return few / pow(10, r.at[3] % 12);
    case 1:
        return nextafter(ldexp(1, (int)(r.at[2] % 100) - 40), r.at[3] % 2 ? INFINITY : 0);
    case 2:
        return nextafter(pow(10, (int)(r.at[2] % 24) - 7), r.at[3] % 2 ? INFINITY : 0);
    case 3:
        return ldexp((double)bits, (int)(r.at[2] % 60) - 80);
    default:
        return isfinite(any) ? any : DBL_MAX;
    }
}

TEST(numbers_come_back_whatever_they_are)
{
    for (int i = 0; i < 500000; i++) {
        const double value = draw(i);
        CHECK(strtod(text_of(value), NULL) == value);
    }
}

/* As few digits as printf needs, but for a last one where a 16th cannot be tried. */
TEST(numbers_have_no_more_digits_than_they_need)
{
    int longer = 0;
    for (int i = 0; i < 100000; i++) {
        const double value = draw(i);
        char want[64];
        int digits = 15, got = 0;
        do
            snprintf(want, sizeof want, "%.*g", digits, value);
        while (strtod(want, NULL) != value && digits++ < 17);
        bool leading = true;
        for (const char *c = text_of(value); *c && *c != 'e'; c++) {
            leading = leading && (*c == '0' || *c == '.' || *c == '-');
            got += *c != '.' && *c != '-' && !leading;
        }
        CHECK(value == 0 || got <= digits + 1);
        longer += value != 0 && got > digits;
    }
    CHECK(longer < 10000);
}

TEST(layout)
{
    gd_text text = {0};
    gd_json_out json = {.text = &text};
    gd_json_begin(&json, NULL, '{', false);
    gd_json_string_out(&json, "a \"b\"", "c\n");
    gd_json_begin(&json, "list", '[', true);
    gd_json_whole_out(&json, NULL, 1);
    gd_json_begin(&json, NULL, '{', false); /* within a line it is in the line */
    gd_json_bool_out(&json, "yes", true);
    gd_json_end(&json);
    gd_json_end(&json);
    gd_json_begin(&json, "none", '{', false);
    gd_json_end(&json);
    gd_json_string_out(&json, "null", NULL);
    gd_json_reals_out(&json, "reals", (const double[]){0.5, NAN}, 2);
    gd_json_end(&json);
    CHECK_TEXT(text.at, "{\n  \"a \\\"b\\\"\": \"c\\u000a\",\n  \"list\": [1, {\"yes\": true}],\n  \"none\": {},\n"
                        "  \"null\": null,\n  \"reals\": [0.5, null]\n}");
    gd_text_release(&text);
}
